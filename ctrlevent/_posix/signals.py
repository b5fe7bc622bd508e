"""The verbs that send and ask on POSIX."""

from __future__ import annotations

import contextlib
import signal
import sys

from .._arguments import Probe, Signal
from .._errors import every_process_named, make, not_a_leader, unsupported
from .._types import CtrlEvent, Delivery, Preview, ProcessInfo
from .._typing import TYPE_CHECKING
from .._unpatched import system_calls

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .processes import family, members_of, name_of, process_tree
from .processes import ignores_sigint as ignores_ctrl_c
from .processes import of_session as console_processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._arguments import Action, Options

__all__ = ["console_processes", "ignores_ctrl_c", "process_tree"]

# Not from `os`: whenever this module is imported, `patch_os` or a test may have put something else
# in their places there.
_kill, _killpg, getpgid = system_calls.kill, system_calls.killpg, system_calls.getpgid

events_sent: Mapping[int, CtrlEvent] = {
    signal.SIGINT: CtrlEvent.CTRL_C_EVENT,
    signal.SIGQUIT: CtrlEvent.CTRL_BREAK_EVENT,
}
# What comes nearest: the signals of the same keys, of a terminal that goes away, and of a system
# that shuts down. A logoff is a terminal that goes away, too.
events_heard: Mapping[int, CtrlEvent] = {
    **events_sent,
    signal.SIGHUP: CtrlEvent.CTRL_CLOSE_EVENT,
    signal.SIGTERM: CtrlEvent.CTRL_SHUTDOWN_EVENT,
}


def killpg(pgid: int, action: Action, options: Options) -> None:
    if pgid == 1:  # killpg(1) is kill(-1) in the C library, which is every process
        raise every_process_named()
    if options.unignore and isinstance(action, CtrlEvent):
        raise unsupported("only a process itself can stop ignoring SIGINT; leave out unignore=")
    try:
        _killpg(pgid, _number(action))
    except ProcessLookupError:
        try:
            actual = getpgid(pgid)
        except OSError:
            raise make(ProcessLookupError, f"there is no process group {pgid}") from None
        raise not_a_leader(pgid, actual) from None
    except PermissionError:
        raise make(
            PermissionError, f"no process of group {pgid} may be signalled by this user"
        ) from None


def kill(pid: int, action: Action, options: Options) -> Delivery:
    pid = pid or system_calls.getpid()
    if not options.tree or isinstance(action, Probe):
        send(pid, _number(action))
        return Delivery.SENT
    caller = system_calls.getpid()
    meant = family(pid)
    for member in meant:  # all of them, or none
        with contextlib.suppress(ProcessLookupError):
            send(member, 0)
    for member in sorted(meant, key=lambda member: member == caller):  # the caller last
        with contextlib.suppress(ProcessLookupError):
            send(member, _number(action))
    return Delivery.SENT


def os_kill(pid: int, event: CtrlEvent, options: Options) -> None:
    send(pid, _number(event))


def send(pid: int, number: int) -> None:
    """`os.kill`, whose errors do not say which process."""
    try:
        _kill(pid, number)
    except ProcessLookupError:
        raise make(ProcessLookupError, f"there is no process {pid}") from None
    except PermissionError:
        raise make(
            PermissionError, f"process {pid} may not be signalled: it belongs to another user"
        ) from None


def _number(action: Action) -> int:
    if isinstance(action, CtrlEvent):
        return signal.SIGINT if action is CtrlEvent.CTRL_C_EVENT else signal.SIGQUIT
    return action.number if isinstance(action, Signal) else 0


def preview_killpg(pgid: int, action: Action, options: Options) -> Preview:
    """The members in whatever session."""
    pgid = pgid or getpgid(0)
    killpg(pgid, Probe(), options)
    return Preview(f"signal {_number(action)}, by os.killpg", members_of(pgid))


def preview_kill(pid: int, action: Action, options: Options) -> Preview:
    targets: list[ProcessInfo] = []
    for member in family(pid) if options.tree else [pid]:
        send(member, 0)
        pgid = getpgid(member)
        targets.append(ProcessInfo(member, None, pgid, pgid == member, None, name_of(member)))
    return Preview(f"signal {_number(action)}, by os.kill", tuple(targets))
