"""`kill`, `killpg`, `deliver` and `broadcast` on a fake Windows: which processes get the event."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import (
    CtrlCIgnored,
    CtrlEvent,
    Delivery,
    NoConsole,
    NotAGroupLeader,
    WouldReachOthers,
)
from ctrlevent._errors import winerror_of
from ctrlevent._win32 import constants as c
from ctrlevent._win32.structures import LAYOUT64
from tests.fakes.profiles import WINE
from tests.fakes.windows import (
    CTRL_BREAK,
    CTRL_C,
    HANGS,
    PARAMETERS,
    Console,
    Entry,
    FakeWindows,
    Process,
    install,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT
TERM = signal.SIGTERM


class Family(NamedTuple):
    """A group of three that hears Ctrl+C, and two processes that are not meant."""

    leader: Process
    child: Process
    grandchild: Process
    bystander: Process
    other_leader: Process

    @property
    def group(self) -> list[int]:
        return [self.leader.pid, self.child.pid, self.grandchild.pid]


@pytest.fixture
def family(windows: FakeWindows) -> Family:
    return make_family(windows)


def make_family(windows: FakeWindows) -> Family:
    leader = windows.spawn(new_group=True, ignores=False)
    child = windows.spawn(parent=leader)
    grandchild = windows.spawn(parent=child)
    bystander = windows.spawn()
    other_leader = windows.spawn(new_group=True, ignores=False)
    return Family(leader, child, grandchild, bystander, other_leader)


def assert_nothing_happened(windows: FakeWindows) -> None:
    assert windows.received == []
    assert windows.terminated == []
    assert "GenerateConsoleCtrlEvent" not in windows.calls
    assert "CreateRemoteThread" not in windows.calls
    assert "TerminateProcess" not in windows.calls


# --- killpg, an event -----------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [C, signal.SIGINT, 2])
def test_killpg_ctrl_c_reaches_the_members_alone(
    windows: FakeWindows, family: Family, sig: int
) -> None:
    ctrlevent.killpg(family.leader.pid, sig)
    assert windows.heard(CTRL_C) == family.group
    assert windows.heard(CTRL_BREAK) == []


@pytest.mark.parametrize("sig", [BREAK, 1, 21])
def test_killpg_break_reaches_the_members_alone(
    windows: FakeWindows, family: Family, sig: int
) -> None:
    ctrlevent.killpg(family.leader.pid, sig)
    assert windows.heard(CTRL_BREAK) == family.group
    assert windows.heard(CTRL_C) == []


def test_killpg_of_the_own_group_is_never_the_whole_console(
    windows: FakeWindows, family: Family
) -> None:
    ctrlevent.killpg(0, C)
    assert windows.heard(CTRL_C) == [windows.caller.pid, family.bystander.pid]


def test_killpg_reaches_members_whose_leader_has_ended(
    windows: FakeWindows, family: Family
) -> None:
    family.leader.exit()
    ctrlevent.killpg(family.leader.pid, C)
    assert windows.heard(CTRL_C) == family.group[1:]


def test_killpg_reaches_members_whose_leaders_pid_is_somebody_elses_now(
    windows: FakeWindows, family: Family
) -> None:
    family.leader.exit()
    family.other_leader.exit()
    stranger = windows.spawn()
    del windows.processes[stranger.pid]
    stranger.detach()
    stranger.pid = family.leader.pid
    windows.processes[stranger.pid] = stranger
    stranger.connect(windows.console)
    ctrlevent.killpg(family.leader.pid, C)
    assert windows.heard(CTRL_C) == family.group[1:]


def test_killpg_of_a_non_leader_names_its_group(windows: FakeWindows, family: Family) -> None:
    with pytest.raises(NotAGroupLeader) as caught:
        ctrlevent.killpg(family.child.pid, C)
    assert caught.value.pgid == family.leader.pid
    assert_nothing_happened(windows)


def test_killpg_of_a_pid_that_never_existed(windows: FakeWindows, family: Family) -> None:
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(family.other_leader.pid + 400, C)
    assert_nothing_happened(windows)


def test_killpg_of_an_ended_leader_whose_handle_is_held(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    child.held = True
    child.exit()
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(child.pid, BREAK)
    assert_nothing_happened(windows)


def test_killpg_of_a_gui_leader(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, gui=True)
    with pytest.raises(NoConsole, match="GUI program"):
        ctrlevent.killpg(child.pid, BREAK)
    assert_nothing_happened(windows)
    assert windows.now < 1001, "nothing to wait for"


def test_killpg_of_a_detached_leader(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, console_handle=c.CONSOLE_DETACHED_PROCESS)
    ctrlevent.killpg(child.pid, BREAK)
    assert windows.received == [(child.pid, BREAK)]


def test_killpg_of_a_detached_leader_without_injection(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, console_handle=c.CONSOLE_DETACHED_PROCESS)
    with pytest.raises(NoConsole, match=r"has no console.* are forbidden"):
        ctrlevent.killpg(child.pid, BREAK, inject=False)
    assert_nothing_happened(windows)


def test_killpg_of_a_leader_that_ignores_ctrl_c(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    with pytest.raises(CtrlCIgnored):
        ctrlevent.killpg(child.pid, C)
    assert_nothing_happened(windows)


def test_killpg_reaches_the_one_member_that_hears(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True)
    windows.spawn(parent=leader)
    hears = windows.spawn(parent=leader, ignores=False)
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [hears.pid]


def test_killpg_with_an_unreadable_process_on_the_console(windows: FakeWindows) -> None:
    stranger = windows.spawn(new_group=True)
    stranger.denied = c.PROCESS_VM_READ
    with pytest.raises(PermissionError):
        ctrlevent.killpg(4000, BREAK)
    assert_nothing_happened(windows)


@pytest.mark.parametrize("event", [C, BREAK])
def test_killpg_sends_past_an_unreadable_bystander(
    windows: FakeWindows, family: Family, event: CtrlEvent
) -> None:
    family.bystander.denied = c.PROCESS_VM_READ
    ctrlevent.killpg(family.leader.pid, event)
    assert windows.heard(event) == family.group


def test_killpg_probe_sends_nothing(windows: FakeWindows, family: Family) -> None:
    ctrlevent.killpg(family.leader.pid, 0)
    assert_nothing_happened(windows)


def test_killpg_probe_of_a_group_whose_leader_has_ended(
    windows: FakeWindows, family: Family
) -> None:
    family.leader.exit()
    ctrlevent.killpg(family.leader.pid, 0)
    assert_nothing_happened(windows)


def test_killpg_probe_of_a_group_that_has_ended(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    child.held = True
    child.exit()
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(child.pid, 0)


def test_killpg_probe_of_a_non_leader(family: Family) -> None:
    with pytest.raises(NotAGroupLeader):
        ctrlevent.killpg(family.child.pid, 0)


# --- a group on another console -------------------------------------------------------------------


def test_killpg_reaches_a_group_on_another_console(windows: FakeWindows) -> None:
    other = Console(windows)
    leader = windows.spawn(new_group=True, console=other, ignores=False)
    child = windows.spawn(parent=leader)
    windows.spawn(console=other)
    windows.now += 60
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid, child.pid]


def test_killpg_of_a_caller_without_a_console(windows: FakeWindows, family: Family) -> None:
    windows.caller.detach()
    windows.now += 60
    ctrlevent.killpg(family.leader.pid, C)
    assert windows.heard(CTRL_C) == family.group


@pytest.mark.parametrize("older", [0, 5])
def test_killpg_elsewhere_reads_nobody_who_is_older_than_the_leader(
    windows: FakeWindows, older: int
) -> None:
    for _ in range(older):
        windows.spawn(console=Console(windows))
    windows.now += 1
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    child = windows.spawn(parent=leader)
    windows.now += 60
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid, child.pid]
    # The leader three times and its child, three reads each; the code of CtrlRoutine; and whether
    # the leader is starting, and once more both of them before they get a thread.
    assert windows.calls.count("ReadProcessMemory") == 3 * 4 + 4 + 5 * 3


def test_killpg_elsewhere_is_all_or_nobody(windows: FakeWindows) -> None:
    other = Console(windows)
    leader = windows.spawn(new_group=True, console=other, ignores=False)
    windows.spawn(parent=leader).denied = c.PROCESS_CREATE_THREAD
    windows.now += 60
    with pytest.raises(PermissionError, match="no thread can be started in every member"):
        ctrlevent.killpg(leader.pid, C)
    assert_nothing_happened(windows)


def test_killpg_elsewhere_sends_nothing_if_the_leader_cannot_be_read(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.spawn(parent=leader)
    leader.denied = c.PROCESS_VM_READ
    windows.now += 60
    with pytest.raises(PermissionError):
        ctrlevent.killpg(leader.pid, C)
    assert_nothing_happened(windows)


def test_killpg_elsewhere_reaches_nobody_if_the_last_thread_cannot_be_started(
    windows: FakeWindows,
) -> None:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    windows.spawn(parent=leader)
    windows.now += 60
    windows.fail("CreateRemoteThread", c.ERROR_ACCESS_DENIED, nth=2)
    with pytest.raises(PermissionError):
        ctrlevent.killpg(leader.pid, C)
    assert windows.received == []


def test_killpg_elsewhere_goes_on_if_a_member_ends_while_it_is_looked_at(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    child = windows.spawn(parent=leader)
    windows.now += 60
    real = windows.GetProcAddress

    def get(module: str, lpProcName: str) -> int:
        child.exit()
        return real(module, lpProcName)

    monkeypatch.setattr(windows, "GetProcAddress", get)
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid]


def test_killpg_elsewhere_of_a_group_that_ends_while_it_is_looked_at(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    child = windows.spawn(parent=leader)
    windows.now += 60
    real = windows.GetProcAddress

    def get(module: str, lpProcName: str) -> int:
        leader.exit()
        child.exit()
        return real(module, lpProcName)

    monkeypatch.setattr(windows, "GetProcAddress", get)
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(leader.pid, C)
    assert_nothing_happened(windows)


# --- waiting for a leader -------------------------------------------------------------------------


def test_killpg_waits_for_a_leader_that_connects_later(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, ignores=False, connects_after=0.03)
    ctrlevent.killpg(child.pid, C)
    assert windows.heard(CTRL_C) == [child.pid]
    assert 1000.03 <= windows.now < 1000.05


def test_killpg_of_a_leader_that_never_connects_ends(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, connects_after=None)
    with pytest.raises(OSError, match=f"{child.pid}"):
        ctrlevent.killpg(child.pid, C, timeout=None)
    assert windows.now < 1003
    assert windows.received == []


def test_killpg_of_a_leader_that_does_not_connect_in_time(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, ignores=False, connects_after=0.3)
    with pytest.raises(NoConsole, match=rf"process {child.pid} .*timeout="):
        ctrlevent.killpg(child.pid, C, timeout=0.1)
    assert 1000.1 <= windows.now < 1000.12
    assert_nothing_happened(windows)


def test_killpg_of_a_leader_that_ends_meanwhile(windows: FakeWindows) -> None:
    child = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    windows.after(0.02, child.exit)
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(child.pid, C)
    assert windows.now < 1000.1
    assert_nothing_happened(windows)


def test_killpg_without_time_to_wait_does_not_sleep(windows: FakeWindows, family: Family) -> None:
    ctrlevent.killpg(family.leader.pid, C, timeout=0)
    assert windows.heard(CTRL_C) == family.group
    assert windows.now == 1000.0


# --- killpg, ending a group -----------------------------------------------------------------------


@pytest.mark.parametrize("sig", [TERM, 3, 2**32 - 1])
def test_killpg_ends_every_member_with_the_number(
    windows: FakeWindows, family: Family, sig: int
) -> None:
    ctrlevent.killpg(family.leader.pid, sig)
    assert sorted(windows.terminated) == [(pid, sig) for pid in family.group]
    assert windows.received == []


def test_killpg_ends_the_own_group_and_the_caller_last(
    windows: FakeWindows, family: Family
) -> None:
    ctrlevent.killpg(0, 9)
    assert windows.terminated == [(family.bystander.pid, 9), (windows.caller.pid, 9)]


def test_killpg_ends_a_member_that_starts_meanwhile(
    windows: FakeWindows, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.TerminateProcess
    late: list[Process] = []

    def terminate(hProcess: int, uExitCode: int) -> None:
        if not late:
            late.append(windows.spawn(parent=family.child))
        real(hProcess, uExitCode)

    monkeypatch.setattr(windows, "TerminateProcess", terminate)
    ctrlevent.killpg(family.leader.pid, 9)
    assert (late[0].pid, 9) in windows.terminated


def test_killpg_ends_members_that_take_a_while_once(windows: FakeWindows, family: Family) -> None:
    for pid in family.group:
        windows.processes[pid].lingers = 1.0
    ctrlevent.killpg(family.leader.pid, 9)
    assert sorted(windows.terminated) == [(pid, 9) for pid in family.group]


@pytest.mark.parametrize("lingers", [0.0, 1.0])
def test_killpg_spares_an_older_process_of_a_former_group_with_the_number(
    family: Family, lingers: float
) -> None:
    older = family.bystander
    older.parameters.ProcessGroupId = family.leader.pid
    older.created = family.leader.created - 1
    family.leader.lingers = lingers
    ctrlevent.killpg(family.leader.pid, 9)
    assert older.is_alive


def test_killpg_ends_nobody_if_one_member_may_not_be_ended(
    windows: FakeWindows, family: Family
) -> None:
    family.grandchild.denied = c.PROCESS_TERMINATE
    with pytest.raises(PermissionError):
        ctrlevent.killpg(family.leader.pid, 9)
    assert_nothing_happened(windows)


def test_killpg_ends_nobody_if_the_leader_cannot_be_read(
    windows: FakeWindows, family: Family
) -> None:
    family.leader.denied = c.PROCESS_VM_READ
    with pytest.raises(PermissionError):
        ctrlevent.killpg(family.leader.pid, 9)
    assert_nothing_happened(windows)


@pytest.mark.parametrize("sig", [9, 0])
def test_killpg_goes_on_if_a_member_ends_while_it_is_looked_at(
    windows: FakeWindows, family: Family, sig: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.EnumProcesses

    def enumerate_processes() -> tuple[int, ...]:
        pids = real()
        windows.after(0, family.grandchild.exit)
        return pids

    monkeypatch.setattr(windows, "EnumProcesses", enumerate_processes)
    real_times = windows.GetProcessTimes

    def times(hProcess: int) -> int:
        family.grandchild.exit()
        return real_times(hProcess)

    monkeypatch.setattr(windows, "GetProcessTimes", times)
    if sig == 0:
        family.leader.denied = c.PROCESS_VM_READ
    ctrlevent.killpg(family.leader.pid, sig)
    if sig:
        assert sorted(windows.terminated) == [(pid, 9) for pid in family.group[:2]]


@pytest.mark.usefixtures("windows")
def test_killpg_that_finds_nobody_to_end() -> None:
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(4000, 9)


def test_killpg_to_end_a_non_leader_names_its_group(windows: FakeWindows, family: Family) -> None:
    with pytest.raises(NotAGroupLeader):
        ctrlevent.killpg(family.child.pid, 9)
    assert_nothing_happened(windows)


def test_killpg_of_a_group_that_multiplies_gives_up(
    windows: FakeWindows, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.TerminateProcess

    def terminate(hProcess: int, uExitCode: int) -> None:
        windows.spawn(parent=family.leader)
        windows.sleep(0.1)
        real(hProcess, uExitCode)

    monkeypatch.setattr(windows, "TerminateProcess", terminate)
    with pytest.raises(TimeoutError, match="starts processes faster than they are ended"):
        ctrlevent.killpg(family.leader.pid, 9, timeout=1.0)


# --- kill -----------------------------------------------------------------------------------------


def test_kill_of_the_caller_returns_after_its_handlers(windows: FakeWindows) -> None:
    windows.caller.handler_seconds = 0.3
    ctrlevent.kill(windows.caller.pid, C)
    assert windows.received == [(windows.caller.pid, CTRL_C)]
    assert windows.now == pytest.approx(1000.3)


def test_kill_of_a_process_alone_in_its_group_goes_through_the_group(
    windows: FakeWindows, family: Family
) -> None:
    ctrlevent.kill(family.other_leader.pid, C)
    assert windows.heard(CTRL_C) == [family.other_leader.pid]
    assert "CreateRemoteThread" not in windows.calls


@pytest.mark.parametrize("event", [C, BREAK])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_kill_of_a_member_reaches_it_alone(
    windows: FakeWindows, family: Family, index: int, event: CtrlEvent
) -> None:
    ctrlevent.kill(family.group[index], event)
    assert windows.received == [(family.group[index], event)]


def test_kill_without_injection_names_who_else_would_be_hit(
    windows: FakeWindows, family: Family
) -> None:
    with pytest.raises(WouldReachOthers) as caught:
        ctrlevent.kill(family.child.pid, C, inject=False)
    assert sorted(other.pid for other in caught.value.others) == [
        family.leader.pid,
        family.grandchild.pid,
    ]
    assert_nothing_happened(windows)


def test_kill_of_a_process_on_another_console(windows: FakeWindows) -> None:
    child = windows.spawn(console=Console(windows))
    ctrlevent.kill(child.pid, C)
    assert windows.heard(CTRL_C) == [child.pid]


def test_kill_of_a_process_on_another_console_without_injection(windows: FakeWindows) -> None:
    """It has connected there, so it will not connect here, however young it is."""
    child = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    with pytest.raises(NoConsole):
        ctrlevent.kill(child.pid, C, inject=False)
    assert_nothing_happened(windows)
    assert windows.now == 1000.0


def test_process_that_connects_between_the_two_looks_is_looked_for_here_again(
    windows: FakeWindows,
) -> None:
    """Its loader says that it has connected, and the process list of before did not have it."""
    child = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    child.ignores = False
    real = windows.GetConsoleProcessList

    def process_list() -> tuple[int, ...]:
        pids = real()
        child.start()
        return pids

    windows.GetConsoleProcessList = process_list  # type: ignore[method-assign]
    ctrlevent.killpg(child.pid, C, inject=False)
    assert windows.received == [(child.pid, C)]
    assert windows.calls.count("GenerateConsoleCtrlEvent") == 1


@pytest.mark.parametrize("verb", [ctrlevent.kill, ctrlevent.killpg])
def test_process_that_stays_suspended_is_waited_for_as_long_as_the_caller_says(
    windows: FakeWindows, verb: Callable[..., None]
) -> None:
    child = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    child.ignores = False
    with pytest.raises(OSError, match=f"process {child.pid} is not on the console"):
        verb(child.pid, C, timeout=3.0)
    assert 1003.0 <= windows.now < 1003.02
    assert_nothing_happened(windows)


def test_kill_without_injection_waits_for_a_process_that_connects(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, ignores=False, connects_after=0.03)
    ctrlevent.kill(child.pid, C, inject=False)
    assert windows.heard(CTRL_C) == [child.pid]


def test_kill_of_a_gui_program(windows: FakeWindows) -> None:
    child = windows.spawn(gui=True)
    with pytest.raises(NoConsole):
        ctrlevent.kill(child.pid, C)
    assert_nothing_happened(windows)


def test_kill_works_for_a_caller_without_a_console(windows: FakeWindows, family: Family) -> None:
    windows.caller.detach()
    ctrlevent.kill(family.child.pid, C)
    assert windows.heard(CTRL_C) == [family.child.pid]


def test_kill_minus_one_is_refused(windows: FakeWindows, family: Family) -> None:
    with pytest.raises(WouldReachOthers, match="broadcast"):
        ctrlevent.kill(-1, 9)
    assert family.leader.is_alive
    assert windows.calls == []


def test_kill_zero_is_the_own_group(windows: FakeWindows, family: Family) -> None:
    ctrlevent.kill(0, C)
    assert windows.heard(CTRL_C) == [windows.caller.pid, family.bystander.pid]


def test_kill_minus_pgid_is_that_group(windows: FakeWindows, family: Family) -> None:
    ctrlevent.kill(-family.leader.pid, C)
    assert windows.heard(CTRL_C) == family.group


def test_kill_minus_pid_of_a_non_leader(windows: FakeWindows, family: Family) -> None:
    with pytest.raises(NotAGroupLeader):
        ctrlevent.kill(-family.child.pid, C)
    assert_nothing_happened(windows)


def test_kill_probe_of_a_live_process(windows: FakeWindows, family: Family) -> None:
    ctrlevent.kill(family.child.pid, 0)
    assert_nothing_happened(windows)


def test_kill_probe_of_an_ended_process_whose_handle_is_held(family: Family) -> None:
    family.child.held = True
    family.child.exit(259)
    with pytest.raises(ProcessLookupError):
        ctrlevent.kill(family.child.pid, 0)


def test_kill_probe_of_a_denied_process(family: Family) -> None:
    family.child.denied = c.PROCESS_QUERY_LIMITED_INFORMATION
    with pytest.raises(PermissionError):
        ctrlevent.kill(family.child.pid, 0)


@pytest.mark.parametrize("sig", [TERM, 3, 2**32 - 1])
def test_kill_ends_one_process_with_the_number(
    windows: FakeWindows, family: Family, sig: int
) -> None:
    ctrlevent.kill(family.leader.pid, sig)
    assert windows.terminated == [(family.leader.pid, sig)]


@pytest.mark.parametrize("extra", [1, 2, 3])
@pytest.mark.parametrize("sig", [0, C, BREAK, TERM])
def test_kill_with_low_bits_that_windows_would_ignore(
    windows: FakeWindows, family: Family, sig: int, extra: int
) -> None:
    pid = family.leader.pid + extra
    with pytest.raises(ProcessLookupError, match=f"there is no process {pid}"):
        ctrlevent.kill(pid, sig)
    assert_nothing_happened(windows)


def test_kill_to_end_a_process_needs_no_right_to_read_it(
    windows: FakeWindows, family: Family
) -> None:
    family.child.denied = c.PROCESS_VM_READ
    ctrlevent.kill(family.child.pid, 9)
    assert windows.terminated == [(family.child.pid, 9)]


def test_kill_of_a_process_that_ends_by_itself_meanwhile(
    windows: FakeWindows, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.TerminateProcess

    def terminate(hProcess: int, uExitCode: int) -> None:
        family.child.exit()
        real(hProcess, uExitCode)

    monkeypatch.setattr(windows, "TerminateProcess", terminate)
    with pytest.raises(ProcessLookupError):
        ctrlevent.kill(family.child.pid, 9)


def test_kill_of_a_process_that_windows_does_not_let_end(
    windows: FakeWindows, family: Family
) -> None:
    windows.fail("TerminateProcess", c.ERROR_ACCESS_DENIED)
    with pytest.raises(PermissionError):
        ctrlevent.kill(family.child.pid, 9)


# --- deliver --------------------------------------------------------------------------------------


def test_deliver_to_a_group_of_one_is_sent(family: Family) -> None:
    assert ctrlevent.deliver(family.other_leader.pid, C) is Delivery.SENT


@pytest.mark.usefixtures("family")
def test_deliver_to_zero_is_the_caller_alone(windows: FakeWindows) -> None:
    assert ctrlevent.deliver(0, BREAK) is Delivery.HANDLED
    assert windows.received == [(windows.caller.pid, CTRL_BREAK)]


def test_deliver_closes_everything_before_the_handlers_of_the_caller_run(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_handles: list[int] = []
    real = windows.ResumeThread

    def resume(hThread: int) -> None:
        open_handles.extend(windows.handles)
        real(hThread)

    monkeypatch.setattr(windows, "ResumeThread", resume)
    ctrlevent.deliver(0, C)
    assert len(open_handles) == 1


def test_handle_of_the_thread_is_closed_if_a_handler_raises(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: int) -> int:
        raise KeyboardInterrupt

    real = windows.ResumeThread

    def resume(hThread: int) -> None:
        real(hThread)
        monkeypatch.setattr(windows, "WaitForSingleObject", interrupt)

    monkeypatch.setattr(windows, "ResumeThread", resume)
    with pytest.raises(KeyboardInterrupt):
        ctrlevent.deliver(0, C)
    assert not windows.handles


# --- broadcast ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(("sig", "event"), [(C, CTRL_C), (2, CTRL_C), (21, CTRL_BREAK)])
def test_broadcast_reaches_everybody_on_the_console(
    windows: FakeWindows, sig: int, event: int
) -> None:
    elsewhere = windows.spawn(console=Console(windows))
    ctrlevent.broadcast(sig)
    everybody = sorted({*windows.processes} - {elsewhere.pid})
    assert windows.heard(event) == everybody


def test_broadcast_of_ctrl_c_that_nobody_hears(windows: FakeWindows) -> None:
    windows.caller.ignores = True
    with pytest.raises(CtrlCIgnored):
        ctrlevent.broadcast(C)
    assert_nothing_happened(windows)


def test_broadcast_on_wine_goes_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, group 0 is the caller's own group."""
    windows = install(monkeypatch, FakeWindows(profile=WINE))
    family = make_family(windows)
    elsewhere = windows.spawn(console=Console(windows))
    ctrlevent.broadcast(C)
    assert windows.heard(CTRL_C) == sorted({*windows.processes} - {elsewhere.pid})
    assert windows.calls.count("GenerateConsoleCtrlEvent") == 3
    assert windows.received[-1][0] not in family.group
    assert not windows.handles


