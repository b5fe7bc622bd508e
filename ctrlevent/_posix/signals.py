"""The verbs that send and ask on POSIX."""

from __future__ import annotations

import signal
import sys

from .._arguments import Signal
from .._errors import every_process_named, not_a_leader
from .._types import CtrlEvent, Delivery, Preview, ProcessInfo
from .._typing import TYPE_CHECKING
from .._unpatched import system_calls

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .processes import ignores_sigint as ignores_ctrl_c
from .processes import of_session as console_processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._arguments import Action

__all__ = ["console_processes", "ignores_ctrl_c"]

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


def killpg(pgid: int, action: Action, seconds: float) -> None:
    if pgid == 1:  # killpg(1) is kill(-1) in the C library, which is every process
        raise every_process_named()
    try:
        _killpg(pgid, _number(action))
    except ProcessLookupError as error:
        try:
            actual = getpgid(pgid)
        except OSError:
            raise error from None
        raise not_a_leader(pgid, actual) from error


def kill(pid: int, action: Action, seconds: float, inject: bool) -> Delivery:
    _kill(pid or system_calls.getpid(), _number(action))
    return Delivery.SENT


def _number(action: Action) -> int:
    if isinstance(action, CtrlEvent):
        return signal.SIGINT if action is CtrlEvent.CTRL_C_EVENT else signal.SIGQUIT
    return action.number if isinstance(action, Signal) else 0


def preview_killpg(pgid: int, action: Action, seconds: float) -> Preview:
    """The members in the caller's session."""
    pgid = pgid or getpgid(0)
    killpg(pgid, Signal(0), seconds)
    members = (process for process in console_processes() if process.pgid == pgid)
    return Preview(f"signal {_number(action)}, by os.killpg", tuple(members))


def preview_kill(pid: int, action: Action, seconds: float, inject: bool) -> Preview:
    _kill(pid, 0)
    pgid = getpgid(pid)
    info = ProcessInfo(pid, None, pgid, pgid == pid, None, None)
    return Preview(f"signal {_number(action)}, by os.kill", (info,))


def leader_stands_for_group(pid: int) -> bool:
    return False
