"""Ctrl+C on Windows, as dependable as a signal on POSIX.

An event reaches exactly the processes that were named, or nobody and an error says why.

A name is imported from its module when it is first asked for, so that a program, or a pytest
session that only has the plugin, pays for no more than it uses.
"""

from __future__ import annotations

import sys

# Not from `typing`, which would be half of what this import costs.
TYPE_CHECKING = False

# What is true is below, in `_MODULES`. This is for those who read without running it: type
# checkers, editors, and the tools that freeze programs.
if TYPE_CHECKING:
    from ._drop_in import os_kill, patch_os
    from ._errors import CtrlCIgnored, NoConsole, NotAGroupLeader, WouldReachOthers
    from ._types import (
        CTRL_BREAK_EVENT,
        CTRL_C_EVENT,
        CTRL_CLOSE_EVENT,
        CTRL_LOGOFF_EVENT,
        CTRL_SHUTDOWN_EVENT,
        CtrlEvent,
        Delivery,
        ProcessInfo,
    )

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

# The modules that the names are in.
_MODULES = {
    "_drop_in": "os_kill patch_os",
    "_errors": "CtrlCIgnored NoConsole NotAGroupLeader WouldReachOthers",
    "_types": "CTRL_BREAK_EVENT CTRL_CLOSE_EVENT CTRL_C_EVENT CTRL_LOGOFF_EVENT"
    " CTRL_SHUTDOWN_EVENT CtrlEvent Delivery ProcessInfo",
}
if sys.platform == "win32":
    _MODULES.update(
        _ask="console_processes getpgid getpgrp ignores_ctrl_c",
        _listen="handler ignore_ctrl_c",
        _pseudo_console="PseudoConsole",
        _run="run",
        _send="broadcast deliver kill killpg",
        _spawn="Popen create_process",
    )
else:
    _MODULES.update(
        _posix="broadcast console_processes deliver getpgid getpgrp ignore_ctrl_c ignores_ctrl_c"
        " kill killpg",
        _posix_listen="handler",
        _posix_pseudo_console="PseudoConsole",
        _posix_spawn="Popen create_process run",
    )

# Not for type checkers, for which everything would be an attribute.
if not TYPE_CHECKING:  # pragma: no branch - it is False for all that run this

    def __getattr__(name):
        for module, names in _MODULES.items():
            if name in names.split():
                from importlib import import_module

                value = getattr(import_module(f".{module}", __name__), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
