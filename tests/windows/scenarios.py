"""What actors are told to do where one call is not enough. All of this runs in actors."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import itertools
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Optional

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.waiting import HANG_LIMIT, wait_until

from . import actor, leaks
from .actor import interruptible, thread_result

if TYPE_CHECKING:
    from collections.abc import Generator

NEW_GROUP = 0x200
CTRL_C = 0  # signal.CTRL_C_EVENT, as os.kill takes it

# Seconds of a wait that only an event ends. The test that waits for the actor gives up before.
NEVER = 10 * HANG_LIMIT


# --- kill without waiting, and without threads in others ------------------------------------------


def deliver_without_waiting(pid: int) -> ctrlevent.Delivery:
    """`timeout=0` refuses a process that is still starting, so it is tried until that is over."""
    delivered: list[ctrlevent.Delivery] = []

    def try_it() -> bool:
        with contextlib.suppress(PermissionError):
            delivered.append(ctrlevent.deliver(pid, CTRL_C_EVENT, timeout=0))
        return bool(delivered)

    wait_until(try_it, f"the end of the start of process {pid}")
    return delivered[0]


def kill_without_injection(pid: int) -> None:
    """As a program that was started with CTRLEVENT_INJECT=0."""
    os.environ["CTRLEVENT_INJECT"] = "0"
    ctrlevent.kill(pid, CTRL_C_EVENT, timeout=HANG_LIMIT)


# --- targets that are just being created ----------------------------------------------------------


def break_new_groups(command: list[str], times: int, wait: bool) -> list[tuple[int, bytes]]:
    """Starts leaders, sends each a Ctrl+Break, at once or when it is up, and waits for its exit.

    Returns the exit code and stderr of each leader.
    """
    ends = []
    for _ in range(times):
        with subprocess.Popen(
            command,
            creationflags=NEW_GROUP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout
            assert child.stderr
            if wait:
                child.stdout.readline()
            ctrlevent.killpg(child.pid, CTRL_BREAK_EVENT, timeout=HANG_LIMIT)
            ends.append((child.wait(HANG_LIMIT), child.stderr.read()))
    return ends


def deliver_to_new(
    command: list[str], flags: int, times: int, at_a_time: int
) -> list[tuple[str, int]]:
    """Starts programs, delivers a Ctrl+C to each at once; returns what became of each.

    A program that has not exited by it is then asked to exit, by the end of its input.
    """

    def one(_: int) -> tuple[str, int]:
        with subprocess.Popen(
            command,
            creationflags=flags,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child:
            try:
                delivery = ctrlevent.deliver(child.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
                assert child.stdin
                child.stdin.close()
                return delivery.name, child.wait(HANG_LIMIT)
            finally:
                child.kill()

    with ThreadPoolExecutor(at_a_time) as pool:
        return list(pool.map(one, range(times)))


def deliver_once_up(command: list[str]) -> tuple[str, int, str]:
    """Delivers to a program that is up. Returns what became of it, and what it said then."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        delivery = ctrlevent.deliver(child.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        return delivery.name, child.wait(HANG_LIMIT), child.stdout.read().decode().strip()


def deliver_until_interrupted(pid: int) -> str:
    try:
        with interruptible():
            return str(ctrlevent.deliver(pid, CTRL_C_EVENT, timeout=HANG_LIMIT))
    except (KeyboardInterrupt, TimeoutError) as error:
        return type(error).__name__


def deliver_and_handle(pid: int) -> tuple[ctrlevent.Delivery, int]:
    """What deliver returned, and how many Ctrl+C the caller itself had handled by then."""
    with interruptible():
        signal.signal(signal.SIGINT, lambda number, _frame: _handled.append(number))
        return ctrlevent.deliver(pid, CTRL_C_EVENT, timeout=HANG_LIMIT), len(_handled)


_handled: list[int] = []


def handled() -> int:
    """How many Ctrl+C the caller of `deliver_and_handle` has handled so far."""
    return len(_handled)


