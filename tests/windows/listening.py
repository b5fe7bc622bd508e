"""What actors are told to do for test_handler. All of this runs in actors."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import Any, Callable

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, CtrlEvent
from tests.waiting import HANG_LIMIT, wait_until

from . import actor, leaks
from .actor import interruptible
from .scenarios import console_handler


class Log:
    """Callbacks that write down that they were asked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def callback(self, name: str, takes: bool = False) -> Callable[[CtrlEvent], bool]:
        def callback(event: CtrlEvent) -> bool:
            self.names.append(f"{name} {event.name}")
            return takes

        return callback


def raise_event(event: int) -> None:
    """Sends an event to this process as Windows does: a thread at its routine. Waits for it."""
    kernel32 = actor.kernel32
    for function in (kernel32.GetModuleHandleW, kernel32.GetProcAddress, kernel32.CreateThread):
        function.restype = ctypes.c_void_p
    module = ctypes.c_void_p(kernel32.GetModuleHandleW("kernel32"))
    routine = ctypes.c_void_p(kernel32.GetProcAddress(module, b"CtrlRoutine"))
    thread = kernel32.CreateThread(None, None, routine, ctypes.c_void_p(event), 0, None)
    kernel32.WaitForSingleObject(ctypes.c_void_p(thread), int(HANG_LIMIT * 1000))
    kernel32.CloseHandle(ctypes.c_void_p(thread))


def one_taking(*events: int) -> list[str]:
    """What a handler that takes all its events gets, of a Ctrl+C and a Ctrl+Break."""
    log = Log()
    with ctrlevent.handler(log.callback("it", True), *events):
        raise_event(CTRL_C_EVENT)
        raise_event(CTRL_BREAK_EVENT)
    return log.names


def signals_for_events() -> list[str]:
    log = Log()
    number: Any = getattr(signal, "SIGBREAK")  # noqa: B009
    with ctrlevent.handler(log.callback("it", True), signal.SIGINT, number):
        raise_event(CTRL_C_EVENT)
        raise_event(CTRL_BREAK_EVENT)
    return log.names


def nested(takes: str = "") -> list[str]:
    log = Log()
    with (
        ctrlevent.handler(log.callback("outer", takes == "outer")),
        ctrlevent.handler(log.callback("middle", takes == "middle")),
        ctrlevent.handler(log.callback("inner", takes == "inner")),
    ):
        raise_event(CTRL_C_EVENT)
    raise_event(CTRL_C_EVENT)
    return log.names


def among_those_of_others() -> list[str]:
    log = Log()

    @actor.HANDLER_ROUTINE  # type: ignore[untyped-decorator, unused-ignore]
    def other(_event: int) -> int:
        log.names.append("somebody else's")
        return 0

    with (
        ctrlevent.handler(log.callback("before")),
        console_handler(other),
        ctrlevent.handler(log.callback("after")),
    ):
        raise_event(CTRL_C_EVENT)
    return log.names


def removed_out_of_order() -> list[str]:
    log = Log()
    handlers = [ctrlevent.handler(log.callback(name)) for name in ("first", "second", "third")]
    for one in handlers:
        one.__enter__()
    for index in (1, 0, 2):
        handlers[index].__exit__(None, None, None)
        raise_event(CTRL_C_EVENT)
        log.names.append("-")
    return log.names


