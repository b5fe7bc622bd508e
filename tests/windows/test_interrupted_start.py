"""A start that is broken off, wherever: the caller has the object, or nothing is left.

No child, suspended or not, no thread, no handle. Each start is broken off at boundaries between two
instructions, by a trace function (of everything that runs in the caller's thread, the standard
library included); and at random moments, by real Ctrl+C events.

By default some of the starts, and a share of the boundaries: some anywhere, and all of those at the
end, where there is a child. `nox -s soak` breaks off every start at each, and sends 1,000 events.
"""

from __future__ import annotations

import pytest

from tests.interrupting import share
from tests.repeats import WHOLE, repeats

from . import interrupted
from .harness import Console, bed_program

KINDS = ["Popen with pipes", "contained", "create_process", "PseudoConsole.start", "helper", "run"]
KINDS += ["asyncio with pipes", "interruptible", "multiprocessing"]
AT_RANDOM = ["Popen with pipes", "run", "multiprocessing"]
if WHOLE:
    KINDS += ["asyncio", "Popen", "Popen with a console of its own", "PseudoConsole"]
    KINDS += ["run on a terminal", "interruptible with pipes"]
    AT_RANDOM += ["Popen", "contained", "create_process"]

pytestmark = [pytest.mark.bitness, pytest.mark.limits, pytest.mark.repeats]

# Of each start: how many boundaries anywhere (0: each), and how many at the end.
SPREAD, LAST = (0, 0) if WHOLE else (8, 24)


def command_of(kind: str) -> list[str]:
    """`run` waits for the exit, so there the program exits at once."""
    return [bed_program("native"), "default", *(["0"] if kind.startswith("run") else [])]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_at_each_boundary(console: Console, kind: str) -> None:
    reports = break_off(console, kind, SPREAD, LAST)
    broken_off = sum(report.broken_off for report in reports)
    print(f"{kind}: broken off at {broken_off} boundaries")
    assert [report.left for report in reports if report.left] == []
    assert sum(report.more_handles for report in reports) <= 0
    assert broken_off


def break_off(console: Console, kind: str, spread: int, last: int) -> list[interrupted.Report]:
    """In fifties, so that no call takes too long."""
    parent, command = console.parent, command_of(kind)
    total = parent.call(interrupted.boundaries, kind, command)
    if kind == "run on a terminal":  # most of its thousands are in a loop that waits
        spread = spread or 300
    numbers = share(total, spread or total, last)
    return [
        parent.call(interrupted.each_boundary, kind, command, numbers[first : first + 50])
        for first in range(0, len(numbers), 50)
    ]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", AT_RANDOM)
def test_at_random_moments(console: Console, kind: str) -> None:
    parent = console.parent
    reports = [
        parent.call(interrupted.random_moments, kind, command_of(kind), seed, 10)
        for seed in range(repeats(100, 1))
    ]
    print(f"{kind}: {sum(report.broken_off for report in reports)} interrupted in the call")
    assert [report.left for report in reports if report.left] == []
    assert sum(report.more_handles for report in reports) <= 0


def test_the_test_sees_what_plain_subprocess_leaves(console: Console) -> None:
    """It loses its object: the child runs on. Without this, the tests above show nothing."""
    reports = break_off(console, "subprocess", 1, 80)
    assert [found for report in reports for found in report.left if "child" in found.left]
