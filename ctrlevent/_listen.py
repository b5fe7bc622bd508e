"""The verbs that decide what is heard: `ignore_ctrl_c`, on Windows."""

from __future__ import annotations

from . import _arguments
from ._facts import READ, Processes, write_ignores_ctrl_c
from ._win32 import system
from ._win32.constants import PROCESS_VM_OPERATION, PROCESS_VM_WRITE

# What it takes to change another process's state; to read it, READ is enough.
WRITE = READ | PROCESS_VM_OPERATION | PROCESS_VM_WRITE


def ignore_ctrl_c(ignore: bool = True, pid: int = 0) -> bool:
    """Make a process ignore Ctrl+C, or hear it again. Returns whether it ignored it before.

    Every child inherits this state, and a child that is started with CREATE_NEW_PROCESS_GROUP
    ignores Ctrl+C whatever its parent does: `ignore_ctrl_c(False, child.pid)` makes it hear it. The
    state counts when an event arrives, so this works at any time. Ctrl+Break is not affected.

    `ignore`: True to ignore. `pid`: the process; 0, the default, is the caller.

    Raises `ProcessLookupError`, `PermissionError` (the caller may not write the memory of another
    process), `TypeError`, `ValueError`, `OverflowError`.

    Source: SetConsoleCtrlHandler with a NULL handler (consoleapi.h) for the caller;
    RTL_USER_PROCESS_PARAMETERS.ConsoleFlags (phnt, ntrtl.h), where that call keeps the state, for
    another process.
    """
    pid = _arguments.process_id(pid)
    windows = system()
    caller = windows.GetCurrentProcessId()
    if pid in (0, caller):
        with Processes(windows) as processes:
            before = processes.facts(caller).ignores_ctrl_c
        windows.SetConsoleCtrlHandler(None, bool(ignore))
        return before
    with Processes(windows, WRITE) as processes:
        before = processes.facts(pid).ignores_ctrl_c
        write_ignores_ctrl_c(windows, processes.handle(pid), bool(ignore))
        return before
