"""`ignore_ctrl_c` of another process: written so that it stays, or an error; on a fake Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent._errors import winerror_of
from ctrlevent._win32 import constants as c
from ctrlevent._win32.structures import LAYOUT64
from ctrlevent._windows import peb
from tests.fakes.windows import PARAMETERS, PEB, FakeWindows, Process, install

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = [(8, 64), (8, 32), (4, 32), (4, 64)]
PASSING = [c.ERROR_ACCESS_DENIED, c.ERROR_PARTIAL_COPY, c.ERROR_NOACCESS]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0] * 8}-bit writes {pair[1]}-bit")
def young(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[FakeWindows, Process]:
    """A writer, and a child that ignores Ctrl+C and has not run an instruction yet."""
    pointer_size, bits = request.param
    windows = FakeWindows(pointer_size=pointer_size)
    install(monkeypatch, windows)
    group = c.CREATE_NEW_PROCESS_GROUP
    return windows, windows.create(windows.caller, group, bits=bits, starts=False)


def let_make_its_own_parameters(windows: FakeWindows, child: Process, at: float) -> None:
    """In three steps: it copies what its creator has written; its PEB says where the copy is, in
    place of the old, which is something else from then on; and it loads its modules."""
    copy = bytearray()

    def begin() -> None:
        child.load(1)
        copy[:] = child.memory[PARAMETERS[64 if PARAMETERS[64] in child.memory else child.bits]]
        if child.bits == 32 and PARAMETERS[64] in child.memory:
            flags = LAYOUT64.process_parameters.from_buffer_copy(copy).ConsoleFlags
            group = LAYOUT64.process_parameters.from_buffer_copy(copy).ProcessGroupId
            kind = child.layout.process_parameters
            copy[:] = bytes(kind(ConsoleFlags=flags, ProcessGroupId=group))

    def publish() -> None:
        child.memory[0x60_0000] = copy
        old = child.peb.ProcessParameters
        child.peb.ProcessParameters = 0x60_0000
        if old:
            child.memory[old][:] = bytes(len(child.memory[old]))
        child.load(2)

    windows.after(at, begin)
    windows.after(at + 0.02, publish)
    windows.after(at + 0.04, lambda: child.load(3))


def its_flags(child: Process) -> int:
    kind = child.layout.process_parameters
    memory = child.memory[child.peb.ProcessParameters]
    return int(kind.from_buffer_copy(memory).ConsoleFlags)


@pytest.mark.parametrize("at", [0.0, 0.001, 0.03, 0.06])
def test_child_that_starts_at_any_moment_hears(
    young: tuple[FakeWindows, Process], at: float
) -> None:
    """What is written while the child copies its parameters is lost, and written once more."""
    windows, child = young
    let_make_its_own_parameters(windows, child, at)
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert windows.now >= 1000 + at + 0.04
    assert its_flags(child) == 0
    assert not ctrlevent.ignores_ctrl_c(child.pid)


def test_child_that_stays_suspended_is_written_at_once_and_not_waited_for_long(
    young: tuple[FakeWindows, Process],
) -> None:
    windows, child = young
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert windows.now < 1000 + peb._ASLEEP + 2 * peb._PAUSE
    child.start()
    assert not child.ignores


def test_own_child_that_is_suspended_is_not_waited_for(
    young: tuple[FakeWindows, Process],
) -> None:
    """As `Popen` starts it."""
    windows, child = young
    handle = windows.OpenProcess(0x1F_FFFF, child.pid)
    peb.write_ignores_ctrl_c(windows, handle, False)
    windows.CloseHandle(handle)
    assert windows.now == 1000
    child.start()
    assert not child.ignores


def test_child_that_is_up_is_not_waited_for(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert not child.ignores
    assert windows.now == 1000


@pytest.mark.parametrize("modules", [1, 2])
def test_child_that_goes_on_starting_is_an_error(windows: FakeWindows, modules: int) -> None:
    child = windows.spawn(new_group=True)
    child.load(modules)
    with pytest.raises(TimeoutError, match=rf"process {child.pid} is still starting.*again"):
        ctrlevent.ignore_ctrl_c(False, child.pid)
    assert windows.now < 1000 + peb._LOADING + 2 * peb._PAUSE


@pytest.mark.parametrize("ended", [False, True])
def test_list_of_modules_that_cannot_be_read_is_that_of_a_child_that_starts(
    windows: FakeWindows, ended: bool
) -> None:
    child = windows.spawn(new_group=True)
    child.peb.Ldr = 0x7777_0000
    windows.after(0.1, child.exit if ended else lambda: child.load(3))
    if ended:
        with pytest.raises(ProcessLookupError, match=f"process {child.pid} has ended"):
            ctrlevent.ignore_ctrl_c(False, child.pid)
    else:
        ctrlevent.ignore_ctrl_c(False, child.pid)
        assert not child.ignores


@pytest.mark.parametrize("method", ["WriteProcessMemory", "ReadProcessMemory"])
@pytest.mark.parametrize("winerror", PASSING)
def test_what_fails_once_is_tried_again(windows: FakeWindows, method: str, winerror: int) -> None:
    child = windows.spawn(new_group=True)
    windows.fail(method, winerror, 1 if method == "WriteProcessMemory" else 5)
    assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
    assert not child.ignores


@pytest.mark.parametrize("winerror", PASSING)
def test_write_that_goes_on_failing(windows: FakeWindows, winerror: int) -> None:
    child = windows.spawn(new_group=True)
    windows.fail_always("WriteProcessMemory", winerror)
    with pytest.raises(PermissionError, match=f"process {child.pid} cannot be changed") as caught:
        ctrlevent.ignore_ctrl_c(False, child.pid)
    assert winerror_of(caught.value) == winerror
    assert 1000 + peb.MOMENT <= windows.now < 1000 + 2 * peb.MOMENT


def test_write_that_fails_otherwise_is_not_tried_again(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    windows.fail("WriteProcessMemory", c.ERROR_GEN_FAILURE)
    with pytest.raises(PermissionError, match="cannot be changed") as caught:
        ctrlevent.ignore_ctrl_c(False, child.pid)
    assert winerror_of(caught.value) == c.ERROR_GEN_FAILURE
    assert windows.now == 1000


def test_child_that_exits_while_it_is_written(windows: FakeWindows) -> None:
    child = windows.spawn(new_group=True)
    child.load(1)
    windows.after(0.1, child.exit)
    with pytest.raises(ProcessLookupError, match=f"process {child.pid} has ended"):
        ctrlevent.ignore_ctrl_c(False, child.pid)


@pytest.mark.parametrize("ask", [ctrlevent.getpgid, ctrlevent.ignores_ctrl_c])
def test_what_lies_where_the_parameters_were_is_not_read(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, ask: Callable[[int], object]
) -> None:
    """It would make of the child a leader of its own group, which hears Ctrl+C."""
    child = windows.spawn(ignores=True)
    expected = ask(child.pid)
    let_make_its_own_parameters(windows, child, 0.0)
    windows.sleep(0.001)  # it has begun
    real = windows.ReadProcessMemory

    def read(hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        if lpBaseAddress == PARAMETERS[64]:
            windows.sleep(0.02)  # it publishes its own, and the old ones are gone
        return real(hProcess, lpBaseAddress, nSize)

    monkeypatch.setattr(windows, "ReadProcessMemory", read)
    assert ask(child.pid) == expected


def test_parameters_that_are_gone_when_they_have_been_read_are_looked_for_again(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = windows.spawn()
    reads: list[int] = []
    real = windows.ReadProcessMemory

    def read(hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        reads.append(lpBaseAddress)
        answer: bytes = real(hProcess, lpBaseAddress, nSize)
        return b"" if len(reads) == 3 else answer

    monkeypatch.setattr(windows, "ReadProcessMemory", read)
    assert ctrlevent.getpgid(child.pid) == windows.caller.pid
    assert reads == [PEB[64], PARAMETERS[64], PEB[64]] * 2


def test_read_that_is_denied_once_is_tried_again(windows: FakeWindows) -> None:
    child = windows.spawn()
    windows.fail("NtQueryInformationProcess", c.ERROR_ACCESS_DENIED)
    assert ctrlevent.getpgid(child.pid) == windows.caller.pid


@pytest.mark.parametrize("is_group", [False, True])
def test_process_that_exits_when_it_is_to_be_ended(windows: FakeWindows, is_group: bool) -> None:
    """Windows denies to end it before it is gone. The group is gone as it should be."""
    child = windows.spawn(new_group=True)

    def exit_soon(*_given: Any) -> None:
        windows.after(0.1, child.exit)
        windows.fail("TerminateProcess", c.ERROR_ACCESS_DENIED)

    windows.meanwhile.append((len(windows.calls) + 1, exit_soon))
    if is_group:
        ctrlevent.killpg(child.pid, 9)
    else:
        with pytest.raises(ProcessLookupError, match=f"process {child.pid} has ended"):
            ctrlevent.kill(child.pid, 9)
    assert not child.is_alive
