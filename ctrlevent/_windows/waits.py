"""How the exit of a child is waited for on Windows.

A Ctrl+C does not break off a wait for a handle. So each wait is short, and the handlers of Python
run between two of them.
"""

from __future__ import annotations

import math

from .._subprocess import TimeoutExpired
from .._typing import TYPE_CHECKING
from .._win32 import system

if TYPE_CHECKING:
    from typing import Any, Callable

    from .._win32.boundary import System

# In seconds: how soon a Ctrl+C breaks off a wait at the latest.
SLICE = 0.05

# In seconds: how soon it is seen at first, and at the latest, that the rest of a tree has exited.
_FIRST_PAUSE = 0.001
_PAUSE = 0.05


def handle_of(process: Any) -> int:
    """Of a `subprocess.Popen`. Typeshed leaves the attribute out."""
    return int(process._handle)  # noqa: SLF001


def exits(windows: System, process: Any, end: float) -> bool:
    """Whether a child has exited; waits for that until then, by the clock of `windows`."""
    while process.poll() is None:
        left = end - windows.monotonic()
        if left <= 0:
            return False
        # Not the wait of `subprocess`: when Ctrl+C comes at the end of its time, it waits again,
        # for what is left of that: a negative time, which before Python 3.13 means for ever.
        milliseconds = math.ceil(min(left, SLICE) * 1000)
        windows.WaitForSingleObject(handle_of(process), milliseconds)
    return True


def wait(process: Any, timeout: float | None, plain: Callable[..., int]) -> int:
    windows = system()
    end = math.inf if timeout is None else windows.monotonic() + timeout
    if not exits(windows, process, end):
        raise TimeoutExpired(process.args, timeout or 0.0)
    code: int = process.returncode
    return code


def until(process: Any, end: float, is_empty: Callable[[], bool]) -> bool:
    """Whether a child has exited, and then its tree is empty; waits for that until then."""
    windows = system()
    if not exits(windows, process, end):
        return False
    pause = _FIRST_PAUSE
    while not is_empty():
        left = end - windows.monotonic()
        if left <= 0:
            return False
        windows.sleep(min(left, pause))
        pause = min(2 * pause, _PAUSE)
    return True