def test_broadcast_on_wine_reaches_nobody_if_a_group_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows = install(monkeypatch, FakeWindows(profile=WINE))
    make_family(windows).grandchild.denied = c.PROCESS_VM_READ
    with pytest.raises(PermissionError):
        ctrlevent.broadcast(C)
    assert windows.received == []
    assert not windows.handles


@pytest.mark.usefixtures("family")
def test_broadcast_makes_no_phantom_of_a_group_that_ends_meanwhile(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_lived = windows.spawn(parent=windows.spawn(new_group=True), new_group=True)
    real = windows.GenerateConsoleCtrlEvent

    def generate(dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        short_lived.exit()
        real(dwCtrlEvent, dwProcessGroupId)

    monkeypatch.setattr(windows, "GenerateConsoleCtrlEvent", generate)
    ctrlevent.broadcast(BREAK)
    assert windows.heard(CTRL_BREAK) == sorted({*windows.processes} - {short_lived.pid})
    assert windows.console.phantoms == []


def test_broadcast_without_a_console(windows: FakeWindows) -> None:
    windows.caller.detach()
    with pytest.raises(NoConsole):
        ctrlevent.broadcast(C)


@pytest.mark.parametrize("sig", [0, 9, CtrlEvent.CTRL_CLOSE_EVENT])
def test_broadcast_sends_events_alone(windows: FakeWindows, sig: int) -> None:
    with pytest.raises(ValueError, match="CTRL_C_EVENT"):
        ctrlevent.broadcast(sig)
    assert windows.calls == []


# --- ignore_ctrl_c --------------------------------------------------------------------------------


@pytest.mark.parametrize(("pointer_size", "bits"), [(8, 64), (8, 32), (4, 32), (4, 64)])
def test_ignore_bit_of_another_process_is_written(
    pointer_size: int, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = FakeWindows(pointer_size=pointer_size)
    install(monkeypatch, windows)
    child = windows.spawn(new_group=True, bits=bits)
    child.parameters.ConsoleFlags = 0xF1
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert child.parameters.ConsoleFlags == 0xF0
    assert ctrlevent.ignore_ctrl_c(True, child.pid) is False
    assert child.parameters.ConsoleFlags == 0xF1
    assert not windows.handles


def test_ignore_bit_is_written_on_a_32_bit_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = install(monkeypatch, FakeWindows(pointer_size=4, bits=32))
    child = windows.spawn(new_group=True)
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert not child.ignores
    assert "NtWow64QueryInformationProcess64" not in windows.calls


def test_ignore_bit_of_a_32_bit_process_that_has_not_run_yet(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True, bits=32)
    child.peb.ProcessParameters = 0
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    twin = LAYOUT64.process_parameters.from_buffer(child.memory[PARAMETERS[64]])
    assert twin.ConsoleFlags == 0


def test_ignore_bit_of_the_caller_is_set_by_windows(windows: FakeWindows) -> None:
    assert ctrlevent.ignore_ctrl_c() is False
    assert windows.caller.ignores
    assert "SetConsoleCtrlHandler" in windows.calls
    assert ctrlevent.ignore_ctrl_c(False, windows.caller.pid) is True
    assert not windows.caller.ignores


def test_child_hears_ctrl_c_after_its_bit_was_cleared(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    ctrlevent.ignore_ctrl_c(False, child.pid)
    ctrlevent.killpg(child.pid, C)
    assert windows.heard(CTRL_C) == [child.pid]


def test_ignore_bit_of_a_process_that_may_not_be_written(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.denied = c.PROCESS_VM_WRITE
    with pytest.raises(PermissionError):
        ctrlevent.ignore_ctrl_c(True, child.pid)


# --- arguments ------------------------------------------------------------------------------------


NONE: Any = None
HALF: Any = 0.5
TEXT: Any = "5"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda _: ctrlevent.killpg(True, C), TypeError),
        (lambda pid: ctrlevent.killpg(pid, True), TypeError),
        (lambda pid: ctrlevent.killpg(pid, HALF), TypeError),
        (lambda pid: ctrlevent.killpg(-pid, C), ValueError),
        (lambda pid: ctrlevent.killpg(pid, -1), ValueError),
        (lambda _: ctrlevent.killpg(2**32, C), OverflowError),
        (lambda pid: ctrlevent.killpg(pid, 2**32), OverflowError),
        (lambda pid: ctrlevent.killpg(pid, C, timeout=-1), ValueError),
        (lambda pid: ctrlevent.killpg(pid, C, timeout=TEXT), TypeError),
        (lambda pid: ctrlevent.killpg(pid, CtrlEvent.CTRL_CLOSE_EVENT), ValueError),
        (lambda _: ctrlevent.kill(NONE, C), TypeError),
        (lambda pid: ctrlevent.kill(pid, NONE), TypeError),
        (lambda pid: ctrlevent.kill(pid, -1), ValueError),
        (lambda _: ctrlevent.kill(-(2**32), C), OverflowError),
        (lambda pid: ctrlevent.kill(pid, 2**32), OverflowError),
        (lambda pid: ctrlevent.kill(pid, 9, timeout=float("nan")), ValueError),
        (lambda pid: ctrlevent.deliver(pid, 0), ValueError),
        (lambda pid: ctrlevent.deliver(pid, 9), ValueError),
        (lambda pid: ctrlevent.deliver(-pid, C), ValueError),
        (lambda _: ctrlevent.deliver(HALF, C), TypeError),
        (lambda _: ctrlevent.broadcast(NONE), TypeError),
        (lambda _: ctrlevent.broadcast(2**32), OverflowError),
    ],
)
def test_nothing_is_asked_before_all_arguments_are_checked(
    windows: FakeWindows, call: Callable[[int], object], error: type[Exception]
) -> None:
    child = windows.spawn()
    windows.calls.clear()
    with pytest.raises(error):
        call(child.pid)
    assert windows.calls == []


# --- faults ---------------------------------------------------------------------------------------


class Scenario(NamedTuple):
    """A call that succeeds, and the pids that it is to reach."""

    call: Callable[[], object]
    named: list[int]


def _killpg(windows: FakeWindows, sig: int) -> Scenario:
    family = make_family(windows)
    return Scenario(lambda: ctrlevent.killpg(family.leader.pid, sig), family.group)


def _killpg_elsewhere(windows: FakeWindows) -> Scenario:
    leader = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    child = windows.spawn(parent=leader)
    windows.spawn(parent=windows.caller)
    windows.now += 60
    return Scenario(lambda: ctrlevent.killpg(leader.pid, C), [leader.pid, child.pid])


def _kill(windows: FakeWindows, sig: int) -> Scenario:
    family = make_family(windows)
    return Scenario(lambda: ctrlevent.kill(family.other_leader.pid, sig), [family.other_leader.pid])


def _deliver(windows: FakeWindows) -> Scenario:
    family = make_family(windows)
    return Scenario(lambda: ctrlevent.deliver(family.child.pid, C), [family.child.pid])


def _deliver_to_caller(windows: FakeWindows) -> Scenario:
    make_family(windows)
    return Scenario(lambda: ctrlevent.deliver(0, C), [windows.caller.pid])


def _broadcast(windows: FakeWindows) -> Scenario:
    make_family(windows)
    return Scenario(lambda: ctrlevent.broadcast(C), sorted(windows.processes))


def _getpgid(windows: FakeWindows) -> Scenario:
    child = windows.spawn()
    return Scenario(lambda: ctrlevent.getpgid(child.pid), [])


def _console_processes(windows: FakeWindows) -> Scenario:
    make_family(windows)
    return Scenario(ctrlevent.console_processes, [])


def _ignore_ctrl_c(windows: FakeWindows) -> Scenario:
    child = windows.spawn()
    return Scenario(lambda: ctrlevent.ignore_ctrl_c(True, child.pid), [])


SCENARIOS: dict[str, Callable[[FakeWindows], Scenario]] = {
    "killpg, event": lambda windows: _killpg(windows, C),
    "killpg, probe": lambda windows: _killpg(windows, 0)._replace(named=[]),
    "killpg, end": lambda windows: _killpg(windows, 9),
    "killpg, event elsewhere": _killpg_elsewhere,
    "kill, event": lambda windows: _kill(windows, C),
    "kill, probe": lambda windows: _kill(windows, 0)._replace(named=[]),
    "kill, end": lambda windows: _kill(windows, 9),
    "deliver": _deliver,
    "deliver to the caller": _deliver_to_caller,
    "broadcast": _broadcast,
    "getpgid": _getpgid,
    "console_processes": _console_processes,
    "ignore_ctrl_c": _ignore_ctrl_c,
}

WINERRORS = [c.ERROR_ACCESS_DENIED, c.ERROR_INVALID_HANDLE, c.ERROR_INVALID_PARAMETER]
WINERRORS += [c.ERROR_GEN_FAILURE, c.ERROR_PARTIAL_COPY, c.ERROR_NOACCESS, c.ERROR_BAD_FORMAT]

# A call after which the event is out: what fails later can only say that.
AFTER_DELIVERY = {"GetExitCodeThread", "WaitForSingleObject", "CloseHandle", "ResumeThread"}

# Windows ends processes one by one, and those that were found first have ended by then.
NOT_ATOMIC = {
    ("killpg, end", method) for method in ("TerminateProcess", "EnumProcesses", "GetProcessTimes")
}
# These reach processes one by one, so an error may come after some have got the event.
NOT_ATOMIC.add(("killpg, event elsewhere", "CreateRemoteThread"))
NOT_ATOMIC.add(("broadcast", "GenerateConsoleCtrlEvent"))
PIECEMEAL = ("killpg, event elsewhere", "broadcast")

CONTRACT = {OSError, ProcessLookupError, PermissionError, TimeoutError}
CONTRACT |= {NotAGroupLeader, NoConsole, CtrlCIgnored, WouldReachOthers}


def _calls(name: str) -> Iterator[tuple[str, int]]:
    """Each call of Windows that a scenario makes, by method and number."""
    windows = FakeWindows()
    scenario = SCENARIOS[name](windows)
    windows.calls.clear()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, windows)
        scenario.call()
    cannot_fail = {"GetCurrentProcessId", "GetSystemTimeAsFileTime"}
    for index, method in enumerate(windows.calls):
        if method not in cannot_fail:
            yield method, windows.calls[: index + 1].count(method)


FAULTS = [
    pytest.param(name, method, nth, id=f"{name}: {method} {nth}")
    for name in SCENARIOS
    for method, nth in _calls(name)
]


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_reaches_those_who_were_named(windows: FakeWindows, name: str) -> None:
    scenario = SCENARIOS[name](windows)
    scenario.call()
    assert _reached(windows) == scenario.named


@pytest.mark.parametrize(("name", "method", "nth"), FAULTS)
def test_fault_is_an_error_of_the_contract_with_nothing_sent_or_no_error_at_all(
    name: str, method: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for winerror in WINERRORS:
        windows = FakeWindows()
        scenario = SCENARIOS[name](windows)
        install(monkeypatch, windows)
        windows.fail(method, winerror, nth)
        error = _error_of(scenario.call)
        assert set(_reached(windows)) <= set(scenario.named)
        if error is not None:
            assert type(error) in CONTRACT, repr(error)
            if method not in AFTER_DELIVERY and (name, method) not in NOT_ATOMIC:
                assert _reached(windows) == []
        elif name not in PIECEMEAL:
            assert _reached(windows) == scenario.named
        assert len(windows.handles) == (1 if method == "CloseHandle" else 0)
        assert not windows.console.parked
        assert not windows.console.phantoms


def _error_of(call: Callable[[], object]) -> OSError | None:
    try:
        call()
    except OSError as error:
        return error
    return None


def _reached(windows: FakeWindows) -> list[int]:
    return sorted(pid for pid, _ in windows.received + windows.terminated)


@pytest.mark.parametrize("sig", [C, BREAK])
@pytest.mark.parametrize(
    ("winerror", "error", "message"),
    [
        (c.ERROR_INVALID_PARAMETER, ProcessLookupError, "has ended"),
        (c.ERROR_BAD_FORMAT, ProcessLookupError, "has ended"),
        (c.ERROR_INVALID_HANDLE, NoConsole, "lost its console"),
        (c.ERROR_ACCESS_DENIED, PermissionError, "elevated"),
        (34, PermissionError, "elevated"),
        (c.ERROR_INSUFFICIENT_BUFFER, OSError, "GenerateConsoleCtrlEvent"),
    ],
)
def test_error_of_the_console(
    windows: FakeWindows,
    family: Family,
    sig: int,
    winerror: int,
    error: type[OSError],
    message: str,
) -> None:
    windows.fail("GenerateConsoleCtrlEvent", winerror)
    with pytest.raises(error, match=message) as caught:
        ctrlevent.killpg(family.leader.pid, sig)
    assert type(caught.value) is error
    assert winerror_of(caught.value) == winerror
    assert windows.received == []


def test_last_member_that_ends_between_look_and_event(
    windows: FakeWindows, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.GenerateConsoleCtrlEvent

    def generate(dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        family.other_leader.exit()
        real(dwCtrlEvent, dwProcessGroupId)

    monkeypatch.setattr(windows, "GenerateConsoleCtrlEvent", generate)
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(family.other_leader.pid, C)
    assert not windows.console.parked
    assert windows.console.phantoms == []


@pytest.mark.xfail(reason="which console a process is on is not asked", strict=True)
def test_member_on_another_console_that_a_plain_os_kill_has_put_on_the_list(
    windows: FakeWindows, family: Family
) -> None:
    elsewhere = windows.spawn(parent=family.leader, console=Console(windows))
    windows.console.entries.insert(0, Entry(elsewhere.pid, elsewhere.pid, None))
    for pid in family.group[1:]:
        windows.processes[pid].exit()
    family.leader.detach()
    with pytest.raises(NoConsole):
        ctrlevent.killpg(family.leader.pid, C)
    assert not windows.console.parked


def test_console_that_lets_nobody_send(windows: FakeWindows, family: Family) -> None:
    windows.console.may_send = False
    with pytest.raises(PermissionError):
        ctrlevent.killpg(family.leader.pid, C)


# --- the handlers take their time -----------------------------------------------------------------


def test_handlers_of_another_process_that_do_not_finish(
    windows: FakeWindows, family: Family
) -> None:
    family.child.reaction = HANGS
    windows.now += 60
    with pytest.raises(TimeoutError, match=r"was delivered.*timeout="):
        ctrlevent.kill(family.child.pid, C, timeout=0.5)
    assert windows.received == [(family.child.pid, CTRL_C)]
    assert windows.now == pytest.approx(1060.5)


def test_arguments_of_somebody_else_are_integers_too(windows: FakeWindows, family: Family) -> None:
    class Number:
        def __init__(self, value: int) -> None:
            self.value = value

        def __index__(self) -> int:
            return self.value

    def anything(value: int) -> Any:
        return Number(value)

    ctrlevent.killpg(anything(family.leader.pid), anything(2))
    assert windows.heard(CTRL_C) == family.group
