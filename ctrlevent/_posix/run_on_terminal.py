"""`run` with `console="pty"` on POSIX: the caller's streams are the ends of a pseudo-terminal."""

from __future__ import annotations

import contextlib
import sys
import termios
from typing import TYPE_CHECKING, Any, Callable

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _patience, _terminal_streams
from .._terminal_streams import STDIN
from .._unpatched import Thread, monotonic
from .._unpatched import system_calls as os
from . import waits

if TYPE_CHECKING:
    from .._patience import Patience, Presses
    from .._protocol import RunResult

_CHUNK = 1 << 12

# In tcgetattr's list.
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


def run_on_terminal(
    pseudo_console: Callable[..., Any],
    args: Any,
    input: Any,
    capture_output: bool,
    named: dict[str, Any],
    patience: Patience,
    presses: Presses,
    inject: bool,
) -> RunResult:
    """On a terminal as large as the caller's, and with its settings."""
    is_text = _terminal_streams.options(named)
    typed = input.encode() if isinstance(input, str) else input
    command = args
    if named.pop("shell", False):
        words = [args] if isinstance(args, (str, bytes)) else [*args]
        command = [named.get("executable") or "/bin/sh", "-c", *words]
    shown: list[str] = []
    size = _terminal_streams.size()
    stop: list[None] = []
    with contextlib.ExitStack() as stack:
        console = stack.enter_context(pseudo_console(*size))
        keyboard = _Keyboard()
        stack.callback(keyboard.put_back)
        if input is None and keyboard.is_there():
            console._terminal.adopt(keyboard.settings)  # noqa: SLF001
        process = console.start(command, **named)
        process.args = args
        show = (
            shown.append
            if capture_output
            else stack.enter_context(_terminal_streams.shown_on_stdout())
        )
        output = Thread(_terminal_streams.copy_screen, console, show)
        copies = None
        if typed is not None:
            Thread(_type, bytes(typed), console)
        elif keyboard.take():
            copies = Thread(_copy_keys, keyboard, console, presses, stop)
        elif not keyboard.is_terminal and (stdin := _terminal_streams.stdin()) is not None:
            # Not waited for: nothing can break off its reading from a stream.
            Thread(_copy_stream, stdin, console, stop)
        try:
            broken_off = _patience.wait(_Command(console, process, size), patience, presses)
        finally:
            stop.append(None)
        with contextlib.suppress(KeyboardInterrupt):
            console.end_processes()
            console.close()
            output.join()
            if copies is not None:
                copies.join()
    found = _terminal_streams.captured(shown, is_text, broken_off) if capture_output else None
    return process, found, None, broken_off


class _Command:
    """Implements `_patience.Command`."""

    monotonic = staticmethod(monotonic)

    def __init__(self, console: Any, process: Any, size: tuple[int, int]) -> None:
        self._console = console
        self._process = process
        self._size = size
        self.args = process.args

    def wait_until(self, deadline: float) -> bool:
        """Does not wait for it as `process.wait` does: what is left of its session can be ended.

        Meanwhile the terminal keeps the size of the caller's.
        """
        return waits.until(deadline, self._has_exited)

    def _has_exited(self) -> bool:
        has_exited: bool = self._process.child.has_exited()
        if not has_exited:
            self._follow_size()
        return has_exited

    def _follow_size(self) -> None:
        size = _terminal_streams.size(self._size)
        if size != self._size:
            self._size = size
            self._console.resize(*size)

    def interrupt(self) -> OSError | None:
        why_not: OSError | None = self._process.child.interrupt()
        return why_not


# --- what is typed --------------------------------------------------------------------------------


class _Keyboard:
    """The caller's stdin, if that is a terminal: each key is for the command, Ctrl+C too."""

    def __init__(self) -> None:
        self.settings: list[Any] = []
        self._is_raw = False
        with contextlib.suppress(OSError, termios.error):
            self.settings = termios.tcgetattr(STDIN)

    @property
    def is_terminal(self) -> bool:
        return bool(self.settings)

    def is_there(self) -> bool:
        """A caller in the background is stopped when it reads keys, or sets a mode."""
        if not self.is_terminal:
            return False
        try:
            return os.tcgetpgrp(STDIN) == os.getpgrp()
        except OSError:  # it is not the caller's controlling terminal, which stops no process
            return True

    def take(self) -> bool:
        """Have it pass on each key as it is. False: it is not there."""
        if not self.is_there():
            return False
        settings = [*self.settings]
        # As cfmakeraw(3).
        settings[_IFLAG] &= ~(
            termios.IGNBRK
            | termios.BRKINT
            | termios.PARMRK
            | termios.ISTRIP
            | termios.INLCR
            | termios.IGNCR
            | termios.ICRNL
            | termios.IXON
        )
        settings[_OFLAG] &= ~termios.OPOST
        settings[_CFLAG] = settings[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        settings[_LFLAG] &= ~(
            termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
        )
        # A read returns after 0.1 s without a key, so that the thread can end. It must not wait for
        # the next key, which may be for the caller.
        settings[_CC] = [*settings[_CC]]
        settings[_CC][termios.VMIN], settings[_CC][termios.VTIME] = 0, 1
        self._is_raw = True
        # What was typed before stays.
        termios.tcsetattr(STDIN, termios.TCSADRAIN, settings)
        return True

    def read(self) -> bytes:
        """What was typed; b"" if nothing was for a while. Raises `termios.error`: it is gone."""
        keys = os.read(STDIN, _CHUNK)
        if not keys:
            termios.tcgetattr(STDIN)
        return keys

    def has_interrupt(self, keys: bytes) -> bool:
        return self.settings[_CC][termios.VINTR] in keys

    def put_back(self) -> None:
        if self._is_raw:
            with contextlib.suppress(termios.error):  # it is gone
                termios.tcsetattr(STDIN, termios.TCSADRAIN, self.settings)


def _copy_keys(keyboard: _Keyboard, console: Any, presses: Presses, stop: list[None]) -> None:
    with contextlib.suppress(OSError, termios.error):
        while not stop:
            keys = keyboard.read()
            if keyboard.has_interrupt(keys):
                presses.typed()
            console.write_bytes(keys)


def _copy_stream(stream: Any, console: Any, stop: list[None]) -> None:
    _terminal_streams.copy_stream(stream, console, stop)
    _end_input(console)


def _type(data: bytes, console: Any) -> None:
    with contextlib.suppress(OSError):
        console.write_bytes(data)
    _end_input(console)


def _end_input(console: Any) -> None:
    with contextlib.suppress(OSError):  # it is closed
        console._terminal.end_input()  # noqa: SLF001
