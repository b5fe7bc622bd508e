"""`Guard` with real processes: what is pending reaches no process, and it says what that was."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from tests.repeats import repeats
from tests.tools.bed import probes
from tests.waiting import growing_limits, wait_until

from . import console_calls, guarding, starting
from .harness import (
    CTRL_BREAK,
    CTRL_C,
    DETACHED,
    NEW_GROUP,
    OTHER_ARCH,
    OWN_CONSOLE,
    Console,
    Process,
    Python,
    bed_program,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.bitness  # a thread that brings an event is the process's own

KINDS = {"C": CTRL_C, "B": CTRL_BREAK}


@pytest.fixture(autouse=True)
def _parks(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("wine"):
        return
    if not probes.parks_events_for_non_leader():
        pytest.skip("this console leaves no event pending")


@pytest.fixture
def guarded(console: Console) -> Iterator[Console]:
    """Its parent keeps a guard, and has a child in its own group."""
    console.parent.call(guarding.stand)
    console.parent.spawn(name="member")
    console.parent.spawn(NEW_GROUP, name="leader", arch=OTHER_ARCH)
    yield console
    console.assert_untouched()
    console.parent.call(guarding.leave)


def member(console: Console) -> int:
    return next(one.pid for one in console.actors if one.name == "member")


# --- clearing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parked", "was_ctrl_c"),
    [
        *[("", False), ("B", False), ("BB", False)],
        *[("C", True), ("CC", True), ("CB", True), ("BC", True)],
    ],
)
def test_what_is_pending_reaches_no_process(
    guarded: Console, parked: str, was_ctrl_c: bool
) -> None:
    events = [KINDS[kind] for kind in parked]
    said = guarded.parent.call(guarding.park_and_clear, events, member(guarded))
    assert said is was_ctrl_c
    guarded.assert_untouched()
    assert guarded.parent.call(guarding.clear) is False


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Ctrl+Break"])
def test_without_clearing_it_reaches_every_process(guarded: Console, event: int) -> None:
    """The control: the guard alone, which is not asked, does nothing."""
    guarded.parent.call(console_calls.generate, event, member(guarded))
    guarded.assert_heard({one: [event] for one in guarded.actors})


@pytest.mark.repeats
def test_wrong_calls_by_children_reach_no_process(console: Console) -> None:
    """By any child, for any process that leads no group, of either kind, several at a time."""
    parent, chance = console.parent, random.Random(19)
    shell = parent.python(NEW_GROUP, name="shell")
    program = shell.python(name="program", behind_launcher=True)
    child = program.python(name="child", arch=OTHER_ARCH)
    parent.spawn(name="neighbour")
    parent.call(guarding.stand)
    told = 0
    for _ in range(repeats(whole=1000, share=60)):
        parked = [chance.choice([CTRL_C, CTRL_BREAK]) for _ in range(chance.choice([1, 1, 1, 2]))]
        for event in parked:
            caller = chance.choice([program, child])
            target = chance.choice([program, child])
            assert caller.call(console_calls.generate, event, target.pid) == 0
        assert parent.call(guarding.clear) is (CTRL_C in parked)
        told += CTRL_C in parked
    console.assert_untouched()
    assert parent.call(guarding.found) == told
    parent.call(guarding.leave)


@pytest.mark.repeats
def test_without_a_guard_each_such_call_reaches_every_process(console: Console) -> None:
    """The control."""
    parent, chance = console.parent, random.Random(19)
    shell = parent.python(NEW_GROUP, name="shell")
    program = shell.python(name="program", behind_launcher=True)
    parent.spawn(name="neighbour")
    console.assert_untouched()
    for _ in range(repeats(whole=200, share=10)):
        event = chance.choice([CTRL_C, CTRL_BREAK])
        assert program.call(console_calls.generate, event, program.pid) == 0
        console.assert_heard({one: [event] for one in console.actors})


def test_a_guard_that_clears_by_itself(console: Console) -> None:
    other = console.parent.spawn(name="member")
    console.parent.call(guarding.stand, 0.005)
    console.parent.call(console_calls.generate, CTRL_C, other.pid)
    wait_until(lambda: console.parent.call(guarding.found) == 1, "what the guard finds")
    console.assert_untouched()
    console.parent.call(guarding.leave)


# --- which processes keep a guard -----------------------------------------------------------------


@pytest.mark.parametrize("behind_launcher", [False, True])
def test_a_process_that_leads_no_group_keeps_a_guard(
    console: Console, behind_launcher: bool
) -> None:
    """Even if it has made the wrong call itself."""
    shell = console.parent.python(NEW_GROUP, name="shell")
    program = shell.python(name="program", behind_launcher=behind_launcher)
    program.call(guarding.stand)
    assert program.call(guarding.park_and_clear, [CTRL_C], program.pid) is True
    console.assert_untouched()
    program.call(guarding.leave)


def test_a_process_that_ignores_ctrl_c_keeps_a_guard(console: Console) -> None:
    deaf = console.parent.python(NEW_GROUP, hears=False, name="deaf")
    below = deaf.python(name="below", hears=False)
    deaf.call(guarding.stand)
    assert deaf.call(guarding.park_and_clear, [CTRL_C], below.pid) is True
    console.assert_untouched()
    deaf.call(guarding.leave)


@pytest.mark.parametrize("flags", [DETACHED, OWN_CONSOLE], ids=["no console", "another console"])
def test_its_console_is_that_of_the_caller(console: Console, flags: int) -> None:
    """A process without a console is refused; the guard of another console leaves this alone."""
    away = console.parent.python(flags, name="away")
    said = "NoConsole" if flags == DETACHED else "nothing"
    assert away.call(guarding.raises) == said
    if flags == OWN_CONSOLE:
        other = console.parent.spawn(name="member")
        away.call(guarding.stand)
        console.parent.call(console_calls.generate, CTRL_C, other.pid)
        assert away.call(guarding.clear) is False
        console.assert_heard({console.parent: [CTRL_C], other: [CTRL_C]})
        away.call(guarding.leave)


# --- its process ----------------------------------------------------------------------------------


def guard_of(one: Python) -> Process:
    pid = one.call(guarding.pid)
    assert pid is not None
    return Process(one.console, pid, one)


def test_it_is_on_the_console_and_leads_a_group(guarded: Console) -> None:
    guard = guard_of(guarded.parent)
    found = {one.pid: one for one in guarded.parent.call(ctrlevent.console_processes)}
    assert found[guard.pid].is_leader
    assert found[guard.pid].ppid == guarded.parent.pid
    guard.release()


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Ctrl+Break"])
def test_it_survives_events_to_the_whole_console(guarded: Console, event: int) -> None:
    guard = guard_of(guarded.parent)
    guarded.parent.call(ctrlevent.broadcast, event or ctrlevent.CTRL_C_EVENT)
    guarded.assert_heard({one: [event] for one in guarded.actors})
    assert guarded.parent.call(guarding.park_and_clear, [CTRL_C], member(guarded)) is True
    assert guarded.parent.call(guarding.pid) == guard.pid
    guard.release()


def test_it_ends_with_the_context(console: Console) -> None:
    console.parent.call(guarding.stand)
    guard = guard_of(console.parent)
    console.parent.call(guarding.leave)
    guard.exit_code()
    guard.release()


def test_it_ends_with_its_caller(console: Console) -> None:
    caller = console.parent.python(name="caller")
    caller.call(guarding.stand)
    guard = guard_of(caller)
    caller.leave()
    guard.exit_code()
    guard.release()


def test_one_that_was_ended_is_started_again(guarded: Console) -> None:
    guard = guard_of(guarded.parent)
    guarded.parent.call(guarding.end_process, guard.pid)
    guard.exit_code()
    assert guarded.parent.call(guarding.clear) is False
    assert guarded.parent.call(guarding.park_and_clear, [CTRL_C], member(guarded)) is True
    guard.release()


def test_one_that_starts_while_something_is_pending_stands_all_the_same(console: Console) -> None:
    """Its own connection lets that go, to every process; a Ctrl+Break ends it."""
    other = console.parent.spawn(name="member")
    console.assert_untouched()
    console.parent.call(console_calls.generate, CTRL_BREAK, other.pid)
    other_guard = console.parent.python(DETACHED, name="away")  # it is on no console
    assert other_guard.call(guarding.own_pid) == other_guard.pid
    console.parent.call(guarding.stand)
    console.assert_heard({console.parent: [CTRL_BREAK], other: [CTRL_BREAK]})
    assert console.parent.call(guarding.park_and_clear, [CTRL_C], other.pid) is True
    console.parent.call(guarding.leave)


@pytest.mark.limits
def test_nothing_is_left_open(console: Console) -> None:
    assert console.parent.call(guarding.left_open) == ""


# --- the verbs of this package while a guard stands -----------------------------------------------


@pytest.mark.parametrize("pending", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Ctrl+Break"])
@pytest.mark.parametrize("sent", ["CTRL_C_EVENT", "CTRL_BREAK_EVENT"])
def test_killpg_reaches_its_group_and_nothing_else_comes(
    guarded: Console, pending: int, sent: str
) -> None:
    event = getattr(ctrlevent, sent)
    leader = next(one for one in guarded.actors if one.name == "leader")
    guarded.parent.call(console_calls.generate, pending, member(guarded))
    guarded.parent.call(ctrlevent.killpg, leader.pid, event)
    guarded.assert_heard({leader: [int(event)]})


def test_a_look_at_the_console_lets_nothing_go(guarded: Console) -> None:
    guarded.parent.call(console_calls.generate, CTRL_C, member(guarded))
    guarded.parent.call(ctrlevent.console_processes)
    guarded.assert_untouched()


def test_a_start_lets_nothing_go(guarded: Console) -> None:
    guarded.parent.call(console_calls.generate, CTRL_C, member(guarded))
    guarded.parent.call(guarding.start_child, bed_program("native"))
    guarded.assert_untouched()


def test_killpg_without_a_guard_lets_go_what_is_pending(console: Console) -> None:
    """The control: its look at the console is a console call."""
    other, leader = console.parent.spawn(name="member"), console.parent.spawn(NEW_GROUP)
    console.assert_untouched()
    console.parent.call(console_calls.generate, CTRL_C, other.pid)
    console.parent.call(ctrlevent.killpg, leader.pid, ctrlevent.CTRL_BREAK_EVENT)
    console.assert_heard({console.parent: [CTRL_C], other: [CTRL_C], leader: [CTRL_C, CTRL_BREAK]})


# --- run --guard ----------------------------------------------------------------------------------

WRONG = """
import os, signal, sys, time
os.kill(os.getpid(), signal.CTRL_C_EVENT)
time.sleep(float(sys.argv[1]))
sys.exit(7)
"""


@pytest.mark.limits
def test_run_with_a_guard(console: Console) -> None:
    """A child of the command makes the wrong call: the guard clears it while the child sleeps.

    The end of the child is a console call, and nothing outside of the guard says when it has
    cleared: on a busy machine the child sleeps longer.
    """
    parent = console.parent
    parent.spawn(name="neighbour")
    run = [bed_program("python"), "-m", "ctrlevent", "run", "--console", "shared"]
    for limit in growing_limits(0.3):
        command = [bed_program("launcher"), "-c", WRONG, f"{limit:g}"]
        done = parent.call(starting.execute, [*run, "--guard", "--", *command])
        said = done.errors.decode().strip()
        if "pending 0 times" not in said:
            break
        for one in console.actors:  # the end of the child has let it go
            one.wait_until_heard(1)
            one.take_heard()
    else:
        pytest.fail("the event has reached a process each time")
    assert said.endswith("run: the guard has found a Ctrl+C pending once, and cleared it")
    assert done.exit_code == 7
    console.assert_untouched()


# --- Wine's own console ---------------------------------------------------------------------------


@pytest.mark.wine
def test_where_no_event_is_left_pending_no_process_is_started(console: Console) -> None:
    if probes.parks_events_for_non_leader():
        pytest.skip("this console leaves events pending")
    other = console.parent.spawn(name="member")
    assert console.parent.call(guarding.stand) is None
    assert console.parent.call(guarding.park_and_clear, [CTRL_C], other.pid) is False
    assert len(console.parent.call(ctrlevent.console_processes)) == len([console.parent, other])
    console.parent.call(guarding.leave)