def close_input(pid: int) -> None:
    """From another thread than the main thread."""
    actor.close_input(pid)


# --- events to the caller itself ------------------------------------------------------------------


def interrupt_self(times: int) -> int:
    """How many of so many calls have raised KeyboardInterrupt themselves."""
    raised = 0
    with interruptible():
        for _ in range(times):
            try:
                ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
            except KeyboardInterrupt:
                raised += 1
    return raised


def interrupt_self_from_another_thread() -> str:
    """Where KeyboardInterrupt was raised."""
    main_is_waiting = threading.Event()

    def other() -> None:
        main_is_waiting.wait()
        try:
            ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
        except BaseException as error:
            outcome.append(f"other: {error!r}")

    outcome: list[str] = []
    thread = threading.Thread(target=other)
    with interruptible():
        thread.start()
        try:
            main_is_waiting.set()
            run_bytecode()
        except KeyboardInterrupt:
            outcome.append("main")
    thread.join()
    return ", ".join(outcome)


def events_at_handlers(threads: int, times: int) -> list[str]:
    """Several threads at once send to their own process, whose handlers only count."""
    problems: list[str] = []

    def one() -> None:
        try:
            for _ in range(times):
                ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
        except BaseException as error:
            problems.append(repr(error))

    started = [threading.Thread(target=one) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(HANG_LIMIT)
    return problems + [str(thread) for thread in started if thread.is_alive()]


def from_within_a_signal_handler() -> list[str]:
    """A handler of Python, in the main thread, that sends to its own process again."""
    log: list[str] = []

    def handler(*_: object) -> None:
        log.append("in")
        if len(log) == 1:
            ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
        log.append("out")

    with interruptible():
        signal.signal(signal.SIGINT, handler)
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
    return log


def from_within_a_console_handler(timeout: float) -> list[str]:
    """A console handler, in the thread of an event, that sends to its own process again."""
    log: list[str] = []

    @actor.HANDLER_ROUTINE  # type: ignore[untyped-decorator, unused-ignore]
    def handler(_event: int) -> int:
        log.append("in")
        if len(log) == 1:
            try:
                ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=timeout)
            except TimeoutError:
                log.append("TimeoutError")
            except BaseException as error:
                log.append(repr(error))
        log.append("out")
        return 1

    with console_handler(handler):
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
        wait_until(lambda: log.count("out") == 2, "two events")
    return log


def slow_handler_of_ones_own(timeout: float) -> tuple[Optional[str], list[str]]:
    """What the call raised while a handler was running, and what the handler went through.

    The handler runs until the call has come back.
    """
    log: list[str] = []
    go_on = threading.Event()

    @actor.HANDLER_ROUTINE  # type: ignore[untyped-decorator, unused-ignore]
    def handler(_event: int) -> int:
        log.append("in")
        go_on.wait(HANG_LIMIT)
        log.append("out")
        return 1

    with console_handler(handler):
        try:
            ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=timeout)
            raised = None
        except OSError as error:
            raised = type(error).__name__
        wait_until(lambda: log, "the handler")
        seen = log[:]
        go_on.set()
        wait_until(lambda: log[-1:] == ["out"], "the end of the handler")
    return raised, seen


@contextlib.contextmanager
def console_handler(handler: Any) -> Generator[None]:
    actor.kernel32.SetConsoleCtrlHandler(handler, True)
    try:
        yield
    finally:
        actor.kernel32.SetConsoleCtrlHandler(handler, False)


def break_is_dropped_with_ctrl_c() -> bool:
    """Whether the system's own routine drops a Ctrl+Break where Ctrl+C is ignored. Without us."""
    kernel32 = actor.kernel32
    for function in (kernel32.GetModuleHandleW, kernel32.GetProcAddress, kernel32.CreateThread):
        function.restype = ctypes.c_void_p
    module = ctypes.c_void_p(kernel32.GetModuleHandleW("kernel32"))
    routine = ctypes.c_void_p(kernel32.GetProcAddress(module, b"CtrlRoutine"))
    before = actor.count_heard()
    ctrl_break = ctypes.c_void_p(1)
    thread = kernel32.CreateThread(None, None, routine, ctrl_break, 0, None)
    kernel32.WaitForSingleObject(ctypes.c_void_p(thread), int(HANG_LIMIT * 1000))
    kernel32.CloseHandle(ctypes.c_void_p(thread))
    dropped = actor.count_heard() == before
    actor.take_heard()
    return dropped


