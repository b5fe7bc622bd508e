"""`run` on Windows: how a contained command is waited for, interrupted, and given its streams."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import sys

from .. import _arguments, _patience
from .._late import importing
from .._streams import Streams
from .._subprocess import DEVNULL, PIPE, TimeoutExpired
from .._types import CtrlEvent
from .._typing import TYPE_CHECKING
from .._win32 import system
from .._win32.whole import whole
from . import waits
from .handlers import registration
from .standing_guards import clear_first

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Callable

    from .._patience import Patience, Presses
    from .._protocol import RunResult
    from .._win32.boundary import System
    from .terminal_input import LentTerminal

# Seconds in which the Ctrl+C must have been sent.
SEND_WITHIN = 3.0


def run(
    contained: Callable[..., Any],
    args: Any,
    input: Any,
    named: dict[str, Any],
    patience: Patience,
    presses: Presses,
    inject: bool,
) -> RunResult:
    windows = system()
    is_shared = named["console"] != "own"
    streams: list[Streams] = []
    with contextlib.ExitStack() as stack:
        if is_shared:
            named["keyboard"] = False
            if not presses.taken:
                stack.enter_context(_listening(presses))
            shown: dict[str, Any] = {}
            lent = None
        else:
            shown, lent = _pass_streams(windows, named)
        if lent is not None:
            stack.callback(lent.take_back)
        with contained(args, **named) as process:
            try:
                # As a whole: it duplicates the handles of the pipes.
                whole(lambda: streams.append(Streams(process, input, shown)))
                if lent is not None:
                    lent.start()
                command = _Command(windows, process, inject, hears_keyboard=not is_shared)
                broken_off = _patience.wait(command, patience, presses)
            finally:
                process.end_tree()
            # All that could write to the pipes is gone.
            output, errors = streams[0].finish(math.inf)
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return process, output, errors, broken_off


@contextlib.contextmanager
def _listening(presses: Presses) -> Generator[None]:
    """Counts the Ctrl+Cs of the caller, which get to its own handlers too."""

    def take(event: int) -> bool:
        return event == CtrlEvent.CTRL_C_EVENT and presses.hear(event)

    registered = registration(frozenset({CtrlEvent.CTRL_C_EVENT}), take)
    try:
        registered.add()
        yield
    finally:
        registered.remove()


class _Command:
    """Implements `_patience.Command`."""

    def __init__(
        self, windows: System, process: Any, inject: bool, *, hears_keyboard: bool
    ) -> None:
        self._windows = windows
        self._process = process
        self._inject = inject
        self._hears_keyboard = hears_keyboard
        self.args = process.args
        self.monotonic = windows.monotonic

    def wait_until(self, deadline: float) -> bool:
        return waits.exits(self._windows, self._process, deadline)

    def interrupt(self) -> OSError | None:
        return interrupt_contained(
            self._windows, self._process.pid, self._inject, hears_keyboard=self._hears_keyboard
        )


_sends: tuple[Any, Any] | None = None


def _what_sends() -> tuple[Any, Any]:
    """The modules `dispatch` and `keyboard`: most commands get no Ctrl+C, and need neither."""
    global _sends  # noqa: PLW0603  # kept: see `_late`
    if _sends is None:
        with importing:
            from . import dispatch, keyboard
        _sends = dispatch, keyboard
    return _sends


def interrupt_contained(
    windows: System, pgid: int, inject: bool, *, hears_keyboard: bool = True
) -> OSError | None:
    """Ctrl+C to the group of a contained command. Returns why it cannot be sent.

    It ignores Ctrl+C, say. At the end of its time that is no error: the job ends any process that
    is still running.
    """
    dispatch, keyboard = _what_sends()
    try:
        if not hears_keyboard:
            keyboard.interrupt(windows, pgid, SEND_WITHIN, inject)
            return None
        options = _arguments.options(SEND_WITHIN, inject, waits=False)
        dispatch.to_group(
            windows, pgid, CtrlEvent.CTRL_C_EVENT, options, dispatch.send, threads_first=True
        )
    except OSError as error:
        return error
    return None


# --- standard streams -----------------------------------------------------------------------------


def _pass_streams(
    windows: System, named: dict[str, Any]
) -> tuple[dict[str, Callable[[bytes], None]], LentTerminal | None]:
    """Have the command use the caller's standard streams.

    Without a redirection Windows would give it those of its own, hidden console. A handle of a file
    or a pipe can be passed on; one of a console is good on that console alone. Returns how to show
    the output that is for the caller's terminal, and that terminal if it is its stdin too.
    """
    shown: dict[str, Callable[[bytes], None]] = {}
    lent: LentTerminal | None = None
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if named.get(name) is not None:
            continue
        with contextlib.suppress(AttributeError, OSError, ValueError):
            getattr(sys, name).flush()
        if not _exists(fd):  # a program without standard streams, such as pythonw
            named[name] = DEVNULL
        elif not _is_console(windows, fd):
            named[name] = fd
        elif name == "stdin":
            with importing:
                from .terminal_input import LentTerminal
            lent = LentTerminal(windows, fd)
            named[name] = lent.stdin
        else:
            named[name] = PIPE
            shown[name] = functools.partial(_show, fd)
    return shown, lent


def _exists(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _is_console(windows: System, fd: int) -> bool:
    """Not os.isatty, for which NUL is a terminal too."""
    clear_first()
    try:
        windows.GetConsoleMode(windows.get_osfhandle(fd))
    except OSError:
        return False
    return True


def _show(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
