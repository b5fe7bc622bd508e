"""`run` with `console="pty"`: the command has a terminal, and the caller's streams are its ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING, Any, Callable

from .. import _patience, _terminal_streams
from .._terminal_streams import STDIN, STDOUT
from .._unpatched import Thread
from .._win32 import system
from .._win32.constants import (
    DISABLE_NEWLINE_AUTO_RETURN,
    ENABLE_PROCESSED_OUTPUT,
    ENABLE_VIRTUAL_TERMINAL_INPUT,
    ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    ENABLE_WRAP_AT_EOL_OUTPUT,
)
from .run import interrupt_contained
from .terminal_input import Keyboard

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from .._patience import Patience, Presses
    from .._protocol import RunResult, TerminalProcess

_SLICE = 0.05

# What a terminal passes on as it is, and shows as it is told.
_RAW_INPUT = ENABLE_VIRTUAL_TERMINAL_INPUT
_ESCAPES = ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING
_RAW_OUTPUT = _ESCAPES | DISABLE_NEWLINE_AUTO_RETURN


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
    """On a pseudo console as large as the caller's terminal."""
    is_text = _terminal_streams.options(named)
    if named.pop("shell", False):
        shell = os.environ.get("COMSPEC", "cmd.exe")
        args = f'"{shell}" /c "{args if isinstance(args, str) else subprocess.list2cmdline(args)}"'
    shown: list[str] = []
    size = _terminal_streams.size()
    with contextlib.ExitStack() as stack:
        console = stack.enter_context(pseudo_console(*size))
        process = console.start(args, **named)
        show = shown.append if capture_output else stack.enter_context(_terminal_output())
        output = Thread(_terminal_streams.copy_screen, console, show)
        if input is None:
            stack.enter_context(_typing(console, presses))
        else:
            console.write_bytes(input.encode() if isinstance(input, str) else bytes(input))
        command = _Command(console, process, size, inject)
        broken_off = _patience.wait(command, patience, presses)
        with contextlib.suppress(KeyboardInterrupt):
            console.end_processes()
            console.close()
            output.join()
    found = _terminal_streams.captured(shown, is_text, broken_off) if capture_output else None
    return process, found, None, broken_off


class _Command:
    """Implements `_patience.Command`."""

    def __init__(
        self, console: Any, process: TerminalProcess, size: tuple[int, int], inject: bool
    ) -> None:
        self._windows = system()
        self._console = console
        self._process = process
        self._size = size
        self._inject = inject
        self.args = process.args
        self.monotonic = self._windows.monotonic

    def wait_until(self, deadline: float) -> bool:
        """Meanwhile the console keeps the size of the caller's terminal."""
        while not self._process.wait_until(min(deadline, self._windows.monotonic() + _SLICE * 4)):
            now = _terminal_streams.size(self._size)
            if now != self._size:
                self._size = now
                with contextlib.suppress(OSError):
                    self._console.resize(*now)
            if self._windows.monotonic() >= deadline:
                return False
        return True

    def interrupt(self) -> OSError | None:
        return interrupt_contained(self._windows, self._process.pid, self._inject)


# --- the caller's streams -------------------------------------------------------------------------


@contextlib.contextmanager
def _raw(fd: int, mode: int) -> Generator[bool]:
    """Put a console into a mode, and back at the end. False: it is no console."""
    windows = system()
    try:
        handle = windows.get_osfhandle(fd)
        before = windows.GetConsoleMode(handle)
        windows.SetConsoleMode(handle, mode)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        windows.SetConsoleMode(handle, before)


def escapes(fd: int) -> AbstractContextManager[bool]:
    return _raw(fd, _ESCAPES)


@contextlib.contextmanager
def _terminal_output() -> Generator[Callable[[str], None]]:
    """How to show something on the caller's stdout, be that what it may."""
    with _terminal_streams.shown_on_stdout() as show, _raw(STDOUT, _RAW_OUTPUT):
        yield show


@contextlib.contextmanager
def _typing(console: Any, presses: Presses) -> Generator[None]:
    """Type what comes from the caller's stdin; from a terminal every key, Ctrl+C too."""
    stop: list[None] = []
    stdin = _terminal_streams.stdin()
    if stdin is None:
        yield
        return
    with _raw(STDIN, _RAW_INPUT) as is_console:
        copies_keys = None
        if is_console:
            windows = system()
            keyboard = Keyboard(windows, windows.get_osfhandle(STDIN))
            copies_keys = Thread(_copy_keys, keyboard, console, presses, stop)
        else:
            # Not waited for: nothing can break off its reading from a stream.
            Thread(_terminal_streams.copy_stream, stdin, console, stop)
        try:
            yield
        finally:
            stop.append(None)
            if copies_keys:
                copies_keys.join()


def _copy_keys(keyboard: Keyboard, console: Any, presses: Presses, stop: list[None]) -> None:
    with contextlib.suppress(OSError):
        while not stop:
            # A read that finds no character waits for the next, which may be for the caller.
            if keyboard.has_character(_SLICE):
                keys = keyboard.read()
                if "\x03" in keys:
                    presses.typed()
                console.write_bytes(keys.encode("utf-8", "replace"))
