"""How long a contained command is waited for, and what is passed on, on a clock of the test's."""

from __future__ import annotations

import math
from subprocess import TimeoutExpired
from typing import Callable, Optional

import pytest

from ctrlevent import _patience
from ctrlevent._patience import Patience, Presses, wait

REFUSED = OSError("no route")


class Command:
    """Implements `_patience.Command`; things happen at their times."""

    args = ("x",)

    def __init__(self, ends_at: float, *happenings: tuple[float, Callable[[], object]]) -> None:
        self.now = 1000.0
        self.ends_at = 1000 + ends_at
        self.happenings = sorted(
            (1000 + time, number, do) for number, (time, do) in enumerate(happenings)
        )
        self.sent: list[float] = []
        self.refused = False
        self.takes = 0.0

    def monotonic(self) -> float:
        return self.now

    def wait_until(self, deadline: float) -> bool:
        while self.happenings and self.happenings[0][0] <= deadline:
            time, _, do = self.happenings.pop(0)
            self.now = max(self.now, time)
            do()
        self.now = max(self.now, min(deadline, self.ends_at))
        return self.now >= self.ends_at

    def interrupt(self) -> Optional[OSError]:
        self.sent.append(round(self.now - 1000, 3))
        self.now += self.takes
        return REFUSED if self.refused else None

    @property
    def waited(self) -> float:
        return round(self.now - 1000, 3)


def interrupted() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def taken() -> Presses:
    """The Ctrl+Cs of a program that stands for its command."""
    return Presses(taken=True)


@pytest.fixture
def heard() -> Presses:
    """The Ctrl+Cs that the caller gets too, as KeyboardInterrupts or otherwise."""
    return Presses(taken=False)


def test_command_that_exits_by_itself(heard: Presses) -> None:
    command = Command(7)
    assert wait(command, Patience(math.inf, 3), heard) is None
    assert (command.sent, command.waited) == ([], 7)


@pytest.mark.parametrize(("exits_after", "waited"), [(2, 7), (60, 8)])
def test_timeout_is_a_ctrl_c_and_some_time(heard: Presses, exits_after: int, waited: int) -> None:
    command = Command(5 + exits_after)
    assert isinstance(wait(command, Patience(5, 3), heard), TimeoutExpired)
    assert (command.sent, command.waited) == ([5], waited)


def test_keyboard_interrupt_is_passed_on(heard: Presses) -> None:
    command = Command(60, (2, interrupted))
    assert isinstance(wait(command, Patience(math.inf, 3), heard), KeyboardInterrupt)
    assert (command.sent, command.waited) == ([2], 5)


def test_second_keyboard_interrupt_waits_no_longer(heard: Presses) -> None:
    command = Command(60, (2, interrupted), (3, interrupted))
    assert isinstance(wait(command, Patience(math.inf, 3), heard), KeyboardInterrupt)
    assert (command.sent, command.waited) == ([2], 3)


@pytest.mark.parametrize("late", [0.0, 0.5])
def test_what_is_heard_and_raised_is_passed_on_once(heard: Presses, late: float) -> None:
    """Python raises KeyboardInterrupt after the handler was asked: at once, or some time later."""
    command = Command(60, (2, lambda: heard.hear(0)), (2 + late, interrupted))
    assert isinstance(wait(command, Patience(math.inf, 3), heard), KeyboardInterrupt)
    assert len(command.sent) == 1


def test_what_is_raised_after_a_key_that_gets_there_by_itself(heard: Presses) -> None:
    command = Command(60, (1, heard.typed), (2, interrupted))
    assert isinstance(wait(command, Patience(math.inf, 3), heard), KeyboardInterrupt)
    assert (command.sent, command.waited) == ([2], 5)


def test_what_is_heard_and_not_raised_is_passed_on(heard: Presses) -> None:
    """The caller has a handler for SIGINT of its own."""
    command = Command(60, (2, lambda: heard.hear(0)))
    assert isinstance(wait(command, Patience(30, 3), heard), TimeoutExpired)
    assert [round(time) for time in command.sent] == [2, 30]


def test_each_ctrl_c_that_is_taken_is_passed_on_once(taken: Presses) -> None:
    both = [(2, lambda: taken.hear(0)), (2, lambda: taken.hear(0))]
    command = Command(60, *both, (7, lambda: taken.hear(0)))
    assert wait(command, Patience(math.inf, 3), taken) is None
    assert [round(time) for time in command.sent] == [2, 2, 7]
    assert command.waited == 60


def test_grace_counts_from_the_first(taken: Presses) -> None:
    command = Command(60, (2, lambda: taken.hear(0)), (4, lambda: taken.hear(0)))
    assert wait(command, Patience(math.inf, 3, after_ctrl_c=5), taken) is None
    assert [round(time) for time in command.sent] == [2, 4]
    assert round(command.waited) == 7


def test_grace_counts_from_a_key_that_gets_there_by_itself(taken: Presses) -> None:
    command = Command(60, (2, taken.typed))
    assert wait(command, Patience(math.inf, 3, after_ctrl_c=5), taken) is None
    assert (command.sent, round(command.waited)) == ([], 7)


def test_timeout_within_the_grace(taken: Presses) -> None:
    command = Command(60, (2, lambda: taken.hear(0)), (6, lambda: taken.hear(0)))
    broken_off = wait(command, Patience(5, 3, after_ctrl_c=30), taken)
    assert isinstance(broken_off, TimeoutExpired)
    assert [round(time) for time in command.sent] == [2, 5, 6]
    assert round(command.waited) == 8


def test_what_cannot_be_passed_on_is_reported(taken: Presses) -> None:
    reports: list[OSError] = []
    command = Command(60, (2, lambda: taken.hear(0)))
    command.refused = True
    assert wait(command, Patience(math.inf, 3, report=reports.append), taken) is None
    assert reports == [REFUSED]


@pytest.mark.parametrize("grace", [1.0, math.inf])
def test_command_that_cannot_be_sent_a_ctrl_c_gets_little_time(
    heard: Presses, grace: float
) -> None:
    command = Command(math.inf)
    command.refused = True
    assert isinstance(wait(command, Patience(5, grace), heard), TimeoutExpired)
    assert command.waited == 5 + min(grace, _patience.UNSENT)


@pytest.mark.parametrize(("takes", "waited"), [(1, 8), (2.5, 8.5), (9, 15)])
def test_time_after_a_ctrl_c_counts_from_before_it_is_sent(
    heard: Presses, takes: float, waited: float
) -> None:
    """But there is some left in any case."""
    command = Command(60)
    command.takes = takes
    assert isinstance(wait(command, Patience(5, 3), heard), TimeoutExpired)
    assert command.waited == waited


def test_no_grace_is_none(heard: Presses) -> None:
    command = Command(60)
    assert isinstance(wait(command, Patience(5, 0), heard), TimeoutExpired)
    assert (command.sent, command.waited) == ([5], 5)
