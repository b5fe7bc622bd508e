"""What the actors of the soak do."""

from __future__ import annotations

import collections
import ctypes
import os
import random
import subprocess
from typing import Any

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.windows import actor

NEW_GROUP = 0x200


def send(groups: list[list[int]], times: int, seed: int) -> dict[tuple[int, int], int]:
    """Sends events, to whole groups and to single members; returns what was sent to whom."""
    choose = random.Random(seed)
    sent: collections.Counter[tuple[int, int]] = collections.Counter()
    for _ in range(times):
        group = choose.choice(groups)
        if choose.random() < 0.8:
            ctrlevent.killpg(group[0], CTRL_C_EVENT)
            sent.update((pid, CTRL_C_EVENT) for pid in group)
        else:
            pid = choose.choice(group)
            # Of the two, only this way runs the handlers of a Ctrl+Break on Wine 10 too.
            event = choose.choice([CTRL_C_EVENT, CTRL_BREAK_EVENT])
            ctrlevent.deliver(pid, event, timeout=30)
            sent[(pid, event)] += 1
    return {(pid, int(event)): count for (pid, event), count in sent.items()}


def come_and_go(program: str, times: int) -> list[list[str]]:
    """Starts programs, in a group of their own and in that of the caller, by turns; sends one
    Ctrl+C to each group of its own; ends them. Returns what they said."""
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
    return actor.handle_count(), _thread_count()


def process_count() -> int:
    from ctrlevent._win32 import system

    return len(system().EnumProcesses())


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
