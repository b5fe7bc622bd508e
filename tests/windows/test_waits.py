"""`wait` and `communicate` of a Popen: a Ctrl+C breaks them off at once, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ctrlevent import CTRL_C_EVENT, kill
from tests.repeats import repeats
from tests.waiting import wait_until

from . import stopping
from .harness import CTRL_C, NEW_GROUP, Console

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [
    *("wait", "wait with a limit", "communicate", "communicate with a limit"),
    *("communicate with input", "communicate with input and a limit"),
]


@pytest.mark.repeats
@pytest.mark.parametrize("kind", KINDS)
def test_wait_of_a_child_that_goes_on_is_broken_off(
    console: Console, kind: str, tmp_path: Path
) -> None:
    parent = console.parent
    parent.call(stopping.pass_events_on)
    neighbour = parent.python(NEW_GROUP)
    for number in range(repeats(100, 2)):
        parent.call(stopping.forget_waits)
        pending = parent.begin(stopping.break_off, kind, str(tmp_path / str(number)))
        wait_until(lambda: parent.now(stopping.is_waiting), "the wait")
        neighbour.call(kill, parent.pid, CTRL_C_EVENT)
        done = pending.result()
        assert (done.was_running, done.exit_code) == (True, 3)
        if kind.startswith("communicate"):
            data = len(stopping.INPUT) if "input" in kind else 0
            assert done.output == f"{stopping.EXPECTED}after {data}\n"
            assert done.errors == "errors\n"
        console.assert_heard({parent: [CTRL_C]})
