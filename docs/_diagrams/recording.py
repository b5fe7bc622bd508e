"""A Windows that writes down its calls, and which processes get an event.

Nothing here knows what should happen: each step is what has just happened. The processes are those
of the model in tests/fakes; the console is Microsoft's own server, or the model of it (`recorded`).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from unittest import mock

from ctrlevent._half import half
from tests.fakes.console import CTRL_BREAK, CTRL_C
from tests.fakes.windows import STATUS_DLL_INIT_FAILED, Console, FakeWindows, Process

if TYPE_CHECKING:
    from collections.abc import Generator

CONSOLE = 0
"""Stands for the console server, where a process has its pid: no process has this pid."""

NAMES = {0: "CTRL_C_EVENT", 1: "CTRL_BREAK_EVENT"}
KEYS = {0: "Ctrl+C", 1: "Ctrl+Break"}

# What a step is.
CALL = "call"
ANSWER = "answer"
EVENT = "event"
NOTE = "note"


class Step(NamedTuple):
    kind: str
    source: int
    target: int
    """The same as `source` for a note, and for what a process does to itself."""
    text: str


class Participant(NamedTuple):
    pid: int
    name: str
    group: int


class Recording(NamedTuple):
    participants: tuple[Participant, ...]
    """In the order in which they are to stand side by side, the console among them."""
    steps: tuple[Step, ...]
    reached: tuple[str, ...]
    """The names of the processes that an event has reached."""


class Recorder(FakeWindows):
    """A FakeWindows that keeps a list of steps about the processes that have a name."""

    def __init__(self, new_console: Callable[[FakeWindows], Console] = Console) -> None:
        self.names: dict[int, str] = {}
        self.steps: list[Step] = []
        self._in_a_thread = False
        self._has_read: set[tuple[int, int]] = set()
        self._has_seen: dict[int, tuple[int, ...]] = {}
        super().__init__(new_console=new_console)

    def recording(self, order: tuple[str, ...]) -> Recording:
        """What has happened. `order`: the names of the processes, "console" for the console."""
        pids = {name: pid for pid, name in self.names.items()} | {"console": CONSOLE}
        got = {pid for pid, _ in self.received}
        return Recording(
            tuple(
                Participant(pids[name], name, self.processes[pids[name]].group if pids[name] else 0)
                for name in order
            ),
            tuple(self.steps),
            tuple(name for name in order if pids[name] in got),
        )

    def _step(self, kind: str, source: int, target: int, text: str) -> None:
        if {source, target} <= {CONSOLE, *self.names}:
            self.steps.append(Step(kind, source, target, text))

    def _note(self, pid: int, text: str) -> None:
        self._step(NOTE, pid, pid, text)

    # --- what a scenario lets happen --------------------------------------------------------------

    def named(self, name: str, process: Process) -> Process:
        self.names[process.pid] = name
        return process

    @contextlib.contextmanager
    def called_by(self, process: Process) -> Generator[None]:
        """In this context the calls of Windows are those of that process."""
        with self.somebody_else(process):
            yield

    def os_kill(self, process: Process, pid: int, event: int) -> None:
        """What CPython makes of it on Windows (Modules/posixmodule.c, os_kill_impl)."""
        self._note(process.pid, f"os.kill({pid}, {NAMES[event]})")
        with self.called_by(process), contextlib.suppress(OSError):
            self.GenerateConsoleCtrlEvent(event, pid)

    def verb(self, process: Process, code: str, function: Callable[[], object]) -> None:
        """A verb of ctrlevent, called by that process."""
        self._note(process.pid, code)
        in_place = mock.patch("ctrlevent._win32._system", self)
        on_windows = mock.patch.dict(half.__dict__, {"folder": "_windows"}, clear=True)
        with self.called_by(process), in_place, on_windows:
            try:
                function()
            except OSError as error:
                self._note(process.pid, f"raises {type(error).__name__}")
            else:
                self._note(process.pid, "returns")

    def clears(self, guard: Process) -> None:
        """A guard sends to its own group: a Ctrl+Break, then a Ctrl+C."""
        before = len(self.received)
        for event in (CTRL_BREAK, CTRL_C):
            with self.called_by(guard):
                self.GenerateConsoleCtrlEvent(event, guard.pid)
        came = {event for pid, event in self.received[before:] if pid == guard.pid}
        if came == {CTRL_C}:
            self._note(guard.pid, "only its Ctrl+C has come: so a Ctrl+C was pending")

    def prints(self, process: Process) -> None:
        """Any message to the console does; this is what most processes send sooner or later."""
        assert process.console
        self._step(CALL, process.pid, CONSOLE, "prints something")
        process.console.call(process)

    def waits(self, process: Process, seconds: float) -> None:
        before = len(self.received)
        self.sleep(seconds)
        came = "nothing comes" if len(self.received) == before else "it comes"
        self._note(process.pid, f"waits for {seconds:.0f} s: {came}")

    # --- what is written down ---------------------------------------------------------------------

    def _create(self, *args: Any, **kwargs: Any) -> Process:
        process = super()._create(*args, **kwargs)
        run_handlers, connect = process.run_handlers, process.connect

        def run_and_write_down(event: int, sender: str) -> int | None:
            before = len(self.received)
            source = process.pid if self._in_a_thread else CONSOLE
            self._step(EVENT, source, process.pid, KEYS[event])
            code = run_handlers(event, sender)
            if len(self.received) == before:
                self._note(process.pid, "ignores Ctrl+C: CtrlRoutine drops it")
            return code

        def connect_and_write_down(console: Any, *, starts: bool = True) -> bool:
            self._step(CALL, process.pid, CONSOLE, "connects")
            accepted = connect(console, starts=starts)
            if process.exit_code == STATUS_DLL_INIT_FAILED:
                self._step(ANSWER, CONSOLE, process.pid, "refused")
                self._note(process.pid, f"ends with 0x{process.exit_code:X}")
            return accepted

        vars(process).update(run_handlers=run_and_write_down, connect=connect_and_write_down)
        return process

    def GenerateConsoleCtrlEvent(self, dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        caller = self.caller
        arguments = f"{NAMES[dwCtrlEvent]}, {dwProcessGroupId}"
        self._step(CALL, caller.pid, CONSOLE, f"GenerateConsoleCtrlEvent({arguments})")
        phantoms, steps = len(self.phantoms_made), len(self.steps)
        pending = {*self.console.parked, dwCtrlEvent}
        try:
            super().GenerateConsoleCtrlEvent(dwCtrlEvent, dwProcessGroupId)
        except OSError as error:
            self._step(ANSWER, CONSOLE, caller.pid, f"error {getattr(error, 'winerror', None)}")
            raise
        if len(self.phantoms_made) > phantoms:
            self._note(CONSOLE, f"makes an entry for {dwProcessGroupId}: a phantom")
        if self.console.parked:
            self._note(CONSOLE, f"no entry has group {dwProcessGroupId}: the event stays parked")
        elif len(pending) > 1 and EVENT not in {step.kind for step in self.steps[steps:]}:
            both = " and a ".join(KEYS[event] for event in sorted(pending))
            self._note(CONSOLE, f"a {both} are pending: drops both")
        self._step(ANSWER, CONSOLE, caller.pid, "success")

    def note_phantom(self, pid: int, event: int) -> None:
        self._note(CONSOLE, f"asks for {KEYS[event]} in {pid}: if it comes is open")

    def GetConsoleProcessList(self) -> tuple[int, ...]:
        pids = super().GetConsoleProcessList()
        caller = self.caller.pid
        if self._has_seen.get(caller) != pids:  # not each time that the caller waits for a change
            self._has_seen[caller] = pids
            self._step(CALL, caller, CONSOLE, "who is attached?")
            self._step(ANSWER, CONSOLE, caller, ", ".join(map(str, sorted(pids))))
        return pids

    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        data = super().ReadProcessMemory(hProcess, lpBaseAddress, nSize)
        target = self._process(hProcess, 0, "ReadProcessMemory")
        pair = self.caller.pid, target.pid
        if pair not in self._has_read and target is not self.caller:
            self._has_read.add(pair)
            self._step(CALL, *pair, f"reads its PEB: group {target.group}")
        return data

    def WriteProcessMemory(self, hProcess: int, lpBaseAddress: int, buffer: bytes) -> None:
        target = self._process(hProcess, 0, "WriteProcessMemory")
        before = target.ignores
        super().WriteProcessMemory(hProcess, lpBaseAddress, buffer)
        if before and not target.ignores:
            self._step(CALL, self.caller.pid, target.pid, "clears its ignore bit")

    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int:
        target = self._process(hProcess, 0, "CreateRemoteThread")
        name = NAMES[lpParameter]
        self._step(CALL, self.caller.pid, target.pid, f"starts a thread at CtrlRoutine with {name}")
        with self._from_a_thread():
            return super().CreateRemoteThread(
                hProcess, lpStartAddress, lpParameter, dwCreationFlags
            )

    def ResumeThread(self, hThread: int) -> None:
        with self._from_a_thread():
            super().ResumeThread(hThread)

    @contextlib.contextmanager
    def _from_a_thread(self) -> Generator[None]:
        self._in_a_thread = True
        try:
            yield
        finally:
            self._in_a_thread = False
