"""`run` on Windows, as far as it needs none: the end of a tree, and the caller's streams."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import NoConsole
from ctrlevent._win32 import constants as c
from ctrlevent._windows import dispatch, keyboard, run
from ctrlevent._windows.popen import GONE_WITHIN, Job
from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Collection

JOB = 0x1000


class WithJob(FakeWindows):
    """A Windows with one job, whose processes end some time after they were told to."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs = [JOB]
        self.active = 3
        self.takes = 0.0
        self.ends: list[int] = []

    def TerminateJobObject(self, hJob: int, uExitCode: int) -> None:
        assert hJob in self.jobs
        self.ends.append(uExitCode)
        self.after(self.takes, lambda: setattr(self, "active", 0))

    def QueryInformationJobObject(self, hJob: int) -> int:
        assert hJob in self.jobs
        return self.active

    def CloseHandle(self, hObject: int) -> None:
        self.jobs.remove(hObject)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> WithJob:
    windows = WithJob()
    install(monkeypatch, windows)
    return windows


@pytest.fixture
def job(windows: WithJob, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(windows, "CreateJobObject", lambda: JOB)
    job = Job()
    job.open()
    return job


def test_end_of_a_tree_is_waited_for(windows: WithJob, job: Job) -> None:
    windows.takes = 0.5
    job.end(None)
    assert windows.ends == [c.STATUS_CONTROL_C_EXIT]
    assert (windows.active, windows.jobs) == (0, [])
    assert windows.now < 1000.6


def test_end_of_a_tree_is_not_waited_for_without_an_end(windows: WithJob, job: Job) -> None:
    """Closing the job's handle then ends what is left."""
    windows.takes = 60
    job.end(None)
    assert windows.jobs == []
    assert GONE_WITHIN <= windows.now - 1000 < GONE_WITHIN + 0.1


def test_tree_that_cannot_be_ended_ends_with_its_job(
    windows: WithJob, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_job: int, _code: int) -> None:
        raise PermissionError

    monkeypatch.setattr(windows, "TerminateJobObject", refuse)
    with pytest.raises(PermissionError):
        job.end(None)
    assert windows.jobs == []


def test_second_end_does_nothing(windows: WithJob, job: Job) -> None:
    job.end(None)
    job.end(None)
    assert len(windows.ends) == 1


@pytest.mark.parametrize("hears_keyboard", [True, False])
@pytest.mark.parametrize("inject", [True, False])
def test_ctrl_c_that_cannot_be_sent_is_said_why(
    windows: WithJob, monkeypatch: pytest.MonkeyPatch, hears_keyboard: bool, inject: bool
) -> None:
    error = NoConsole()
    allowed: list[bool] = []

    def refuse(*arguments: Any, **_: object) -> None:
        allowed.append(arguments[3] if arguments[3] in (True, False) else arguments[3].inject)
        raise error

    monkeypatch.setattr(dispatch, "to_group", refuse)
    monkeypatch.setattr(
        keyboard, "interrupt", lambda *arguments: refuse(*arguments[:3], arguments[3])
    )
    why = run.interrupt_contained(windows, 4712, inject, hears_keyboard=hears_keyboard)
    assert why is error
    assert allowed == [inject]


# --- the caller's streams -------------------------------------------------------------------------


class WithTerminals(FakeWindows):
    """Its caller's file descriptors are their own handles; some of them are consoles."""

    def __init__(self, terminals: Collection[int]) -> None:
        super().__init__()
        self.terminals = terminals

    def get_osfhandle(self, fd: int) -> int:
        return fd

    def GetConsoleMode(self, hConsoleHandle: int) -> int:
        if hConsoleHandle not in self.terminals:
            raise OSError
        return 0


def pass_streams(
    monkeypatch: pytest.MonkeyPatch,
    named: dict[str, Any],
    *,
    terminals: Collection[int] = (),
    exist: bool = True,
) -> tuple[list[str], bool]:
    """In a process whose standard streams are these terminals, and else files or pipes.

    Which streams are to be shown, and whether the terminal is lent as stdin.
    """

    def fstat(_fd: int) -> None:
        if not exist:
            raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(run, "os", SimpleNamespace(fstat=fstat))
        shown, lent = run._pass_streams(WithTerminals(terminals), named)
    if lent is not None:
        assert named["stdin"] == lent.stdin
        named["stdin"] = "lent"
        lent.take_back()
    return sorted(shown), lent is not None


def test_files_and_pipes_are_passed_on_and_terminals_by_way_of_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named: dict[str, Any] = {}
    assert pass_streams(monkeypatch, named, terminals={0, 2}) == (["stderr"], True)
    assert named == {"stdin": "lent", "stdout": 1, "stderr": subprocess.PIPE}


def test_streams_that_are_named_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    named: dict[str, Any] = {"stdin": 7, "stderr": subprocess.STDOUT, "cwd": "x"}
    assert pass_streams(monkeypatch, named, terminals={0, 1, 2}) == (["stdout"], False)
    assert named == {
        "stdin": 7,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "cwd": "x",
    }


def test_program_without_standard_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as pythonw."""
    named: dict[str, Any] = {}
    assert pass_streams(monkeypatch, named, exist=False) == ([], False)
    assert named == dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


def test_output_is_shown_on_a_terminal_to_its_end() -> None:
    source, sink = os.pipe()
    run._show(sink, b"some output")
    assert os.read(source, 100) == b"some output"
    for fd in (source, sink):
        os.close(fd)
