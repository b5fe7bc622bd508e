"""What Linux's /proc says of processes."""

from __future__ import annotations

import contextlib
import sys
from _io import FileIO

from .._errors import make, unsupported
from .._types import ProcessInfo
from .._typing import NamedTuple
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")


def ignores_sigint(pid: int) -> bool:
    if pid in (0, os.getpid()):
        return bool(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
    _need_proc()
    return _ignores(_read(pid, "status"))


class _Stat(NamedTuple):
    """The first fields of /proc/PID/stat."""

    pid: int
    name: str
    ppid: int
    pgid: int
    session: int


def of_session() -> tuple[ProcessInfo, ...]:
    """The live processes of the caller's session."""
    session = os.getsid(0)
    found: list[ProcessInfo] = []
    for stat in _all():
        if stat.session == session:
            with contextlib.suppress(ProcessLookupError):
                ignores, leads = _ignores(_read(stat.pid, "status")), stat.pgid == stat.pid
                found.append(ProcessInfo(stat.pid, stat.ppid, stat.pgid, leads, ignores, stat.name))
    return tuple(found)


def of_group(pgid: int) -> list[int]:
    """The live members of a process group."""
    return [stat.pid for stat in _all() if stat.pgid == pgid]


def family(pid: int) -> list[int]:
    """A process and its live descendants in its group, parents first."""
    everywhere = _all()
    root = [stat for stat in everywhere if stat.pid == pid]
    if not root:
        raise make(ProcessLookupError, f"there is no process {pid}")
    left = [stat for stat in everywhere if stat.pgid == root[0].pgid and stat.pid != pid]
    found = [pid]
    for parent in found:  # which grows meanwhile
        found += [stat.pid for stat in left if stat.ppid == parent]
    return found


def groups_of_session(session: int) -> set[int]:
    """The groups of its live processes."""
    _need_proc()
    found: set[int] = set()
    for pid in _pids():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) == session:  # far cheaper than to read of each process
                found.add(_stat(pid).pgid)
    return found


def name_of(pid: int) -> str | None:
    """The name of a program; None where there is no /proc."""
    try:
        return _stat(pid).name
    except OSError:
        return None


def _all() -> list[_Stat]:
    """Every live process."""
    _need_proc()
    found: list[_Stat] = []
    for pid in _pids():
        with contextlib.suppress(ProcessLookupError):
            found.append(_stat(pid))
    return found


def _pids() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def _stat(pid: int) -> _Stat:
    """Raises ProcessLookupError, also if it has exited and was not waited for."""
    # pid (name) state ppid pgrp session ...; the name may contain anything, ")" too (proc(5)).
    head, _, tail = _read(pid, "stat").rpartition(")")
    state, ppid, pgid, session = tail.split()[:4]
    if state in "ZX":
        raise make(ProcessLookupError, f"process {pid} has ended")
    return _Stat(pid, head.partition("(")[2], int(ppid), int(pgid), int(session))


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
