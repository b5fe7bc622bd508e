"""The control: with the package's own care taken out, the tests of this folder would notice.

In an actor, one function of the package is replaced, and the same calls are made. On a console that
parks events a neighbour is then hit; everywhere a child that ignores Ctrl+C hears nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.tools.bed import probes

from . import starting
from .harness import CTRL_C, NEW_GROUP, bed_program

if TYPE_CHECKING:
    from .harness import Console

pytestmark = pytest.mark.bitness


def do_not_look_before_sending() -> None:
    """As Windows' own call: what is named by a pid is sent to, whether it is a group or not."""
    from ctrlevent._windows import dispatch, plans

    def plan(_at: Any, pgid: int, _means: Any) -> plans.SendToGroup:
        return plans.SendToGroup(pgid)

    setattr(dispatch, "_plan_for_group", plan)  # noqa: B010


def do_not_clear_the_bit() -> None:
    from ctrlevent._windows import popen

    setattr(popen, "write_ignores_ctrl_c", lambda *_: None)  # noqa: B010


def test_without_the_look_before_sending_a_neighbour_is_hit(console: Console) -> None:
    parent = console.parent
    if not probes.parks_events_for_non_leader():
        pytest.skip("this console parks no event, so no neighbour is hit")
    leader = parent.spawn(NEW_GROUP, name="leader")
    member, neighbour = leader.spawn(name="member"), parent.spawn(NEW_GROUP, name="neighbour")
    # With the look: refused, and no process hears anything.
    with pytest.raises(ctrlevent.NotAGroupLeader):
        parent.call(ctrlevent.killpg, member.pid, CTRL_C_EVENT)
    console.assert_untouched()
    parent.call(do_not_look_before_sending)
    parent.call(ctrlevent.killpg, member.pid, CTRL_C_EVENT)
    console.assert_heard({one: [CTRL_C] for one in (parent, leader, member, neighbour)})


def test_without_clearing_the_bit_a_child_does_not_hear(console: Console) -> None:
    parent = console.parent
    parent.call(do_not_clear_the_bit)
    pid = parent.call(starting.popen_program, [bed_program("native"), "trap"])
    with pytest.raises(ctrlevent.CtrlCIgnored):
        parent.call(starting.interrupt, pid)
    parent.call(starting.terminate, pid)
    console.assert_untouched()
