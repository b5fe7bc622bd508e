"""What Windows knows of a process and of the console: read and understood, never judged.

A process's group and its ignore-Ctrl+C bit stand in RTL_USER_PROCESS_PARAMETERS, to which its PEB
points. Which PEB is read, and how, depends on who reads whom:

| reader | target | PEB from | memory through | layout |
|---|---|---|---|---|
| 64-bit | 64-bit | ProcessBasicInformation | ReadProcessMemory | 64-bit |
| 64-bit | 32-bit | ProcessWow64Information | ReadProcessMemory | 32-bit |
| 32-bit | 32-bit | ProcessBasicInformation | ReadProcessMemory | 32-bit |
| 32-bit | 64-bit | NtWow64QueryInformationProcess64 | NtWow64ReadVirtualMemory64 | 64-bit |

A 32-bit process on a 64-bit Windows has two PEBs. The 32-bit one is what its own code uses and
changes, so that one is preferred; but until the process runs its first instruction, it may have no
process parameters yet, while the 64-bit one has those that the creator wrote.
"""

from __future__ import annotations

import contextlib
import enum
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from ._errors import NoConsole, make, unsupported, winerror_of
from ._types import ProcessInfo
from ._win32.constants import (
    CONSOLE_CREATE_NO_WINDOW,
    CONSOLE_DETACHED_PROCESS,
    CONSOLE_IGNORE_CTRL_C,
    CONSOLE_NEW_CONSOLE,
    CURRENT_PROCESS,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_NOACCESS,
    ERROR_PARTIAL_COPY,
    IMAGE_SUBSYSTEM_WINDOWS_GUI,
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_VM_READ,
    SYNCHRONIZE,
    WAIT_OBJECT_0,
    WINDOWS_8,
    ProcessBasicInformation,
    ProcessWow64Information,
)
from ._win32.structures import LAYOUT32, LAYOUT64, Layout, parse, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._win32.boundary import System

LOOK = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
READ = LOOK | PROCESS_VM_READ

CONSOLE_HANDLES_ASKED_FOR = (
    CONSOLE_DETACHED_PROCESS,
    CONSOLE_NEW_CONSOLE,
    CONSOLE_CREATE_NO_WINDOW,
)

# A process that is just being created or ended answers with ERROR_PARTIAL_COPY, ERROR_NOACCESS or
# a null pointer for a moment; after this many seconds it is no longer a moment.
MOMENT = 0.5
_PAUSE = 0.005


class Console(enum.Enum):
    """What the process parameters say of a process's console."""

    NONE = "it has none"
    ASKED_FOR = "it was created to get one of its own, or none, and has not started yet"
    SOME = "it is connected to one, or is about to connect to that of its creator"


class Facts(NamedTuple):
    """What was read of a live process."""

    pid: int
    ppid: int
    pgid: int
    ignores_ctrl_c: bool
    has_gui_subsystem: bool
    console: Console
    is_32bit: bool

    @property
    def is_leader(self) -> bool:
        return self.pgid == self.pid


class Unreadable(NamedTuple):
    """A live process of which nothing could be read, and why."""

    pid: int
    error: OSError


Seen = Union[Facts, Unreadable]


class Processes:
    """The processes that a verb looks at, each opened once and held open until the verb ends.

    An open handle pins the pid: Windows gives it to no other process meanwhile, so what was found
    out about a pid is still about the same process when the verb acts on it.
    """

    def __init__(self, system: System, access: int = READ) -> None:
        if system.version < WINDOWS_8:
            raise unsupported("process groups can be told from Windows 8 on")
        self._system = system
        self._access = access
        self._handles: dict[int, int] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.ExitStack() as closing:  # all of them, even if one cannot be closed
            while self._handles:
                closing.callback(self._system.CloseHandle, self._handles.popitem()[1])

    def handle(self, pid: int) -> int:
        """A handle of a live process. Raises ProcessLookupError, PermissionError."""
        handle = self._handles.get(pid)
        if handle is None:
            handle = self._handles[pid] = open_process(self._system, self._access, pid)
        if has_exited(self._system, handle):
            raise make(ProcessLookupError, f"process {pid} has ended")
        return handle

    def release(self, pid: int) -> None:
        """Close the handle of a process, if there is one."""
        if pid in self._handles:
            self._system.CloseHandle(self._handles.pop(pid))

    def facts(self, pid: int) -> Facts:
        """What can be read of a live process. Raises ProcessLookupError, PermissionError."""
        return read(self._system, self.handle(pid), pid)

    def see(self, pid: int) -> Seen | None:
        """The same without an error: None when there is no such live process."""
        try:
            return self.facts(pid)
        except ProcessLookupError:
            return None
        except OSError as error:
            return Unreadable(pid, error)

    def on_console(self, first: int = 0) -> Iterator[Seen]:
        """The live processes on the caller's console, read one by one as they are asked for.

        `first` comes first if it is there. Entries without a live process, which a plain
        `os.kill` of an ended child leaves on the console, are passed over.
        Raises NoConsole.
        """
        for pid in sorted(console_pids(self._system), key=lambda pid: pid != first):
            seen = self.see(pid)
            if seen is not None:
                yield seen

    def all(self) -> Iterator[Seen]:
        """Every live process of the system, as far as the caller may open it."""
        for pid in self._system.EnumProcesses():
            seen = self.see(pid) if pid else None  # pid 0 stands for the idle time
            if seen is not None:
                yield seen

    def created(self, pid: int) -> int:
        """When a process was created, in units of 100 ns; it may have ended since it was seen."""
        return self._system.GetProcessTimes(self._handles.get(pid) or self.handle(pid))

    def age(self, pid: int) -> float:
        """How many seconds ago a live process was created."""
        return (self._system.GetSystemTimeAsFileTime() - self.created(pid)) / 1e7

    def info(self, seen: Seen) -> ProcessInfo:
        """The description that users get."""
        name = None
        with contextlib.suppress(OSError):
            path = self._system.QueryFullProcessImageName(self.handle(seen.pid))
            name = path.rpartition("\\")[2]
        if isinstance(seen, Unreadable):
            return ProcessInfo(seen.pid, None, None, None, None, name)
        return ProcessInfo(
            seen.pid, seen.ppid, seen.pgid, seen.is_leader, seen.ignores_ctrl_c, name
        )


