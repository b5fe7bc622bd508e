"""A terminal that is lent to a command, and what of its input is put back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable

import pytest

from ctrlevent._unpatched import allocate_lock
from ctrlevent._win32 import constants as c
from ctrlevent._win32.structures import INPUT_RECORD
from ctrlevent._windows.terminal_input import Keyboard, LentTerminal
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

HANDLE = 7
OTHERS = 0x10  # FOCUS_EVENT


def record(character: str = "", *, down: bool = True, vk: int = 0, kind: int = c.KEY_EVENT) -> Any:
    return INPUT_RECORD(
        EventType=kind,
        bKeyDown=down,
        wVirtualKeyCode=vk,
        wVirtualScanCode=1,
        UnicodeChar=ord(character or "\0"),
    )


class Terminal:
    """A console in its usual mode, with a queue of records, as much of a System as is needed.

    A read takes keys as they come, and ends at Enter.
    """

    def __init__(self) -> None:
        self.queue: list[Any] = []
        self.line = ""
        self.changing = allocate_lock()
        self.is_gone = False
        self.aborts = False
        """The next read is ended by a Ctrl+C."""

    def get_osfhandle(self, _fd: int) -> int:
        return HANDLE

    def GetConsoleMode(self, hConsoleHandle: int) -> int:
        return hConsoleHandle

    def sleep(self, _seconds: float) -> None:
        assert not self.is_gone

    def WaitForSingleObject(self, _handle: int, _milliseconds: int) -> int:
        with self.changing:
            return c.WAIT_OBJECT_0 if self.queue else c.WAIT_TIMEOUT

    def PeekConsoleInput(self, _handle: int, nLength: int) -> list[Any]:
        with self.changing:
            return self.queue[:nLength]

    def ReadConsoleInput(self, _handle: int, nLength: int) -> list[Any]:
        with self.changing:
            found = self.queue[:nLength]
            del self.queue[:nLength]
            return found

    def WriteConsoleInput(self, _handle: int, records: Sequence[Any]) -> None:
        with self.changing:
            self.queue += records

    def ReadConsole(self, _handle: int, _count: int) -> str:
        if self.is_gone:
            raise OSError
        while True:
            with self.changing:
                if self.aborts:
                    self.aborts, self.line = False, ""
                    return ""
                if self.queue:
                    key = self.queue.pop(0)
                    if key.EventType == c.KEY_EVENT and key.bKeyDown and key.UnicodeChar:
                        self.line += chr(key.UnicodeChar)
                if self.line.endswith("\r"):
                    line, self.line = self.line, ""
                    return f"{line}\n"

    def type(self, text: str) -> None:
        with self.changing:
            for character in text:
                self.queue += [record(character), record(character, down=False)]

    def text(self) -> str:
        """What a read would get of what waits."""
        return "".join(chr(r.UnicodeChar) for r in self.queue if r.bKeyDown)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def lend(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Callable[[], LentTerminal]:
    monkeypatch.setattr(os, "device_encoding", lambda _fd: "cp850")

    def lend() -> LentTerminal:
        windows: Any = terminal
        lent = LentTerminal(windows, 0)
        lent.start()
        return lent

    return lend


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ([], False),
        ([record("a")], True),
        ([record("a", down=False)], False),
        ([record("", vk=c.VK_MENU)], False),
        ([record("\xe4", down=False, vk=c.VK_MENU)], True),
        ([record("a", kind=OTHERS)], False),
        ([record("", kind=OTHERS)] * 10 + [record("a")], True),
        ([record("", kind=OTHERS)] * 2000 + [record("a")], True),
    ],
    ids=["none", "key", "key up", "Alt", "by its number", "no key", "behind others", "far behind"],
)
def test_whether_a_read_would_get_a_character(
    terminal: Terminal, waiting: list[Any], expected: bool
) -> None:
    terminal.queue = waiting
    windows: Any = terminal
    assert Keyboard(windows, HANDLE).has_character(0.0) is expected


def test_lines_go_to_the_command(terminal: Terminal, lend: Callable[[], LentTerminal]) -> None:
    lent = lend()
    terminal.type("gr\xf6\xdfer\r")
    assert os.read(lent.stdin, 100) == b"gr\x94\xe1er\r\n"
    lent.take_back()
    assert terminal.text() == ""


def test_command_that_reads_nothing_takes_nothing(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    terminal.queue = [record("", kind=OTHERS)]
    lend().take_back()
    assert len(terminal.queue) == 1


def test_line_that_was_not_taken_is_put_back(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    lent = lend()
    terminal.type("gr\xf6\xdfer\r")
    wait_until(lambda: not terminal.text(), "the read of the line")
    lent.take_back()
    assert terminal.text() == "gr\xf6\xdfer\r"


def test_line_that_is_not_at_its_end_is_put_back(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    lent = lend()
    terminal.type("half a li")
    wait_until(lambda: not terminal.queue, "the read of the keys")
    lent.take_back()
    assert terminal.text() == "half a li"


def test_more_lines_than_the_pipe_holds_are_put_back(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    lent = lend()
    line = f"{'x' * 1000}\r"
    for _ in range(100):
        terminal.type(line)
    lent.take_back()
    assert terminal.text() == line * 100


def test_line_whose_end_comes_together_with_ours_is_put_back_whole(
    terminal: Terminal, lend: Callable[[], LentTerminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's Enter ends the read, and ours waits behind it."""
    lent = lend()
    terminal.type("a li")
    wait_until(lambda: not terminal.queue, "the read of the keys")
    press = Keyboard.press_enter

    def press_too_late(keyboard: Keyboard) -> None:
        with terminal.changing:
            terminal.queue += [record(character) for character in "ne\rnext"]
        press(keyboard)

    monkeypatch.setattr(Keyboard, "press_enter", press_too_late)
    lent.take_back()
    assert terminal.text() == "a line\rnext"


def test_ctrl_c_is_not_the_end_of_the_input(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    lent = lend()
    terminal.type("drop")
    wait_until(lambda: not terminal.queue, "the read of the keys")
    terminal.aborts = True
    wait_until(lambda: not terminal.aborts, "the Ctrl+C")
    terminal.type("line\r")
    assert os.read(lent.stdin, 100) == b"line\r\n"
    lent.take_back()


def test_ctrl_z_is_the_end_of_the_input(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    lent = lend()
    terminal.type("\x1a\r")
    assert os.read(lent.stdin, 100) == b""
    terminal.type("next\r")
    lent.take_back()
    assert terminal.text() == "next\r"


def test_console_that_is_gone_is_the_end_of_the_input(
    terminal: Terminal, lend: Callable[[], LentTerminal]
) -> None:
    terminal.is_gone = True
    lent = lend()
    terminal.type("a")
    assert os.read(lent.stdin, 100) == b""
    lent.take_back()


def test_terminal_that_was_lent_for_nothing_has_no_thread(terminal: Terminal) -> None:
    windows: Any = terminal
    lent = LentTerminal(windows, 0)
    lent.take_back()
    assert lent._thread is None
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(lent.stdin)
