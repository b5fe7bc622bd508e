"""`run` on Windows: how a contained command is waited for, interrupted, and given its streams."""

from __future__ import annotations

import contextlib
import io
import math
import os
import sys
from typing import TYPE_CHECKING, Any, Callable

from .._subprocess import DEVNULL, PIPE, TimeoutExpired
from .._types import CtrlEvent
from .._unpatched import Thread
from .._win32 import system
from . import dispatch
from .popen import handle_of

if TYPE_CHECKING:
    from .._protocol import RunResult
    from .._win32.boundary import System

# Seconds in which the Ctrl+C must have been sent; a command that it cannot be sent to gets no more
# time than that to exit by itself.
SEND_WITHIN = 3.0

# Seconds that a command has at least to exit by itself when the sending of the Ctrl+C was slow; and
# how long a wait lasts at most: unlike a Ctrl+C, a Ctrl+Break does not break it off.
_AT_LEAST = 1.0
_SLICE = 0.05


def run(
    contained: Callable[..., Any],
    args: Any,
    seconds: float,
    input: Any,
    named: dict[str, Any],
    grace: float,
) -> RunResult:
    terminals = _pass_streams(named) if named["console"] == "own" else {}
    with contained(args, **named) as process:
        try:
            streams = _Streams(process, terminals, input)
            broken_off = _wait(process, seconds, grace)
        finally:
            process.end_tree()
        output, errors = streams.finish()
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return process, output, errors, broken_off


def _wait(process: Any, seconds: float, grace: float) -> BaseException | None:
    broken_off: BaseException | None = None
    try:
        if not _wait_until(process, system().monotonic() + seconds):
            broken_off = TimeoutExpired(process.args, seconds)
    except KeyboardInterrupt as interrupt:
        broken_off = interrupt
    if broken_off is not None:
        # A second Ctrl+C is not for waiting any longer.
        with contextlib.suppress(KeyboardInterrupt):
            _interrupt(process, grace)
    return broken_off


def _interrupt(process: Any, grace: float) -> None:
    """Send Ctrl+C and give the child the grace to exit by itself.

    The grace counts from here, not from when the Ctrl+C is sent: on a slow machine that may take
    its time.
    """
    windows = system()
    start = windows.monotonic()
    if not interrupt_contained(windows, process.pid):
        grace = min(grace, SEND_WITHIN)
    _wait_until(process, max(start + grace, windows.monotonic() + _AT_LEAST))


def interrupt_contained(windows: System, pgid: int) -> bool:
    """Ctrl+C to the group of a contained command. False if it cannot be sent.

    Then it ignores Ctrl+C, say. That is no error: the job ends any process that is still running.
    """
    event = CtrlEvent.CTRL_C_EVENT
    try:
        dispatch.to_group(windows, pgid, event, SEND_WITHIN, dispatch.send, threads_first=True)
    except OSError:
        return False
    return True


def _wait_until(process: Any, deadline: float) -> bool:
    """Wait for the child's exit, in such a way that Ctrl+C breaks it off. True: it has exited."""
    windows = system()
    while process.poll() is None:
        left = deadline - windows.monotonic()
        if left <= 0:
            return False
        # Not process.wait: when Ctrl+C comes at the end of its time, it waits again, for what is
        # left of that: a negative time, which before Python 3.13 means for ever.
        milliseconds = math.ceil(min(left, _SLICE) * 1000)
        windows.WaitForSingleObject(handle_of(process), milliseconds)
    return True


# --- standard streams -----------------------------------------------------------------------------


def _pass_streams(named: dict[str, Any]) -> dict[str, int]:
    """Have the command use the caller's standard streams. Returns those that are a terminal.

    Without a redirection Windows would give it those of its own, hidden console. A handle of a file
    or a pipe can be passed on; one of a console is good on that console alone.
    """
    terminals: dict[str, int] = {}
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if named.get(name) is not None:
            continue
        with contextlib.suppress(AttributeError, OSError, ValueError):
            getattr(sys, name).flush()
        try:
            os.fstat(fd)
        except OSError:  # a program without standard streams, such as pythonw
            named[name] = DEVNULL
        else:
            if os.isatty(fd):
                named[name] = PIPE
                terminals[name] = fd
            else:
                named[name] = fd
    return terminals


class _Streams:
    """The pipes of a command, each served by a thread of its own, so that none blocks another."""

    def __init__(self, process: Any, terminals: dict[str, int], input: Any) -> None:
        self._found: dict[str, list[Any]] = {}
        self._threads: list[Thread] = []
        self._problems: list[BaseException] = []
        if input is not None and not isinstance(process.stdin, io.TextIOBase):
            memoryview(input)  # TypeError for text, before anything runs on
        for name in ("stdout", "stderr"):
            stream = getattr(process, name)
            if name in terminals:
                self._serve(_copy_to_terminal, stream, terminals[name])
            elif stream is not None:
                self._found[name] = []
                self._serve(_collect, stream, self._found[name])
        if "stdin" in terminals:
            # Not waited for at the end: nothing can break off its reading from the terminal.
            self._start(_copy_from_terminal, terminals["stdin"], process.stdin)
        elif input is not None:
            self._serve(_write, process.stdin, input)

    def _serve(self, function: Any, *arguments: Any) -> None:
        self._threads.append(self._start(function, *arguments))

    def _start(self, function: Any, *arguments: Any) -> Thread:
        return Thread(self._call, function, *arguments)

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as problem:  # raised where the command is waited for
            self._problems.append(problem)

    def finish(self) -> tuple[Any, Any]:
        """What was collected of stdout and stderr, or None.

        Raises what its threads could not do: decode the output as text, say.
        """
        for thread in self._threads:
            thread.join()
        if self._problems:
            raise self._problems[0]
        return tuple(  # type: ignore[return-value]  # of two
            self._found[name][0] if name in self._found else None for name in ("stdout", "stderr")
        )


def _collect(stream: Any, found: list[Any]) -> None:
    with stream:
        found.append(stream.read())


def _write(stream: Any, data: Any) -> None:
    # A command that does not read all of its input, or ends, is not an error.
    with contextlib.suppress(OSError), stream:
        stream.write(data)


def _copy_to_terminal(stream: Any, fd: int) -> None:
    with contextlib.suppress(OSError), stream:
        while True:
            data = os.read(stream.fileno(), 1 << 16)
            if not data:
                return
            while data:
                data = data[os.write(fd, data) :]


def _copy_from_terminal(fd: int, stream: Any) -> None:
    with contextlib.suppress(OSError), stream:
        pipe = stream.fileno()
        while True:
            data = os.read(fd, 1 << 12)
            if not data:
                return
            os.write(pipe, data)
