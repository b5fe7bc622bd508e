"""`Guard` on POSIX, where no event is ever pending."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ctrlevent import Guard

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this is the half for POSIX")


@pytest.mark.parametrize("every", [None, 0.1])
def test_nothing_is_pending(every: float | None) -> None:
    with Guard(every=every) as guard:
        assert (guard.clear(), guard.found(), guard.leaves_events_pending) == (False, 0, False)


def test_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def popen(*_: Any, **__: Any) -> None:
        raise AssertionError("a process is started")

    monkeypatch.setattr(subprocess.Popen, "__init__", popen)
    with Guard(every=0.1) as guard:
        guard.clear()


def test_outside_of_its_context() -> None:
    with pytest.raises(RuntimeError):
        Guard().clear()
