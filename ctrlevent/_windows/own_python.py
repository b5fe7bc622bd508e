"""A Python of this installation that runs a module of this package: its code, and waits for it."""

from __future__ import annotations

import os.path

from .._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from .._win32.boundary import PythonProcess, System

# How long a wait lasts at most, in seconds, before a Ctrl+C can break it off: a wait of Python's on
# Windows is not broken off by it.
_SLICE = 0.05

# What the modules of this folder import that run in such a Python: of the standard library what is
# in no interpreter's own executable file, and of this package. `start` sends them.
_LIBRARY = ("__future__", "types", "struct", "ctypes", "ctypes._endian", "ctypes._layout")
_LIBRARY_FOR = {
    "guard_process": ("collections", "contextlib", "functools", "keyword", "operator", "reprlib")
}
_PACKAGE = (
    "",
    "_errors",
    "_late",
    "_typing",
    "_unpatched",
    "_win32",
    "_win32.constants",
    "_win32.declarations",
    "_win32.foreign",
    "_win32.native",
    "_win32.structures",
    "_windows",
    "_windows.console_route",
    "_windows.peb",
    "_windows.plans",
    "_windows.policy",
    "_windows.processes",
    "_windows.standing_guards",
    "_windows.wine",
)

# Imports a module that was sent from there. Any other is imported as usual. _ctypes comes first:
# its DLLs take long to load, and meanwhile the caller reads the modules.
_FINDER = """
import _ctypes, sys, marshal
from _frozen_importlib import ModuleSpec
class Sent:
    modules = marshal.loads(marshal.load(sys.stdin.buffer))
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.modules:
            code, origin, places = cls.modules[name]
            spec = ModuleSpec(name, cls, origin=origin)
            spec.submodule_search_locations = places
            spec.has_location = True
            return spec
    @staticmethod
    def create_module(spec):
        pass
    @classmethod
    def exec_module(cls, module):
        exec(cls.modules.pop(module.__name__)[0], vars(module))
sys.meta_path.insert(0, Sent)
"""


def start(
    windows: System, module: str, *arguments: object, on_console: bool = False
) -> PythonProcess:
    """A Python that calls `main` of a module of this folder.

    It is sent what it imports, while it starts. To look for each module would take longer than all
    else that it does until its first answer.
    """
    own = __name__.rpartition("._windows.")[0]  # of a package that is vendored, the whole name
    package = own.rpartition(".")[2]
    sent = {name: name for name in (*_LIBRARY, *_LIBRARY_FOR.get(module, ()))}
    for name in (*_PACKAGE, f"_windows.{module}"):
        sent[f"{package}.{name}".rstrip(".")] = f"{own}.{name}".rstrip(".")
    return windows.start_python(code(module, *arguments), sent, on_console=on_console)


def code(module: str, *arguments: object) -> str:
    """Calls `main` of a module of this folder.

    The package is imported from where it is, be it a folder or a zip; under its own name, so that a
    package that it is vendored in is not imported with it.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root, name = os.path.split(here)
    values = ", ".join(map(repr, arguments))
    return (
        f"{_FINDER}sys.path.insert(0, {root!r})\n"
        f"from {name}._windows.{module} import main; main({values})"
    )


def acquire(windows: System, lock: Any, deadline: float) -> bool:
    """Acquire a lock that another thread may hold while it waits. False: not by the deadline."""
    while True:
        left = deadline - windows.monotonic()
        if lock.acquire(timeout=min(max(left, 0), _SLICE)):
            return True
        if left <= 0:
            return False


def receive(windows: System, process: PythonProcess, deadline: float) -> Any:
    """The next answer; None at the end of its output. Raises TimeoutError at the deadline."""
    while True:
        left = deadline - windows.monotonic()
        try:
            return process.receive(min(max(left, 0.001), _SLICE))
        except TimeoutError:
            if left <= 0:
                raise
