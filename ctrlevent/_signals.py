"""The verbs that send: `killpg`, `kill`, `deliver`, `broadcast`; and the dry runs of the first two.

Each checks its arguments and hands on to the half for this system.
"""

from __future__ import annotations

from . import _arguments
from ._errors import every_process_named
from ._half import half
from ._typing import TYPE_CHECKING, public

if TYPE_CHECKING:
    from ._arguments import Action, Options
    from ._types import Delivery, Preview

half.killpg  # noqa: B018  # what sends is loaded now, not in the midst of a call


@public
def killpg(
    pgid: int,
    sig: int,
    *,
    timeout: float | None = 5.0,
    unignore: bool = False,
    inject: bool = True,
) -> None:
    """Send a signal to every member of a process group, and to no other process.

    `pgid`: the group's id, which is the pid of its leader; 0 is the caller's own group (never the
    whole console: that is `broadcast`).

    `sig`: what is sent,

    - the plain integer 0: nothing; the call only looks whether the group has a live member;
    - `CTRL_C_EVENT` or `SIGINT`: Ctrl+C; `CTRL_BREAK_EVENT` or `SIGBREAK`: Ctrl+Break. Sent after
      a live member has been seen on the console of the caller; to a group on other consoles by a
      helper process there, or by a thread in each member. Returns when Windows has taken the event,
      which says nothing of what the handlers do with it;
    - any other number of 1 to 32 bits: terminates every member, with that exit code.

    `timeout`: how many seconds to wait for a leader that is alive but has not connected to the
    console yet, as right after its start. None: no limit. 0: it does not wait.

    `unignore`: for Ctrl+C; make the members that ignore it hear it first, as
    `ignore_ctrl_c(False, pid)` does for a process. They go on hearing it. Default: False.

    `inject`: False: start no thread in another process. So does the environment variable
    CTRLEVENT_INJECT=0, whatever the argument. Default: True.

    On POSIX this is `os.killpg`: `CTRL_C_EVENT` is SIGINT, `CTRL_BREAK_EVENT` is SIGQUIT, every
    other number is that signal. `timeout` is checked and, like `inject`, not needed there.

    Raises, with nothing sent,

    - `NotAGroupLeader`: `pgid` is the pid of a process that leads no group; it names the group;
    - `ProcessLookupError`: no live process is in such a group;
    - `NoConsole`: no member gets console events, or only by a thread, and threads are forbidden;
      or a leader that is starting has not connected to its console within `timeout`;
    - `CtrlCIgnored`: it is Ctrl+C and every member ignores that;
    - `PermissionError`: not permitted, or a process that might be a member could not be read. If
      the group is on several consoles, one of them may refuse the event when another has taken
      it: then the message names the members that have got it;
    - `WouldReachOthers`: on POSIX, group 1, which the C library takes for every process;
    - `OSError` (ENOSYS): on POSIX, `unignore`, as only a process itself can stop ignoring SIGINT;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing;

    and `TimeoutError` if the group starts processes faster than they are terminated; `TimeoutError`
    or `OSError` if the helper process does not answer or has exited: it may have sent.

    Source: GenerateConsoleCtrlEvent (wincon.h), TerminateProcess (processthreadsapi.h).
    """
    half.killpg(*_of_killpg(pgid, sig, _arguments.options(timeout, inject, unignore=unignore)))


def preview_killpg(
    pgid: int, sig: int, *, timeout: float | None = 5.0, inject: bool = True
) -> Preview:
    """Which processes `killpg` would reach, and how. Raises what `killpg` raises."""
    return half.preview_killpg(*_of_killpg(pgid, sig, _arguments.options(timeout, inject)))


def _of_killpg(pgid: int, sig: int, options: Options) -> tuple[int, Action, Options]:
    pgid = _arguments.process_id(pgid, "pgid")
    return pgid, _arguments.action(sig, half.events_sent), options


@public
def kill(
    pid: int,
    sig: int,
    *,
    timeout: float | None = 5.0,
    tree: bool = False,
    inject: bool = True,
) -> None:
    """Send a signal to exactly one process.

    `pid`: the process. As in POSIX, 0 is the caller's own group and `-pgid` a group, as for
    `killpg`. `kill(-1, ...)`, which is every process in POSIX, is refused.

    `sig`: what is sent,

    - the plain integer 0: nothing; the call only looks whether the process is alive;
    - `CTRL_C_EVENT` or `SIGINT`: Ctrl+C; `CTRL_BREAK_EVENT` or `SIGBREAK`: Ctrl+Break. See
      `deliver`, which does the same and says what became of it;
    - any other number of 1 to 32 bits: terminates the process, with that exit code.

    `timeout`, in seconds, and `inject`: see `deliver`.

    `tree`: True: to the process and its descendants that are in its group, as for a program behind
    a launcher, or with workers: to each of them, or to none, and then the error names the process
    that cannot get it. The call does not wait for their handlers. A GUI program gets no event. A
    descendant is found by its parents: if its parent has exited, or if the caller may not read it,
    it is none. The probe looks at the process alone. Default: False.

    On POSIX this is `os.kill`: `CTRL_C_EVENT` is SIGINT, `CTRL_BREAK_EVENT` is SIGQUIT, every other
    number is that signal. `timeout` is checked and, like `inject`, not needed there. `tree` needs
    Linux's /proc.

    Raises what `deliver` raises; for a group, what `killpg` raises; `WouldReachOthers` for pid -1;
    `ValueError` for `tree` with a group; `OSError` (ENOSYS) for `tree` without /proc.
    `ProcessLookupError` and `PermissionError` for any `sig`.

    Source: TerminateProcess (processthreadsapi.h), and as for `deliver`.
    """
    to, action, options = _of_kill(pid, sig, _arguments.options(timeout, inject, tree=tree))
    if to > 0:
        half.kill(to, action, options)
    else:
        half.killpg(-to, action, options)


