"""`run` on Windows, as far as it needs none: the end of a tree, and the caller's streams."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import NoConsole
from ctrlevent._win32 import constants as c
from ctrlevent._windows import dispatch, run
from ctrlevent._windows.popen import GONE_WITHIN, Job
from ctrlevent._windows.run import SEND_WITHIN
from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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


@pytest.mark.parametrize("grace", [1.0, float("inf")])
def test_command_that_cannot_be_sent_a_ctrl_c_gets_no_more_than_the_grace(
    windows: WithJob, grace: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoConsole

    deadlines: list[float] = []
    monkeypatch.setattr(dispatch, "to_group", refuse)
    monkeypatch.setattr(run, "_wait_until", lambda _process, deadline: deadlines.append(deadline))
    run._interrupt(SimpleNamespace(pid=4712), grace)
    assert deadlines == [1000.0 + min(grace, SEND_WITHIN)]
    assert windows.ends == []


# --- the caller's streams -------------------------------------------------------------------------


def pass_streams(
    monkeypatch: pytest.MonkeyPatch,
    named: dict[str, Any],
    *,
    terminals: Collection[int] = (),
    exist: bool = True,
) -> dict[str, int]:
    """In a process whose standard streams are these terminals, and else files or pipes."""

    def fstat(_fd: int) -> None:
        if not exist:
            raise OSError

    os_of_it = SimpleNamespace(fstat=fstat, isatty=lambda fd: fd in terminals)
    with monkeypatch.context() as patch:
        patch.setattr(run, "os", os_of_it)
        return run._pass_streams(named)


def test_files_and_pipes_are_passed_on_and_terminals_by_way_of_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named: dict[str, Any] = {}
    assert pass_streams(monkeypatch, named, terminals={0, 2}) == {"stdin": 0, "stderr": 2}
    assert named == {"stdin": subprocess.PIPE, "stdout": 1, "stderr": subprocess.PIPE}


def test_streams_that_are_named_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    named: dict[str, Any] = {"stdin": 7, "stderr": subprocess.STDOUT, "cwd": "x"}
    assert pass_streams(monkeypatch, named, terminals={0, 1, 2}) == {"stdout": 1}
    assert named == {
        "stdin": 7,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "cwd": "x",
    }


def test_program_without_standard_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as pythonw."""
    named: dict[str, Any] = {}
    assert pass_streams(monkeypatch, named, exist=False) == {}
    assert named == dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    source, sink = os.pipe()
    yield source, sink
    for fd in (source, sink):
        try:
            os.close(fd)
        except OSError:
            continue  # it was closed in the test


class Process:
    """As much of a `Popen` as its streams need."""

    def __init__(self, stdin: Any = None, stdout: Any = None, stderr: Any = None) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr


def some_output() -> Any:
    source, sink = os.pipe()
    os.write(sink, b"some output")
    os.close(sink)
    return os.fdopen(source, "rb")


def test_output_for_a_terminal_is_copied_there(pipe: tuple[int, int]) -> None:
    process: Any = Process(stdout=some_output())
    streams = run._Streams(process, {"stdout": pipe[1]}, None)
    assert streams.finish() == (None, None)
    assert process.stdout.closed
    assert os.read(pipe[0], 100) == b"some output"


def test_output_for_a_terminal_that_is_gone_is_dropped(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    process: Any = Process(stderr=some_output())
    streams = run._Streams(process, {"stderr": pipe[1]}, None)
    assert streams.finish() == (None, None)
    assert process.stderr.closed


def test_input_from_a_terminal_is_typed_to_its_end(pipe: tuple[int, int]) -> None:
    """The end of the terminal's input is the end of the command's."""
    source, sink = os.pipe()
    process: Any = Process(stdin=os.fdopen(sink, "wb"))
    run._Streams(process, {"stdin": pipe[0]}, None)
    os.write(pipe[1], b"typed")
    assert os.read(source, 100) == b"typed"
    os.close(pipe[1])
    assert os.read(source, 100) == b""
    os.close(source)


def test_what_a_stream_cannot_do_is_raised_at_the_end() -> None:
    process: Any = Process(stdout=io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"))
    streams = run._Streams(process, {}, None)
    with pytest.raises(UnicodeDecodeError):
        streams.finish()


@pytest.mark.limits
def test_nothing_of_the_streams_is_left(pipe: tuple[int, int]) -> None:
    before = {*threading.enumerate()}
    process: Any = Process(stdin=os.fdopen(os.dup(pipe[1]), "wb"), stdout=io.BytesIO(b"text"))
    streams = run._Streams(process, {}, b"input")
    assert streams.finish() == (b"text", None)
    assert os.read(pipe[0], 100) == b"input"
    assert {*threading.enumerate()} <= before  # those of other tests may end meanwhile
    assert process.stdin.closed
