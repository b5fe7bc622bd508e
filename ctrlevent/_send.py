"""The verbs that send: `kill`, `killpg`, `broadcast`, on Windows.

Each one checks its arguments, gathers facts, asks the policy, and does what the plan says. Handles
of everybody looked at stay open meanwhile (`Processes`), so no pid changes its meaning.

What cannot be excluded from here, because Windows has no call that checks and sends at once:

- The last member of a group may end between the check and the event. It is microseconds; the
  event is then lost, or, if somebody else holds a handle of that process, parked by the console.
- A process that shares its group with nobody may start a child in the same moment, which then
  gets the event too. `kill(..., inject=True)` of a process that is on another console, or that
  shares its group, has no such moment.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from . import _arguments, _policy
from ._arguments import Probe, Terminate
from ._ctrl_routine import NoThread, deliver_to_all, deliver_to_caller, deliver_to_other
from ._errors import NoConsole, everybody_named, make, winerror_of
from ._facts import LOOK, Facts, Processes, Seen, has_exited
from ._types import CtrlEvent, Delivery
from ._win32 import system
from ._win32.constants import (
    ERROR_BAD_FORMAT,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    PROCESS_TERMINATE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._win32.boundary import System

# A new process shows on the console 20 to 50 ms after its creation: worth asking this often.
_PAUSE = 0.005


def killpg(pgid: int, sig: int, *, timeout: float | None = 5.0) -> None:
    """Send a signal to every member of a process group, and to nobody else.

    `pgid`: the group's id, which is the pid of its leader; 0 is the caller's own group (never the
    whole console: that is `broadcast`).

    `sig`: what is sent,

    - the plain integer 0: nothing; the call only looks whether the group has a live member;
    - `CTRL_C_EVENT` or `SIGINT`: Ctrl+C; `CTRL_BREAK_EVENT` or `SIGBREAK`: Ctrl+Break. Sent after
      a live member has been seen on the console of the caller. Returns when Windows has taken the
      event, which says nothing of what the handlers do with it;
    - any other number of 1 to 32 bits: ends every member, with that exit code.

    `timeout`: how many seconds to wait for a leader that is alive but has not connected to the
    console yet, as right after its start. None: no limit.

    Raises, with nothing sent,

    - `NotAGroupLeader`: `pgid` is the pid of a process that leads no group; it names the group;
    - `ProcessLookupError`: no live process is in such a group;
    - `NoConsole`: the caller has no console, or the leader is none that gets console events, or
      was not on the caller's console within `timeout`;
    - `CtrlCIgnored`: it is Ctrl+C and every member ignores that;
    - `PermissionError`: not permitted, or those who might be in the group could not be read;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing.

    Source: GenerateConsoleCtrlEvent (wincon.h), TerminateProcess (processthreadsapi.h).
    """
    pgid = _arguments.process_id(pgid, "pgid")
    action = _arguments.action(sig)
    seconds = _arguments.seconds(timeout)
    windows = system()
    if pgid == 0:
        pgid = own_group(windows)
    if isinstance(action, Probe):
        _probe_group(windows, pgid)
    elif isinstance(action, Terminate):
        _terminate_group(windows, pgid, action.exit_code, seconds)
    else:
        _send_to_group(windows, pgid, action, seconds)


def kill(pid: int, sig: int, *, timeout: float | None = 5.0, inject: bool = True) -> None:
    """Send a signal to exactly one process.

    `pid`: the process. As in POSIX, 0 is the caller's own group and `-pgid` a group, as for
    `killpg`. `kill(-1, ...)`, which is everybody in POSIX, is refused.

    `sig`: what is sent,

    - the plain integer 0: nothing; the call only looks whether the process is alive;
    - `CTRL_C_EVENT` or `SIGINT`: Ctrl+C; `CTRL_BREAK_EVENT` or `SIGBREAK`: Ctrl+Break. See
      `deliver`, which does the same and says what became of it;
    - any other number of 1 to 32 bits: ends the process, with that exit code.

    `timeout`, in seconds, and `inject`: see `deliver`.

    Raises what `deliver` raises; for a group, what `killpg` raises; and `WouldReachOthers` for
    pid -1. `ProcessLookupError` and `PermissionError` for any `sig`.

    Source: TerminateProcess (processthreadsapi.h), and as for `deliver`.
    """
    pid = _arguments.kill_target(pid)
    action = _arguments.action(sig)
    seconds = _arguments.seconds(timeout)
    if pid == -1:
        raise everybody_named()
    if pid <= 0:
        killpg(-pid, sig, timeout=timeout)
    elif isinstance(action, Probe):
        with Processes(system(), LOOK) as processes:
            processes.handle(pid)
    elif isinstance(action, Terminate):
        with Processes(system(), LOOK | PROCESS_TERMINATE) as processes:
            _terminate(system(), processes.handle(pid), pid, action.exit_code)
    else:
        _send_to_process(system(), pid, action, seconds, inject=bool(inject))


def deliver(pid: int, event: int, *, timeout: float | None = 5.0, inject: bool = True) -> Delivery:
    """Send an event to exactly one process, and say what is known to have become of it.

    `pid`: the process; 0 is the caller itself.

    `event`: `CTRL_C_EVENT` or `SIGINT`; `CTRL_BREAK_EVENT` or `SIGBREAK`.

    Three ways, the first that applies:

    1. The caller itself gets it from a thread of its own. The call returns after the handlers have
       run, so in the main thread KeyboardInterrupt is raised by this very call.
    2. A process that shares its group with nobody on the caller's console: through that group.
       Windows does not tell what becomes of it: `Delivery.SENT`.
    3. Any other process: a thread is started in it, at the routine that Windows itself starts there
       for an event. It needs no console in common, but the right to do that, and that the target
       is of the caller's architecture. The call returns after the handlers have run:
       `Delivery.HANDLED`, `ENDED` or `DIED`.

    `timeout`: how many seconds the handlers may take (ways 1 and 3), and how many to wait for a
    process that is still starting. None: no limit.

    `inject`: False forbids way 3.

    Raises, with nothing sent,

    - `ProcessLookupError`: there is no such live process;
    - `WouldReachOthers`: way 2 would reach others, and way 3 is forbidden or not possible;
      `.others` are those who would have got the event too;
    - `CtrlCIgnored`: it is Ctrl+C and the process ignores that;
    - `NoConsole`: way 3 is forbidden, and the process or the caller is not on a console that the
      event could go through;
    - `PermissionError`: not permitted, or way 3 is not possible and way 2 neither;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing;

    and, after it was delivered, `TimeoutError`: the handlers had not finished within `timeout`.

    Source: CtrlRoutine (kernel32, undocumented; see `ctrlevent._ctrl_routine`),
    GenerateConsoleCtrlEvent (wincon.h).
    """
    pid = _arguments.process_id(pid)
    sent = _arguments.event(event)
    seconds = _arguments.seconds(timeout)
    windows = system()
    pid = pid or windows.GetCurrentProcessId()
    return _send_to_process(windows, pid, sent, seconds, inject=bool(inject))


def broadcast(sig: int) -> None:
    """Send an event to every process on the caller's console, the caller included.

    `sig`: `CTRL_C_EVENT` or `SIGINT`, `CTRL_BREAK_EVENT` or `SIGBREAK`.

    Raises `NoConsole`: the caller has none; `CtrlCIgnored`: it is Ctrl+C and everybody there
    ignores that; `ValueError`: `sig` is no event; `TypeError`, `OverflowError`.

    Source: GenerateConsoleCtrlEvent with group 0 (wincon.h). Wine 10 reaches the caller's own
    group with it, not the whole console.
    """
    event = _arguments.event(sig)
    windows = system()
    with Processes(windows) as processes:
        _policy.console_event(event, processes.on_console(first=windows.GetCurrentProcessId()))
        _generate(windows, event, 0)


def own_group(windows: System) -> int:
    pid = windows.GetCurrentProcessId()
    with Processes(windows) as processes:
        return processes.facts(pid).pgid


# --- events ---------------------------------------------------------------------------------------


def _send_to_group(windows: System, pgid: int, event: CtrlEvent, timeout: float) -> None:
    deadline = windows.monotonic() + timeout
    with Processes(windows) as processes:
        while True:
            everybody = _on_console_if_any(processes, first=pgid)
            plan = _policy.group_event(
                pgid, event, everybody, lambda: processes.see(pgid), processes.age
            )
            if isinstance(plan, _policy.SendToGroup):
                _generate(windows, event, plan.pgid)
                return
            if isinstance(plan, _policy.LookElsewhere):
                members = _policy.members(pgid, processes.all(), processes.created)
                elsewhere = _policy.group_elsewhere(
                    pgid, event, members, processes.see(pgid), processes.age
                )
                if isinstance(elsewhere, _policy.StartThreads):
                    break
                plan = elsewhere
            if windows.monotonic() >= deadline:
                raise plan.otherwise
            windows.sleep(_PAUSE)
        try:
            deliver_to_all(windows, elsewhere.targets, event, deadline)
        except NoThread as error:
            raise _policy.no_threads(pgid, error) from error


def _send_to_process(
    windows: System, pid: int, event: CtrlEvent, timeout: float, *, inject: bool
) -> Delivery:
    deadline = windows.monotonic() + timeout
    caller = windows.GetCurrentProcessId()
    with Processes(windows) as processes:
        while True:
            target = processes.facts(pid)
            everybody = [] if pid == caller else list(_on_console_if_any(processes))
            plan = _policy.process_event(target, event, caller=caller, on_console=everybody)
            if isinstance(plan, _policy.SendToGroup):
                _generate(windows, event, plan.pgid)
                return Delivery.SENT
            if plan.pid == caller:
                break
            why_not: NoThread | None = None
            if inject:
                try:
                    return deliver_to_other(windows, target, event, deadline)
                except NoThread as error:
                    why_not = error
            if not _policy.is_connected(target, everybody):
                everybody = [seen for seen in processes.all() if isinstance(seen, Facts)]
            others = [processes.info(seen) for seen in _policy.possible_others(target, everybody)]
            refusal = _policy.without_thread(target, others, why_not)
            if windows.monotonic() >= deadline:
                raise refusal
            windows.sleep(_PAUSE)
    # Outside of the block above: what is open there must be closed before the handlers run, which
    # may raise KeyboardInterrupt anywhere from then on.
    return deliver_to_caller(windows, event, deadline)


def _on_console_if_any(processes: Processes, first: int = 0) -> Iterator[Seen]:
    with contextlib.suppress(NoConsole):
        yield from processes.on_console(first)


def _generate(windows: System, event: CtrlEvent, pgid: int) -> None:
    try:
        windows.GenerateConsoleCtrlEvent(event, pgid)
    except OSError as error:
        winerror = winerror_of(error)
        if winerror in (ERROR_INVALID_PARAMETER, ERROR_BAD_FORMAT):
            # Its last member has ended since it was seen. Which code depends on the build.
            raise make(ProcessLookupError, f"process group {pgid} has ended", error) from error
        if winerror == ERROR_INVALID_HANDLE:
            raise make(NoConsole, "the calling process has lost its console", error) from error
        if isinstance(error, PermissionError):  # by build, 5 or 34
            raise make(
                PermissionError,
                f"the console does not let the caller send to process group {pgid}; call this from"
                " an elevated process",
                error,
            ) from error
        raise


# --- probing and ending ---------------------------------------------------------------------------


def _probe_group(windows: System, pgid: int) -> None:
    with Processes(windows) as processes:
        named = processes.see(pgid)
        if isinstance(named, Facts) and named.is_leader:
            return
        if not _policy.members(pgid, processes.all(), processes.created):
            raise _policy.no_group(pgid, named)


def _terminate_group(windows: System, pgid: int, exit_code: int, timeout: float) -> None:
    deadline = windows.monotonic() + timeout
    caller = windows.GetCurrentProcessId()
    ended: set[int] = set()
    had_leader = False
    with Processes(windows) as processes, Processes(windows, LOOK | PROCESS_TERMINATE) as targets:
        while True:
            members = _policy.members(
                pgid, processes.all(), processes.created, had_leader=had_leader
            )
            had_leader = had_leader or any(member.is_leader for member in members)
            pids = {member.pid for member in members} - ended
            if not pids - {caller}:
                break
            for pid in pids:  # all are opened before the first is ended: it is all or nobody
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
            raise _policy.no_group(pgid, processes.see(pgid))


def _terminate(windows: System, handle: int, pid: int, exit_code: int) -> None:
    try:
        windows.TerminateProcess(handle, exit_code)
    except PermissionError as error:
        if has_exited(windows, handle):
            raise make(ProcessLookupError, f"process {pid} has ended", error) from error
        raise
