"""`PseudoConsole`: a terminal for a child, typed into and read by the caller, on Windows."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from . import _arguments
from ._console import is_wine
from ._errors import unsupported, winerror_of
from ._facts import write_ignores_ctrl_c
from ._spawn import create_process
from ._win32 import system
from ._win32.constants import (
    CREATE_NEW_CONSOLE,
    CREATE_NEW_PROCESS_GROUP,
    CREATE_NO_WINDOW,
    CREATE_SUSPENDED,
    DETACHED_PROCESS,
    ERROR_PROC_NOT_FOUND,
    STATUS_CONTROL_C_EXIT,
    WAIT_OBJECT_0,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ._spawn import CreatedProcess
    from ._win32.boundary import System

# In seconds: what Windows gives the programs of a console that is closed; how long a wait lasts at
# most, as Python's waits on Windows let a Ctrl+C wait too.
CLOSE_SECONDS = 5.0
_SLICE = 0.05

_SHORT = 0x7FFF  # a COORD has two of them


class PseudoConsole:
    """A terminal: programs run on it as on one with a window, and the caller has keys and screen.

    `columns`, `rows`: its size.

    A context manager; `close` is called at its end. It can be used from several threads.

    Raises `OSError` with `winerror`; with ENOSYS before Windows 10 1809, which has none;
    `TypeError`, `ValueError` for a size that none can have.

    Source: CreatePseudoConsole (consoleapi.h).
    """

    def __init__(self, columns: int = 120, rows: int = 30) -> None:
        size = _size(columns, rows)
        windows = system()
        self._children: list[TerminalProcess] = []
        self._screen = _Screen()
        self._closing = threading.Lock()
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as ends_of_console:
            self._job = windows.CreateJobObject()
            undo.callback(windows.CloseHandle, self._job)
            its_keys, self._keys = os.pipe()
            ends_of_console.callback(os.close, its_keys)
            undo.callback(os.close, self._keys)
            output, its_output = os.pipe()
            ends_of_console.callback(os.close, its_output)
            undo.callback(os.close, output)
            try:
                self._console: int | None = windows.CreatePseudoConsole(
                    *size, handle_of(its_keys), handle_of(its_output)
                )
            except OSError as error:
                if winerror_of(error) != ERROR_PROC_NOT_FOUND:
                    raise
                raise unsupported("pseudo consoles come with Windows 10 1809") from error
            undo.callback(windows.ClosePseudoConsole, self._console)
            # Always, whether anybody asks for it or not: a console that cannot write stands still,
            # and before Windows 11 24H2 closing it waits for that.
            self._reader = threading.Thread(target=self._screen.fill, args=(output,), daemon=True)
            self._reader.start()
            undo.pop_all()

    def __enter__(self) -> PseudoConsole:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def start(self, args: str | Sequence[str], **named: Any) -> TerminalProcess:
        """Start a child on it, which leads a process group of its own and hears Ctrl+C.

        `args` and keywords: those of `create_process`. The child's standard streams are this
        console, even if the caller's own are redirected, unless `standard_handles` says otherwise.
        What it starts ends with the console at the latest.

        Raises what `create_process` raises; `TypeError` for `pseudo_console`; `ValueError` for a
        creation flag that asks for another console; `OSError` (EBADF) when it is closed.

        Source: PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE (UpdateProcThreadAttribute). The NULL handles
        keep a redirection of the caller's from the child.
        """
        if "pseudo_console" in named:
            raise TypeError("pseudo_console is this one")
        flags = named.pop("creationflags", 0)
        if flags & (CREATE_NEW_CONSOLE | CREATE_NO_WINDOW | DETACHED_PROCESS):
            raise ValueError("creationflags ask for another console than this one")
        windows = system()
        with _standard_handles(windows) as handles:
            named.setdefault("standard_handles", handles)
            created = create_process(
                args,
                creationflags=flags | CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP,
                pseudo_console=self._open(),
                **named,
            )
        try:
            windows.AssignProcessToJobObject(self._job, created.process_handle)
            write_ignores_ctrl_c(windows, created.process_handle, False)
            child = TerminalProcess(args, created)
            self._children.append(child)
            created.resume()
        except BaseException:
            windows.TerminateProcess(created.process_handle, 1)
            created.close()
            raise
        return child

    def read(self, timeout: float | None = None) -> str:
        """What it has shown since the last time, with its control sequences.

        Waits until there is something, `timeout` seconds at most (None: no limit). "" when the
        time is up, and when it is closed and all has been read.

        Raises `TypeError`, `ValueError`.
        """
        return self._screen.take(time.monotonic() + _arguments.seconds(timeout))

    def write(self, text: str) -> None:
        r"""Type something. The Enter key is "\r".

        Raises `OSError` (EBADF when it is closed).
        """
        self.write_bytes(text.encode())

    def write_bytes(self, data: bytes) -> None:
        """Type something that is UTF-8 already."""
        self._open()
        while data:
            data = data[os.write(self._keys, data) :]

    def press_ctrl_c(self) -> None:
        r"""Press Ctrl+C.

        In the mode in which consoles are as a rule, every program on it gets the event, whatever
        its group, unless it ignores Ctrl+C. With ENABLE_PROCESSED_INPUT off, "\x03" is read as
        input. On Wine 10 neither happens: there, this character ends the input (conhost.c).

        Raises what `write` raises.
        """
        self.write("\x03")

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size. Raises `TypeError`, `ValueError`, `OSError`; always on Wine 10.

        Source: ResizePseudoConsole (consoleapi.h).
        """
        size = _size(columns, rows)
        system().ResizePseudoConsole(self._open(), *size)

    def close(self) -> None:
        """Close it, and end what runs on it. What it has shown can still be read.

        Windows tells those who run on it with CTRL_CLOSE_EVENT, and they have 5 seconds to clean
        up; Wine 10 does not. Whatever is still there then is ended. A second call does nothing.

        Source: ClosePseudoConsole (consoleapi.h).
        """
        with self._closing:
            console, self._console = self._console, None
            if console is None:
                return
            windows = system()
            try:
                windows.ClosePseudoConsole(console)
                deadline = windows.monotonic() + CLOSE_SECONDS
                while windows.QueryInformationJobObject(self._job):
                    if windows.monotonic() >= deadline:
                        windows.TerminateJobObject(self._job, STATUS_CONTROL_C_EXIT)
                        deadline += CLOSE_SECONDS
                    windows.sleep(_SLICE / 10)
            finally:
                windows.CloseHandle(self._job)  # ends what is left even now
                os.close(self._keys)
                for child in self._children:
                    child.let_go()
                self._reader.join(CLOSE_SECONDS)

    def end_processes(self) -> None:
        """End what runs on it, at once."""
        self._open()
        system().TerminateJobObject(self._job, STATUS_CONTROL_C_EXIT)

    def _open(self) -> int:
        if self._console is None:
            raise OSError(errno.EBADF, "this pseudo console is closed")
        return self._console


