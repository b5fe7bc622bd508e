"""`Popen.stop`, `contain=True`, the end of a `with` block: asked first, then ended; all of it."""

from __future__ import annotations

from typing import Any

import pytest

from ctrlevent import CTRL_C_EVENT, kill
from tests.waiting import growing_limits, wait_until

from . import harness, starting, stopping
from .harness import ARCH, CONTROL_C_EXIT, CTRL_C, NEW_GROUP, Console, Native, Python, bed_program

OPTIONS: list[dict[str, Any]]
OPTIONS = [{}, {"keyboard": False}, {"console": "own"}, {"contain": True}]


def start(starter: Python, *, arch: str = ARCH, name: str = "child", **options: Any) -> Native:
    """A native actor that is a child of ctrlevent.Popen."""
    pipes = harness._Pipes()
    command = [bed_program("native", arch), "told", pipes.address]
    started = starter.call(starting.popen, command, {}, **options)
    return Native(starter.console, name, pipes, starter, started)


def start_program(starter: Python, *arguments: str, **options: Any) -> int:
    return starter.call(starting.popen, [bed_program("native"), *arguments], {}, **options)


@pytest.mark.bitness
@pytest.mark.parametrize(
    "options", [{}, {"keyboard": False}, {"console": "own"}, {"contain": True}]
)
def test_child_is_asked_and_no_other_process(console: Console, options: dict[str, Any]) -> None:
    parent = console.parent
    child = start(parent, **options)
    parent.spawn(name="neighbour")
    start(parent, name="another child")
    pending = parent.begin(stopping.stop, child.pid, None)
    console.assert_heard({child: [CTRL_C]})
    child.leave(7)
    assert pending.result() == (7, False)
    console.assert_untouched()


def test_child_behind_a_launcher_is_asked(console: Console) -> None:
    parent = console.parent
    pipes = harness._Pipes()
    command = [bed_program("native_launcher"), "told", pipes.address]
    started = parent.call(starting.popen, command, {})
    child = Native(console, "child", pipes, parent, started)
    assert child.pid != started
    pending = parent.begin(stopping.stop, started, None)
    console.assert_heard({child: [CTRL_C]})
    child.leave(7)
    assert pending.result() == (7, False)


@pytest.mark.bitness
@pytest.mark.parametrize(
    "options", [{}, {"keyboard": False}, {"console": "own"}, {"contain": True}]
)
def test_child_that_goes_on_is_ended_with_its_group(
    console: Console, options: dict[str, Any]
) -> None:
    parent = console.parent
    child = start(parent, **options)
    member = child.spawn(hears=False)
    neighbour = parent.spawn(NEW_GROUP)
    assert parent.call(stopping.stop, child.pid, 0.5) == (CONTROL_C_EXIT, True)
    child.exit_code()
    member.exit_code()
    console.assert_heard({})
    assert neighbour.is_running()


def test_rest_of_the_group_has_the_time_that_is_left(console: Console) -> None:
    parent = console.parent
    child = start(parent)
    member = child.spawn(hears=False)
    pending = parent.begin(stopping.stop, child.pid, None)
    console.assert_heard({child: [CTRL_C], member: [CTRL_C]})
    child.leave(7)
    assert member.is_running()
    member.leave(0)
    assert pending.result() == (7, False)


def test_no_grace_is_the_end_at_once(console: Console) -> None:
    child = start(console.parent)
    assert console.parent.call(stopping.stop, child.pid, 0) == (CONTROL_C_EXIT, True)
    assert child.exit_code() == CONTROL_C_EXIT


def test_child_that_cannot_be_asked_is_ended_at_once(console: Console) -> None:
    """With a grace of no limit it would be waited for as long as it lives."""
    pid = console.parent.call(starting.popen, [bed_program("native_gui"), "trap", "3600"], {})
    assert console.parent.call(stopping.stop, pid, None) == (CONTROL_C_EXIT, True)


def test_child_that_ignores_ctrl_c_by_itself_is_not_asked(console: Console) -> None:
    """It is not made to hear it: that it ignores it is its own decision."""
    child = start(console.parent)
    child.ignore_ctrl_c(True)
    assert console.parent.call(stopping.stop, child.pid, None) == (CONTROL_C_EXIT, True)
    assert child.exit_code() == CONTROL_C_EXIT
    console.assert_untouched()


def test_child_that_has_exited_is_sent_nothing(console: Console) -> None:
    parent = console.parent
    child = start(parent)
    child.leave(7)
    assert parent.call(stopping.stop, child.pid, None) == (7, False)
    console.assert_untouched()


