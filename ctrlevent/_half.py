"""`half`: the functions that do the work on this system, from `_windows` or from `_posix`.

The face (the modules beside this file) has each public name once, with its signature, its docstring
and the check of its arguments, and hands on to `half`. Only one of the two folders is imported, and
of that no more than what is used. Its `PARTS` say which module has which function.
"""

from __future__ import annotations

import sys
from importlib import import_module

from ._late import importing
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from ._protocol import Half

    # For tools that freeze programs, which read this without running it.
    if sys.platform == "win32":
        from ._windows import create_process as create_process
        from ._windows import group as group
        from ._windows import guard as guard
        from ._windows import handlers as handlers
        from ._windows import loop_child as loop_child
        from ._windows import patched_subprocess as patched_subprocess
        from ._windows import popen as popen
        from ._windows import process_start as process_start
        from ._windows import pseudo_console as pseudo_console
        from ._windows import run as run
        from ._windows import run_on_terminal as run_on_terminal
        from ._windows import signals as signals
        from ._windows import stopping as stopping
    else:
        from ._posix import guard as guard
        from ._posix import handlers as handlers
        from ._posix import loop_child as loop_child
        from ._posix import no_counterpart as no_counterpart
        from ._posix import popen as popen
        from ._posix import process_start as process_start
        from ._posix import pseudo_console as pseudo_console
        from ._posix import run as run
        from ._posix import run_on_terminal as run_on_terminal
        from ._posix import signals as signals
        from ._posix import stopping as stopping


class _Half:
    """Is a `_protocol.Half`. Tests let it have another `folder`, and nothing else found yet."""

    def __init__(self) -> None:
        self.folder = "_windows" if sys.platform == "win32" else "_posix"

    def __getattr__(self, name: str) -> Any:
        with importing:
            parts: dict[str, str] = import_module(f".{self.folder}", __package__).PARTS
            for module, names in parts.items():
                if name in names.split():
                    part = import_module(f".{self.folder}.{module}", __package__)
                    # All that it has: at the interpreter's end, no more can be found.
                    self.__dict__.update((each, getattr(part, each)) for each in names.split())
                    return self.__dict__[name]
        raise AttributeError(name)


if TYPE_CHECKING:
    half: Half  # whose signatures a test compares with those of both halves
else:
    half = _Half()
