"""In which order the tests of a tier run: the longest first, so that none of these is the last.

Tests that share a fixture which is wider than a function are one unit: they stay together, on one
worker, in the order in which pytest has collected them, and count as long as their sum.

A test without a known time goes before all others: it is new, or has never passed, so it may be
long, and the outcome of a new test is what its author waits for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A test's name, and the unit that it belongs to if it shares fixtures.
Member = tuple[str, Optional[str]]


def longest_first(members: Sequence[Member], seconds: Mapping[str, float]) -> list[int]:
    """The positions of `members` in the order in which they shall run."""
    units: dict[str, list[int]] = {}
    for position, (name, unit) in enumerate(members):
        # A slash is in every name and in no unit.
        units.setdefault(unit or f"/{name}", []).append(position)

    def length(positions: list[int]) -> float:
        return sum(seconds.get(members[position][0], math.inf) for position in positions)

    # sorted() is stable, so units of the same length stay as they were collected.
    ordered = sorted(units.values(), key=length, reverse=True)
    return [position for positions in ordered for position in positions]


def without_unit(name: str) -> str:
    """The test's own name; xdist appends `@unit`, as is told in its loadgroup scheduler."""
    return name.rpartition("@")[0] if name.rfind("@") > name.rfind("]") else name
