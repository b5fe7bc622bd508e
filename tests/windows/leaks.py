"""Whether calls leave something open: handles, threads, routines.

A leak grows with the number of calls. So the calls are made in rounds, and a number that grew in
every round is a leak. A process may open late what it opens once: on a busy machine it starts a
helper process for a child that was slow to connect, and a thread of an event ends after the call.
Such a handle adds to the number in one of the rounds, and not in the next.

`left` runs in the process that is measured, so in an actor.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Callable

from tests.waiting import wait_until

from .actor import handle_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A leak grows in this many rounds. A round without growth shows that there is none.
ROUNDS = 4


def left(
    function: Callable[..., object],
    calls: int,
    *arguments: Any,
    counts: Callable[[], Mapping[str, int]] | None = None,
) -> str:
    """What calls of a function leave open, `calls` of them in each round; "" for nothing.

    Fewer than before is no leak: the process may give back meanwhile what it opened before.
    """
    measure = counts or handles
    for _ in range(2):  # what is opened once: DLLs, the connection to the console, caches
        function(*arguments)
    samples = [measure()]
    grown: dict[str, list[int]] = {}
    for _ in range(ROUNDS):
        for _ in range(calls):
            function(*arguments)
        samples.append(measure())
        grown = growing(samples)
        if not grown:
            return ""
    return f"after each {calls} calls: {grown}"


def growing(samples: Sequence[Mapping[str, int]]) -> dict[str, list[int]]:
    """The numbers that grow from each sample to the next, by name."""
    rows = {name: [sample[name] for sample in samples] for name in samples[0]}
    return {name: row for name, row in rows.items() if all(a < b for a, b in zip(row, row[1:]))}


def handles() -> dict[str, int]:
    return {"handles": settled_handle_count()}


def settled_handle_count() -> int:
    """The number, when it no longer changes: threads of events that were sent end by and by.

    A KeyboardInterrupt keeps a handle of its thread until its traceback is collected.
    """
    gc.collect()
    found = [handle_count()]

    def unchanged() -> bool:
        found.append(handle_count())
        return len(set(found[-5:])) == 1 and len(found) > 5

    wait_until(unchanged, "a steady number of handles")
    return found[-1]