def from_threads(times: int) -> list[str]:
    """Enters handlers in many threads at once, and leaves them in the main thread."""
    log = Log()
    handlers = [ctrlevent.handler(log.callback(str(number))) for number in range(times)]
    threads = [threading.Thread(target=one.__enter__) for one in handlers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    raise_event(CTRL_C_EVENT)
    asked = sorted(log.names)
    for one in handlers:
        one.__exit__(None, None, None)
    raise_event(CTRL_C_EVENT)
    assert sorted(log.names) == asked
    return asked


def one_that_raises(error: type[BaseException]) -> tuple[list[str], list[str]]:
    """Which handlers were asked; and what sys.unraisablehook got."""
    log = Log()
    told: list[str] = []

    def raises(_event: CtrlEvent) -> bool:
        log.names.append("raises")
        raise error("on purpose")

    def hook(unraisable: Any) -> None:
        line = unraisable.exc_traceback
        while line.tb_next:
            line = line.tb_next
        told.append(
            f"{unraisable.exc_value!r} {line.tb_frame.f_code.co_name}"
            f" {'handler' in repr(unraisable.object)}"
        )

    before, sys.unraisablehook = sys.unraisablehook, hook
    try:
        with ctrlevent.handler(log.callback("next")), ctrlevent.handler(raises):
            raise_event(CTRL_C_EVENT)
    finally:
        sys.unraisablehook = before
    return log.names, told


def entered_twice() -> list[str]:
    log = Log()
    one = ctrlevent.handler(log.callback("it"))
    with one:
        with one:
            raise_event(CTRL_C_EVENT)
            log.names.append("-")
        raise_event(CTRL_C_EVENT)
        log.names.append("-")
    raise_event(CTRL_C_EVENT)
    try:
        one.__exit__(None, None, None)
    except RuntimeError as error:
        log.names.append(str(error))
    return log.names


def decorator() -> list[str]:
    log = Log()

    @ctrlevent.handler(log.callback("it"), CTRL_C_EVENT)
    def recursive(depth: int) -> str:
        if depth:
            return recursive(depth - 1)
        raise_event(CTRL_C_EVENT)
        return "result"

    log.names.append(recursive(1))
    raise_event(CTRL_C_EVENT)
    return log.names


def many_times(times: int) -> str:
    """Handles and routines that are left after so many handlers; "" for none."""

    def once() -> None:
        with ctrlevent.handler(lambda _event: False), ctrlevent.handler(lambda _event: False):
            pass

    left = leaks.left(once, times, counts=handles_and_routines)
    raise_event(CTRL_C_EVENT)
    return left


def handles_and_routines() -> dict[str, int]:
    from ctrlevent._win32 import system

    routines = system()._routines  # type: ignore[attr-defined]
    return {**leaks.handles(), "routines": len(routines)}


def left_while_it_runs() -> list[str]:
    """The callback waits for the main thread to leave the handler and to go on."""
    log = Log()
    running, left = threading.Event(), threading.Event()

    def callback(_event: CtrlEvent) -> bool:
        running.set()
        log.names.append("left" if left.wait(HANG_LIMIT) else "still waiting")
        return True

    with ctrlevent.handler(callback):
        thread = threading.Thread(target=raise_event, args=(CTRL_C_EVENT,))
        thread.start()
        running.wait(HANG_LIMIT)
    left.set()
    thread.join(HANG_LIMIT)
    # The handler is gone, not only silent.
    raise_event(CTRL_C_EVENT)
    wait_until(lambda: actor.count_heard() == 1, "the event")
    return log.names


def left_by_itself(takes: bool) -> list[str]:
    """The callback leaves its own handler, so it is asked once only."""
    log = Log()

    def callback(_event: CtrlEvent) -> bool:
        log.names.append("asked")
        one.__exit__(None, None, None)
        return takes

    one = ctrlevent.handler(callback)
    one.__enter__()
    raise_event(CTRL_C_EVENT)
    raise_event(CTRL_C_EVENT)
    return log.names


def refusal(*arguments: Any) -> str:
    try:
        ctrlevent.handler(*arguments)
    except (TypeError, ValueError) as error:
        return type(error).__name__
    return "none"


# --- with Python's own ----------------------------------------------------------------------------


def with_signal(takes: bool) -> list[str]:
    log = Log()
    with interruptible(), ctrlevent.handler(log.callback("handler", takes), CTRL_C_EVENT):
        signal.signal(signal.SIGINT, lambda *_: log.names.append("signal"))
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
    return log.names


def with_asyncio(takes: bool) -> list[str]:
    """An event while a loop runs: by the handler into the loop, or as asyncio has it."""
    log = Log()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def callback(_event: CtrlEvent) -> bool:
            loop.call_soon_threadsafe(stop.set)
            return takes

        with ctrlevent.handler(callback, CTRL_C_EVENT):
            thread = threading.Thread(target=raise_event, args=(CTRL_C_EVENT,))
            thread.start()
            try:
                await stop.wait()  # wait_for would swallow a cancellation that comes with it
                if not takes:
                    await asyncio.sleep(HANG_LIMIT)
                log.names.append("stopped")
            finally:
                log.names.append("cleaned up")
                thread.join()

    with interruptible():
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            log.names.append("KeyboardInterrupt")
    return log.names


# --- the end of a program -------------------------------------------------------------------------

_PUMP = """
import ctypes, os, sys, threading, time
import ctrlevent

kernel32 = ctypes.WinDLL("kernel32")
for function in (kernel32.GetModuleHandleW, kernel32.GetProcAddress, kernel32.CreateThread):
    function.restype = ctypes.c_void_p
module = ctypes.c_void_p(kernel32.GetModuleHandleW("kernel32"))
routine = ctypes.c_void_p(kernel32.GetProcAddress(module, b"CtrlRoutine"))

def post(event):
    kernel32.CloseHandle(ctypes.c_void_p(
        kernel32.CreateThread(None, None, routine, ctypes.c_void_p(event), 0, None)))
"""

ENDS_WHILE_EVENTS_ARRIVE = (
    _PUMP
    + """
asked = []

def callback(event):
    asked.append(event)
    return True

for _ in range(3):
    ctrlevent.handler(callback).__enter__()
for _ in range(20):
    post(1)
while not asked:
    time.sleep(0.001)
sys.stdout.write("up")
sys.stdout.flush()
"""
)

#: Takes CTRL_CLOSE_EVENT, and never returns from it.
NEVER_CLOSES = (
    _PUMP
    + """
def callback(event):
    threading.Event().wait()

with ctrlevent.handler(callback, ctrlevent.CTRL_CLOSE_EVENT):
    print("up", flush=True)
    threading.Event().wait()
"""
)

CLOSES = (
    _PUMP
    + """
done = threading.Event()
closing = threading.Event()

def callback(event):
    closing.set()
    done.wait()
    return True

with ctrlevent.handler(callback, ctrlevent.CTRL_CLOSE_EVENT):
    print("up", flush=True)
    if "post" in sys.argv:
        post(2)
    while not closing.wait(0.05):
        pass
time.sleep(0.3)  # what takes its time
open(sys.argv[1], "w").write("cleaned up")
done.set()
"""
)

# The exit begins while the callback runs, and would wait for it longer than the test does.
RUNS_AT_THE_EXIT = (
    _PUMP
    + """
import atexit
from ctrlevent._windows import handlers

handlers.CLOSE_SECONDS = 3600
running, leaving = threading.Event(), threading.Event()

def callback(event):
    running.set()
    leaving.wait()
    time.sleep(0.2)  # so that the exit waits for it
    sys.stdout.write("finished")
    sys.stdout.flush()
    return True

ctrlevent.handler(callback).__enter__()
atexit.register(leaving.set)  # which comes before what was registered before
post(1)
running.wait()
"""
)

NEVER_ENDS = (
    _PUMP
    + """
from ctrlevent._windows import handlers

handlers.CLOSE_SECONDS = 0.5
running = threading.Event()

def callback(event):
    running.set()
    threading.Event().wait()

ctrlevent.handler(callback).__enter__()
post(1)
running.wait()
"""
)

FREES_THE_CONSOLE = (
    _PUMP
    + """
with ctrlevent.handler(lambda event: True):
    kernel32.FreeConsole()
sys.stdout.write("fine")
"""
)


def run_program(code: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_LIMIT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
