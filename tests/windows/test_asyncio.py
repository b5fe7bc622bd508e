"""Children of asyncio: they hear, they stop, and a start that is broken off leaves nothing."""

from __future__ import annotations

import pytest

from tests.repeats import repeats

from . import looping
from .harness import CONTROL_C_EXIT, CTRL_C, NEW_GROUP, Console, bed_program

# The exit codes of the native program, and of what `stop` has ended.
STDIN_ENDED, ENDED = 7, CONTROL_C_EXIT

HEARD = [b"event 0"]


def native(*mode: str) -> list[str]:
    return [bed_program("native"), *mode]


@pytest.mark.bitness
@pytest.mark.limits
@pytest.mark.repeats
@pytest.mark.timeout(3000)
def test_many_children_in_one_loop_leave_nothing_and_each_hears_its_own_event(
    console: Console,
) -> None:
    """Started, interrupted and awaited; each fourth is cancelled in mid-start."""
    console.parent.spawn(name="bystander in the caller's group")
    console.parent.spawn(NEW_GROUP, name="bystander in another group")
    count = repeats(200, 24)
    left = console.parent.call(looping.start_all, native("trap"), count)
    for outcome in left.outcomes:
        assert outcome.started == count * 3 // 4
        assert outcome.cancelled > 0
        assert [line.split() for line in outcome.said] == [[b"event", b"0"]]
        assert outcome.codes == [STDIN_ENDED]
        assert outcome.bystander_said == b""
        assert outcome.tasks == 0
    assert left.children == []
    assert left.threads <= 0
    assert left.more_handles <= 0


@pytest.mark.bitness
@pytest.mark.parametrize("where", ["inherit", "own"])
def test_the_child_hears_without_its_own_help_and_nobody_else_does(
    console: Console, where: str
) -> None:
    console.parent.spawn(name="bystander in the caller's group")
    console.parent.spawn(NEW_GROUP, name="bystander in another group")
    assert console.parent.call(looping.interrupt, native("trap"), console=where) == HEARD


def test_an_interrupt_right_after_the_start_is_heard(console: Console) -> None:
    for _ in range(5):
        assert console.parent.call(looping.interrupt_at_once, native("default")) == CONTROL_C_EXIT


def test_what_a_shell_runs_hears_too(console: Console) -> None:
    said, _ = console.parent.call(looping.shell, f'"{bed_program("native")}" trap')
    assert said == HEARD


def test_send_signal_is_for_the_group(console: Console) -> None:
    sigint, sigbreak = 2, 21
    said = console.parent.call(looping.send_signals, native("trap"), sigint, sigbreak)
    assert said == [b"event 0", b"event 1"]


def test_a_child_that_has_exited_is_sent_nothing(console: Console) -> None:
    assert console.parent.call(looping.after_its_exit, native("default", "0")) == (8, 8, False)


# --- the user's Ctrl+C ----------------------------------------------------------------------------


def test_an_event_for_the_whole_console_reaches_those_alone_that_hear_the_keyboard(
    console: Console,
) -> None:
    said = console.parent.call(looping.whole_console, native("trap"), [False, True, False])
    assert said == [HEARD, [b"key: event 0", *HEARD], HEARD]
    console.assert_heard({console.parent: [CTRL_C]})


@pytest.mark.parametrize("keyboard", [True, False])
def test_patch_os_changes_nothing_of_that(console: Console, keyboard: bool) -> None:
    found = console.parent.call(looping.under_patch_os, native("trap"), keyboard)
    assert found == (not keyboard, HEARD)


# --- stopping -------------------------------------------------------------------------------------


def test_a_child_that_ends_by_its_event_was_not_ended(console: Console) -> None:
    stopped = console.parent.call(looping.stop, native("default"), None)
    assert stopped == (CONTROL_C_EXIT, False, [])


def test_a_child_that_goes_on_is_ended_after_its_time(console: Console) -> None:
    assert console.parent.call(looping.stop, native("trap"), 0.5) == (ENDED, True, [])


def test_without_time_a_child_is_ended_at_once(console: Console) -> None:
    assert console.parent.call(looping.stop, native("trap"), 0) == (ENDED, True, [])


def test_a_child_that_does_not_hear_the_keyboard_is_asked_all_the_same(console: Console) -> None:
    stopped = console.parent.call(looping.stop, native("default"), None, keyboard=False)
    assert stopped == (CONTROL_C_EXIT, False, [])


def test_a_stop_that_is_cancelled_ends_the_child(console: Console) -> None:
    assert console.parent.call(looping.cancel_stop, native("trap")) == (ENDED, True, [])


def test_an_interrupt_that_is_cancelled_goes_out_once_and_the_child_goes_on(
    console: Console,
) -> None:
    assert console.parent.call(looping.cancel_interrupt, native("trap")) == HEARD


# --- loops and guards -----------------------------------------------------------------------------


def test_the_selector_loop_says_that_it_starts_no_child(console: Console) -> None:
    assert console.parent.call(looping.on_a_selector_loop, native("default")) == []


def test_a_child_that_is_started_while_a_guard_stands(console: Console) -> None:
    assert console.parent.call(looping.under_a_guard, native("trap")) == HEARD
