"""`os_kill` and `patch_os`: a call of `os.kill` reaches the processes it means, and no other."""

from __future__ import annotations

import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, CtrlEvent
from tests.waiting import wait_until

from . import cpython_tests as tests_of_cpython
from . import dropping
from .harness import CTRL_C, DETACHED, NEW_GROUP, OWN_CONSOLE, Console, Python

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# How often an event is sent where each must arrive, and nowhere else.
TIMES = 100


def os_kill(sender: Python, target: int, sig: int) -> None:
    sender.call(dropping.patched, dropping.os_kill, target, sig)


def test_an_event_to_a_leader_goes_to_its_group(console: Console) -> None:
    parent = console.parent
    leader = parent.python(NEW_GROUP, name="leader")
    member = leader.python(name="member")
    parent.spawn(NEW_GROUP, name="another group")
    os_kill(parent, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_an_event_of_a_leader_to_itself_goes_to_it_alone_in_the_very_call(console: Console) -> None:
    leader = console.parent.python(NEW_GROUP, name="leader")
    leader.spawn(name="member")
    console.parent.spawn(NEW_GROUP, name="another group")
    assert leader.call(dropping.interrupted_by_own_os_kill_often, TIMES) == TIMES
    console.assert_heard({leader: [CTRL_C] * TIMES})


def test_an_event_of_a_member_to_its_leader_goes_to_the_leader_alone(console: Console) -> None:
    leader = console.parent.python(NEW_GROUP, name="leader")
    member = leader.python(name="member")
    leader.spawn(name="sibling")
    os_kill(member, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})


@pytest.mark.bitness
def test_an_event_to_a_launcher_in_the_callers_group_goes_to_the_program_too(
    console: Console,
) -> None:
    """As a plain `subprocess.Popen` starts them: neither leads a group."""
    caller = console.parent.python(name="caller")
    launcher = caller.python(name="launcher")
    program = launcher.spawn(name="program")
    caller.spawn(name="neighbour inside")
    console.parent.spawn(NEW_GROUP, name="witness outside")
    caller.call(dropping.patched, dropping.os_kill_often, launcher.started, CTRL_C_EVENT, TIMES)
    console.assert_heard({launcher: [CTRL_C] * TIMES, program: [CTRL_C] * TIMES})


@pytest.mark.parametrize("event", [CTRL_C_EVENT, CTRL_BREAK_EVENT])
def test_a_program_behind_a_real_launcher_in_the_callers_group(
    console: Console, event: CtrlEvent
) -> None:
    caller = console.parent.python(name="caller")
    program = caller.spawn(behind_launcher=True)
    assert program.started != program.pid
    caller.spawn(name="neighbour")
    os_kill(caller, program.started, event)
    console.assert_heard({program: [event]})


def test_os_kill_does_not_wait_for_handlers(console: Console) -> None:
    """The handler runs until its process is told to exit, after the call."""
    slow = console.parent.native("slow", "3600", "3600")
    os_kill(console.parent, slow.pid, CTRL_C_EVENT)
    wait_until(slow.said, "its handler's line")
    assert slow.is_running()
    console.assert_untouched()


def test_the_launcher_stands_for_the_program_behind_it(console: Console) -> None:
    program = console.parent.spawn(NEW_GROUP, behind_launcher=True)
    os_kill(console.parent, program.started, CTRL_C_EVENT)
    console.assert_heard({program: [CTRL_C]})


@pytest.mark.bitness
def test_an_event_to_a_member_goes_to_it_alone(console: Console) -> None:
    """Windows parks such an event of plain os.kill, and sends it to every process later."""
    leader = console.parent.spawn(NEW_GROUP, name="leader")
    member = leader.spawn(name="member")
    leader.spawn(name="sibling")
    for event in (CTRL_C_EVENT, CTRL_BREAK_EVENT):
        os_kill(console.parent, member.pid, event)
        console.assert_heard({member: [event]})


def test_on_another_console(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP | OWN_CONSOLE)
    os_kill(console.parent, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})


def test_from_a_process_without_a_console(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    detached = console.parent.python(DETACHED)
    os_kill(detached, leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})


def test_to_itself_it_raises_in_the_very_call(console: Console) -> None:
    member = console.parent.python(NEW_GROUP).python()
    assert member.call(dropping.interrupted_by_own_os_kill)
    console.assert_heard({member: [CTRL_C]})


