"""The verbs that ask: `getpgid`, `getpgrp`, `ignores_ctrl_c`, `console_processes`."""

from __future__ import annotations

from . import _arguments
from ._half import half
from ._typing import TYPE_CHECKING, public

if TYPE_CHECKING:
    from ._types import ProcessInfo

half.getpgid  # noqa: B018  # as in `_signals`


@public
def getpgid(pid: int) -> int:
    """The process group of a process, as POSIX has it. On POSIX this is `os.getpgid`.

    `pid`: the process; 0 is the caller.

    Raises `ProcessLookupError` (no such process, or it has exited, even if another process still
    holds a handle of it), `PermissionError` (it may not be opened, or is a part of Windows without
    a group), `OSError` (Windows before 8, which keeps no group there), `TypeError`, `ValueError`,
    `OverflowError`.

    Source: RTL_USER_PROCESS_PARAMETERS.ProcessGroupId (phnt, ntrtl.h), in the process's PEB.
    """
    return half.getpgid(_arguments.process_id(pid))


@public
def getpgrp() -> int:
    """The process group of the caller: `getpgid(0)`."""
    return half.getpgid(0)


@public
def ignores_ctrl_c(pid: int = 0) -> bool:
    """Whether a process ignores Ctrl+C, so that none of its handlers ever hears it.

    So it is for a child that was started with CREATE_NEW_PROCESS_GROUP, for a child whose parent
    ignored Ctrl+C, and for a process that called SetConsoleCtrlHandler(NULL, TRUE). Ctrl+Break is
    not affected. (On Windows, Python's `signal.signal(SIGINT, SIG_IGN)` is something else: a
    handler that does nothing, which this does not report.)

    `pid`: the process; 0, the default, is the caller.

    On POSIX: whether it ignores SIGINT.

    Raises what `getpgid` raises; on POSIX `OSError` (ENOSYS) for another process where there is no
    Linux /proc.

    Source: RTL_USER_PROCESS_PARAMETERS.ConsoleFlags, bit 0 (phnt, ntrtl.h).
    """
    return half.ignores_ctrl_c(_arguments.process_id(pid))


@public
def console_processes() -> tuple[ProcessInfo, ...]:
    """The live processes on the caller's console, in the order in which the console lists them.

    On POSIX, those of the caller's session, which is what a terminal has there.

    Raises `NoConsole` if the caller has none, `OSError` (ENOSYS) on a Windows before 8, and on
    POSIX where there is no Linux /proc.

    Source: GetConsoleProcessList (consoleapi3.h), and as for `getpgid`.
    """
    return half.console_processes()
