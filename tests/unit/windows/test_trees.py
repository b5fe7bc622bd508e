"""`kill(tree=True)` and `os_kill` on a fake Windows: a launcher, its program, and the rest."""

from __future__ import annotations

import functools
import signal
from typing import Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import CtrlCIgnored, CtrlEvent, WouldReachOthers
from ctrlevent._win32 import constants as c
from tests.fakes.windows import CTRL_C, HANGS, Console, FakeWindows, Process

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT
TERM = signal.SIGTERM


class Launched(NamedTuple):
    """A program behind a launcher, in the caller's group, and a neighbour in that group."""

    launcher: Process
    program: Process
    neighbour: Process


@pytest.fixture
def launched(windows: FakeWindows) -> Launched:
    launcher = windows.spawn()
    return Launched(launcher, windows.spawn(parent=launcher), windows.spawn())


@pytest.fixture
def group(windows: FakeWindows) -> Launched:
    """The same where the launcher leads a group of its own."""
    launcher = windows.spawn(new_group=True, ignores=False)
    return Launched(launcher, windows.spawn(parent=launcher), windows.spawn())


# --- kill(tree=True) ------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [C, BREAK])
def test_tree_in_the_callers_group_reaches_launcher_and_program(
    windows: FakeWindows, launched: Launched, event: CtrlEvent
) -> None:
    ctrlevent.kill(launched.launcher.pid, event, tree=True)
    assert windows.heard(event) == [launched.launcher.pid, launched.program.pid]
    assert "GenerateConsoleCtrlEvent" not in windows.calls


def test_tree_that_is_its_whole_group_goes_through_the_group(
    windows: FakeWindows, group: Launched
) -> None:
    ctrlevent.kill(group.launcher.pid, C, tree=True)
    assert windows.heard(CTRL_C) == [group.launcher.pid, group.program.pid]
    assert "CreateRemoteThread" not in windows.calls


def test_tree_on_another_console_and_threads_are_forbidden(windows: FakeWindows) -> None:
    launcher = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.spawn(parent=launcher, console=launcher.console)
    windows.now += 60
    with pytest.raises(ctrlevent.NoConsole):  # this fake has no helper
        ctrlevent.kill(launcher.pid, C, tree=True, inject=False)
    assert windows.received == []


def test_tree_reaches_all_or_none_and_names_the_process_that_cannot_get_it(
    windows: FakeWindows, launched: Launched
) -> None:
    launched.program.denied = c.PROCESS_CREATE_THREAD
    with pytest.raises(WouldReachOthers, match=rf"process {launched.program.pid}: ") as caught:
        ctrlevent.kill(launched.launcher.pid, C, tree=True)
    assert windows.received == []
    assert {other.pid for other in caught.value.others} == {
        windows.caller.pid,
        launched.neighbour.pid,
    }


def test_tree_of_another_bitness_names_it_and_recommends_nothing_that_hits_the_caller(
    windows: FakeWindows,
) -> None:
    launcher = windows.spawn()
    program = windows.spawn(parent=launcher, bits=32)
    with pytest.raises(WouldReachOthers, match=rf"process {program.pid}: it is a 32") as caught:
        ctrlevent.kill(launcher.pid, C, tree=True)
    assert windows.received == []
    assert "ctrlevent.Popen" in str(caught.value)
    assert "killpg" not in str(caught.value)


def test_tree_with_the_caller_in_it_reaches_the_caller_last(windows: FakeWindows) -> None:
    shell = windows.spawn()
    neighbour = windows.spawn()
    windows.caller, caller = windows.spawn(parent=shell), windows.caller
    ctrlevent.kill(shell.pid, C, tree=True)
    assert windows.received == [(shell.pid, CTRL_C), (windows.caller.pid, CTRL_C)]
    assert neighbour.is_alive
    assert caller.is_alive


def test_tree_of_a_process_without_children_is_the_process(
    windows: FakeWindows, launched: Launched
) -> None:
    ctrlevent.kill(launched.program.pid, C, tree=True)
    assert windows.heard(CTRL_C) == [launched.program.pid]


def test_tree_that_ignores_ctrl_c(windows: FakeWindows, launched: Launched) -> None:
    launched.launcher.ignores = launched.program.ignores = True
    with pytest.raises(CtrlCIgnored):
        ctrlevent.kill(launched.launcher.pid, C, tree=True)
    assert windows.received == []


