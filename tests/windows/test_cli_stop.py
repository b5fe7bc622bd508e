"""python -m ctrlevent stop and ps --tree: what was asked, what ended, and what is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT

from . import actor, starting
from .harness import (
    CTRL_C,
    NEW_GROUP,
    OWN_CONSOLE,
    Console,
    Program,
    bed_program,
)
from .test_cli import NATIVE, NO_SUCH_PID, PYTHON, cli, dry, refused, text

if TYPE_CHECKING:
    from .harness import Python

CONTROL_C_EXIT = 0xC000_013A
PATIENT = ("--grace", str(HANG_LIMIT))
SHORT = ("--grace", "0.5")

# Exits by the KeyboardInterrupt, after it has said so. In one line, for a launcher.
EXITS = (
    "import sys, time; print('ready', flush=True); exec("
    "'try: time.sleep(3600)\\n"
    "except KeyboardInterrupt: print(str(3), flush=True); sys.exit(3)')"
)


def stop(parent: Python, pid: int, *options: str) -> str:
    """What it says."""
    done = cli(parent, "stop", str(pid), *options)
    assert (done.exit_code, done.errors) == (0, b"")
    return text(done.output)


def started(parent: Python, command: list[str], flags: int = 0) -> Program:
    pid = parent.call(actor.start_program, command, flags)
    program = Program(parent.console, pid, parent)
    parent.console.programs.append(program)
    program.wait_until_ready()
    return program


@pytest.mark.bitness
def test_leader_has_exited_after_ctrl_c(console: Console) -> None:
    neighbour = console.parent.spawn()
    leader = console.parent.native("default", flags=NEW_GROUP)
    console.parent.call(ctrlevent.ignore_ctrl_c, False, leader.pid)
    said = stop(console.parent, leader.pid, *PATIENT)
    assert said == (
        f"process {leader.pid} has exited after Ctrl+C, with exit code {CONTROL_C_EXIT}\n"
    )
    assert leader.exit_code() == CONTROL_C_EXIT
    assert neighbour.is_running()
    console.assert_untouched()


def test_what_handles_it_exits_with_a_code_of_its_own(console: Console) -> None:
    program = started(console.parent, [PYTHON, "-S", "-c", EXITS], NEW_GROUP)
    console.parent.call(ctrlevent.ignore_ctrl_c, False, program.pid)
    said = stop(console.parent, program.pid, *PATIENT)
    assert said == f"process {program.pid} has exited after Ctrl+C, with exit code 3\n"
    assert program.exit_code() == 3
    console.assert_untouched()


@pytest.mark.limits
def test_group_that_goes_on_was_ended(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member, neighbour = leader.spawn(), console.parent.spawn()
    said = stop(console.parent, leader.pid, *SHORT)
    assert said == f"process {leader.pid} was ended after 0.5 s\n"
    assert (leader.exit_code(), member.exit_code()) == (CONTROL_C_EXIT,) * 2
    assert neighbour.is_running()
    console.assert_untouched()


def test_group_on_another_console(console: Console) -> None:
    program = started(console.parent, [PYTHON, "-S", "-c", EXITS], OWN_CONSOLE | NEW_GROUP)
    console.parent.call(ctrlevent.ignore_ctrl_c, False, program.pid)
    said = stop(console.parent, program.pid, *PATIENT)
    assert said.startswith(f"process {program.pid} has exited after Ctrl+C")
    assert program.exit_code() == 3
    console.assert_untouched()


@pytest.mark.bitness
def test_program_behind_a_launcher_is_stopped_with_it(console: Console) -> None:
    """In the group of the caller and of the command, of which neither hears anything."""
    neighbour = console.parent.spawn()
    launcher = started(console.parent, [bed_program("launcher"), "-c", EXITS])
    said = stop(console.parent, launcher.pid, *PATIENT)
    assert said == f"process {launcher.pid} has exited after Ctrl+C, with exit code 3\n"
    assert launcher.exit_code() == 3
    assert launcher.said() == ["3"]
    assert neighbour.is_running()
    console.assert_untouched()


@pytest.mark.limits
def test_program_behind_a_launcher_that_goes_on_was_ended(console: Console) -> None:
    program = console.parent.spawn(behind_launcher=True)
    apart = program.spawn(NEW_GROUP)
    assert program.started != program.pid
    said = stop(console.parent, program.started, *SHORT)
    assert said == f"process {program.started} was ended after 0.5 s\n"
    program.exit_code()  # by TerminateProcess, or by the job of its launcher
    assert apart.is_running()
    console.assert_untouched()


def test_what_ignores_ctrl_c_is_ended_at_once(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False)
    said = stop(console.parent, leader.pid, "--grace", "3600")
    assert said.startswith(
        f"process {leader.pid} was ended at once, as no Ctrl+C can reach it: every member of"
    )
    assert leader.exit_code() == CONTROL_C_EXIT
    console.assert_untouched()


def test_gui_program_is_ended_at_once(console: Console) -> None:
    program = console.parent.native("default", gui=True)
    said = stop(console.parent, program.pid, "--grace", "3600")
    assert "is a GUI program" in said
    assert program.exit_code() == CONTROL_C_EXIT
    console.assert_untouched()


def test_where_others_would_be_hit_it_is_refused_and_not_ended(console: Console) -> None:
    process = console.parent.spawn()
    line = refused(cli(console.parent, "stop", str(process.pid), "--no-inject"))
    assert "would also reach" in line
    assert process.is_running()
    console.assert_untouched()


def test_dry_run_asks_and_ends_no_process(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    lines = dry(console.parent, "stop", str(leader.pid))
    how = f"({NATIVE}): through the group, which this console knows"
    assert lines == sorted(f"process {one.pid} {how}" for one in (leader, member))
    assert leader.is_running()
    console.assert_untouched()


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=" ".join)
def test_nothing_is_there(shared_console: Console, more: tuple[str, ...]) -> None:
    assert NO_SUCH_PID in refused(cli(shared_console.parent, "stop", NO_SUCH_PID, *more))


def test_ctrl_c_breaks_the_wait_off(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP)
    command = [PYTHON, "-m", "ctrlevent", "stop", str(leader.pid), "--grace", "3600"]
    waiting = parent.call(starting.popen_program, command)
    leader.wait_until_heard(1)
    parent.call(starting.interrupt, waiting)
    assert parent.call(starting.wait, waiting) == CONTROL_C_EXIT
    assert leader.is_running()
    console.assert_heard({leader: [CTRL_C]})


def rows(parent: Python, *arguments: str) -> list[dict[str, Any]]:
    done = cli(parent, "ps", *arguments, "--json")
    assert (done.exit_code, done.errors) == (0, b"")
    found: list[dict[str, Any]] = json.loads(text(done.output))
    return found


@pytest.mark.bitness
def test_ps_of_a_tree_has_it_on_whatever_console(console: Console) -> None:
    program = console.parent.spawn(behind_launcher=True)
    elsewhere = program.spawn(OWN_CONSOLE | NEW_GROUP)
    below = elsewhere.spawn()
    neighbour = console.parent.spawn()
    done = cli(console.parent, "ps", "--tree", str(program.started))
    assert (done.exit_code, done.errors) == (0, b"")
    lines = [line.split() for line in text(done.output).splitlines()[1:]]
    expected = [program.started, program.pid, elsewhere.pid, below.pid]
    found = [int(line[0]) for line in lines]
    # A hidden console has a server process, which may be a child of a process on it.
    assert [pid for pid in found if pid in expected] == expected
    assert not {neighbour.pid, console.parent.pid} & set(found)
    own = {row["pid"]: row for row in rows(console.parent, "--tree", str(elsewhere.pid))}
    assert own[elsewhere.pid]["is_leader"]
    assert own[below.pid]["pgid"] == elsewhere.pid
    assert program.pid not in own


def test_ps_of_a_tree_that_is_not_there(shared_console: Console) -> None:
    assert NO_SUCH_PID in refused(cli(shared_console.parent, "ps", "--tree", NO_SUCH_PID))
