"""Popen: a subprocess.Popen whose child leads a group and hears Ctrl+C without its own help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.children import WAITS
from tests.repeats import repeats
from tests.waiting import wait_until

from . import harness, starting
from .harness import (
    ARCH,
    CTRL_C,
    DETACHED,
    NEW_GROUP,
    OTHER_ARCH,
    OWN_CONSOLE,
    SUSPENDED,
    Console,
    Python,
    bed_program,
)

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = bed_program("python")

ENDS_AT_ONCE = [PYTHON, "-S", "-c", "pass"]


def start_actor(
    starter: Python,
    *,
    name: str = "child",
    arch: str = ARCH,
    behind_launcher: bool = False,
    **options: Any,
) -> Python:
    """An actor that is a child of ctrlevent.Popen, and does nothing itself to hear Ctrl+C."""
    pipes = harness._Pipes()
    program = bed_program("launcher" if behind_launcher else "python", arch)
    command = [program, "-c", harness._MAIN, pipes.address]
    environment = harness.python_environment()
    started = starter.call(starting.popen, command, environment, **options)
    return Python(starter.console, name, pipes, starter, started)


def said(starter: Python, pid: int, *lines: str) -> None:
    """Waits until a program has said these lines, and then "ready" is the first of them."""
    expected = [f"ready {pid}", *lines]
    wait_until(
        lambda: len(starter.now(starting.said, pid)) >= len(expected), f"{lines} of process {pid}"
    )
    assert starter.now(starting.said, pid) == expected


# --- which processes hear it ----------------------------------------------------------------------


@pytest.mark.bitness
def test_the_child_hears_without_its_own_help_and_nobody_else_does(console: Console) -> None:
    parent = console.parent
    child = start_actor(parent)
    parent.spawn(name="bystander in the caller's group")
    parent.spawn(NEW_GROUP, name="bystander in another group")
    parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


def test_the_children_of_the_child_hear_too(console: Console) -> None:
    child = start_actor(console.parent)
    grandchild = child.spawn(hears=False)
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


@pytest.mark.bitness
def test_the_python_behind_a_launcher_hears(console: Console) -> None:
    child = start_actor(console.parent, behind_launcher=True)
    assert child.pid != child.started
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


@pytest.mark.bitness
def test_a_child_of_the_other_bitness_hears(console: Console) -> None:
    child = start_actor(console.parent, arch=OTHER_ARCH)
    console.parent.spawn(name="bystander")
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


def test_a_caller_that_ignores_ctrl_c_has_children_that_hear(console: Console) -> None:
    console.parent.ignore_ctrl_c(True)
    child = start_actor(console.parent)
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


@pytest.mark.bitness
@pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])
def test_a_native_program_hears(console: Console, arch: str) -> None:
    parent = console.parent
    pid = parent.call(starting.popen_program, [bed_program("native", arch), "trap"])
    said(parent, pid)
    parent.call(starting.interrupt, pid)
    said(parent, pid, "event 0")
    parent.call(starting.close_input, pid)


def test_a_gui_program_gets_no_event_and_the_error_says_so(console: Console) -> None:
    parent = console.parent
    pid = parent.call(starting.popen_program, [bed_program("native_gui"), "trap"])
    said(parent, pid)
    with pytest.raises(ctrlevent.NoConsole, match="GUI program"):
        parent.call(starting.interrupt, pid)
    parent.call(starting.terminate, pid)
    assert parent.call(starting.wait, pid) == 1


def test_a_child_leads_its_group(console: Console) -> None:
    child = start_actor(console.parent)
    assert child.call(ctrlevent.getpgrp) == child.pid
    assert console.parent.call(starting.pgid, child.started) == child.pid


# --- whenever it comes ----------------------------------------------------------------------------


@pytest.mark.repeats
def test_an_interrupt_at_any_moment_of_its_life_is_never_lost(console: Console) -> None:
    """Right after its start too. In fives, so that no call takes too long."""
    console.parent.spawn(name="bystander")
    command = [PYTHON, "-S", "-c", WAITS]
    ends: list[starting.End] = []
    seed = 0
    # At least one child must have been up. On a busy machine that takes more children.
    while seed < repeats(60, 2) or (seed < 60 and not any(reached(end) for end in ends)):
        ends += console.parent.call(starting.interrupt_at_random, command, seed, 5)
        seed += 1
    for end in ends:
        if reached(end):
            assert (end.exit_code, end.errors) == (33, "")
        else:  # before Python's handler was there, or within it: ended by the event all the same
            assert end.exit_code != 0, end
    raised = sum(reached(end) for end in ends)
    print(f"{len(ends)} interrupted, {raised} as KeyboardInterrupt")
    assert raised
    console.assert_untouched()


def reached(end: starting.End) -> bool:
    return end.output == "up\ninterrupted\n"


# --- signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [CTRL_C_EVENT, 2], ids=["CTRL_C_EVENT", "SIGINT"])
def test_send_signal_of_an_event_is_one_to_the_group(console: Console, sig: int) -> None:
    child = start_actor(console.parent)
    grandchild = child.spawn(hears=False)
    console.parent.call(starting.send_signal, child.started, sig)
    console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


def test_send_signal_0_sends_nothing(console: Console) -> None:
    child = start_actor(console.parent)
    console.parent.call(starting.send_signal, child.started, 0)
    console.assert_untouched()


def test_send_signal_of_another_number_ends_the_group_with_it(console: Console) -> None:
    child = start_actor(console.parent)
    grandchild = child.spawn()
    bystander = console.parent.spawn()
    console.parent.call(starting.send_signal, child.started, 15)
    assert (child.exit_code(), grandchild.exit_code()) == (15, 15)
    assert bystander.is_running()


def test_terminate_ends_the_child_alone(console: Console) -> None:
    child = start_actor(console.parent)
    child.spawn(name="grandchild")
    console.parent.call(starting.terminate, child.started)
    assert child.exit_code() == 1
    console.assert_untouched()


def test_an_ended_child_is_sent_nothing(console: Console) -> None:
    """Although the caller has not polled it yet, and a grandchild is left in the group."""
    child = start_actor(console.parent)
    child.spawn(name="grandchild", hears=True)
    child.leave(7)
    assert console.parent.call(starting.returncode, child.started) is None
    console.parent.call(starting.interrupt, child.started)
    assert console.parent.call(starting.returncode, child.started) == 7
    console.parent.call(starting.send_signal, child.started, CTRL_C_EVENT)
    console.parent.call(starting.send_signal, child.started, 15)
    console.assert_untouched()


def test_an_ended_child_becomes_no_phantom(console: Console) -> None:
    child = start_actor(console.parent)
    child.leave()
    console.parent.call(starting.interrupt, child.started)
    assert console.parent.call(starting.phantoms) == []


# --- a console of its own -------------------------------------------------------------------------


def test_detached_child_is_interrupted(console: Console) -> None:
    child = start_actor(console.parent, creationflags=DETACHED)
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


def test_with_its_own_console_its_events_do_not_reach_the_caller(console: Console) -> None:
    child = start_actor(console.parent, console="own")
    grandchild = child.spawn(hears=False)
    child.call(ctrlevent.broadcast, CTRL_C_EVENT)
    console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


def test_with_its_own_console_it_is_not_on_the_callers(console: Console) -> None:
    child = start_actor(console.parent, console="own")
    listed = {process.pid for process in console.parent.call(ctrlevent.console_processes)}
    assert console.parent.pid in listed
    assert child.pid not in listed


@pytest.mark.bitness
def test_with_its_own_console_it_can_be_interrupted(console: Console) -> None:
    child = start_actor(console.parent, console="own")
    grandchild = child.spawn(hears=False)
    console.parent.spawn(name="bystander")
    console.parent.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


def test_another_console_is_refused_before_anything_starts(console: Console) -> None:
    with pytest.raises(ValueError, match='"inherit" or "own"'):
        console.parent.call(starting.popen, ["no such program"], console="shared")


# --- subprocess.Popen's own arguments -------------------------------------------------------------


def test_pipes_and_text(console: Console) -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('errors', file=sys.stderr)"
    output = console.parent.call(starting.with_pipes, [PYTHON, "-S", "-c", code], "hello")
    assert output == ("HELLO\n", "errors\n", 0)


def test_communicate_goes_on_after_its_timeout(console: Console, tmp_path: Path) -> None:
    """Also when the child is up only after the timeout."""
    up = 'print("up", flush=True)'
    source = WAITS.replace(up, f'{up}; open(sys.argv[1], "w").close()')
    command = [PYTHON, "-S", "-c", source, str(tmp_path / "up")]
    timed_out, output, code = console.parent.call(starting.interrupted_after_timeout, command)
    assert (timed_out, output, code) == (True, "up\ninterrupted\n", 33)


def test_asyncio_can_wait_for_the_handle(console: Console) -> None:
    parent = console.parent
    pid = parent.call(starting.popen, [bed_program("native"), "default"])
    assert parent.call(starting.wait_in_asyncio, pid)
    assert parent.call(starting.wait, pid) != 0


@pytest.mark.bitness
def test_started_suspended_it_stays_so(console: Console) -> None:
    """The call passes `creationflags` by position."""
    parent = console.parent
    native = bed_program("native")
    suspended = parent.call(starting.popen_program, [native, "trap"], SUSPENDED)
    later = parent.call(starting.popen_program, [native, "trap"])
    said(parent, later)
    assert parent.call(starting.said, suspended) == []
    assert not parent.call(ctrlevent.ignores_ctrl_c, suspended)
    parent.call(starting.resume, suspended)
    said(parent, suspended)
    parent.call(starting.interrupt, suspended)
    said(parent, suspended, "event 0")


def test_creationflags_by_position_are_kept(console: Console) -> None:
    """CREATE_NO_WINDOW: it is not on the caller's console."""
    parent = console.parent
    pid = parent.call(starting.popen_program, [bed_program("native"), "trap"], OWN_CONSOLE)
    said(parent, pid)
    assert pid not in {process.pid for process in parent.call(ctrlevent.console_processes)}
    assert parent.call(ctrlevent.getpgid, pid) == pid


