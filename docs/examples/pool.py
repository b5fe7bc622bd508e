"""Pools of processes that stop cleanly on Ctrl+C. See test_multiprocessing.py.

`python pool.py KIND SECONDS FILE`: each of six tasks takes that long, and writes to the file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import Generator

TASKS = range(6)
GRACE = 60.0


def say(file: str, line: str) -> None:
    with open(file, "a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")


# --- in the workers


class Stopped(Exception):
    """The program stops: the task was broken off, or not begun."""


def begin(stopping: Any) -> None:
    """Runs in each worker before its first task."""
    global _stopping  # noqa: PLW0603
    _stopping = stopping
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between two tasks there is nothing to break off


_stopping: Any = None


@contextlib.contextmanager
def task() -> Generator[None]:
    """Around all that a task does: `interrupt()` breaks it off."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if _stopping.is_set():
            raise KeyboardInterrupt
        yield
    except KeyboardInterrupt:
        raise Stopped from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def work(seconds: float, file: str, number: int) -> int:
    with task():
        say(file, f"{number} begins")
        try:
            for _ in range(round(seconds * 10)):
                time.sleep(0.1)
        except KeyboardInterrupt:
            say(file, f"{number} cleans up")
            raise
    return number * number


# --- in the parent


def stop(stopping: Any) -> None:
    """Interrupts each worker, once."""
    stopping.set()
    workers: list[Any] = multiprocessing.active_children()
    for worker in sorted(workers, key=lambda worker: worker.name):
        worker.interrupt()


def in_executor(function: Any) -> list[int]:
    context = ctrlevent.multiprocessing_context(keyboard=False)
    stopping = context.Event()
    with ProcessPoolExecutor(2, context, begin, (stopping,)) as executor:  # its end waits
        futures = [executor.submit(function, number) for number in TASKS]
        try:
            while wait(futures, timeout=0.1).not_done:
                pass
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()  # does nothing to a task that runs
            stop(stopping)
            raise
        return [future.result() for future in futures]


def in_pool(function: Any) -> list[int]:
    context = ctrlevent.multiprocessing_context(keyboard=False)
    stopping = context.Event()
    with context.Pool(2, begin, (stopping,)) as pool:  # its end terminates what is left
        result = pool.map_async(function, TASKS, chunksize=1)
        try:
            while not result.ready():
                result.wait(0.1)
        except KeyboardInterrupt:
            stop(stopping)
            result.wait(GRACE)
            raise
        return result.get()


# --- where no task has anything to clean up


def simple_work(seconds: float, file: str, number: int) -> int:
    say(file, f"{number} begins")
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        say(file, f"{number} has heard the key")
    return number * number


def in_simple_pool(function: Any) -> list[int]:
    context = ctrlevent.multiprocessing_context(keyboard=False)
    with context.Pool(2) as pool:  # its end terminates the workers
        result = pool.map_async(function, TASKS, chunksize=1)
        while not result.ready():
            result.wait(0.1)
        return result.get()


KINDS = {
    "executor": (in_executor, work),
    "pool": (in_pool, work),
    "simple": (in_simple_pool, simple_work),
}

if __name__ == "__main__":
    kind, seconds, file = sys.argv[1:]
    run, function = KINDS[kind]
    try:
        print(run(partial(function, float(seconds), file)), flush=True)
    except KeyboardInterrupt:
        say(file, "stopped")
        sys.exit(33)
