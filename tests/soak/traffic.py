"""What the actors of the soak do."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import mmap
import os
import random
import subprocess
from typing import TYPE_CHECKING, Any

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.waiting import HANG_LIMIT, wait_until
from tests.windows import actor, leaks

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_GROUP = 0x200


class _Heard(list[int]):
    """An actor's list of events. Other processes can see how many it has ever heard."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = _counter(os.getpid())

    def append(self, event: int) -> None:
        super().append(event)
        self.shown[:] = (_number(self.shown) + 1).to_bytes(8, "little")


def show_what_is_heard() -> None:
    actor.heard = _Heard()


def _counter(pid: int) -> Any:
    return mmap.mmap(-1, 8, tagname=f"ctrlevent-soak-{pid}")  # type: ignore[call-arg, unused-ignore]


def _number(counter: Any) -> int:
    return int.from_bytes(counter[:], "little")


def send(groups: list[list[int]], times: int, seed: int) -> dict[tuple[int, int], int]:
    """Sends events, to whole groups and to single members; returns how many to each process.

    Sends one at a time to each group: Wine 10 makes a Unix signal of a Ctrl+C, and a process gets
    no second signal until it has dealt with the first.
    """
    choose = random.Random(seed)
    sent: collections.Counter[tuple[int, int]] = collections.Counter()
    with contextlib.ExitStack() as stack:
        heard = {pid: stack.enter_context(_counter(pid)) for group in groups for pid in group}
        turns = {group[0]: stack.enter_context(_Turn(group[0])) for group in groups}
        for _ in range(times):
            group = choose.choice(groups)
            with turns[group[0]].taken():
                before = {pid: _number(heard[pid]) for pid in group}
                named = _send_one(group, choose)
                sent.update(named)
                for pid, _ in named:
                    hears_it = functools.partial(_hears_more, heard[pid], before[pid])
                    wait_until(hears_it, f"an event at {pid}")
    return {(pid, int(event)): count for (pid, event), count in sent.items()}


def _hears_more(counter: Any, before: int) -> bool:
    return _number(counter) > before


def _send_one(group: list[int], choose: random.Random) -> list[tuple[int, int]]:
    if choose.random() < 0.8:
        ctrlevent.killpg(group[0], CTRL_C_EVENT)
        return [(pid, CTRL_C_EVENT) for pid in group]
    pid = choose.choice(group)
    # On Wine 10, only this of the two ways runs the handlers of a Ctrl+Break.
    event = choose.choice([CTRL_C_EVENT, CTRL_BREAK_EVENT])
    assert ctrlevent.deliver(pid, event, timeout=HANG_LIMIT) is ctrlevent.Delivery.HANDLED
    return [(pid, event)]


class _Turn:
    """A mutex that the senders share."""

    _kernel32: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009

    def __init__(self, pgid: int) -> None:
        self._kernel32.CreateMutexW.restype = ctypes.c_void_p
        name = f"ctrlevent-soak-turn-{pgid}"
        self._mutex = ctypes.c_void_p(self._kernel32.CreateMutexW(None, False, name))

    def __enter__(self) -> _Turn:
        return self

    def __exit__(self, *_: object) -> None:
        self._kernel32.CloseHandle(self._mutex)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        infinite = 0xFFFF_FFFF
        self._kernel32.WaitForSingleObject(self._mutex, infinite)
        try:
            yield
        finally:
            self._kernel32.ReleaseMutex(self._mutex)


def come_and_go(program: str, times: int) -> list[list[str]]:
    """Starts programs by turns in a group of their own, to which it sends one Ctrl+C, and in the
    caller's group; closes their input, so that they exit. Returns what they said."""
    said = []
    for turn in range(times):
        leads = turn % 2 == 0
        with subprocess.Popen(
            [program, "hear" if leads else "trap"],
            creationflags=NEW_GROUP if leads else 0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child:
            assert child.stdin
            assert child.stdout
            child.stdout.readline()
            lines = []
            if leads:
                ctrlevent.killpg(child.pid, CTRL_C_EVENT)
                lines.append(child.stdout.readline())
            child.stdin.close()
            lines += child.stdout.readlines()
            said.append([line.decode().strip() for line in lines])
    return said


def state() -> tuple[int, int]:
    """How many handles and threads this process has."""
    return leaks.settled_handle_count(), _thread_count()


def _thread_count() -> int:
    """Toolhelp (tlhelp32.h): THREADENTRY32 is seven numbers, of which the fourth is the owner."""
    snap_thread = 0x4
    kernel32: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009
    kernel32.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    snapshot = ctypes.c_void_p(kernel32.CreateToolhelp32Snapshot(snap_thread, 0))
    entry = (ctypes.c_uint32 * 7)(28)
    count = 0
    more = kernel32.Thread32First(snapshot, entry)
    while more:
        count += entry[3] == os.getpid()
        more = kernel32.Thread32Next(snapshot, entry)
    kernel32.CloseHandle(snapshot)
    return count
