"""Ctrl+C on Windows, as dependable as a signal on POSIX.

An event reaches exactly the processes that were named, or none and an error says why.

A name is imported from its module when it is first used, so that a program, or a pytest session
that only has the plugin, pays for no more than it uses.
"""

from __future__ import annotations

import sys as _sys

# Not from `typing`: see `_typing`, which would be another module to load here.
TYPE_CHECKING = False

# A public name stands in two places of this file: once for those that read it without running it
# (type checkers, editors, tools that freeze programs), and once in `_MODULES`. A test compares the
# two. docs/contributing.md says what else a public name has.
if TYPE_CHECKING:
    from ._asyncio import create_subprocess_exec as create_subprocess_exec
    from ._asyncio import create_subprocess_shell as create_subprocess_shell
    from ._create_process import create_process as create_process
    from ._errors import CtrlCIgnored as CtrlCIgnored
    from ._errors import NoConsole as NoConsole
    from ._errors import NotAGroupLeader as NotAGroupLeader
    from ._errors import WouldReachOthers as WouldReachOthers
    from ._guard import Guard as Guard
    from ._handler import handler as handler
    from ._handler import ignore_ctrl_c as ignore_ctrl_c
    from ._multiprocessing_context import multiprocessing_context as multiprocessing_context
    from ._os_patch import os_kill as os_kill
    from ._patch_os import patch_os as patch_os
    from ._popen import Popen as Popen
    from ._pseudo_console import PseudoConsole as PseudoConsole
    from ._queries import console_processes as console_processes
    from ._queries import getpgid as getpgid
    from ._queries import getpgrp as getpgrp
    from ._queries import ignores_ctrl_c as ignores_ctrl_c
    from ._run import run as run
    from ._signals import broadcast as broadcast
    from ._signals import deliver as deliver
    from ._signals import kill as kill
    from ._signals import killpg as killpg
    from ._types import CTRL_BREAK_EVENT as CTRL_BREAK_EVENT
    from ._types import CTRL_C_EVENT as CTRL_C_EVENT
    from ._types import CTRL_CLOSE_EVENT as CTRL_CLOSE_EVENT
    from ._types import CTRL_LOGOFF_EVENT as CTRL_LOGOFF_EVENT
    from ._types import CTRL_SHUTDOWN_EVENT as CTRL_SHUTDOWN_EVENT
    from ._types import CtrlEvent as CtrlEvent
    from ._types import Delivery as Delivery
    from ._types import ProcessInfo as ProcessInfo

__version__ = "0.1.0"

_MODULES = {
    "_asyncio": "create_subprocess_exec create_subprocess_shell",
    "_create_process": "create_process",
    "_errors": "CtrlCIgnored NoConsole NotAGroupLeader WouldReachOthers",
    "_guard": "Guard",
    "_handler": "handler ignore_ctrl_c",
    "_multiprocessing_context": "multiprocessing_context",
    "_os_patch": "os_kill",
    "_patch_os": "patch_os",
    "_popen": "Popen",
    "_pseudo_console": "PseudoConsole",
    "_queries": "console_processes getpgid getpgrp ignores_ctrl_c",
    "_run": "run",
    "_signals": "broadcast deliver kill killpg",
    "_types": "CTRL_BREAK_EVENT CTRL_CLOSE_EVENT CTRL_C_EVENT CTRL_LOGOFF_EVENT"
    " CTRL_SHUTDOWN_EVENT CtrlEvent Delivery ProcessInfo",
}

# Not for type checkers, which would take every name for an attribute.
if not TYPE_CHECKING:  # pragma: no branch - it is False wherever this runs
    __all__ = [name for names in _MODULES.values() for name in names.split()]

    def __getattr__(name):
        for module, names in _MODULES.items():
            if name in names.split():
                try:
                    from importlib import import_module

                    value = getattr(import_module(f".{module}", __name__), name)
                except ImportError as error:
                    if _sys.meta_path is not None:
                        raise
                    raise OSError(  # see `_late`
                        5,  # EIO, on every system: `errno` would be another module to load here
                        "the interpreter is ending and imports nothing any more; use this once"
                        " before that",
                    ) from error
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
