"""No verb leaves a handle open, whether it succeeds or refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT

from . import scenarios
from .harness import NEW_GROUP, OTHER_ARCH, Actor, Console, Program, Python

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@pytest.mark.parametrize("case", CALLS)
def test_1000_calls_leave_no_handle(stage: Stage, case: str) -> None:
    function, arguments = CALLS[case]

    def call_often(times: int) -> None:
        stage.caller.call(scenarios.call_often, times, function, *arguments(stage))

    call_often(3)  # what there is only once: DLLs, the connection to the console
    before = stage.caller.call(scenarios.settled_handle_count)
    for _ in range(10):
        call_often(100)
    # Fewer is no leak: what a test before this one has used may be given back meanwhile.
    assert stage.caller.call(scenarios.settled_handle_count) <= before


def test_keyboard_interrupt_out_of_the_call_leaves_no_handle(stage: Stage) -> None:
    assert stage.caller.call(scenarios.handles_of_1000_interrupts) == ""


def test_the_count_sees_a_handle(stage: Stage) -> None:
    stage.caller.call(scenarios.leak_a_handle)  # the first one loads and binds what it needs
    before = stage.caller.call(scenarios.settled_handle_count)
    stage.caller.call(scenarios.leak_a_handle)
    assert stage.caller.call(scenarios.settled_handle_count) == before + 1
