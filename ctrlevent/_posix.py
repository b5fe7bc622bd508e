"""The same verbs on POSIX, over os.kill, os.killpg and os.getpgid.

CTRL_C_EVENT is SIGINT there and CTRL_BREAK_EVENT is SIGQUIT, the signals of the same keys.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

from . import _arguments, _errors
from ._types import CtrlEvent, Delivery, Preview, ProcessInfo

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._send and _ask")

import posix

# Not from `os`: whenever this module is imported, there may be something else in their places
# there, put by `patch_os` or by a test.
_kill, _killpg, _getpgid, _getpgrp = posix.kill, posix.killpg, posix.getpgid, posix.getpgrp


def killpg(pgid: int, sig: int, *, timeout: float | None = 5.0) -> None:
    """Send a signal to every member of a process group: `os.killpg`.

    `pgid` 0 is the caller's own group. `timeout` is checked and not needed.

    Raises `NotAGroupLeader` (the pid of a process that leads no group), `ProcessLookupError`,
    `PermissionError`, `WouldReachOthers` (group 1, which POSIX takes for every process),
    `TypeError`, `ValueError`, `OverflowError`.
    """
    pgid = _arguments.process_id(pgid, "pgid")
    number = _signal(sig)
    _arguments.seconds(timeout)
    if pgid == 1:  # killpg(1) is kill(-1) in the C library, which is everybody
        raise _errors.everybody_named()
    try:
        _killpg(pgid, number)
    except ProcessLookupError as error:
        try:
            actual = _getpgid(pgid)
        except OSError:
            raise error from None
        raise _errors.not_a_leader(pgid, actual) from error


def kill(pid: int, sig: int, *, timeout: float | None = 5.0, inject: bool = True) -> None:
    """Send a signal to exactly one process: `os.kill`.

    `pid` 0 is the caller's own group, `-pgid` a group; -1, everybody, is refused. `timeout` is
    checked and, like `inject`, not needed.

    Raises `WouldReachOthers` (pid -1), `ProcessLookupError`, `PermissionError`, `TypeError`,
    `ValueError`, `OverflowError`.
    """
    pid = _arguments.kill_target(pid)
    number = _signal(sig)
    _arguments.seconds(timeout)
    if pid == -1:
        raise _errors.everybody_named()
    if pid <= 0:
        killpg(-pid, sig, timeout=timeout)
    else:
        _kill(pid, number)


def deliver(pid: int, event: int, *, timeout: float | None = 5.0, inject: bool = True) -> Delivery:
    """Send an event to exactly one process; always `Delivery.SENT`, as POSIX tells no more.

    `pid` 0 is the caller. Raises what `kill` raises.
    """
    pid = _arguments.process_id(pid)
    if _signal(event) not in (signal.SIGINT, signal.SIGQUIT):
        raise ValueError(f"only CTRL_C_EVENT and CTRL_BREAK_EVENT are events, not {event!r}")
    kill(pid or os.getpid(), event, timeout=timeout, inject=inject)
    return Delivery.SENT


def broadcast(sig: int, *, console_of: int = 0) -> None:
    """Not on POSIX, which has no console that could send to all. Raises OSError (ENOSYS)."""
    _signal(sig)
    _arguments.process_id(console_of, "console_of")
    raise _errors.unsupported("there is no console to broadcast through; use killpg() for a group")


def getpgid(pid: int) -> int:
    """The process group of a process, 0 being the caller: `os.getpgid`.

    Raises `ProcessLookupError`, `PermissionError`, `TypeError`, `ValueError`, `OverflowError`.
    """
    return _getpgid(_arguments.process_id(pid))


def getpgrp() -> int:
    """The process group of the caller: `os.getpgrp`, which raises nothing."""
    return _getpgrp()


def ignores_ctrl_c(pid: int = 0) -> bool:
    """Whether a process ignores SIGINT. `pid` 0, the default, is the caller.

    Raises what `getpgid` raises; and OSError (ENOSYS) for another process on a system without
    Linux's /proc.
    """
    pid = _arguments.process_id(pid)
    if pid in (0, os.getpid()):
        return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    _need_proc()
    return _ignores(_read_proc(pid, "status"))


def ignore_ctrl_c(ignore: bool = True, pid: int = 0) -> bool:
    """Make the caller ignore SIGINT, or hear it again. Returns whether it ignored it before.

    `pid`: 0, the default, or the caller's own.

    Raises OSError (ENOSYS) for another process, to which POSIX does not let one do this;
    `ValueError` outside of the main thread, as `signal.signal` does; `TypeError`, `OverflowError`.
    """
    if _arguments.process_id(pid) not in (0, os.getpid()):
        raise _errors.unsupported("only a process itself can ignore SIGINT")
    before = ignores_ctrl_c()
    if before != bool(ignore):
        signal.signal(signal.SIGINT, signal.SIG_IGN if ignore else signal.default_int_handler)
    return before


def console_processes() -> tuple[ProcessInfo, ...]:
    """The live processes of the caller's session, which is what a terminal has on POSIX.

    Raises OSError (ENOSYS) on a system without Linux's /proc.
    """
    _need_proc()
    session = os.getsid(0)
    found: list[ProcessInfo] = []
    for entry in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            stat, status = _read_proc(entry, "stat"), _read_proc(entry, "status")
        except ProcessLookupError:
            continue
        # pid (name) state ppid pgrp session ...; the name may contain anything, ")" too (proc(5)).
        head, _, tail = stat.rpartition(")")
        state, ppid, pgid, its_session = tail.split()[:4]
        if int(its_session) == session and state not in "ZX":
            name = head.partition("(")[2]
            group = int(pgid)
            ignores = _ignores(status)
            found.append(ProcessInfo(entry, int(ppid), group, group == entry, ignores, name))
    return tuple(found)


def preview_killpg(pgid: int, sig: int, *, timeout: float | None = 5.0) -> Preview:
    """Who would get what from `killpg`; those of other sessions are left out."""
    pgid = _arguments.process_id(pgid, "pgid") or _getpgrp()
    _arguments.seconds(timeout)
    number = _signal(sig)
    killpg(pgid, 0)
    members = (process for process in console_processes() if process.pgid == pgid)
    return Preview(f"signal {number}, by os.killpg", tuple(members))


def preview_kill(
    pid: int, sig: int, *, timeout: float | None = 5.0, inject: bool = True
) -> Preview:
    """Who would get what from `kill`."""
    pid = _arguments.kill_target(pid)
    if pid == -1:
        raise _errors.everybody_named()
    if pid <= 0:
        return preview_killpg(-pid, sig, timeout=timeout)
    number = _signal(sig)
    kill(pid, 0, timeout=timeout)
    info = ProcessInfo(pid, None, _getpgid(pid), _getpgid(pid) == pid, None, None)
    return Preview(f"signal {number}, by os.kill", (info,))


def _signal(sig: int) -> int:
    number = _arguments.integer(sig, "sig")
    if isinstance(sig, CtrlEvent):
        if sig > CtrlEvent.CTRL_BREAK_EVENT:
            raise ValueError(f"{sig.name} cannot be sent")
        return signal.SIGINT if sig is CtrlEvent.CTRL_C_EVENT else signal.SIGQUIT
    if number < 0:
        raise ValueError(f"sig must not be negative: {number}")
    if number > 0xFFFF_FFFF:
        raise OverflowError(f"sig must fit into 32 bits: {number}")
    return number


def _ignores(status: str) -> bool:
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == "SigIgn":
            return bool(int(value, 16) >> (signal.SIGINT - 1) & 1)
    return False


def _need_proc() -> None:
    if not os.path.exists("/proc/self/stat"):
        raise _errors.unsupported("other processes can be described with Linux's /proc only")


def _read_proc(pid: int, name: str) -> str:
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(errno.ESRCH, f"there is no process {pid}") from None
