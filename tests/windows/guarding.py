"""What actors are told to do for test_guard: they keep a guard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import ctrlevent
from ctrlevent._half import half
from tests.waiting import HANG_LIMIT

from . import actor, leaks
from .console_calls import generate

if TYPE_CHECKING:
    from collections.abc import Sequence

_guards: list[ctrlevent.Guard] = []


def stand(every: float | None = None) -> int | None:
    """Enters a guard; returns the pid of its process."""
    guard = ctrlevent.Guard(every=every)
    guard.__enter__()
    _guards.append(guard)
    return pid()


def leave() -> None:
    _guards.pop().__exit__()


def pid() -> int | None:
    return next(iter(half.guard_pids()), None)


def clear() -> bool | None:
    return _guards[-1].clear(HANG_LIMIT)


def found() -> int:
    return _guards[-1].found()


def park_and_clear(events: Sequence[int], process: int) -> bool | None:
    """Wrong calls by this process, and the clearing."""
    for event in events:
        assert generate(event, process) == 0
    return clear()


def left_open() -> str:
    """By guards that stand and clear, and by clearings."""

    def clears() -> None:
        with ctrlevent.Guard() as guard:
            guard.clear(HANG_LIMIT)

    return leaks.left(clears, 3)


def raises(**keywords: Any) -> str:
    try:
        with ctrlevent.Guard(**keywords):
            return "nothing"
    except OSError as error:
        return type(error).__name__


def end_process(process: int) -> None:
    ctrlevent.kill(process, 9)


def start_child(program: str) -> int:
    """By the Popen of this package, a program that waits for the end of its input."""
    child: Any = ctrlevent.Popen([program, "hear"], stdin=-1, stdout=-1)
    actor._children[child.pid] = child
    return int(child.pid)


def own_pid() -> int:
    return os.getpid()
