"""How long a tier still takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .times import Times


@dataclass(frozen=True)
class Estimate:
    seconds: float
    by_last_run: bool
    """False: there are no times of a last run, so this run's pace so far is all there is."""


def remaining(
    times: Times, collected: Iterable[str], finished: Iterable[str], elapsed: float
) -> Estimate | None:
    """None: nothing is known yet.

    With times: the last run's pace at first, then more and more this run's own, by the share of
    the tests' seconds that has passed.
    """
    names, done = list(collected), set(finished)
    if not names:
        return None
    known = [times.tests[name] for name in names if name in times.tests]
    if not known:
        left = sum(name not in done for name in names)
        return Estimate(elapsed / len(done) * left, False) if done else None
    unknown = sum(known) / len(known)  # as long as the others on average
    total = sum(times.tests.get(name, unknown) for name in names)
    passed = sum(times.tests.get(name, unknown) for name in names if name in done)
    if total <= 0:
        return Estimate(0.0, True)
    share = passed / total
    own = elapsed / passed if passed > 0 else None
    last = times.pace if times.pace is not None else own
    if last is None:
        return None
    pace = last if own is None else (1 - share) * last + share * own
    return Estimate((total - passed) * pace, True)
