"""kill: exactly one process. Events to another process, the probe, the end, the group forms."""

from __future__ import annotations

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT

from .harness import (
    CTRL_BREAK,
    CTRL_C,
    DETACHED,
    NEW_GROUP,
    OTHER_ARCH,
    OWN_CONSOLE,
    Console,
    Gone,
)


@pytest.mark.bitness
@pytest.mark.repeats
def test_events_in_a_group_of_five_reach_the_one_that_is_named(console: Console) -> None:
    parent = console.parent
    leader = parent.python(NEW_GROUP, name="leader")
    child = leader.python(name="child")
    grandchild = child.spawn(name="grandchild")
    group = [leader, child, grandchild, leader.spawn(), child.spawn()]
    parent.spawn(name="bystander")
    senders = [parent, leader, child]
    for turn in range(repeats(500, 36)):
        sender, target = senders[turn % 3], group[turn % 5]
        sender.call(ctrlevent.kill, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        console.assert_heard({target: [CTRL_C]})


def test_behind_a_launcher(console: Console) -> None:
    member = console.parent.python(NEW_GROUP, behind_launcher=True)
    child = member.python()
    for sender in (console.parent, member, child):
        for target in (member, child):
            sender.call(ctrlevent.kill, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
            console.assert_heard({target: [CTRL_C]})


@pytest.mark.parametrize("event", [CTRL_C_EVENT, CTRL_BREAK_EVENT])
def test_a_child_reaches_its_parent(console: Console, event: ctrlevent.CtrlEvent) -> None:
    child = console.parent.python()
    child.call(ctrlevent.kill, console.parent.pid, event, timeout=HANG_LIMIT)
    console.assert_heard({console.parent: [event]})


def test_plain_0_is_a_probe_and_never_an_event(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP)
    member = leader.spawn()
    elsewhere = parent.spawn(OWN_CONSOLE)
    for process in (parent, leader, member, elsewhere):
        parent.call(ctrlevent.kill, process.pid, 0)
    for group in (0, parent.pid, leader.pid):
        parent.call(ctrlevent.killpg, group, 0)
    parent.call(ctrlevent.kill, 0, 0)
    parent.call(ctrlevent.kill, -leader.pid, 0)
    console.assert_untouched()


def test_the_probe_of_one_that_has_ended(console: Console) -> None:
    """Though its starter holds a handle of it, and though its group has members left."""
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    leader.leave()
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.kill, leader.pid, 0)
    console.parent.call(ctrlevent.killpg, leader.pid, 0)
    member.leave()
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.killpg, leader.pid, 0)


def test_the_probe_of_a_group_by_the_pid_of_a_member(console: Console) -> None:
    member = console.parent.spawn(NEW_GROUP, behind_launcher=True)
    with pytest.raises(ctrlevent.NotAGroupLeader) as refusal:
        console.parent.call(ctrlevent.killpg, member.pid, 0)
    assert refusal.value.pgid == member.started


@pytest.mark.parametrize("exit_code", [15, 3, 259, 0xFFFF_FFFF])
def test_another_number_ends_the_process_with_it(console: Console, exit_code: int) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    console.parent.call(ctrlevent.kill, leader.pid, exit_code)
    assert leader.exit_code() == exit_code
    assert member.is_running()
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.kill, leader.pid, exit_code)


@pytest.mark.parametrize("flags", [OWN_CONSOLE, DETACHED], ids=["own console", "detached"])
def test_ending_needs_no_console_in_common(console: Console, flags: int) -> None:
    target = console.parent.spawn(flags)
    console.parent.call(ctrlevent.kill, target.pid, 15)
    assert target.exit_code() == 15


@pytest.mark.bitness
def test_ending_one_of_the_other_architecture(console: Console) -> None:
    target = console.parent.native("trap", arch=OTHER_ARCH)
    console.parent.call(ctrlevent.kill, target.pid, 15)
    assert target.exit_code() == 15


@pytest.mark.bitness
@pytest.mark.parametrize("form", ["killpg", "kill"])
def test_ending_a_group_ends_every_member_wherever_it_is(console: Console, form: str) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP)
    group = [leader, leader.spawn(), leader.spawn(OWN_CONSOLE), leader.spawn(DETACHED)]
    leader.spawn(NEW_GROUP, name="in another group")
    if form == "killpg":
        parent.call(ctrlevent.killpg, leader.pid, 15, timeout=HANG_LIMIT)
    else:
        parent.call(ctrlevent.kill, -leader.pid, 15, timeout=HANG_LIMIT)
    assert [member.exit_code() for member in group] == [15] * 4
    console.assert_untouched()


@pytest.mark.parametrize("form", ["killpg", "kill"])
def test_ending_ones_own_group_ends_the_caller_last(console: Console, form: str) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    caller = leader.python()
    group = [leader, caller, caller.spawn(), leader.spawn(OWN_CONSOLE)]
    with pytest.raises(Gone):
        caller.call(getattr(ctrlevent, form), 0, 15, timeout=HANG_LIMIT)
    assert [member.exit_code() for member in group] == [15] * 4
    console.assert_untouched()


def test_ending_a_group_behind_a_launcher(console: Console) -> None:
    """A launcher takes its program with it, which then has an exit code of the launcher's."""
    member = console.parent.spawn(NEW_GROUP, behind_launcher=True)
    child = member.spawn()
    console.parent.call(ctrlevent.killpg, member.started, 15, timeout=HANG_LIMIT)
    assert member.exit_code() in (15, 0)
    assert child.exit_code() in (15, 0)
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.killpg, member.started, 0)
    console.assert_untouched()


def test_the_group_forms_of_an_event(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP, behind_launcher=True)
    child = leader.python()
    parent.call(ctrlevent.kill, -leader.started, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], child: [CTRL_C]})
    child.call(ctrlevent.kill, 0, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], child: [CTRL_C]})


@pytest.mark.parametrize("sig", [0, CTRL_C_EVENT, 15])
def test_everybody_is_refused(console: Console, sig: int) -> None:
    console.parent.spawn()
    with pytest.raises(ctrlevent.WouldReachOthers, match="broadcast"):
        console.parent.call(ctrlevent.kill, -1, sig)
    console.assert_untouched()


@pytest.mark.parametrize("sig", [2, 1, 21], ids=["SIGINT", "1", "SIGBREAK"])
def test_the_numbers_of_events_end_nobody(console: Console, sig: int) -> None:
    member = console.parent.spawn()
    console.parent.call(ctrlevent.kill, member.pid, sig, timeout=HANG_LIMIT)
    console.assert_heard({member: [CTRL_C if sig == 2 else CTRL_BREAK]})


@pytest.mark.bitness
def test_ignore_ctrl_c_of_another_process_decides_what_it_hears(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        console.parent.call(ctrlevent.kill, leader.pid, CTRL_C_EVENT)
    assert console.parent.call(ctrlevent.ignore_ctrl_c, False, leader.pid) is True
    console.parent.call(ctrlevent.kill, leader.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard({leader: [CTRL_C]})
    assert console.parent.call(ctrlevent.ignore_ctrl_c, True, leader.pid) is False
    with pytest.raises(ctrlevent.CtrlCIgnored):
        console.parent.call(ctrlevent.kill, leader.pid, CTRL_C_EVENT)
