"""What a `Popen` on Windows is besides a `subprocess.Popen`: suspended, made to hear, in a job."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable

from .._win32 import system
from .._win32.constants import (
    CREATE_NEW_PROCESS_GROUP,
    CREATE_NO_WINDOW,
    CREATE_SUSPENDED,
    STATUS_CONTROL_C_EXIT,
)
from .peb import write_ignores_ctrl_c

if TYPE_CHECKING:
    from .._protocol import Tree

# Seconds that the processes of a job may take to be gone after TerminateJobObject. What is left
# then ends with the job's handle.
GONE_WITHIN = 3.0
_PAUSE = 0.005


class Start:
    """The start of a child that leads a group and hears Ctrl+C."""

    def __init__(self, named: dict[str, Any], console: str, tree: Tree | None) -> None:
        self._windows = system()
        self._job = tree if isinstance(tree, Job) else None
        self._hears_keyboard = named.pop("keyboard", True)
        self._stays_suspended = bool(named["creationflags"] & CREATE_SUSPENDED)
        named["creationflags"] |= CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED
        if console == "own":
            named["creationflags"] |= CREATE_NO_WINDOW

    def let_run(self, process: Any) -> None:
        """Everything that is done to the child before its first instruction; then it may run."""
        handle = handle_of(process)
        if self._job is not None:
            self._job.add(handle)
        if self._hears_keyboard:  # else the group's own bit stays: see `keyboard`
            write_ignores_ctrl_c(self._windows, handle, False)
        if not self._stays_suspended:
            self._windows.NtResumeProcess(handle)

    def abandon(self, process: Any) -> None:
        """End the child, if it is there already, and close everything."""
        handle: Any = getattr(process, "_handle", None)
        if handle is None:
            return
        with contextlib.ExitStack() as closing:
            closing.callback(handle.Close)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    closing.callback(stream.close)
            process.kill()
            process.wait()


class Job:
    """A job: when its handle is closed, and at the latest with the caller, its processes end."""

    def __init__(self) -> None:
        self._windows = system()
        self._handle: int | None = self._windows.CreateJobObject()

    def add(self, process_handle: int) -> None:
        assert self._handle is not None
        self._windows.AssignProcessToJobObject(self._handle, process_handle)

    def end(self, _process: object) -> None:
        self.close()

    def close(self) -> None:
        job, self._handle = self._handle, None
        if job is None:
            return
        windows = self._windows
        try:
            deadline = windows.monotonic() + GONE_WITHIN
            windows.TerminateJobObject(job, STATUS_CONTROL_C_EXIT)
            while windows.QueryInformationJobObject(job) and windows.monotonic() < deadline:
                windows.sleep(_PAUSE)
        finally:
            windows.CloseHandle(job)


start, tree = Start, Job


def end_child(process: Any, terminate: Callable[[], None], signal_name: str) -> None:
    terminate()


def handle_of(process: Any) -> int:
    """Of a `subprocess.Popen`. Typeshed leaves the attribute out."""
    return int(process._handle)  # noqa: SLF001