def test_a_shell_and_its_program_hear(console: Console) -> None:
    parent = console.parent
    command = f'"{bed_program("native")}" trap'
    shell = parent.call(starting.popen_program, command, shell=True)
    program = the_program_of(parent, shell)
    parent.call(starting.interrupt, shell)
    said_by_its_program(parent, shell, program)


def test_a_batch_file_and_its_program_hear(console: Console, tmp_path: Path) -> None:
    parent = console.parent
    batch = tmp_path / "batch.bat"
    batch.write_text(f'@"{bed_program("native")}" trap\n', encoding="ascii")
    shell = parent.call(starting.popen_program, [str(batch)])
    program = the_program_of(parent, shell)
    parent.call(starting.interrupt, shell)
    said_by_its_program(parent, shell, program)


def the_program_of(parent: Python, shell: int) -> int:
    """The pid of the native program that a cmd.exe has started."""
    wait_until(lambda: parent.now(starting.said, shell), "the program of a shell")
    program = int(parent.now(starting.said, shell)[0].partition("ready ")[2])
    assert program != shell
    assert parent.call(ctrlevent.getpgid, program) == shell
    return program


def said_by_its_program(parent: Python, shell: int, program: int) -> None:
    wait_until(lambda: "event 0" in parent.now(starting.said, shell), "its event")
    assert parent.now(starting.said, shell)[0] == f"ready {program}"
    parent.call(starting.close_input, shell)


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.bitness
@pytest.mark.limits
@pytest.mark.parametrize(
    ("step", "contained", "error"),
    [
        ("write", False, "PermissionError"),
        ("NtResumeProcess", False, "PermissionError"),
        ("interrupted", False, "KeyboardInterrupt"),
        ("AssignProcessToJobObject", True, "PermissionError"),
        ("NtResumeProcess", True, "PermissionError"),
    ],
)
def test_a_step_that_fails_leaves_nothing_behind(
    console: Console, step: str, contained: bool, error: str
) -> None:
    command = [bed_program("native"), "default"]
    failed = console.parent.call(starting.failing_start, command, step, contained)
    assert failed == starting.Failed(error, child_ended=True, more_handles="")


