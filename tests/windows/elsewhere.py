"""What actors are told to do for test_other_consoles. All of this runs in actors."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from typing import Any, Callable

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from ctrlevent._win32 import system
from ctrlevent._win32.constants import CREATE_SUSPENDED, CURRENT_PROCESS, WAIT_OBJECT_0
from ctrlevent._windows import dispatch, helper_route, thread_route
from tests.waiting import HANG_LIMIT

from . import actor, terminals
from .actor import interruptible
from .scenarios import NEVER


def console_state() -> dict[str, Any]:
    """What sending must not change: the console, the ignore bit, and the handlers."""
    state: dict[str, Any] = {"ignores": ctrlevent.ignores_ctrl_c()}
    with contextlib.suppress(ctrlevent.NoConsole):
        state["processes"] = [one.pid for one in ctrlevent.console_processes()]
        state["modes"] = terminals.terminal_modes()
    with interruptible():
        try:
            ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
        except KeyboardInterrupt:
            state["python"] = "hears"
    state["actor"] = actor.take_heard()
    state["standard handles"] = [actor.kernel32.GetStdHandle(number) for number in (-10, -11, -12)]
    return state


def helper_pid() -> int:
    """The pid of the helper process; 0 when there is none."""
    helper: Any = helper_route._running
    return helper._process.pid if helper is not None and helper.is_alive() else 0


def visit(pid: int) -> tuple[list[int], list[int]]:
    """The pids on the console of a process, as this process reads them there; and afterwards."""
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
    """Ends a thread at CtrlRoutine before its first instruction, as when an event to several
    processes cannot be sent to all. Returns its exit code, and what was heard."""
    windows = system()
    start = thread_route.address(windows)
    thread = windows.CreateRemoteThread(CURRENT_PROCESS, start, event, CREATE_SUSPENDED)
    try:
        windows.TerminateThread(thread, 77)
        assert windows.WaitForSingleObject(thread, int(HANG_LIMIT * 1000)) == WAIT_OBJECT_0
        return windows.GetExitCodeThread(thread), actor.take_heard()
    finally:
        windows.CloseHandle(thread)


def killpg(pgid: int, timeout: float = NEVER) -> tuple[str, str]:
    """Sends a Ctrl+C. Returns the error's class and text, "" for none."""
    try:
        ctrlevent.killpg(pgid, CTRL_C_EVENT, timeout=timeout)
    except OSError as error:
        return type(error).__name__, str(error)
    return "", ""


def broadcast(event: ctrlevent.CtrlEvent, console_of: int) -> None:
    """The verb has no timeout, and a busy machine takes long to start the helper."""
    dispatch._BROADCAST_SECONDS = HANG_LIMIT
    ctrlevent.broadcast(event, console_of=console_of)


def send_until_gone(pgid: int) -> tuple[str, str]:
    """Sends until a call is refused. Returns the refusal."""
    deadline = time.monotonic() + HANG_LIMIT
    while time.monotonic() < deadline:
        refusal = killpg(pgid)
        if refusal[0]:
            return refusal
    raise AssertionError("never refused")


def send_while_the_helper_is_ended(pgid: int, after: float) -> tuple[str, str]:
    """As `killpg`, while a timer ends the helper. There is a helper already."""
    helper: Any = helper_route._running
    assert helper is not None
    process = helper._process
    timer = threading.Timer(after, process.kill)
    timer.start()
    end = killpg(pgid)
    timer.join()
    process.wait(HANG_LIMIT)
    return end


def send_with_a_helper_that_stands_still(pgid: int, timeout: float) -> tuple[str, str, float, bool]:
    """As `killpg`; also how long it took, and whether that helper still runs afterwards.

    There is a helper already.
    """
    helper: Any = helper_route._running
    assert helper is not None
    process = helper._process
    ntdll: Any = getattr(ctypes, "WinDLL")("ntdll")  # noqa: B009
    ntdll.NtSuspendProcess(ctypes.c_void_p(int(process._handle)))  # type: ignore[attr-defined, unused-ignore]
    start = time.monotonic()
    end = killpg(pgid, timeout)
    took = time.monotonic() - start
    return (*end, took, process.poll() is None)


def send_from_program(code: str, path: str, *arguments: str) -> tuple[int, str, str]:
    """Sends from another program, which finds the library in another place."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=os.path.dirname(path),  # with -c, Python looks there first
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_LIMIT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def while_frozen(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> int:
    """Calls as in a frozen program. Returns the pid of the helper, which must not be started."""
    setattr(sys, "frozen", True)  # noqa: B010
    try:
        function(*arguments, **keywords)
    finally:
        delattr(sys, "frozen")
    return helper_pid()
