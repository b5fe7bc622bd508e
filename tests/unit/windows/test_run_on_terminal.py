"""`run(console="pty")`: what is waited for, and the caller's streams; without a console."""

from __future__ import annotations

import os
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import CtrlEvent, NoConsole
from ctrlevent._run import GRACE
from ctrlevent._windows import dispatch, run_on_terminal
from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ctrlevent._arguments import Options

SIZE = (120, 30)


class Command:
    """Stands for the console and for the process on it; `ends_at`: which wait sees its end."""

    pid = 1004
    args = ("x",)

    def __init__(self, ends_at: int, interrupted_at: tuple[int, ...] = ()) -> None:
        self.ends_at = ends_at
        self.interrupted_at = interrupted_at
        self.waits = 0
        self.deadlines: list[float] = []
        self.sizes: list[tuple[int, int]] = []
        self.can_resize = True

    def wait_until(self, deadline: float) -> bool:
        self.waits += 1
        self.deadlines.append(deadline)
        if self.waits in self.interrupted_at:
            raise KeyboardInterrupt
        return self.waits >= self.ends_at

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))
        if not self.can_resize:
            raise OSError("as on Wine 10")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which goes on when the test says so."""
    now = [1000.0]
    windows = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(run_on_terminal, "system", lambda: windows)
    return now


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []

    def send(
        _windows: object,
        pgid: int,
        event: int,
        options: Options,
        _take: object,
        *,
        threads_first: bool,
    ) -> None:
        assert (options.seconds, threads_first) == (GRACE, True)
        sent.append((pgid, event))

    monkeypatch.setattr(dispatch, "to_group", send)
    monkeypatch.setattr(run_on_terminal, "_size", lambda: SIZE)
    return sent


def wait(command: Any, seconds: float = 60.0, grace: float = GRACE) -> BaseException | None:
    return run_on_terminal._wait(command, command, seconds, grace, SIZE)


@pytest.mark.usefixtures("clock")
def test_command_that_ends_is_sent_nothing(sent: list[tuple[int, int]]) -> None:
    assert wait(Command(ends_at=3)) is None
    assert sent == []


@pytest.mark.usefixtures("clock", "sent")
@pytest.mark.parametrize("can_resize", [True, False])
def test_terminal_that_changes_its_size(monkeypatch: pytest.MonkeyPatch, can_resize: bool) -> None:
    """Once it is no terminal any more, nothing changes."""
    sizes = iter([SIZE, (80, 25), (80, 25), None, (100, 40)])
    monkeypatch.setattr(run_on_terminal, "_size", lambda: next(sizes))
    command = Command(ends_at=6)
    command.can_resize = can_resize
    assert wait(command) is None
    assert command.sizes == [(80, 25), (100, 40)]


@pytest.mark.parametrize("grace", [GRACE, float("inf")])
def test_ctrl_c_of_the_caller_is_passed_on(
    clock: list[float], sent: list[tuple[int, int]], grace: float
) -> None:
    command = Command(ends_at=3, interrupted_at=(2,))
    assert isinstance(wait(command, grace=grace), KeyboardInterrupt)
    assert sent == [(command.pid, CtrlEvent.CTRL_C_EVENT)]
    assert command.deadlines[-1] == clock[0] + grace


@pytest.mark.usefixtures("clock")
def test_a_second_ctrl_c_waits_no_longer(sent: list[tuple[int, int]]) -> None:
    command = Command(ends_at=9, interrupted_at=(2, 3))
    assert isinstance(wait(command), KeyboardInterrupt)
    assert sent == [(command.pid, CtrlEvent.CTRL_C_EVENT)]
    assert command.waits == 3


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("grace", [1.0, float("inf")])
def test_command_that_cannot_be_sent_a_ctrl_c_gets_no_more_than_the_grace(
    clock: list[float], grace: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoConsole

    monkeypatch.setattr(dispatch, "to_group", refuse)
    command = Command(ends_at=9, interrupted_at=(1,))
    assert isinstance(wait(command, grace=grace), KeyboardInterrupt)
    assert command.deadlines[-1] == clock[0] + min(grace, GRACE)


# --- the caller's streams -------------------------------------------------------------------------


@pytest.fixture
def no_console(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """No stream of the caller is a console."""
    return install(monkeypatch, FakeWindows())


@pytest.fixture
def closed_fd() -> int:
    fd = os.open(os.devnull, os.O_RDONLY)
    os.close(fd)
    return fd


@pytest.mark.usefixtures("no_console")
def test_output_goes_to_stdout_as_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stdout"
    fd = os.open(file, os.O_WRONLY | os.O_CREAT)
    monkeypatch.setattr(run_on_terminal, "_STDOUT", fd)
    with run_on_terminal._terminal_output() as show:
        show("größer\r\n")
        show("")
    os.close(fd)  # which was left open
    assert file.read_bytes() == "größer\r\n".encode()


def test_program_without_stdout_shows_nothing(
    closed_fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_on_terminal, "_STDOUT", closed_fd)
    monkeypatch.setattr(sys, "stdout", None)
    with run_on_terminal._terminal_output() as show:
        show("text")


@pytest.mark.limits
def test_program_without_stdin_types_nothing(
    closed_fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_on_terminal, "_STDIN", closed_fd)
    console: Any = None  # is not touched
    before = {*threading.enumerate()}
    with run_on_terminal._typing(console):
        assert {*threading.enumerate()} <= before  # those of other tests may end meanwhile


class Typed:
    """Stands for the console that is typed into."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.data: list[bytes] = []
        self.then = then

    def write_bytes(self, data: bytes) -> None:
        self.data.append(data)
        self.then()


class Stream:
    def __init__(self, *data: bytes) -> None:
        self.data = list(data)

    def read(self, _size: int) -> bytes:
        return self.data.pop(0)


def test_stream_is_typed_to_its_end() -> None:
    console: Any = Typed()
    run_on_terminal._copy_stream(Stream(b"a", b"b", b""), console, threading.Event())
    assert console.data == [b"a", b"b"]


def test_stream_is_read_no_further_when_the_command_has_ended() -> None:
    stop = threading.Event()
    console: Any = Typed(then=stop.set)
    stream = Stream(b"a", b"b", b"")
    run_on_terminal._copy_stream(stream, console, stop)
    assert console.data == [b"a"]
    assert stream.data == [b"b", b""]


def test_keys_of_a_terminal_are_typed_and_ctrl_z_is_not_its_end(
    no_console: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    def stop_after_three() -> None:
        if len(console.data) == 3:
            stop.set()

    console: Any = Typed(then=stop_after_three)
    ready = iter([True, False, True, True])

    def wait_for(_handle: int, _milliseconds: int) -> int:
        return 0 if next(ready) else 258

    monkeypatch.setattr(no_console, "WaitForSingleObject", wait_for)
    run_on_terminal._copy_keys(Stream(b"a", b"", b"b"), console, stop)
    assert console.data == [b"a", b"\x1a", b"b"]
