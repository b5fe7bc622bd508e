"""What the arguments of the verbs may be. On every system the same."""

from __future__ import annotations

import enum
import fractions
import math
import signal
from typing import Any

import pytest

from ctrlevent import _arguments as a
from ctrlevent._types import CtrlEvent
from ctrlevent._windows.signals import events_sent


class Index:
    """An integer of another library, such as numpy's."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __index__(self) -> Any:
        return self.value


class Stranger(enum.IntEnum):
    ZERO = 0
    ONE = 1
    TWO = 2
    FIVE = 5


class Subclass(int):
    pass


class SignalsOfWindows(enum.IntEnum):
    """`signal.Signals`, as it is on Windows."""

    CTRL_C_EVENT = 0
    CTRL_BREAK_EVENT = 1


def action(sig: Any) -> a.Action:
    """As on Windows."""
    return a.action(sig, events_sent)


def event(sig: Any) -> CtrlEvent:
    return a.event(sig, events_sent)


NOT_INTEGERS = [True, False, 1.0, math.nan, "1", b"1", None, [], object(), Index, 1 + 0j]

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT


@pytest.mark.parametrize(
    ("sig", "meant"),
    [
        (0, a.Probe()),
        (Index(0), a.Probe()),
        (Stranger.ZERO, a.Probe()),
        (Subclass(0), a.Probe()),
        (CtrlEvent.CTRL_C_EVENT, C),
        (2, C),
        (signal.SIGINT, C),
        (Stranger.TWO, C),
        (Index(2), C),
        (CtrlEvent.CTRL_BREAK_EVENT, BREAK),
        (1, BREAK),
        (21, BREAK),
        (Stranger.ONE, BREAK),
        (3, a.Signal(3)),
        (5, a.Signal(5)),
        (6, a.Signal(6)),
        (Stranger.FIVE, a.Signal(5)),
        (signal.SIGTERM, a.Signal(15)),
        (20, a.Signal(20)),
        (22, a.Signal(22)),
        (2**31, a.Signal(2**31)),
        (2**32 - 1, a.Signal(2**32 - 1)),
    ],
)
def test_signal_means(sig: Any, meant: a.Action) -> None:
    assert action(sig) == meant
    assert type(action(sig)) is type(meant)


@pytest.mark.parametrize("sig", SignalsOfWindows)
def test_member_of_signal_is_an_event_even_if_it_is_zero(
    sig: enum.IntEnum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "Signals", SignalsOfWindows)
    assert action(sig) is CtrlEvent(sig)


@pytest.mark.skipif(not hasattr(signal, "CTRL_C_EVENT"), reason="signal has it on Windows only")
@pytest.mark.parametrize("name", ["CTRL_C_EVENT", "CTRL_BREAK_EVENT"])
def test_events_of_the_signal_module_mean_what_they_say(name: str) -> None:
    assert action(getattr(signal, name)) is CtrlEvent[name]


@pytest.mark.parametrize("sig", list(CtrlEvent)[2:])
def test_event_that_windows_alone_sends_is_refused_by_name(sig: CtrlEvent) -> None:
    with pytest.raises(ValueError, match=f"{sig.name}.*send CTRL_C_EVENT or CTRL_BREAK_EVENT"):
        action(sig)


def test_close_event_is_not_taken_for_sigint_although_they_are_equal() -> None:
    assert int(signal.SIGINT) == int(CtrlEvent.CTRL_CLOSE_EVENT)
    with pytest.raises(ValueError, match="CTRL_CLOSE_EVENT"):
        action(CtrlEvent.CTRL_CLOSE_EVENT)


@pytest.mark.parametrize("sig", NOT_INTEGERS)
def test_signal_must_be_an_integer(sig: Any) -> None:
    with pytest.raises(TypeError, match="sig must be an integer, not"):
        action(sig)


@pytest.mark.parametrize(
    ("sig", "error", "message"),
    [
        (-1, ValueError, "must not be negative: -1"),
        (-(2**64), ValueError, "must not be negative"),
        (2**32, OverflowError, "sig must fit into 32 bits.*4294967296"),
        (2**64, OverflowError, "32 bits"),
    ],
)
def test_signal_out_of_range(sig: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        action(sig)


@pytest.mark.parametrize("sig", [2, 1, 21, C, BREAK])
def test_event_accepts_what_is_one(sig: int) -> None:
    assert event(sig) in (C, BREAK)


@pytest.mark.parametrize("sig", [0, 3, 15, signal.SIGTERM, Stranger.ZERO])
def test_event_refuses_probe_and_termination(sig: int) -> None:
    with pytest.raises(ValueError, match="only CTRL_C_EVENT and CTRL_BREAK_EVENT can be sent"):
        event(sig)


@pytest.mark.parametrize("pid", NOT_INTEGERS)
@pytest.mark.parametrize("check", [a.process_id, a.kill_target])
def test_pid_must_be_an_integer(check: Any, pid: Any) -> None:
    with pytest.raises(TypeError, match="pid must be an integer, not"):
        check(pid)


@pytest.mark.parametrize("pid", [0, 1, 2**32 - 1])
def test_pid_within_32_bits(pid: int) -> None:
    assert a.process_id(pid) == pid
    assert a.process_id(Index(pid)) == pid


def test_number_of_a_class_of_its_own_becomes_a_plain_one() -> None:
    class Number(int):
        pass

    assert type(a.process_id(Number(8))) is int  # others do not take it, such as marshal


@pytest.mark.parametrize(
    ("pid", "error", "message"),
    [
        (2**32, OverflowError, "pid must fit into 32 bits: 4294967296"),
        (-1, ValueError, "pid must not be negative: -1"),
        (-(2**32) + 1, ValueError, "pid must not be negative"),
        (-(2**32), OverflowError, "pid must fit into 32 bits"),
    ],
)
def test_pid_out_of_range(pid: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        a.process_id(pid)


def test_error_names_the_argument() -> None:
    with pytest.raises(ValueError, match="pgid must not be negative"):
        a.process_id(-5, "pgid")


def test_index_object_that_gives_no_integer_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        a.process_id(Index("x"))


@pytest.mark.parametrize("pid", [0, 1, -1, 7, -7, 2**32 - 1, -(2**32) + 1])
def test_target_of_kill_may_be_minus_a_group(pid: int) -> None:
    assert a.kill_target(pid) == pid


@pytest.mark.parametrize("pid", [2**32, -(2**32), 2**80])
def test_target_of_kill_beyond_32_bits(pid: int) -> None:
    with pytest.raises(OverflowError):
        a.kill_target(pid)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (None, math.inf),
        (math.inf, math.inf),
        (0, 0.0),
        (0.0, 0.0),
        (-0.0, 0.0),
        (5, 5.0),
        (0.5, 0.5),
    ],
)
def test_timeout_in_seconds(timeout: Any, seconds: float) -> None:
    assert a.seconds(timeout) == seconds
    assert type(a.seconds(timeout)) is float


@pytest.mark.parametrize("timeout", [-1, -0.001, -math.inf, math.nan])
def test_timeout_out_of_range(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout must be 0 or more seconds"):
        a.seconds(timeout)


@pytest.mark.parametrize("timeout", [True, "5", b"5", [], fractions.Fraction(1, 2)])
def test_timeout_must_be_a_number(timeout: Any) -> None:
    with pytest.raises(TypeError, match="timeout must be a number of seconds, not"):
        a.seconds(timeout)