def test_tree_does_not_wait_for_handlers(windows: FakeWindows, launched: Launched) -> None:
    launched.launcher.reaction = launched.program.reaction = HANGS
    ctrlevent.kill(launched.launcher.pid, C, tree=True)
    assert windows.heard(CTRL_C) == [launched.launcher.pid, launched.program.pid]


def test_tree_waits_for_a_program_that_is_starting(windows: FakeWindows) -> None:
    launcher = windows.spawn(new_group=True, ignores=False)
    program = windows.spawn(parent=launcher, connects_after=0.03)
    ctrlevent.kill(launcher.pid, C, tree=True)
    assert windows.heard(CTRL_C) == [launcher.pid, program.pid]


def test_tree_is_ended_and_nothing_else(windows: FakeWindows, launched: Launched) -> None:
    ctrlevent.kill(launched.launcher.pid, TERM, tree=True)
    assert windows.terminated == [(launched.launcher.pid, TERM), (launched.program.pid, TERM)]


def test_tree_is_ended_with_what_it_starts_meanwhile(
    windows: FakeWindows, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Process] = []
    real = windows.TerminateProcess

    def terminate(hProcess: int, uExitCode: int) -> None:
        if not late:
            late.append(windows.spawn(parent=launched.program))
        real(hProcess, uExitCode)

    monkeypatch.setattr(windows, "TerminateProcess", terminate)
    ctrlevent.kill(launched.launcher.pid, TERM, tree=True)
    pids = [launched.launcher.pid, launched.program.pid, late[0].pid]
    assert windows.terminated == [(pid, TERM) for pid in pids]


def test_tree_may_not_be_ended_in_part(windows: FakeWindows, launched: Launched) -> None:
    launched.program.denied = c.PROCESS_TERMINATE
    with pytest.raises(PermissionError, match=f"process {launched.program.pid} "):
        ctrlevent.kill(launched.launcher.pid, TERM, tree=True)
    assert windows.terminated == []


def test_tree_with_the_caller_in_it_ends_the_caller_last(windows: FakeWindows) -> None:
    shell = windows.spawn()
    windows.caller = windows.spawn(parent=shell)
    other = windows.spawn(parent=shell)
    ctrlevent.kill(shell.pid, TERM, tree=True)
    assert windows.terminated[-1] == (windows.caller.pid, TERM)
    assert {pid for pid, _ in windows.terminated} == {shell.pid, other.pid, windows.caller.pid}


def test_probe_of_a_tree_looks_at_the_process(windows: FakeWindows, launched: Launched) -> None:
    ctrlevent.kill(launched.launcher.pid, 0, tree=True)
    launched.launcher.exit()
    with pytest.raises(ProcessLookupError):
        ctrlevent.kill(launched.launcher.pid, 0, tree=True)
    assert windows.received == []


@pytest.mark.parametrize("pid", [0, -1000, -1])
def test_tree_of_a_group_is_no_tree(windows: FakeWindows, pid: int) -> None:
    with pytest.raises(ValueError, match="tree=True is for one process"):
        ctrlevent.kill(pid, C, tree=True)
    assert windows.received == []


# --- os_kill --------------------------------------------------------------------------------------


def test_os_kill_of_a_launcher_in_the_callers_group(
    windows: FakeWindows, launched: Launched
) -> None:
    ctrlevent.os_kill(launched.launcher.pid, C)
    assert windows.heard(CTRL_C) == [launched.launcher.pid, launched.program.pid]


def test_os_kill_of_a_leader_is_its_group(windows: FakeWindows, group: Launched) -> None:
    stranger = windows.spawn(parent=group.launcher)
    group.launcher.ppid = 4
    ctrlevent.os_kill(group.launcher.pid, C)
    assert windows.heard(CTRL_C) == [group.launcher.pid, group.program.pid, stranger.pid]


def test_os_kill_of_the_caller_is_the_caller_alone_though_it_leads(windows: FakeWindows) -> None:
    windows.caller = windows.spawn(new_group=True, ignores=False)
    windows.spawn(parent=windows.caller)
    ctrlevent.os_kill(windows.caller.pid, C)
    assert windows.received == [(windows.caller.pid, CTRL_C)]


@pytest.mark.parametrize("leads", [False, True])
def test_os_kill_of_an_ancestor_in_the_callers_group_is_the_ancestor_alone(
    windows: FakeWindows, leads: bool
) -> None:
    shell = windows.spawn(new_group=leads, ignores=False)
    windows.caller = windows.spawn(parent=shell)
    windows.spawn(parent=shell)
    ctrlevent.os_kill(shell.pid, C)
    assert windows.received == [(shell.pid, CTRL_C)]


