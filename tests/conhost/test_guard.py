"""How the leader of a group of its own, a guard, clears an event that is parked on the console.

On Microsoft's console server. `python` leads no group and parks events, as a plain os.kill of its
own pid does. The guard sends to its own group, which the console knows, so each of its calls sends
at once what is pending. The same kind merges, and the newest group wins, which is the guard's.
Different kinds drop each other: since microsoft/terminal 391abafc of December 2022, and no build
from before that was tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent._types import CtrlEvent
from ctrlevent._win32 import constants as c
from tests.fakes import windows as fake
from tests.fakes.console import CTRL_BREAK, CTRL_C

from .both import on_the_server
from .scene import ALL, RELEASES, Scene

if TYPE_CHECKING:
    from tests.fakes.profiles import Profile
    from tests.fakes.windows import Console, FakeWindows

    from .servers import Servers

EVENTS = {"C": CTRL_C, "B": CTRL_BREAK}
MEMBERS = {"launcher", "python"}


class Row(NamedTuple):
    """What arrives at the guard, in order, for what the guard sends, in order.

    C is a Ctrl+C, B a Ctrl+Break.
    """

    B: str
    C: str
    BC: str
    CB: str
    unguarded: str
    """What the next console call of any process sends to all, if there is no guard."""

    @property
    def a_ctrl_c_was_parked(self) -> bool:
        """What a guard that sends a Ctrl+Break, then a Ctrl+C, concludes."""
        return "B" not in self.BC


# By what python's calls have parked, in order.
ROWS = {
    "": Row(B="B", C="C", BC="BC", CB="CB", unguarded=""),
    "C": Row(B="", C="C", BC="C", CB="CB", unguarded="C"),
    "B": Row(B="B", C="", BC="BC", CB="B", unguarded="B"),
    "CC": Row(B="", C="C", BC="C", CB="CB", unguarded="C"),
    "BB": Row(B="B", C="", BC="BC", CB="B", unguarded="B"),
    "CB": Row(B="", C="", BC="C", CB="B", unguarded=""),
    "BC": Row(B="", C="", BC="C", CB="B", unguarded=""),
}

each = pytest.mark.parametrize("parked", ROWS, ids=[parked or "nothing" for parked in ROWS])
each_kind = pytest.mark.parametrize("kind", EVENTS)


@pytest.fixture
def guard(scene: Scene) -> int:
    """It has connected before anything is parked: its connecting would release that."""
    guard = scene.start("guard", scene.shell, leads=True)
    scene.told()
    return guard


def park(scene: Scene, kinds: str) -> None:
    for kind in kinds:
        scene.park(EVENTS[kind])  # which releases nothing that is parked already


def arrives(scene: Scene, guard: int, kinds: str) -> str:
    """The guard sends these, one after the other. Returns those that arrive; all at the guard."""
    got = ""
    for kind in kinds:
        assert scene.generate(guard, EVENTS[kind], guard) == 0, "success, whatever arrives"
        told = scene.told()
        assert told in ([], [("guard", EVENTS[kind])]), "no other process, and no other event"
        got += kind * len(told)
    return got


def assert_nothing_is_parked(scene: Scene, guard: int) -> None:
    for process in (scene.shell, scene.neighbour, scene.launcher, scene.python, guard):
        scene.prints(process)
        assert scene.told() == []


# --- the guard clears -----------------------------------------------------------------------------


@each_kind
@each
def test_one_event_to_its_own_group_clears(
    scene: Scene, guard: int, parked: str, kind: str
) -> None:
    park(scene, parked)
    assert arrives(scene, guard, kind) == getattr(ROWS[parked], kind)
    assert_nothing_is_parked(scene, guard)


@each
def test_a_break_and_then_a_ctrl_c_tell_whether_a_ctrl_c_was_parked(
    scene: Scene, guard: int, parked: str
) -> None:
    park(scene, parked)
    assert arrives(scene, guard, "BC") == ROWS[parked].BC
    assert ROWS[parked].a_ctrl_c_was_parked == ("C" in parked)
    assert ROWS[parked].BC[-1] == "C", "after which a guard need not wait for the Break"
    assert_nothing_is_parked(scene, guard)


@each
def test_a_ctrl_c_and_then_a_break_tell_whether_a_break_was_parked(
    scene: Scene, guard: int, parked: str
) -> None:
    """The order for builds from before December 2022, here on builds since then."""
    park(scene, parked)
    assert arrives(scene, guard, "CB") == ROWS[parked].CB
    assert ("C" not in ROWS[parked].CB) == ("B" in parked)
    assert_nothing_is_parked(scene, guard)


@each
def test_without_the_guards_calls_the_next_console_call_tells_every_process(
    scene: Scene, guard: int, parked: str
) -> None:
    """The control. Two wrong calls of different kinds drop each other, with no guard."""
    park(scene, parked)
    scene.prints(scene.neighbour)
    assert scene.heard() == {EVENTS[kind]: ALL | {"guard"} for kind in ROWS[parked].unguarded}
    assert_nothing_is_parked(scene, guard)


@each
def test_a_guard_clears_again_and_again(scene: Scene, guard: int, parked: str) -> None:
    for _ in range(5):
        park(scene, parked)
        assert arrives(scene, guard, "BC") == ROWS[parked].BC
    assert_nothing_is_parked(scene, guard)


def test_a_second_guard_is_told_nothing(scene: Scene, guard: int) -> None:
    second = scene.start("second", scene.shell, leads=True)
    scene.told()
    scene.park()
    assert arrives(scene, guard, "BC") == "C"
    assert scene.generate(second, CTRL_BREAK, second) == 0
    assert scene.told() == [("second", CTRL_BREAK)], "it finds nothing parked"
    assert_nothing_is_parked(scene, guard)


@pytest.mark.parametrize("between", [parked for parked in ROWS if parked])
@each
def test_a_wrong_call_between_the_guards_two_calls_is_cleared_too(
    scene: Scene, guard: int, parked: str, between: str
) -> None:
    """But if it parks a Ctrl+Break, the guard's Ctrl+C does not arrive: nothing may wait for it."""
    park(scene, parked)
    assert arrives(scene, guard, "B") == ROWS[parked].B
    park(scene, between)
    assert arrives(scene, guard, "C") == ROWS[between].C == ("" if "B" in between else "C")
    assert_nothing_is_parked(scene, guard)


