"""Ctrl+C on Windows, as dependable as a signal on POSIX.

An event reaches exactly the processes that were named, or nobody and an error says why.
"""

from __future__ import annotations

import sys

from ._drop_in import os_kill, patch_os
from ._errors import CtrlCIgnored, NoConsole, NotAGroupLeader, WouldReachOthers
from ._types import CtrlEvent, Delivery, ProcessInfo

if sys.platform == "win32":
    from ._ask import console_processes, getpgid, getpgrp, ignores_ctrl_c
    from ._listen import handler, ignore_ctrl_c
    from ._pseudo_console import PseudoConsole
    from ._run import run
    from ._send import broadcast, deliver, kill, killpg
    from ._spawn import Popen, create_process
else:
    from ._posix import (
        broadcast,
        console_processes,
        deliver,
        getpgid,
        getpgrp,
        ignore_ctrl_c,
        ignores_ctrl_c,
        kill,
        killpg,
    )
    from ._posix_listen import handler
    from ._posix_pseudo_console import PseudoConsole
    from ._posix_spawn import Popen, create_process, run

__version__ = "0.1.0"

CTRL_C_EVENT = CtrlEvent.CTRL_C_EVENT
CTRL_BREAK_EVENT = CtrlEvent.CTRL_BREAK_EVENT
CTRL_CLOSE_EVENT = CtrlEvent.CTRL_CLOSE_EVENT
CTRL_LOGOFF_EVENT = CtrlEvent.CTRL_LOGOFF_EVENT
CTRL_SHUTDOWN_EVENT = CtrlEvent.CTRL_SHUTDOWN_EVENT

__all__ = [
    "CTRL_BREAK_EVENT",
    "CTRL_CLOSE_EVENT",
    "CTRL_C_EVENT",
    "CTRL_LOGOFF_EVENT",
    "CTRL_SHUTDOWN_EVENT",
    "CtrlCIgnored",
    "CtrlEvent",
    "Delivery",
    "NoConsole",
    "NotAGroupLeader",
    "Popen",
    "ProcessInfo",
    "PseudoConsole",
    "WouldReachOthers",
    "broadcast",
    "console_processes",
    "create_process",
    "deliver",
    "getpgid",
    "getpgrp",
    "handler",
    "ignore_ctrl_c",
    "ignores_ctrl_c",
    "kill",
    "killpg",
    "os_kill",
    "patch_os",
    "run",
]
