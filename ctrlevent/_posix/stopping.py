"""A process that is to be stopped, and is no child of the caller: found, asked, waited for, ended.

What `os_kill` means by a pid on Windows is meant here too: the group that the process leads, or the
process and its descendants in its group. Linux's /proc says which these are, and by the time of
its start whether a process is still the same; a pidfd sends to it alone. Where there is no /proc,
the process alone is meant, or its group; and a process that has exited counts as running until its
parent has waited for it.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .._errors import CtrlCIgnored, make
from .._unpatched import monotonic, sleep
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import processes, signals, waits

if TYPE_CHECKING:
    from .._arguments import Options

# How often the processes are looked for again while they are ended, as they may start others.
_ROUNDS = 100


def stopping(pid: int) -> Stopping:
    return Stopping(pid)


class Stopping:
    """Implements `_protocol.Stopping`."""

    exit_code = None  # the system tells it to the parent alone

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._held: dict[int, _Pinned] = {}

    def __enter__(self) -> Stopping:
        pid = self._pid
        if pid == 1:
            # The first process of the system, whose end is that of all others. If it leads group 1,
            # a signal to that would be one to every process: see `signals.killpg`.
            raise make(
                PermissionError,
                "process 1 is that of the whole system, which is not stopped like a program; use"
                " the system's own command for that",
            )
        try:
            self._root = self._hold(pid)
            signals.send(pid, 0)  # raises PermissionError if it may not be ended
            self._can_look = processes.can_look()
            if not self._root.is_alive():
                raise make(ProcessLookupError, f"process {pid} has ended")
            self._pgid = os.getpgid(pid)
            self._is_group = self._pgid == pid != os.getpgid(0)
            self._is_tree = False
            if self._can_look and not self._is_group:
                family = processes.family(pid)
                # If the caller is one of its descendants, the process alone is meant.
                self._is_tree = os.getpid() not in family
                for member in family if self._is_tree else []:
                    signals.send(member, 0)
                    self._hold(member)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        while self._held:
            self._held.popitem()[1].close()

    def _hold(self, pid: int) -> _Pinned:
        if pid not in self._held:
            self._held[pid] = _Pinned(pid)
        return self._held[pid]

    @property
    def named(self) -> tuple[int, bool]:
        return (-self._pid, False) if self._is_group else (self._pid, self._is_tree)

    def interrupt(self, options: Options) -> None:
        del options
        left = self._left()
        if left and self._can_look and all(map(_ignores, left)):
            whom = "every process of group" if self._is_group else "process"
            raise make(
                CtrlCIgnored,
                f"{whom} {self._pid} ignores SIGINT, as after nohup or in the background of a"
                " script",
            )
        self._send(signal.SIGINT, left)

    def is_running(self) -> bool:
        return self._root.is_alive()

    def wait(self, seconds: float) -> bool:
        return waits.until(monotonic() + seconds, lambda: not self._left())

    def end(self) -> None:
        for _ in range(_ROUNDS):
            left = self._left()
            if not left:
                break
            self._send(signal.SIGKILL, left)
            if self._is_group:  # a process cannot start another in it after that
                break
            sleep(waits.FIRST_PAUSE)

    def _send(self, number: int, to: list[int]) -> None:
        if self._is_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, number)
            return
        for pid in to:
            with contextlib.suppress(ProcessLookupError):
                self._held[pid].send(number)

    def _left(self) -> list[int]:
        """The pids of those that are meant, and alive. The caller is none of them."""
        if self._is_group:
            return self._members()
        if self._is_tree:
            for pid in processes.descendants(list(self._held), self._pgid):
                self._hold(pid)
        return [pid for pid, pinned in self._held.items() if pinned.is_alive()]

    def _members(self) -> list[int]:
        if self._can_look:
            return processes.of_group(self._pid)
        try:
            os.killpg(self._pid, 0)
        except ProcessLookupError:
            return []
        return [self._pid]


class _Pinned:
    """A process that is known again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._fd: int | None = None
        if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
            with contextlib.suppress(OSError):  # not on this kernel, or forbidden; or it is gone
                self._fd = os.pidfd_open(pid)
        self._started = processes.started(pid)

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def is_alive(self) -> bool:
        if self._started is not None:
            return processes.started(self._pid) == self._started
        try:
            self.send(0)
        except ProcessLookupError:
            return False
        return not processes.can_look()

    def send(self, number: int) -> None:
        if self._fd is not None:
            signal.pidfd_send_signal(self._fd, number)
        elif self._started is None or self.is_alive():
            os.kill(self._pid, number)


def _ignores(pid: int) -> bool:
    try:
        return processes.ignores_sigint(pid)
    except ProcessLookupError:
        return True
