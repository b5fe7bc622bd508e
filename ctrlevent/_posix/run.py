"""`run` on POSIX: how a contained command is waited for and interrupted."""

from __future__ import annotations

import contextlib
import math
import sys
from typing import TYPE_CHECKING, Any, Callable

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .._subprocess import TimeoutExpired
from .._unpatched import Event, Thread

if TYPE_CHECKING:
    from .._protocol import RunResult

# How soon the exit of a command is seen at most, in seconds.
_SLICE = 0.05

# Seconds that the rest of the output may take to arrive when the group is gone.
_COLLECTED_WITHIN = 3.0


def run(
    contained: Callable[..., Any],
    args: Any,
    seconds: float,
    input: Any,
    named: dict[str, Any],
    grace: float,
) -> RunResult:
    broken_off: BaseException | None = None
    output: Any = None
    errors: Any = None
    with contained(args, **named) as process:
        done = Event()
        try:
            Thread(_end_with_child, process, done)
            output, errors = process.communicate(input, timeout=_limit(seconds))
        except (KeyboardInterrupt, TimeoutExpired) as error:
            broken_off = error
            # A second Ctrl+C is not for waiting any longer.
            with contextlib.suppress(KeyboardInterrupt, TimeoutExpired):
                with contextlib.suppress(OSError):
                    process.interrupt()
                process.communicate(timeout=_limit(grace))
        finally:
            done.set()
            process.end_tree()
        if broken_off is not None:
            output, errors = _collect(process)
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return process, output, errors, broken_off


def _limit(seconds: float) -> float | None:
    return None if seconds == math.inf else seconds


def _end_with_child(process: Any, done: Event) -> None:
    """End the group when the child has exited: what is left of it may keep the pipes open."""
    while not done.wait(_SLICE):
        if process.poll() is not None:
            process.end_tree()
            return


def _collect(process: Any) -> tuple[Any, Any]:
    """The output of what was broken off: all of it, unless a daemon still has the pipes."""
    try:
        output, errors = process.communicate(timeout=_COLLECTED_WITHIN)
    except TimeoutExpired as error:
        return error.output, error.stderr
    return output, errors
