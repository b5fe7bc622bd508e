"""Functions that are measured by turns, in one process."""

from __future__ import annotations

import gc
import itertools
import time
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping

_WARM_UP = 5

Samples = dict[str, list[float]]
"""Seconds, by the name of what was measured."""


def interleaved(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    after: Callable[[object], object] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Samples:
    """Calls each once in every round, and each round in another order.

    A function leaves something in the processor's caches, which the next function feels. So each
    comes directly after each of the others equally often.

    `after` is not measured: it gets what the function has returned, and cleans up. The first few
    calls of each are not measured either: after a pause, most of what they need is in no cache.
    """
    for function in [*functions.values()] * _WARM_UP:
        after(function())
    samples: Samples = {name: [] for name in functions}
    orders = itertools.cycle(itertools.permutations(functions.items()))
    collects = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, function in next(orders):
                start = clock()
                returned = function()
                samples[name].append(clock() - start)
                after(returned)
    finally:
        if collects:
            gc.enable()
    return samples


def merge(into: Samples, samples: Samples) -> None:
    for name, seconds in samples.items():
        into.setdefault(name, []).extend(seconds)
