"""The bytes of a PEB -> `Facts`: what Windows knows of a process, read, never judged.

A process's group and its ignore-Ctrl+C bit stand in RTL_USER_PROCESS_PARAMETERS, to which its PEB
points. Which PEB is read, and how, depends on the bitness of reader and target:

| reader | target | PEB from | memory through | layout |
|---|---|---|---|---|
| 64-bit | 64-bit | ProcessBasicInformation | ReadProcessMemory | 64-bit |
| 64-bit | 32-bit | ProcessWow64Information | ReadProcessMemory | 32-bit |
| 32-bit | 32-bit | ProcessBasicInformation | ReadProcessMemory | 32-bit |
| 32-bit | 64-bit | NtWow64QueryInformationProcess64 | NtWow64ReadVirtualMemory64 | 64-bit |

A 32-bit process on a 64-bit Windows has two PEBs. Its own code uses and changes the 32-bit PEB, so
that is preferred; but until the process runs its first instruction, that may have no process
parameters yet, while the 64-bit PEB has those that the creator wrote.
"""

from __future__ import annotations

from .._errors import make, winerror_of
from .._typing import TYPE_CHECKING, NamedTuple
from .._win32.constants import (
    CONSOLE_CREATE_NO_WINDOW,
    CONSOLE_DETACHED_PROCESS,
    CONSOLE_IGNORE_CTRL_C,
    CONSOLE_NEW_CONSOLE,
    CURRENT_PROCESS,
    ERROR_ACCESS_DENIED,
    ERROR_NOACCESS,
    ERROR_PARTIAL_COPY,
    IMAGE_SUBSYSTEM_WINDOWS_GUI,
    LDRP_PROCESS_ATTACH_CALLED,
    WAIT_OBJECT_0,
    ProcessBasicInformation,
    ProcessWow64Information,
)
from .._win32.structures import LAYOUT32, LAYOUT64, Layout, parse, size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable, Final, Union

    from .._win32.boundary import System

    Query = Callable[[int, int, int], bytes]  # (handle, what or where, size)

# By the bits of a handle of the target.
CONSOLE_HANDLES_ASKED_FOR = {
    bits: frozenset(
        value % (1 << bits)
        for value in (CONSOLE_DETACHED_PROCESS, CONSOLE_NEW_CONSOLE, CONSOLE_CREATE_NO_WINDOW)
    )
    for bits in (32, 64)
}

# A process that is just being created, or exits, answers with one of these errors or with a null
# pointer for a moment; after this many seconds it is no longer a moment.
_PASSING = (ERROR_ACCESS_DENIED, ERROR_PARTIAL_COPY, ERROR_NOACCESS)
MOMENT = 0.5
_PAUSE = 0.005

# In seconds: how long a process must not have run an instruction to be taken for suspended, as
# Windows has no documented call that says so; and how long the start of a process may take.
_ASLEEP = 0.1
_LOADING = 5.0

# The modules that a process has first, and how many are looked at.
_PROGRAM_AND_NTDLL = 2
_FIRST_MODULES = 6


class Console:
    """What the process parameters say of a process's console: one of these."""

    NONE: Final = "it has none"
    ASKED_FOR: Final = "it was created to get its own console, or none, and has not started yet"
    SOME: Final = "it is connected to a console, or is about to connect to that of its creator"


class Facts(NamedTuple):
    """What was read of a live process."""

    pid: int
    ppid: int
    pgid: int
    ignores_ctrl_c: bool
    has_gui_subsystem: bool
    console: str
    """One of `Console`."""
    is_32bit: bool

    @property
    def is_leader(self) -> bool:
        return self.pgid == self.pid


class Unreadable(NamedTuple):
    """A live process of which nothing could be read, and why."""

    pid: int
    error: OSError


if TYPE_CHECKING:
    Seen = Union[Facts, Unreadable]


def has_exited(windows: System, handle: int) -> bool:
    """Whether the process of a handle has exited. The exit code cannot tell: 259 is legal."""
    return windows.WaitForSingleObject(handle, 0) == WAIT_OBJECT_0


