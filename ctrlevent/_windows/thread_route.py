"""The route by a thread at CtrlRoutine, which delivers an event to exactly one process.

For a console event Windows starts a thread at CtrlRoutine in each process that is to get it; the
event is the thread's parameter. The routine drops a Ctrl+C that the process ignores, asks the
handlers, last registered first, and ends the process with STATUS_CONTROL_C_EXIT when none takes
the event. A thread that any other process starts there does the same, in exactly that process,
whatever its group and console.

CtrlRoutine is exported by kernel32 (a forwarder to kernelbase since Windows 10) and undocumented;
what is said here was read in programs that use it (microsoft/hcsshim, msys2-runtime) and in Wine,
and is asserted on the bed. In another process the thread is started only where the same code was
seen at the same address, so that it cannot do harm there: see `Target`.
"""

from __future__ import annotations

import contextlib
import errno
import math

from .._errors import caused_by, make
from .._types import CtrlEvent, Delivery
from .._typing import TYPE_CHECKING
from .._win32.constants import (
    CREATE_SUSPENDED,
    CURRENT_PROCESS,
    PROCESS_CREATE_THREAD,
    PROCESS_QUERY_INFORMATION,
    PROCESS_VM_OPERATION,
    PROCESS_VM_READ,
    PROCESS_VM_WRITE,
    STATUS_CONTROL_C_EXIT,
    WAIT_OBJECT_0,
    ProcessMachineTypeInfo,
)
from .peb import has_exited, is_starting
from .processes import LOOK, age_of, open_process
from .wine import HAS_STARTED_AFTER, is_wine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Callable

    from .._win32.boundary import System
    from .peb import Facts

# What CreateRemoteThread is documented to need, and SYNCHRONIZE to see the process end.
RIGHTS = (
    LOOK
    | PROCESS_CREATE_THREAD
    | PROCESS_QUERY_INFORMATION
    | PROCESS_VM_OPERATION
    | PROCESS_VM_WRITE
    | PROCESS_VM_READ
)

# How many bytes of the routine must be the same in the target.
_CODE = 32

# In seconds: how often a starting process is looked at, and how long a wait lasts at most before
# the interpreter gets a chance to act on a Ctrl+Break that the caller itself got meanwhile. (A
# Ctrl+C breaks the wait off.)
_PAUSE = 0.005
_SLICE = 0.1

# In seconds: how long after its last thread a process may still seem to be alive.
_ENDING = 1.0


class NoThread(OSError):
    """No thread can be started in the target; nothing was sent."""


def deliver_to_caller(windows: System, event: CtrlEvent, deadline: float, waits: bool) -> Delivery:
    """The event to the calling process. With `waits`, returns after the handlers have run.

    Raises TimeoutError when they are still running at the deadline; PermissionError when this
    Windows does not export CtrlRoutine.
    """
    try:
        start = address(windows)
    except NoThread as error:
        raise make(
            PermissionError,
            f"the calling process cannot send an event to itself: {error.strerror}; use killpg() or"
            " broadcast() if others may get it too",
            error,
        ) from error
    # Suspended first: the handlers may raise KeyboardInterrupt in this thread from the moment that
    # the new thread runs, and by then an object must be there that closes its handle.
    thread = _Thread(windows, _start(windows, CURRENT_PROCESS, start, event, CREATE_SUSPENDED))
    try:
        windows.ResumeThread(thread.handle)
        if waits:
            _wait(windows, thread.handle, windows.GetCurrentProcessId(), deadline)
    except KeyboardInterrupt:
        raise  # at once: see `_Thread`
    except BaseException:
        thread.close()
        raise
    thread.close()
    # Had no handler taken it, this line would not be reached.
    return Delivery.HANDLED if waits else Delivery.SENT


class _Thread:
    """A handle, closed at the latest when nothing refers to this any more.

    That is for KeyboardInterrupt, which is raised at once, and not after one more call into a
    system that is busy ending the thread: it is closed when the code that has caught that lets go
    of its traceback.
    """

    def __init__(self, windows: System, handle: int) -> None:
        self._windows = windows
        self.handle = handle

    def close(self) -> None:
        handle, self.handle = self.handle, 0
        if handle:
            self._windows.CloseHandle(handle)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):  # no code could catch it
            self.close()


