"""A guard on a fake Windows: its code, in a process on the caller's console, but no pipes."""

from __future__ import annotations

import functools
import marshal
from typing import TYPE_CHECKING, Any, Callable

from ctrlevent._win32 import constants as c
from ctrlevent._windows import guard_process

from . import helper
from . import windows as fake

if TYPE_CHECKING:
    from .windows import FakeWindows


class News:
    """The lock by which the handler wakes `Clearing`: a wait lasts on the clock of the fake."""

    def __init__(self, windows: FakeWindows) -> None:
        self._windows = windows
        self._is_locked = True

    def acquire(self, timeout: float) -> bool:
        if self._is_locked:
            self._windows.sleep(timeout)
        was_locked, self._is_locked = self._is_locked, True
        return not was_locked

    def release(self) -> None:
        if not self._is_locked:
            raise RuntimeError
        self._is_locked = False


def clearing(windows: FakeWindows) -> guard_process.Clearing:
    """In the process that is the caller of the fake meanwhile."""
    made: Any = guard_process.Clearing(windows)
    made._news = News(windows)
    return made  # type: ignore[no-any-return]


class FakeGuard:
    """Implements `boundary.PythonProcess`."""

    clearing: guard_process.Clearing

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.replies: list[dict[str, Any]] = []
        flags = c.CREATE_NEW_PROCESS_GROUP
        self.process = windows.create(windows.caller, flags, starts=False)
        self.process.reaction = fake.REGISTERED
        windows.guards.append(self)
        self.process.start()
        self._run(self._begin)

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process.is_alive

    def send(self, message: bytes) -> None:
        if not self.process.is_alive:
            raise BrokenPipeError
        self._run(lambda: guard_process.answer(self.clearing, marshal.loads(message)))

    def receive(self, seconds: float) -> dict[str, Any] | None:
        assert seconds > 0
        if self.replies:
            return self.replies.pop(0)
        if not self.process.is_alive:
            return None
        self.windows.sleep(seconds)
        raise TimeoutError

    def exit_code(self) -> int:
        raise AssertionError("no process waits for its exit")

    def close(self) -> None:
        self.process.exit(1)

    def _begin(self) -> dict[str, Any]:
        self.clearing = clearing(self.windows)
        return {"ready": self.pid}

    def _run(self, action: Callable[[], dict[str, Any]]) -> None:
        """What it answers, unless an event ends it before."""
        windows = self.windows
        could_end, windows.caller_can_end = windows.caller_can_end, True
        try:
            if self.process.is_alive:
                with windows.somebody_else(self.process):
                    self.replies.append(marshal.loads(marshal.dumps(action())))
        except fake.CallerEnded:
            pass
        finally:
            windows.caller_can_end = could_end


def install(windows: FakeWindows) -> list[FakeGuard]:
    """Let this Windows have a Python to run as a guard. Returns those that start."""
    if windows.helper is None:
        helper.install(windows)
    windows.start_guard = functools.partial(FakeGuard, windows)
    return windows.guards
