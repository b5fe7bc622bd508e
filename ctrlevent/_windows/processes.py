"""Processes, found and held open while a verb looks at them and acts on them."""

from __future__ import annotations

from itertools import chain

from .._errors import NoConsole, make, unsupported, winerror_of
from .._late import importing
from .._typing import TYPE_CHECKING
from .._win32.constants import (
    CURRENT_PROCESS,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_VM_OPERATION,
    PROCESS_VM_READ,
    PROCESS_VM_WRITE,
    SYNCHRONIZE,
    WINDOWS_8,
)
from .peb import (
    MOMENT,
    Unreadable,
    has_exited,
    is_loading_dlls,
    is_starting,
    no_such_process,
    read,
    read_caller,
)
from .standing_guards import clear_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._types import ProcessInfo
    from .._win32.boundary import System
    from .peb import Facts, Seen

# The access that it takes to see whether a process is alive, to read its `Facts`, and to change its
# ignore bit.
LOOK = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
READ = LOOK | PROCESS_VM_READ
WRITE = READ | PROCESS_VM_OPERATION | PROCESS_VM_WRITE

_info: type[ProcessInfo] | None = None


class Processes:
    """The processes that a verb looks at, each opened once and held open until the verb ends.

    An open handle pins the pid: Windows gives it to no other process meanwhile, so what was found
    out about a pid is still about the same process when the verb acts on it.
    """

    def __init__(self, windows: System, access: int = READ) -> None:
        require_groups(windows)
        self._windows = windows
        self._access = access
        self._handles: dict[int, int] = {}
        self._verified: set[int] = set()
        """The pids whose handle is known to be theirs: see `verify`."""
        self._moments: dict[int, float] = {}
        """Until when each of them may be waited for to become readable."""
        self._starting: set[int] = set()
        """The pids that were starting when that was last asked."""

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            while self._handles:
                self._windows.CloseHandle(self._handles.popitem()[1])
        finally:
            if self._handles:  # all of them, even if a handle cannot be closed
                self.__exit__()

    def handle(self, pid: int) -> int:
        """A handle of a live process. Raises ProcessLookupError, PermissionError."""
        handle = self._opened(pid)
        if handle == CURRENT_PROCESS:
            return handle
        if pid not in self._verified:
            verify(self._windows, handle, pid)
            self._verified.add(pid)
        if has_exited(self._windows, handle):
            raise make(ProcessLookupError, f"process {pid} has ended")
        return handle

    def hold(self, pid: int) -> int:
        """A handle of a process, which may have exited. Raises ProcessLookupError, PermissionError.

        It is open from then on, until `release`.
        """
        handle = self._opened(pid)
        if handle != CURRENT_PROCESS and pid not in self._verified:
            verify(self._windows, handle, pid)
            self._verified.add(pid)
        return handle

    def _of_seen(self, pid: int) -> int:
        """A handle of a process that was seen alive, and may have exited since."""
        return self._handles.get(pid) or self.handle(pid)

    def _opened(self, pid: int) -> int:
        """A handle that may be of another process, or of a process long gone: see `verify`."""
        if pid == self._windows.GetCurrentProcessId():
            return CURRENT_PROCESS  # there is nothing to open, to verify and to close
        handle = self._handles.get(pid)
        if handle is None:
            handle = self._handles[pid] = _open(self._windows, self._access, pid)
        return handle

    def release(self, pid: int) -> None:
        """Close the handle of a process, if it is open."""
        if pid in self._handles:
            # The pid may be another process's from now on.
            self._moments.pop(pid, None)
            self._verified.discard(pid)
            self._windows.CloseHandle(self._handles.pop(pid))

    def facts(self, pid: int) -> Facts:
        """What can be read of a live process. Raises ProcessLookupError, PermissionError."""
        handle = self._opened(pid)
        if handle == CURRENT_PROCESS:
            return read_caller(self._windows, pid)
        # Read anew at each look, but a verb that looks several times waits for it only once.
        facts = read(self._windows, handle, pid, lambda: self._moment(pid))
        self._verified.add(pid)
        return facts

    def _moment(self, pid: int) -> float:
        return self._moments.setdefault(pid, self._windows.monotonic() + MOMENT)

    def see(self, pid: int) -> Seen | None:
        """The same without an error: None when there is no such live process."""
        try:
            return self.facts(pid)
        except ProcessLookupError:
            return None
        except OSError as error:
            return Unreadable(pid, error)

    def on_console(self, first: int = 0) -> Iterator[Seen]:
        """The live processes on the caller's console, each read when it is asked for.

        `first` comes first if it is there. Skips entries without a live process, which a plain
        `os.kill` of a child that has exited leaves on the console. Raises NoConsole.
        """
        pids = console_pids(self._windows)
        others = (pid for pid in pids if pid != first)
        for pid in chain([first], others) if first in pids else pids:
            seen = self.see(pid)
            if seen is not None:
                yield seen

    def all(self, since: int = 0) -> Iterator[Seen]:
        """Every live process of the windows, as far as the caller may open it.

        `since`: only those that were created then or later; see `created`.
        """
        for pid in self._windows.EnumProcesses():
            if not pid or (since and self._is_older(pid, since)):
                continue  # pid 0 stands for the idle time
            seen = self.see(pid)
            if seen is not None:
                yield seen

    def _is_older(self, pid: int, since: int) -> bool:
        try:
            return self._windows.GetProcessTimes(self._opened(pid)) < since
        except OSError:
            return False  # `see` says why

    def created(self, pid: int) -> int:
        """When a process was created, in units of 100 ns; it may have exited since it was seen."""
        return self._windows.GetProcessTimes(self._of_seen(pid))

    def age(self, pid: int) -> float:
        """How many seconds ago a process was created; it may have exited since it was seen."""
        return age_of(self._windows, self._of_seen(pid))

    def is_starting(self, pid: int) -> bool:
        """See `peb.is_starting`. False if it exits meanwhile.

        True once more if it has started since that was last asked: what was read of it in between
        may be of before, such as that it has no console.
        """
        try:
            starting = is_starting(self._windows, self._of_seen(pid))
        except OSError:
            starting = not has_exited(self._windows, self._of_seen(pid))
        was_starting = pid in self._starting
        if starting:
            self._starting.add(pid)
        else:
            self._starting.discard(pid)
        return starting or was_starting

    def may_connect(self, pid: int) -> bool:
        """Whether a process may still connect to the caller's console, or has just done so.

        For a process that was not on the console when that was looked at. The process may have
        connected since, so the console is looked at once more, after its loader.
        """
        if self.is_starting(pid):
            return True
        try:
            return pid in console_pids(self._windows)
        except NoConsole:
            return False

    def is_loading_dlls(self, pid: int) -> bool:
        """See `peb.is_loading_dlls`. False if it exits meanwhile."""
        try:
            return is_loading_dlls(self._windows, self._of_seen(pid))
        except OSError:
            return not has_exited(self._windows, self._of_seen(pid))

    def info(self, seen: Seen) -> ProcessInfo:
        """The description that users get."""
        global _info  # noqa: PLW0603  # the helper process, which describes none, does not need it
        if _info is None:
            with importing:
                from .._types import ProcessInfo
            _info = ProcessInfo
        name = None
        try:
            path = self._windows.QueryFullProcessImageName(self._of_seen(seen.pid))
            name = path.rpartition("\\")[2]
        except OSError:
            pass  # it stays None
        if isinstance(seen, Unreadable):
            return _info(seen.pid, None, None, None, None, name)
        return _info(seen.pid, seen.ppid, seen.pgid, seen.is_leader, seen.ignores_ctrl_c, name)