# --- the window that stays ------------------------------------------------------------------------


@pytest.mark.parametrize("way", RELEASES)
@each_kind
def test_any_console_call_before_the_guards_releases_it_to_every_process(
    scene: Scene, guard: int, kind: str, way: str
) -> None:
    park(scene, kind)
    RELEASES[way](scene)
    newcomer = {"newcomer"} if way == "a process connects" else set()
    assert scene.heard() == {EVENTS[kind]: ALL | newcomer | {"guard"}}
    assert arrives(scene, guard, "BC") == ROWS[""].BC, "the guard comes too late: nothing is parked"


@each_kind
def test_a_guard_that_starts_after_the_wrong_call_releases_it_to_every_process(
    scene: Scene, kind: str
) -> None:
    park(scene, kind)
    scene.start("guard", scene.shell, leads=True)
    assert scene.heard() == {EVENTS[kind]: ALL | {"guard"}}


# --- can killpg lose its event against a parked event? --------------------------------------------


@each_kind
@each
def test_the_look_at_the_process_list_releases_what_is_parked_and_the_event_arrives(
    scene: Scene, parked: str, kind: str
) -> None:
    """What `killpg` does: GetConsoleProcessList, then the event."""
    park(scene, parked)
    scene.listed(scene.shell)
    assert scene.heard() == {EVENTS[one]: ALL for one in ROWS[parked].unguarded}
    assert scene.generate(scene.shell, EVENTS[kind], scene.launcher) == 0
    assert scene.heard() == {EVENTS[kind]: MEMBERS}
    scene.prints()
    assert scene.heard() == {}


@each_kind
def test_without_the_look_an_event_is_dropped_with_a_parked_one_of_the_other_kind(
    scene: Scene, kind: str
) -> None:
    """A plain call to a group that the console knows: success, and no process is told."""
    park(scene, "C" if kind == "B" else "B")
    assert scene.generate(scene.shell, EVENTS[kind], scene.launcher) == 0
    assert scene.heard() == {}
    scene.prints()
    assert scene.heard() == {}, "nothing is left"
    assert scene.generate(scene.shell, EVENTS[kind], scene.launcher) == 0
    assert scene.heard() == {EVENTS[kind]: MEMBERS}, "the next one arrives"


@each_kind
def test_without_the_look_an_event_merges_with_a_parked_one_of_the_same_kind(
    scene: Scene, kind: str
) -> None:
    """The newest group wins: the event goes to that group alone, and nothing is left."""
    park(scene, kind)
    assert scene.generate(scene.shell, EVENTS[kind], scene.launcher) == 0
    assert scene.heard() == {EVENTS[kind]: MEMBERS}
    scene.prints()
    assert scene.heard() == {}


@each_kind
@each
@pytest.mark.parametrize("verb", ["killpg", "broadcast"])
def test_our_verbs_lose_no_event_against_one_that_was_parked_before(
    servers: Servers,
    profile: Profile,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    parked: str,
    kind: str,
) -> None:
    """The verbs themselves, on the server; the processes are those of the fake Windows."""

    def play(new_console: Callable[[FakeWindows], Console]) -> None:
        windows = fake.FakeWindows(profile=profile, new_console=new_console)
        fake.install(monkeypatch, windows)
        launcher = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP)
        launcher.ignores = False
        python = windows.create(launcher)
        with windows.somebody_else(python):
            for one in parked:
                windows.GenerateConsoleCtrlEvent(EVENTS[one], python.pid)
        assert windows.received == []
        members = [launcher.pid, python.pid]
        in_all = [windows.caller.pid, *members]
        if verb == "killpg":
            ctrlevent.killpg(launcher.pid, CtrlEvent(EVENTS[kind]))
        else:
            ctrlevent.broadcast(CtrlEvent(EVENTS[kind]))
        meant = members if verb == "killpg" else in_all
        released = [(pid, EVENTS[one]) for one in ROWS[parked].unguarded for pid in in_all]
        first, then = windows.received[: len(released)], windows.received[len(released) :]
        assert sorted(first) == sorted(released)
        assert sorted(then) == [(pid, EVENTS[kind]) for pid in meant]
        windows.console.call(windows.caller, "WriteConsole")
        assert len(windows.received) == len(first + then), "nothing is left"

    on_the_server(servers, play)