def read(windows: System, handle: int, pid: int, deadline: Callable[[], float]) -> Facts:
    """What stands in the PEB of a live process; the handle needs the rights READ.

    `deadline` gives until when to wait for it to become readable, if it is not so at once.

    Raises ProcessLookupError if it exits meanwhile, or if the handle is that of another process
    (Windows ignores the two low bits of a pid: asked for 1235, OpenProcess opens 1232);
    PermissionError if it has no PEB that could be read (a system process).
    """
    while True:
        problem: OSError | None = None
        facts: Facts | None = None
        try:
            facts = _read_once(windows, handle, pid)
        except ProcessLookupError:
            raise  # it is another process
        except OSError as error:
            problem = error
        # Looked at after reading: only of a process that was alive then is it known to be true.
        if has_exited(windows, handle):
            raise make(ProcessLookupError, f"process {pid} has ended", problem)
        if facts is not None:
            return facts
        passing = problem is None or _is_passing(problem)
        if not passing or windows.monotonic() >= deadline():
            raise _unreadable(pid, problem) from problem
        windows.sleep(_PAUSE)


def _is_passing(problem: OSError) -> bool:
    return winerror_of(problem) in _PASSING


class _Caller(NamedTuple):
    """The calling process, in its own memory: read without a system call, whenever it is asked."""

    windows: System
    pid: int
    twin: Twin
    peb: Any
    parameters: Any


_caller: _Caller | None = None


def read_caller(windows: System, pid: int) -> Facts:
    """The same of the calling process, whose pid that is. Raises what `read` raises."""
    global _caller  # noqa: PLW0603  # there is one calling process, but in tests
    caller = _caller
    if caller is None or caller.windows is not windows or caller.pid != pid:
        try:
            caller = _caller = _find_caller(windows, pid)
        except OSError:
            caller = None
    if caller is None:
        return read(windows, CURRENT_PROCESS, pid, windows.monotonic)  # which says why not
    return _understand(pid, caller.twin, caller.peb, caller.parameters)


def _find_caller(windows: System, pid: int) -> _Caller | None:
    for twin in _twins(windows, CURRENT_PROCESS):
        peb = windows.own_structure(twin.layout.peb, twin.peb) if twin.peb else None
        if peb and peb.ProcessParameters:
            kind = twin.layout.process_parameters
            parameters = windows.own_structure(kind, peb.ProcessParameters)
            return _Caller(windows, pid, twin, peb, parameters)
    return None


def no_such_process(pid: int, cause: OSError | None = None) -> ProcessLookupError:
    return make(ProcessLookupError, f"there is no process {pid}", cause)


def _unreadable(pid: int, cause: OSError | None = None) -> PermissionError:
    return make(
        PermissionError,
        f"the process parameters of process {pid} cannot be read, so its group is not known: it is"
        " a part of Windows, or this must be called from an elevated process",
        cause,
    )


def _read_once(windows: System, handle: int, pid: int) -> Facts | None:
    """None: not there yet."""
    for twin in _twins(windows, handle):
        if twin.basic.UniqueProcessId != pid:
            raise no_such_process(pid)
        if not twin.peb:  # a process of the kernel: System, Registry, Memory Compression, ...
            raise _unreadable(pid)
        peb = _structure(twin, handle, twin.layout.peb, twin.peb)
        if peb and peb.ProcessParameters:
            kind = twin.layout.process_parameters
            parameters = _structure(twin, handle, kind, peb.ProcessParameters)
            # A process that starts replaces them by its own: what was there may have been anything.
            again = _structure(twin, handle, twin.layout.peb, twin.peb)
            if not again or again.ProcessParameters != peb.ProcessParameters or not parameters:
                return None
            return _understand(pid, twin, peb, parameters)
    return None


def _structure(twin: Twin, handle: int, kind: Any, address: int) -> Any:
    return parse(kind, twin.read_memory(handle, address, size(kind)))


def _understand(pid: int, twin: Twin, peb: Any, parameters: Any) -> Facts:
    # The creator writes 0 for CREATE_NEW_PROCESS_GROUP: the group that has the child's own pid.
    pgid = parameters.ProcessGroupId or pid
    ignores_ctrl_c = bool(parameters.ConsoleFlags & CONSOLE_IGNORE_CTRL_C)
    has_gui_subsystem = peb.ImageSubsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI
    console = _console(parameters.ConsoleHandle, 32 if twin.layout is LAYOUT32 else 64)
    ppid = twin.basic.InheritedFromUniqueProcessId
    return Facts(pid, ppid, pgid, ignores_ctrl_c, has_gui_subsystem, console, twin.is_32bit)


def _console(handle: int, bits: int) -> str:
    if handle == 0:
        return Console.NONE
    if handle in CONSOLE_HANDLES_ASKED_FOR[bits]:
        return Console.ASKED_FOR
    return Console.SOME


