"""The verbs of this package keep the promise: on each Windows that the model knows, and on Wine."""

from __future__ import annotations

import pytest

from ctrlevent import CTRL_BREAK_EVENT
from ctrlevent._win32 import constants as c
from tests.fakes.profiles import WINDOWS, WINDOWS_BUILDS, WINE, Profile

from .conftest import scenarios
from .world import How, World, run


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("profile", [*WINDOWS_BUILDS, WINE], ids=lambda profile: profile.name)
def test_an_event_reaches_who_was_named_or_nobody(profile: Profile) -> None:
    class Machine(World):
        pass

    Machine.profile, Machine.name = profile, profile.name
    run(Machine, scenarios())


def test_a_gui_member_that_has_attached_itself_is_owed_no_event() -> None:
    """Rule E2. Chance finds this story in one run of many; a law once called the event lost."""

    class Machine(World):
        profile = WINDOWS

    world = Machine()
    try:
        world.begin(bits=64, helper=True, family=[])
        world.spawn(parent=0, how=How(c.CREATE_NEW_PROCESS_GROUP, gui=True))
        world.happen(("attach", 1, 0))
        world.spawn(parent=1, how=How(c.CREATE_NO_WINDOW))
        leader, member = world.everybody[1:]
        assert leader.console is world.windows.caller.console is not member.console
        world.killpg(who=1, sig=CTRL_BREAK_EVENT, timeout=0.0, m=[])
        assert world.windows.received == [(member.pid, CTRL_BREAK_EVENT)]
    finally:
        world.teardown()


def test_an_error_that_names_who_got_the_event_breaks_no_law() -> None:
    """A group on two consoles, of which the second refuses: the error once named no process.

    Chance finds this story in one run of many.
    """

    class Machine(World):
        profile = WINDOWS

    world = Machine()
    try:
        world.begin(bits=64, helper=True, family=[])
        world.spawn(parent=0, how=How(c.CREATE_NEW_PROCESS_GROUP))
        world.spawn(parent=1, how=How(c.CREATE_NEW_CONSOLE))
        caller, leader, far = world.everybody
        assert leader.console is not far.console
        caller.detach()
        world.happen(("forbid sending", 2, 0))
        world.killpg(who=1, sig=CTRL_BREAK_EVENT, timeout=5.0, m=[])
        assert world.windows.received == [(leader.pid, CTRL_BREAK_EVENT)]
    finally:
        world.teardown()
