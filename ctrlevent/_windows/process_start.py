"""The start of a child of multiprocessing: suspended, its group and its ignore bit set, resumed.

multiprocessing's own `Popen` for Windows calls CreateProcess with no flags, lets the child run, and
pickles what the child shall do straight into the pipe that the child reads. Here the child is
suspended until all is pickled, so that a child whose arguments cannot be pickled never runs.

This is not derived from that class (`multiprocessing.popen_spawn_win32.Popen`): all that would be
left of it is a wait for the child that no Ctrl+C breaks off. What `multiprocessing.process` and
`multiprocessing.connection` use of a `Popen` is public by use: `pid`, `sentinel`, `returncode`,
`poll`, `wait`, `terminate`, `kill`, `close`, and `duplicate_for_child` while it pickles. The same
from Python 3.9 to 3.14, as is what the child is given (`multiprocessing.spawn`).
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from multiprocessing import reduction, spawn, util
from multiprocessing.context import set_spawning_popen
from typing import TYPE_CHECKING, Any

from .._types import CtrlEvent
from .._unpatched import system_calls
from .._win32 import system
from .._win32.constants import CREATE_NEW_PROCESS_GROUP, INFINITE, WAIT_OBJECT_0
from .._win32.whole import whole
from . import dispatch, group, keyboard
from .create_process import create_suspended, end_process
from .peb import write_ignores_ctrl_c
from .standing_guards import clear_first

if TYPE_CHECKING:
    from .._arguments import Options
    from .._win32.boundary import System

# The exit code of a child that multiprocessing has terminated. It says -SIGTERM for it.
_TERMINATED = 0x10000

# Seconds within which a process that is exiting has exited.
_EXITS_WITHIN = 1.0

# How much is written to the child at once. A Ctrl+C breaks off between two pieces.
_PIECE = 1 << 16


class Start:
    def __init__(self, method: str, leads_group: bool, hears_keyboard: bool) -> None:  # noqa: ARG002
        self._child = Child(leads_group, hears_keyboard)

    def run(self, process: Any) -> Child:
        child = self._child
        prepared = spawn.get_preparation_data(process.name)
        whole(child.create)
        data = io.BytesIO()
        set_spawning_popen(child)  # type: ignore[arg-type, unused-ignore]  # as is any `Popen`
        try:
            reduction.dump(prepared, data)
            reduction.dump(process, data)
        finally:
            set_spawning_popen(None)
        child.resume()
        child.send(data.getbuffer())
        return child

    def abandon(self) -> None:
        whole(self._child.abandon)


process_start = Start


class Child:
    """What multiprocessing calls a `Popen`."""

    method = "spawn"

    pid = sentinel = 0
    returncode: int | None = None
    _reader: int | None = None
    _writer: int | None = None
    _finalizer: Any = None

    def __init__(self, leads_group: bool, hears_keyboard: bool) -> None:
        self._windows = system()
        self._leads_group = leads_group
        self._hears_keyboard = hears_keyboard

    def create(self) -> None:
        windows = self._windows
        # Both ends are the caller's alone. The child duplicates the end that it reads, so the
        # caller keeps that end, too (bpo-33929).
        self._reader, self._writer = system_calls.pipe()
        command = spawn.get_command_line(
            parent_pid=windows.GetCurrentProcessId(),
            pipe_handle=windows.get_osfhandle(self._reader),
        )
        program, environment = _program()
        created = create_suspended(
            executable=program,
            command_line=subprocess.list2cmdline([program, *command[1:]]),
            env=environment,
            folder=None,
            creationflags=CREATE_NEW_PROCESS_GROUP if self._leads_group else 0,
        )
        self.pid, self.sentinel = created.dwProcessId, created.hProcess
        windows.CloseHandle(created.hThread)
        write_ignores_ctrl_c(windows, self.sentinel, not self._hears_keyboard)
        self._finalizer = util.Finalize(self, _close, (windows, self.sentinel, self._reader))

    def resume(self) -> None:
        clear_first()
        self._windows.NtResumeProcess(self.sentinel)

    def send(self, data: memoryview) -> None:
        assert self._writer is not None
        while data:
            data = data[system_calls.write(self._writer, data[:_PIECE]) :]
        whole(self._close_writer)

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            system_calls.close(writer)

    def abandon(self) -> None:
        """End the child and close everything, if it is there, or a part of it."""
        with contextlib.ExitStack() as closing:
            closing.callback(self._close_writer)
            if self._finalizer is not None:
                self._finalizer.cancel()
            if self._reader is not None:
                closing.callback(system_calls.close, self._reader)
            end_process(self.sentinel, 0)

    # --- what multiprocessing asks of it ----------------------------------------------------------

    def duplicate_for_child(self, handle: int) -> int:
        """Called while the arguments of the process are pickled."""
        duplicate: Any = vars(reduction)["duplicate"]  # which is there on Windows only
        return int(duplicate(handle, self.sentinel))

    def poll(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """In the main thread, a Ctrl+C breaks it off at once. That of multiprocessing: at its end.

        (`_winapi.WaitForSingleObject`, which it uses, waits for the child alone.)
        """
        if self.returncode is None:
            longest = INFINITE if timeout is None else _milliseconds(timeout)
            while self._windows.WaitForSingleObject(self.sentinel, longest) != WAIT_OBJECT_0:
                if timeout is not None:
                    return None
            code = self._windows.GetExitCodeProcess(self.sentinel)
            self.returncode = -signal.SIGTERM if code == _TERMINATED else code
        return self.returncode

    def terminate(self) -> None:
        if self.returncode is not None:
            return
        with contextlib.suppress(OSError):  # it is to end whatever a guard says
            clear_first()
        try:
            self._windows.TerminateProcess(self.sentinel, _TERMINATED)
        except PermissionError:
            if self.wait(_EXITS_WITHIN) is None:  # else it was exiting by itself
                raise

    kill = terminate

    def close(self) -> None:
        self._finalizer()

    # --- what this package asks of it -------------------------------------------------------------

    def interrupt(self, options: Options) -> None:
        windows, is_deaf = self._windows, not self._hears_keyboard
        if self._leads_group:
            group.interrupt(self.pid, options, is_deaf=is_deaf, deafens=False)
        elif is_deaf:
            keyboard.interrupt_process(windows, self.pid, options)
        else:
            dispatch.to_process(windows, self.pid, CtrlEvent.CTRL_C_EVENT, options, dispatch.send)


def _milliseconds(seconds: float) -> int:
    return min(max(0, int(seconds * 1000 + 0.5)), INFINITE - 1)


def _close(windows: System, handle: int, reader: int) -> None:
    try:
        windows.CloseHandle(handle)
    finally:
        system_calls.close(reader)


def _program() -> tuple[str, dict[str, str] | None]:
    """The Python that the child is, and its environment (None: the caller's).

    In a virtual environment python.exe is a launcher that starts the real Python as its child. So
    the real Python is started, and is told by a variable whose it is, as multiprocessing does it
    (bpo-35797). Else the group, the bit and the handle would be those of the launcher.
    """
    python = os.fsdecode(spawn.get_executable())
    base = getattr(sys, "_base_executable", None) or sys.executable
    if _is_same(base, sys.executable) or not _is_same(python, sys.executable):
        return python, None
    return base, {**os.environ, "__PYVENV_LAUNCHER__": sys.executable}


def _is_same(one: str, other: str) -> bool:
    return os.path.normcase(one) == os.path.normcase(other)