def deliver_to_other(
    windows: System, target: Facts, event: CtrlEvent, deadline: float, waits: bool
) -> Delivery:
    """The event to another process. With `waits`, returns after the handlers have run.

    Raises NoThread, with nothing sent, when no thread can or may be started there;
    ProcessLookupError when it exits before that; TimeoutError when the handlers are still running
    at the deadline.
    """
    with Target(windows, target, deadline) as ready:
        thread = ready.start(event)
        try:
            if not waits:
                return Delivery.SENT
            _wait(windows, thread, target.pid, deadline)
            return _delivery(windows, ready.process, windows.GetExitCodeThread(thread))
        finally:
            windows.CloseHandle(thread)


def deliver_to_all(
    windows: System,
    targets: Sequence[Facts],
    event: CtrlEvent,
    deadline: float,
    waits: bool,
    let_run: Callable[[Sequence[int]], None] | None = None,
) -> None:
    """The event to several processes: to all of them, or to none; to the caller last.

    Skips processes that exit meanwhile. Does not wait for handlers, but for those of the caller
    with `waits`. `let_run`: is given the threads, suspended, and resumes them. Raises NoThread,
    which names the process; ProcessLookupError when all have exited.
    """
    caller = windows.GetCurrentProcessId()
    others = [facts for facts in targets if facts.pid != caller]
    with contextlib.ExitStack() as stack:
        ready: list[Target] = []
        gone: ProcessLookupError | None = None
        for facts in others:
            try:
                ready.append(stack.enter_context(target_among(windows, facts, deadline)))
            except ProcessLookupError as error:  # it exited meanwhile; the others are still meant
                gone = error
        if gone and not ready and len(others) == len(targets):
            raise gone
        threads: list[int] = []
        try:
            for target in ready:
                # A process that exits now has no need of the event any more.
                with contextlib.suppress(ProcessLookupError):
                    threads.append(target.start(event, CREATE_SUSPENDED))
                    stack.callback(windows.CloseHandle, threads[-1])
        except BaseException:
            for thread in threads:  # it has not run an instruction, so this takes nothing away
                windows.TerminateThread(thread, 0)
            raise
        if let_run is not None:
            let_run(threads)
        else:
            for thread in threads:
                windows.ResumeThread(thread)
    if len(others) < len(targets):
        deliver_to_caller(windows, event, deadline, waits)


class Target:
    """Another process, opened, in which it is certain that a thread can be started.

    Raises NoThread when none can or may be; ProcessLookupError when the process exits before that
    is known.
    """

    def __init__(self, windows: System, target: Facts, deadline: float) -> None:
        self._windows = windows
        self._pid = target.pid
        try:
            self.process = open_process(windows, RIGHTS, target.pid)
        except PermissionError as error:
            raise _no_thread("a thread may not be started in it", error) from error
        try:
            self._start = _address_in(windows, self.process, target, deadline)
        except BaseException:
            windows.CloseHandle(self.process)
            raise

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._windows.CloseHandle(self.process)

    def start(self, event: CtrlEvent, flags: int = 0) -> int:
        """The handle of the thread, which the caller closes."""
        try:
            return _start(self._windows, self.process, self._start, event, flags)
        except OSError as error:
            _raise_if_exited(self._windows, self.process, self._pid)
            raise _no_thread("Windows starts no thread in it", error) from error


def target_among(windows: System, target: Facts, deadline: float) -> Target:
    """The same for one of several processes: NoThread says which."""
    try:
        return Target(windows, target, deadline)
    except NoThread as error:
        raise _no_thread(f"process {target.pid}: {error.strerror}", error) from error


def address(windows: System) -> int:
    """Where CtrlRoutine is in the calling process. Raises NoThread if this Windows has none."""
    for module in ("kernel32", "kernelbase"):
        try:
            return windows.GetProcAddress(module, "CtrlRoutine")
        except OSError as error:
            cause = error
    raise _no_thread("this Windows does not export CtrlRoutine", cause) from cause


