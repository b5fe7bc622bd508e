"""Children of event loops on POSIX: asyncio's own loop, and uvloop where it is installed.

What sends runs in processes of their own (`looping`), never in that of pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.loops import needs
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT, growing_limits

MAIN = "from tests.unit.posix import looping; looping.main()"

LOOPS = ["asyncio", "uvloop"]


def in_a_loop(loop: str, what: str, *arguments: str, is_quiet: bool = True) -> Any:
    if loop != "asyncio":
        needs(loop)
    ran = subprocess.run(
        [sys.executable, "-c", MAIN, loop, what, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=os.getcwd(),
        timeout=HANG_LIMIT,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    if is_quiet:
        assert ran.stderr == b""
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="children are read from /proc")
@pytest.mark.repeats
@pytest.mark.limits
@pytest.mark.parametrize("loop", LOOPS)
def test_many_children_in_one_loop_leave_nothing_and_each_hears_its_own_event(loop: str) -> None:
    """Started, interrupted and awaited; each fourth is cancelled in mid-start."""
    count = repeats(200, 80)
    found = in_a_loop(loop, "many", str(count))
    assert found.pop("cancelled") > 0
    assert found == {
        "started": count * 3 // 4,
        "said": ["heard\n"],
        "codes": [33],
        "bystander_said": "",
        "tasks": 0,
        "children": [],
        "threads": 0,
        "files": 0,
    }


@pytest.mark.parametrize("loop", LOOPS)
def test_the_child_leads_its_group_and_hears_although_its_parent_ignores(loop: str) -> None:
    found = in_a_loop(loop, "ignoring")
    assert found == {"leads": True, "said": "heard\n", "code": 33}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_a_start_that_is_cancelled_ends_what_a_shell_has_started_by_then(
    loop: str, rounds: int
) -> None:
    assert in_a_loop(loop, "cancelled_shell", str(rounds)) == []


@pytest.mark.parametrize("loop", LOOPS)
def test_stop_ends_what_is_left_of_the_group(loop: str) -> None:
    """The child exits, and a process that it has started goes on, with its pipe."""
    found: Any = None
    for limit in growing_limits(0.3):  # in which the child exits
        found = in_a_loop(loop, "stop", "leaves one behind", str(limit))
        if found[0] == 33:
            break
    assert found == [33, True, []]


@pytest.mark.parametrize("loop", LOOPS)
def test_stop_of_a_child_that_exits_in_time(loop: str) -> None:
    assert in_a_loop(loop, "stop", "listens", "none") == [33, False, []]


@pytest.mark.parametrize("loop", LOOPS)
def test_stop_of_a_child_that_goes_on(loop: str) -> None:
    assert in_a_loop(loop, "stop", "goes on", "0.3") == [-9, True, []]
    assert in_a_loop(loop, "stop", "goes on", "0") == [-9, True, []]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stop_that_is_cancelled_ends_the_child_with_its_group(loop: str) -> None:
    assert in_a_loop(loop, "cancelled_stop") == [-9, True, []]


@pytest.mark.parametrize("loop", LOOPS)
def test_send_signal_is_for_the_group_and_nothing_for_a_child_that_has_exited(loop: str) -> None:
    assert in_a_loop(loop, "signals") == ["heard\n", 33, 33, False]


def test_what_cannot_be_started_is_said_as_asyncio_says_it() -> None:
    assert in_a_loop("asyncio", "no_program") == ["FileNotFoundError", []]


def test_a_start_whose_loop_is_dropped_leaves_no_child() -> None:
    """Nothing runs any more that could wait for the child: it is ended at once."""
    # asyncio says of its own tasks and coroutines that they were destroyed while they waited.
    assert in_a_loop("asyncio", "dropped", is_quiet=False) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [({"console": "shared"}, "console must be"), ({"process_group": 7}, "leads a process group")],
)
def test_arguments_that_mean_nothing(options: dict[str, Any], says: str) -> None:
    import asyncio

    import ctrlevent

    with pytest.raises(ValueError, match=says):
        asyncio.run(ctrlevent.create_subprocess_exec("true", **options))
    with pytest.raises(ValueError, match=says):
        asyncio.run(ctrlevent.create_subprocess_shell("true", **options))
