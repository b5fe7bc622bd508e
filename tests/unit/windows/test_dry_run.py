"""Dry runs on a fake Windows: they name the processes that the verb reaches, and send nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CtrlCIgnored, CtrlEvent, NoConsole, WouldReachOthers, _signals
from ctrlevent._win32 import constants as c
from ctrlevent._windows import dry_run
from tests.fakes import helper as fake_helper
from tests.fakes.windows import Console, FakeWindows, Process

if TYPE_CHECKING:
    from ctrlevent._types import Preview

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT


@pytest.fixture
def leader(windows: FakeWindows) -> Process:
    """The leader of a group on the caller's console."""
    return windows.spawn(new_group=True, ignores=False)


@pytest.fixture
def member(windows: FakeWindows, leader: Process) -> Process:
    return windows.spawn(parent=leader)


@pytest.fixture
def far(windows: FakeWindows) -> Process:
    """The leader of a group on another console, with another member there."""
    far = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.spawn(parent=far)
    windows.now += 60
    return far


def preview_killpg(windows: FakeWindows, pgid: int, sig: int, **named: Any) -> Preview:
    preview = _signals.preview_killpg(pgid, sig, **named)
    assert (windows.received, windows.terminated, windows.handles) == ([], [], {})
    return preview


def preview_kill(windows: FakeWindows, pid: int, sig: int, **named: Any) -> Preview:
    preview = _signals.preview_kill(pid, sig, **named)
    assert (windows.received, windows.terminated, windows.handles) == ([], [], {})
    return preview


def pids(preview: Preview) -> list[int]:
    return [process.pid for process in preview.targets]


def reached(windows: FakeWindows) -> list[int]:
    return sorted(pid for pid, _ in windows.received + windows.terminated)


# --- groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sig", "how"),
    [
        (C, dry_run.GROUP),
        (BREAK, dry_run.GROUP),
        (0, dry_run.LOOK),
        (signal.SIGTERM, "ended, with exit code 15"),
    ],
)
def test_group(windows: FakeWindows, leader: Process, member: Process, sig: int, how: str) -> None:
    preview = preview_killpg(windows, leader.pid, sig)
    assert preview.how == how
    assert sorted(pids(preview)) == [leader.pid, member.pid]
    ctrlevent.killpg(leader.pid, sig)
    assert reached(windows) == ([] if sig is not C and sig == 0 else sorted(pids(preview)))


@pytest.mark.parametrize(("sig", "hears"), [(C, False), (BREAK, True)])
def test_group_without_those_who_ignore_it(
    windows: FakeWindows, leader: Process, member: Process, sig: int, hears: bool
) -> None:
    member.ignores = True
    preview = preview_killpg(windows, leader.pid, sig)
    assert sorted(pids(preview)) == [leader.pid, *([member.pid] if hears else [])]
    ctrlevent.killpg(leader.pid, sig)
    assert reached(windows) == sorted(pids(preview))


def test_group_zero_is_that_of_the_caller(windows: FakeWindows, leader: Process) -> None:
    child = windows.spawn()
    preview = preview_killpg(windows, 0, C)
    assert sorted(pids(preview)) == [windows.caller.pid, child.pid]
    assert leader.pid not in pids(preview)


@pytest.mark.parametrize("has_helper", [False, True])
def test_group_elsewhere(windows: FakeWindows, far: Process, has_helper: bool) -> None:
    if has_helper:
        fake_helper.install(windows)
    preview = preview_killpg(windows, far.pid, C)
    assert preview.how == (dry_run.HELPER if has_helper else dry_run.THREAD)
    assert far.pid in pids(preview)
    ctrlevent.killpg(far.pid, C)
    assert reached(windows) == sorted(pids(preview))


@pytest.mark.parametrize("sig", [C, 0, signal.SIGTERM])
def test_group_that_is_none(windows: FakeWindows, sig: int) -> None:
    for verb in (_signals.preview_killpg, ctrlevent.killpg):
        with pytest.raises(ProcessLookupError, match="no process group 9996"):
            verb(9996, sig)
    assert reached(windows) == []


def test_group_that_ignores_it(windows: FakeWindows, leader: Process) -> None:
    leader.ignores = True
    for verb in (_signals.preview_killpg, ctrlevent.killpg):
        with pytest.raises(CtrlCIgnored):
            verb(leader.pid, C)
    assert reached(windows) == []


# --- processes ------------------------------------------------------------------------------------


def test_process_alone_in_its_group(windows: FakeWindows, leader: Process) -> None:
    preview = preview_kill(windows, leader.pid, C)
    assert (preview.how, pids(preview)) == (dry_run.ALONE, [leader.pid])


def test_caller_itself(windows: FakeWindows) -> None:
    preview = preview_kill(windows, windows.caller.pid, C)
    assert (preview.how, pids(preview)) == (dry_run.OWN_THREAD, [windows.caller.pid])


def test_process_that_is_not_alone(windows: FakeWindows, leader: Process, member: Process) -> None:
    windows.now += 60
    preview = preview_kill(windows, member.pid, C)
    assert (preview.how, pids(preview)) == (dry_run.THREAD, [member.pid])
    assert leader.is_alive


@pytest.mark.parametrize(
    ("sig", "how"), [(0, dry_run.LOOK), (signal.SIGTERM, "ended, with exit code 15")]
)
def test_process_and_no_event(
    windows: FakeWindows, leader: Process, member: Process, sig: int, how: str
) -> None:
    preview = preview_kill(windows, leader.pid, sig)
    assert (preview.how, pids(preview)) == (how, [leader.pid])
    assert member.is_alive


@pytest.mark.parametrize("inject", [False, True])
def test_process_in_which_no_thread_can_be_started(
    windows: FakeWindows, leader: Process, member: Process, inject: bool
) -> None:
    member.denied = c.PROCESS_CREATE_THREAD
    windows.now += 60
    for verb in (_signals.preview_kill, ctrlevent.kill):
        with pytest.raises(WouldReachOthers) as error:
            verb(member.pid, C, inject=inject)
        assert [other.pid for other in error.value.others] == [leader.pid]
    assert reached(windows) == []


@pytest.mark.parametrize("has_helper", [False, True])
def test_process_alone_in_its_group_elsewhere(windows: FakeWindows, has_helper: bool) -> None:
    alone = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.now += 60
    if has_helper:
        fake_helper.install(windows)
        preview = preview_kill(windows, alone.pid, C, inject=False)
        assert (preview.how, pids(preview)) == (dry_run.ALONE_ELSEWHERE, [alone.pid])
        ctrlevent.kill(alone.pid, C, inject=False)
        assert reached(windows) == [alone.pid]
        return
    for verb in (_signals.preview_kill, ctrlevent.kill):
        with pytest.raises(NoConsole):
            verb(alone.pid, C, inject=False)
    assert reached(windows) == []


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("zero", [True, False])
def test_zero_and_negative_pids_are_groups(
    windows: FakeWindows, leader: Process, zero: bool
) -> None:
    pid = 0 if zero else leader.pid
    assert preview_kill(windows, -pid, C) == preview_killpg(windows, pid, C)


def test_minus_one_is_refused(windows: FakeWindows) -> None:
    for verb in (_signals.preview_kill, ctrlevent.kill):
        with pytest.raises(WouldReachOthers):
            verb(-1, C)
    assert reached(windows) == []
