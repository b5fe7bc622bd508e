"""What GenerateConsoleCtrlEvent does, case by case: the table of docs/windows.md, row by row.

On Microsoft's console server, which treats `CTRL_C` and `CTRL_BREAK` alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.console import CTRL_BREAK, CTRL_C, CTRL_CLOSE
from tests.tools.conhost import messages

from .scene import ALL, PARKS_ITSELF, RELEASES, Scene

if TYPE_CHECKING:
    from tests.fakes.profiles import Profile


ERROR_BAD_FORMAT = 11
ERROR_INVALID_PARAMETER = 87
MEMBERS = {"launcher", "python"}


# --- the id is a group ----------------------------------------------------------------------------


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_group_0_is_every_process_the_caller_too(scene: Scene, event: int) -> None:
    assert scene.generate(scene.neighbour, event, 0) == 0
    assert scene.heard() == {event: ALL}


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_a_group_is_its_members(scene: Scene, event: int) -> None:
    assert scene.generate(scene.shell, event, scene.launcher) == 0
    assert scene.heard() == {event: MEMBERS}


def test_a_group_outlives_its_leader(scene: Scene) -> None:
    scene.exit(scene.launcher)
    assert scene.generate(scene.shell, CTRL_C, scene.launcher) == 0
    assert scene.heard() == {CTRL_C: {"python"}}


def test_the_newest_process_is_told_first(scene: Scene, profile: Profile) -> None:
    scene.generate(scene.shell, CTRL_C, 0)
    in_order = [(name, CTRL_C) for name in ("python", "launcher", "neighbour", "shell")]
    assert scene.told() == (in_order if profile.newest_is_told_first else in_order[::-1])


def test_the_process_list_has_the_newest_first(scene: Scene) -> None:
    assert scene.listed() == ["python", "launcher", "neighbour", "shell"]


# --- an attached process that leads no group ------------------------------------------------------


@pytest.mark.parametrize("way", RELEASES)
@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_the_event_is_parked_and_then_goes_to_every_process(
    scene: Scene, event: int, way: str
) -> None:
    scene.park(event)
    RELEASES[way](scene)
    newcomer = {"newcomer"} if way == "a process connects" else set()
    assert scene.heard() == {event: ALL | newcomer}
    scene.prints()
    assert scene.heard() == {}, "and it goes once"


@pytest.mark.parametrize("way", PARKS_ITSELF)
def test_the_same_by(scene: Scene, way: str) -> None:
    PARKS_ITSELF[way](scene)
    heard = scene.heard()
    assert heard[CTRL_C] >= ALL


@pytest.mark.parametrize("leaves", ["neighbour", "python"])
def test_a_process_that_leaves_releases_it_for_the_rest(scene: Scene, leaves: str) -> None:
    scene.park()
    scene.exit(getattr(scene, leaves))
    assert scene.heard() == {CTRL_C: ALL - {leaves}}


def test_a_call_that_there_is_not_releases_nothing(scene: Scene) -> None:
    scene.park()
    scene.server.call(scene.shell, messages.unknown())
    assert scene.heard() == {}
    scene.prints()
    assert scene.heard() == {CTRL_C: ALL}


def test_its_parent_is_not_attached(scene: Scene) -> None:
    stranger = scene.start("stranger", scene.process("its parent", 0), scene.shell)
    assert scene.generate(scene.shell, CTRL_C, stranger) == ERROR_INVALID_PARAMETER
    scene.prints()
    assert scene.heard() == {}


# --- several pending ------------------------------------------------------------------------------


def test_the_same_kind_merges_and_the_newest_group_wins(scene: Scene) -> None:
    scene.park(CTRL_C)
    scene.generate(scene.shell, CTRL_C, scene.launcher)
    assert scene.heard() == {CTRL_C: MEMBERS}
    scene.prints()
    assert scene.heard() == {}


@pytest.mark.parametrize("parked", [CTRL_C, CTRL_BREAK])
@pytest.mark.parametrize("to", ["launcher", "nobody", "python"])
def test_different_kinds_drop_each_other(scene: Scene, parked: int, to: str) -> None:
    scene.park(parked)
    scene.generate(scene.shell, 1 - parked, 0 if to == "nobody" else getattr(scene, to))
    heard_at_once = scene.heard()
    scene.prints()
    assert heard_at_once == scene.heard() == {}


@pytest.mark.parametrize("parked", [CTRL_C, CTRL_BREAK])
@pytest.mark.parametrize("sent", [CTRL_C, CTRL_BREAK])
def test_the_leader_of_a_group_can_clear_what_is_parked(
    scene: Scene, parked: int, sent: int
) -> None:
    guard = scene.start("guard", scene.shell, leads=True)
    scene.told()
    scene.park(parked)
    scene.generate(guard, sent, guard)
    assert scene.heard() == ({sent: {"guard"}} if parked == sent else {})
    scene.prints()
    assert scene.heard() == {}


# --- a process that is not attached ---------------------------------------------------------------


def test_a_live_child_elsewhere_becomes_a_phantom(scene: Scene) -> None:
    child = scene.process("child", scene.python)
    assert scene.generate(scene.shell, CTRL_C, child) == 0
    assert scene.heard() == {CTRL_C: {"child"}}, "csrss is asked to tell it, and nothing is parked"
    scene.prints()
    assert scene.heard() == {}
    assert scene.listed()[0] == "child"


def test_a_phantom_is_told_of_every_event_to_all(scene: Scene) -> None:
    child = scene.process("child", scene.python)
    scene.generate(scene.shell, CTRL_C, child)
    scene.told()
    scene.generate(scene.shell, CTRL_BREAK, 0)
    assert scene.heard() == {CTRL_BREAK: ALL | {"child"}}


def test_a_phantom_that_connects_is_refused(scene: Scene) -> None:
    child = scene.process("child", scene.python)
    scene.generate(scene.shell, CTRL_C, child)
    scene.told()
    assert not scene.connect(child, scene.launcher)
    assert not scene.connect(child, scene.launcher, starts=False), "AttachConsole, too"
    assert scene.heard() == {}
    assert scene.listed()[0] == "child"


def test_a_child_that_has_exited_becomes_a_phantom_while_a_handle_is_open(scene: Scene) -> None:
    child = scene.process("child", scene.python)
    scene.exit(child, held=True)
    assert scene.generate(scene.shell, CTRL_C, child) == 0
    assert scene.listed()[0] == "child"


def test_a_phantom_keeps_its_process_id(scene: Scene) -> None:
    child = scene.process("child", scene.python)
    scene.exit(child, held=True)
    scene.generate(scene.shell, CTRL_C, child)
    scene.exit(child)  # the last handle of other processes is closed
    assert scene.server.holds(child) == 1
    assert scene.generate(scene.shell, CTRL_C, child) == 0


def test_a_dead_phantom_and_the_events_of_the_rest(scene: Scene, profile: Profile) -> None:
    """What csrss answers for a dead process is our driver's doing, by the source."""
    child = scene.process("child", scene.python)
    scene.exit(child, held=True)
    scene.generate(scene.shell, CTRL_C, child)
    scene.start("newer", scene.shell, scene.shell)
    scene.told()
    scene.generate(scene.shell, CTRL_C, 0)
    heard = {"child", "newer"} | ALL
    if profile.a_dead_process_stops_the_telling:
        heard = {"child"} | (ALL if not profile.newest_is_told_first else {"newer"})
    assert scene.heard() == {CTRL_C: heard}


