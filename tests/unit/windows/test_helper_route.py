"""Events to other consoles by the helper process, on a fake Windows: which processes get them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Callable

import pytest

import ctrlevent
from ctrlevent import CtrlCIgnored, CtrlEvent, Delivery, NoConsole, _arguments
from ctrlevent._errors import winerror_of
from ctrlevent._win32 import constants as c
from ctrlevent._windows import dispatch
from tests.fakes import helper as fake_helper
from tests.fakes.profiles import WINE
from tests.fakes.windows import CTRL_BREAK, CTRL_C, Console, FakeWindows, Process, install

if TYPE_CHECKING:
    from tests.fakes.helper import FakeHelper

C = CtrlEvent.CTRL_C_EVENT
OPTIONS = _arguments.options(5.0, inject=True)

Leaves = Callable[[Callable[[Process], None]], None]


@pytest.fixture
def helper(windows: FakeWindows) -> FakeHelper:
    return fake_helper.install(windows)


@pytest.fixture
def leader(windows: FakeWindows) -> Process:
    """The leader of a group on another console, with a process of another group there."""
    other = Console(windows)
    leader = windows.spawn(new_group=True, console=other, ignores=False)
    windows.spawn(console=other)
    return leader


@pytest.fixture
def member(windows: FakeWindows, leader: Process) -> Process:
    """A member of that group on the same console."""
    return windows.spawn(parent=leader)


@pytest.fixture
def far(windows: FakeWindows, leader: Process) -> Process:
    """A member of that group on a third console, with a process of another group there."""
    third = Console(windows)
    windows.spawn(console=third)
    return windows.spawn(parent=leader, console=third)


@pytest.fixture(autouse=True)
def time_passes(request: pytest.FixtureRequest, windows: FakeWindows) -> None:
    for name in ("leader", "member", "far"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
    windows.now += 60  # they are no longer young enough to be waited for


def test_group_on_another_console_takes_one_request(
    windows: FakeWindows, helper: FakeHelper, leader: Process, member: Process
) -> None:
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid, member.pid]
    assert len(helper.requests) == 1


def test_group_to_which_threads_may_be_sent_takes_no_helper(
    windows: FakeWindows, helper: FakeHelper, leader: Process, member: Process, far: Process
) -> None:
    dispatch.to_group(windows, leader.pid, C, OPTIONS, dispatch.send, threads_first=True)
    assert sorted(windows.received) == [(one.pid, CTRL_C) for one in (leader, member, far)]
    assert helper.requests == []


def test_group_with_a_member_in_which_no_thread_can_be_started_takes_the_helper(
    windows: FakeWindows, helper: FakeHelper, leader: Process, member: Process
) -> None:
    member.denied = c.PROCESS_CREATE_THREAD
    dispatch.to_group(windows, leader.pid, C, OPTIONS, dispatch.send, threads_first=True)
    assert windows.heard(CTRL_C) == [leader.pid, member.pid]
    assert len(helper.requests) == 1


@pytest.mark.usefixtures("helper")
def test_group_on_two_other_consoles(
    windows: FakeWindows, leader: Process, member: Process, far: Process
) -> None:
    ctrlevent.killpg(leader.pid, C)
    assert sorted(windows.received) == [(one.pid, CTRL_C) for one in (leader, member, far)]


@pytest.mark.usefixtures("helper", "member", "far")
@pytest.mark.parametrize("nth", [1, 3])
def test_console_that_may_not_be_used_is_an_error_with_nothing_sent(
    windows: FakeWindows, leader: Process, nth: int
) -> None:
    """`nth`: the attaching that fails. 1: to the leader's console; 3: to the other console, as the
    first two are to the leader's."""
    windows.fail("AttachConsole", c.ERROR_ACCESS_DENIED, nth)
    with pytest.raises(PermissionError, match="elevated"):
        ctrlevent.killpg(leader.pid, C)
    assert windows.received == []


