"""How the exit of a child is waited for on POSIX."""

from __future__ import annotations

import contextlib
import math
import sys

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .._subprocess import TimeoutExpired
from .._typing import TYPE_CHECKING
from .._unpatched import Thread, monotonic, sleep
from .._unpatched import system_calls as os

if TYPE_CHECKING:
    from typing import Any, Callable

# In seconds: how soon the exit of a child is seen, from the first look on, and at the latest.
FIRST_PAUSE = 0.0005
PAUSE = 0.05

# In seconds: how long no thread is started for a wait.
_SHORT = 0.02

CAN_LOOK = hasattr(os, "waitid")
"""Whether `has_exited` can tell."""


def has_exited(pid: int) -> bool:
    """Without waiting for it, so that its pid stays its own. Raises ChildProcessError.

    False on macOS before Python 3.13, which cannot tell.
    """
    if not CAN_LOOK:
        return False
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def is_over(process: Any) -> bool:
    """Whether a child has exited, or its exit was waited for already."""
    # Not process.poll: an exception in it may leave its lock locked, and then process.wait waits
    # for ever. (CPython acquires the lock outside of the `try` that releases it.)
    if not CAN_LOOK:
        return process.poll() is not None
    try:
        return process.returncode is not None or has_exited(process.pid)
    except ChildProcessError:  # SIGCHLD is ignored, or other code has waited for it
        return True


def until(end: float, holds: Callable[[], bool], pause: float = FIRST_PAUSE) -> bool:
    """Whether something holds; waits for that until then."""
    while not holds():
        left = end - monotonic()
        if left <= 0:
            return False
        sleep(min(left, pause))
        pause = min(2 * pause, PAUSE)
    return True


def wait(process: Any, timeout: float | None, plain: Callable[..., int]) -> int:
    """What does not work: to wait in the main thread without a limit, as `subprocess` does.

    A SIGINT that comes just before that would be handled at the end of it.
    """
    if process.returncode is None and CAN_LOOK:
        end = math.inf if timeout is None else monotonic() + timeout
        if not until(min(end, monotonic() + _SHORT), lambda: is_over(process)):
            watch = _watch_of(process)
            while not watch.join(max(0.0, min(end - monotonic(), PAUSE))):
                if monotonic() >= end:
                    raise TimeoutExpired(process.args, timeout or 0.0)
    # `subprocess` gives a child a moment to exit by itself before it raises KeyboardInterrupt.
    process._sigint_wait_secs = 0  # noqa: SLF001
    return plain(timeout)


def _watch_of(process: Any) -> Thread:
    """The thread that waits for the exit of a child, which has no second."""
    watch: Thread | None = getattr(process, "_exit_watch", None)
    if watch is None:
        watch = process._exit_watch = Thread(_await_exit, process.pid)  # noqa: SLF001
    return watch


def _await_exit(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # other code has waited for it
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
