"""killpg of an event: exactly the members of the group get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.repeats import repeats
from tests.tools.bed import probes
from tests.waiting import HANG_LIMIT

from . import scenarios
from .harness import (
    CONTROL_C_EXIT,
    CTRL_BREAK,
    CTRL_C,
    DETACHED,
    MAIN_THREAD_ENDED,
    NEW_GROUP,
    OWN_CONSOLE,
    Actor,
    Console,
    bed_program,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def assert_break_reached(console: Console, members: Sequence[Actor]) -> None:
    """Wine 10 runs no handlers for a Ctrl+Break to a group, it ends the members' main threads."""
    if probes.handlers_run_on_group_break():
        console.assert_heard({member: [CTRL_BREAK] for member in members})
    else:
        for member in members:
            assert member.exit_code() == MAIN_THREAD_ENDED


@pytest.mark.wine
@pytest.mark.bitness
@pytest.mark.repeats
def test_events_reach_exactly_the_group_whoever_sends_them(console: Console) -> None:
    parent = console.parent
    leader = parent.python(NEW_GROUP, name="leader")
    child = leader.python(name="child")
    grandchild = child.spawn(name="grandchild")
    parent.spawn(name="bystander in the parent's group")
    child.spawn(NEW_GROUP, name="bystander that leads a group of its own")
    group = [leader, child, grandchild]
    for sender in [parent, leader, child] * repeats(25, 6):
        sender.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
        console.assert_heard({member: [CTRL_C] for member in group})
    parent.call(ctrlevent.killpg, leader.pid, CTRL_BREAK_EVENT)
    assert_break_reached(console, group)


def test_behind_a_launcher(console: Console) -> None:
    parent = console.parent
    member = parent.python(NEW_GROUP, behind_launcher=True)
    bystander = parent.python()
    for sender in (parent, bystander, member):
        sender.call(ctrlevent.killpg, member.started, CTRL_C_EVENT)
        console.assert_heard({member: [CTRL_C]})


def test_the_pid_of_a_member_is_refused_and_names_the_group(console: Console) -> None:
    parent = console.parent
    member = parent.spawn(NEW_GROUP, behind_launcher=True)
    with pytest.raises(ctrlevent.NotAGroupLeader) as refusal:
        parent.call(ctrlevent.killpg, member.pid, CTRL_C_EVENT)
    assert refusal.value.pgid == member.started
    assert f"killpg({member.started}, " in str(refusal.value)
    console.assert_untouched()


@pytest.mark.parametrize("pgid", ["0", "getpgrp"])
def test_a_member_reaches_its_own_group_and_itself(console: Console, pgid: str) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    child = member.spawn()
    console.parent.spawn()
    group = 0 if pgid == "0" else member.call(ctrlevent.getpgrp)
    member.call(ctrlevent.killpg, group, CTRL_C_EVENT)
    console.assert_heard({member: [CTRL_C], child: [CTRL_C]})


@pytest.mark.parametrize("handle", ["held", "closed"])
def test_a_leader_that_has_exited(console: Console, handle: str) -> None:
    """`held`: its starter holds a handle of it, as a Popen does."""
    parent = console.parent
    leader = parent.spawn(NEW_GROUP)
    child = leader.python()
    grandchild = child.spawn()
    leader.leave()
    if handle == "closed":
        leader.forget()
    for sender in (parent, child):
        sender.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
        console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


def test_one_that_ignores_does_not_stand_in_the_way_of_the_others(console: Console) -> None:
    ignoring = console.parent.spawn(NEW_GROUP, hears=False)
    hearing = ignoring.spawn(hears=True)
    console.parent.call(ctrlevent.killpg, ignoring.pid, CTRL_C_EVENT)
    console.assert_heard({hearing: [CTRL_C]})


def test_a_group_that_ignores_is_refused_and_told_what_to_do(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False)
    leader.spawn(hears=False)
    with pytest.raises(ctrlevent.CtrlCIgnored, match="CREATE_NEW_PROCESS_GROUP"):
        console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
    console.assert_untouched()


@pytest.mark.wine
@pytest.mark.repeats
def test_immediately_after_the_creation(console: Console) -> None:
    """Never lost, never refused, never a stray.

    A Ctrl+Break, since such a child is born ignoring Ctrl+C. Python does nothing about it, and the
    child waits for input that never comes, so only the event can end it, and only silently.
    """
    parent = console.parent
    parent.spawn(name="bystander")
    command = [bed_program("python"), "-S", "-c", "print('up', flush=True); input()"]
    once_it_is_up = parent.call(scenarios.break_new_groups, command, repeats(3, 1), True)
    at_once = parent.call(scenarios.break_new_groups, command, repeats(100, 10), False)
    # Wine 10 ends it like a thread, by chance with 0 or 1.
    codes = {CONTROL_C_EXIT} if probes.handlers_run_on_group_break() else {0, 1}
    for exit_code, errors in once_it_is_up + at_once:
        assert not errors
        assert exit_code in codes
    console.assert_untouched()


@pytest.mark.parametrize("sig", [2, CTRL_C_EVENT], ids=["SIGINT", "CTRL_C_EVENT"])
def test_sigint_is_an_event_and_ends_nobody(console: Console, sig: int) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    console.parent.call(ctrlevent.killpg, leader.pid, sig)
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


@pytest.mark.wine
@pytest.mark.parametrize("sig", [1, 21, CTRL_BREAK_EVENT], ids=["1", "SIGBREAK", "BREAK_EVENT"])
def test_sigbreak_is_an_event(console: Console, sig: int) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    console.parent.call(ctrlevent.killpg, leader.pid, sig)
    assert_break_reached(console, [leader, member])


@pytest.mark.wine
@pytest.mark.bitness
def test_a_group_on_another_console(console: Console) -> None:
    leader = console.parent.spawn(OWN_CONSOLE | NEW_GROUP)
    member = leader.spawn()
    leader.spawn(NEW_GROUP)
    for sender in (console.parent, console.parent.python(DETACHED)):
        sender.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})
    console.parent.call(ctrlevent.killpg, leader.pid, CTRL_BREAK_EVENT, timeout=HANG_LIMIT)
    assert_break_reached(console, [leader, member])


@pytest.mark.bitness
def test_broadcast(console: Console) -> None:
    """To every process on the console, whatever its group; and to no process elsewhere."""
    parent = console.parent
    member = parent.spawn()
    others = [parent.spawn(NEW_GROUP), parent.spawn(NEW_GROUP, behind_launcher=True)]
    parent.spawn(OWN_CONSOLE)
    parent.spawn(DETACHED)
    parent.call(ctrlevent.broadcast, CTRL_C_EVENT)
    console.assert_heard({one: [CTRL_C] for one in (parent, member, *others)})


def test_broadcast_to_those_who_all_ignore(console: Console) -> None:
    member = console.parent.spawn()
    for one in (console.parent, member):
        one.ignore_ctrl_c(True)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        console.parent.call(ctrlevent.broadcast, CTRL_C_EVENT)
    console.assert_untouched()
