"""kill of an event to the caller itself: the call returns when the handlers have run."""

from __future__ import annotations

import os

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, Delivery
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT

from . import scenarios
from .harness import CTRL_BREAK, CTRL_C, DETACHED, NEW_GROUP, OWN_CONSOLE, Console


@pytest.mark.bitness
@pytest.mark.repeats
@pytest.mark.parametrize(
    ("flags", "behind_launcher"),
    [
        pytest.param(NEW_GROUP, True, id="behind a launcher"),
        pytest.param(0, False, id="member of its parent's group"),
        pytest.param(NEW_GROUP, False, id="leader"),
        pytest.param(DETACHED, False, id="no console"),
        pytest.param(OWN_CONSOLE, False, id="own console, parent's group"),
    ],
)
def test_keyboard_interrupt_is_raised_by_the_call(
    console: Console, flags: int, behind_launcher: bool
) -> None:
    times = repeats(200, 50)
    one = console.parent.python(flags, behind_launcher=behind_launcher)
    one.spawn(name="child in its group")
    console.parent.spawn(name="bystander")
    assert one.call(scenarios.interrupt_self, times) == times
    console.assert_heard({one: [CTRL_C] * times})


def test_from_another_thread_the_main_thread_gets_it(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    assert member.call(scenarios.interrupt_self_from_another_thread) == "main"
    console.assert_heard({member: [CTRL_C]})


@pytest.mark.parametrize("event", [CTRL_C_EVENT, CTRL_BREAK_EVENT])
def test_deliver_says_that_it_was_handled(console: Console, event: ctrlevent.CtrlEvent) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    for pid in (0, member.pid):
        delivered = member.call(ctrlevent.deliver, pid, event, timeout=HANG_LIMIT)
        assert delivered is Delivery.HANDLED
        console.assert_heard({member: [event]})


def test_one_that_ignores_is_refused(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True, hears=False)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        member.call(ctrlevent.kill, member.pid, CTRL_C_EVENT)
    console.assert_untouched()


@pytest.mark.wine
def test_break_is_not_ignored(console: Console) -> None:
    """Except by Wine 10, whose CtrlRoutine drops every event where Ctrl+C is ignored."""
    member = console.parent.python(NEW_GROUP, behind_launcher=True, hears=False)
    dropped = member.call(scenarios.break_is_dropped_with_ctrl_c)
    member.call(ctrlevent.kill, member.pid, CTRL_BREAK_EVENT, timeout=HANG_LIMIT)
    console.assert_heard({member: [] if dropped else [CTRL_BREAK]})


@pytest.mark.repeats
def test_in_every_state_of_the_main_thread(console: Console) -> None:
    """None lost, none twice."""
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    seed = int.from_bytes(os.urandom(2), "little")
    print("seed:", seed)
    times = repeats(250, 100)
    for part in range(repeats(4, 1)):
        interrupted = member.call(scenarios.interrupt_states, seed + part, times)
        assert interrupted == dict.fromkeys(scenarios.STATES, times // len(scenarios.STATES))
        console.assert_heard({member: [CTRL_C] * times})


def test_a_long_sleep_is_broken_off(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    assert member.call(scenarios.sleep_is_broken_off) == "KeyboardInterrupt"
    console.assert_heard({member: [CTRL_C]})


@pytest.mark.repeats
def test_no_sleep_race(console: Console) -> None:
    """bpo-30151: Python notices an event on its way into a sleep only at the end of the sleep.

    Plain os.kill returns before the event is there, so the sleep may be entered; how often the
    event then meets it at the wrong moment is chance (1 of 3,000 was seen on Wine 10). After this
    package's kill no sleep is entered at all.
    """
    leader = console.parent.python(NEW_GROUP)
    sent, entered = leader.call(scenarios.events_before_sleeps, "os.kill", 1000, 0.02)
    console.assert_heard({leader: [CTRL_C] * sent})
    assert entered == 1
    times = repeats(300, 100)
    before_sleeps = scenarios.events_before_sleeps
    assert leader.call(before_sleeps, "ctrlevent.kill", times, 0.02) == (times, 0)
    console.assert_heard({leader: [CTRL_C] * times})


@pytest.mark.repeats
def test_several_threads_at_once(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    each = repeats(25, 10)
    assert member.call(scenarios.events_at_handlers, 8, each) == []
    console.assert_heard({member: [CTRL_C] * 8 * each})


def test_from_within_a_signal_handler(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    log = member.call(scenarios.from_within_a_signal_handler)
    assert log == ["in", "in", "out", "out"]
    console.assert_heard({member: [CTRL_C] * 2})


@pytest.mark.limits
def test_from_within_a_console_handler(console: Console) -> None:
    """Windows runs one event's handlers after the other's, so the inner call cannot wait for them.

    The inner call says so, and its event comes when the outer handler is done.
    """
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    log = member.call(scenarios.from_within_a_console_handler, 0.5)
    assert log in (
        ["in", "TimeoutError", "out", "in", "out"],
        ["in", "in", "out", "out"],  # a system that runs them at the same time
    )
    assert member.take_heard() == []  # taken by the other handler


@pytest.mark.limits
def test_a_handler_that_takes_too_long(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    raised, log = member.call(scenarios.slow_handler_of_ones_own, 0.3)
    assert raised == "TimeoutError"
    assert log == ["in"]


@pytest.mark.repeats
def test_wakeup_fd(console: Console) -> None:
    """A byte for each event, and the KeyboardInterrupts as ever."""
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    times = repeats(100, 30)
    raised, written = member.call(scenarios.wakeup_fd, times)
    assert raised == times
    assert written == b"\x02" * times
    console.assert_heard({member: [CTRL_C] * times})
