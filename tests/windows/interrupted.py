"""Starts that are broken off, and what they leave. All of this runs in actors."""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import os
import queue
import random
import subprocess
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple

import ctrlevent
from ctrlevent import pytest_plugin
from ctrlevent._win32 import system
from ctrlevent._windows import helper_route
from tests import interrupted_loop, interrupting
from tests.waiting import HANG_LIMIT, wait_until

from . import actor
from .leaks import ROUNDS, settled_handle_count
from .starting import NEVER, _is_running, _open

PIPES: dict[str, Any] = {
    "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE
}  # fmt: skip


class Start(NamedTuple):
    """A call that starts something, and how its result is ended."""

    call: Callable[[], Any]
    end: Callable[[Any], object]
    after: Callable[[], object] = lambda: None
    """What is done after each call, whether it was broken off or not."""


def _end(child: Any) -> None:
    child.kill()
    with child:
        pass


def _end_created(created: Any) -> None:
    system().TerminateProcess(created.process_handle, 1)
    wait_until(lambda: not _is_running(created.process_handle), "the exit of a child")
    created.close()


class _Fixture:
    """The fixture `interruptible`, as pytest has it called once for each test."""

    def __init__(self, **named: Any) -> None:
        self._named = named
        self.set_up()

    def set_up(self) -> None:
        config = SimpleNamespace(getoption=lambda *_: "fd", stash={})
        session = SimpleNamespace(exitstatus=0)
        request: Any = SimpleNamespace(config=config, session=session, fixturename="interruptible")
        self._generator = pytest_plugin._interruptible(request)
        self._start = next(self._generator)

    def start(self, command: list[str]) -> Any:
        return self._start(command, grace=0, **self._named)

    def next_test(self) -> None:
        for _ in self._generator:
            raise AssertionError("it ends here")
        self.set_up()


def starts(kind: str, command: list[str]) -> Start:
    makers: dict[str, Callable[[], Start]] = {
        "Popen": lambda: Start(partial(ctrlevent.Popen, command), _end),
        "Popen with pipes": lambda: Start(
            partial(ctrlevent.Popen, command, text=True, **PIPES), _end
        ),
        "Popen with a console of its own": lambda: Start(
            partial(ctrlevent.Popen, command, console="own"), _end
        ),
        "contained": lambda: Start(
            partial(ctrlevent.Popen, command, contain=True, **PIPES), _end_tree
        ),
        "interruptible": lambda: _interruptible(command),
        "interruptible with pipes": lambda: _interruptible(command, **PIPES),
        "create_process": lambda: Start(partial(ctrlevent.create_process, command), _end_created),
        "PseudoConsole": lambda: Start(
            partial(ctrlevent.PseudoConsole, 80, 24), lambda console: console.close()
        ),
        "PseudoConsole.start": lambda: _on_terminal(command),
        "helper": _helper,
        "run": lambda: Start(
            partial(ctrlevent.run, command, grace=0, capture_output=True), lambda _: None
        ),
        "run on a terminal": lambda: Start(
            partial(ctrlevent.run, command, console="pty", grace=0, input=b"", capture_output=True),
            lambda _: None,
        ),
        "asyncio": lambda: _in_a_loop(command, {}),
        "asyncio with pipes": lambda: _in_a_loop(command, PIPES),
        "multiprocessing": _of_multiprocessing,
        "subprocess": lambda: Start(partial(subprocess.Popen, command), _end),
    }
    give_no_time_to_end()
    return makers[kind]()


def give_no_time_to_end() -> None:
    """In this process, `run` does not try for long to send a Ctrl+C."""
    from ctrlevent._windows import run

    setattr(run, "SEND_WITHIN", 0.1)  # noqa: B010


def _interruptible(command: list[str], **named: Any) -> Start:
    fixture = _Fixture(**named)
    start = fixture.start
    return Start(lambda: start(command), lambda _: None, fixture.next_test)


def _in_a_loop(command: list[str], options: dict[str, Any]) -> Start:
    start = partial(interrupted_loop.start, command, options)
    return Start(start, interrupted_loop.end, interrupted_loop.collect)


def _by_signal(kind: str) -> bool:
    """A loop creates its child in the main thread, so the signals are held back there."""
    return kind.startswith("asyncio")


def _on_terminal(command: list[str]) -> Start:
    console = ctrlevent.PseudoConsole()
    return Start(partial(console.start, command), _end_on_terminal)


def _helper() -> Start:
    windows, helper = system(), helper_route._helper
    return Start(partial(helper, windows), lambda _: None, helper_route._discard)


def _of_multiprocessing() -> Start:
    """The caller has the object of the process in any case: it is running, or was not started."""
    context = ctrlevent.multiprocessing_context()
    made: list[Any] = []

    def call() -> Any:
        process = context.Process(target=time.sleep, args=(NEVER,))
        made.append(process)
        process.start()
        return process

    def end_all() -> None:
        for process in made:
            if process.pid is not None:
                process.terminate()
                process.join(HANG_LIMIT)
                process.close()
        made.clear()

    return Start(call, lambda _: None, end_all)


def _end_tree(child: Any) -> None:
    child.end_tree()
    with child:
        pass


def _end_on_terminal(child: Any) -> None:
    child.kill()
    child.wait(HANG_LIMIT)


