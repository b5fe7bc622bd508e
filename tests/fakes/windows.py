"""A fake Windows, in memory, behind the Protocol `ctrlevent._win32.boundary.System`.

It is a fake: rules that were read and written down, never evidence of what Windows does.
Each rule names where it was read: "conhost" is the console server in microsoft/terminal
(src/server, src/host); "phnt" are the headers of System Informer; "docs" is learn.microsoft.com.

- `Process`: one process, with the memory that a reader of its PEB sees, byte by byte.
- `Console` (`console`): one console server: attached processes, parked events, and their targets.
- `FakeWindows`: the calls of one calling process, on a virtual clock on which things happen.
- `Profile` (`profiles`): which Windows it is, or Wine.

Every call is counted, can be told to fail (`fail`), and needs the rights that Windows wants for it.
What Windows would not report (a handle closed twice, nonsense that is read) is an AssertionError.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from ctypes import Structure, sizeof
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar, cast

from ctrlevent._half import half
from ctrlevent._win32 import constants as c
from ctrlevent._win32.foreign import windows_error
from ctrlevent._win32.structures import LAYOUT32, LAYOUT64, Layout

from .console import CTRL_BREAK, CTRL_C, Console, Entry
from .profiles import WINDOWS, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

    from ctrlevent._win32.boundary import Created, PythonProcess, Startup

    from .guard import FakeGuard
    from .helper import FakeHelper

__all__ = ["CTRL_BREAK", "CTRL_C", "Console", "Entry", "FakeWindows", "Process", "install"]

PEB = {64: 0x7F_1000_0000, 32: 0x0030_0000}
PARAMETERS = {64: 0x7F_2000_0000, 32: 0x0040_0000}
LDR = {64: 0x7F_3000_0000, 32: 0x0050_0000}
# One address per architecture: DLLs of Windows are mapped once per boot (docs, ASLR).
CTRL_ROUTINE = {64: 0x7FFB_1234_5678, 32: 0x7612_3456}
CODE = bytes(range(0x40, 0x80))

STATUS_DLL_INIT_FAILED = 0xC000_0142
IMAGE_FILE_MACHINE = {"x86": 0x014C, "x64": 0x8664, "arm64": 0xAA64}

# What a process does about an event that reaches it, and so how its thread at CtrlRoutine ends.
HANDLES = "a handler takes it"
DEFAULT = "no handler takes it: the process ends with STATUS_CONTROL_C_EXIT"
HANGS = "a handler runs for ever"
DIES = "the process ends with another exit code while a handler runs"
REGISTERED = "the handlers that it has registered run; if none takes it, as DEFAULT"


def install(patch: pytest.MonkeyPatch, windows: FakeWindows) -> FakeWindows:
    """Put it in the place of Windows, and let the face use the half for Windows on any system."""
    patch.setattr("ctrlevent._win32._system", windows)
    patch.setattr(half, "__dict__", {"folder": "_windows"})
    patch.setattr("ctrlevent._windows.helper_route._running", None)
    return windows


class Process:
    """A process. `group` and `ignores` are what stands in its PEB, and can be written there."""

    def __init__(
        self, windows: FakeWindows, pid: int, ppid: int, *, group: int, ignores: bool, bits: int
    ) -> None:
        self.windows = windows
        self.pid = pid
        self.ppid = ppid
        self.bits = bits
        self.created = windows.filetime
        self.name = f"C:\\Windows\\program{pid}.exe"
        self.machine = "x64" if bits == 64 else "x86"
        self.reaction = HANDLES
        self.handler_seconds = 0.0
        self.lingers = 0.0
        """For how long it is still alive after TerminateProcess, which does not wait (docs)."""
        self.denied = 0
        """The access rights that OpenProcess refuses for it."""
        self.held = False
        """Another process has a handle of it, so its pid outlives it (docs, OpenProcess)."""
        self.starts_on: Console | None = None
        """The console that it will connect to when it runs."""
        self.console: Console | None = None
        self.left_console: Console | None = None
        """The console that it was on before."""
        self.console_handles = 0
        """That it has opened itself."""
        self.handlers: list[Callable[[int], bool]] = []
        """That it has registered. They run with the reaction REGISTERED alone."""
        self.exit_code: int | None = None
        self.is_kernel = False
        """System, Registry, ...: no PEB (phnt)."""
        self.memory: dict[int, bytearray] = {}
        self.map(PEB[bits], self.layout.peb(ProcessParameters=PARAMETERS[bits], ImageSubsystem=3))
        self.load(3)
        flags = c.CONSOLE_IGNORE_CTRL_C if ignores else 0
        kind = self.layout.process_parameters
        self.map(PARAMETERS[bits], kind(ProcessGroupId=group, ConsoleFlags=flags))
        self.memory[CTRL_ROUTINE[bits]] = bytearray(CODE)
        if bits == 32 and windows.bits == 64:
            # Its second, 64-bit PEB, as its creator left it. The process changes the 32-bit PEB.
            kind = LAYOUT64.process_parameters
            self.map(PEB[64], LAYOUT64.peb(ProcessParameters=PARAMETERS[64], ImageSubsystem=3))
            self.map(PARAMETERS[64], kind(ProcessGroupId=group, ConsoleFlags=flags))

    def map(self, address: int, content: Structure) -> None:
        self.memory[address] = bytearray(content)

    def load(self, count: int, *, initialized: bool = True) -> None:
        """So many modules are in the list of its loader; 0: it has not run an instruction yet.

        `initialized`: of the third and later, which are initialized after all have been loaded.
        """
        self.peb.Ldr = LDR[self.bits] if count else 0
        entries = [LDR[self.bits] + 0x100 * number for number in range(1, count + 1)]
        head = LDR[self.bits] + (0x10 if self.bits == 64 else 0x0C)
        links = [head, *entries, head]
        self.map(
            LDR[self.bits],
            self.layout.peb_ldr_data(InLoadOrderFlink=links[1], InLoadOrderBlink=links[-2]),
        )
        kind = self.layout.ldr_data_table_entry
        for number, at in enumerate(entries, 1):
            # ReactOS and Wine: never of the program, and of ntdll, which has no entry point.
            flags = c.LDRP_PROCESS_ATTACH_CALLED if initialized and number > 2 else 0
            before, after = links[number - 1], links[number + 1]
            self.map(at, kind(InLoadOrderFlink=after, InLoadOrderBlink=before, Flags=flags))

    def module(self, number: int) -> Any:
        """The entry of a module, counted from 1, as it is in memory."""
        at = LDR[self.bits] + 0x100 * number
        return self.layout.ldr_data_table_entry.from_buffer(self.memory[at])

    @property
    def layout(self) -> Layout:
        return LAYOUT64 if self.bits == 64 else LAYOUT32

    @property
    def peb(self) -> Any:
        """The PEB as it is in memory; writing a field writes the memory."""
        return self.layout.peb.from_buffer(self.memory[PEB[self.bits]])

    @property
    def parameters(self) -> Any:
        """The process parameters as they are in memory; writing a field writes the memory."""
        return self.layout.process_parameters.from_buffer(self.memory[PARAMETERS[self.bits]])

    @property
    def group(self) -> int:
        """0 as written by the creator means the own pid (phnt, `ProcessGroupId`)."""
        return self.parameters.ProcessGroupId or self.pid

    @property
    def ignores(self) -> bool:
        return bool(self.parameters.ConsoleFlags & c.CONSOLE_IGNORE_CTRL_C)

    @ignores.setter
    def ignores(self, ignores: bool) -> None:
        self.parameters.ConsoleFlags = int(ignores)

    @property
    def is_alive(self) -> bool:
        return self.exit_code is None

    @property
    def has_started(self) -> bool:
        return CTRL_ROUTINE[self.bits] in self.memory

    def suspend(self) -> None:
        """It has not run an instruction yet: kernel32 is not mapped, and a 32-bit process on a
        64-bit Windows has only its other PEB (phnt, and how Wow64 starts a process)."""
        del self.memory[CTRL_ROUTINE[self.bits]]
        self.load(0)
        if PARAMETERS[64] in self.memory:
            self.peb.ProcessParameters = PARAMETERS[64] if self.bits == 64 else 0

    def start(self) -> None:
        """Its first instructions, after which it connects to its console."""
        if not self.is_alive or self.has_started:
            return
        self.memory[CTRL_ROUTINE[self.bits]] = bytearray(CODE)
        self.load(3, initialized=False)
        self.peb.ProcessParameters = PARAMETERS[self.bits]
        if self.bits == 32 and PARAMETERS[64] in self.memory:  # made from its twin
            other = LAYOUT64.process_parameters.from_buffer(self.memory[PARAMETERS[64]])
            self.parameters.ConsoleFlags = other.ConsoleFlags
        if self.starts_on:
            self.connect(self.starts_on)
        self.load(3)  # kernelbase connects while it is initialized

    def connect(self, console: Console, *, starts: bool = True) -> bool:
        """Attach to a console, as kernelbase does when the process starts, or in AttachConsole.

        If the console refuses it, a program that starts exits.
        """
        if not self.is_alive:
            return False
        self.console = console
        if not console.connect(self, starts=starts):
            self.console = None
            if starts:
                self.exit(STATUS_DLL_INIT_FAILED)
            return False
        if self.is_alive:  # an event that was parked may have ended it
            self.parameters.ConsoleHandle = 0x44
        return True

    def detach(self) -> None:
        if self.console:
            console = self.left_console = self.console
            self.console = None
            if self.is_alive and self.windows.profile.free_console_clears_the_handle:
                self.parameters.ConsoleHandle = 0
            console.disconnect(self)

    def exit(self, code: int = 0) -> None:
        if self.is_alive:
            self.exit_code = code
            self.detach()

    def run_handlers(self, event: int, sender: str) -> int | None:
        """A thread at CtrlRoutine (kernelbase). Returns its exit code; None: it goes on."""
        if event == CTRL_C and self.ignores:
            return 0
        self.windows.note(self.pid, event, sender)
        if self.reaction == DEFAULT:
            self.exit(c.STATUS_CONTROL_C_EXIT)
        elif self.reaction == DIES:
            self.exit(7)
        elif self.reaction == REGISTERED and not any(
            handler(event) for handler in reversed(self.handlers)
        ):
            self.exit(c.STATUS_CONTROL_C_EXIT)
        if self.reaction == HANGS:
            return None
        return self.windows.profile.taken if self.exit_code is None else self.exit_code


class Thread:
    """A thread at CtrlRoutine that a process has started in `process`."""

    def __init__(self, process: Process, event: int) -> None:
        self.process = process
        self.event = event
        self.ends_at: float | None = None
        self.exit_code = 259  # STILL_ACTIVE
        self.has_run = False

    def run(self) -> None:
        self.has_run = True
        code = self.process.run_handlers(self.event, self.process.windows.sender)
        if code is not None:
            self.exit_code = code
            self.ends_at = self.process.windows.now + self.process.handler_seconds


class Handle(NamedTuple):
    to: Process | Thread
    access: int


Call = TypeVar("Call", bound=Callable[..., Any])


def foreign(call: Call) -> Call:
    """Counts a call of Windows, and lets it fail if told to. Before that, lets happen what was to
    happen just before the call."""

    @functools.wraps(call)
    def wrapper(self: FakeWindows, *args: Any, **kwargs: Any) -> Any:
        name = call.__name__
        self.calls.append(name)
        assert len(self.calls) < 100_000, "unbounded work"
        while self.meanwhile and self.meanwhile[0][0] <= len(self.calls):
            self.meanwhile.pop(0)[1]()
        winerror = self.faults.get((name, self.calls.count(name))) if self.faults else None
        if winerror:
            raise windows_error(winerror, name)
        result = call(self, *args, **kwargs)
        if self.caller_can_end and not self.caller.is_alive:
            raise CallerEnded
        return result

    return cast("Call", wrapper)


class CallerEnded(BaseException):
    """The calling process has ended: nothing of it runs any more."""


class FakeWindows:
    """What one process, `caller`, gets to see of Windows."""

    def __init__(
        self,
        *,
        pointer_size: int = 8,
        bits: int = 64,
        profile: Profile = WINDOWS,
        new_console: Callable[[FakeWindows], Console] = Console,
    ) -> None:
        self.profile = profile
        self.pointer_size = pointer_size
        self.version = (10, 0)
        self.bits = bits
        """Of Windows itself."""
        self.exports = {("kernel32", "CtrlRoutine"), ("kernelbase", "CtrlRoutine")}
        if profile.is_wine:
            self.exports.add(("ntdll", "wine_get_version"))
        self.knows_machines = True
        """GetProcessInformation knows ProcessMachineTypeInfo: Windows 11 (docs)."""
        self.helper: FakeHelper | None = None
        """Its helper process; None: the caller is a frozen program, which has no Python."""
        self.start_guard: Callable[[], FakeGuard] | None = None
        """See `guard.install`."""
        self.guards: list[FakeGuard] = []
        """Those that were started, in order."""
        self.answer_bytes: int | None = None
        """How many bytes a read answers at most."""
        self.now = 1000.0
        self.processes: dict[int, Process] = {}
        self.handles: dict[int, Handle] = {}
        self.calls: list[str] = []
        self.faults: dict[tuple[str, int], int] = {}
        self.meanwhile: list[tuple[int, Callable[[], object]]] = []
        """What happens just before which call (the nth of all), in order."""
        self.caller_can_end = False
        """CallerEnded is raised at the call in which the caller ends; else the fake goes on."""
        self.consoles: list[Console] = []
        self.new_console = new_console
        self.sender = "the caller"
        """The sender that is noted for the events that are sent now; see `somebody_else`."""
        self.received: list[tuple[int, int]] = []
        """(pid, event), in the order in which handlers ran."""
        self.senders: list[str] = []
        """The sender of each of them."""
        self.phantoms_made: list[tuple[int, str]] = []
        """(pid, sender)."""
        self.terminated: list[tuple[int, int]] = []
        """(pid, exit code)."""
        self._next_pid = 1000
        self._next_handle = 0x100
        self._happenings: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self.console = new_console(self)
        self.caller = self._create(1000, group=0, ignores=False, bits=pointer_size * 8)
        self.caller.connect(self.console)

    @property
    def handlers(self) -> list[Callable[[int], bool]]:
        """Those of the caller."""
        return self.caller.handlers

    @property
    def build(self) -> int:
        return self.profile.build

    # --- what a test arranges ---------------------------------------------------------------------

    def spawn(
        self,
        *,
        parent: Process | None = None,
        new_group: bool = False,
        ignores: bool | None = None,
        bits: int | None = None,
        gui: bool = False,
        console: Console | None = None,
        connects_after: float | None = 0.0,
        console_handle: int | None = None,
    ) -> Process:
        """A child, by the rules of CreateProcessW (phnt, RtlCreateProcessParameters; docs).

        `ignores`: None as Windows does, anything else as the child does itself afterwards.
        `console`: another console than the parent's. `connects_after`: in seconds; None: never.
        `console_handle`: DETACHED_PROCESS and the like, as a negative number; it never connects.
        """
        parent = parent or self.caller
        process = self._create(
            parent.pid,
            group=0 if new_group else parent.group,
            ignores=(parent.ignores or new_group) if ignores is None else ignores,
            bits=bits or parent.bits,
        )
        process.parameters.ConsoleHandle = 0x40 if console_handle is None else console_handle
        if gui:
            process.peb.ImageSubsystem = c.IMAGE_SUBSYSTEM_WINDOWS_GUI
        console = console or parent.console
        if console and not gui and console_handle is None and connects_after is not None:
            at = console
            if connects_after:
                process.load(3, initialized=False)
                self.after(connects_after, lambda: process.connect(at))
                self.after(connects_after, lambda: process.load(3))
            else:
                process.connect(at)
        return process

    def create(
        self,
        parent: Process,
        flags: int = 0,
        *,
        pseudo_console: Console | None = None,
        pid: int | None = None,
        bits: int | None = None,
        gui: bool = False,
        starts: bool = True,
    ) -> Process:
        """A child, by the flags of CreateProcessW (phnt, RtlCreateProcessParameters; docs).

        DETACHED > NEW_CONSOLE > NO_WINDOW > pseudo console (kernelbase; docs). `pid`: a free pid.
        """
        new_group = bool(flags & c.CREATE_NEW_PROCESS_GROUP)
        detached = bool(flags & c.DETACHED_PROCESS)
        new_console = bool(flags & c.CREATE_NEW_CONSOLE)
        if detached and new_console:  # docs, "Process Creation Flags"
            raise windows_error(c.ERROR_INVALID_PARAMETER, "CreateProcess")
        forced = new_group and not (new_console and self.profile.new_console_spares_the_ignore_bit)
        process = self._create(
            parent.pid,
            group=0 if new_group else parent.group,
            ignores=parent.ignores or forced,
            bits=bits or parent.bits,
            pid=pid,
        )
        asked_for = self.profile.console_asked_for
        process.parameters.ConsoleHandle = 0x40 if parent.console else 0
        process.starts_on = parent.console
        if detached:
            process.starts_on, process.parameters.ConsoleHandle = None, asked_for[0]
        elif new_console or flags & c.CREATE_NO_WINDOW:
            process.parameters.ConsoleHandle = asked_for[1 if new_console else 2]
            process.starts_on = None if gui else self.new_console(self)
        elif pseudo_console:
            process.starts_on = pseudo_console
        if gui:  # connects to none (kernelbase, ConDllInitialize)
            process.peb.ImageSubsystem = c.IMAGE_SUBSYSTEM_WINDOWS_GUI
            process.starts_on = None
        if PARAMETERS[64] in process.memory:  # both PEBs hold what the creator wrote
            other = LAYOUT64.process_parameters.from_buffer(process.memory[PARAMETERS[64]])
            if process.bits == 32:
                handle = process.parameters.ConsoleHandle
                other.ConsoleHandle = handle - (1 << 32) if handle >> 31 else handle
                LAYOUT64.peb.from_buffer(process.memory[PEB[64]]).ImageSubsystem = 2 if gui else 3
        process.suspend()
        if starts:
            process.start()
        return process

    @contextlib.contextmanager
    def somebody_else(self, process: Process) -> Iterator[None]:
        """In this context, another process than the caller makes the calls."""
        before = self.caller, self.sender, self.pointer_size
        self.caller, self.sender = process, f"process {process.pid}"
        self.pointer_size = process.bits // 8
        try:
            yield
        finally:
            self.caller, self.sender, self.pointer_size = before

    def kernel_process(self) -> Process:
        """A process that may be opened but has no PEB."""
        process = self._create(0, group=0, ignores=False, bits=self.bits)
        process.is_kernel = True
        return process

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen in so many seconds of the virtual clock."""
        self._happenings.append((self.now + seconds, next(self._order), action))

    def fail(self, method: str, winerror: int, nth: int = 1) -> None:
        """Let the nth call of a method fail, counted from now."""
        self.faults[(method, self.calls.count(method) + nth)] = winerror

    def fail_always(self, method: str, winerror: int) -> None:
        for nth in range(1, 5000):
            self.fail(method, winerror, nth)

    def exists(self, process: Process) -> bool:
        """Whether its pid can be opened: it is alive, or there is a handle of it.

        A console has a handle of each process that it lists, a phantom too (ProcessHandle.cpp).
        """
        return self.is_held(process) or (
            self.processes[process.pid] is process
            and any(process.pid in console.phantoms for console in self.consoles)
        )

    def is_held(self, process: Process) -> bool:
        """The same, but for the handles of consoles."""
        is_open = any(handle.to is process for handle in self.handles.values())
        return process.is_alive or process.held or is_open

    def heard(self, event: int) -> list[int]:
        """The pids that an event reached, in ascending order."""
        return sorted(pid for pid, got in self.received if got == event)

    def about_to_send(self, console: Console, group: int) -> None:
        """Called just before a console deals with an event, for models to override."""

    def note(self, pid: int, event: int, sender: str) -> None:
        """An event has reached a process."""
        self.received.append((pid, event))
        self.senders.append(sender)

    def note_phantom(self, pid: int, event: int) -> None:
        """Csrss was asked to tell a process that is not on the console. If it does is not known."""

    def _create(
        self, ppid: int, *, group: int, ignores: bool, bits: int, pid: int | None = None
    ) -> Process:
        if pid is None:
            pid, self._next_pid = self._next_pid, self._next_pid + 4
        else:
            assert pid not in self.processes or not self.exists(self.processes[pid]), "not free"
        if group == 0 and not self.profile.leader_group_at_birth_is_0:
            group = pid
        self.processes[pid] = Process(self, pid, ppid, group=group, ignores=ignores, bits=bits)
        return self.processes[pid]

    # --- the clock --------------------------------------------------------------------------------

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self._advance(self.now + seconds)

    def _advance(self, to: float) -> None:
        while self._happenings and min(self._happenings)[0] <= to:
            happening = min(self._happenings)
            self._happenings.remove(happening)
            self.now = max(self.now, happening[0])
            happening[2]()
        self.now = to
        assert self.now < 20_000, "waits for ever"

    @property
    def filetime(self) -> int:
        """The time of day, which starts somewhere in 2025."""
        return 133_900_000_000_000_000 + int(self.now * 10_000_000)

    # --- another Python, and file descriptors -----------------------------------------------------

    def python(self) -> str | None:
        return "python.exe" if self.helper else None

    def start_python(
        self,
        code: str,
        modules: Mapping[str, str],  # noqa: ARG002
        *,
        on_console: bool = False,
    ) -> PythonProcess:
        if on_console:
            assert "_windows.guard_process import main" in code
            assert self.start_guard
            return self.start_guard()
        assert "_windows.helper_process import main" in code
        assert self.helper
        return self.helper

    def get_osfhandle(self, fd: int) -> int:
        return fd

    def get_handle_inheritable(self, hObject: int) -> bool:  # noqa: ARG002
        return True

    # --- handles ----------------------------------------------------------------------------------

    def _open(self, to: Process | Thread, access: int) -> int:
        self._next_handle += 4
        self.handles[self._next_handle] = Handle(to, access)
        return self._next_handle

    def _process(self, handle: int, access: int, function: str) -> Process:
        if handle == c.CURRENT_PROCESS:
            return self.caller
        assert handle in self.handles, f"{function}: not an open handle: {handle:#x}"
        to, granted = self.handles[handle]
        assert isinstance(to, Process), function
        if access & ~granted:
            raise windows_error(c.ERROR_ACCESS_DENIED, function)
        return to

    def _thread(self, handle: int) -> Thread:
        to = self.handles[handle].to
        assert isinstance(to, Thread)
        return to

    @foreign
    def CloseHandle(self, hObject: int) -> None:
        assert hObject in self.handles, f"not an open handle: {hObject:#x}"
        del self.handles[hObject]

    # --- processes --------------------------------------------------------------------------------

    @foreign
    def GetCurrentProcessId(self) -> int:
        return self.caller.pid

    @foreign
    def GetSystemTimeAsFileTime(self) -> int:
        return self.filetime

    @foreign
    def OpenProcess(self, dwDesiredAccess: int, dwProcessId: int) -> int:
        process = self.processes.get(dwProcessId & ~3)  # the two low bits do not count (field)
        if not dwProcessId or process is None or not self.exists(process):
            raise windows_error(c.ERROR_INVALID_PARAMETER, "OpenProcess")
        if dwDesiredAccess & process.denied:
            raise windows_error(c.ERROR_ACCESS_DENIED, "OpenProcess")
        return self._open(process, dwDesiredAccess)

    @foreign
    def GetProcessId(self, hProcess: int) -> int:
        return self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "GetProcessId").pid

    @foreign
    def GetProcessInformation(self, hProcess: int, information: int, size: int) -> bytes:
        assert (information, size) == (c.ProcessMachineTypeInfo, 8)
        process = self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "machine")
        if not self.knows_machines:
            raise windows_error(c.ERROR_INVALID_PARAMETER, "GetProcessInformation")
        return IMAGE_FILE_MACHINE[process.machine].to_bytes(8, "little")

    @foreign
    def GetProcessTimes(self, hProcess: int) -> int:
        return self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "times").created

    @foreign
    def IsWow64Process(self, hProcess: int) -> bool:
        process = self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "IsWow64Process")
        return process.bits == 32 and self.bits == 64

    @foreign
    def EnumProcesses(self) -> tuple[int, ...]:
        return (0, *(pid for pid, process in self.processes.items() if self.exists(process)))

    @foreign
    def QueryFullProcessImageName(self, hProcess: int) -> str:
        return self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "name").name

    @foreign
    def TerminateProcess(self, hProcess: int, uExitCode: int) -> None:
        process = self._process(hProcess, c.PROCESS_TERMINATE, "TerminateProcess")
        if not process.is_alive:  # docs: ERROR_ACCESS_DENIED
            raise windows_error(c.ERROR_ACCESS_DENIED, "TerminateProcess")
        self.terminated.append((process.pid, uExitCode))
        if process.lingers:
            self.after(process.lingers, lambda: process.exit(uExitCode))
        else:
            process.exit(uExitCode)

    @foreign
    def GetExitCodeProcess(self, hProcess: int) -> int:
        process = self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "exit code")
        return 259 if process.exit_code is None else process.exit_code  # STILL_ACTIVE (docs)

    @foreign
    def WaitForSingleObject(self, hHandle: int, dwMilliseconds: int) -> int:
        if hHandle == c.CURRENT_PROCESS:
            return c.WAIT_TIMEOUT  # it makes the call, so it has not ended
        to = self.handles[hHandle].to
        if isinstance(to, Process):
            self._process(hHandle, c.SYNCHRONIZE, "WaitForSingleObject")
            if to.is_alive and dwMilliseconds:
                self._advance(self.now + dwMilliseconds / 1000)
            return c.WAIT_TIMEOUT if to.is_alive else c.WAIT_OBJECT_0
        until = self.now + dwMilliseconds / 1000
        if to.ends_at is not None and to.ends_at <= until:
            self._advance(max(self.now, to.ends_at))
            return c.WAIT_OBJECT_0
        self._advance(until)
        return c.WAIT_TIMEOUT

    # --- what they are made of --------------------------------------------------------------------

    @foreign
    def NtQueryInformationProcess(self, hProcess: int, information: int, size: int) -> bytes:
        process = self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "NtQuery")
        is_wow64 = process.bits == 32 and self.bits == 64
        if information == c.ProcessWow64Information:
            assert (size, self.pointer_size) == (8, 8)
            return (PEB[32] if is_wow64 else 0).to_bytes(8, "little")
        if information == c.ProcessConsoleHostProcess:
            assert size == self.pointer_size
            return self._console_server(process).to_bytes(size, "little")
        assert information == c.ProcessBasicInformation
        bits = self.pointer_size * 8
        # The Wow64 layer knows no 64-bit address: it answers a 32-bit caller with none.
        peb = 0 if process.bits > bits else PEB[bits]
        return self._basic(process, bits, peb, size)

    def _console_server(self, process: Process) -> int:
        """Its pid, with a flag in the two low bits (phnt)."""
        program, console = self.profile.console_program, process.console
        if program is None:
            raise windows_error(c.ERROR_INVALID_PARAMETER, "NtQueryInformationProcess")
        if console is None:
            return 0
        if console.served_by is None:
            console.served_by = self._create(0, group=0, ignores=False, bits=self.bits)
            console.served_by.name = program
        return console.served_by.pid | 1

    @foreign
    def NtWow64QueryInformationProcess64(self, hProcess: int, information: int, size: int) -> bytes:
        self._need_wow64("NtWow64QueryInformationProcess64")
        assert information == c.ProcessBasicInformation
        process = self._process(hProcess, c.PROCESS_QUERY_LIMITED_INFORMATION, "NtWow64Query")
        return self._basic(process, 64, PEB[64], size)

    def _basic(self, process: Process, bits: int, peb: int, size: int) -> bytes:
        kind = (LAYOUT64 if bits == 64 else LAYOUT32).process_basic_information
        assert size == sizeof(kind)
        answer = kind(
            PebBaseAddress=0 if process.is_kernel else peb,
            UniqueProcessId=process.pid,
            InheritedFromUniqueProcessId=process.ppid,
        )
        return bytes(answer)[: self.answer_bytes]

    def own_structure(self, kind: type[Structure], address: int) -> Any:
        return kind.from_buffer(self.caller.memory[address])

    @foreign
    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        assert lpBaseAddress < 1 << self.pointer_size * 8, "ctypes would cut this address"
        return self._read(hProcess, lpBaseAddress, nSize)

    @foreign
    def NtWow64ReadVirtualMemory64(
        self, hProcess: int, BaseAddress: int, BufferLength: int
    ) -> bytes:
        self._need_wow64("NtWow64ReadVirtualMemory64")
        return self._read(hProcess, BaseAddress, BufferLength)

    def _read(self, handle: int, address: int, size: int) -> bytes:
        process = self._process(handle, c.PROCESS_VM_READ, "ReadProcessMemory")
        region, start = self._region(process, address, size)
        return bytes(region[start : start + size][: self.answer_bytes])

    @foreign
    def WriteProcessMemory(self, hProcess: int, lpBaseAddress: int, buffer: bytes) -> None:
        assert lpBaseAddress < 1 << self.pointer_size * 8, "ctypes would cut this address"
        self._write(hProcess, lpBaseAddress, buffer)

    @foreign
    def NtWow64WriteVirtualMemory64(self, hProcess: int, BaseAddress: int, buffer: bytes) -> None:
        self._need_wow64("NtWow64WriteVirtualMemory64")
        self._write(hProcess, BaseAddress, buffer)

    def _write(self, handle: int, address: int, data: bytes) -> None:
        access = c.PROCESS_VM_WRITE | c.PROCESS_VM_OPERATION  # docs, WriteProcessMemory
        process = self._process(handle, access, "WriteProcessMemory")
        region, start = self._region(process, address, len(data))
        region[start : start + len(data)] = data

    def _region(self, process: Process, address: int, size: int) -> tuple[bytearray, int]:
        assert 0 < size <= 0x10000, "a read of this size makes no sense here"
        if process.is_alive:
            for base, region in process.memory.items():
                if base <= address and address + size <= base + len(region):
                    return region, address - base
        raise windows_error(c.ERROR_PARTIAL_COPY, "ReadProcessMemory")

    def _need_wow64(self, function: str) -> None:
        """The NtWow64 functions: exported by the 32-bit ntdll of a 64-bit Windows only (phnt)."""
        if self.pointer_size != 4 or self.bits != 64:
            raise windows_error(c.ERROR_PROC_NOT_FOUND, function)

    # --- not modelled yet -------------------------------------------------------------------------

    def CreateProcess(
        self,
        lpApplicationName: str | None,
        lpCommandLine: str | None,
        bInheritHandles: bool,
        dwCreationFlags: int,
        lpEnvironment: str | None,
        lpCurrentDirectory: str | None,
        startup: Startup,
    ) -> Created:
        raise NotImplementedError

    def NtResumeProcess(self, hProcess: int) -> None:
        raise NotImplementedError

    def CreateJobObject(self) -> int:
        raise NotImplementedError

    def AssignProcessToJobObject(self, hJob: int, hProcess: int) -> None:
        raise NotImplementedError

    def TerminateJobObject(self, hJob: int, uExitCode: int) -> None:
        raise NotImplementedError

    def QueryInformationJobObject(self, hJob: int) -> int:
        raise NotImplementedError

    # --- the console ------------------------------------------------------------------------------

    def _console(self, function: str) -> Console:
        if self.caller.console is None:
            raise windows_error(c.ERROR_INVALID_HANDLE, function)
        return self.caller.console

    @foreign
    def GetConsoleProcessList(self) -> tuple[int, ...]:
        return self._console("GetConsoleProcessList").process_list(self.caller)

    @foreign
    def GenerateConsoleCtrlEvent(self, dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        self._console("GenerateConsoleCtrlEvent").generate(int(dwCtrlEvent), dwProcessGroupId)

    @foreign
    def SetConsoleCtrlHandler(
        self, HandlerRoutine: Callable[[int], bool] | None, Add: bool
    ) -> None:
        if HandlerRoutine is None:
            self.caller.ignores = Add
        elif Add:
            self.handlers.append(HandlerRoutine)
        elif HandlerRoutine in self.handlers:
            self.handlers.reverse()  # of equal handlers, the last added is removed
            self.handlers.remove(HandlerRoutine)
            self.handlers.reverse()
        else:
            raise windows_error(c.ERROR_INVALID_PARAMETER, "SetConsoleCtrlHandler")

    @foreign
    def AttachConsole(self, dwProcessId: int) -> None:
        """docs, AttachConsole. It resets the handlers and the ignore bit."""
        if self.caller.console:
            raise windows_error(c.ERROR_ACCESS_DENIED, "AttachConsole")
        process = self.processes.get(dwProcessId)
        if process is None or not process.is_alive:
            raise windows_error(c.ERROR_INVALID_PARAMETER, "AttachConsole")
        if process.console is None:
            raise windows_error(c.ERROR_INVALID_HANDLE, "AttachConsole")
        if not self.caller.connect(process.console, starts=False):
            # A phantom has its place. The console answers 0xC0070001: Win32 error 1.
            raise windows_error(1, "AttachConsole")
        self.handlers.clear()
        self.caller.ignores = False

    @foreign
    def FreeConsole(self) -> None:
        self.handlers.clear()
        self.caller.detach()

    # The streams of the calling process are no terminal, and this Windows is older than 10 1809.

    @foreign
    def GetConsoleMode(self, hConsoleHandle: int) -> int:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "GetConsoleMode")

    @foreign
    def SetConsoleMode(self, hConsoleHandle: int, dwMode: int) -> None:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "SetConsoleMode")

    @foreign
    def ReadConsole(self, hConsoleInput: int, nNumberOfCharsToRead: int) -> str:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "ReadConsoleW")

    @foreign
    def PeekConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "PeekConsoleInputW")

    @foreign
    def ReadConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "ReadConsoleInputW")

    @foreign
    def WriteConsoleInput(self, hConsoleInput: int, records: Sequence[Any]) -> None:  # noqa: ARG002
        raise windows_error(c.ERROR_INVALID_HANDLE, "WriteConsoleInputW")

    @foreign
    def CreatePseudoConsole(
        self,
        columns: int,  # noqa: ARG002
        rows: int,  # noqa: ARG002
        hInput: int,  # noqa: ARG002
        hOutput: int,  # noqa: ARG002
    ) -> int:
        raise windows_error(c.ERROR_PROC_NOT_FOUND, "CreatePseudoConsole")

    def ResizePseudoConsole(self, hPC: int, columns: int, rows: int) -> None:
        raise NotImplementedError

    def ClosePseudoConsole(self, hPC: int) -> None:
        raise NotImplementedError

    # --- threads ----------------------------------------------------------------------------------

    @foreign
    def GetProcAddress(self, module: str, lpProcName: str) -> int:
        if (module, lpProcName) not in self.exports:
            raise windows_error(c.ERROR_PROC_NOT_FOUND, "GetProcAddress")
        return CTRL_ROUTINE[self.pointer_size * 8]

    @foreign
    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int:
        access = (  # docs, CreateRemoteThread
            c.PROCESS_CREATE_THREAD
            | c.PROCESS_QUERY_INFORMATION
            | c.PROCESS_VM_OPERATION
            | c.PROCESS_VM_WRITE
            | c.PROCESS_VM_READ
        )
        process = self._process(hProcess, access, "CreateRemoteThread")
        if not process.is_alive:
            raise windows_error(c.ERROR_ACCESS_DENIED, "CreateRemoteThread")
        code = process.memory.get(lpStartAddress, b"")
        assert bytes(code) == CODE, "this would crash the target"
        assert process.machine == self.caller.machine, "this would crash the target"
        thread = Thread(process, lpParameter)
        if not dwCreationFlags & c.CREATE_SUSPENDED:
            thread.run()
        return self._open(thread, 0)

    @foreign
    def ResumeThread(self, hThread: int) -> None:
        self._thread(hThread).run()

    @foreign
    def TerminateThread(self, hThread: int, dwExitCode: int) -> None:  # noqa: ARG002
        thread = self._thread(hThread)
        assert not thread.has_run, "what runs at CtrlRoutine is not to be ended in the midst of it"

    # The threads that bring events have ended when the call returns that has caused them.

    @foreign
    def NtGetNextThread(self, hProcess: int, hThread: int, dwDesiredAccess: int) -> int:  # noqa: ARG002
        raise windows_error(c.ERROR_NO_MORE_ITEMS, "NtGetNextThread")

    @foreign
    def NtQueryInformationThread(self, hThread: int, information: int, size: int) -> bytes:
        raise NotImplementedError

    @foreign
    def GetExitCodeThread(self, hThread: int) -> int:
        return self._thread(hThread).exit_code