def preview_kill(
    pid: int,
    sig: int,
    *,
    timeout: float | None = 5.0,
    tree: bool = False,
    inject: bool = True,
) -> Preview:
    """Which processes `kill` would reach, and how. Raises what `kill` raises."""
    to, action, options = _of_kill(pid, sig, _arguments.options(timeout, inject, tree=tree))
    if to > 0:
        return half.preview_kill(to, action, options)
    return half.preview_killpg(-to, action, options)


def _of_kill(pid: int, sig: int, options: Options) -> tuple[int, Action, Options]:
    """The first is a pid, or 0 or minus the id of a group."""
    to = _arguments.kill_target(pid)
    action = _arguments.action(sig, half.events_sent)
    if options.tree and to <= 0:
        raise ValueError(f"tree=True is for one process and its descendants; {to} is a group")
    if to == -1:
        raise every_process_named()
    return to, action, options


@public
def deliver(pid: int, event: int, *, timeout: float | None = 5.0, inject: bool = True) -> Delivery:
    """Send an event to exactly one process, and say what is known to have become of it.

    `pid`: the process; 0 is the caller itself.

    `event`: `CTRL_C_EVENT` or `SIGINT`; `CTRL_BREAK_EVENT` or `SIGBREAK`.

    The event takes the first of these routes that is open:

    1. To the caller itself, by a thread of its own. The call returns after the handlers have run,
       so in the main thread KeyboardInterrupt is raised by this very call.
    2. To a process that is alone in its group on the caller's console, through that group. Windows
       does not report what becomes of it: `Delivery.SENT`.
    3. To any other process, by a thread that is started in it, at the routine that Windows itself
       starts there for an event. It needs no console in common, but the right to do that, and that
       the target is of the caller's architecture. The call returns after the handlers have run:
       `Delivery.HANDLED`, `ENDED` or `DIED`.
    4. To a process that is alone in its group on another console, through that group, by a helper
       process: `Delivery.SENT`.

    `timeout`: how many seconds the handlers may take (routes 1 and 3), and how many to wait for a
    process that is still starting. None: no limit. 0: it does not wait, and on routes 1 and 3 it is
    `Delivery.SENT`: what the handlers make of it is not known.

    `inject`: False forbids route 3. So does the environment variable CTRLEVENT_INJECT=0, for a
    whole program and all that it loads, whatever the argument. Default: True.

    On POSIX: `os.kill`, and always `Delivery.SENT`, as POSIX reports no more.

    Raises, with nothing sent,

    - `ProcessLookupError`: there is no such live process;
    - `WouldReachOthers`: its group would get it too, and route 3 is forbidden or not possible;
      `.others` are the processes that would have got the event besides;
    - `CtrlCIgnored`: it is Ctrl+C and the process ignores that;
    - `NoConsole`: it is a GUI program; or route 3 is forbidden, and the process or the caller is
      not on a console that the event could go through;
    - `PermissionError`: not permitted, or no route is open;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing;

    and, after it was delivered, `TimeoutError`: the handlers had not finished within `timeout`. On
    route 4 `TimeoutError` or `OSError` if the helper process does not answer or has exited: it may
    have sent.

    Source: CtrlRoutine (kernel32, undocumented; see `ctrlevent/_windows/thread_route.py`),
    GenerateConsoleCtrlEvent (wincon.h).
    """
    pid = _arguments.process_id(pid)
    sent = _arguments.event(event, half.events_sent)
    return half.kill(pid, sent, _arguments.options(timeout, inject))


@public
def broadcast(sig: int, *, console_of: int = 0) -> None:
    """Send an event to every process on a console.

    `sig`: `CTRL_C_EVENT` or `SIGINT`, `CTRL_BREAK_EVENT` or `SIGBREAK`.

    `console_of`: a process, whose console is meant. 0, the default: the caller's own, where the
    caller gets the event too. To another console a helper process sends it.

    Raises, with nothing sent,

    - `NoConsole`: the caller, or that process, has none;
    - `CtrlCIgnored`: it is Ctrl+C and every process there ignores that;
    - `ProcessLookupError`: there is no such live process;
    - `PermissionError`: its console may not be used;
    - `OSError` (ENOSYS): it is another console, and the caller is a frozen program, which has no
      Python to run as a helper; always on POSIX, which has no console to send to;
    - `TypeError`, `ValueError`, `OverflowError`: for arguments that mean nothing;

    and `TimeoutError` or `OSError` if the helper does not answer or has exited: it may have sent.

    Source: GenerateConsoleCtrlEvent with group 0 (wincon.h). On Wine 10, where that is the caller's
    own group, it is sent group by group.
    """
    event = _arguments.event(sig, half.events_sent)
    half.broadcast(event, _arguments.process_id(console_of, "console_of"))
