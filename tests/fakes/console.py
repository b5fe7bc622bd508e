"""One console server: the attached processes, and what an event reaches.

The rules were read in conhost (microsoft/terminal, src/server and src/host), and each is held
against Microsoft's own console server, step by step, in random histories: `tests/conhost`. Rules
that depend on the build, or are Wine's, stand in `profiles`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Callable, NamedTuple, TypeVar

from ctrlevent._win32 import constants as c
from ctrlevent._win32.foreign import windows_error

from .profiles import ENDS_IT

if TYPE_CHECKING:
    from .windows import FakeWindows, Process

CTRL_C = 0
CTRL_BREAK = 1
CTRL_CLOSE = 2

# Console calls. They take the console's lock, and so release what is parked; but not the last,
# which the console does not know.
CALLS = ("GetConsoleMode", "GetConsoleCP", "WriteConsole", "WriteFile", "flush", "no such call")

STATUS_NO_SUCH_CALL = 0xC000_00AF  # STATUS_ILLEGAL_FUNCTION (ApiSorter.cpp)

Answer = TypeVar("Answer")


class Entry(NamedTuple):
    """A process that conhost believes to be attached. Its group is never read again."""

    pid: int
    group: int
    process: Process | None
    """None: a phantom."""


class Told(NamedTuple):
    """Conhost asks csrss to start a thread at CtrlRoutine in a process."""

    pid: int
    event: int
    sender: str = ""
    process: Process | None = None
    """None: a phantom."""


class Message(NamedTuple):
    """What a process sends to the console, or the terminal does (then `process` is None)."""

    name: str
    process: Process | None = None
    arguments: tuple[int, ...] = ()


class Console:
    """A console server (conhost). Newest entry first (ProcessList.cpp)."""

    may_send = True
    processed_input = True
    """ENABLE_PROCESSED_INPUT, without which a Ctrl+C key is no event."""

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.phantom_records_group = windows.profile.phantom_records_group
        self.entries: list[Entry] = []
        self.parked: dict[int, str] = {}
        """CtrlFlags: the kinds of event that have not been dispatched yet, each with its
        sender (which conhost does not know, and a test wants to)."""
        self.limit = 0
        """LimitingProcessId: the one slot for the group that they are for."""
        self.served_by: Process | None = None
        """The process that serves it, made when a process asks for it."""
        windows.consoles.append(self)

    @property
    def phantoms(self) -> list[int]:
        return [entry.pid for entry in self.entries if entry.process is None]

    def knows(self, group: int) -> bool:
        return any(entry.group == group for entry in self.entries)

    def lists(self, pid: int) -> bool:
        return any(entry.pid == pid for entry in self.entries)

    # --- messages from processes ------------------------------------------------------------------

    def connect(self, process: Process, *, starts: bool = True) -> bool:
        """Whether the console takes it. `starts`: as a program that starts, not AttachConsole."""

        def decide() -> bool:
            if self.lists(process.pid):  # a phantom has its place: refused (AllocProcessData)
                return False
            self.entries.insert(0, Entry(process.pid, process.group, process))
            return True

        return self._message(Message("connect", process, (int(starts),)), decide)

    def disconnect(self, process: Process) -> None:
        """FreeConsole, or the end of the process.

        That its console handles are closed first is the driver's doing, and was not measured.
        """

        def decide() -> None:
            self.entries[:] = [entry for entry in self.entries if entry.process is not process]

        while process.console_handles:
            self.close_handle(process)
        self._message(Message("disconnect", process), decide)

    def generate(self, event: int, group: int) -> None:
        """ServerGenerateConsoleCtrlEvent (conhost, ApiDispatchersInternal.cpp), by the caller."""
        windows = self.windows
        windows.about_to_send(self, group)
        if not self.may_send:
            raise windows_error(windows.profile.not_permitted, "GenerateConsoleCtrlEvent")
        if windows.profile.unknown_group_is_ignored:
            self._send(event, group or windows.caller.group, windows.sender)
            return
        message = Message("GenerateConsoleCtrlEvent", windows.caller, (event, group))
        self._message(message, lambda: self._generate(event, group))

    def _generate(self, event: int, group: int) -> None:
        profile = self.windows.profile
        if group and not self.knows(group):
            # No group of this id: conhost takes it for a pid, whose parent must be attached.
            child = self.windows.processes.get(group)
            if child is None or not self.windows.exists(child):
                raise windows_error(profile.no_such_pid, "GenerateConsoleCtrlEvent")
            if not self.lists(child.ppid):
                raise windows_error(c.ERROR_INVALID_PARAMETER, "GenerateConsoleCtrlEvent")
            if not self.lists(group):
                recorded = group if self.phantom_records_group else 0
                self.entries.insert(0, Entry(group, recorded, None))
                self.windows.phantoms_made.append((group, self.windows.sender))
        self.limit = group  # of an odd code, too: it then limits the next event that comes
        if event in (CTRL_C, CTRL_BREAK, CTRL_CLOSE):
            self.parked[event] = self.windows.sender  # same kinds merge, the newest id wins

    def process_list(self, process: Process) -> tuple[int, ...]:
        """GetConsoleProcessList."""
        return self._message(
            Message("GetConsoleProcessList", process),
            lambda: tuple(entry.pid for entry in self.entries),
        )

    def call(self, process: Process, name: str = CALLS[0]) -> None:
        """Another console call."""

        def decide() -> None:
            if name == "no such call":
                raise windows_error(STATUS_NO_SUCH_CALL, name)

        self._message(Message(name, process), decide, locks=name != "no such call")

    def open_handle(self, process: Process) -> None:
        process.console_handles += 1
        self._message(Message("open a console handle", process), lambda: None)

    def close_handle(self, process: Process) -> None:
        process.console_handles -= 1
        self._message(Message("close a console handle", process), lambda: None)

    def set_processed_input(self, process: Process, processed: bool) -> None:
        """SetConsoleMode."""
        self.processed_input = processed
        self._message(Message("SetConsoleMode", process, (int(processed),)), lambda: None)

    # --- messages from the terminal ---------------------------------------------------------------

    def press(self, event: int | None) -> None:
        """The key Ctrl+C or Ctrl+Break; None: another (HandleGenericKeyEvent in input.cpp)."""

        def decide() -> None:
            if event is not None and (event == CTRL_BREAK or self.processed_input):
                self.parked[event] = "the keyboard"

        name = {None: "the key a", CTRL_C: "the key Ctrl+C", CTRL_BREAK: "the key Ctrl+Break"}
        self._message(Message(name[event]), decide)

    def terminal(self, what: str) -> None:
        """The terminal is resized, or gets the focus."""
        self._message(Message(what), lambda: None)

    def close(self) -> None:
        """The terminal goes away (CloseConsoleProcessState)."""

        def decide() -> None:
            self.parked[CTRL_CLOSE] = "the terminal"

        self._message(Message("close"), decide)

    # --- how a message is served ------------------------------------------------------------------

    def _message(
        self, message: Message, decide: Callable[[], Answer], *, locks: bool = True
    ) -> Answer:
        """The console serves one message; then csrss does what the console has asked for.

        It releases the console's lock when it is done with the message, and whatever it answers,
        also an error: then it looks for pending events (UnlockConsole in handle.cpp).
        """
        answer: Answer | None = None
        refusal: OSError | None = None
        try:
            answer = decide()
        except OSError as error:
            refusal = error
        told = self._unlock() if locks else []
        self._served(message, refusal or answer, told)
        for one in told:
            if one.process is None:
                self.windows.note_phantom(one.pid, one.event)
            elif one.process.is_alive:
                one.process.run_handlers(one.event, one.sender)
        if refusal:
            raise refusal
        return answer  # type: ignore[return-value]  # decide() has returned it

    def _served(self, message: Message, answer: object, told: list[Told]) -> None:
        """For a subclass that compares this console with another."""

    def _unlock(self) -> list[Told]:
        """ProcessCtrlEvents (conhost, input.cpp)."""
        if not self.parked:
            return []
        limit, self.limit = self.limit, 0
        matching = [entry for entry in self.entries if limit in (0, entry.group)]
        if not matching:
            return []  # with the slot zeroed: the next message sends it to all on the console
        events, self.parked = self.parked, {}
        profile = self.windows.profile
        if len(events) > 1 and profile.mixed_kinds_are_dropped:
            return []
        if not profile.newest_is_told_first:
            matching.reverse()
        told: list[Told] = []
        for (event, sender), entry in itertools.product(events.items(), matching):
            told.append(Told(entry.pid, event, sender, entry.process))
            process = entry.process or self.windows.processes[entry.pid]
            if profile.a_dead_process_stops_the_telling and not process.is_alive:
                break
        return told

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
