"""What must hold after every call, and the holes in it that are known.

The promise: an event reaches exactly the processes that were named; or it reaches none, and an
error says why. It never spills.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ctrlevent import CtrlCIgnored, NoConsole, NotAGroupLeader, WouldReachOthers
from ctrlevent._win32 import constants as c
from ctrlevent._win32.foreign import windows_error
from tests.fakes.windows import CallerEnded, FakeWindows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.console import Console
    from tests.fakes.windows import Process

ERRORS = {ProcessLookupError, PermissionError, TimeoutError, TypeError, ValueError, OverflowError}
ERRORS |= {NotAGroupLeader, NoConsole, CtrlCIgnored, WouldReachOthers}


class Broken(AssertionError):
    """A law was broken."""


class Leak(Broken):
    """An event has reached a process that the sending call had not named."""


class Hang(Broken):
    """An event is parked: no process gets it until a process prints, and then all get it."""


class Phantom(Broken):
    """The console lists a process that is not attached to it, and will refuse it."""


class Ended(Broken):
    """A call has ended a process that it had not named."""


class Lost(Broken):
    """A call has succeeded, but a named process on the console did not get the event."""


class Careless(Broken):
    """A handle left open, too much work, an error that is not in the contract, and the like."""


def said_to_have_got_it(error: Exception) -> set[int]:
    """The pids in the error of an event that was sent in part (`policy.sent_in_part`)."""
    listed = re.search(r"the event has reached (.*), but not the rest", str(error))
    return {int(pid) for pid in re.findall(r"process (\d+)", listed[1])} if listed else set()


def is_gui(process: Process) -> bool:
    """No event is owed to it (rule E2): on a console's list it may as well be a phantom."""
    return bool(process.peb.ImageSubsystem == c.IMAGE_SUBSYSTEM_WINDOWS_GUI)


class Hole(BaseException):
    """One of the holes that docs/scope.md declares. The scenario ends here: anything may follow."""


class Call(NamedTuple):
    """A call of a verb, and the processes that it names."""

    text: str
    names: Callable[[Process], bool]
    alone: Process | None = None
    """The process that is meant, if the call is for a single process."""
    may_inject: bool = True
    """Whether the call may start a thread in another process."""
    owed: frozenset[Process] | None = None
    """The processes that are named when the call begins; None: what `names` says."""
    unignores: bool = False


class Watched(FakeWindows):
    """A model that looks for the holes when one of our calls is about to send an event."""

    call: Call | None = None
    leaks: list[str]
    happen: Callable[[Any], None]
    last_moment: Sequence[Any] = ()
    """What happens when the console is about to deal with an event of ours."""
    groups_seen: frozenset[int] = frozenset()
    pids_seen: frozenset[int] = frozenset()

    def __init__(self, **settings: Any) -> None:
        self.sent_by: dict[str, Call] = {}
        """The calls of verbs so far, by the value of `sender` during each."""
        self.leaks = []
        super().__init__(**settings)

    def note(self, pid: int, event: int, sender: str) -> None:
        super().note(pid, event, sender)
        call = self.sent_by.get(sender)
        if call and not call.names(self.processes[pid]):
            self.leaks.append(f"event {event} of {sender} has reached process {pid}")

    def GetConsoleProcessList(self) -> tuple[int, ...]:
        pids = super().GetConsoleProcessList()
        if self.caller.console:
            self.groups_seen = frozenset(entry.group for entry in self.caller.console.entries)
            self.pids_seen = frozenset(pids)
        return pids

    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int:
        if self.call and not self.call.may_inject and hProcess != c.CURRENT_PROCESS:
            raise Careless(f"{self.call.text}: a thread in another process")
        return super().CreateRemoteThread(hProcess, lpStartAddress, lpParameter, dwCreationFlags)

    def about_to_send(self, console: Console, group: int) -> None:
        if self.call is None or any(guard.process is self.caller for guard in self.guards):
            return
        if self.last_moment:
            happenings, self.last_moment = self.last_moment, ()
            for happening in happenings:
                self.happen(happening)
            if not self.caller.is_alive:
                raise CallerEnded
            if self.caller.console is not console:
                raise windows_error(c.ERROR_INVALID_HANDLE, "GenerateConsoleCtrlEvent")
        if self.profile.a_dead_process_stops_the_telling and any(
            group in (0, entry.group) and not self.processes[entry.pid].is_alive
            for entry in console.entries
        ):
            # docs/scope.md, "It cannot reach past the phantom of a dead process".
            raise Hole("a dead phantom, which others have made, keeps processes from the event")
        if group == 0:
            return
        named = self.processes.get(group)
        if (
            not self.profile.unknown_group_is_ignored
            and not console.knows(group)
            and group in self.groups_seen
            and named is not None
            and (named.is_alive or named.held)
        ):
            # docs/scope.md, "It cannot make check and send one step". A member was attached when
            # the list was read, and none is now. The pid can still be opened, but not because of a
            # handle of ours (that would be a fault of ours).
            raise Hole("the last member has left between the look and the event")
        if any(
            entry.group == group
            and not self.call.names(self.processes[entry.pid])
            and entry.pid not in self.pids_seen
            for entry in console.entries
        ):
            # docs/scope.md, the same paragraph. The newcomer was not on the list that was read.
            raise Hole("a process that was alone in its group got company just before the event")
        if not any(entry.process and entry.group == group for entry in console.entries) and any(
            self.processes[pid].group == group and self._looks_connected(self.processes[pid])
            for pid in console.phantoms
        ):
            # The expected failure in tests/unit/windows/test_signals.py. No verb asks which console
            # a process is on. A plain os.kill of its pid has put the process on the list of this
            # console, so the verb takes it for a process on this console.
            raise Hole("a live member that is on the list as somebody else's phantom only")

    def _looks_connected(self, process: Process) -> bool:
        """Whether its PEB names a console. A GUI program counts as not connected."""
        none = {0, *(value % (1 << process.bits) for value in self.profile.console_asked_for)}
        handle = process.parameters.ConsoleHandle
        return process.is_alive and not is_gui(process) and handle not in none
