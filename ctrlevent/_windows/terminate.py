"""What `kill` and `killpg` do for a signal that is no event: look, or TerminateProcess."""

from __future__ import annotations

import contextlib

from .._errors import make
from .._typing import TYPE_CHECKING
from .._win32.constants import PROCESS_TERMINATE, WAIT_OBJECT_0
from . import policy
from .peb import MOMENT, Facts, Unreadable
from .processes import LOOK, Processes

if TYPE_CHECKING:
    from .._win32.boundary import System


def probe_process(windows: System, pid: int) -> None:
    with Processes(windows, LOOK) as processes:
        processes.handle(pid)


def probe_group(windows: System, pgid: int) -> None:
    with Processes(windows) as processes:
        named = processes.see(pgid)
        if isinstance(named, Facts) and named.is_leader:
            return
        if not policy.members(pgid, processes.all(), processes.created):
            raise policy.no_group(pgid, named)


def end_process(windows: System, pid: int, exit_code: int) -> None:
    with Processes(windows, LOOK | PROCESS_TERMINATE) as processes:
        _terminate(windows, processes.handle(pid), pid, exit_code)


def end_group(windows: System, pgid: int, exit_code: int, timeout: float) -> None:
    deadline = windows.monotonic() + timeout
    caller = windows.GetCurrentProcessId()
    ended: set[int] = set()
    had_leader = False
    with Processes(windows) as processes, Processes(windows, LOOK | PROCESS_TERMINATE) as targets:
        named = processes.see(pgid)
        if isinstance(named, Unreadable):
            raise named.error
        while True:
            members = policy.members(
                pgid, processes.all(), processes.created, had_leader=had_leader
            )
            had_leader = had_leader or any(member.is_leader for member in members)
            pids = {member.pid for member in members} - ended
            if not pids - {caller}:
                break
            for pid in pids:  # opens all before it ends the first: all of them or none
                with contextlib.suppress(ProcessLookupError):
                    targets.handle(pid)
            for pid in pids - {caller}:
                with contextlib.suppress(ProcessLookupError):
                    _terminate(windows, targets.handle(pid), pid, exit_code)
            ended |= pids - {caller}
            if windows.monotonic() > deadline:
                raise make(
                    TimeoutError,
                    f"process group {pgid} starts processes faster than they are ended; send again",
                )
        if caller in pids:
            _terminate(windows, targets.handle(caller), caller, exit_code)
        elif not ended:
            raise policy.no_group(pgid, processes.see(pgid))


def _terminate(windows: System, handle: int, pid: int, exit_code: int) -> None:
    try:
        windows.TerminateProcess(handle, exit_code)
    except PermissionError as error:
        # A process that has been ended, or is exiting, says this before it is gone.
        if windows.WaitForSingleObject(handle, int(MOMENT * 1000)) == WAIT_OBJECT_0:
            raise make(ProcessLookupError, f"process {pid} has ended", error) from error
        raise