def test_a_live_process_whose_parent_is_not_attached(scene: Scene) -> None:
    assert scene.generate(scene.shell, CTRL_C, scene.outsider) == ERROR_INVALID_PARAMETER
    assert scene.heard() == {}


def test_no_such_process(scene: Scene) -> None:
    assert scene.generate(scene.shell, CTRL_C, scene.nobody) == ERROR_BAD_FORMAT
    assert scene.heard() == {}


# --- other events ---------------------------------------------------------------------------------


def test_close_is_an_event_like_the_others(scene: Scene) -> None:
    scene.generate(scene.shell, CTRL_CLOSE, scene.launcher)
    assert scene.heard() == {CTRL_CLOSE: MEMBERS}


@pytest.mark.parametrize("event", [3, 5, 6, 7, -1])
def test_a_number_that_is_no_event_succeeds_and_limits_the_next_key(
    scene: Scene, event: int
) -> None:
    assert scene.generate(scene.shell, event, scene.launcher) == 0
    scene.prints()
    assert scene.heard() == {}
    scene.server.type(messages.CTRL_C_KEY)
    assert scene.heard() == {CTRL_C: MEMBERS}, "the user's Ctrl+C does not reach the shell"
    scene.server.type(messages.CTRL_C_KEY)
    assert scene.heard() == {CTRL_C: ALL}
