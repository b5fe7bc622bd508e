"""What the arguments of the verbs may be, and what a signal number means.

Each public function checks all of its arguments with these before it opens, asks or sends anything.
"""

from __future__ import annotations

import math
import operator
import os
import signal

from ._types import CTRL_BREAK_EVENT, CTRL_C_EVENT, CtrlEvent
from ._typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final, Union

_32_BITS: Final = 0xFFFF_FFFF


class Probe(NamedTuple):
    """Send nothing: only look whether the process, or a member of the group, is alive."""


class Signal(NamedTuple):
    """Any other signal. On Windows it terminates the process, with the number as exit code."""

    number: int


if TYPE_CHECKING:
    Action = Union[Probe, CtrlEvent, Signal]


def action(sig: Any, events: Mapping[int, CtrlEvent]) -> Action:
    """What `kill` and `killpg` do for a signal.

    `events`: the numbers that stand for an event on this system (`Half.events_sent`).

    The plain integer 0 is the probe of POSIX, although `signal.CTRL_C_EVENT == 0`: only a member
    of `signal.Signals` or `CtrlEvent` makes an event of it. Every other number means the same
    whether it comes plain or as a member.

    Raises TypeError, ValueError (negative; an event that cannot be sent), OverflowError (beyond
    32 bits: an exit code has no more).
    """
    if sig is CTRL_C_EVENT or sig is CTRL_BREAK_EVENT:
        found: CtrlEvent = sig
        return found
    if isinstance(sig, CtrlEvent):
        raise ValueError(
            f"{sig.name} is sent by Windows alone; send CTRL_C_EVENT or CTRL_BREAK_EVENT"
        )
    number = integer(sig, "sig")
    if number < 0:
        raise ValueError(f"sig must not be negative: {number}")
    if number > _32_BITS:
        raise OverflowError(f"sig must fit into 32 bits, as an exit code: {number}")
    if number == 0:
        return CTRL_C_EVENT if isinstance(sig, signal.Signals) else Probe()
    return events[number] if number in events else Signal(number)


def event(sig: Any, events: Mapping[int, CtrlEvent]) -> CtrlEvent:
    """The same where nothing but an event makes sense."""
    meant = action(sig, events)
    if not isinstance(meant, CtrlEvent):
        raise ValueError(
            f"only CTRL_C_EVENT and CTRL_BREAK_EVENT can be sent like this, not {sig!r}"
        )
    return meant


def integer(value: Any, name: str) -> int:
    """An int out of anything that is an integer; bool and float are not."""
    if type(value) is int:
        return value
    kind: Any = value.__class__
    if kind is bool or not hasattr(kind, "__index__"):
        raise TypeError(f"{name} must be an integer, not {kind.__name__}")
    return int(operator.index(value))  # before Python 3.10, of a subclass it may be a subclass


def process_id(value: Any, name: str = "pid") -> int:
    """A pid or a pgid: 0 (the caller) or more, of 32 bits."""
    number = integer(value, name)
    if number < -_32_BITS or number > _32_BITS:
        raise OverflowError(f"{name} must fit into 32 bits: {number}")
    if number < 0:
        raise ValueError(f"{name} must not be negative: {number}")
    return number


def kill_target(value: Any) -> int:
    """The first argument of `kill`: a pid, 0 for the own group, or minus a pgid."""
    number = integer(value, "pid")
    process_id(abs(number))
    return number


class Options(NamedTuple):
    """How a verb sends: what its keywords say."""

    seconds: float
    inject: bool
    """Whether a thread may be started in another process."""
    waits: bool
    """Whether the call returns only after the handlers have run, where that is known."""
    tree: bool
    unignore: bool


def options(
    timeout: Any,
    inject: Any,
    *,
    tree: Any = False,
    unignore: Any = False,
    waits: bool = True,
) -> Options:
    """`timeout` 0: the verb does not wait for handlers. `inject`: see `may_inject`."""
    limit = seconds(timeout)
    return Options(limit, may_inject(inject), waits and limit > 0, bool(tree), bool(unignore))


def may_inject(inject: Any) -> bool:
    """Whether threads in other processes are allowed: by the caller, and by the environment."""
    return bool(inject) and os.environ.get("CTRLEVENT_INJECT") != "0"


def check_own_group(console: Any, named: Mapping[str, Any]) -> None:
    """What a child that leads its group may be started with. Raises ValueError."""
    if console not in ("inherit", "own"):
        raise ValueError(f'console must be "inherit" or "own", not {console!r}')
    if named.get("process_group"):
        raise ValueError("the child leads a process group of its own, it joins no other")


def seconds(value: Any, name: str = "timeout") -> float:
    """A timeout in seconds: an int or float, 0 or more; None and infinity: no limit."""
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not value >= 0:  # NaN too
        raise ValueError(f"{name} must be 0 or more seconds: {value}")
    return float(value)
