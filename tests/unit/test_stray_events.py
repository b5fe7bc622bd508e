"""`_stray_events`: by which facts an event is a test's, or the user's. No event is sent here."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import CTRL_C_EVENT, ProcessInfo, _protocol, _stray_events
from ctrlevent._stray_events import INSISTS, Watch

if TYPE_CHECKING:
    from ctrlevent import CtrlEvent


class Activity(_stray_events._Activity):
    """That of a process of its own: nothing is observed, and the test says what runs."""

    def __init__(self) -> None:
        self.any = self.ever_started = self.foreign = self.children = False
        self.to_itself = 0
        self.last_unclear = -INSISTS
        self.before = frozenset({1, 10, os.getpid()})

    def _processes_run(self) -> bool:
        return self.children


@pytest.fixture
def activity(monkeypatch: pytest.MonkeyPatch) -> Activity:
    activity = Activity()
    monkeypatch.setattr(_stray_events, "_activities", [activity])
    return activity


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(_stray_events, "monotonic", lambda: now[0])
    return now


def watch() -> tuple[Watch, list[CtrlEvent]]:
    told: list[CtrlEvent] = []
    return Watch(told.append), told


# --- the decision ---------------------------------------------------------------------------------


def test_where_nothing_was_sent_or_started_it_is_the_user_s(activity: Activity) -> None:
    del activity
    one, told = watch()
    assert not one._take(CTRL_C_EVENT)
    assert (one.events, told) == ([], [])


@pytest.mark.parametrize("what", ["any", "foreign", "children"])
def test_where_it_cannot_be_told_the_first_is_the_test_s(activity: Activity, what: str) -> None:
    setattr(activity, what, True)
    one, told = watch()
    assert one._take(CTRL_C_EVENT)
    assert one.events == told == [CTRL_C_EVENT]


def test_a_second_in_the_same_test_is_the_user_s(activity: Activity, clock: list[float]) -> None:
    activity.any = True
    one, _ = watch()
    assert one._take(CTRL_C_EVENT)
    clock[0] += 10 * INSISTS
    assert not one._take(CTRL_C_EVENT)
    assert one.events == [CTRL_C_EVENT]


@pytest.mark.parametrize(("later", "taken"), [(INSISTS - 0.1, False), (INSISTS, True)])
def test_one_in_the_next_test(
    activity: Activity, clock: list[float], later: float, taken: bool
) -> None:
    activity.any = True
    assert watch()[0]._take(CTRL_C_EVENT)
    clock[0] += later
    assert watch()[0]._take(CTRL_C_EVENT) is taken


def test_a_key_that_is_held_down_is_the_user_s(activity: Activity, clock: list[float]) -> None:
    """Each event counts from the last, taken or not."""
    activity.any = True
    assert watch()[0]._take(CTRL_C_EVENT)
    for _ in range(3):
        clock[0] += INSISTS - 0.1
        assert not watch()[0]._take(CTRL_C_EVENT)


def test_what_the_process_has_sent_to_itself_is_the_test_s(
    activity: Activity, clock: list[float]
) -> None:
    """As often as it has; and says nothing of what comes besides."""
    del clock
    activity.note(to_itself=True)
    activity.note(to_itself=True)
    one, told = watch()
    assert [one._take(CTRL_C_EVENT) for _ in range(4)] == [True, True, True, False]
    assert len(told) == 1


def test_a_test_that_has_ended_is_forgotten(activity: Activity) -> None:
    activity.note(to_itself=True)
    activity.sets_out()
    assert not watch()[0]._take(CTRL_C_EVENT)


# --- the facts ------------------------------------------------------------------------------------

# On POSIX, and what else this system has for an event.
EVENT = 0 if sys.platform == "win32" else int(signal.SIGINT)

CALLS: list[tuple[str, tuple[Any, ...], tuple[bool, int]]] = [
    ("os.kill", (os.getpid(), EVENT), (True, 1)),
    ("os.kill", (0, EVENT), (True, 1)),
    ("os.kill", (os.getpid(), 15), (True, 0)),
    ("os.kill", (os.getpid() + 1, EVENT), (True, 0)),
    ("os.killpg", (0, EVENT), (True, 1)),
    ("signal.pthread_kill", (123456, EVENT), (True, 1)),
    ("subprocess.Popen", ("x", ["x"], None, None), (True, 0)),
    ("_winapi.CreateProcess", ("x", "x", None), (True, 0)),
    ("os.fork", (), (True, 0)),
    ("open", ("x", "r", 0), (False, 0)),
]


@pytest.mark.parametrize(("call", "arguments", "expected"), CALLS)
def test_calls_by_their_auditing_event(
    activity: Activity, call: str, arguments: tuple[Any, ...], expected: tuple[bool, int]
) -> None:
    _stray_events._hook(activity)(call, arguments)
    assert (activity.any, activity.to_itself) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="there 0 is Ctrl+C to os.kill")
def test_a_look_is_no_sending(activity: Activity) -> None:
    _stray_events._hook(activity)("os.kill", (os.getpid(), 0))
    assert not activity.any


def test_what_ctypes_looks_up(activity: Activity) -> None:
    hook = _stray_events._hook(activity)
    hook("ctypes.dlsym", (None, "GetConsoleProcessList"))
    assert not activity.foreign
    hook("ctypes.dlsym", (None, "GenerateConsoleCtrlEvent"))
    assert activity.foreign


def test_what_this_package_looks_up(activity: Activity) -> None:
    code = "hook('ctypes.dlsym', (None, 'GenerateConsoleCtrlEvent'))"
    exec(code, {"hook": _stray_events._hook(activity), "__name__": "ctrlevent._win32.native"})
    assert not activity.foreign


def process(pid: int, ppid: int | None) -> ProcessInfo:
    return ProcessInfo(pid, ppid, None, None, None, None)


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ([], False),
        ([process(10, 1)], False),  # was there before
        ([process(20, os.getpid())], True),
        ([process(20, 30), process(30, os.getpid())], True),
        ([process(20, 10), process(10, 1)], False),  # of what was there before
        ([process(20, 1)], True),  # an orphan, on POSIX
        ([process(20, None)], True),
        ([process(20, 0x7FFF_FFFE)], True),  # its parent has exited
        ([process(20, os.getppid())], False),  # of a process that is alive, and not on the console
        ([process(20, 21), process(21, 20)], False),
    ],
)
def test_processes_that_a_test_may_have_started(
    activity: Activity,
    monkeypatch: pytest.MonkeyPatch,
    processes: list[ProcessInfo],
    expected: bool,
) -> None:
    monkeypatch.setattr(_stray_events, "_is_alive", {10, 20, 21, os.getppid()}.__contains__)
    seen = (process(os.getpid(), os.getppid()), *processes)
    found = any(activity._may_be_a_test_s(one, seen) for one in seen)
    assert found is expected


def test_every_verb_of_a_half_that_sends_or_starts_is_observed() -> None:
    """A new function of the half has to be put into one of the two lists."""
    # Asks; waits; listens; sets the mode of a console; is followed by an audit event of
    # `subprocess`; or starts a process of this package, which sends to itself alone.
    harmless = {
        *("preview_killpg", "preview_kill", "getpgid", "ignores_ctrl_c"),
        *("console_processes", "ignore_ctrl_c", "registration", "start", "tree", "end_child"),
        *(
            "further_patches",
            "resume_thread",
            "close_process",
            "abandon_process",
            "escapes",
            "guard",
            "guard_pids",
            "loop_child",
            "whole",
            "wait",
            "run",
            "run_on_terminal",
            "process_tree",
        ),
    }
    shape = {name for name in vars(_protocol.Half) if not name.startswith("_")}
    assert shape == {*harmless, *_stray_events.SENDING}