@contextlib.contextmanager
def _standard_handles(windows: System) -> Generator[tuple[int, int, int]]:
    """What makes a child use its console.

    With NULL Windows opens it for the child. Wine 10 leaves them NULL; but there, a handle of these
    devices means in each process the console that this is on (server/console.c).
    """
    with contextlib.ExitStack() as stack:
        handles = [0, 0]
        if sys.platform == "win32" and is_wine(windows):
            with contextlib.suppress(OSError):  # the caller is on none
                for index, name in enumerate(("Input", "Output")):
                    fd = os.open(rf"\\.\GLOBALROOT\Device\ConDrv\{name}", os.O_RDWR)
                    stack.callback(os.close, fd)
                    handles[index] = handle_of(fd)
                    os.set_handle_inheritable(handles[index], True)
        yield handles[0], handles[1], handles[1]


class TerminalProcess:
    """A process on a `PseudoConsole`, like a `subprocess.Popen` without pipes."""

    def __init__(self, args: Any, created: CreatedProcess) -> None:
        self.args = args
        self.pid: int = created.pid
        self.returncode: Any = None
        """Its exit status, once it is known: an int."""
        self._created = created
        self._polling = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    def poll(self) -> Any:
        """Its exit status; None while it runs."""
        with self._polling:
            handle = self._created.process_handle
            if self.returncode is None and handle:
                windows = system()
                if windows.WaitForSingleObject(handle, 0) == WAIT_OBJECT_0:
                    self.returncode = windows.GetExitCodeProcess(handle)
                    self._created.close()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns its exit status. Raises `subprocess.TimeoutExpired`."""
        seconds = _arguments.seconds(timeout)
        if not self.wait_until(time.monotonic() + seconds):
            raise subprocess.TimeoutExpired(self.args, seconds)
        status: int = self.returncode
        return status

    def wait_until(self, deadline: float) -> bool:
        """Wait in such a way that Ctrl+C breaks it off. True: it has ended."""
        windows = system()
        while self.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0 or not self._created.process_handle:
                return False
            windows.sleep(min(left, _SLICE / 10))
        return True

    def kill(self) -> None:
        """End it, with exit status 1. Does nothing when it has ended."""
        if self.poll() is not None:
            return
        with self._polling:
            try:
                system().TerminateProcess(self._created.process_handle, 1)
            except PermissionError:  # it has just ended by itself
                windows = system()
                if windows.WaitForSingleObject(self._created.process_handle, 0) != WAIT_OBJECT_0:
                    raise

    def let_go(self) -> None:
        """Learn its exit status if there is one, and hold no handle any more."""
        self.poll()
        with self._polling:
            self._created.close()


class _Screen:
    """What a console has shown and nobody has read yet."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._at_end = False
        self._news = threading.Condition()

    def fill(self, fd: int) -> None:
        """Read to the end, in a thread of its own."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            while True:
                data = b""
                with contextlib.suppress(OSError):  # its other end was closed
                    data = os.read(fd, 1 << 16)
                with self._news:
                    self._parts.append(decoder.decode(data, final=not data))
                    self._at_end = not data
                    self._news.notify_all()
                if not data:
                    return
        finally:
            os.close(fd)

    def take(self, deadline: float) -> str:
        while True:
            with self._news:
                shown = "".join(self._parts)
                self._parts.clear()
                left = deadline - time.monotonic()
                if shown or self._at_end or left <= 0:
                    return shown
                self._news.wait(min(left, _SLICE))


def handle_of(fd: int) -> int:
    """The handle behind a file descriptor."""
    if sys.platform != "win32":
        return fd  # for a fake boundary
    import msvcrt

    return msvcrt.get_osfhandle(fd)


def _size(columns: int, rows: int) -> tuple[int, int]:
    for name, number in (("columns", columns), ("rows", rows)):
        if not 0 < _arguments.integer(number, name) <= _SHORT:
            raise ValueError(f"{name} must be from 1 to {_SHORT}, not {number}")
    return columns, rows
