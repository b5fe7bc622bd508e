"""What Linux's /proc says of processes."""

from __future__ import annotations

import sys
from _io import FileIO

from .._errors import make, unsupported
from .._types import ProcessInfo
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")


def ignores_sigint(pid: int) -> bool:
    if pid in (0, os.getpid()):
        return bool(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
    _need_proc()
    return _ignores(_read(pid, "status"))


def of_session() -> tuple[ProcessInfo, ...]:
    """The live processes of the caller's session."""
    _need_proc()
    session = os.getsid(0)
    found: list[ProcessInfo] = []
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            stat, status = _read(pid, "stat"), _read(pid, "status")
        except ProcessLookupError:
            continue
        # pid (name) state ppid pgrp session ...; the name may contain anything, ")" too (proc(5)).
        head, _, tail = stat.rpartition(")")
        state, ppid, pgid, its_session = tail.split()[:4]
        if int(its_session) == session and state not in "ZX":
            name, group = head.partition("(")[2], int(pgid)
            found.append(ProcessInfo(pid, int(ppid), group, group == pid, _ignores(status), name))
    return tuple(found)


def _ignores(status: str) -> bool:
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == "SigIgn":
            return bool(int(value, 16) >> (signal.SIGINT - 1) & 1)
    return False


def _need_proc() -> None:
    try:
        os.stat("/proc/self/stat")
    except OSError:
        raise unsupported("other processes can be described with Linux's /proc only") from None


def _read(pid: int, name: str) -> str:
    try:
        with FileIO(f"/proc/{pid}/{name}") as file:  # not `open`, for which tests have a mock
            return file.readall().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise make(ProcessLookupError, f"there is no process {pid}") from None
