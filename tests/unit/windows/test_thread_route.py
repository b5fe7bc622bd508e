"""Delivering to exactly one process by a thread at CtrlRoutine, on a fake Windows."""

from __future__ import annotations

import pytest

import ctrlevent
from ctrlevent import CtrlEvent, Delivery, NoConsole, WouldReachOthers
from ctrlevent._win32 import constants as c
from ctrlevent._windows import thread_route
from ctrlevent._windows.thread_route import NoThread
from tests.fakes.profiles import WINE
from tests.fakes.windows import (
    CODE,
    CTRL_ROUTINE,
    DEFAULT,
    DIES,
    HANDLES,
    HANGS,
    Console,
    FakeWindows,
    Process,
    install,
)

SECOND = 10_000_000  # in the units of a FILETIME
C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT


@pytest.fixture
def target(windows: FakeWindows) -> Process:
    """It shares the caller's group, so that only a thread reaches it alone; and it has started."""
    return grown_up(windows.spawn())


def grown_up(process: Process) -> Process:
    process.created -= 60 * SECOND
    return process


# --- what became of it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reaction", "delivery"),
    [(HANDLES, Delivery.HANDLED), (DEFAULT, Delivery.ENDED), (DIES, Delivery.DIED)],
)
def test_outcome_in_another_process(
    windows: FakeWindows, target: Process, reaction: str, delivery: Delivery
) -> None:
    target.reaction = reaction
    assert ctrlevent.deliver(target.pid, C) is delivery
    assert windows.received == [(target.pid, C)]


@pytest.mark.parametrize("exit_code", [0, 1])
def test_routine_that_returned_says_that_a_handler_took_it(
    windows: FakeWindows, target: Process, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "GetExitCodeThread", lambda _: exit_code)
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED


def test_other_end_of_the_routine_in_a_live_process_is_handled(
    windows: FakeWindows, target: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "GetExitCodeThread", lambda _: 7)
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED


def test_handlers_that_take_their_time_are_waited_for(
    windows: FakeWindows, target: Process
) -> None:
    target.handler_seconds = 2.0
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert windows.now == pytest.approx(1002.0)