@pytest.mark.usefixtures("helper")
@pytest.mark.parametrize("refused", ["the event", "the helper"])
def test_console_that_refuses_when_another_has_taken_the_event_is_an_error_that_says_who_got_it(
    windows: FakeWindows, leader: Process, member: Process, far: Process, refused: str
) -> None:
    assert far.console
    if refused == "the event":
        far.console.may_send = False
    else:  # of five attachings three look, the fourth sends on the leader's console
        windows.fail("AttachConsole", c.ERROR_ACCESS_DENIED, 5)
    reached = f"reached process {leader.pid}, process {member.pid}, but not the rest: .*elevated"
    with pytest.raises(PermissionError, match=reached):
        ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid, member.pid]


@pytest.mark.usefixtures("helper", "member", "far")
def test_first_console_that_refuses_the_event_is_an_error_with_nothing_sent(
    windows: FakeWindows, leader: Process
) -> None:
    assert leader.console
    leader.console.may_send = False
    with pytest.raises(PermissionError, match=r"^\[Errno 13\] the console does not let"):
        ctrlevent.killpg(leader.pid, C)
    assert windows.received == []


@pytest.mark.usefixtures("helper")
@pytest.mark.parametrize("leave", [Process.exit, Process.detach])
@pytest.mark.parametrize("when", [1, 2, 3, 4])
def test_who_has_left_meanwhile_is_passed_over(
    windows: FakeWindows,
    leader: Process,
    member: Process,
    far: Process,
    leave: Callable[[Process], None],
    when: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`when`: the leader leaves before this attaching, counted over all consoles."""
    real, attached = windows.AttachConsole, 0

    def attach(dwProcessId: int) -> None:
        nonlocal attached
        attached += 1
        if attached == when:
            leave(leader)
        real(dwProcessId)

    monkeypatch.setattr(windows, "AttachConsole", attach)
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [member.pid, far.pid]


@pytest.mark.usefixtures("helper")
def test_leader_that_takes_long_to_connect_is_waited_for(windows: FakeWindows) -> None:
    slow = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    slow.ignores = False
    windows.now += 1.0
    windows.after(2.0, slow.start)
    ctrlevent.killpg(slow.pid, C)
    assert windows.received == [(slow.pid, CTRL_C)]


@pytest.mark.usefixtures("helper")
def test_leader_that_does_not_connect_in_time(windows: FakeWindows) -> None:
    slow = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    slow.ignores = False
    windows.now += 1.0
    start = windows.now
    with pytest.raises(NoConsole):
        ctrlevent.killpg(slow.pid, C, timeout=3.0)
    assert windows.received == []
    assert windows.now - start < 3.01


@pytest.fixture
def leaves(windows: FakeWindows, leader: Process, monkeypatch: pytest.MonkeyPatch) -> Leaves:
    """Have the leader leave in some way as soon as the helper attaches to its console."""
    real = windows.AttachConsole

    def leaves(leave: Callable[[Process], None]) -> None:
        def attach(dwProcessId: int) -> None:
            leave(leader)
            real(dwProcessId)

        monkeypatch.setattr(windows, "AttachConsole", attach)

    return leaves


@pytest.mark.usefixtures("helper")
def test_group_whose_last_member_exits_meanwhile(
    windows: FakeWindows, leader: Process, leaves: Leaves
) -> None:
    leaves(Process.exit)
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(leader.pid, C)
    assert windows.received == []


@pytest.mark.usefixtures("helper")
def test_group_whose_last_member_leaves_its_console_meanwhile_gets_a_thread(
    windows: FakeWindows, leader: Process, leaves: Leaves
) -> None:
    leaves(Process.detach)
    ctrlevent.killpg(leader.pid, C)
    assert windows.heard(CTRL_C) == [leader.pid]


@pytest.mark.usefixtures("helper")
def test_group_whose_last_member_leaves_its_console_and_threads_are_forbidden(
    windows: FakeWindows, leader: Process, leaves: Leaves
) -> None:
    leaves(Process.detach)
    with pytest.raises(NoConsole, match="are forbidden"):
        ctrlevent.killpg(leader.pid, C, inject=False)
    assert windows.received == []


# --- one process ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("helper")
def test_process_alone_in_its_group_on_another_console(
    windows: FakeWindows, leader: Process
) -> None:
    assert ctrlevent.deliver(leader.pid, C, inject=False) is Delivery.SENT
    assert windows.received == [(leader.pid, CTRL_C)]


@pytest.mark.usefixtures("helper")
def test_process_that_is_no_longer_alone_when_the_helper_looks(
    windows: FakeWindows, leader: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.AttachConsole

    def attach(dwProcessId: int) -> None:
        windows.spawn(parent=leader)
        real(dwProcessId)

    monkeypatch.setattr(windows, "AttachConsole", attach)
    with pytest.raises(NoConsole):
        ctrlevent.deliver(leader.pid, C, inject=False)
    assert windows.received == []


# --- a whole console ------------------------------------------------------------------------------


@pytest.mark.usefixtures("far")
def test_broadcast_to_another_console(
    windows: FakeWindows, helper: FakeHelper, leader: Process, member: Process
) -> None:
    assert leader.console
    there = sorted(entry.pid for entry in leader.console.entries)
    ctrlevent.broadcast(C, console_of=member.pid)
    reached = windows.heard(CTRL_C)
    assert len(there) == 3
    assert [pid for pid in reached if pid not in helper.pids] == there


def test_helper_is_not_ended_by_its_own_broadcast(
    windows: FakeWindows,
    helper: FakeHelper,
    leader: Process,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the helper is on that console, it takes every event. It leads a group of its own."""
    taken: list[bool] = []
    real = windows.GenerateConsoleCtrlEvent

    def generate(dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        assert windows.caller.pid in helper.pids
        assert windows.caller.group == windows.caller.pid
        assert windows.caller.ignores
        taken.extend(routine(CTRL_BREAK) for routine in windows.handlers)
        real(dwCtrlEvent, dwProcessGroupId)

    monkeypatch.setattr(windows, "GenerateConsoleCtrlEvent", generate)
    ctrlevent.broadcast(C, console_of=leader.pid)
    assert taken == [True]
    assert windows.handlers == []


@pytest.mark.usefixtures("helper")
@pytest.mark.parametrize(
    ("winerror", "error"),
    [
        (c.ERROR_INVALID_PARAMETER, ProcessLookupError),
        (c.ERROR_INVALID_HANDLE, NoConsole),
        (c.ERROR_GEN_FAILURE, NoConsole),
        (c.ERROR_ACCESS_DENIED, PermissionError),
    ],
)
def test_broadcast_to_a_console_that_cannot_be_had(
    windows: FakeWindows, leader: Process, winerror: int, error: type[OSError]
) -> None:
    windows.fail("AttachConsole", winerror)
    with pytest.raises(error) as caught:
        ctrlevent.broadcast(C, console_of=leader.pid)
    assert type(caught.value) is error
    assert winerror_of(caught.value) == winerror
    assert windows.received == []


@pytest.mark.usefixtures("helper")
def test_broadcast_to_those_who_all_ignore(windows: FakeWindows) -> None:
    deaf = windows.spawn(console=Console(windows), ignores=True)
    with pytest.raises(CtrlCIgnored, match=rf"process {deaf.pid}\b"):
        ctrlevent.broadcast(C, console_of=deaf.pid)
    assert windows.received == []


def test_broadcast_to_another_console_from_a_frozen_program(
    windows: FakeWindows, leader: Process
) -> None:
    with pytest.raises(OSError, match="frozen") as caught:
        ctrlevent.broadcast(C, console_of=leader.pid)
    assert caught.value.errno == errno.ENOSYS
    assert windows.received == []


@pytest.mark.usefixtures("helper")
def test_broadcast_takes_the_callers_pid_for_its_own_console(
    windows: FakeWindows, leader: Process
) -> None:
    ctrlevent.broadcast(C, console_of=windows.caller.pid)
    assert windows.heard(CTRL_C) == [windows.caller.pid]
    assert leader.is_alive


def test_broadcast_on_wine_spares_the_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, a Ctrl+Break would end the helper, although it has a handler."""
    windows = install(monkeypatch, FakeWindows(profile=WINE))
    helper = fake_helper.install(windows)
    there = windows.spawn(new_group=True, console=Console(windows))
    other = windows.spawn(parent=there, new_group=True)
    ctrlevent.broadcast(CtrlEvent.CTRL_BREAK_EVENT, console_of=there.pid)
    assert windows.heard(CTRL_BREAK) == [there.pid, other.pid]
    assert len(helper.pids) == 1
    assert not windows.handles