class _Facts:
    """What this process has of children, threads and handles."""

    def __init__(self, after: Callable[[], object]) -> None:
        self._after = after
        self._children = set(children())
        self._threads = _thread._count()

    def left(self) -> str:
        """A child is gone when the call is over; a thread may take a moment to end."""
        self._after()
        new = [pid for pid in children() if pid not in self._children]
        found = [f"child {pid}" for pid in new]
        for pid in new:
            end_process(pid)
        with contextlib.suppress(AssertionError):
            wait_until(lambda: _thread._count() <= self._threads, "the end of threads")
        if _thread._count() > self._threads:
            found.append(f"{_thread._count() - self._threads} threads")
        return ", ".join(found)


class Report(NamedTuple):
    broken_off: int
    left: list[Any]
    more_handles: int
    """More than 0 only if there were more after each of several rounds: see `leaks`."""


def boundaries(kind: str, command: list[str]) -> int:
    start = _ready(kind, command)

    def end(result: Any) -> None:
        start.end(result)
        start.after()

    with actor.interruptible():
        return interrupting.boundaries(start.call, end, by_signal=_by_signal(kind))


def each_boundary(kind: str, command: list[str], numbers: list[int]) -> Report:
    """Breaks a start off at these boundaries."""
    start = _ready(kind, command)
    facts = _Facts(start.after)

    def sweep() -> tuple[int, list[Any]]:
        with actor.interruptible():
            swept = interrupting.at_each_boundary(
                start.call, start.end, facts.left, numbers, by_signal=_by_signal(kind)
            )
        return swept.broken_off, swept.left

    return _rounds_of(sweep)


def random_moments(kind: str, command: list[str], seed: int, times: int) -> Report:
    """Has a start interrupted by real Ctrl+C events, sent by another thread."""
    start = _ready(kind, command)
    begin = time.perf_counter()
    start.end(start.call())
    seconds = time.perf_counter() - begin
    start.after()
    chance = random.Random(seed)
    orders: queue.SimpleQueue[float] = queue.SimpleQueue()

    def send() -> None:
        while True:
            delay = orders.get()
            if delay < 0:
                return
            time.sleep(delay)
            ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    facts = _Facts(start.after)

    def interrupt() -> tuple[int, list[Any]]:
        with actor.interruptible():
            found = interrupting.at_random(
                start.call,
                start.end,
                facts.left,
                lambda: orders.put(chance.uniform(0, seconds)),
                times,
            )
        return found.in_the_call, found.left

    report = _rounds_of(interrupt)
    orders.put(-1)
    sender.join(HANG_LIMIT)
    actor.heard.clear()
    return report


def _rounds_of(interrupt: Callable[[], tuple[int, list[Any]]]) -> Report:
    """Repeats it, until the count of handles does not grow."""
    broken_off, more, everything_left = 0, 0, []
    before = settled_handle_count()
    for _ in range(ROUNDS):
        broken_off, left = interrupt()
        everything_left += left
        now = settled_handle_count()
        before, more = now, now - before
        if more <= 0:
            break
    return Report(broken_off, everything_left, more)


def _ready(kind: str, command: list[str]) -> Start:
    """A start, when all that is opened once is open."""
    start = starts(kind, command)
    for _ in range(3):
        start.end(start.call())
        start.after()
    return start


# --- children -------------------------------------------------------------------------------------


class PROCESSENTRY32W(ctypes.Structure):
    _fields_ = [
        ("dwSize", ctypes.c_uint32),
        ("cntUsage", ctypes.c_uint32),
        ("th32ProcessID", ctypes.c_uint32),
        ("th32DefaultHeapID", ctypes.c_size_t),
        ("th32ModuleID", ctypes.c_uint32),
        ("cntThreads", ctypes.c_uint32),
        ("th32ParentProcessID", ctypes.c_uint32),
        ("pcPriClassBase", ctypes.c_int32),
        ("dwFlags", ctypes.c_uint32),
        ("szExeFile", ctypes.c_uint16 * 260),
    ]


def children() -> list[int]:
    """The pids of the running children of this process, also if suspended."""
    kernel32 = actor.kernel32
    kernel32.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    snapshot_of_processes = 2
    snapshot = ctypes.c_void_p(kernel32.CreateToolhelp32Snapshot(snapshot_of_processes, 0))
    entry = PROCESSENTRY32W()
    entry.dwSize = ctypes.sizeof(entry)
    found = []
    more = kernel32.Process32FirstW(snapshot, ctypes.byref(entry))
    while more:
        if entry.th32ParentProcessID == os.getpid():
            found.append(entry.th32ProcessID)
        more = kernel32.Process32NextW(snapshot, ctypes.byref(entry))
    kernel32.CloseHandle(snapshot)
    return [pid for pid in found if _runs(pid)]


def _runs(pid: int) -> bool:
    handle = _open(pid)
    if not handle:
        return False
    runs = _is_running(handle)
    actor.kernel32.CloseHandle(ctypes.c_void_p(handle))
    return runs


def end_process(pid: int) -> None:
    kernel32 = actor.kernel32
    kernel32.OpenProcess.restype = ctypes.c_void_p
    synchronize, terminate = 0x0010_0000, 0x1
    handle = ctypes.c_void_p(kernel32.OpenProcess(synchronize | terminate, False, pid))
    kernel32.TerminateProcess(handle, 1)
    kernel32.WaitForSingleObject(handle, 10_000)
    kernel32.CloseHandle(handle)