def test_waiting_lets_the_interpreter_act_on_signals_in_between(
    windows: FakeWindows, target: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.handler_seconds = 2.0
    waits: list[int] = []
    real = windows.WaitForSingleObject

    def wait(hHandle: int, dwMilliseconds: int) -> int:
        waits.append(dwMilliseconds)
        return real(hHandle, dwMilliseconds)

    monkeypatch.setattr(windows, "WaitForSingleObject", wait)
    ctrlevent.deliver(target.pid, C, timeout=None)
    assert max(waits) <= 100


def test_timeout_0_waits_for_no_handler(windows: FakeWindows, target: Process) -> None:
    target.reaction = HANGS
    assert ctrlevent.deliver(target.pid, C, timeout=0) is Delivery.SENT
    assert windows.received == [(target.pid, C)]
    assert "WaitForSingleObject" not in windows.calls[windows.calls.index("CreateRemoteThread") :]


def test_timeout_0_to_the_caller_itself(windows: FakeWindows) -> None:
    windows.caller.reaction = HANGS
    assert ctrlevent.deliver(0, C, timeout=0) is Delivery.SENT
    assert windows.received == [(windows.caller.pid, C)]


@pytest.mark.parametrize("timeout", [0.05, 0.1, 1, 1.2345])
def test_handlers_that_do_not_finish_in_time(
    windows: FakeWindows, target: Process, timeout: float
) -> None:
    target.reaction = HANGS
    with pytest.raises(TimeoutError, match=r"was delivered to process .* more time with timeout="):
        ctrlevent.deliver(target.pid, C, timeout=timeout)
    assert windows.received == [(target.pid, C)]
    assert windows.now - 1000 == pytest.approx(timeout, abs=0.0011)


@pytest.mark.parametrize("event", [C, BREAK])
def test_caller_hears_its_own_event(windows: FakeWindows, event: CtrlEvent) -> None:
    assert ctrlevent.deliver(0, event) is Delivery.HANDLED
    assert windows.received == [(windows.caller.pid, event)]
    assert "OpenProcess" not in windows.calls[windows.calls.index("CreateRemoteThread") :]


def test_handlers_of_the_caller_that_do_not_finish(windows: FakeWindows) -> None:
    windows.caller.reaction = HANGS
    with pytest.raises(TimeoutError, match="was delivered"):
        ctrlevent.deliver(0, C, timeout=0.3)


def test_thread_of_the_caller_runs_only_once_its_handle_is_kept(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags: list[int] = []
    real = windows.CreateRemoteThread

    def create(hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int) -> int:
        flags.append(dwCreationFlags)
        return real(hProcess, lpStartAddress, lpParameter, dwCreationFlags)

    monkeypatch.setattr(windows, "CreateRemoteThread", create)
    ctrlevent.deliver(0, C)
    assert flags == [c.CREATE_SUSPENDED]


# --- where the routine is -------------------------------------------------------------------------


def test_kernel32_is_asked_first(windows: FakeWindows) -> None:
    thread_route.address(windows)
    assert windows.calls == ["GetProcAddress"]


def test_kernelbase_has_it_where_kernel32_has_not(windows: FakeWindows, target: Process) -> None:
    windows.exports = {("kernelbase", "CtrlRoutine")}
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED


def test_windows_that_exports_it_nowhere(windows: FakeWindows) -> None:
    windows.exports = set()
    with pytest.raises(NoThread, match="does not export CtrlRoutine"):
        thread_route.address(windows)


# --- what stands against it -----------------------------------------------------------------------


def obstacle_bitness(target: Process) -> None:
    target.windows.caller.bits = 64
    target.bits = 32
    other = target.windows.spawn(bits=32)
    target.memory = other.memory
    target.memory[0x0040_0000] = bytearray(other.parameters)
    other.exit()
    target.parameters.ConsoleHandle = 0x44


def obstacle_machine(target: Process) -> None:
    target.machine = "arm64"


def obstacle_rights(target: Process) -> None:
    target.denied = c.PROCESS_CREATE_THREAD


def obstacle_code(target: Process) -> None:
    target.memory[CTRL_ROUTINE[64]] = bytearray(CODE[:31] + b"\xcc" + CODE[32:])


def obstacle_export(target: Process) -> None:
    target.windows.exports = set()


def obstacle_thread(target: Process) -> None:
    target.windows.fail_always("CreateRemoteThread", c.ERROR_ACCESS_DENIED)


def obstacle_mapping(target: Process) -> None:
    del target.memory[CTRL_ROUTINE[64]]


OBSTACLES = [
    pytest.param(obstacle_bitness, "32-bit process, unlike the caller", id="bitness"),
    pytest.param(obstacle_machine, "another processor architecture", id="machine"),
    pytest.param(obstacle_rights, "a thread may not be started in it", id="rights"),
    pytest.param(obstacle_code, "other code where CtrlRoutine should be", id="code"),
    pytest.param(obstacle_export, "does not export CtrlRoutine", id="export"),
    pytest.param(obstacle_thread, "Windows starts no thread in it", id="thread"),
    pytest.param(obstacle_mapping, "it is still starting", id="mapping"),
]


@pytest.mark.parametrize(("arrange", "message"), OBSTACLES)
def test_obstacle_for_a_process_that_shares_its_group(
    windows: FakeWindows, target: Process, arrange: object, message: str
) -> None:
    assert callable(arrange)
    arrange(target)
    with pytest.raises(WouldReachOthers, match=message) as caught:
        ctrlevent.deliver(target.pid, C, timeout=0.1)
    assert [other.pid for other in caught.value.others] == [windows.caller.pid]
    assert windows.received == []


@pytest.mark.parametrize(("arrange", "message"), OBSTACLES)
def test_obstacle_for_a_process_on_another_console(
    windows: FakeWindows, arrange: object, message: str
) -> None:
    target = grown_up(windows.spawn(new_group=True, ignores=False, console=Console(windows)))
    assert callable(arrange)
    arrange(target)
    target.parameters.ProcessGroupId = 0
    with pytest.raises(PermissionError, match=message):
        ctrlevent.deliver(target.pid, C, timeout=0.1)
    assert windows.received == []


def test_obstacle_for_the_caller_is_an_error_of_the_contract(windows: FakeWindows) -> None:
    windows.exports = set()
    with pytest.raises(PermissionError, match="does not export CtrlRoutine"):
        ctrlevent.deliver(0, C)


def test_32_bit_caller_and_64_bit_target(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = FakeWindows(pointer_size=4)
    install(monkeypatch, windows)
    target = windows.spawn(bits=64)
    with pytest.raises(WouldReachOthers, match="64-bit process, unlike the caller"):
        ctrlevent.deliver(target.pid, C)
    assert windows.received == []
    assert not windows.handles


def test_32_bit_caller_and_32_bit_target(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = FakeWindows(pointer_size=4)
    install(monkeypatch, windows)
    assert ctrlevent.deliver(windows.spawn().pid, C) is Delivery.HANDLED
    assert not windows.handles


def test_windows_that_tells_no_machine_types(windows: FakeWindows, target: Process) -> None:
    windows.knows_machines = False
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED


def test_last_of_the_compared_bytes_counts(windows: FakeWindows, target: Process) -> None:
    target.memory[CTRL_ROUTINE[64]][31] ^= 1
    with pytest.raises(WouldReachOthers, match="other code"):
        ctrlevent.deliver(target.pid, C)
    assert windows.received == []


def test_target_that_maps_the_routine_a_moment_later(windows: FakeWindows, target: Process) -> None:
    code = target.memory.pop(CTRL_ROUTINE[64])
    windows.after(0.04, lambda: target.memory.update({CTRL_ROUTINE[64]: code}))
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert 1000.04 <= windows.now < 1000.06


def test_young_target_that_has_started_is_not_waited_for(windows: FakeWindows) -> None:
    target = windows.spawn()
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert windows.now == 1000.0


def test_no_thread_meets_a_target_that_is_still_starting(windows: FakeWindows) -> None:
    target = windows.spawn()
    target.load(3, initialized=False)
    windows.after(0.2, lambda: target.load(3))
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert 1000.2 <= windows.now < 1000.22


def test_target_whose_loader_cannot_be_read_is_still_starting(windows: FakeWindows) -> None:
    target = windows.spawn()
    target.peb.Ldr = 1
    windows.after(0.2, lambda: target.load(3))
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert 1000.2 <= windows.now < 1000.22


@pytest.mark.parametrize(("age", "waits"), [(-0.1, 0), (0.0, 0.5), (0.4, 0.1), (0.5, 0), (9.0, 0)])
def test_on_wine_no_thread_meets_a_young_target(
    monkeypatch: pytest.MonkeyPatch, age: float, waits: float
) -> None:
    windows = install(monkeypatch, FakeWindows(profile=WINE))
    target = windows.spawn()
    target.created -= round(age * SECOND)
    assert ctrlevent.deliver(target.pid, C) is Delivery.HANDLED
    assert 999.999 + waits <= windows.now < 1000.02 + waits


def test_target_that_is_still_starting_when_the_time_is_up(windows: FakeWindows) -> None:
    target = windows.spawn()
    target.load(3, initialized=False)
    with pytest.raises(WouldReachOthers, match="it is still starting"):
        ctrlevent.deliver(target.pid, C, timeout=0.4)
    assert windows.received == []


def test_target_that_ends_while_it_starts(windows: FakeWindows, target: Process) -> None:
    del target.memory[CTRL_ROUTINE[64]]
    windows.after(0.04, target.exit)
    with pytest.raises(ProcessLookupError, match="has ended"):
        ctrlevent.deliver(target.pid, C)
    assert windows.now < 1000.06


def test_target_that_ends_before_the_thread_is_started(
    windows: FakeWindows, target: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = windows.CreateRemoteThread

    def create(hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int) -> int:
        target.exit()
        return real(hProcess, lpStartAddress, lpParameter, dwCreationFlags)

    monkeypatch.setattr(windows, "CreateRemoteThread", create)
    with pytest.raises(ProcessLookupError, match="has ended"):
        ctrlevent.deliver(target.pid, C)


def test_no_thread_in_a_process_that_may_not_be_injected_into(
    windows: FakeWindows,
) -> None:
    target = windows.spawn(new_group=True, ignores=False, console=Console(windows))
    with pytest.raises(NoConsole):
        ctrlevent.deliver(target.pid, C, inject=False, timeout=0)
    assert "CreateRemoteThread" not in windows.calls
    assert "GetProcAddress" not in windows.calls