def test_os_kill_of_the_leader_of_the_callers_group_that_is_no_ancestor(
    windows: FakeWindows,
) -> None:
    leader = windows.spawn(new_group=True, ignores=False)
    windows.caller = windows.spawn(parent=leader)
    windows.caller.ppid = 4
    child = windows.spawn(parent=leader)
    ctrlevent.os_kill(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid, child.pid]


def test_os_kill_does_not_wait_for_handlers(windows: FakeWindows, launched: Launched) -> None:
    launched.program.reaction = HANGS
    ctrlevent.os_kill(launched.program.pid, C)
    assert windows.heard(CTRL_C) == [launched.program.pid]


def test_os_kill_waits_for_a_process_that_is_starting(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, ignores=False, connects_after=0.03)
    ctrlevent.os_kill(child.pid, C)
    assert windows.heard(CTRL_C) == [child.pid]


def test_os_kill_of_any_other_number_ends_the_process_alone(
    windows: FakeWindows, group: Launched
) -> None:
    ctrlevent.os_kill(group.launcher.pid, TERM)
    assert windows.terminated == [(group.launcher.pid, TERM)]


# --- killpg(unignore=True) ------------------------------------------------------------------------


def test_unignore_makes_every_member_hear(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True)
    member = windows.spawn(parent=leader)
    neighbour = windows.spawn(ignores=True)
    assert (leader.ignores, member.ignores) == (True, True)
    ctrlevent.killpg(leader.pid, C, unignore=True)
    assert windows.heard(CTRL_C) == [leader.pid, member.pid]
    assert neighbour.ignores


def test_unignore_changes_all_members_or_none(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True)
    member = windows.spawn(parent=leader)
    member.denied = c.PROCESS_VM_WRITE
    with pytest.raises(PermissionError, match=f"process {member.pid} "):
        ctrlevent.killpg(leader.pid, C, unignore=True)
    assert (leader.ignores, member.ignores) == (True, True)
    assert windows.received == []


@pytest.mark.parametrize("sig", [BREAK, 0, TERM])
def test_unignore_is_for_ctrl_c_alone(windows: FakeWindows, sig: int) -> None:
    leader = windows.spawn(new_group=True)
    ctrlevent.killpg(leader.pid, sig, unignore=True)
    assert leader.ignores


def test_unignore_of_no_group(windows: FakeWindows, launched: Launched) -> None:
    with pytest.raises(ctrlevent.NotAGroupLeader):
        ctrlevent.killpg(launched.launcher.pid, C, unignore=True)
    assert windows.received == []


# --- no thread in another process -----------------------------------------------------------------


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTRLEVENT_INJECT", "0")


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize(
    "verb",
    [
        ctrlevent.kill,
        functools.partial(ctrlevent.kill, tree=True),
        ctrlevent.deliver,
        ctrlevent.os_kill,
    ],
    ids=["kill", "tree", "deliver", "os_kill"],
)
def test_the_environment_forbids_threads_in_every_verb(
    windows: FakeWindows, launched: Launched, verb: Callable[[int, int], object]
) -> None:
    with pytest.raises(WouldReachOthers, match="CTRLEVENT_INJECT=0"):
        verb(launched.launcher.pid, C)
    assert windows.received == []
    assert "CreateRemoteThread" not in windows.calls


@pytest.mark.usefixtures("forbidden")
def test_the_environment_forbids_threads_in_a_group_elsewhere(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.now += 60
    with pytest.raises(PermissionError, match="CTRLEVENT_INJECT=0"):
        ctrlevent.killpg(leader.pid, C)
    assert windows.received == []


@pytest.mark.usefixtures("forbidden")
def test_the_environment_does_not_forbid_a_thread_in_the_caller(windows: FakeWindows) -> None:
    ctrlevent.kill(windows.caller.pid, C)
    assert windows.received == [(windows.caller.pid, CTRL_C)]


@pytest.mark.parametrize("value", ["1", ""])
def test_other_values_in_the_environment_forbid_nothing(
    windows: FakeWindows, launched: Launched, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CTRLEVENT_INJECT", value)
    ctrlevent.kill(launched.program.pid, C)
    assert windows.received == [(launched.program.pid, CTRL_C)]
