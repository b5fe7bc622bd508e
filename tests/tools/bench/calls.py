"""System calls, counted in two ways: those that we make at the boundary, and those of Windows.

The second are the Nt... functions of ntdll, through which Windows is reached, as Wine's relay trace
has them: what kernel32 makes of our calls. Calls that ntdll makes of itself are not in it.
"""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ctrlevent._win32.boundary import System

# No handle has such a number. A verb's calls are between two marks.
MARK = 0x5EED_0000

_NOT_WINDOWS = {"monotonic", "GetCurrentProcessId", "pointer_size", "version"}

_LINE = re.compile(r"([0-9a-f]+):Call (KERNEL32|ntdll)\.(\w+)\((\w+)")


class Counting:
    """Counts the calls of a `System`, and passes them on."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.counts: collections.Counter[str] = collections.Counter()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._system, name)
        if name in _NOT_WINDOWS:
            return real

        def counted(*arguments: Any) -> Any:
            self.counts[name] += 1
            return real(*arguments)

        return counted


def in_relay_trace(lines: Iterable[str]) -> dict[int, dict[str, int]]:
    """The Nt... calls between mark `2 n` and mark `2 n + 1`, by n, of the thread that marks."""
    found: dict[int, dict[str, int]] = {}
    marking: str | None = None
    counts: collections.Counter[str] | None = None
    for line in lines:
        match = _LINE.match(line)
        if not match:
            continue
        thread, module, name, argument = match.groups()
        if module == "KERNEL32":
            number = int(argument, 16) - MARK if name == "CloseHandle" else -1
            if not 0 <= number < 0x100:
                continue
            if number % 2 == 0:
                marking, counts = thread, collections.Counter()
            elif counts is not None:
                counts -= collections.Counter({"NtClose": 1})  # of the mark before
                found[number // 2] = dict(counts)
                counts = None
        elif counts is not None and thread == marking and name.startswith("Nt"):
            counts[name] += 1
    return found
