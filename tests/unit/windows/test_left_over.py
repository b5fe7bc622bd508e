"""What mutation testing has found untested: no other test would notice its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ctrlevent import NoConsole, _arguments
from ctrlevent._errors import make, set_winerror, winerror_of
from ctrlevent._types import CtrlEvent
from ctrlevent._win32 import constants as c
from ctrlevent._win32.structures import LAYOUT64
from ctrlevent._windows import peb, policy
from ctrlevent._windows.peb import Console, Facts, Unreadable
from ctrlevent._windows.plans import AskHelperIfAlone, AwaitConsole
from tests.fakes.windows import PARAMETERS, PEB, FakeWindows, install

from .means import MEANS, means

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Facts(8, 4, 8, False, False, Console.SOME, False)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    windows = install(monkeypatch, FakeWindows())
    yield windows
    assert not windows.handles


def denied() -> PermissionError:
    error = make(PermissionError, "denied")
    set_winerror(error, c.ERROR_ACCESS_DENIED)
    return error


def plan_for(
    target: Facts, on_console: list[Facts], starting: bool, means: policy.Means = MEANS
) -> policy.ProcessPlan:
    return policy.process_event(
        target,
        CtrlEvent.CTRL_C_EVENT,
        on_console,
        list,
        lambda _seen: pytest.fail("nothing to describe"),
        lambda _pid: starting,
        means._replace(inject=False),
    )


def test_target_that_is_starting_is_waited_for_and_never_looked_for_elsewhere() -> None:
    assert plan_for(TARGET, [], True) == AwaitConsole()
    with pytest.raises(NoConsole):
        plan_for(TARGET, [], True, means(may_wait=False))
    assert isinstance(plan_for(TARGET, [], False), AskHelperIfAlone)


def test_looking_whether_a_process_has_ended_does_not_wait(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def wait(hHandle: int, dwMilliseconds: int) -> int:
        asked.append((hHandle, dwMilliseconds))
        return c.WAIT_OBJECT_0

    monkeypatch.setattr(windows, "WaitForSingleObject", wait)
    assert peb.has_exited(windows, 0x44)
    assert asked == [(0x44, 0)]


def test_process_on_no_console_shares_no_group_elsewhere() -> None:
    detached = TARGET._replace(pid=12, console=Console.NONE)
    member = TARGET._replace(pid=16)
    unreadable = Unreadable(20, denied())
    others = policy.others_elsewhere(TARGET, [TARGET, detached, member, unreadable])
    assert others == [member]


def test_refusals_carry_the_winerror_that_led_to_them() -> None:
    plan = plan_for(TARGET, [], False, means(no_thread=denied()))
    assert isinstance(plan, AskHelperIfAlone)
    assert winerror_of(plan.otherwise) == c.ERROR_ACCESS_DENIED
    left = means(no_thread=denied(), has_helper=False)
    event = CtrlEvent.CTRL_C_EVENT
    with pytest.raises(PermissionError) as caught:
        policy.group_elsewhere(8, event, [TARGET], TARGET, lambda _: False, left)
    assert winerror_of(caught.value) == c.ERROR_ACCESS_DENIED


def test_timeout_of_another_type_is_named() -> None:
    with pytest.raises(TypeError, match="timeout must be a number of seconds, not str"):
        _arguments.seconds("5")


def test_end_of_a_process_carries_the_winerror_of_the_failed_read(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.held = True
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    child.exit()
    with pytest.raises(ProcessLookupError) as caught:
        peb.read(windows, handle, child.pid, lambda: windows.now)
    windows.CloseHandle(handle)
    assert winerror_of(caught.value) == c.ERROR_PARTIAL_COPY


CANNOT_BE_CHANGED = (
    r"^\[Errno 13\] the process parameters of process \d+ cannot be changed, so whether it ignores"
    r" Ctrl\+C cannot either: it is a part of Windows, or this must be called from an elevated"
    r" process$"
)


@pytest.mark.parametrize("why", ["cut short", "no parameters yet", "no PEB"])
def test_ignore_bit_is_not_written_where_nothing_can_be_read(
    windows: FakeWindows, why: str
) -> None:
    child = windows.spawn()
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    if why == "cut short":
        windows.answer_bytes = 0x200
    elif why == "no parameters yet":
        child.peb.ProcessParameters = 0
    else:
        child.is_kernel = True
    with pytest.raises(PermissionError, match=CANNOT_BE_CHANGED):
        peb.write_ignores_ctrl_c(windows, handle, True)
    windows.CloseHandle(handle)
    assert not child.ignores
    assert "WriteProcessMemory" not in windows.calls


def test_ignore_bit_is_written_where_only_the_process_s_own_twin_has_it(
    windows: FakeWindows,
) -> None:
    child = windows.spawn(bits=32)
    LAYOUT64.peb.from_buffer(child.memory[PEB[64]]).ProcessParameters = 0
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    peb.write_ignores_ctrl_c(windows, handle, True)
    windows.CloseHandle(handle)
    assert child.ignores


def test_writing_the_ignore_bit_of_a_process_that_has_ended(windows: FakeWindows) -> None:
    child = windows.spawn()
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    child.exit()
    ended = rf"^\[Errno \d+\] process {child.pid} has ended$"
    with pytest.raises(ProcessLookupError, match=ended) as caught:
        peb.write_ignores_ctrl_c(windows, handle, True)
    windows.CloseHandle(handle)
    assert winerror_of(caught.value) == c.ERROR_PARTIAL_COPY


def test_writing_the_ignore_bit_changes_its_four_bytes_alone(windows: FakeWindows) -> None:
    child = windows.spawn()
    memory = child.memory[PARAMETERS[64]]
    at = type(child.parameters).ConsoleFlags.offset
    memory[at - 1 : at + 5] = b"\xff" * 6
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    peb.write_ignores_ctrl_c(windows, handle, False)
    windows.CloseHandle(handle)
    assert memory[at - 1 : at + 5] == b"\xff\xfe\xff\xff\xff\xff"