def test_a_program_that_is_not_there(console: Console) -> None:
    with pytest.raises(FileNotFoundError) as error:
        console.parent.call(starting.popen, ["no such program"])
    assert getattr(error.value, "winerror", None) == 2


@pytest.mark.limits
@pytest.mark.repeats
def test_no_handle_is_left(console: Console) -> None:
    command = [bed_program("native"), "trap"]
    assert console.parent.call(starting.handles_of_popens, command, repeats(50, 5)) == ""


@pytest.mark.bitness
@pytest.mark.limits
def test_an_interrupt_before_the_first_instruction(console: Console) -> None:
    """A suspended child: the error says that it did not come to the console in time."""
    parent = console.parent
    pid = parent.call(starting.popen_program, [bed_program("native"), "trap"], SUSPENDED)
    with pytest.raises((ctrlevent.NoConsole, ProcessLookupError, PermissionError, TimeoutError)):
        parent.call(starting.interrupt, pid, 1.0)
    parent.call(starting.terminate, pid)
    parent.call(starting.wait, pid)


def test_the_bed_is_not_what_makes_it_hear(console: Console) -> None:
    """The same child of plain subprocess, in a new group, ignores Ctrl+C."""
    child = console.parent.python(NEW_GROUP, hears=False)
    assert child.call(ctrlevent.ignores_ctrl_c)
