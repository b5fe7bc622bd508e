"""`run(console="pty")`: what is waited for, and the caller's streams; without a console."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent import _terminal_streams
from ctrlevent._patience import Presses
from ctrlevent._windows import run_on_terminal
from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SIZE = (120, 30)


class Command:
    """Stands for the console and for the process on it; `ends_at`: which wait sees its end."""

    pid = 1004
    args = ("x",)

    def __init__(self, ends_at: int) -> None:
        self.ends_at = ends_at
        self.waits = 0
        self.sizes: list[tuple[int, int]] = []
        self.can_resize = True

    def wait_until(self, _deadline: float) -> bool:
        self.waits += 1
        return self.waits >= self.ends_at

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))
        if not self.can_resize:
            raise OSError("as on Wine 10")


def waited_for(command: Any, inject: bool = True) -> Any:
    return run_on_terminal._Command(command, command, SIZE, inject)


@pytest.mark.parametrize("can_resize", [True, False])
def test_terminal_that_changes_its_size(
    no_console: FakeWindows, monkeypatch: pytest.MonkeyPatch, can_resize: bool
) -> None:
    """Once it is no terminal any more, nothing changes."""
    sizes = iter([SIZE, (80, 25), (80, 25), None, (100, 40)])
    monkeypatch.setattr(_terminal_streams, "size", lambda before: next(sizes) or before)
    command = Command(ends_at=6)
    command.can_resize = can_resize
    assert waited_for(command).wait_until(no_console.now + 60)
    assert command.sizes == [(80, 25), (100, 40)]


def test_wait_ends_in_time(no_console: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_terminal_streams, "size", lambda before: before)
    assert not waited_for(Command(ends_at=6)).wait_until(no_console.now)


@pytest.mark.usefixtures("no_console")
@pytest.mark.parametrize("inject", [True, False])
def test_ctrl_c_goes_to_its_group(monkeypatch: pytest.MonkeyPatch, inject: bool) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        run_on_terminal,
        "interrupt_contained",
        lambda _windows, *arguments: sent.append(arguments),
    )
    assert waited_for(Command(ends_at=6), inject).interrupt() is None
    assert sent == [(Command.pid, inject)]


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
    monkeypatch.setattr(_terminal_streams, "STDOUT", fd)
    with run_on_terminal._terminal_output() as show:
        show("größer\r\n")
        show("")
    os.close(fd)  # which was left open
    assert file.read_bytes() == "größer\r\n".encode()


def test_program_without_stdout_shows_nothing(
    closed_fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal_streams, "STDOUT", closed_fd)
    monkeypatch.setattr(sys, "stdout", None)
    with run_on_terminal._terminal_output() as show:
        show("text")


def test_program_without_stdin_types_nothing(
    closed_fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal_streams, "STDIN", closed_fd)
    console: Any = None  # is not touched
    monkeypatch.setattr(run_on_terminal, "Thread", None)  # would be called
    with run_on_terminal._typing(console, Presses(taken=True)):
        pass


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
    _terminal_streams.copy_stream(Stream(b"a", b"b", b""), console, [])
    assert console.data == [b"a", b"b"]


def test_stream_is_read_no_further_when_the_command_has_ended() -> None:
    stop: list[None] = []
    console: Any = Typed(then=lambda: stop.append(None))
    stream = Stream(b"a", b"b", b"")
    _terminal_streams.copy_stream(stream, console, stop)
    assert console.data == [b"a"]
    assert stream.data == [b"b", b""]


def test_keys_of_a_terminal_are_typed_as_they_are() -> None:
    """Ctrl+Z is not its end. A Ctrl+C that is typed is noticed."""
    stop: list[None] = []

    def stop_after_three() -> None:
        if len(console.data) == 3:
            stop.append(None)

    console: Any = Typed(then=stop_after_three)
    presses = Presses(taken=True)
    seen: list[bool] = []

    class Keys:
        ready = iter([True, False, True, True])
        typed = iter(["a", "\x1a", "\x03"])

        def has_character(self, _seconds: float) -> bool:
            seen.append(presses.any_came)
            return next(self.ready)

        def read(self) -> str:
            return next(self.typed)

    keys: Any = Keys()
    run_on_terminal._copy_keys(keys, console, presses, stop)
    assert console.data == [b"a", b"\x1a", b"\x03"]
    assert (any(seen), presses.any_came, presses.take()) == (False, True, False)


# --- escape sequences -----------------------------------------------------------------------------


class WithModes(FakeWindows):
    """The handle 7 is a console's; `modes` are those that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.modes = [3]

    def get_osfhandle(self, fd: int) -> int:
        return fd

    def GetConsoleMode(self, hConsoleHandle: int) -> int:
        if hConsoleHandle != 7:
            raise OSError
        return self.modes[-1]

    def SetConsoleMode(self, hConsoleHandle: int, dwMode: int) -> None:
        assert hConsoleHandle == 7
        self.modes.append(dwMode)


def test_console_takes_escape_sequences_within_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = WithModes()
    install(monkeypatch, windows)
    with run_on_terminal.escapes(7) as are_taken:
        assert are_taken
        assert windows.modes[-1] & 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
    assert windows.modes[-1] == 3


def test_what_is_no_console_takes_no_escape_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = WithModes()
    install(monkeypatch, windows)
    with run_on_terminal.escapes(8) as are_taken:
        assert not are_taken
    assert windows.modes == [3]
