"""The verbs that send: `kill`, `killpg`, `broadcast`, on Windows.

Each checks its arguments, and hands on: events to `_events`, everything else to `_ending`.
"""

from __future__ import annotations

from . import _arguments
from ._arguments import Probe
from ._ask import getpgrp
from ._ending import end, end_group, probe, probe_group
from ._errors import everybody_named
from ._events import send_to_console, send_to_console_of, send_to_group, send_to_process
from ._types import CtrlEvent
from ._win32 import system

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._types import Delivery


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
    - `PermissionError`: not permitted, or those who might be in the group could not be read. If
      the group is on several consoles, one may refuse the event when another has taken it: then
      the message names the members that have got it;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing.

    Source: GenerateConsoleCtrlEvent (wincon.h), TerminateProcess (processthreadsapi.h).
    """
    pgid = _arguments.process_id(pgid, "pgid")
    action = _arguments.action(sig)
    seconds = _arguments.seconds(timeout)
    windows = system()
    pgid = pgid or getpgrp()
    if isinstance(action, CtrlEvent):
        send_to_group(windows, pgid, action, seconds)
    elif isinstance(action, Probe):
        probe_group(windows, pgid)
    else:
        end_group(windows, pgid, action.exit_code, seconds)


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
    elif isinstance(action, CtrlEvent):
        send_to_process(system(), pid, action, seconds, inject=bool(inject))
    elif isinstance(action, Probe):
        probe(system(), pid)
    else:
        end(system(), pid, action.exit_code)


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
    return send_to_process(windows, pid, sent, seconds, inject=bool(inject))


def broadcast(sig: int, *, console_of: int = 0) -> None:
    """Send an event to every process on a console.

    `sig`: `CTRL_C_EVENT` or `SIGINT`, `CTRL_BREAK_EVENT` or `SIGBREAK`.

    `console_of`: a process, whose console is meant. 0, the default: the caller's own, where the
    caller gets the event too. For another one it is sent by a helper process.

    Raises, with nothing sent,

    - `NoConsole`: the caller, or that process, has none;
    - `CtrlCIgnored`: it is Ctrl+C and everybody there ignores that;
    - `ProcessLookupError`: there is no such live process;
    - `PermissionError`: its console may not be used;
    - `OSError` (ENOSYS): it is another console, and the caller is a frozen program, which has no
      Python to run as a helper;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing;

    and `TimeoutError` or `OSError` if the helper does not answer or was ended: it may have been
    sent.

    Source: GenerateConsoleCtrlEvent with group 0 (wincon.h). On Wine 10, where that is the caller's
    own group, it is sent group by group.
    """
    event = _arguments.event(sig)
    console_of = _arguments.process_id(console_of, "console_of")
    windows = system()
    if console_of in (0, windows.GetCurrentProcessId()):
        send_to_console(windows, event)
    else:
        send_to_console_of(windows, console_of, event)
