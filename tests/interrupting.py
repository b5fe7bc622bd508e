"""Calls that are broken off at every point: runs in a process of its own, never in that of pytest.

`at_each_boundary` raises at each boundary between two instructions of a call, the standard
library's instructions included: the interpreter runs signal handlers there. A trace function
raises, so that none is left to chance.
"""

from __future__ import annotations

import sys
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
    boundaries: int
    """How many boundaries were tried."""
    completed: bool
    """Whether the last call was not broken off, as it has fewer boundaries."""
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


def at_each_boundary(
    call: Callable[[], Any],
    end: Callable[[Any], object],
    left: Callable[[], str],
    numbers: Iterable[int],
) -> Swept:
    """Break a call off at boundary after boundary, until it has fewer than that.

    `end`: what the caller does with a result. `left` says what there is of children or threads when
    the call has no result, or when that was ended.
    """
    found: list[Broken] = []
    tried = 0
    for at in numbers:
        where, result = broken_off(call, at)
        tried += 1
        if result is not None:
            end(result)
            result = None
        remains = left()
        if remains:
            found.append(Broken(at, where, remains))
        if not where:
            return Swept(tried, True, found)
    return Swept(tried, False, found)