def open_process(system: System, access: int, pid: int) -> int:
    """A handle of a process, which may have ended. The caller closes it.

    Raises ProcessLookupError, PermissionError.
    """
    try:
        handle = system.OpenProcess(access, pid)
    except PermissionError as error:
        raise make(
            PermissionError,
            f"process {pid} may not be opened: it belongs to another user or to Windows;"
            " call this from an elevated process if it is to be reached",
            error,
        ) from error
    except OSError as error:
        if winerror_of(error) == ERROR_INVALID_PARAMETER:
            raise _no_such_process(pid, error) from error
        raise
    # Windows ignores the two low bits of a pid: asked for 1235, OpenProcess opens 1232.
    try:
        opened = system.GetProcessId(handle)
        if opened != pid:
            raise _no_such_process(pid)
    except BaseException:
        system.CloseHandle(handle)
        raise
    return handle


def _no_such_process(pid: int, cause: OSError | None = None) -> ProcessLookupError:
    return make(ProcessLookupError, f"there is no process {pid}", cause)


def has_exited(system: System, handle: int) -> bool:
    """Whether the process of a handle has ended; the exit code cannot tell: 259 is a legal one."""
    return system.WaitForSingleObject(handle, 0) == WAIT_OBJECT_0


def console_pids(system: System) -> tuple[int, ...]:
    """The pids on the caller's console, newest first. Raises NoConsole."""
    try:
        return system.GetConsoleProcessList()
    except OSError as error:
        if winerror_of(error) == ERROR_INVALID_HANDLE:
            raise make(
                NoConsole,
                "the calling process has no console, through which events are sent;"
                " start it on one (with CREATE_NO_WINDOW it gets a hidden one)",
                error,
            ) from error
        raise


# --- one process ------------------------------------------------------------------------------


def read(system: System, handle: int, pid: int) -> Facts:
    """What stands in the PEB of a live process; the handle needs the rights READ.

    Raises ProcessLookupError if it ends meanwhile, PermissionError if it has no PEB that could be
    read (a system process).
    """
    deadline = system.monotonic() + MOMENT
    while True:
        problem: OSError | None = None
        facts: Facts | None = None
        try:
            facts = _read_once(system, handle, pid)
        except OSError as error:
            problem = error
        # Looked at after reading: only of a process that was alive then is it known to be true.
        if has_exited(system, handle):
            raise make(ProcessLookupError, f"process {pid} has ended", problem)
        if facts is not None:
            return facts
        passing = problem is None or winerror_of(problem) in (ERROR_PARTIAL_COPY, ERROR_NOACCESS)
        if not passing or system.monotonic() >= deadline:
            raise _unreadable(pid, problem) from problem
        system.sleep(_PAUSE)


def _unreadable(pid: int, cause: OSError | None = None) -> PermissionError:
    return make(
        PermissionError,
        f"the process parameters of process {pid} cannot be read, so its group is not known: it is"
        " a part of Windows, or this must be called from an elevated process",
        cause,
    )


