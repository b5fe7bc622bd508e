"""PseudoConsole where there is none; everything else of it is in tests/windows."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import pytest

from ctrlevent import _pseudo_console, run
from ctrlevent._posix_pseudo_console import PseudoConsole as PosixPseudoConsole
from ctrlevent._win32 import constants as c
from tests.fakes.windows import FakeWindows, install


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    fake = install(monkeypatch, FakeWindows())
    jobs: list[int] = []

    def create_job() -> int:
        jobs.append(0x1000 + len(jobs))
        return jobs[-1]

    monkeypatch.setattr(fake, "CreateJobObject", create_job)
    monkeypatch.setattr(fake, "CloseHandle", jobs.remove)
    setattr(fake, "jobs", jobs)  # noqa: B010
    return fake


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


def test_before_windows_10_1809_the_error_says_so(windows: Any) -> None:
    before = open_files()
    with pytest.raises(OSError, match="Windows 10 1809") as refusal:
        _pseudo_console.PseudoConsole()
    assert refusal.value.errno == errno.ENOSYS
    assert getattr(refusal.value.__cause__, "winerror", None) == c.ERROR_PROC_NOT_FOUND
    assert not windows.jobs
    assert open_files() == before


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ((0, 30), ValueError),
        ((120, -1), ValueError),
        ((1 << 15, 30), ValueError),
        ((120.0, 30), TypeError),
        ((True, 30), TypeError),
    ],
)
def test_sizes_that_none_can_have(windows: Any, size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        _pseudo_console.PseudoConsole(*size)
    assert not windows.calls


def test_on_posix_the_error_says_what_to_use() -> None:
    with pytest.raises(OSError, match="pty module") as refusal:
        PosixPseudoConsole()
    assert refusal.value.errno == errno.ENOSYS


@pytest.mark.skipif(sys.platform == "win32", reason="what POSIX has not")
def test_on_posix_run_has_none_either() -> None:
    with pytest.raises(OSError, match="pty module") as refusal:
        run(["x"], console="pty")
    assert refusal.value.errno == errno.ENOSYS
