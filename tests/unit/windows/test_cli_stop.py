"""`python -m ctrlevent stop` on a fake Windows: what it asks, waits for, and ends."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from ctrlevent import CtrlCIgnored, NoConsole, WouldReachOthers, _stop
from ctrlevent._stop import Stopped
from ctrlevent._win32 import constants as c
from ctrlevent._windows import dispatch
from tests.fakes.windows import CTRL_C, DEFAULT, DIES, HANDLES, FakeWindows, Process


def leader(windows: FakeWindows, reaction: str = HANDLES) -> Process:
    process = windows.spawn(new_group=True, ignores=False)
    process.reaction = reaction
    return process


def test_leader_is_asked_through_its_group_and_its_exit_code_told(windows: FakeWindows) -> None:
    process, neighbour = leader(windows, DIES), windows.spawn()
    process.held = True
    assert _stop.stop(process.pid, 5.0) == Stopped(7, False, False, None)
    assert windows.heard(CTRL_C) == [process.pid]
    assert neighbour.is_alive
    assert "TerminateProcess" not in windows.calls


def test_while_the_group_is_asked_there_is_no_handle_of_the_leader(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have the console park the event, should the leader exit just then."""
    process = leader(windows, DEFAULT)
    held: list[bool] = []

    def about_to_send(*_: object) -> None:
        held.append(any(handle.to is process for handle in windows.handles.values()))

    monkeypatch.setattr(windows, "about_to_send", about_to_send)
    _stop.stop(process.pid, 5.0)
    assert held == [False]


def test_leader_that_was_gone_at_once_has_no_known_exit_code(windows: FakeWindows) -> None:
    process = leader(windows, DEFAULT)
    assert _stop.stop(process.pid, 5.0) == Stopped(None, False, False, None)


def test_what_does_not_exit_is_ended_when_the_time_is_up(windows: FakeWindows) -> None:
    process = leader(windows)
    member, neighbour = windows.spawn(parent=process), windows.spawn()
    start = windows.now
    assert _stop.stop(process.pid, 5.0) == Stopped(c.STATUS_CONTROL_C_EXIT, True, False, None)
    assert windows.heard(CTRL_C) == [process.pid, member.pid]
    assert (process.exit_code, member.exit_code) == (c.STATUS_CONTROL_C_EXIT,) * 2
    assert windows.now - start >= 5.0
    assert neighbour.is_alive
    assert windows.caller.is_alive


def test_exit_in_time_is_waited_for(windows: FakeWindows) -> None:
    process = leader(windows)
    windows.after(3.0, lambda: process.exit(4))
    start = windows.now
    assert _stop.stop(process.pid, 60.0) == Stopped(4, False, False, None)
    assert windows.now - start < 4.0


def test_rest_of_a_group_has_the_time_that_is_left_and_is_ended_then(windows: FakeWindows) -> None:
    process = leader(windows)
    windows.after(1.0, functools.partial(process.exit, 3))
    quick, slow = windows.spawn(parent=process), windows.spawn(parent=process)
    windows.after(2.0, quick.exit)
    assert _stop.stop(process.pid, 5.0) == Stopped(3, False, True, None)
    assert (quick.exit_code, slow.exit_code) == (0, c.STATUS_CONTROL_C_EXIT)


def test_without_a_grace_it_is_not_asked(windows: FakeWindows) -> None:
    process = leader(windows)
    assert _stop.stop(process.pid, 0) == Stopped(c.STATUS_CONTROL_C_EXIT, True, False, None)
    assert windows.received == []


def test_launcher_and_its_program_are_one(windows: FakeWindows) -> None:
    launcher = windows.spawn()
    program = windows.spawn(parent=launcher)
    apart = windows.spawn(parent=launcher, new_group=True)
    neighbour = windows.spawn()
    windows.after(1.0, functools.partial(launcher.exit, 0))
    assert _stop.stop(launcher.pid, 5.0) == Stopped(0, False, True, None)
    assert windows.heard(CTRL_C) == [launcher.pid, program.pid]
    assert program.exit_code == c.STATUS_CONTROL_C_EXIT
    assert (apart.is_alive, neighbour.is_alive, windows.caller.is_alive) == (True, True, True)


