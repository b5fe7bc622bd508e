"""The verbs that decide what is heard: `ignore_ctrl_c`, on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _arguments
from ._facts import READ, Processes
from ._win32 import system
from ._win32.constants import CONSOLE_IGNORE_CTRL_C, PROCESS_VM_OPERATION, PROCESS_VM_WRITE

if TYPE_CHECKING:
    from ._facts import Facts
    from ._win32.boundary import System


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
    with Processes(windows, READ | PROCESS_VM_OPERATION | PROCESS_VM_WRITE) as processes:
        facts = processes.facts(pid)
        if facts.ignores_ctrl_c != bool(ignore):
            _write_console_flags(
                windows, processes.handle(pid), facts, facts.console_flags ^ CONSOLE_IGNORE_CTRL_C
            )
        return facts.ignores_ctrl_c


def _write_console_flags(windows: System, handle: int, facts: Facts, flags: int) -> None:
    data = flags.to_bytes(4, "little")
    if windows.pointer_size == 4 and not facts.is_32bit:
        windows.NtWow64WriteVirtualMemory64(handle, facts.console_flags_address, data)
    else:
        windows.WriteProcessMemory(handle, facts.console_flags_address, data)
