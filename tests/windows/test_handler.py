"""handler: which handlers are asked, in which order, until when; and the exit of a program."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT
from tests.repeats import repeats
from tests.tools.bed import probes

from . import listening
from .harness import CONTROL_C_EXIT, CTRL_BREAK, CTRL_C, NEW_GROUP, Console, Python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

C, BREAK = "CTRL_C_EVENT", "CTRL_BREAK_EVENT"


@pytest.fixture
def member(shared_console: Console) -> Iterator[Python]:
    """A process that hears the events that no handler has taken; the parent is a bystander."""
    one = shared_console.parent.python(NEW_GROUP)
    yield one
    one.leave()


@pytest.mark.bitness
def test_every_event_if_none_is_given(shared_console: Console, member: Python) -> None:
    assert member.call(listening.one_taking) == [f"it {C}", f"it {BREAK}"]
    shared_console.assert_heard({})


def test_only_the_events_that_it_is_for(shared_console: Console, member: Python) -> None:
    assert member.call(listening.one_taking, CTRL_BREAK_EVENT) == [f"it {BREAK}"]
    shared_console.assert_heard({member: [CTRL_C]})


def test_members_of_signal_are_events(shared_console: Console, member: Python) -> None:
    assert member.call(listening.signals_for_events) == [f"it {C}", f"it {BREAK}"]
    shared_console.assert_heard({})


@pytest.mark.parametrize(
    ("takes", "asked"),
    [
        ("", ["inner", "middle", "outer"]),
        ("outer", ["inner", "middle", "outer"]),
        ("middle", ["inner", "middle"]),
        ("inner", ["inner"]),
    ],
)
def test_the_last_is_asked_first_until_one_takes_it(
    shared_console: Console, member: Python, takes: str, asked: list[str]
) -> None:
    assert member.call(listening.nested, takes) == [f"{name} {C}" for name in asked]
    # The second event comes when all handlers are left; the first only if no handler took it.
    shared_console.assert_heard({member: [CTRL_C] * (1 if takes else 2)})


@pytest.mark.bitness
def test_its_place_among_the_handlers_of_others(shared_console: Console, member: Python) -> None:
    asked = member.call(listening.among_those_of_others)
    assert asked == [f"after {C}", "somebody else's", f"before {C}"]
    shared_console.assert_heard({member: [CTRL_C]})


def test_removed_out_of_order(shared_console: Console, member: Python) -> None:
    asked = member.call(listening.removed_out_of_order)
    assert asked == [f"third {C}", f"first {C}", "-", f"third {C}", "-", "-"]
    shared_console.assert_heard({member: [CTRL_C] * 3})


def test_from_any_thread(shared_console: Console, member: Python) -> None:
    asked = member.call(listening.from_threads, 20)
    assert asked == sorted(f"{number} {C}" for number in range(20))
    shared_console.assert_heard({member: [CTRL_C] * 2})


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_it_raises_is_unraisable_and_not_taken(
    shared_console: Console, member: Python, error: type[BaseException]
) -> None:
    asked, told = member.call(listening.one_that_raises, error)
    assert asked == ["raises", f"next {C}"]
    assert told == [f"{error('on purpose')!r} raises True"]
    shared_console.assert_heard({member: [CTRL_C]})


def test_entered_twice_is_asked_twice_and_left_twice(
    shared_console: Console, member: Python
) -> None:
    *asked, refusal = member.call(listening.entered_twice)
    assert asked == [f"it {C}", f"it {C}", "-", f"it {C}", "-"]
    assert "left more often" in refusal
    shared_console.assert_heard({member: [CTRL_C] * 3})


def test_decorator(shared_console: Console, member: Python) -> None:
    assert member.call(listening.decorator) == [f"it {C}", f"it {C}", "result"]
    shared_console.assert_heard({member: [CTRL_C] * 2})


@pytest.mark.limits
@pytest.mark.repeats
def test_many_leave_nothing(shared_console: Console, member: Python) -> None:
    assert member.call(listening.many_times, repeats(1000, 100)) == ""
    shared_console.assert_heard({member: [CTRL_C]})


def test_leaving_does_not_wait_for_a_callback_that_runs(
    shared_console: Console, member: Python
) -> None:
    assert member.call(listening.left_while_it_runs) == ["left"]
    shared_console.assert_heard({member: [CTRL_C]})


@pytest.mark.parametrize("takes", [True, False])
def test_a_callback_may_leave_its_own_handler(
    shared_console: Console, member: Python, takes: bool
) -> None:
    assert member.call(listening.left_by_itself, takes) == ["asked"]
    shared_console.assert_heard({member: [CTRL_C] * (1 if takes else 2)})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((None,), TypeError),
        ((len, 0), TypeError),
        ((len, 2), TypeError),
        ((len, "CTRL_C_EVENT"), TypeError),
        ((len, None), TypeError),
        ((len, True), TypeError),
        ((len, signal.SIGTERM), ValueError),
        ((len, CTRL_C_EVENT, signal.SIGABRT), ValueError),
    ],
)
def test_refused_arguments(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        ctrlevent.handler(*arguments)


# --- with Python's own ----------------------------------------------------------------------------


@pytest.mark.parametrize("takes", [True, False])
def test_signal_gets_what_no_handler_takes(
    shared_console: Console, member: Python, takes: bool
) -> None:
    asked = member.call(listening.with_signal, takes)
    assert asked == [f"handler {C}", *([] if takes else ["signal"])]
    shared_console.assert_heard({member: [] if takes else [CTRL_C]})


@pytest.mark.parametrize("takes", [True, False])
def test_asyncio(shared_console: Console, member: Python, takes: bool) -> None:
    """The handler may end a loop in its own way. Else asyncio raises KeyboardInterrupt."""
    happened = member.call(listening.with_asyncio, takes)
    assert happened == (["stopped", "cleaned up"] if takes else ["cleaned up", "KeyboardInterrupt"])
    shared_console.assert_heard({member: [] if takes else [CTRL_C]})


# --- the end of a program -------------------------------------------------------------------------


@pytest.mark.bitness
@pytest.mark.repeats
def test_a_program_ends_while_events_arrive(shared_console: Console, member: Python) -> None:
    """It neither hangs nor crashes.

    20 events are on their way when it exits. Events that come when the handlers are gone terminate
    it like any program.
    """
    codes = {0, CONTROL_C_EXIT, probes.default_handler_exit_code(CTRL_BREAK)}
    ends = []
    for _ in range(repeats(60, 3)):
        end = member.call(listening.run_program, listening.ENDS_WHILE_EVENTS_ARRIVE)
        assert end[0] in codes, end
        assert end[1:] == ("up", "")
        ends.append(end)
    print("codes:", {end[0] for end in ends})
    shared_console.assert_heard({})


def test_a_callback_that_runs_at_the_exit_may_finish(
    shared_console: Console, member: Python
) -> None:
    end = member.call(listening.run_program, listening.RUNS_AT_THE_EXIT)
    assert end == (0, "finished", "")
    shared_console.assert_heard({})


@pytest.mark.limits
def test_a_callback_that_never_ends_holds_the_exit_up_for_seconds_only(
    shared_console: Console, member: Python
) -> None:
    """For half a second here. Else the program would never exit."""
    end = member.call(listening.run_program, listening.NEVER_ENDS)
    assert end[1:] == ("", "")
    shared_console.assert_heard({})


def test_clean_up_has_its_time_when_the_console_closes(
    shared_console: Console, member: Python, tmp_path: Path
) -> None:
    """CTRL_CLOSE_EVENT as Windows delivers it: by a thread at its routine.

    No console of Wine 10 sends it. For a console that is closed see test_pseudo_console.
    """
    file = tmp_path / "closed"
    member.call(listening.run_program, listening.CLOSES, str(file), "post")
    assert file.read_text() == "cleaned up"
    shared_console.assert_heard({})


def test_handlers_that_somebody_else_has_removed(shared_console: Console, member: Python) -> None:
    end = member.call(listening.run_program, listening.FREES_THE_CONSOLE)
    assert end == (0, "fine", "")
    shared_console.assert_heard({})


def test_close_is_an_event_of_its_own() -> None:
    ctrlevent.handler(lambda event: event is CTRL_CLOSE_EVENT, CTRL_CLOSE_EVENT)
