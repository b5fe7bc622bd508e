"""What `kill` and `killpg` do for a signal that is no event: look, or TerminateProcess."""

from __future__ import annotations

import contextlib

from .._errors import make
from .._typing import TYPE_CHECKING
from .._win32.constants import PROCESS_TERMINATE, WAIT_OBJECT_0
from . import policy
from .peb import MOMENT, Facts, Unreadable
from .processes import LOOK, Processes
from .standing_guards import clear_first

if TYPE_CHECKING:
    from typing import Callable

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
        handle = processes.handle(pid)
        clear_first()  # its exit is a console call
        _terminate(windows, handle, pid, exit_code)


def end_group(windows: System, pgid: int, exit_code: int, timeout: float) -> None:
    had_leader = False
    with Processes(windows) as processes:
        named = processes.see(pgid)
        if isinstance(named, Unreadable):
            raise named.error

        def members() -> list[int]:
            nonlocal had_leader
            found = policy.members(pgid, processes.all(), processes.created, had_leader=had_leader)
            had_leader = had_leader or any(member.is_leader for member in found)
            return [member.pid for member in found]

        if not end_all(windows, members, f"process group {pgid}", exit_code, timeout):
            raise policy.no_group(pgid, processes.see(pgid))


def end_tree(windows: System, pid: int, exit_code: int, timeout: float) -> None:
    with Processes(windows) as processes:
        family = [processes.facts(pid)]

        def members() -> list[int]:
            nonlocal family
            family = policy.family(family, processes.all, processes.created)
            return [member.pid for member in family]

        end_all(windows, members, f"process {pid}", exit_code, timeout)


def end_all(
    windows: System, find: Callable[[], list[int]], named: str, exit_code: int, timeout: float
) -> bool:
    """Terminate the processes that `find` finds until it finds no more; the caller last.

    `named`: what they are, for the error. Returns whether there were any. The caller is terminated
    in the midst of this.
    """
    deadline = windows.monotonic() + timeout
    caller = windows.GetCurrentProcessId()
    ended: set[int] = set()
    with Processes(windows, LOOK | PROCESS_TERMINATE) as targets:
        while True:
            found = [pid for pid in find() if pid not in ended]
            pids = [pid for pid in found if pid != caller]
            if not pids:
                break
            for pid in found:  # opens all before it ends the first: all of them or none
                with contextlib.suppress(ProcessLookupError):
                    targets.handle(pid)
            if not ended:
                clear_first()  # the exit of each is a console call
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    _terminate(windows, targets.handle(pid), pid, exit_code)
            ended.update(pids)
            if windows.monotonic() > deadline:
                raise make(
                    TimeoutError, f"{named} starts processes faster than they are ended; send again"
                )
        if caller in found:
            if not ended:
                clear_first()
            _terminate(windows, targets.handle(caller), caller, exit_code)
    return bool(ended or found)


def _terminate(windows: System, handle: int, pid: int, exit_code: int) -> None:
    try:
        windows.TerminateProcess(handle, exit_code)
    except PermissionError as error:
        # A process that has been ended, or is exiting, says this before it is gone.
        if windows.WaitForSingleObject(handle, int(MOMENT * 1000)) == WAIT_OBJECT_0:
            raise make(ProcessLookupError, f"process {pid} has ended", error) from error
        raise
