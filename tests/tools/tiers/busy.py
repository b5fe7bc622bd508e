"""Endless loops that compete with the tests for the processors, and how many tests passed then."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

from .progress import PASSED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .running import Result

# Exits at the end of its input, which the system closes if the session is killed.
_LOOP = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    pass
"""


@contextlib.contextmanager
def loops(count: int | None = None) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two loops, or as many as there are processors if that is more."""
    command = [sys.executable, "-S", "-c", _LOOP]
    with contextlib.ExitStack() as stack:
        processes: list[subprocess.Popen[bytes]] = []
        for _ in range(count or max(2, os.cpu_count() or 2)):
            process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE))
            stack.callback(process.kill)
            processes.append(process)
        yield processes


def bad(table: Iterable[tuple[str, int, int]]) -> bool:
    return any(passed < of for _, passed, of in table)


def repeated(results: Sequence[Result]) -> list[tuple[str, int, int]]:
    """Of each test that did not only skip: tier and name, how often it passed, how often it ran."""
    passed: Counter[str] = Counter()
    ran: Counter[str] = Counter()
    for result in results:
        for name, outcome in result.progress.outcomes:
            if outcome != SKIPPED:
                ran[f"{result.name}: {name}"] += 1
                passed[f"{result.name}: {name}"] += outcome == PASSED
    return [(name, passed[name], ran[name]) for name in sorted(ran)]


def whole(runs: Sequence[Sequence[Result]]) -> list[tuple[str, int, int]]:
    """Of each run and tier: how many tests passed, of how many; and of which tests failed."""
    rows: list[tuple[str, int, int]] = []
    for number, results in enumerate(runs, 1):
        for result in results:
            table = repeated([result])
            of = sum(row[2] for row in table)
            passed = sum(row[1] for row in table)
            # A tier that crashed or ran no test has none that failed.
            lost = 1 if result.problem and passed == of else 0
            rows.append((f"run {number}, {result.name}", passed, of + lost))
            rows += [row for row in table if row[1] < row[2]]
    return rows


def markdown(title: str, table: Sequence[tuple[str, int, int]]) -> str:
    lines = [f"## {title}", "", "| | passed | of |", "|---|--:|--:|"]
    lines += [
        f"| {name.replace('|', chr(92) + '|')} | {passed} | {of} |" for name, passed, of in table
    ]
    return "\n".join([*lines, ""])