def is_starting(windows: System, handle: int) -> bool:
    """Whether a process may still connect to a console by itself; the handle needs the rights READ.

    kernelbase connects the process to its console while the loader initializes kernelbase, at the
    start of the process, and never later (phnt; seen on Wine 10). It is one of the first DLLs to be
    initialized. So the process is starting until the loader has noted of a DLL that it has been;
    and counts as starting if its modules cannot be read as far as that.
    """
    for twin in _twins(windows, handle):
        peb = _structure(twin, handle, twin.layout.peb, twin.peb) if twin.peb else None
        return not peb or not any(_are_initialized(twin, handle, peb.Ldr))
    return True


def _are_initialized(twin: Twin, handle: int, ldr: int) -> Iterator[bool]:
    """Of the first few modules behind the program and ntdll, whether each has been initialized.

    The third is kernel32 and the fourth kernelbase, but for programs of .NET or under Application
    Verifier, whose own DLL comes first.
    """
    modules = _structure(twin, handle, twin.layout.peb_ldr_data, ldr) if ldr else None
    if not modules:
        return
    at = modules.InLoadOrderFlink
    for number in range(_FIRST_MODULES):
        module = _structure(twin, handle, twin.layout.ldr_data_table_entry, at) if at else None
        if not module:
            return
        if number >= _PROGRAM_AND_NTDLL:
            yield bool(module.Flags & LDRP_PROCESS_ATTACH_CALLED)
        if at == modules.InLoadOrderBlink:
            return
        at = module.InLoadOrderFlink


def is_loading_dlls(windows: System, handle: int) -> bool:
    """Whether a thread of a process holds its loader lock; the handle needs the rights READ.

    A process whose start has not come so far as to have a PEB with that lock counts as loading.
    """
    for twin in _twins(windows, handle):
        peb = _structure(twin, handle, twin.layout.peb, twin.peb) if twin.peb else None
        if not peb or not peb.LoaderLock:
            return True
        lock = _structure(twin, handle, twin.layout.critical_section, peb.LoaderLock)
        return not lock or bool(lock.OwningThread)
    return True


def write_ignores_ctrl_c(windows: System, handle: int, ignores: bool) -> None:
    """Set or clear the ignore bit of a process that the caller has created suspended.

    The handle needs PROCESS_VM_OPERATION and VM_WRITE too. Raises what `set_ignores_ctrl_c` raises.
    """
    _set_ignores_ctrl_c(windows, handle, ignores, 0.0)


def set_ignores_ctrl_c(windows: System, handle: int, ignores: bool) -> None:
    """The same of any process, which may be starting at this moment.

    A process that starts makes process parameters of its own, out of those that its creator has
    written, and those of its 32-bit PEB out of those of its 64-bit PEB: a write to the former at
    the wrong moment is lost. So what was written counts when either fact has been seen after it:

    - its loader has loaded kernel32. All of that is done before it (seen on Wine 10);
    - it has not run an instruction yet, some time after the write, so it will make its own
      parameters out of what was written. So it is for a process that was created suspended.

    Raises ProcessLookupError if it has exited; PermissionError if there is nothing to be changed,
    or Windows does not let the caller; TimeoutError if it goes on starting, and so may have missed
    the change.
    """
    _set_ignores_ctrl_c(windows, handle, ignores, _ASLEEP)


def _set_ignores_ctrl_c(windows: System, handle: int, ignores: bool, asleep: float) -> None:
    start = written = windows.monotonic()
    while True:
        problem: OSError | None = None
        done = _Write("", found=False, changed=False)
        try:
            done = _write_once(windows, handle, ignores)
        except OSError as error:
            problem = error
        if has_exited(windows, handle):
            pid = windows.GetProcessId(handle)
            raise make(ProcessLookupError, f"process {pid} has ended", problem)
        now = windows.monotonic()
        if not done.found or done.changed:
            written = now
        if done.found and done.stage == _Stage.ASLEEP and now >= written + asleep:
            return
        if done.stage == _Stage.LOADED and done.found:
            if not done.changed:
                return
            continue  # and look whether it is there
        passing = problem is None or _is_passing(problem)
        if not passing or now >= start + (_LOADING if done.found else MOMENT):
            raise _unwritable(windows.GetProcessId(handle), done.found, problem) from problem
        windows.sleep(_PAUSE)


def _unwritable(pid: int, was_written: bool, cause: OSError | None) -> OSError:
    if was_written:
        return make(
            TimeoutError,
            f"process {pid} is still starting, so it may go on as before; call this again when it"
            " is up",
        )
    return make(
        PermissionError,
        f"the process parameters of process {pid} cannot be changed, so whether it ignores Ctrl+C"
        " cannot either: it is a part of Windows, or this must be called from an elevated process",
        cause,
    )


