"""What a Windows does with events, in the fake and in reality: see `worlds`."""

from __future__ import annotations

import pytest

from ctrlevent._win32 import constants as c

from .worlds import BIRTHS, GROUP, World

pytestmark = [
    pytest.mark.bitness,  # in the real world, `facts` reads PEBs
    pytest.mark.wine,  # the model has a profile of Wine's own console
]

CTRL_C, CTRL_BREAK = 0, 1
NOBODY: dict[object, list[int]] = {}


# --- at birth -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", BIRTHS.values(), ids=BIRTHS)
def test_group_ignore_bit_and_console_of_a_child(world: World, flags: int) -> None:
    child = world.spawn(flags, hears=False)
    group, ignores = world.facts(child)
    leads = bool(flags & GROUP)
    assert group == (child.pid if leads else world.facts(world.caller)[0])
    assert ignores is (leads and not flags & c.CREATE_NEW_CONSOLE)
    own_console = c.CREATE_NEW_CONSOLE | c.CREATE_NO_WINDOW | c.DETACHED_PROCESS
    assert (child.pid in world.listed()) is not bool(flags & own_console)


@pytest.mark.parametrize("flags", [0, c.CREATE_NEW_CONSOLE, c.CREATE_NEW_CONSOLE | GROUP])
def test_ignore_bit_is_inherited(world: World, flags: int) -> None:
    world.ignore(world.caller, True)
    assert world.facts(world.spawn(flags, hears=False))[1] is True


def test_group_of_a_gui_child(world: World) -> None:
    child = world.spawn_gui(GROUP)
    assert world.facts(child)[0] == child.pid
    assert child.pid not in world.listed()


# --- to a group -----------------------------------------------------------------------------------


def test_group_of_a_leader(world: World) -> None:
    leader = world.spawn(GROUP)
    member = world.spawn(parent=leader)
    world.spawn()
    world.spawn(GROUP, parent=leader)
    assert world.generate(CTRL_C, leader.pid) == 0
    world.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_group_whose_leader_has_ended(world: World) -> None:
    leader = world.spawn(GROUP)
    member = world.spawn(parent=leader)
    world.end(leader, held=True)
    assert world.generate(CTRL_C, leader.pid) == 0
    world.assert_heard({member: [CTRL_C]})


def test_members_that_ignore_ctrl_c(world: World) -> None:
    leader = world.spawn(GROUP)
    member = world.spawn(parent=leader)
    world.ignore(leader, True)
    assert world.generate(CTRL_C, leader.pid) == 0
    world.assert_heard({member: [CTRL_C]})
    world.ignore(leader, False)
    assert world.generate(CTRL_C, leader.pid) == 0
    world.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_member_on_another_console(world: World) -> None:
    leader = world.spawn(GROUP)
    world.spawn(c.CREATE_NO_WINDOW, parent=leader)
    assert world.generate(CTRL_C, leader.pid) == 0
    world.assert_heard({leader: [CTRL_C]})


def test_two_groups_one_after_the_other(world: World) -> None:
    one, other = world.spawn(GROUP), world.spawn(GROUP)
    for leader in (other, one, other):
        assert world.generate(CTRL_C, leader.pid) == 0
        world.assert_heard({leader: [CTRL_C]})


def test_own_group(world: World) -> None:
    member = world.spawn()
    world.spawn(GROUP)
    assert world.generate(CTRL_C, world.facts(world.caller)[0]) == 0
    world.assert_heard({world.caller: [CTRL_C], member: [CTRL_C]})


def test_group_0(world: World) -> None:
    member, leader = world.spawn(), world.spawn(GROUP)
    assert world.generate(CTRL_C, 0) == 0
    everybody = {world.caller: [CTRL_C], member: [CTRL_C], leader: [CTRL_C]}
    if world.profile.group_0_is_the_callers:
        del everybody[leader]
    world.assert_heard(everybody)


# --- to an id that is no group --------------------------------------------------------------------


def test_pid_of_a_member_is_parked_and_then_for_everybody(world: World) -> None:
    member, leader = world.spawn(), world.spawn(GROUP)
    assert world.generate(CTRL_C, member.pid) == 0
    everybody = {world.caller: [CTRL_C], member: [CTRL_C], leader: [CTRL_C]}
    world.assert_heard(NOBODY if world.profile.unknown_group_is_ignored else everybody)


def test_pid_that_never_existed(world: World) -> None:
    error = world.generate(CTRL_C, 0x7FFF_FFF0)
    if world.profile.unknown_group_is_ignored:
        assert error == 0
    else:
        assert error in (c.ERROR_INVALID_PARAMETER, c.ERROR_BAD_FORMAT)
    world.assert_heard(NOBODY)


def test_group_that_has_ended(world: World) -> None:
    leader = world.spawn(GROUP)
    world.end(leader, held=False)
    error = world.generate(CTRL_C, leader.pid)
    assert (error == 0) is world.profile.unknown_group_is_ignored
    world.assert_heard(NOBODY)


@pytest.mark.parametrize("kind", ["ended, and held", "GUI", "on a console of its own", "detached"])
def test_phantom(world: World, kind: str) -> None:
    """A child that is not attached. What becomes of the event depends on the build of Windows."""
    if kind == "ended, and held":
        child = world.spawn(GROUP)
        world.end(child, held=True)
    elif kind == "GUI":
        child = world.spawn_gui(GROUP)
    else:
        child = world.spawn(
            GROUP | (c.DETACHED_PROCESS if kind == "detached" else c.CREATE_NO_WINDOW)
        )
    assert world.generate(CTRL_C, child.pid) == 0
    assert (child.pid in world.listed()) is not world.profile.unknown_group_is_ignored
    if world.profile.unknown_group_is_ignored or world.profile.phantom_records_group:
        world.assert_heard(NOBODY)
    else:
        world.assert_heard({world.caller: [CTRL_C]})
