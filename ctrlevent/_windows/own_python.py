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


def code(module: str, *arguments: object) -> str:
    """Calls `main` of a module of this folder.

    The package is imported from where it is, be it a folder or a zip; under its own name, so that a
    package that it is vendored in is not imported with it.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root, name = os.path.split(here)
    values = ", ".join(map(repr, arguments))
    return (
        f"import sys; sys.path.insert(0, {root!r});"
        f" from {name}._windows.{module} import main; main({values})"
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
