"""Starts that are broken off on POSIX, and what they leave: runs in a process of its own.

Its `main` is given "boundaries", KIND, SPREAD and LAST; or "random", KIND and TIMES. The last line
of its output says what was found, as JSON. With "random" it says "." before each start, and the
test sends it a SIGINT then.
"""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import Any, Callable

if sys.platform == "win32":
    raise ImportError("tests.unit.posix is for POSIX")

import ctrlevent
from ctrlevent._posix import popen, pseudo_console
from tests import interrupted_loop, interrupting
from tests.waiting import wait_until

SLEEPS = ["/bin/sleep", "600"]
EXITS = ["/bin/sleep", "0"]
PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}

_processes: list[Any] = []


def _process(method: str) -> Callable[[], Any]:
    """The caller has the object in any case: its process runs, or was not started."""
    context = ctrlevent.multiprocessing_context(method)

    def call() -> Any:
        process = context.Process(target=time.sleep, args=(600,))
        _processes.append(process)
        process.start()
        return process

    return call


def _end_processes() -> None:
    for process in _processes:
        if process.pid is not None:
            process.kill()
            process.join()
            process.close()
    _processes.clear()


STARTS: dict[str, Callable[[], Any]] = {
    **{f"multiprocessing {method}": _process(method) for method in ("fork", "spawn", "forkserver")},
    "Popen": partial(ctrlevent.Popen, SLEEPS),
    "Popen with pipes": partial(ctrlevent.Popen, SLEEPS, text=True, **PIPES),
    "Popen with a console of its own": partial(ctrlevent.Popen, SLEEPS, console="own"),
    "contained": partial(ctrlevent.Popen, SLEEPS, contain=True, **PIPES),
    "run": partial(ctrlevent.run, EXITS, capture_output=True, grace=0),
    "asyncio": partial(interrupted_loop.start, SLEEPS, {}),
    "asyncio with pipes": partial(interrupted_loop.start, SLEEPS, PIPES),
    "PseudoConsole": partial(ctrlevent.PseudoConsole, 80, 24),
    "PseudoConsole.start": partial(ctrlevent.PseudoConsole),  # of which `main` makes its `start`
    "run on a terminal": partial(
        ctrlevent.run, EXITS, console="pty", input=b"", capture_output=True, grace=0
    ),
    "subprocess": partial(subprocess.Popen, SLEEPS),
}


def children() -> set[int]:
    """The pids of the children of this process, those too whose exit was not waited for."""
    found: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{thread}/children") as pids:
            found |= {int(pid) for pid in pids.read().split()}
    return found


class _Facts:
    def __init__(self, *, files: bool, by_loop: bool = False) -> None:
        self._by_loop = by_loop
        self._threads = _thread._count()
        self._children = children()  # helpers of multiprocessing
        self._files = files and self._open_files()

    def _open_files(self) -> int:
        return len(os.listdir("/proc/self/fd"))

    def left(self) -> str:
        found = []
        _end_processes()
        if self._by_loop:  # which waits for its children by itself
            interrupted_loop.collect()
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not children(), "the end of children")
        for pid in children() - self._children:
            found.append(f"child {pid}")
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        # A thread that has just been started is not counted yet, but has its file.
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not self._more(), "the end of threads")
        found += self._more()
        if found:  # what is left is told once
            self._threads, self._files = _thread._count(), self._files and self._open_files()
        return ", ".join(found)

    def _more(self) -> list[str]:
        found = ["threads"] if _thread._count() > self._threads else []
        if self._files and self._open_files() > self._files:
            found.append("files")
        return found


def _end(result: Any) -> None:
    _end_processes()
    if isinstance(result, interrupted_loop.Started):
        interrupted_loop.end(result)
    if isinstance(result, subprocess.Popen):
        result.kill()
        with result:
            pass
    elif isinstance(result, ctrlevent.PseudoConsole):
        result.close()
    elif isinstance(result, pseudo_console.TerminalProcess):
        result.kill()
        result.wait()


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background ignores it
    how, kind, *numbers = sys.argv[1:]
    setattr(popen, "_GRACE", 0.1)  # noqa: B010
    call = STARTS[kind]
    if kind == "PseudoConsole.start":
        call = partial(ctrlevent.PseudoConsole().start, SLEEPS)
    for _ in range(3):
        _end(call())
    found: Any
    if how == "boundaries":
        spread, last = map(int, numbers)
        by_loop = kind.startswith("asyncio")
        total = interrupting.boundaries(call, _end, by_signal=by_loop)
        chosen = interrupting.share(total, spread or total, last)
        # subprocess loses files, by what is no SIGINT: see `_held_back`.
        left = _Facts(files=False, by_loop=by_loop).left
        # asyncio loses the child by what is no SIGINT.
        found = interrupting.at_each_boundary(call, _end, left, chosen, by_signal=by_loop)
    else:
        left = _Facts(files=True).left
        found = interrupting.at_random(call, _end, left, _order, int(numbers[0]))
    print(json.dumps(found._asdict()), flush=True)


def _order() -> None:
    os.write(1, b".\n")