def _read_once(system: System, handle: int, pid: int) -> Facts | None:
    """None: not there yet."""
    for twin in _twins(system, handle):
        if not twin.peb:  # a process of the kernel: System, Registry, Memory Compression, ...
            raise _unreadable(pid)
        peb = _structure(twin, handle, twin.layout.peb, twin.peb)
        if peb and peb.ProcessParameters:
            kind = twin.layout.process_parameters
            parameters = _structure(twin, handle, kind, peb.ProcessParameters)
            return _understand(pid, twin, peb, parameters) if parameters else None
    return None


def _structure(twin: Twin, handle: int, kind: Any, address: int) -> Any:
    return parse(kind, twin.read_memory(handle, address, size(kind)))


def _understand(pid: int, twin: Twin, peb: Any, parameters: Any) -> Facts:
    return Facts(
        pid=pid,
        ppid=twin.ppid,
        # The creator writes 0 for CREATE_NEW_PROCESS_GROUP: the group that has the child's own pid.
        pgid=parameters.ProcessGroupId or pid,
        ignores_ctrl_c=bool(parameters.ConsoleFlags & CONSOLE_IGNORE_CTRL_C),
        has_gui_subsystem=peb.ImageSubsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI,
        console=_console(parameters.ConsoleHandle, 32 if twin.layout is LAYOUT32 else 64),
        is_32bit=twin.is_32bit,
    )


def _console(handle: int, bits: int) -> Console:
    if handle == 0:
        return Console.NONE
    if handle in [value % (1 << bits) for value in CONSOLE_HANDLES_ASKED_FOR]:
        return Console.ASKED_FOR
    return Console.SOME


def write_ignores_ctrl_c(system: System, handle: int, ignores: bool) -> None:
    """Set or clear a process's ignore bit; the handle needs PROCESS_VM_OPERATION and VM_WRITE too.

    In both twins, where a process has two: before the first instruction of a 32-bit process there
    is only the 64-bit one, from which the other is made; afterwards only the 32-bit one counts.
    """
    for twin in _twins(system, handle):
        peb = _structure(twin, handle, twin.layout.peb, twin.peb)
        if peb and peb.ProcessParameters:
            kind = twin.layout.process_parameters
            parameters = _structure(twin, handle, kind, peb.ProcessParameters)
            if not parameters:
                raise make(PermissionError, "the process parameters cannot be read to the end")
            flags = parameters.ConsoleFlags & ~CONSOLE_IGNORE_CTRL_C
            flags |= CONSOLE_IGNORE_CTRL_C if ignores else 0
            address = peb.ProcessParameters + kind.ConsoleFlags.offset
            twin.write_memory(handle, address, flags.to_bytes(4, "little"))


Query = Callable[[int, int, int], bytes]  # (handle, what or where, size)


class Twin(NamedTuple):
    """Where a PEB of a process is, and how to get at it: a row of the table above."""

    layout: Layout
    is_32bit: bool
    """Whether the process is, which the layout does not tell: it may have a PEB of each kind."""
    ppid: int
    peb: int
    read_memory: Query
    write_memory: Callable[[int, int, bytes], None]


def _twins(system: System, handle: int) -> Iterator[Twin]:
    """The PEBs of a process, first the one that its own code uses.

    None at all when Windows answers with too few bytes.
    """
    if system.pointer_size == 8:
        answer = system.NtQueryInformationProcess(handle, ProcessWow64Information, 8)
        peb32 = int.from_bytes(answer, "little")
        for basic in _basic(system.NtQueryInformationProcess, LAYOUT64, handle):
            ppid = basic.InheritedFromUniqueProcessId
            ways = system.ReadProcessMemory, system.WriteProcessMemory
            if peb32:
                yield Twin(LAYOUT32, True, ppid, peb32, *ways)
            yield Twin(LAYOUT64, bool(peb32), ppid, basic.PebBaseAddress, *ways)
        return
    is_64bit_windows = system.IsWow64Process(CURRENT_PROCESS)
    is_32bit = not is_64bit_windows or system.IsWow64Process(handle)
    if is_32bit:
        for basic in _basic(system.NtQueryInformationProcess, LAYOUT32, handle):
            ppid = basic.InheritedFromUniqueProcessId
            ways = system.ReadProcessMemory, system.WriteProcessMemory
            yield Twin(LAYOUT32, True, ppid, basic.PebBaseAddress, *ways)
    if is_64bit_windows:
        for basic in _basic(system.NtWow64QueryInformationProcess64, LAYOUT64, handle):
            ppid = basic.InheritedFromUniqueProcessId
            wow64 = system.NtWow64ReadVirtualMemory64, system.NtWow64WriteVirtualMemory64
            yield Twin(LAYOUT64, is_32bit, ppid, basic.PebBaseAddress, *wow64)


def _basic(query: Query, layout: Layout, handle: int) -> Iterator[Any]:
    kind = layout.process_basic_information
    basic = parse(kind, query(handle, ProcessBasicInformation, size(kind)))
    if basic:
        yield basic
