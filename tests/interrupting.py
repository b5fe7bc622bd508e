"""Calls that are broken off at every point: runs in a process of its own, never in that of pytest.

`at_each_boundary` raises at each boundary between two instructions of a call, the standard
library's instructions included: the interpreter runs signal handlers there. A trace function
raises, so that none is left to chance. Or it has a real SIGINT come there (`by_signal`), which code
may hold back: then in the functions of ctrlevent alone, as for an event loop, which may lose by an
interrupt what it is about to call.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Broken(NamedTuple):
    """A call that was broken off."""

    at: int
    """The number of the boundary."""
    where: str
    left: str
    """What was left behind; "" for nothing."""


class Swept(NamedTuple):
    broken_off: int
    """How many calls were broken off: a call may have fewer boundaries than another."""
    left: list[Broken]


class Boundary:
    """A trace function that raises KeyboardInterrupt at one boundary."""

    def __init__(self, call: Callable[[], Any], at: int, *, by_signal: bool = False) -> None:
        self._caller = getattr(call, "__code__", None)
        self._by_signal = by_signal
        self.at = at
        self._pid = os.getpid()
        self.count = 0
        self.where = ""

    def __call__(self, frame: Any, _event: str, _argument: object) -> Any:
        if frame.f_code is self._caller:
            return None
        if self._by_signal and not str(frame.f_globals.get("__name__")).startswith("ctrlevent."):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._boundary

    def _boundary(self, frame: Any, event: str, _argument: object) -> Any:
        if event == "opcode":
            self.count += 1
            # Not in a child, where a `preexec_fn` runs.
            if self.count > self.at and not self.where and os.getpid() == self._pid:
                code = frame.f_code
                self.where = f"{code.co_name}:{frame.f_lineno} +{frame.f_lasti} {event}"
                if not self._by_signal:
                    raise KeyboardInterrupt
                signal.raise_signal(signal.SIGINT)
        return self._boundary


def broken_off(call: Callable[[], Any], at: int, *, by_signal: bool = False) -> tuple[str, Any]:
    """Where the call was broken off, and None; or "" and its result.

    `call`: a `functools.partial`, so that this function is the caller. (Or a function: then that is
    the caller, and is not traced.)
    """
    boundary = Boundary(call, at, by_signal=by_signal)
    result = None
    sys.settrace(boundary)
    try:
        result = call()
    except BaseException:
        if not boundary.where:
            raise
    finally:
        sys.settrace(None)
    return boundary.where, result


def boundaries(
    call: Callable[[], Any], end: Callable[[Any], object], *, by_signal: bool = False
) -> int:
    """How many there are in a call that is not broken off."""
    count = 0
    for _ in range(2):  # Python 3.12 has events of instructions from the second time on
        boundary = Boundary(call, 1 << 60, by_signal=by_signal)
        sys.settrace(boundary)
        try:
            result = call()
        finally:
            sys.settrace(None)
        end(result)
        result = None  # its `__del__` is no part of the next call
        count = boundary.count
    return count


def share(total: int, spread: int, last: int) -> list[int]:
    """Some of so many boundaries: `spread` of them anywhere, and the last, where there is a child.

    With three more, as not every call has the same number.
    """
    return sorted(
        {*range(0, total, max(1, total // spread)), *range(max(0, total - last), total + 3)}
    )


def at_each_boundary(
    call: Callable[[], Any],
    end: Callable[[Any], object],
    left: Callable[[], str],
    numbers: Iterable[int],
    *,
    by_signal: bool = False,
) -> Swept:
    """Break a call off at each of these boundaries.

    `end`: what the caller does with a result. `left` says what there is of children or threads when
    the call has no result, or when that was ended.
    """
    found: list[Broken] = []
    count = 0
    handler = signal.getsignal(signal.SIGINT)
    for at in numbers:
        where, result = broken_off(call, at, by_signal=by_signal)
        count += bool(where)
        if result is not None:
            end(result)
            result = None
        remains = left() + _other_handler(handler)
        if remains:
            found.append(Broken(at, where, remains))
    return Swept(count, found)


def _wait_for(came: list[int]) -> None:
    """Wait until a signal has come. What comes to a `__del__` is not raised here.

    A function, as Python 3.13 runs signal handlers at the end of a loop, which a `try` around that
    does not cover.
    """
    while not came:
        time.sleep(0.001)


def _other_handler(handler: Any) -> str:
    """Says it, and sets the handler of SIGINT, if that has become another."""
    if signal.getsignal(signal.SIGINT) is handler:
        return ""
    signal.signal(signal.SIGINT, handler)
    return "the handler of SIGINT"


class Random(NamedTuple):
    """What became of interrupts at random moments."""

    in_the_call: int
    """How many came before the caller had a result."""
    left: list[str]


def at_random(
    call: Callable[[], Any],
    end: Callable[[Any], object],
    left: Callable[[], str],
    order: Callable[[], object],
    times: int,
) -> Random:
    """Have a call interrupted `times` times, each at a random moment, once.

    `call`: a `functools.partial`, so that this function is the caller. `order` orders a SIGINT or a
    Ctrl+C for this process, which comes about when the call ends.
    """
    came: list[int] = []

    def take(number: int, _frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, take)
    try:
        return _at_random(call, end, left, order, times, came, take)
    finally:
        signal.signal(signal.SIGINT, before)


def _at_random(
    call: Callable[[], Any],
    end: Callable[[Any], object],
    left: Callable[[], str],
    order: Callable[[], object],
    times: int,
    came: list[int],
    take: Any,
) -> Random:
    found: list[str] = []
    in_the_call = 0
    for _ in range(times):
        result = None
        try:
            order()
            result = call()
            _wait_for(came)
        except KeyboardInterrupt:
            in_the_call += result is None
        came.clear()
        if result is not None:
            end(result)
            result = None
        remains = left() + _other_handler(take)
        if remains:
            found.append(remains)
    return Random(in_the_call, found)
