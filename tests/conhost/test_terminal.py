"""Keys, and the end of the terminal, on Microsoft's console server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.console import CTRL_BREAK, CTRL_C, CTRL_CLOSE
from tests.tools.conhost import messages
from tests.tools.conhost.server import MODE_AT_START

from .scene import ALL, Scene

if TYPE_CHECKING:
    from tests.fakes.profiles import Profile


@pytest.mark.parametrize(
    ("key", "event"), [(messages.CTRL_C_KEY, CTRL_C), (messages.CTRL_BREAK_KEY, CTRL_BREAK)]
)
def test_a_key_reaches_every_process_whatever_its_group(
    scene: Scene, key: bytes, event: int
) -> None:
    scene.server.type(key)
    assert scene.heard() == {event: ALL}


def test_without_processed_input_ctrl_c_is_no_event_and_ctrl_break_is(scene: Scene) -> None:
    mode = MODE_AT_START & ~messages.ENABLE_PROCESSED_INPUT
    scene.server.call(scene.shell, messages.set_mode(mode))
    scene.server.type(messages.CTRL_C_KEY)
    assert scene.heard() == {}
    scene.server.type(messages.CTRL_BREAK_KEY)
    assert scene.heard() == {CTRL_BREAK: ALL}


def test_a_key_merges_with_a_parked_event_of_its_kind(scene: Scene) -> None:
    scene.park(CTRL_C)
    scene.server.type(messages.CTRL_C_KEY)
    assert scene.heard() == {CTRL_C: ALL}
    scene.prints()
    assert scene.heard() == {}


def test_a_key_and_a_parked_event_of_the_other_kind_drop_each_other(scene: Scene) -> None:
    scene.park(CTRL_BREAK)
    scene.server.type(messages.CTRL_C_KEY)
    scene.prints()
    assert scene.heard() == {}


def test_when_the_terminal_goes_away_every_process_is_told(scene: Scene, profile: Profile) -> None:
    scene.server.close_terminal()
    in_order = ["python", "launcher", "neighbour", "shell"]
    if not profile.newest_is_told_first:
        in_order.reverse()
    assert scene.told() == [(name, CTRL_CLOSE) for name in in_order]


@pytest.mark.parametrize("parked", [CTRL_C, CTRL_BREAK])
def test_a_parked_event_swallows_the_end_of_the_terminal(scene: Scene, parked: int) -> None:
    scene.park(parked)
    scene.server.close_terminal()
    assert scene.heard() == {}
    scene.prints()
    assert scene.heard() == {}, "no process hears that its terminal is gone"


def test_a_number_that_is_no_event_limits_the_end_of_the_terminal(scene: Scene) -> None:
    scene.generate(scene.shell, 5, scene.launcher)
    scene.server.close_terminal()
    assert scene.heard() == {CTRL_CLOSE: {"launcher", "python"}}


def test_a_process_that_attaches_late_gets_what_was_parked_before(scene: Scene) -> None:
    late = scene.process("late", scene.outsider)
    scene.park()
    assert scene.connect(late, scene.outsider, starts=False)
    assert scene.heard() == {CTRL_C: ALL | {"late"}}


def test_a_process_that_attaches_after_the_end_of_the_terminal_is_not_told(scene: Scene) -> None:
    scene.server.close_terminal()
    scene.told()
    late = scene.process("late", scene.outsider)
    assert scene.connect(late, scene.outsider, starts=False)
    assert scene.heard() == {}


def test_when_its_last_client_has_left_the_server_ends(scene: Scene) -> None:
    """The driver of Windows says so; a phantom does not keep the console, nor a parked event."""
    phantom = scene.process("phantom", scene.python)
    scene.generate(scene.shell, CTRL_C, phantom)
    assert scene.heard() == {CTRL_C: {"phantom"}}
    scene.park()
    for pid in (scene.python, scene.launcher, scene.neighbour, scene.shell):
        scene.exit(pid)
    assert scene.server.no_client_is_left() == 0
