"""The helper process on a fake Windows: its code, in a process of the fake, but no pipes."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from ctrlevent._win32 import constants as c
from ctrlevent._windows import helper_process

if TYPE_CHECKING:
    from .windows import FakeWindows


class FakeHelper:
    """Implements `boundary.PythonProcess`; each request has a process of its own."""

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.pids: set[int] = set()
        self.requests: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []

    @property
    def pid(self) -> int:
        raise AssertionError("each request has a process of its own")

    def is_alive(self) -> bool:
        return True

    def send(self, message: bytes) -> None:
        windows = self.windows
        request = marshal.loads(message)
        self.requests.append(request)
        detached = c.DETACHED_PROCESS | c.CREATE_NEW_PROCESS_GROUP
        process = windows.create(windows.caller, detached, bits=windows.caller.bits)
        self.pids.add(process.pid)
        caller, windows.caller = windows.caller, process
        try:
            answer = helper_process.answer(windows, request)
            self.replies.append(marshal.loads(marshal.dumps(answer)))
        finally:
            windows.caller = caller
            process.exit()

    def receive(self, seconds: float) -> dict[str, Any]:
        assert seconds > 0
        return self.replies.pop()

    def exit_code(self) -> int:
        raise AssertionError("it does not exit")

    def close(self) -> None:
        self.replies.clear()


def install(windows: FakeWindows) -> FakeHelper:
    """Let this Windows have a Python to run as the helper process."""
    windows.helper = FakeHelper(windows)
    return windows.helper
