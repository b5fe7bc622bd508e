"""How tests wait: for a fact, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds after which a test gives up. This limit stops a hang and decides nothing else, so it is
#: far longer than any start, answer or exit takes, also on a machine that has other work to do.
#: The limit of pytest-timeout (pyproject.toml) is longer, as `wait_until` says what it waited for.
HANG_LIMIT = 180.0


def wait_until(fact: Callable[[], Any], what: str, timeout: float = HANG_LIMIT) -> None:
    """Wait until `fact` returns something true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} seconds: {what}")
        time.sleep(0.002)


def growing_limits(first: float = 1.0) -> Iterator[float]:
    """Time limits in seconds, each twice as long as the last, up to HANG_LIMIT.

    For a test whose subject is a time limit that starts together with a program, as in
    `run(timeout=...)`. A machine that is too busy to have the program up by then has shown nothing,
    so the test tries again with the next limit, until the program has said that it was up.
    """
    limit = first
    while limit < HANG_LIMIT:
        yield limit
        limit *= 2