def require_groups(windows: System) -> None:
    """Raises OSError on a Windows whose PEBs have no ProcessGroupId."""
    if windows.version < WINDOWS_8:
        raise unsupported("process groups can be read from Windows 8 on")


def age_of(windows: System, handle: int) -> float:
    """How many seconds ago a process was created; negative if the clock was set back since."""
    return (windows.GetSystemTimeAsFileTime() - windows.GetProcessTimes(handle)) / 1e7


def open_process(windows: System, access: int, pid: int) -> int:
    """A handle of a process, which may have exited. The caller closes it.

    Raises ProcessLookupError, PermissionError.
    """
    handle = _open(windows, access, pid)
    try:
        verify(windows, handle, pid)
    except BaseException:
        windows.CloseHandle(handle)
        raise
    return handle


def verify(windows: System, handle: int, pid: int) -> None:
    """Whether a handle is that of the process that was asked for; raises ProcessLookupError if not.

    Windows ignores the two low bits of a pid: asked for 1235, OpenProcess opens 1232.
    """
    if windows.GetProcessId(handle) != pid:
        raise no_such_process(pid)


def _open(windows: System, access: int, pid: int) -> int:
    try:
        return windows.OpenProcess(access, pid)
    except PermissionError as error:
        raise make(
            PermissionError,
            f"process {pid} may not be opened: it belongs to another user or to Windows;"
            " call this from an elevated process if it is to be reached",
            error,
        ) from error
    except OSError as error:
        if winerror_of(error) == ERROR_INVALID_PARAMETER:
            raise no_such_process(pid, error) from error
        raise


def console_pids(windows: System) -> tuple[int, ...]:
    """The pids on the caller's console, newest first. Raises NoConsole."""
    clear_first()
    try:
        return windows.GetConsoleProcessList()
    except OSError as error:
        if winerror_of(error) == ERROR_INVALID_HANDLE:
            raise make(
                NoConsole,
                "the calling process has no console, through which events are sent;"
                " start it on a console (with CREATE_NO_WINDOW it gets a hidden console)",
                error,
            ) from error
        raise