def wakeup_fd(times: int) -> tuple[int, bytes]:
    """How many KeyboardInterrupts, and what was written to the wakeup fd."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        before = signal.set_wakeup_fd(theirs.fileno())
        try:
            raised = interrupt_self(times)
        finally:
            signal.set_wakeup_fd(before)
        theirs.close()
        written = b""
        while data := ours.recv(4096):
            written += data
    return raised, written


# --- KeyboardInterrupt in whatever the main thread is doing ---------------------------------------
# The main thread enters each state, and leaves it by KeyboardInterrupt. When the main thread says
# that it is about to enter, a worker sends the event after a random while: before, during, or after
# the entry. Python raises only after the end of a lock wait or a select. `release`, which the
# worker calls when the event has been delivered, ends these.


def run_bytecode(*_: object) -> None:
    deadline = time.monotonic() + HANG_LIMIT
    while time.monotonic() < deadline:
        pass


def sleep(*_: object) -> None:
    # In small pieces: if an event comes at the wrong moment in the entry of time.sleep, Python
    # notices it only at the end of the sleep (bpo-30151). No sender can change that.
    deadline = time.monotonic() + HANG_LIMIT
    while time.monotonic() < deadline:
        time.sleep(0.01)


def wait_for_lock(release: Release) -> None:
    release.lock.acquire(timeout=HANG_LIMIT)
    run_bytecode()


def wait_in_select(release: Release) -> None:
    select.select([release.ours], [], [], HANG_LIMIT)
    run_bytecode()


def run_asyncio(release: Release) -> None:
    # The event comes when the loop runs. Before, asyncio.run has a moment of its own in which it
    # makes a CancelledError of a Ctrl+C: it takes over SIGINT before it begins to count them.
    async def main() -> None:
        loop = asyncio.get_running_loop()
        never = loop.create_future()
        timer = loop.call_later(HANG_LIMIT, never.cancel)
        # The loop has weak references with callbacks. Python lets no exception out of a callback:
        # its KeyboardInterrupt goes to sys.unraisablehook. That counts, too.
        release.swallowed = functools.partial(loop.call_soon_threadsafe, never.cancel)
        release.entering.release()
        try:
            await never
        finally:
            timer.cancel()

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())


STATES: dict[str, Callable[[Release], None]] = {
    "bytecode": run_bytecode,
    "sleep": sleep,
    "lock": wait_for_lock,
    "select": wait_in_select,
    "asyncio": run_asyncio,
}


class Release:
    """What the states wait for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.ours, self.theirs = socket.socketpair()
        self.entering = threading.Semaphore(0)
        self.swallowed: Callable[[], object] = lambda: None
        """Ends a state out of which Python lets no KeyboardInterrupt."""

    def __call__(self) -> None:
        self.lock.release()
        self.theirs.send(b"!")

    def again(self) -> None:
        self.lock.acquire(timeout=0)
        self.ours.recv(1)


@contextlib.contextmanager
def _unraisable(release: Release) -> Generator[list[Any]]:
    """The types of the exceptions that Python gives to sys.unraisablehook."""
    types: list[Any] = []

    def hook(unraisable: Any) -> None:
        types.append(unraisable.exc_type)
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            release.swallowed()

    before, sys.unraisablehook = sys.unraisablehook, hook
    try:
        yield types
    finally:
        sys.unraisablehook = before


