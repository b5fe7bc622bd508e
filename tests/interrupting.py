"""Calls that are broken off at every point: runs in a process of its own, never in that of pytest.

`at_each_boundary` raises at each boundary between two instructions of a call, the standard
library's instructions included: the interpreter runs signal handlers there. A trace function
raises, so that none is left to chance.
"""

from __future__ import annotations

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

    def __init__(self, call: Callable[[], Any], at: int) -> None:
        self._caller = call.__code__
        self.at = at
        self.count = 0
        self.where = ""

    def __call__(self, frame: Any, _event: str, _argument: object) -> Any:
        if frame.f_code is self._caller:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._boundary

    def _boundary(self, frame: Any, event: str, _argument: object) -> Any:
        if event == "opcode":
            self.count += 1
            if self.count > self.at:
                code = frame.f_code
                self.where = f"{code.co_name}:{frame.f_lineno} +{frame.f_lasti} {event}"
                raise KeyboardInterrupt
        return self._boundary


def broken_off(call: Callable[[], Any], at: int) -> tuple[str, Any]:
    """Where the call was broken off, and None; or "" and its result.

    `call`: a function that calls, and returns what it gets. It is the caller, so it is not traced.
    """
    boundary = Boundary(call, at)
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


def boundaries(call: Callable[[], Any], end: Callable[[Any], object]) -> int:
    """How many there are in a call that is not broken off."""
    boundary = Boundary(call, 1 << 60)
    sys.settrace(boundary)
    try:
        result = call()
    finally:
        sys.settrace(None)
    end(result)
    return boundary.count


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
) -> Swept:
    """Break a call off at each of these boundaries.

    `end`: what the caller does with a result. `left` says what there is of children or threads when
    the call has no result, or when that was ended.
    """
    found: list[Broken] = []
    count = 0
    for at in numbers:
        where, result = broken_off(call, at)
        count += bool(where)
        if result is not None:
            end(result)
            result = None
        remains = left()
        if remains:
            found.append(Broken(at, where, remains))
    return Swept(count, found)


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

    `order` orders a SIGINT or a Ctrl+C for this process, which comes about when the call ends.
    """
    found: list[str] = []
    in_the_call = 0
    for _ in range(times):
        result = None
        try:
            order()
            result = call()
            while True:  # it comes
                time.sleep(0.001)
        except KeyboardInterrupt:
            in_the_call += result is None
        if result is not None:
            end(result)
            result = None
        remains = left()
        if remains:
            found.append(remains)
    return Random(in_the_call, found)
