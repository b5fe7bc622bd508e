"""How long each test took when it was last run, kept between runs in the bed's cache folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.tools.bed import cache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Times:
    """Of one tier."""

    tests: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each test, its set-up and teardown included."""
    pace: float | None = None
    """Seconds that the tier took, for each second of its tests: 0.3 where three ran at once."""


def file(session: str = "tests") -> Path:
    """Of a session of noxfile.py: each runs its tests beside others, or does more in them."""
    return cache.root() / f"{session}-times.json"


def load(path: Path, tier: str) -> Times:
    """Times of the last run; none if there was no run, or if the file is not to be understood."""
    entry = _read(path).get(tier, {})
    try:
        tests = {str(name): float(seconds) for name, seconds in entry["tests"].items()}
        return Times(tests, None if entry["pace"] is None else float(entry["pace"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return Times()


def repeated(times: Times, repeat: int) -> Times:
    """What is to be expected if each test runs so many times."""
    return Times({name: seconds * repeat for name, seconds in times.tests.items()}, times.pace)


def merged(old: Times, new: Mapping[str, float], wall: float, whole: bool) -> Times:
    """`old` with the tests of a run of `wall` seconds.

    A `whole` run had every test of the tier, so what is not in it exists no more.
    """
    total = sum(new.values())
    # In a run of a few tests most of the time goes to the start of pytest and of its workers.
    tells_pace = total > 0 and (old.pace is None or total > sum(old.tests.values()) / 2)
    tests = dict(new) if whole else {**old.tests, **new}
    return Times(tests, wall / total if tells_pace else old.pace)


def store(path: Path, tier: str, times: Times) -> None:
    """Replace the times of one tier, in one step: a reader sees the old file or the new file."""
    tests = {name: round(seconds, 3) for name, seconds in sorted(times.tests.items())}
    content = {**_read(path), tier: {"pace": times.pace, "tests": tests}}
    path.parent.mkdir(parents=True, exist_ok=True)
    cache.write(path, json.dumps(content, indent=1) + "\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
