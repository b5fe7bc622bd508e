"""What a `Popen` on Windows is besides a `subprocess.Popen`: suspended, made to hear, in a job."""

from __future__ import annotations

import contextlib
from functools import partial

from .._late import importing
from .._typing import TYPE_CHECKING
from .._win32 import system
from .._win32.constants import (
    CREATE_NEW_PROCESS_GROUP,
    CREATE_NO_WINDOW,
    CREATE_SUSPENDED,
    STATUS_CONTROL_C_EXIT,
)
from .._win32.whole import whole
from . import waits
from .peb import write_ignores_ctrl_c
from .standing_guards import clear_first
from .waits import handle_of

if TYPE_CHECKING:
    from typing import Any, Callable

    from .._protocol import Tree

# Seconds that the processes of a job may take to be gone after TerminateJobObject. What is left
# then ends with the job's handle.
GONE_WITHIN = 3.0
_PAUSE = 0.005


class Start:
    """The start of a child that leads a group and hears Ctrl+C."""

    def __init__(
        self, named: dict[str, Any], console: str, keyboard: bool, tree: Tree | None
    ) -> None:
        self._windows = system()
        self._job = tree if isinstance(tree, Job) else None
        # Of a hidden console, no key is pressed.
        self.hears_keys = keyboard and console == "inherit"
        self.is_deaf = not keyboard and console == "inherit"
        self._stays_suspended = bool(named["creationflags"] & CREATE_SUSPENDED)
        named["creationflags"] |= CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED
        if console == "own":
            named["creationflags"] |= CREATE_NO_WINDOW

    def run(self, process: Any, create: Callable[[], None]) -> None:
        whole(partial(self._create, process, create))
        if not self._stays_suspended:
            clear_first()
            self._windows.NtResumeProcess(handle_of(process))

    def _create(self, process: Any, create: Callable[[], None]) -> None:
        """All that comes before the child's first instruction."""
        if self._job is not None:
            self._job.open()
        create()
        handle = handle_of(process)
        if self._job is not None:
            self._job.add(handle)
        if not self.is_deaf:  # else the bit that its new group gives it stays: see `keyboard`
            write_ignores_ctrl_c(self._windows, handle, False)

    def abandon(self, process: Any) -> None:
        whole(partial(self._end, process))

    def _end(self, process: Any) -> None:
        handle: Any = getattr(process, "_handle", None)
        with contextlib.ExitStack() as closing:
            if self._job is not None:
                closing.callback(self._job.close)
            if handle is None:
                return
            closing.callback(handle.Close)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    closing.callback(stream.close)
            process.kill()
            process.wait()


class Job:
    """A job: when its handle is closed, and at the latest with the caller, its processes end."""

    _handle: int | None = None

    def __init__(self) -> None:
        self._windows = system()

    def open(self) -> None:
        self._handle = self._windows.CreateJobObject()

    def __del__(self) -> None:
        if self._handle is not None:
            self._close_handle()

    def add(self, process_handle: int) -> None:
        assert self._handle is not None
        self._windows.AssignProcessToJobObject(self._handle, process_handle)

    def wait(self, process: Any, end: float) -> bool:
        def is_empty() -> bool:
            return self._handle is None or not self._windows.QueryInformationJobObject(self._handle)

        return waits.until(process, end, is_empty)

    def end(self, process: Any) -> None:
        self.close()
        # Not left to the `__del__` of its handle: there, an exception is lost, and the handle too.
        if process is not None and process.poll() is not None:
            whole(process._handle.Close)  # noqa: SLF001

    def close(self) -> None:
        job, windows = self._handle, self._windows
        if job is None:
            return
        try:
            with contextlib.suppress(OSError):  # it is to end whatever a guard says
                clear_first()
            deadline = windows.monotonic() + GONE_WITHIN
            windows.TerminateJobObject(job, STATUS_CONTROL_C_EXIT)
            while windows.QueryInformationJobObject(job) and windows.monotonic() < deadline:
                windows.sleep(_PAUSE)
        finally:
            whole(self._close_handle)

    def _close_handle(self) -> None:
        job, self._handle = self._handle, None
        if job is not None:
            self._windows.CloseHandle(job)


start = Start


_group: Callable[[], Tree] | None = None


def tree(contain: bool) -> Tree:
    global _group  # noqa: PLW0603  # kept: see `_late`
    if contain:
        return Job()
    if _group is None:
        with importing:
            from .group import Group
        _group = Group
    return _group()


def end_child(process: Any, terminate: Callable[[], None], signal_name: str) -> None:
    with contextlib.suppress(OSError):  # as in `Job.close`
        clear_first()
    terminate()