class _Stage:
    """How far the start of a process has come: one of these."""

    ASLEEP: Final = "it has not run an instruction yet"
    LOADING: Final = "it may be making its process parameters"
    LOADED: Final = "its process parameters are its own, and stay where they are"


class _Write(NamedTuple):
    """What was seen before a write, and what was done."""

    stage: str
    """One of `_Stage`."""
    found: bool
    """There are process parameters, in one of its PEBs at least."""
    changed: bool
    """The bit was otherwise, in one of them at least."""


def _write_once(windows: System, handle: int, ignores: bool) -> _Write:
    """In both PEBs, where a process has two."""
    runs = loaded = found = changed = False
    for number, twin in enumerate(_twins(windows, handle)):
        peb = _structure(twin, handle, twin.layout.peb, twin.peb) if twin.peb else None
        if not peb:
            continue
        runs = runs or bool(peb.Ldr)
        loaded = loaded or (number == 0 and _has_loaded_kernel32(twin, handle, peb.Ldr))
        kind = twin.layout.process_parameters
        at = peb.ProcessParameters
        parameters = _structure(twin, handle, kind, at) if at else None
        if not parameters:
            continue
        found = True
        if bool(parameters.ConsoleFlags & CONSOLE_IGNORE_CTRL_C) != ignores:
            flags = parameters.ConsoleFlags ^ CONSOLE_IGNORE_CTRL_C
            twin.write_memory(handle, at + kind.ConsoleFlags.offset, flags.to_bytes(4, "little"))
            changed = True
    stage = _Stage.LOADED if loaded else _Stage.LOADING if runs else _Stage.ASLEEP
    return _Write(stage, found, changed)


def _has_loaded_kernel32(twin: Twin, handle: int, ldr: int) -> bool:
    """Whether there is a third module: the first two are the program and ntdll."""
    modules = _structure(twin, handle, twin.layout.peb_ldr_data, ldr) if ldr else None
    if not modules or modules.InLoadOrderFlink == modules.InLoadOrderBlink:
        return False
    kind = twin.layout.ldr_data_table_entry
    first = _structure(twin, handle, kind, modules.InLoadOrderFlink)
    return bool(first and first.InLoadOrderFlink != modules.InLoadOrderBlink)


class Twin(NamedTuple):
    """Where a PEB of a process is, and how to get at it: a row of the table above."""

    layout: Layout
    is_32bit: bool
    """Whether the process is, which the layout does not tell: it may have a PEB of each kind."""
    basic: Any
    """Its PROCESS_BASIC_INFORMATION, with its ids."""
    peb: int
    read_memory: Query
    write_memory: Callable[[int, int, bytes], None]


def _twins(windows: System, handle: int) -> Iterator[Twin]:
    """The PEBs of a process, first the PEB that its own code uses.

    None at all when Windows answers with too few bytes.
    """
    read, write = windows.ReadProcessMemory, windows.WriteProcessMemory
    if windows.pointer_size == 8:
        answer = windows.NtQueryInformationProcess(handle, ProcessWow64Information, 8)
        peb32 = int.from_bytes(answer, "little")
        basic = _basic(windows.NtQueryInformationProcess, LAYOUT64, handle)
        if basic and peb32:
            yield Twin(LAYOUT32, True, basic, peb32, read, write)
        if basic:
            yield Twin(LAYOUT64, bool(peb32), basic, basic.PebBaseAddress, read, write)
        return
    is_64bit_windows = windows.IsWow64Process(CURRENT_PROCESS)
    is_32bit = not is_64bit_windows or windows.IsWow64Process(handle)
    if is_32bit:
        basic = _basic(windows.NtQueryInformationProcess, LAYOUT32, handle)
        if basic:
            yield Twin(LAYOUT32, True, basic, basic.PebBaseAddress, read, write)
    if is_64bit_windows:
        basic = _basic(windows.NtWow64QueryInformationProcess64, LAYOUT64, handle)
        wow64 = windows.NtWow64ReadVirtualMemory64, windows.NtWow64WriteVirtualMemory64
        if basic:
            yield Twin(LAYOUT64, is_32bit, basic, basic.PebBaseAddress, *wow64)


def _basic(query: Query, layout: Layout, handle: int) -> Any:
    kind = layout.process_basic_information
    return parse(kind, query(handle, ProcessBasicInformation, size(kind)))
