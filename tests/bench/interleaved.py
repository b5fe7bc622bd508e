"""Functions that are measured by turns, in one process."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping

Samples = dict[str, list[float]]
"""Seconds, by the name of what was measured."""


def interleaved(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    after: Callable[[object], object] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Samples:
    """Calls each once in every round, each round beginning with another one.

    `after` is not measured: it gets what the function has returned, and cleans up. The first call
    of each is not measured either.
    """
    for function in functions.values():
        after(function())
    samples: Samples = {name: [] for name in functions}
    turns = list(functions.items())
    collects = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            shift = number % len(turns)
            for name, function in turns[shift:] + turns[:shift]:
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
