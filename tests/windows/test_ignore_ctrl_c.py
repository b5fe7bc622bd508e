"""ignore_ctrl_c: the caller, or another process, ignores Ctrl+C or hears it again."""

from __future__ import annotations

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.children import WAITS
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT

from . import scenarios, starting, young
from .harness import ARCH, CTRL_BREAK, CTRL_C, NEW_GROUP, OTHER_ARCH, Console, bed_program

PAIRS = [(ARCH, ARCH), (ARCH, OTHER_ARCH), (OTHER_ARCH, ARCH), (OTHER_ARCH, OTHER_ARCH)]


@pytest.mark.bitness
@pytest.mark.parametrize(("writer", "target"), PAIRS)
def test_another_process_is_made_to_hear(console: Console, writer: str, target: str) -> None:
    parent = console.parent
    child = parent.python(NEW_GROUP, arch=target, hears=False)
    other = parent.python(arch=writer, name="the one who writes")
    assert other.call(ctrlevent.ignore_ctrl_c, False, child.pid) is True
    assert child.call(ctrlevent.ignores_ctrl_c) is False
    parent.call(ctrlevent.killpg, child.pid, CTRL_C_EVENT)
    console.assert_heard({child: [CTRL_C]})


@pytest.mark.bitness
@pytest.mark.parametrize(("writer", "target"), PAIRS)
def test_another_process_is_made_to_ignore(console: Console, writer: str, target: str) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP, name="leader")
    member = leader.python(arch=target, name="member")
    other = parent.python(arch=writer, name="the one who writes")
    assert other.call(ctrlevent.ignore_ctrl_c, True, member.pid) is False
    assert member.call(ctrlevent.ignores_ctrl_c) is True
    parent.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})


@pytest.mark.bitness
@pytest.mark.parametrize("pid", ["0", "getpid"])
def test_the_caller_itself(console: Console, pid: str) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.python()
    own = 0 if pid == "0" else member.pid
    assert member.call(ctrlevent.ignore_ctrl_c, True, own) is False
    console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})
    assert member.call(ctrlevent.ignore_ctrl_c, False, own) is True
    console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_saying_it_twice_changes_nothing(console: Console) -> None:
    child = console.parent.spawn(NEW_GROUP, hears=False)
    calls = [True, False, False, False, True, True]
    before = [console.parent.call(ctrlevent.ignore_ctrl_c, ignore, child.pid) for ignore in calls]
    assert before == [True, *calls[:-1]]


@pytest.mark.bitness
@pytest.mark.parametrize("from_outside", [False, True])
def test_children_inherit_it(console: Console, from_outside: bool) -> None:
    """The children that are started from then on."""
    child = console.parent.python()
    before = child.python(hears=False, name="older grandchild")
    if from_outside:
        console.parent.call(ctrlevent.ignore_ctrl_c, True, child.pid)
    else:
        child.call(ctrlevent.ignore_ctrl_c)
    after = child.python(hears=False, name="younger grandchild")
    ignore = [one.call(ctrlevent.ignores_ctrl_c) for one in (before, child, after)]
    assert ignore == [False, True, True]


def test_ctrl_break_is_heard_all_the_same(console: Console) -> None:
    child = console.parent.python()
    child.ignore_ctrl_c(True)
    if child.call(scenarios.break_is_dropped_with_ctrl_c):
        pytest.skip("this Windows drops a Ctrl+Break, too, where Ctrl+C is ignored")
    child.ignore_ctrl_c(False)
    child.take_heard()
    console.parent.call(ctrlevent.ignore_ctrl_c, True, child.pid)
    child.call(ctrlevent.kill, child.pid, CTRL_BREAK_EVENT, timeout=HANG_LIMIT)
    console.assert_heard({child: [CTRL_BREAK]})


def test_a_child_of_asyncio_is_made_to_hear(console: Console) -> None:
    command = [bed_program("python"), "-S", "-c", WAITS]
    before, code, output = console.parent.call(starting.asyncio_child_hears, command)
    assert (before, code, output.split()) == (True, 33, [b"interrupted"])


def test_the_error_of_an_event_that_is_ignored_names_this(console: Console) -> None:
    child = console.parent.spawn(NEW_GROUP, hears=False)
    with pytest.raises(ctrlevent.CtrlCIgnored, match=r"ignore_ctrl_c\(False, pid\)"):
        console.parent.call(ctrlevent.killpg, child.pid, CTRL_C_EVENT)


def test_an_ended_process(console: Console) -> None:
    child = console.parent.spawn()
    child.leave()
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.ignore_ctrl_c, True, child.pid)


@pytest.mark.parametrize("pid", [-1, True, 1.0, "1", None, 1 << 32])
def test_what_is_no_pid(pid: object) -> None:
    kinds = (TypeError, ValueError, OverflowError)
    with pytest.raises(kinds):
        ctrlevent.ignore_ctrl_c(True, pid)  # type: ignore[arg-type]


# --- children in their first and their last moments -----------------------------------------------


@pytest.mark.bitness
@pytest.mark.repeats
@pytest.mark.parametrize(("writer", "target"), PAIRS)
def test_a_child_that_is_starting_is_made_to_hear(
    console: Console, writer: str, target: str
) -> None:
    """It makes its process parameters in its first moments: a write of then could be lost."""
    other = console.parent.python(arch=writer, name="the one who writes")
    command = [bed_program("native", target), "default"]
    assert other.call(young.made_to_hear, command, repeats(300, 12)) == []


@pytest.mark.bitness
@pytest.mark.parametrize(("writer", "target"), PAIRS)
def test_a_suspended_child_is_made_to_hear(console: Console, writer: str, target: str) -> None:
    other = console.parent.python(arch=writer, name="the one who writes")
    command = [bed_program("native", target), "default"]
    assert other.call(young.made_to_hear_while_suspended, command) is False


@pytest.mark.bitness
@pytest.mark.repeats
@pytest.mark.parametrize("target", [ARCH, OTHER_ARCH])
def test_no_verb_lets_an_error_of_windows_through_while_a_child_starts_or_exits(
    console: Console, target: str
) -> None:
    command = [bed_program("native", target), "default"]
    assert console.parent.call(young.asked_in_their_last_moments, command, repeats(40, 2)) == []