def test_what_a_program_starts_while_it_is_waited_for_is_ended_too(windows: FakeWindows) -> None:
    launcher = windows.spawn()
    program = windows.spawn(parent=launcher)
    late: list[Process] = []
    windows.after(1.0, lambda: late.append(windows.spawn(parent=program)))
    _stop.stop(launcher.pid, 5.0)
    assert [process.exit_code for process in (launcher, program, *late)] == [
        c.STATUS_CONTROL_C_EXIT
    ] * 3


def test_ancestor_of_the_caller_is_stopped_alone(windows: FakeWindows) -> None:
    shell = windows.spawn()
    neighbour = windows.spawn(parent=shell)
    windows.caller = windows.spawn(parent=shell)
    assert _stop.stop(shell.pid, 5.0) == Stopped(c.STATUS_CONTROL_C_EXIT, True, False, None)
    assert windows.heard(CTRL_C) == [shell.pid]
    assert (neighbour.is_alive, windows.caller.is_alive) == (True, True)


def test_what_ignores_ctrl_c_is_ended_at_once(windows: FakeWindows) -> None:
    process = windows.spawn(new_group=True)
    start = windows.now
    stopped = _stop.stop(process.pid, 60.0)
    assert isinstance(stopped.unasked, CtrlCIgnored)
    assert (stopped.exit_code, stopped.was_ended) == (c.STATUS_CONTROL_C_EXIT, True)
    assert windows.received == []
    assert windows.now - start < 1.0


def test_gui_program_is_ended_at_once(windows: FakeWindows) -> None:
    process = windows.spawn(gui=True)
    stopped = _stop.stop(process.pid, 60.0)
    assert isinstance(stopped.unasked, NoConsole)
    assert process.exit_code == c.STATUS_CONTROL_C_EXIT


def test_what_may_not_be_ended_is_not_asked(windows: FakeWindows) -> None:
    process = leader(windows)
    process.denied = c.PROCESS_TERMINATE
    with pytest.raises(PermissionError):
        _stop.stop(process.pid, 5.0)
    assert windows.received == []
    assert process.is_alive


def test_what_would_reach_others_is_refused_and_nothing_ended(windows: FakeWindows) -> None:
    process = windows.spawn()
    with pytest.raises(WouldReachOthers):
        _stop.stop(process.pid, 5.0, inject=False)
    assert windows.received == []
    assert process.is_alive


def test_preview_says_which_would_be_asked(windows: FakeWindows) -> None:
    process = leader(windows)
    member = windows.spawn(parent=process)
    launcher = windows.spawn()
    program = windows.spawn(parent=launcher)
    found = [{one.pid for one in _stop.preview(pid).targets} for pid in (process.pid, launcher.pid)]
    assert found == [{process.pid, member.pid}, {launcher.pid, program.pid}]
    assert windows.received == []
    assert process.is_alive


def test_another_process_with_the_pid_is_left_alone(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader exits by the Ctrl+C, and its pid is given away before it can be held again."""
    process = leader(windows, DEFAULT)
    other: list[Process] = []
    send = dispatch.to_named

    def send_and_reuse(*arguments: Any) -> None:
        send(*arguments)
        windows.now += 1
        new_group = c.CREATE_NEW_PROCESS_GROUP
        other.append(windows.create(windows.caller, new_group, pid=process.pid))

    monkeypatch.setattr(dispatch, "to_named", send_and_reuse)
    assert _stop.stop(process.pid, 5.0) == Stopped(None, False, False, None)
    assert other[0].is_alive


@pytest.mark.parametrize("pid", [0, -4, True, 1 << 40])
def test_wrong_pids(windows: FakeWindows, pid: int) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        _stop.stop(pid, 5.0)
    assert windows.received == []


def test_no_handle_is_left(windows: FakeWindows) -> None:
    before = len(windows.handles)
    for process in (leader(windows), windows.spawn()):
        _stop.stop(process.pid, 1.0)
    assert len(windows.handles) == before
