"""5,000 events to 8 groups from 4 processes at once, while others come and go.

None is lost, none is stray, and nothing grows: no handles, no threads, no processes.
"""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING

import pytest

from ctrlevent._win32 import system
from tests.repeats import repeats
from tests.waiting import wait_until
from tests.windows import leaks
from tests.windows.harness import NEW_GROUP, Console, Python, bed_program

from . import traffic

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENTS = repeats(5000, 1000)
GROUPS, SENDERS, ROUNDS = 8, 4, 10
COMING_AND_GOING = 6  # processes in each round, by each of two churners


@pytest.mark.repeats
@pytest.mark.limits
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_stray_and_nothing_grows(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as console:
        parent = console.parent
        groups = [_group(parent) for _ in range(GROUPS)]
        senders = [parent.python(NEW_GROUP) for _ in range(SENDERS)]
        churners = [parent.python(), groups[0][0].python(NEW_GROUP)]
        for group in groups:
            for member in group:
                member.call(traffic.show_what_is_heard)
        pids = [[member.pid for member in group] for group in groups]

        _round(console, groups, pids, senders, churners, 20)  # what is made once is made here
        samples = [_state(console, [*senders, *churners])]
        start = time.monotonic()
        total = came = 0
        for number in range(ROUNDS):
            share = EVENTS // ROUNDS // SENDERS
            sent, gone = _round(console, groups, pids, senders, churners, share, number)
            total, came = total + sent, came + gone
            samples.append(_state(console, [*senders, *churners]))
        seconds = time.monotonic() - start
    with capsys.disabled():
        print(
            f"\n{total} events to {GROUPS} groups from {SENDERS} processes, while {came} processes"
            f" came and went: 0 lost, 0 stray, in {seconds:.0f} s"
            f"\nof each that sent, and processes: {samples[0]} -> {samples[-1]}"
        )
    assert total >= EVENTS
    assert leaks.growing(samples) == {}


def _group(parent: Python) -> list[Python]:
    leader = parent.python(NEW_GROUP)
    return [leader, leader.python()]


def _round(
    console: Console,
    groups: list[list[Python]],
    pids: list[list[int]],
    senders: list[Python],
    churners: list[Python],
    share: int,
    seed: int = 0,
) -> tuple[int, int]:
    sending = [
        sender.begin(traffic.send, pids, share, seed * SENDERS + number)
        for number, sender in enumerate(senders)
    ]
    program = bed_program("native")
    churning = [one.begin(traffic.come_and_go, program, COMING_AND_GOING) for one in churners]
    sent: collections.Counter[tuple[int, int]] = collections.Counter()
    for pending in sending:
        sent.update(pending.result())
    for pending in churning:
        said = pending.result()
        assert said == [["event 0"] if turn % 2 == 0 else [] for turn in range(COMING_AND_GOING)]
    everybody = [member for group in groups for member in group]
    for member in everybody:
        expected = sum(sent[(member.pid, event)] for event in (0, 1))
        wait_until(
            lambda member=member, n=expected: member.count_heard() >= n,  # type: ignore[misc]
            f"{expected} events at {member}",
        )
    for _ in range(2):
        for one in console.actors:
            one.settle()
    for one in console.actors:
        heard = collections.Counter(one.take_heard())
        assert heard == {event: count for (pid, event), count in sent.items() if pid == one.pid}
    return share * len(senders), COMING_AND_GOING * len(churners)


def _state(console: Console, actors: Iterable[Python]) -> dict[str, int]:
    job = console._job._handle
    assert job
    numbers = {"processes": system().QueryInformationJobObject(job)}
    for one in actors:
        handles, threads = one.call(traffic.state)
        numbers.update({f"handles of {one.pid}": handles, f"threads of {one.pid}": threads})
    return numbers
