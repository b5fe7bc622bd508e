"""What a `PseudoConsole` is made of on Windows."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .. import _arguments
from .._calls import Call
from .._errors import unsupported, winerror_of
from .._screen import Screen
from .._subprocess import TimeoutExpired
from .._unpatched import Thread, allocate_rlock
from .._win32 import system
from .._win32.constants import (
    CREATE_NEW_CONSOLE,
    CREATE_NEW_PROCESS_GROUP,
    CREATE_NO_WINDOW,
    DETACHED_PROCESS,
    ERROR_PROC_NOT_FOUND,
    STATUS_CONTROL_C_EXIT,
    WAIT_OBJECT_0,
)
from .._win32.whole import whole
from .create_process import close_handles, create_suspended, end_process
from .peb import write_ignores_ctrl_c
from .wine import is_wine

if TYPE_CHECKING:
    from collections.abc import Generator

    from .._win32.boundary import System

# In seconds: what Windows gives the programs of a console that is closed; how long a wait lasts at
# most, as Python's waits on Windows let a Ctrl+C wait too.
CLOSE_SECONDS = 5.0
_SLICE = 0.005


class Terminal:
    """What a `PseudoConsole` is made of: the console, two pipes, a job, and a thread that reads."""

    def __init__(self, columns: int, rows: int) -> None:
        self._size = columns, rows
        self._windows = system()
        self._children: WeakSet[TerminalProcess] = WeakSet()
        self._screen = Screen(self._windows.monotonic)
        self._closing = allocate_rlock()
        self._console: int | None = None
        self.is_open = False

    def open(self) -> None:
        whole(self._make)

    def _make(self) -> None:
        windows = self._windows
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as ends_of_console:
            self._job = windows.CreateJobObject()
            undo.callback(windows.CloseHandle, self._job)
            its_keys, self._keys = os.pipe()
            ends_of_console.callback(os.close, its_keys)
            undo.callback(os.close, self._keys)
            output, its_output = os.pipe()
            ends_of_console.callback(os.close, its_output)
            undo.callback(os.close, output)
            handles = [windows.get_osfhandle(fd) for fd in (its_keys, its_output)]
            try:
                self._console = windows.CreatePseudoConsole(*self._size, *handles)
            except OSError as error:
                if winerror_of(error) != ERROR_PROC_NOT_FOUND:
                    raise
                raise unsupported("pseudo consoles come with Windows 10 1809") from error
            undo.callback(self._close_console)
            # Before Windows 11 24H2, closing a console waits until all was read.
            self._reader = Thread(_show, self._screen, output)
            undo.pop_all()
            self.is_open = True

    def start(self, args: Any, creationflags: int = 0, **named: Any) -> TerminalProcess:
        if creationflags & (CREATE_NEW_CONSOLE | CREATE_NO_WINDOW | DETACHED_PROCESS):
            raise ValueError("creationflags ask for another console than this one")
        held = [TerminalProcess(self._windows, args)]
        try:
            whole(partial(self._give, held[0], creationflags, named))
            held[0].resume()
            return held.pop()  # and no variable has it: see `_calls`
        except BaseException:
            if held:
                held[0].abandon()
            raise

    def _give(self, child: TerminalProcess, creationflags: int, named: dict[str, Any]) -> None:
        windows = self._windows
        with _standard_handles(windows) as handles:
            named.setdefault("standard_handles", handles)
            created = create_suspended(
                creationflags=creationflags | CREATE_NEW_PROCESS_GROUP,
                pseudo_console=self._open(),
                **named,
            )
        child.take(*created)
        windows.AssignProcessToJobObject(self._job, created.hProcess)
        write_ignores_ctrl_c(windows, created.hProcess, False)
        self._children.add(child)

    def read(self, seconds: float) -> str:
        return self._screen.take(seconds)

    def write_bytes(self, data: bytes) -> None:
        self._open()
        while data:
            data = data[os.write(self._keys, data) :]

    def press_ctrl_c(self) -> None:
        self.write_bytes(b"\x03")

    def resize(self, columns: int, rows: int) -> None:
        self._windows.ResizePseudoConsole(self._open(), columns, rows)

    def close(self) -> None:
        with self._closing:
            if not self.is_open:
                return
            windows = self._windows
            try:
                whole(self._close_console)
                deadline = windows.monotonic() + CLOSE_SECONDS
                while windows.QueryInformationJobObject(self._job):
                    if windows.monotonic() >= deadline:
                        windows.TerminateJobObject(self._job, STATUS_CONTROL_C_EXIT)
                        deadline += CLOSE_SECONDS
                    windows.sleep(_SLICE)
            finally:
                whole(self._close_handles)
                for child in [*self._children]:
                    child.let_go()
                self._reader.join(CLOSE_SECONDS)

    def _close_console(self) -> None:
        console, self._console = self._console, None
        if console is not None:
            self._windows.ClosePseudoConsole(console)

    def _close_handles(self) -> None:
        if self.is_open:
            self.is_open = False
            with contextlib.ExitStack() as closing:
                closing.callback(self._close_console)  # if an exception has come before that
                closing.callback(os.close, self._keys)
                closing.callback(self._windows.CloseHandle, self._job)  # ends what is left even now

    def end_processes(self) -> None:
        self._open()
        self._windows.TerminateJobObject(self._job, STATUS_CONTROL_C_EXIT)

    def _open(self) -> int:
        if self._console is None:
            raise OSError(errno.EBADF, "this pseudo console is closed")
        return self._console


terminal = Terminal


@contextlib.contextmanager
def _standard_handles(windows: System) -> Generator[tuple[int, int, int]]:
    """What makes a child use its console.

    With NULL Windows opens it for the child. Wine 10 leaves them NULL; but there, a handle of these
    devices means in each process the console that this process is on (server/console.c).
    """
    with contextlib.ExitStack() as stack:
        handles = [0, 0]
        if sys.platform == "win32" and is_wine(windows):
            with contextlib.suppress(OSError):  # the caller is on none
                for index, name in enumerate(("Input", "Output")):
                    fd = os.open(rf"\\.\GLOBALROOT\Device\ConDrv\{name}", os.O_RDWR)
                    stack.callback(os.close, fd)
                    handles[index] = windows.get_osfhandle(fd)
                    os.set_handle_inheritable(handles[index], True)
        yield handles[0], handles[1], handles[1]


class TerminalProcess:
    """Implements `ctrlevent._protocol.TerminalProcess`."""

    _handles = (0, 0)

    def __init__(self, windows: System, args: Any) -> None:
        self._call = Call()
        self.args = args
        self.pid = 0
        self.returncode: Any = None
        self._windows = windows
        # An exception can come at the very end of `with`, before the lock is released. With this
        # kind, the thread that it came to goes on.
        self._polling = allocate_rlock()

    def take(self, process_handle: int, thread_handle: int, pid: int, _tid: int) -> None:
        self.pid = pid
        self._handles = (process_handle, thread_handle)

    def resume(self) -> None:
        self._windows.ResumeThread(self._handles[1])

    def abandon(self) -> None:
        whole(self._end)

    def _end(self) -> None:
        handles, self._handles = self._handles, (0, 0)
        end_process(*handles)

    def __del__(self) -> None:
        if self._handles[0]:
            if self._call.lost_its_object():
                self.abandon()
            else:
                self._close_handles()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    def poll(self) -> Any:
        with self._polling:
            process, windows = self._handles[0], self._windows
            if (
                self.returncode is None
                and process
                and windows.WaitForSingleObject(process, 0) == WAIT_OBJECT_0
            ):
                self.returncode = windows.GetExitCodeProcess(process)
                whole(self._close_handles)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        seconds = _arguments.seconds(timeout)
        if not self.wait_until(self._windows.monotonic() + seconds):
            raise TimeoutExpired(self.args, seconds)
        status: int = self.returncode
        return status

    def wait_until(self, deadline: float) -> bool:
        """Wait in such a way that Ctrl+C breaks it off. True: it has exited."""
        windows = self._windows
        while self.poll() is None:
            left = deadline - windows.monotonic()
            if left <= 0 or not self._handles[0]:
                return False
            windows.sleep(min(left, _SLICE))
        return True

    def kill(self) -> None:
        if self.poll() is not None:
            return
        with self._polling:
            process, windows = self._handles[0], self._windows
            try:
                windows.TerminateProcess(process, 1)
            except PermissionError:  # it has just exited by itself
                if windows.WaitForSingleObject(process, 0) != WAIT_OBJECT_0:
                    raise

    def let_go(self) -> None:
        """Learn its exit status if it has exited, and hold no handle any more."""
        self.poll()
        with self._polling:
            whole(self._close_handles)

    def _close_handles(self) -> None:
        handles, self._handles = self._handles, (0, 0)
        close_handles(handles)


def _show(screen: Screen, fd: int) -> None:
    """Read what a console shows, to its end, in a thread of its own."""
    try:
        while True:
            data = b""
            with contextlib.suppress(OSError):  # its other end was closed
                data = os.read(fd, 1 << 16)
            if not data:
                return
            screen.put(data)
    finally:
        screen.finish()
        os.close(fd)