@pytest.mark.parametrize("ends", [stopping.end_tree, "the end of its block"])
def test_contained_tree_is_ended(console: Console, ends: Any) -> None:
    """With a descendant that leads a group of its own, and is alone in it."""
    parent = console.parent
    neighbour = parent.spawn(NEW_GROUP)
    if ends == "the end of its block":
        pipes = harness._Pipes()
        command = [bed_program("native"), "told", pipes.address]
        pending = parent.begin(stopping.leave_with_block, command, {"contain": True}, "the wait")
        child = Native(console, "child", pipes, parent, 0)
        away = child.spawn(NEW_GROUP)
        child.leave(0)
        pending.result()
    else:
        child = start(parent, contain=True)
        away = child.spawn(NEW_GROUP)
        parent.call(ends, child.pid)
        child.exit_code()
    away.exit_code()
    assert neighbour.is_running()
    console.assert_heard({})


def test_only_a_contained_child_has_a_tree(console: Console) -> None:
    child = start(console.parent)
    with pytest.raises(ValueError, match="contain=True"):
        console.parent.call(stopping.end_tree, child.pid)
    assert child.is_running()


def test_stop_that_is_broken_off_can_be_called_again_and_asks_no_more(console: Console) -> None:
    parent = console.parent
    parent.call(stopping.pass_events_on)
    child = start(parent)
    neighbour = parent.python(NEW_GROUP)
    pending = parent.begin(stopping.stop, child.pid, None)
    child.wait_until_heard(1)
    neighbour.call(kill, parent.pid, CTRL_C_EVENT)
    with pytest.raises(harness.Interrupted):
        pending.result()
    assert child.is_running()
    pending = parent.begin(stopping.stop, child.pid, None)
    child.leave(7)
    assert pending.result() == (7, False)
    console.assert_heard({parent: [CTRL_C]})


def test_event_that_the_caller_alone_has_heard(console: Console) -> None:
    """A child that has not exited in its time is asked after all, before it is ended."""
    code, was_ended = 0, True
    for limit in growing_limits(0.2):  # in which it must exit when it was asked
        pid = start_program(console.parent, "default")
        code, was_ended = console.parent.call(stopping.interrupted_then_stop, pid, limit)
        if not was_ended:
            break
    assert (code, was_ended) == (CONTROL_C_EXIT, False)
    console.assert_untouched()


# --- the end of a `with` block --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "count"), [({}, 0), ({"keyboard": False}, 1), ({"console": "own"}, 1)]
)
def test_block_left_by_an_interrupt_tells_a_child_that_no_key_reaches(
    console: Console, options: dict[str, Any], count: int
) -> None:
    parent = console.parent
    parent.call(stopping.pass_events_on)
    neighbour = parent.python(NEW_GROUP)
    child, pending = in_block(console, options, "the wait")
    neighbour.call(kill, parent.pid, CTRL_C_EVENT)
    with pytest.raises(harness.Interrupted):
        pending.result()
    console.assert_heard({parent: [CTRL_C], child: [CTRL_C] * count})
    assert child.is_running()


def test_block_tells_no_child_that_the_caller_has_told_already(console: Console) -> None:
    parent = console.parent
    parent.call(stopping.pass_events_on)
    neighbour = parent.python(NEW_GROUP)
    child, pending = in_block(console, {"keyboard": False}, "interrupt")
    neighbour.call(kill, parent.pid, CTRL_C_EVENT)
    with pytest.raises(harness.Interrupted):
        pending.result()
    console.assert_heard({parent: [CTRL_C], child: [CTRL_C]})


def test_contained_child_has_a_moment_before_it_is_ended(console: Console) -> None:
    parent = console.parent
    parent.call(stopping.pass_events_on)
    neighbour = parent.python(NEW_GROUP)
    child, pending = in_block(console, {"keyboard": False, "contain": True}, "the wait")
    neighbour.call(kill, parent.pid, CTRL_C_EVENT)
    with pytest.raises(harness.Interrupted):
        pending.result()
    assert child.exit_code() == CONTROL_C_EXIT  # that of the job
    console.assert_heard({parent: [CTRL_C]})


def in_block(console: Console, options: dict[str, Any], by: str) -> tuple[Native, harness.Pending]:
    pipes = harness._Pipes()
    command = [bed_program("native"), "told", pipes.address]
    pending = console.parent.begin(stopping.leave_with_block, command, options, by)
    child = Native(console, "child", pipes, console.parent, 0)
    wait_until(lambda: console.parent.now(stopping.is_waiting), "the block")
    return child, pending
