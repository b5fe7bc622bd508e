"""What the runner says: pure functions that make text, and the one class that prints it."""

from __future__ import annotations

import re
import shutil
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .estimate import Estimate
    from .progress import Progress

# Without a terminal, such as in CI: seconds between two lines that say how far it is.
_INTERVAL = 20.0

_FAILURES = re.compile(r"^=+ (?:ERRORS|FAILURES) =+$", re.MULTILINE)
_SUMMARY = re.compile(r"^=+ short test summary info =+$", re.MULTILINE)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def status(name: str, progress: Progress, estimate: Estimate | None) -> str:
    """How far a tier is."""
    if progress.collected is None:
        return f"{name}: starting"
    text = f"{name}: {len(progress.finished)} of {len(progress.collected)}"
    if progress.failures:
        text += f", {progress.failures} FAILED"
    if estimate is None:
        return f"{text}, no last run to tell how long it takes"
    basis = "" if estimate.by_last_run else " by this run's pace, there is no last run"
    return f"{text}, {clock(estimate.seconds)} left{basis}"


def closing(log: str, good: bool) -> str:
    """The end of pytest's output: from the failures on; if there is none, its closing lines.

    The whole of it if that is not in it, such as after a crash.
    """
    log = log.replace("\r\n", "\n").rstrip()
    for heading in (_SUMMARY,) if good else (_FAILURES, _SUMMARY):
        found = heading.search(log)
        if found:
            return log[found.start() :]
    return log[log.rfind("\n") + 1 :] if good else log


class Screen:
    """Prints lines; on a terminal it keeps the line below them up to date."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._started = self._last = time.monotonic()
        self._drawn = 0

    def say(self, text: str) -> None:
        self._erase()
        print(f"[{clock(time.monotonic() - self._started):>5}] {text}", flush=True)

    def show(self, text: str) -> None:
        """Output of a program, as it is."""
        self._erase()
        sys.stdout.buffer.flush()
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, errors="replace").decode(encoding), flush=True)

    def update(self, text: str) -> None:
        now = time.monotonic()
        if self._terminal:
            line = text[: shutil.get_terminal_size().columns - 1]
            print(f"\r{line:<{self._drawn}}", end="\r", flush=True)
            self._drawn = len(line)
        elif now - self._last >= _INTERVAL:
            self._last = now
            self.say(text)

    def _erase(self) -> None:
        if self._drawn:
            print("\r" + " " * self._drawn, end="\r")
            self._drawn = 0
