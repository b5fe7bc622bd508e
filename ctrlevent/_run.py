"""The verb `run`: a command contained in a console, a group and a job of its own, on Windows."""

from __future__ import annotations

import contextlib
import io
import math
import os
import subprocess
import sys
import threading
import time
from subprocess import CompletedProcess, TimeoutExpired
from typing import TYPE_CHECKING, Any

from . import _arguments
from ._events import interrupt_contained
from ._outcome import GRACE, Outcome, redirected
from ._spawn import Popen
from ._win32 import system
from ._win32.constants import STATUS_CONTROL_C_EXIT

if TYPE_CHECKING:
    from ._win32.boundary import System

# Seconds that a command has at least to end by itself when the sending of the Ctrl+C was slow; and
# how long a wait lasts at most: unlike a Ctrl+C, a Ctrl+Break does not break it off.
_AT_LEAST = 1.0
_SLICE = 0.05


class Contained(Popen):
    """A `Popen` in a job: when that is closed, and at the latest with the caller, the tree ends."""

    def __init__(self, args: Any, **named: Any) -> None:
        self._job: int | None = system().CreateJobObject()
        try:
            super().__init__(args, **named)
        except BaseException:
            self.end_tree()
            raise

    def _prepare(self, windows: System, handle: int) -> None:
        assert self._job is not None
        windows.AssignProcessToJobObject(self._job, handle)
        super()._prepare(windows, handle)

    def end_tree(self) -> None:
        """End the child and all its descendants, and wait until they are gone."""
        job, self._job = self._job, None
        if job is None:
            return
        windows = system()
        try:
            deadline = windows.monotonic() + GRACE
            windows.TerminateJobObject(job, STATUS_CONTROL_C_EXIT)
            while windows.QueryInformationJobObject(job) and windows.monotonic() < deadline:
                windows.sleep(_SLICE / 10)
        finally:
            windows.CloseHandle(job)

    def ask_to_end(self, grace: float = GRACE) -> None:
        """Send Ctrl+C and give the child the grace to end by itself.

        The grace counts from here, not from when the Ctrl+C is sent: on a slow machine that may
        take its time.
        """
        start = time.monotonic()
        if not interrupt_contained(system(), self.pid, GRACE):
            grace = min(grace, GRACE)
        self.wait_until(max(start + grace, time.monotonic() + _AT_LEAST))

    def wait_until(self, deadline: float) -> bool:
        """Wait for the child's end, in such a way that Ctrl+C breaks it off. True: it has ended."""
        windows = system()
        while self.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            # Not self.wait: when Ctrl+C comes at the end of its time, it waits again, for what is
            # left of that: a negative time, which before Python 3.13 means for ever.
            milliseconds = math.ceil(min(left, _SLICE) * 1000)
            handle = int(self._handle)  # type: ignore[attr-defined]
            windows.WaitForSingleObject(handle, milliseconds)
        return True


def run(
    args: Any,
    *,
    console: str = "own",
    timeout: float | None = None,
    input: Any = None,
    capture_output: bool = False,
    check: bool = False,
    **named: Any,
) -> CompletedProcess[Any]:
    """Run a command contained: whatever events it sends, by whatever call, stay inside.

    Like `subprocess.run`, whose arguments it takes and whose result it gives; but the command has
    three things of its own: a hidden console, a process group, and a job. When it has ended, was
    interrupted, or has used up its time, all that it started is ended too, and is gone when this
    returns. With `console="shared"` (or "inherit") it stays on the caller's console. With "pty" it
    has a terminal (a `PseudoConsole`), whose output is shown on the caller's stdout, and to which
    the caller's stdin, or `input`, is typed; then it takes the keywords of `create_process`.

    Standard streams that are not redirected pass through: files and pipes as they are, a terminal
    by way of a pipe, since the command has another console.

    `timeout`: in seconds; None, the default: no limit. Then the command gets a Ctrl+C, and is ended
    if that has not done it 3 seconds later.

    A Ctrl+C of the caller is passed on in the same way, and KeyboardInterrupt raised when the
    command is gone.

    Raises `subprocess.TimeoutExpired`, `subprocess.CalledProcessError` (`check`), and what `Popen`
    raises.

    Source: job objects (jobapi2.h), CREATE_NO_WINDOW ("Process Creation Flags").
    """
    seconds = _arguments.seconds(timeout)
    return contain(args, console, seconds, input, capture_output, named).completed(check)


def contain(
    args: Any,
    console: str,
    seconds: float,
    input: Any = None,
    capture_output: bool = False,
    named: dict[str, Any] | None = None,
    grace: float = GRACE,
) -> Outcome:
    """What `run` does, but for what it makes of the outcome."""
    named = dict(named or {})
    if console == "pty":
        from ._run_on_terminal import contain_on_terminal

        return contain_on_terminal(args, seconds, input, capture_output, named, grace)
    named = redirected(named, input, capture_output)
    kind = "inherit" if console == "shared" else console
    terminals = _pass_streams(named) if kind == "own" else {}
    with Contained(args, console=kind, **named) as process:
        try:
            streams = _Streams(process, terminals, input)
            broken_off = _wait(process, seconds, grace)
        finally:
            process.end_tree()
        output, errors = streams.finish()
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return Outcome(process, output, errors, broken_off)


def _wait(process: Contained, seconds: float, grace: float) -> BaseException | None:
    broken_off: BaseException | None = None
    try:
        if not process.wait_until(time.monotonic() + seconds):
            broken_off = TimeoutExpired(process.args, seconds)
    except KeyboardInterrupt as interrupt:
        broken_off = interrupt
    if broken_off is not None:
        # A second Ctrl+C is not for waiting any longer.
        with contextlib.suppress(KeyboardInterrupt):
            process.ask_to_end(grace)
    return broken_off


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
            named[name] = subprocess.DEVNULL
        else:
            if os.isatty(fd):
                named[name] = subprocess.PIPE
                terminals[name] = fd
            else:
                named[name] = fd
    return terminals


class _Streams:
    """The pipes of a command, each served by a thread of its own, so that none blocks another."""

    def __init__(self, process: Contained, terminals: dict[str, int], input: Any) -> None:
        self._found: dict[str, list[Any]] = {}
        self._threads: list[threading.Thread] = []
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

    def _start(self, function: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=self._call, args=(function, *arguments), daemon=True)
        thread.start()
        return thread

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as problem:  # raised where the command is waited for
            self._problems.append(problem)

    def finish(self) -> tuple[Any, Any]:
        """What was collected of stdout and stderr; None for one that was not.

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