def _address_in(windows: System, process: int, target: Facts, deadline: float) -> int:
    """Where CtrlRoutine is in the target: where it is here, if that is certain.

    Windows maps kernel32 and kernelbase at one address in all processes of an architecture, so all
    that uses CtrlRoutine relies on that. Here it is looked at: a thread that starts anywhere else
    would crash the target.
    """
    if target.is_32bit != (windows.pointer_size == 4):
        raise _no_thread(f"it is a {32 if target.is_32bit else 64}-bit process, unlike the caller")
    if _machine(windows, process) != _machine(windows, CURRENT_PROCESS):
        raise _no_thread("it is a process of another processor architecture than the caller")
    start = address(windows)
    expected = windows.ReadProcessMemory(CURRENT_PROCESS, start, _CODE)
    while True:
        cause: OSError | None = None
        try:
            found = windows.ReadProcessMemory(process, start, _CODE)
        except OSError as error:  # not mapped yet
            _raise_if_exited(windows, process, target.pid)
            cause = error
        else:
            if _has_started(windows, process):
                if found != expected:
                    raise _no_thread("it has other code where CtrlRoutine should be")
                return start
        if windows.monotonic() >= deadline:
            raise _no_thread("it is still starting", cause) from cause
        windows.sleep(_PAUSE)


def _has_started(windows: System, process: int) -> bool:
    """Whether a thread may be started in a process that has the routine in place.

    On Windows at any time. But on Wine 10 a thread that came before the process's own first thread
    was at its loader corrupted the heap, or made the process hang: half of 30 Pythons that got the
    event as soon as they were started. A thread that comes later waits until the loader is done, as
    on Windows (none of 240 Pythons and native programs was harmed). For what else Wine's own
    CtrlRoutine needs, see `wine`.
    """
    if is_wine(windows):
        return not 0 <= age_of(windows, process) < HAS_STARTED_AFTER
    try:
        return not is_starting(windows, process)
    except OSError:
        return False


def _machine(windows: System, process: int) -> int | None:
    """IMAGE_FILE_MACHINE_*; None before Windows 11, where the bitness says it all."""
    try:
        answer = windows.GetProcessInformation(process, ProcessMachineTypeInfo, 8)
    except OSError:
        return None
    return int.from_bytes(answer[:2], "little")


def _start(windows: System, process: int, start: int, event: CtrlEvent, flags: int) -> int:
    return windows.CreateRemoteThread(process, start, int(event), flags)


def _wait(windows: System, thread: int, pid: int, deadline: float) -> None:
    while True:
        left = max(0.0, deadline - windows.monotonic())
        milliseconds = math.ceil(min(left, _SLICE) * 1000)  # not 0 before the time is up
        if windows.WaitForSingleObject(thread, milliseconds) == WAIT_OBJECT_0:
            return
        if left == 0:
            raise make(
                TimeoutError,
                f"the event was delivered to process {pid}, but its handlers have not finished;"
                " give them more time with timeout=",
            )


def _delivery(windows: System, process: int, exit_code: int) -> Delivery:
    """The end of the thread tells the end of the routine.

    It returns when a handler took the event: 0 on Windows, 1 on Wine 10. If the process exits
    meanwhile the thread ends with the process's exit code.
    """
    if exit_code == STATUS_CONTROL_C_EXIT:
        return Delivery.ENDED
    if exit_code in (0, 1):
        return Delivery.HANDLED
    # The threads of a process that exits are gone a moment before the process is.
    if windows.WaitForSingleObject(process, int(_ENDING * 1000)) == WAIT_OBJECT_0:
        return Delivery.DIED
    return Delivery.HANDLED


def _raise_if_exited(windows: System, process: int, pid: int) -> None:
    if has_exited(windows, process):
        raise make(ProcessLookupError, f"process {pid} has ended")


def _no_thread(why: str, cause: OSError | None = None) -> NoThread:
    return caused_by(NoThread(errno.EPERM, why), cause)
