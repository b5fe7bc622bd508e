"""How tests wait: for a fact, never for a time."""

from __future__ import annotations

import time
from typing import Any, Callable


def wait_until(fact: Callable[[], Any], what: str, timeout: float = 20.0) -> None:
    """Wait for a fact, whoever may be asked for it; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} seconds: {what}")
        time.sleep(0.002)
