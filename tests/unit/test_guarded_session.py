"""`_guarded_session`: which call is wrong, and what workers tell each other."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import CtrlEvent, NoConsole, _guarded_session
from ctrlevent._guarded_session import GuardedSession, _Workers
from ctrlevent._half import half
from ctrlevent._unpatched import system_calls

if TYPE_CHECKING:
    from pathlib import Path

LEADER, MEMBER, GONE = 4000, 4004, 4008
GROUPS = {LEADER: LEADER, MEMBER: LEADER, os.getpid(): LEADER}


class FakeGuard:
    """Stands, and has found so many."""

    leaves_events_pending = False  # so that no hook is added to this process

    def __init__(self) -> None:
        self.count = 0
        self.cleared = 0

    def __enter__(self) -> FakeGuard:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def clear(self, timeout: float | None) -> bool:
        del timeout
        self.cleared += 1
        return False

    def found(self) -> int:
        return self.count


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> FakeGuard:
    def getpgid(pid: int) -> int:
        if pid not in GROUPS:
            raise ProcessLookupError
        return GROUPS[pid]

    guard = FakeGuard()
    monkeypatch.setattr(_guarded_session, "Guard", lambda: guard)
    monkeypatch.setattr(half, "getpgid", getpgid, raising=False)
    return guard


@pytest.fixture
def session(guard: FakeGuard) -> GuardedSession:
    del guard
    session = GuardedSession(None)
    session.start()
    return session


def calls(session: GuardedSession, pid: Any, number: Any) -> str | None:
    """Python is about to call os.kill, and then the phase of the test ends."""
    session._hook("os.kill", (pid, number))
    return session.check()


# --- which call is wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("event", [CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT])
def test_an_event_to_a_process_that_leads_no_group_is_reported(
    session: GuardedSession, event: CtrlEvent
) -> None:
    said = calls(session, MEMBER, int(event))
    assert said is not None
    assert f"{os.path.basename(__file__)}:" in said.replace("\\", "/").split(": os.kill")[0]
    assert f"os.kill({MEMBER}, signal.{event.name})" in said
    assert f"it is in group {LEADER}" in said


@pytest.mark.parametrize(
    ("pid", "number"), [(LEADER, 0), (GONE, 0), (0, 0), (MEMBER, 15), (MEMBER, 2)]
)
def test_no_other_call_is(session: GuardedSession, pid: int, number: int) -> None:
    assert calls(session, pid, number) is None


def test_each_call_is_reported_once(session: GuardedSession) -> None:
    assert calls(session, MEMBER, 0)
    assert session.check() is None


def test_all_calls_of_a_phase_are_reported(session: GuardedSession) -> None:
    session._hook("os.kill", (MEMBER, 0))
    session._hook("os.kill", (os.getpid(), 1))
    said = session.check()
    assert said is not None
    assert len(said.split("\n")) == 2


def test_other_audit_events_are_not_looked_at(session: GuardedSession) -> None:
    session._hook("os.system", ("x",))
    assert session.check() is None


def test_the_line_is_the_innermost_outside_of_the_standard_library(
    session: GuardedSession,
) -> None:
    """As for a call of `Popen.send_signal`."""
    names: dict[str, Any] = {}
    code = "def send_signal(hook, pid):\n    hook('os.kill', (pid, 0))"
    exec(compile(code, subprocess.__file__, "exec"), names)
    line = sys._getframe().f_lineno + 1
    names["send_signal"](session._hook, MEMBER)
    said = session.check()
    assert said is not None
    assert f"{os.path.basename(__file__)}:{line}: " in said


# --- what the guard has found ---------------------------------------------------------------------


def test_what_the_guard_has_found_is_the_doing_of_a_child(
    session: GuardedSession, guard: FakeGuard
) -> None:
    guard.count += 1
    said = session.check()
    assert said is not None
    assert "by a process that this test has started" in said
    assert session.check() is None


def test_what_a_call_of_this_process_has_left_is_not_reported_twice(
    session: GuardedSession, guard: FakeGuard
) -> None:
    guard.count += 1
    said = calls(session, MEMBER, 0)
    assert said is not None
    assert "has started" not in said


def test_the_console_is_cleared_at_each_check(session: GuardedSession, guard: FakeGuard) -> None:
    session.check()
    session.check()
    assert guard.cleared == 2


def test_a_guard_that_does_not_answer_fails_the_test(
    session: GuardedSession, guard: FakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: float) -> None:
        raise TimeoutError(110, "no answer")

    monkeypatch.setattr(guard, "clear", refuse)
    assert session.check() == "what is pending on the console was not cleared: no answer"


def test_without_a_console_there_is_nothing_to_guard(
    guard: FakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise NoConsole

    monkeypatch.setattr(FakeGuard, "__enter__", refuse)
    session = GuardedSession(None)
    session.start()
    assert session.check() is None
    assert "no console" in session.state()
    assert guard.cleared == 0
    session.stop()


# --- workers --------------------------------------------------------------------------------------


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[_Workers, _Workers]:
    workers = []
    for pid in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(system_calls, "getpid", lambda pid=pid: pid)
            workers.append(_Workers(str(tmp_path)))
    return workers[0], workers[1]


def test_a_worker_knows_no_call_of_its_own_as_another_s(
    workers: tuple[_Workers, _Workers],
) -> None:
    workers[0].note(b"+")
    assert not workers[0].others_called()


def test_a_call_of_another_worker_counts_until_that_has_cleared(
    workers: tuple[_Workers, _Workers],
) -> None:
    first, second = workers
    first.note(b"+")
    assert second.others_called()
    assert second.others_called()
    first.note(b"-")
    assert second.others_called(), "it may have been made since this was asked last"
    assert not second.others_called()


def test_what_a_guard_has_found_may_be_of_another_worker(
    guard: FakeGuard, workers: tuple[_Workers, _Workers]
) -> None:
    session = GuardedSession(workers[1]._folder)
    session.start()
    workers[0].note(b"+")
    guard.count += 1
    assert session.check() is None
    workers[0].note(b"-")
    assert session.check() is None
    guard.count += 1
    said = session.check()
    assert said is not None
    assert "which another worker was running" in said
