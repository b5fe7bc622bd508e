"""What the tool says while it works, and the error that ends it."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG_INTERVAL = 10.0


class BedError(Exception):
    """The bed cannot be set up or used; the message says what to do next."""


def say(text: str) -> None:
    print(f"bed: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announces a silent piece of work, shows that it is alive, and times it."""
    say(f"{text} ...")
    started = time.monotonic()
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(text, started, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
    say(f"{text}: done in {time.monotonic() - started:.1f} s")


def _tick(text: str, started: float, done: threading.Event) -> None:
    terminal = sys.stderr.isatty()
    while not done.wait(0.5 if terminal else _LOG_INTERVAL):
        line = f"bed: {text}: {time.monotonic() - started:.0f} s so far"
        print(f"\r{line}\r" if terminal else f"{line}\n", end="", file=sys.stderr, flush=True)
