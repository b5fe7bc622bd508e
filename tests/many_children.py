"""Many children in one event loop, some of them cancelled in mid-start: what is left of them?

Runs in a process of its own, never in that of pytest: `start_all` is given the command of a child
that says a line when it is up, and another for each event that it hears.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, NamedTuple

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import Sequence


class Outcome(NamedTuple):
    started: int
    """The children that were started and interrupted."""
    cancelled: int
    """The starts that were cancelled before they had ended."""
    said: list[bytes]
    """What each child has said after its first line, without repeats."""
    codes: list[int]
    """Their exit codes, without repeats."""
    bystander_said: bytes
    """What a child that was not interrupted has said meanwhile."""
    tasks: int
    """How many tasks there are in the end, besides that which runs."""


async def _interrupted(
    command: Sequence[str], count: int, all_up: asyncio.Event, up: list[int]
) -> tuple[bytes, int]:
    pipe = asyncio.subprocess.PIPE
    child = await ctrlevent.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert child.stdout
    assert child.stdin
    assert await child.stdout.readline()
    up.append(child.pid)
    if len(up) == count:
        all_up.set()
    await all_up.wait()
    await child.interrupt(None)
    said = await child.stdout.readline()
    child.stdin.close()
    return said + await child.stdout.read(), await child.wait()


async def _cancelled(command: Sequence[str], rounds: int) -> bool:
    """Cancels a start after so many rounds of the loop. Whether it had not ended by then."""
    pipe = asyncio.subprocess.PIPE
    start = asyncio.ensure_future(
        ctrlevent.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    )
    for _ in range(rounds):
        await asyncio.sleep(0)
    start.cancel()
    try:
        child = await start
    except asyncio.CancelledError:
        return True
    await child.stop(0)
    return False


async def start_all(command: Sequence[str], count: int, seed: int) -> Outcome:
    """Of `count` children, all alive at once, each fourth start is cancelled."""
    chance = random.Random(seed)
    pipe = asyncio.subprocess.PIPE
    bystander = await ctrlevent.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert bystander.stdout
    assert bystander.stdin
    assert await bystander.stdout.readline()
    all_up = asyncio.Event()
    up: list[int] = []
    interrupted, cancelled = [], []
    for number in range(count):
        if number % 4:
            one = _interrupted(command, count - (count + 3) // 4, all_up, up)
            interrupted.append(asyncio.ensure_future(one))
        else:
            other = _cancelled(command, chance.randrange(6))
            cancelled.append(asyncio.ensure_future(other))
    ended = await asyncio.gather(*interrupted)
    were_cancelled = await asyncio.gather(*cancelled)
    bystander.stdin.close()
    bystander_said = await bystander.stdout.read()
    await bystander.wait()
    return Outcome(
        started=len(ended),
        cancelled=sum(were_cancelled),
        said=sorted({said for said, _ in ended}),
        codes=sorted({code for _, code in ended}),
        bystander_said=bystander_said,
        tasks=len(asyncio.all_tasks()) - 1,
    )
