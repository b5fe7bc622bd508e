"""The helper process on a fake Windows: its code, in a process of the fake, but no pipes."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from ctrlevent import _helper_main
from ctrlevent._win32 import constants as c

if TYPE_CHECKING:
    import pytest

    from .windows import FakeWindows


class FakeHelper:
    """Stands for `_helper._Helper`; each request has a process of its own."""

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.pids: set[int] = set()
        self.requests: list[dict[str, Any]] = []

    def ask(self, request: dict[str, Any], _deadline: float) -> dict[str, Any]:
        windows = self.windows
        self.requests.append(request)
        detached = c.DETACHED_PROCESS | c.CREATE_NEW_PROCESS_GROUP
        process = windows.create(windows.caller, detached, bits=windows.caller.bits)
        self.pids.add(process.pid)
        caller, windows.caller = windows.caller, process
        try:
            request = marshal.loads(marshal.dumps(request))
            answer = _helper_main.answer(windows, request)
            reply: dict[str, Any] = marshal.loads(marshal.dumps(answer))
        finally:
            windows.caller = caller
            process.exit()
        return reply


def install(patch: pytest.MonkeyPatch, windows: FakeWindows) -> FakeHelper:
    """Put it in the place of the helper process, for a caller that is no frozen program."""
    helper = FakeHelper(windows)
    patch.setattr("ctrlevent._helper.available", lambda: True)
    patch.setattr("ctrlevent._helper._helper", lambda: helper)
    return helper