@pytest.mark.parametrize("sig", [signal.SIGINT, CTRL_C_EVENT, CtrlEvent.CTRL_C_EVENT, 2])
def test_every_name_of_ctrl_c(console: Console, sig: int) -> None:
    member = console.parent.spawn(NEW_GROUP).spawn()
    os_kill(console.parent, member.pid, sig)
    console.assert_heard({member: [CTRL_C]})


def test_plain_0_looks(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    os_kill(console.parent, leader.pid, 0)
    ended = leader.spawn()
    ended.leave()
    with pytest.raises(ProcessLookupError):
        os_kill(console.parent, ended.pid, 0)


@pytest.mark.parametrize("sig", [signal.SIGTERM, 100])
def test_other_numbers_end_the_process_with_that_exit_code(console: Console, sig: int) -> None:
    assert console.parent.call(dropping.end_by_os_kill, sig) == sig


def test_other_numbers_end_the_leader_alone(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    leader.spawn()
    os_kill(console.parent, leader.pid, signal.SIGTERM)
    assert leader.exit_code() == signal.SIGTERM


def test_a_group_that_ignores_ctrl_c_is_an_error(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        os_kill(console.parent, leader.pid, CTRL_C_EVENT)


def test_a_signal_to_the_own_group(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, name="leader")
    member = leader.python(name="member")
    os_kill(member, 0, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_send_signal_of_subprocess_goes_through_it(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    console.parent.call(dropping.patched, dropping.send_signal, leader.started, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C]})


def test_os_has_the_functions_of_posix(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.python()
    call = dropping.call_of_os
    assert member.call(dropping.patched, call, "getpgrp") == leader.pid
    assert member.call(dropping.patched, call, "getpgid", member.pid) == leader.pid
    console.parent.call(dropping.patched, call, "killpg", leader.pid, CTRL_C_EVENT)
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_afterwards_os_is_as_before(console: Console) -> None:
    assert console.parent.call(dropping.restores_os_kill)
    assert console.parent.call(dropping.names_in_os) == ["kill"]


# --- CPython's own tests --------------------------------------------------------------------------


@pytest.fixture
def cpythons_tests(tmp_path: Path) -> str:
    """The tests of os.kill of this very Python, as they are."""
    source = tests_of_cpython.find("test_os")
    ignore = shutil.ignore_patterns("__pycache__")
    # The last is what the tests of other things in the same file import.
    names = "__init__.py test_os.py test_os support win_console_handler.py mapping_tests.py"
    for name in names.split():
        found = source / name
        if found.is_dir():
            shutil.copytree(found, tmp_path / "test" / name, ignore=ignore)
        elif found.exists():
            (tmp_path / "test").mkdir(exist_ok=True)
            shutil.copy(found, tmp_path / "test")
    return str(tmp_path)


def cpythons_outcome(
    console: Console, folder: str, patch: bool, left_out: Sequence[str] = ()
) -> dict[str, str]:
    """A leader runs them, as a shell would start it."""
    module = "test.test_os.test_windows" if sys.version_info >= (3, 15) else "test.test_os"
    runner = console.parent.python(NEW_GROUP)
    return runner.call(dropping.unittests, folder, f"{module}.Win32KillTests", patch, left_out)


def test_cpythons_own_tests_pass_with_os_kill_replaced(
    console: Console, cpythons_tests: str
) -> None:
    assert cpythons_outcome(console, cpythons_tests, True) == {
        "test_kill_sigterm": "passed",
        "test_kill_int": "passed",
        "test_CTRL_BREAK_EVENT": "passed",
        "test_CTRL_C_EVENT": "skipped",  # by CPython, everywhere
    }


def test_cpythons_own_tests_without_it(console: Console, cpythons_tests: str) -> None:
    """Shows that they are run, and that they test os.kill.

    Leaves out the test of Ctrl+Break. It sends the event to a child that has not connected to the
    console yet: Wine 10 loses the event, and the test waits for an exit that never comes.
    """
    outcome = cpythons_outcome(console, cpythons_tests, False, ["test_CTRL_BREAK_EVENT"])
    assert outcome == {
        "test_kill_sigterm": "passed",
        "test_kill_int": "passed",
        "test_CTRL_C_EVENT": "skipped",
    }
