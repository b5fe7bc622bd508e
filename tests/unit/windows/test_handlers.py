"""`handler` on a fake Windows: what is registered when, and what Windows is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import CtrlEvent, _unpatched, handler
from ctrlevent._win32 import constants as c
from ctrlevent._windows import handlers
from ctrlevent._windows.handlers import Registration
from tests.fakes.windows import CTRL_BREAK, CTRL_C, FakeWindows
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process; and the exit of this process finds nothing of the fake's."""
    for name in ("_free", "_made"):
        monkeypatch.setattr(Registration, name, [])
    monkeypatch.setattr(Registration, "_exiting", False)


@pytest.fixture
def told() -> list[CtrlEvent]:
    return []


@pytest.fixture
def take(told: list[CtrlEvent]) -> Callable[[CtrlEvent], bool]:
    def take(event: CtrlEvent) -> bool:
        told.append(event)
        return True

    return take


def happen(windows: FakeWindows, event: int) -> list[bool]:
    """Windows asks the handlers, last registered first, until a handler has taken the event."""
    answers: list[bool] = []
    for routine in reversed(windows.handlers):
        answers.append(routine(event))
        if answers[-1]:
            break
    return answers


def wait_until_nobody_is_registered(windows: FakeWindows) -> None:
    wait_until(lambda: not windows.handlers, "nobody being registered")


def test_only_within_the_block(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool], told: list[CtrlEvent]
) -> None:
    with handler(take):
        assert happen(windows, CTRL_C) == [True]
    assert told == [CtrlEvent.CTRL_C_EVENT]
    assert windows.handlers == []


def test_other_events_go_on(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool], told: list[CtrlEvent]
) -> None:
    with handler(take, CtrlEvent.CTRL_BREAK_EVENT):
        assert happen(windows, CTRL_C) == [False]
        assert told == []
        assert happen(windows, CTRL_BREAK) == [True]
    assert told == [CtrlEvent.CTRL_BREAK_EVENT]


def test_the_last_is_asked_first(windows: FakeWindows) -> None:
    asked: list[str] = []

    def asking(name: str) -> Callable[[CtrlEvent], Any]:
        return lambda _event: asked.append(name)

    with handler(asking("first")), handler(asking("second")):
        assert happen(windows, CTRL_C) == [False, False]
    assert asked == ["second", "first"]


def test_routine_that_windows_calls_late_takes_nothing(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool], told: list[CtrlEvent]
) -> None:
    with handler(take):
        (routine,) = windows.handlers
    assert routine(CTRL_C) is False
    assert told == []


def test_routines_are_used_again(windows: FakeWindows, take: Callable[[CtrlEvent], bool]) -> None:
    seen = []
    for _ in range(3):
        with handler(take):
            seen += windows.handlers
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_one_that_cannot_be_registered_is_not_entered(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool]
) -> None:
    windows.fail("SetConsoleCtrlHandler", c.ERROR_ACCESS_DENIED)
    one = handler(take)
    with pytest.raises(PermissionError):
        one.__enter__()
    with pytest.raises(RuntimeError, match="more often"):
        one.__exit__(None, None, None)
    with one:
        assert happen(windows, CTRL_C) == [True]


def test_one_that_windows_does_not_let_go_is_an_error(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool], told: list[CtrlEvent]
) -> None:
    one = handler(take).__enter__()
    windows.fail("SetConsoleCtrlHandler", c.ERROR_ACCESS_DENIED)
    with pytest.raises(PermissionError):
        one.__exit__(None, None, None)
    assert happen(windows, CTRL_C) == [False]
    assert told == []


def test_handlers_that_somebody_has_removed(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool]
) -> None:
    """As FreeConsole does."""
    with handler(take):
        windows.handlers.clear()
    with handler(take):
        assert happen(windows, CTRL_C) == [True]


def test_callback_that_leaves_its_own_handler(windows: FakeWindows) -> None:
    """Windows unregisters no handler during a callback, so that is done after the callback."""

    def leave(_event: CtrlEvent) -> bool:
        one.__exit__(None, None, None)
        return True

    one = handler(leave).__enter__()
    assert happen(windows, CTRL_C) == [True]
    wait_until_nobody_is_registered(windows)


def test_callback_that_leaves_when_no_thread_can_be_started(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the interpreter's end."""
    left: list[bool] = []

    def leave(_event: CtrlEvent) -> bool:
        one.__exit__(None, None, None)
        left.append(True)
        return True

    def start(*_given: Any) -> None:
        raise RuntimeError("can't start new thread")

    one = handler(leave).__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(_unpatched, "start_new_thread", start)
        assert happen(windows, CTRL_C) == [True]
    assert happen(windows, CTRL_C) == [False]
    assert left == [True]


# --- the interpreter's exit -----------------------------------------------------------------------


def test_exit_removes_all(windows: FakeWindows, take: Callable[[CtrlEvent], bool]) -> None:
    for _ in range(3):
        handler(take).__enter__()
    assert len(windows.handlers) == 3
    Registration.remove_all()
    assert windows.handlers == []


def test_exit_registers_no_more(windows: FakeWindows, take: Callable[[CtrlEvent], bool]) -> None:
    Registration.remove_all()
    with pytest.raises(OSError, match="the interpreter is ending"), handler(take):
        pytest.fail("it was entered")
    assert windows.handlers == []


@pytest.mark.parametrize("seconds", [1.0, 60.0])
def test_exit_waits_for_a_callback_that_runs_but_not_for_ever(
    windows: FakeWindows, take: Callable[[CtrlEvent], bool], seconds: float
) -> None:
    """A callback that still runs is left to Windows, which would wait for it without an end."""
    start = windows.now
    left: list[int] = []

    def exit_meanwhile(_event: CtrlEvent) -> bool:
        (running,) = [made for made in Registration._made if made._running]
        windows.after(seconds, running._running.clear)
        Registration.remove_all()
        left.append(len(windows.handlers))
        running._running.append(None)
        return True

    with handler(take), handler(exit_meanwhile):
        happen(windows, CTRL_C)
        Registration._exiting = False
    waits_at_most = handlers.CLOSE_SECONDS + 2 * handlers._PAUSE
    assert windows.now - start <= min(seconds + 2 * handlers._PAUSE, waits_at_most)
    assert left == [0 if seconds < handlers.CLOSE_SECONDS else 1]


def test_ctrl_c_at_the_exit_stops_nothing(
    windows: FakeWindows,
    take: Callable[[CtrlEvent], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        handler(take).__enter__()
    real, calls = windows.SetConsoleCtrlHandler, 0

    def interrupted(HandlerRoutine: Any, Add: bool) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        real(HandlerRoutine, Add)

    monkeypatch.setattr(windows, "SetConsoleCtrlHandler", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Registration.remove_all()
    assert windows.handlers == []
