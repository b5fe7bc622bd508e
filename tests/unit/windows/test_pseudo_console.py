"""PseudoConsole where there is none; everything else of it is in tests/windows."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import PseudoConsole
from ctrlevent._win32 import constants as c
from ctrlevent._win32.boundary import Created
from ctrlevent._windows import pseudo_console
from tests.fakes.windows import FakeWindows, Process, install

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def open_files() -> set[str]:
    return {*os.listdir("/proc/self/fd")} if os.path.exists("/proc/self/fd") else set()


@pytest.mark.limits
def test_before_windows_10_1809_the_error_says_so(windows: Any) -> None:
    before = open_files()
    with pytest.raises(OSError, match="Windows 10 1809") as refusal:
        PseudoConsole()
    assert refusal.value.errno == errno.ENOSYS
    assert getattr(refusal.value.__cause__, "winerror", None) == c.ERROR_PROC_NOT_FOUND
    assert not windows.jobs
    assert open_files() <= before  # those of other tests may be closed meanwhile


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
        PseudoConsole(*size)
    assert not windows.calls


@pytest.mark.limits
def test_console_that_windows_refuses_leaves_nothing(windows: Any) -> None:
    before = open_files()
    windows.fail("CreatePseudoConsole", c.ERROR_ACCESS_DENIED)
    with pytest.raises(PermissionError):
        PseudoConsole()
    assert not windows.jobs
    assert open_files() <= before  # those of other tests may be closed meanwhile


@pytest.mark.skipif(sys.platform == "win32", reason="this asks the Windows that it runs on")
def test_close_ends_what_does_not_end_by_itself(
    windows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    active, ends, closed = [3], list[float](), list[int]()

    def end(_job: int, _code: int) -> None:
        ends.append(windows.now)
        windows.after(0.5, lambda: active.__setitem__(0, 0))

    monkeypatch.setattr(windows, "TerminateJobObject", end)
    monkeypatch.setattr(windows, "QueryInformationJobObject", lambda _job: active[0])
    monkeypatch.setattr(windows, "ClosePseudoConsole", closed.append)
    console: Any = pseudo_console.Terminal.__new__(pseudo_console.Terminal)
    console._windows = windows
    console._closing, console._children, console._console = threading.Lock(), [], 0x55
    console.is_open = True
    console._job, console._reader = windows.CreateJobObject(), threading.Thread()
    console._reader.start()
    typed, console._keys = os.pipe()
    console.close()
    os.close(typed)
    assert closed == [0x55]
    assert len(ends) == 1
    assert ends[0] >= 1000 + pseudo_console.CLOSE_SECONDS
    assert windows.jobs == []


def test_standard_handles_are_null_on_windows(windows: Any) -> None:
    with pseudo_console._standard_handles(windows) as handles:
        assert handles == (0, 0, 0)


# --- a process on a pseudo console, as far as the console has nothing to do with it ---------------


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    fake = install(monkeypatch, FakeWindows())
    yield fake
    assert not fake.handles


@pytest.fixture
def process(fake: FakeWindows) -> Process:
    return fake.spawn()


@pytest.fixture
def child(fake: FakeWindows, process: Process) -> Iterator[pseudo_console.TerminalProcess]:
    access = c.SYNCHRONIZE | c.PROCESS_TERMINATE | c.PROCESS_QUERY_LIMITED_INFORMATION
    created = Created(fake.OpenProcess(access, process.pid), 0, process.pid, 0)
    child = pseudo_console.TerminalProcess(fake, ["x"])
    child.take(*created)
    yield child
    child.let_go()


def test_exit_status_is_known_after_the_end(
    process: Process, child: pseudo_console.TerminalProcess
) -> None:
    assert repr(child) == f"<TerminalProcess {process.pid}>"
    assert child.poll() is None
    process.exit(7)
    assert (child.poll(), child.wait(), child.returncode) == (7, 7, 7)


def test_wait_that_takes_too_long(child: pseudo_console.TerminalProcess) -> None:
    with pytest.raises(subprocess.TimeoutExpired) as error:
        child.wait(0)
    assert (error.value.cmd, error.value.timeout) == (["x"], 0)


def test_wait_for_one_that_was_let_go(child: pseudo_console.TerminalProcess) -> None:
    """It cannot be known any more whether the process has exited."""
    child.let_go()
    assert not child.wait_until(float("inf"))


def test_kill_ends_it(
    fake: FakeWindows, process: Process, child: pseudo_console.TerminalProcess
) -> None:
    child.kill()
    assert fake.terminated == [(process.pid, 1)]
    child.kill()
    assert fake.terminated == [(process.pid, 1)]


def test_kill_of_one_that_ends_meanwhile(
    fake: FakeWindows,
    process: Process,
    child: pseudo_console.TerminalProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = fake.TerminateProcess

    def terminate(hProcess: int, uExitCode: int) -> None:
        process.exit(7)
        real(hProcess, uExitCode)

    monkeypatch.setattr(fake, "TerminateProcess", terminate)
    child.kill()
    assert child.poll() == 7


def test_kill_of_one_that_may_not_be_ended(
    fake: FakeWindows, process: Process, child: pseudo_console.TerminalProcess
) -> None:
    fake.fail("TerminateProcess", c.ERROR_ACCESS_DENIED)
    with pytest.raises(PermissionError):
        child.kill()
    assert process.is_alive
