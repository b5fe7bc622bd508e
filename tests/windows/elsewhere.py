"""What actors are told to do for test_other_consoles. All of this runs in actors."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Optional

import ctrlevent
from ctrlevent import CTRL_C_EVENT, _ctrl_routine, _helper
from ctrlevent._win32 import system
from ctrlevent._win32.constants import CREATE_SUSPENDED, CURRENT_PROCESS, WAIT_OBJECT_0

from . import actor, scenarios, terminals
from .actor import interruptible


def console_state() -> dict[str, Any]:
    """What sending must not change: of the console, the ignore bit, and the handlers."""
    state: dict[str, Any] = {"ignores": ctrlevent.ignores_ctrl_c()}
    with contextlib.suppress(ctrlevent.NoConsole):
        state["processes"] = [one.pid for one in ctrlevent.console_processes()]
        state["modes"] = terminals.terminal_modes()
    with interruptible():
        try:
            ctrlevent.kill(os.getpid(), CTRL_C_EVENT)
        except KeyboardInterrupt:
            state["python"] = "hears"
    state["actor"] = actor.take_heard()
    state["standard handles"] = [actor.kernel32.GetStdHandle(number) for number in (-10, -11, -12)]
    return state


def helper_pid() -> int:
    """0 when there is none."""
    helper = _helper._running
    return helper._process.pid if helper is not None and helper.is_alive() else 0


def visit(pid: int) -> tuple[list[int], list[int]]:
    """Who is on the console of a process, as this one sees it there; and afterwards."""
    windows = system()
    windows.AttachConsole(pid)
    try:
        there = list(windows.GetConsoleProcessList())
    finally:
        windows.FreeConsole()
    try:
        return there, list(windows.GetConsoleProcessList())
    except OSError:
        return there, []


def take_back_a_thread(event: int) -> tuple[int, list[int]]:
    """A thread at CtrlRoutine that is ended before its first instruction, as when an event to
    several processes cannot be sent to all: its exit code, and what was heard."""
    windows = system()
    start = _ctrl_routine.address(windows)
    thread = windows.CreateRemoteThread(CURRENT_PROCESS, start, event, CREATE_SUSPENDED)
    try:
        windows.TerminateThread(thread, 77)
        assert windows.WaitForSingleObject(thread, 20_000) == WAIT_OBJECT_0
        return windows.GetExitCodeThread(thread), actor.take_heard()
    finally:
        windows.CloseHandle(thread)


def timed(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[str, str, float]:
    """The error's class and text, "" for none, and how long it took."""
    start = time.monotonic()
    try:
        function(*arguments, **keywords)
        error: Optional[BaseException] = None
    except OSError as raised:
        error = raised
    took = time.monotonic() - start
    return type(error).__name__ if error else "", str(error or ""), took


def send_until_gone(pgid: int, timeout: float) -> list[tuple[str, str, float]]:
    """Sends until it is refused; that, and the longest call before."""
    slowest = ("", "", 0.0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        end = timed(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=timeout)
        if end[0]:
            return [slowest, end]
        slowest = max(slowest, end, key=lambda one: one[2])
    raise AssertionError("never refused")


def send_while_helpers_are_ended(pgid: int, times: int) -> tuple[list[tuple[str, str, float]], int]:
    """Each send with its helper being ended in the midst of it; and how many helpers were."""
    ends = []
    ended = 0
    for number in range(times):
        ctrlevent.killpg(pgid, CTRL_C_EVENT)
        helper = _helper._running
        assert helper is not None
        process = helper._process
        timer = threading.Timer(0.0005 * number, process.kill)
        timer.start()
        ends.append(timed(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=5))
        timer.join()
        process.wait(20)
        ended += 1
    return ends, ended


def send_with_a_helper_that_stands_still(pgid: int, timeout: float) -> tuple[str, str, float, bool]:
    """As `timed`, and whether that helper still runs afterwards."""
    ctrlevent.killpg(pgid, CTRL_C_EVENT)
    helper = _helper._running
    assert helper is not None
    process = helper._process
    ntdll: Any = getattr(ctypes, "WinDLL")("ntdll")  # noqa: B009
    ntdll.NtSuspendProcess(ctypes.c_void_p(int(process._handle)))  # type: ignore[attr-defined, unused-ignore]
    end = timed(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=timeout)
    return (*end, process.poll() is None)


def handles_of_sends(pgid: int, times: int) -> str:
    """The handles that are left of so many sends; "" for none."""
    ctrlevent.killpg(pgid, CTRL_C_EVENT)
    before = scenarios.settled_handle_count()
    for _ in range(times):
        ctrlevent.killpg(pgid, CTRL_C_EVENT)
    after = scenarios.settled_handle_count()
    return "" if after <= before else f"{before} before, {after} after"


def send_from_program(code: str, path: str, *arguments: str) -> tuple[int, str, str]:
    """Has another program send, that finds the library in another place."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=os.path.dirname(path),  # with -c, it is the first place that is looked in
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def while_frozen(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> int:
    """As in a frozen program. Returns the pid of the helper, which it must not have started."""
    setattr(sys, "frozen", True)  # noqa: B010
    try:
        function(*arguments, **keywords)
    finally:
        delattr(sys, "frozen")
    return helper_pid()
