"""Numbers about samples: medians, ratios of medians, and how far both can be trusted."""

from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESAMPLES = 1000


class Summary(NamedTuple):
    """Of samples, in their unit."""

    n: int
    median: float
    p25: float
    p75: float
    p99: float
    fastest: float


class Ratio(NamedTuple):
    """Of two medians, with the interval that 95 % of the resampled ratios are in."""

    value: float
    low: float
    high: float


def summarise(samples: Sequence[float]) -> Summary:
    return Summary(
        len(samples),
        statistics.median(samples),
        percentile(samples, 25),
        percentile(samples, 75),
        percentile(samples, 99),
        min(samples),
    )


def percentile(samples: Sequence[float], percent: int) -> float:
    """Interpolated between the two samples that it lies between."""
    if len(samples) == 1:
        return samples[0]
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The spread by bootstrap (resampling with replacement), from a fixed seed."""
    choose = random.Random(0)

    def resampled(samples: Sequence[float]) -> float:
        return statistics.median(choose.choices(samples, k=len(samples)))

    ratios = sorted(resampled(ours) / resampled(theirs) for _ in range(_RESAMPLES))
    cut = _RESAMPLES // 40
    value = statistics.median(ours) / statistics.median(theirs)
    return Ratio(value, ratios[cut], ratios[-cut - 1])
