"""No verb leaves a handle open, whether it succeeds or refuses.

A handle that is opened only once does not pass for a leak: see `leaks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.repeats import repeats

from . import leaks, scenarios
from .harness import NEW_GROUP, OTHER_ARCH, Actor, Console, Program, Python

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.limits

# Of each verb, in each round.
CALLS_IN_A_ROUND = repeats(1000, 50)


class Stage(NamedTuple):
    caller: Python
    leader: Actor
    member: Actor
    deaf: Program
    ended: Actor
    deaf_leader: Program
    other_arch: Program


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Console() as console:
        parent = console.parent
        caller = parent.python(NEW_GROUP, behind_launcher=True)
        leader = parent.spawn(NEW_GROUP)
        ended = parent.spawn(NEW_GROUP)
        ended.leave()
        yield Stage(
            caller,
            leader,
            leader.spawn(),
            caller.native("ignore"),
            ended,
            caller.native("default", flags=NEW_GROUP),
            caller.native("trap", arch=OTHER_ARCH),
        )


CALLS: dict[str, tuple[Callable[..., Any], Callable[[Stage], tuple[Any, ...]]]] = {
    "getpgid": (ctrlevent.getpgid, lambda s: (s.leader.pid,)),
    "getpgid of the other architecture": (ctrlevent.getpgid, lambda s: (s.other_arch.pid,)),
    "getpgid, ended": (ctrlevent.getpgid, lambda s: (s.ended.pid,)),
    "getpgid, no such": (ctrlevent.getpgid, lambda _: (0x7FFF_FFF0,)),
    "getpgid, a pid that is none": (ctrlevent.getpgid, lambda s: (s.leader.pid + 1,)),
    "getpgrp": (ctrlevent.getpgrp, lambda _: ()),
    "ignores_ctrl_c": (ctrlevent.ignores_ctrl_c, lambda s: (s.deaf.pid,)),
    "console_processes": (ctrlevent.console_processes, lambda _: ()),
    "killpg": (ctrlevent.killpg, lambda s: (s.leader.pid, CTRL_C_EVENT)),
    "killpg, ignored": (ctrlevent.killpg, lambda s: (s.deaf_leader.pid, CTRL_C_EVENT)),
    "killpg, no leader": (ctrlevent.killpg, lambda s: (s.member.pid, CTRL_C_EVENT)),
    "killpg, probe": (ctrlevent.killpg, lambda s: (s.leader.pid, 0)),
    "killpg, end of one that has ended": (ctrlevent.killpg, lambda s: (s.ended.pid, 15)),
    "kill of oneself": (ctrlevent.kill, lambda s: (s.caller.pid, CTRL_C_EVENT)),
    "kill of the other architecture": (
        ctrlevent.kill,
        lambda s: (s.other_arch.pid, CTRL_C_EVENT),
    ),
    "kill, ignored": (ctrlevent.kill, lambda s: (s.deaf.pid, CTRL_C_EVENT)),
    "kill, ended": (ctrlevent.kill, lambda s: (s.ended.pid, CTRL_C_EVENT)),
    "kill, probe": (ctrlevent.kill, lambda s: (s.member.pid, 0)),
    "kill, probe of one that has ended": (ctrlevent.kill, lambda s: (s.ended.pid, 0)),
    "kill, end of one that has ended": (ctrlevent.kill, lambda s: (s.ended.pid, 15)),
    "kill, everybody": (ctrlevent.kill, lambda _: (-1, CTRL_C_EVENT)),
    "deliver, by a thread there": (ctrlevent.deliver, lambda s: (s.member.pid, CTRL_C_EVENT)),
    "broadcast": (ctrlevent.broadcast, lambda _: (CTRL_C_EVENT,)),
    "ignore_ctrl_c": (ctrlevent.ignore_ctrl_c, lambda _: (False,)),
    "ignore_ctrl_c of another": (ctrlevent.ignore_ctrl_c, lambda s: (True, s.deaf.pid)),
}


@pytest.mark.repeats
@pytest.mark.parametrize("case", CALLS)
def test_calls_leave_no_handle(stage: Stage, case: str) -> None:
    function, arguments = CALLS[case]
    times = CALLS_IN_A_ROUND
    left = stage.caller.call(scenarios.handles_of_calls, times, function, *arguments(stage))
    assert left == ""


@pytest.mark.repeats
def test_keyboard_interrupt_out_of_the_call_leaves_no_handle(stage: Stage) -> None:
    assert stage.caller.call(scenarios.handles_of_interrupts, CALLS_IN_A_ROUND) == ""


@pytest.mark.parametrize("calls", [1, 5])
def test_the_count_sees_a_handle_of_each_call(stage: Stage, calls: int) -> None:
    assert "handles" in stage.caller.call(scenarios.handles_of_leaks, calls)


@pytest.mark.parametrize("late", [3, 7, 8, 22], ids="call {}".format)
def test_a_single_handle_is_no_leak_whenever_it_comes(stage: Stage, late: int) -> None:
    """Two calls are not counted, and there are up to four rounds of five."""
    assert stage.caller.call(scenarios.handles_of_one_leak, 5, late) == ""


@pytest.mark.parametrize(
    ("numbers", "grows"),
    [
        ([5, 6, 7], True),
        ([5, 6, 6], False),
        ([5, 5, 6], False),
        ([5, 4, 5], False),
        ([5, 10, 12, 17], True),
    ],
)
def test_what_grows_in_each_round_is_a_leak(numbers: list[int], grows: bool) -> None:
    samples = [{"handles": number, "threads": 1} for number in numbers]
    assert leaks.growing(samples) == ({"handles": numbers} if grows else {})
