"""One console server, by rules read in conhost: the attached processes, and what an event reaches.

Rules that depend on the build, or are Wine's, stand in `profiles`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from ctrlevent._win32 import constants as c
from ctrlevent._win32.foreign import windows_error

from .profiles import ENDS_IT

if TYPE_CHECKING:
    from .windows import FakeWindows, Process

CTRL_C = 0
CTRL_BREAK = 1


class Entry(NamedTuple):
    """A process that conhost believes to be attached. Its group is never read again."""

    pid: int
    group: int
    process: Process | None
    """None: a phantom."""


class Console:
    """A console server (conhost). Newest entry first (ProcessList.cpp, push_front)."""

    may_send = True

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.phantom_records_group = windows.profile.phantom_records_group
        self.entries: list[Entry] = []
        self.parked: dict[int, str] = {}
        """CtrlFlags: the kinds of event that have not been dispatched yet, each with its
        sender (which conhost does not know, and a test wants to)."""
        self.limit = 0
        """LimitingProcessId: the one slot for the group that they are for."""
        windows.consoles.append(self)

    @property
    def phantoms(self) -> list[int]:
        return [entry.pid for entry in self.entries if entry.process is None]

    def knows(self, group: int) -> bool:
        return any(entry.group == group for entry in self.entries)

    def generate(self, event: int, group: int) -> None:
        """ServerGenerateConsoleCtrlEvent (conhost, ApiDispatchersInternal.cpp)."""
        profile = self.windows.profile
        self.windows.about_to_send(self, group)
        if not self.may_send:
            raise windows_error(profile.not_permitted, "GenerateConsoleCtrlEvent")
        if profile.unknown_group_is_ignored:
            self._send(event, group or self.windows.caller.group, self.windows.sender)
            return
        if group and not self.knows(group):
            # No group of this id: conhost takes it for a pid, whose parent must be attached.
            child = self.windows.processes.get(group)
            if child is None or not self.windows.exists(child):
                raise windows_error(profile.no_such_pid, "GenerateConsoleCtrlEvent")
            if not any(entry.pid == child.ppid for entry in self.entries):
                raise windows_error(c.ERROR_INVALID_PARAMETER, "GenerateConsoleCtrlEvent")
            if not any(entry.pid == group for entry in self.entries):
                recorded = group if self.phantom_records_group else 0
                self.entries.insert(0, Entry(group, recorded, None))
                self.windows.phantoms_made.append((group, self.windows.sender))
        self.limit = group
        self.parked[event] = self.windows.sender  # the same kind merges, the newest id wins
        self.unlock()

    def unlock(self) -> None:
        """ProcessCtrlEvents (conhost, input.cpp), at the end of every message from any process."""
        if not self.parked:
            return
        limit, self.limit = self.limit, 0
        matching = [entry for entry in self.entries if limit in (0, entry.group)]
        if not matching:
            return  # with the slot zeroed: the next message sends it to all on the console
        events, self.parked = self.parked, {}
        if len(events) > 1 and self.windows.profile.mixed_kinds_are_dropped:
            return
        for (event, sender), entry in itertools.product(events.items(), matching):
            if entry.process and entry.process.is_alive:
                entry.process.run_handlers(event, sender)

    def _send(self, event: int, group: int, sender: str) -> None:
        """propagate_console_signal (Wine, server/console.c): to the group, at once."""
        for entry in [entry for entry in self.entries if entry.group == group]:
            process = entry.process
            assert process, "there are no phantoms on Wine"
            if event == CTRL_BREAK and self.windows.profile.group_break == ENDS_IT:
                self.windows.note(process.pid, event, sender)
                process.exit(1)
            elif process.is_alive:
                process.run_handlers(event, sender)
