"""The verbs that ask: `getpgid`, `getpgrp`, `ignores_ctrl_c`, `console_processes`, on Windows."""

from __future__ import annotations

from . import _arguments
from ._processes import Processes
from ._win32 import system

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._facts import Facts
    from ._types import ProcessInfo


def getpgid(pid: int) -> int:
    """The process group of a process, as POSIX has it.

    `pid`: the process; 0 is the caller.

    Raises `ProcessLookupError` (no such process, or it has ended, even if somebody still holds a
    handle of it), `PermissionError` (it may not be opened, or is a part of Windows without a
    group), `OSError` (Windows before 8, which keeps no group there), `TypeError`, `ValueError`,
    `OverflowError`.

    Source: RTL_USER_PROCESS_PARAMETERS.ProcessGroupId (phnt, ntrtl.h), in the process's PEB.
    """
    return _facts(pid).pgid


def getpgrp() -> int:
    """The process group of the caller: `getpgid(0)`."""
    return getpgid(0)


def ignores_ctrl_c(pid: int = 0) -> bool:
    """Whether a process ignores Ctrl+C, so that none of its handlers ever hears one.

    So it is for a child that was started with CREATE_NEW_PROCESS_GROUP, for one whose parent
    ignored it, and for one that called SetConsoleCtrlHandler(NULL, TRUE). Ctrl+Break is not
    affected. (Python's `signal.signal(SIGINT, SIG_IGN)` is something else: a handler that does
    nothing, which this does not tell.)

    `pid`: the process; 0, the default, is the caller.

    Raises what `getpgid` raises.

    Source: RTL_USER_PROCESS_PARAMETERS.ConsoleFlags, bit 0 (phnt, ntrtl.h).
    """
    return _facts(pid).ignores_ctrl_c


def console_processes() -> tuple[ProcessInfo, ...]:
    """The live processes on the caller's console, in the order in which the console lists them.

    Raises `NoConsole` if the caller has none, `OSError` on a Windows before 8.

    Source: GetConsoleProcessList (consoleapi3.h), and as for `getpgid`.
    """
    with Processes(system()) as processes:
        return tuple(processes.info(seen) for seen in processes.on_console())


def _facts(pid: int) -> Facts:
    pid = _arguments.process_id(pid)
    windows = system()
    with Processes(windows) as processes:
        return processes.facts(pid or windows.GetCurrentProcessId())
