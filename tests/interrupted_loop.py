"""A start of a child by asyncio that is broken off: runs in a process of its own.

The program does what `asyncio.run` does then: it cancels its tasks, lets the loop run until they
have ended, and closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import Sequence


class Started(NamedTuple):
    loop: asyncio.AbstractEventLoop
    child: Any


def start(command: Sequence[str], options: dict[str, Any]) -> Started:
    loop = asyncio.new_event_loop()
    children: list[Any] = []

    async def main() -> None:
        children.append(await ctrlevent.create_subprocess_exec(*command, **options))

    try:
        loop.run_until_complete(main())
        return Started(loop, children[0])
    except BaseException:
        _close(loop, children)
        raise


def end(started: Started) -> None:
    _close(started.loop, [started.child])


def _close(loop: asyncio.AbstractEventLoop, children: list[Any]) -> None:
    # An interrupt in the code of the loop itself may leave it in a state in which it says so, and
    # runs no more. Its objects die then.
    asyncio._set_running_loop(None)
    with contextlib.suppress(RuntimeError):
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(_ended(tasks))
    with contextlib.suppress(RuntimeError):
        for child in children:  # which the program has got
            loop.run_until_complete(child.stop(0))
    with contextlib.suppress(RuntimeError):
        loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()


def collect() -> None:
    """What an interrupt has left in no variable dies at the latest now, and is waited for."""
    gc.collect()
    getattr(subprocess, "_cleanup")()  # noqa: B009  # as each start of another child does
