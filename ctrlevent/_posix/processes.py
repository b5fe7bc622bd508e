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
    started: int
    """In clock ticks since the system has started."""


def of_session() -> tuple[ProcessInfo, ...]:
    """The live processes of the caller's session."""
    session = os.getsid(0)
    return _infos([stat for stat in _all() if stat.session == session])


def of_group(pgid: int) -> list[int]:
    """The live members of a process group."""
    return [stat.pid for stat in _all() if stat.pgid == pgid]


def members_of(pgid: int) -> tuple[ProcessInfo, ...]:
    """The same, described."""
    return _infos([stat for stat in _all() if stat.pgid == pgid])


def family(pid: int) -> list[int]:
    """A process and its live descendants in its group, parents first."""
    everywhere = _all()
    pgid = _find(pid, everywhere).pgid
    return _with_descendants([pid], [stat for stat in everywhere if stat.pgid == pgid])


def descendants(known: list[int], pgid: int) -> list[int]:
    """The live descendants in a group of processes, which may have exited, with these before."""
    return _with_descendants(known, [stat for stat in _all() if stat.pgid == pgid])


def process_tree(pid: int) -> tuple[ProcessInfo, ...]:
    """A process and its live descendants in whatever group or session, parents first."""
    everywhere = _all()
    _find(pid, everywhere)
    stats = {stat.pid: stat for stat in everywhere}
    return _infos([stats[found] for found in _with_descendants([pid], everywhere)])


def _with_descendants(known: list[int], everywhere: list[_Stat]) -> list[int]:
    found = list(known)
    for parent in found:  # which grows meanwhile
        found += [one.pid for one in everywhere if one.ppid == parent and one.pid not in found]
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


def _find(pid: int, everywhere: list[_Stat]) -> _Stat:
    for stat in everywhere:
        if stat.pid == pid:
            return stat
    raise make(ProcessLookupError, f"there is no process {pid}")


def _infos(stats: list[_Stat]) -> tuple[ProcessInfo, ...]:
    found: list[ProcessInfo] = []
    for stat in stats:
        with contextlib.suppress(ProcessLookupError):
            ignores, leads = _ignores(_read(stat.pid, "status")), stat.pgid == stat.pid
            found.append(ProcessInfo(stat.pid, stat.ppid, stat.pgid, leads, ignores, stat.name))
    return tuple(found)


def name_of(pid: int) -> str | None:
    """The name of a program; None where there is no /proc."""
    try:
        return _stat(pid).name
    except OSError:
        return None


def started(pid: int) -> int | None:
    """When a process was started, in ticks; None if it has exited, or where there is no /proc."""
    try:
        return _stat(pid).started
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
    fields = tail.split()
    state, ppid, pgid, session = fields[:4]
    if state in "ZX":
        raise make(ProcessLookupError, f"process {pid} has ended")
    name, ticks = head.partition("(")[2], int(fields[19])
    return _Stat(pid, name, int(ppid), int(pgid), int(session), ticks)


def _ignores(status: str) -> bool:
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == "SigIgn":
            return bool(int(value, 16) >> (signal.SIGINT - 1) & 1)
    return False


def can_look() -> bool:
    """Whether there is a /proc."""
    try:
        os.stat("/proc/self/stat")
    except OSError:
        return False
    return True


def _need_proc() -> None:
    if not can_look():
        raise unsupported("other processes can be described with Linux's /proc only")


def _read(pid: int, name: str) -> str:
    try:
        with FileIO(f"/proc/{pid}/{name}") as file:  # not `open`, for which tests have a mock
            return file.readall().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise make(ProcessLookupError, f"there is no process {pid}") from None