def interrupt_states(seed: int, times: int) -> dict[str, int]:
    """Interrupts each state equally often, in random order, from another thread.

    Returns how often, by state. Fails when a KeyboardInterrupt is lost, comes late or twice.
    """
    chance = random.Random(seed)
    names = [name for name, _ in zip(itertools.cycle(STATES), range(times))]
    chance.shuffle(names)
    interrupted = dict.fromkeys(STATES, 0)
    release = Release()
    sent = threading.Semaphore(0)
    problems: list[BaseException] = []
    delays = [chance.choice((0.0, 0.0, 0.0005, 0.002)) * chance.random() for _ in range(times)]

    def worker() -> None:
        try:
            for delay in delays:
                release.entering.acquire()
                end = time.perf_counter() + delay
                while time.perf_counter() < end:
                    pass
                ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
                release()
                sent.release()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=worker, daemon=True)
    thread.start()
    with interruptible(), _unraisable(release) as unraisable:
        for name in names:
            try:
                if name != "asyncio":
                    release.entering.release()
                STATES[name](release)
            except KeyboardInterrupt:
                interrupted[name] += 1
            else:
                if KeyboardInterrupt not in unraisable:
                    raise AssertionError(f"KeyboardInterrupt lost: {name}, {problems}")
                unraisable.clear()
                interrupted[name] += 1
            # Python would raise a second KeyboardInterrupt here, and the test would fail.
            sent.acquire(timeout=HANG_LIMIT)
            release.again()
    thread.join(HANG_LIMIT)
    assert not problems
    return interrupted


def sleep_is_broken_off() -> str:
    """The exception that ends an endless time.sleep, when another thread sends an event."""

    def worker() -> None:
        go.wait()
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)

    go = threading.Event()
    thread = threading.Thread(target=worker)
    thread.start()
    # The main thread keeps the GIL until it is in the sleep: the worker goes on only then.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        with interruptible():
            go.set()
            time.sleep(NEVER)
    except KeyboardInterrupt as error:
        return type(error).__name__
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    raise AssertionError("KeyboardInterrupt lost")


def events_before_sleeps(kind: str, times: int, nap: float) -> tuple[int, int]:
    """Sends events to its own process, each right before a time.sleep, as in bpo-30151.

    Returns how many were sent, and after how many of them the sleep was entered. With os.kill, the
    first such event is the last that is sent.
    """
    sent = entered = 0
    while sent < times and not (kind == "os.kill" and entered):
        with interruptible():
            sent += 1
            try:
                if kind == "os.kill":
                    os.kill(os.getpid(), CTRL_C)
                else:
                    ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)
                entered += 1
                time.sleep(nap)
                run_bytecode()
            except KeyboardInterrupt:
                continue
        raise AssertionError("KeyboardInterrupt lost")
    return sent, entered


# --- an interpreter that ends ---------------------------------------------------------------------


def run_script(command: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_LIMIT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


# --- handles --------------------------------------------------------------------------------------


def handles_of_calls(times: int, function: Callable[..., Any], *arguments: Any) -> str:
    """The calls may raise; KeyboardInterrupt too."""

    def one() -> None:
        with contextlib.suppress(OSError, KeyboardInterrupt):
            function(*arguments)

    return leaks.left(one, times)


def handles_of_interrupts(times: int) -> str:
    def one() -> None:
        assert interrupt_self(1) == 1

    return leaks.left(one, times)


def leak_a_handle() -> None:
    actor.kernel32.CreateEventW(None, True, False, None)


def handles_of_leaks(calls: int) -> str:
    return leaks.left(leak_a_handle, calls)


def handles_of_one_leak(calls: int, late: int) -> str:
    """Makes so many calls in each round. Of them all, only number `late` opens a handle."""
    numbers = itertools.count(1)

    def one() -> None:
        if next(numbers) == late:
            leak_a_handle()

    return leaks.left(one, calls)


def in_a_thread(function: Callable[..., Any], *arguments: Any) -> None:
    """Runs a verb in another thread than the main thread; raises what it raises."""
    error = thread_result(lambda: function(*arguments))
    if error is not None:
        raise error
