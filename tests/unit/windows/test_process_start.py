"""The start of a child of multiprocessing on Windows: what is created, and in which order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from multiprocessing import spawn
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent._win32 import constants as c
from ctrlevent._win32.boundary import Created, Startup
from ctrlevent._windows import process_start
from tests.fakes.windows import FakeWindows, Process, install
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL_ACCESS = 0x1F_FFFF


class Creating(FakeWindows):
    """A fake Windows with CreateProcess."""

    def __init__(self) -> None:
        super().__init__()
        self.child: Process
        self.steps: list[str] = []
        self.command = ""
        self.environment: str | None = None

    def CreateProcess(
        self,
        lpApplicationName: str | None,
        lpCommandLine: str | None,
        bInheritHandles: bool,
        dwCreationFlags: int,
        lpEnvironment: str | None,
        lpCurrentDirectory: str | None,
        startup: Startup,
    ) -> Created:
        assert dwCreationFlags & c.CREATE_SUSPENDED
        assert not bInheritHandles
        assert lpCurrentDirectory is None
        assert startup == Startup()
        self.steps.append(f"created {lpApplicationName}")
        self.command, self.environment = lpCommandLine or "", lpEnvironment
        self.child = self.create(self.caller, dwCreationFlags, starts=False)
        thread = self._open(self.child, ALL_ACCESS)
        return Created(self._open(self.child, ALL_ACCESS), thread, self.child.pid, 1)

    def NtResumeProcess(self, hProcess: int) -> None:
        assert self.child is self.handles[hProcess].to
        ignores = "ignores" if self.child.ignores else "hears"
        self.steps.append(f"resumed in group {self.child.group}, {ignores}")
        self.child.start()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[Creating]:
    fake = Creating()
    install(monkeypatch, fake)
    monkeypatch.setattr(spawn, "_python_exe", "python.exe")
    yield fake
    if fake.steps and fake.child.is_alive:  # the test has failed: nothing is to wait for it
        fake.child.exit(0)
        multiprocessing.active_children()
    assert not fake.handles


class Pickled:
    """The argument of a process."""

    def __init__(self, windows: Creating, error: BaseException | None = None) -> None:
        self.windows = windows
        self.error = error

    def __reduce__(self) -> Any:
        self.windows.steps.append("pickled")
        if self.error:
            raise self.error
        return str, ()


def files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


@pytest.mark.parametrize("caller_ignores", [False, True])
@pytest.mark.parametrize("keyboard", [False, True])
@pytest.mark.parametrize("group", ["own", "inherit"])
def test_child_is_made_what_it_shall_be_before_it_runs(
    windows: Creating, group: str, keyboard: bool, caller_ignores: bool
) -> None:
    windows.caller.ignores = caller_ignores
    context = ctrlevent.multiprocessing_context("spawn", group=group, keyboard=keyboard)
    process = context.Process(args=(Pickled(windows),))
    before = files()
    process.start()
    of_group = windows.child.pid if group == "own" else windows.caller.pid
    assert windows.steps == [
        "created python.exe",
        "pickled",
        f"resumed in group {of_group}, {'hears' if keyboard else 'ignores'}",
    ]
    assert process.pid == windows.child.pid
    assert windows.environment is None
    assert f"parent_pid={windows.caller.pid}" in windows.command
    assert process.is_alive()
    windows.child.exit(7)
    process.join()
    assert process.exitcode == 7
    process.close()
    assert files() == before


@pytest.mark.parametrize("error", [pickle.PicklingError("no"), KeyboardInterrupt()])
def test_child_whose_arguments_are_not_pickled_never_runs(
    windows: Creating, error: BaseException
) -> None:
    process = ctrlevent.multiprocessing_context("spawn").Process(args=(Pickled(windows, error),))
    before = files()
    with pytest.raises(type(error)):
        process.start()
    assert windows.steps == ["created python.exe", "pickled"]
    assert windows.terminated == [(windows.child.pid, 1)]
    assert process.pid is None
    assert files() == before


def test_child_that_cannot_be_changed_is_ended(windows: Creating) -> None:
    windows.fail_always("WriteProcessMemory", c.ERROR_ACCESS_DENIED)
    process = ctrlevent.multiprocessing_context("spawn").Process()
    before = files()
    with pytest.raises(PermissionError):
        process.start()
    assert windows.terminated == [(windows.child.pid, 1)]
    assert files() == before


@pytest.mark.usefixtures("windows")
def test_no_child_leaves_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> Created:
        raise FileNotFoundError

    monkeypatch.setattr(process_start, "create_suspended", refuse)
    before = files()
    with pytest.raises(FileNotFoundError):
        ctrlevent.multiprocessing_context("spawn").Process().start()
    assert files() == before


@pytest.fixture
def child(windows: Creating) -> Iterator[Any]:
    process = ctrlevent.multiprocessing_context("spawn").Process()
    process.start()
    yield process
    if windows.child.is_alive:
        windows.child.exit(0)
    process.join()
    process.close()


def test_terminate(windows: Creating, child: Any) -> None:
    child.terminate()
    child.join()
    assert windows.terminated == [(windows.child.pid, 0x10000)]
    assert child.exitcode == -signal.SIGTERM
    child.kill()  # nothing any more
    assert len(windows.terminated) == 1


def test_terminate_of_a_child_that_exits_just_then(windows: Creating, child: Any) -> None:
    windows.child.exit(5)
    child.terminate()
    assert child.exitcode == 5


def test_terminate_that_is_refused(windows: Creating, child: Any) -> None:
    windows.fail("TerminateProcess", c.ERROR_ACCESS_DENIED)
    with pytest.raises(PermissionError):
        child.terminate()
    assert child.is_alive()


@pytest.mark.parametrize("limit", [2.5])
def test_join_with_a_limit(windows: Creating, child: Any, limit: float) -> None:
    before = windows.now
    child.join(limit)
    assert child.is_alive()
    assert windows.now == pytest.approx(before + limit)
    windows.after(1.0, lambda: windows.child.exit(3))
    child.join(HANG_LIMIT)
    assert child.exitcode == 3


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(-1, 0), (0, 0), (0.0014, 1), (2.5, 2500), (1e9, 0xFFFF_FFFE)]
)
def test_limit_fits_into_a_dword_and_is_never_that_of_no_limit(
    seconds: float, milliseconds: int
) -> None:
    assert process_start._milliseconds(seconds) == milliseconds


def test_in_a_virtual_environment(windows: Creating, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/venv/Scripts/python.exe")
    monkeypatch.setattr(sys, "_base_executable", "/Python/python.exe", raising=False)
    monkeypatch.setattr(spawn, "_python_exe", "/venv/Scripts/python.exe")
    process = ctrlevent.multiprocessing_context("spawn").Process()
    process.start()
    assert windows.steps[0] == "created /Python/python.exe"
    assert windows.command.startswith("/Python/python.exe ")
    assert windows.environment
    assert "\0__PYVENV_LAUNCHER__=/venv/Scripts/python.exe\0" in f"\0{windows.environment}"
    windows.child.exit(0)
    process.join()
    process.close()


def test_a_program_that_was_set_is_run_as_it_is(
    windows: Creating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/venv/Scripts/python.exe")
    monkeypatch.setattr(sys, "_base_executable", "/Python/python.exe", raising=False)
    monkeypatch.setattr(spawn, "_python_exe", "/other/python.exe")
    process = ctrlevent.multiprocessing_context("spawn").Process()
    process.start()
    assert windows.steps[0] == "created /other/python.exe"
    assert windows.environment is None
    windows.child.exit(0)
    process.join()
    process.close()


def test_interrupt_of_a_deaf_child_in_the_callers_group(windows: Creating) -> None:
    """The bit is lifted for this event alone, and not before a key that is on its way is there."""
    context = ctrlevent.multiprocessing_context("spawn", group="inherit", keyboard=False)
    process = context.Process()
    process.start()
    windows.child.connect(windows.console, starts=False)
    windows.now += 10
    process.interrupt()
    assert windows.received == [(windows.child.pid, c.CTRL_C_EVENT)]
    assert windows.child.ignores
    windows.child.exit(0)
    process.join()
    process.close()
