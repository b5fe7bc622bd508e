"""`kill(tree=True)`, `killpg(unignore=True)`, and threads forbidden: with real processes."""

from __future__ import annotations

import signal

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, CtrlEvent
from tests.waiting import HANG_LIMIT, wait_until

from . import scenarios
from .harness import CTRL_C, DETACHED, NEW_GROUP, OTHER_ARCH, Console


@pytest.mark.parametrize("event", [CTRL_C_EVENT, CTRL_BREAK_EVENT])
def test_program_behind_a_launcher_gets_it_too(console: Console, event: CtrlEvent) -> None:
    caller = console.parent.python(name="caller")
    launcher = caller.python(name="launcher")
    program = launcher.spawn(name="program")
    caller.spawn(name="neighbour")
    caller.call(ctrlevent.kill, launcher.pid, event, tree=True, timeout=HANG_LIMIT)
    console.assert_heard({launcher: [event], program: [event]})


def test_tree_of_an_ancestor_reaches_the_caller_too(console: Console) -> None:
    launcher = console.parent.python(name="launcher")
    caller = launcher.python(name="caller")
    console.parent.spawn(name="neighbour")
    caller.call(ctrlevent.kill, launcher.pid, CTRL_C_EVENT, tree=True, timeout=HANG_LIMIT)
    console.assert_heard({launcher: [CTRL_C], caller: [CTRL_C]})


def test_tree_is_ended_and_nothing_else(console: Console) -> None:
    caller = console.parent.python(name="caller")
    launcher = caller.python(name="launcher")
    program = launcher.spawn(name="program")
    caller.spawn(name="neighbour")
    caller.call(ctrlevent.kill, launcher.pid, signal.SIGTERM, tree=True)
    assert launcher.exit_code() == program.exit_code() == signal.SIGTERM
    console.assert_untouched()


@pytest.mark.bitness
def test_tree_with_a_process_of_the_other_bitness_names_it_and_reaches_none(
    console: Console,
) -> None:
    caller = console.parent.python(name="caller")
    launcher = caller.python(name="launcher")
    program = launcher.spawn(name="program", arch=OTHER_ARCH)
    with pytest.raises(ctrlevent.WouldReachOthers, match=f"process {program.pid}: ") as refusal:
        caller.call(ctrlevent.kill, launcher.pid, CTRL_C_EVENT, tree=True, timeout=HANG_LIMIT)
    assert "ctrlevent.Popen" in str(refusal.value)
    assert "killpg" not in str(refusal.value)
    console.assert_untouched()


@pytest.mark.bitness
def test_hint_for_the_other_bitness_in_the_callers_group_does_not_recommend_the_group(
    console: Console,
) -> None:
    caller = console.parent.python(name="caller")
    target = caller.spawn(name="target", arch=OTHER_ARCH)
    with pytest.raises(ctrlevent.WouldReachOthers) as refusal:
        caller.call(ctrlevent.kill, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert "ctrlevent.Popen" in str(refusal.value)
    assert "killpg" not in str(refusal.value)
    console.assert_untouched()


def test_group_that_ignores_ctrl_c_is_made_to_hear(console: Console) -> None:
    leader = console.parent.python(NEW_GROUP, hears=False, name="leader")
    member = leader.spawn(hears=False, name="member")
    bystander = console.parent.spawn(NEW_GROUP, hears=False, name="bystander")
    console.parent.call(
        ctrlevent.killpg, leader.pid, CTRL_C_EVENT, unignore=True, timeout=HANG_LIMIT
    )
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})
    assert console.parent.call(ctrlevent.ignores_ctrl_c, bystander.pid)


@pytest.mark.bitness
def test_group_of_the_other_bitness_is_made_to_hear(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False, arch=OTHER_ARCH)
    console.parent.call(
        ctrlevent.killpg, leader.pid, CTRL_C_EVENT, unignore=True, timeout=HANG_LIMIT
    )
    console.assert_heard({leader: [CTRL_C]})


def test_detached_leader_gets_it(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP | DETACHED)
    console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard({leader: [CTRL_C]})


def test_timeout_0_does_not_wait_for_handlers(console: Console) -> None:
    slow = console.parent.native("slow", "3600", "3600")
    delivered = console.parent.call(scenarios.deliver_without_waiting, slow.pid)
    assert delivered is ctrlevent.Delivery.SENT
    wait_until(slow.said, "its handler's line")
    assert slow.said() == ["event 0"]
    console.assert_untouched()


def test_environment_forbids_threads_in_other_processes(console: Console) -> None:
    caller = console.parent.python(name="caller")
    member = caller.spawn(name="member")
    with pytest.raises(ctrlevent.WouldReachOthers, match="CTRLEVENT_INJECT=0"):
        caller.call(scenarios.kill_without_injection, member.pid)
    console.assert_untouched()
