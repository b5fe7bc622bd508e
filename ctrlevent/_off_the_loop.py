"""What an event loop waits for, and must not stand still for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from ._unpatched import Thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

T = TypeVar("T")


async def off_the_loop(function: Callable[[], T]) -> T:
    """Call a function in a thread of its own. Returns what it returns, raises what it raises.

    A task that is cancelled meanwhile ends when the function has returned, so that no thread is
    left, and nothing is done after the task has ended. What does not work is the executor of the
    loop: other calls may keep all of its threads busy, and its threads stay.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # raised in the task
            errors.append(error)
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(ended.set_result, None)

    Thread(call)
    await to_the_end(ended)
    if errors:
        raise errors.pop()
    return results.pop()


async def to_the_end(future: asyncio.Future[Any], at_most: float | None = None) -> None:
    """Wait for a future. A cancellation of the task is raised when the wait has ended.

    Neither cancels the future nor raises its exception. `at_most`: how many seconds the wait goes
    on after a cancellation; None: until the future is done.
    """
    cancelled: list[asyncio.CancelledError] = []
    while not future.done():
        try:
            await asyncio.wait({future}, timeout=at_most if cancelled else None)
            if cancelled:
                break
        except asyncio.CancelledError as error:
            cancelled.append(error)
    if cancelled:
        raise cancelled.pop()
