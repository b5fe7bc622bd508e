"""What a running pytest tells of itself: a file of JSON lines, which plugin.py writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PASSED, FAILED, ERROR, SKIPPED = "passed", "failed", "error", "skipped"


@dataclass
class Progress:
    collected: tuple[str, ...] | None = None
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    """Name and outcome, as the tests finished; a test that is repeated is in it each time."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the tests that did not fail: a failed test may have waited for the limit of a hang."""
    _rest: bytes = b""

    @property
    def finished(self) -> set[str]:
        return {name for name, _ in self.outcomes}

    @property
    def failures(self) -> int:
        return sum(outcome in (FAILED, ERROR) for _, outcome in self.outcomes)

    def feed(self, data: bytes) -> list[str]:
        """Take in what has been written since. Returns the names of the tests that failed in it.

        The last line may be there in part: it is read when its end has been written.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        failed: list[str] = []
        for line in filter(None, lines):
            message: dict[str, Any] = json.loads(line)
            if "collected" in message:
                self.collected = tuple(message["collected"])
                continue
            name, outcome = message["test"], message["outcome"]
            self.outcomes.append((name, outcome))
            if outcome in (FAILED, ERROR):
                self.seconds.pop(name, None)
                failed.append(name)
            else:
                self.seconds[name] = float(message["seconds"])
        return failed


class Tail:
    """Reads what is appended to a file, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return b""
        self._position += len(data)
        return data
