"""What is typed on the caller's terminal, while a command on another console reads it from a pipe.

A thread reads it line by line. When the command has exited, the thread must not stay in a read: the
read would take the user's next line. What does not work: to cancel the read. The console goes on
with a read whose caller is gone, and drops the line (microsoft/terminal#12143). So the thread
begins a read only when a key was typed, and an Enter that is put behind what was typed ends such a
read. (libuv does the same, src/win/tty.c.)

What the command did not take is put back: the lines that are still in its pipe, and a line that was
not at its end. The next read of the caller's gets them, and the console shows them once more.
"""

from __future__ import annotations

import contextlib
import os

from .._typing import TYPE_CHECKING
from .._unpatched import Thread, allocate_lock
from .._win32.constants import KEY_EVENT, VK_MENU, VK_RETURN, WAIT_OBJECT_0
from .._win32.structures import INPUT_RECORD

if TYPE_CHECKING:
    from typing import Any

    from .._win32.boundary import System

# How long a wait lasts, in seconds; how much is read at once, in characters and in records.
_SLICE = 0.05
_LINE = 4096
_RECORDS = 1024
_CHUNK = 1 << 16

_END = "\x1a"  # Ctrl+Z
_NO_KEY = 0xFE  # a scan code that no key has, so that it is known which Enter is ours


class Keyboard:
    """The input of a console: a queue of records, most of them keys."""

    def __init__(self, windows: System, handle: int) -> None:
        self._windows = windows
        self._handle = handle

    def has_character(self, seconds: float) -> bool:
        """Whether a character was typed; waits that long for it.

        Of keys without a character, and what the mouse does, no read gets anything.
        """
        windows, milliseconds = self._windows, int(seconds * 1000)
        if windows.WaitForSingleObject(self._handle, milliseconds) != WAIT_OBJECT_0:
            return False
        records = windows.PeekConsoleInput(self._handle, _RECORDS)
        if len(records) == _RECORDS or any(map(_is_character, records)):
            return True
        windows.sleep(seconds)
        return False

    def read(self) -> str:
        """What was typed: a line, or what there is, by the mode. "" at a Ctrl+C."""
        return self._windows.ReadConsole(self._handle, _LINE)

    def press_enter(self) -> None:
        """Ends the read of a line."""
        self._windows.WriteConsoleInput(self._handle, [_key("\r", _NO_KEY)])

    def take_all(self) -> tuple[list[Any], bool]:
        """What waits there, but for our own Enter; and whether that was there."""
        windows = self._windows
        records: list[Any] = []
        while windows.PeekConsoleInput(self._handle, 1):
            records += windows.ReadConsoleInput(self._handle, _RECORDS)
        others = [record for record in records if not _is_our_enter(record)]
        return others, len(others) < len(records)

    def put(self, text: str, records: list[Any]) -> None:
        """Text, and records behind it."""
        left = [_key(character) for character in text.replace("\r\n", "\r")] + records
        while left:
            self._windows.WriteConsoleInput(self._handle, left[:_RECORDS])
            del left[:_RECORDS]


def _is_character(record: Any) -> bool:
    # A character that was typed by its number comes when Alt is let go.
    return bool(
        record.EventType == KEY_EVENT
        and record.UnicodeChar
        and (record.bKeyDown or record.wVirtualKeyCode == VK_MENU)
    )


def _is_our_enter(record: Any) -> bool:
    return bool(record.EventType == KEY_EVENT and record.wVirtualScanCode == _NO_KEY)


def _key(character: str, scan_code: int = 0) -> Any:
    return INPUT_RECORD(
        EventType=KEY_EVENT,
        bKeyDown=1,
        wRepeatCount=1,
        wVirtualKeyCode=VK_RETURN if character == "\r" else 0,
        wVirtualScanCode=scan_code,
        UnicodeChar=ord(character),
    )


class LentTerminal:
    """The input of the caller's terminal, as a pipe for a command.

    `fd`: the caller's. Raises OSError if it is no console.
    """

    def __init__(self, windows: System, fd: int) -> None:
        handle = windows.get_osfhandle(fd)
        windows.GetConsoleMode(handle)
        self._keyboard = Keyboard(windows, handle)
        # As a program gets it that reads from a console. (The code page is the console's.)
        self._encoding = os.device_encoding(fd) or "utf-8"
        self.stdin, self._sink = os.pipe()
        self._stopping = False
        self._is_reading = False
        self._not_passed_on = ""
        self._changing = allocate_lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(self._copy)

    def _copy(self) -> None:
        """In a thread of its own."""
        try:
            with contextlib.suppress(OSError):  # the console is gone
                while not self._stopping:
                    if self._keyboard.has_character(_SLICE) and not self._copy_line():
                        break
        finally:
            os.close(self._sink)

    def _copy_line(self) -> bool:
        """False: at the end of the input."""
        with self._changing:
            if self._stopping:
                return False
            self._is_reading = True
        text = self._keyboard.read()
        with self._changing:
            self._is_reading = False
            if self._stopping:
                self._not_passed_on = text
                return False
        if text.startswith(_END):
            return False
        data = text.encode(self._encoding, "replace")
        while data:
            data = data[os.write(self._sink, data) :]
        return True

    def take_back(self) -> None:
        """When no process reads from the pipe any more. What it holds is put back."""
        left: list[bytes] = []
        must_end_it = False
        if self._thread is None:
            os.close(self._sink)
        else:
            with self._changing:
                self._stopping = True
                must_end_it = self._is_reading
            if must_end_it:
                with contextlib.suppress(OSError):
                    self._keyboard.press_enter()
        # To its end, which comes when the thread has ended; it may be waiting for room in the pipe.
        with open(self.stdin, "rb", buffering=0) as source:
            while data := source.read(_CHUNK):
                left.append(data)
        if self._thread is not None:
            self._thread.join()
            with contextlib.suppress(OSError):  # the console is gone
                text = b"".join(left).decode(self._encoding, "replace")
                self._put_back(text, must_end_it)

    def _put_back(self, text: str, pressed_enter: bool) -> None:
        if not text and not pressed_enter:
            return
        records, our_enter_waits = self._keyboard.take_all()
        line = self._not_passed_on
        if pressed_enter and not our_enter_waits:
            line = line.removesuffix("\n").removesuffix("\r")  # our Enter
        self._keyboard.put(text + line, records)
