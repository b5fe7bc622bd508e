"""What is read of a process, from the bytes of its PEB; on a fake Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctrlevent
from ctrlevent import NoConsole, ProcessInfo
from ctrlevent._errors import winerror_of
from ctrlevent._win32 import constants as c
from ctrlevent._win32.structures import LAYOUT64
from ctrlevent._windows import peb
from ctrlevent._windows.processes import Processes
from tests.fakes.windows import PARAMETERS, PEB, Console, FakeWindows, Process, install

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = [(8, 64), (8, 32), (4, 32), (4, 64)]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0] * 8}-bit reads {pair[1]}-bit")
def pair(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[FakeWindows, Process]:
    """A reader, and a child that shares its group, in each of the four pairs of bitness."""
    pointer_size, bits = request.param
    fake = FakeWindows(pointer_size=pointer_size)
    install(monkeypatch, fake)
    return fake, fake.spawn(bits=bits)


def facts(windows: FakeWindows, pid: int) -> peb.Facts:
    with Processes(windows) as processes:
        return processes.facts(pid)


# --- the four pairs -------------------------------------------------------------------------------


def test_group_is_read_in_every_pair(pair: tuple[FakeWindows, Process]) -> None:
    windows, child = pair
    assert ctrlevent.getpgid(child.pid) == windows.caller.pid


def test_zero_is_read_as_the_own_group(pair: tuple[FakeWindows, Process]) -> None:
    windows, child = pair
    child.parameters.ProcessGroupId = 0
    assert ctrlevent.getpgid(child.pid) == child.pid
    assert facts(windows, child.pid).is_leader


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 0xFFFF_FFFE, 0xFFFF_FFFF])
def test_ignore_bit_is_bit_0_alone(pair: tuple[FakeWindows, Process], flags: int) -> None:
    _, child = pair
    child.parameters.ConsoleFlags = flags
    assert ctrlevent.ignores_ctrl_c(child.pid) is bool(flags & 1)


def test_parent_is_read_in_every_pair(pair: tuple[FakeWindows, Process]) -> None:
    windows, child = pair
    assert facts(windows, child.pid).ppid == windows.caller.pid


def test_bitness_is_read_in_every_pair(pair: tuple[FakeWindows, Process]) -> None:
    windows, child = pair
    assert facts(windows, child.pid).is_32bit is (child.bits == 32)


@pytest.mark.parametrize(("subsystem", "is_gui"), [(2, True), (3, False), (0, False)])
def test_gui_subsystem(pair: tuple[FakeWindows, Process], subsystem: int, is_gui: bool) -> None:
    windows, child = pair
    child.peb.ImageSubsystem = subsystem
    assert facts(windows, child.pid).has_gui_subsystem is is_gui


@pytest.mark.parametrize(
    ("handle", "console"),
    [
        (0, peb.Console.NONE),
        (-1, peb.Console.ASKED_FOR),
        (-2, peb.Console.ASKED_FOR),
        (-3, peb.Console.ASKED_FOR),
        (-4, peb.Console.SOME),
        (0x44, peb.Console.SOME),
        (0x7FFF_FFFF, peb.Console.SOME),
    ],
)
def test_console_handle(pair: tuple[FakeWindows, Process], handle: int, console: str) -> None:
    windows, child = pair
    child.parameters.ConsoleHandle = handle
    assert facts(windows, child.pid).console == console


# --- whether it is starting -----------------------------------------------------------------------


def is_starting(windows: FakeWindows, process: Process) -> bool:
    with Processes(windows) as processes:
        return processes.is_starting(process.pid)


def test_process_is_starting_until_a_dll_has_been_initialized(
    pair: tuple[FakeWindows, Process],
) -> None:
    windows, process = pair
    assert not is_starting(windows, process)
    for modules in (0, 1, 2, 3, 5):
        process.load(modules, initialized=False)
        assert is_starting(windows, process)
    process.load(3)
    assert not is_starting(windows, process)


def test_one_initialized_dll_is_enough(pair: tuple[FakeWindows, Process]) -> None:
    """kernelbase is initialized before kernel32, which has loaded it."""
    windows, process = pair
    process.load(4, initialized=False)
    process.module(4).Flags = c.LDRP_PROCESS_ATTACH_CALLED | 0x8
    assert not is_starting(windows, process)


@pytest.mark.parametrize("flags", [0, 0x8, c.LDRP_PROCESS_ATTACH_CALLED >> 1])
def test_other_flags_of_a_module_say_nothing(pair: tuple[FakeWindows, Process], flags: int) -> None:
    windows, process = pair
    process.load(3, initialized=False)
    process.module(3).Flags = flags
    assert is_starting(windows, process)


@pytest.mark.parametrize("number", [1, 2])
def test_program_and_ntdll_do_not_count(pair: tuple[FakeWindows, Process], number: int) -> None:
    windows, process = pair
    process.load(3, initialized=False)
    process.module(number).Flags = c.LDRP_PROCESS_ATTACH_CALLED
    assert is_starting(windows, process)


def test_modules_far_behind_are_not_looked_at(pair: tuple[FakeWindows, Process]) -> None:
    windows, process = pair
    process.load(9, initialized=False)
    process.module(7).Flags = c.LDRP_PROCESS_ATTACH_CALLED
    assert is_starting(windows, process)
    process.module(6).Flags = c.LDRP_PROCESS_ATTACH_CALLED
    assert not is_starting(windows, process)


def test_process_whose_modules_cannot_be_read_is_starting(
    pair: tuple[FakeWindows, Process],
) -> None:
    windows, process = pair
    process.peb.Ldr = 0x10
    assert is_starting(windows, process)
    process.load(3)
    process.module(2).InLoadOrderFlink = 0
    assert is_starting(windows, process)


def test_process_that_has_exited_is_not_starting(windows: FakeWindows) -> None:
    child = windows.spawn()
    with Processes(windows) as processes:
        processes.facts(child.pid)
        child.held = True
        child.exit()
        assert not processes.is_starting(child.pid)


def test_process_that_has_started_since_is_starting_once_more(
    pair: tuple[FakeWindows, Process],
) -> None:
    """What was read of it in between may be of before."""
    windows, process = pair
    process.load(3, initialized=False)
    with Processes(windows) as processes:
        assert [processes.is_starting(process.pid) for _ in range(2)] == [True, True]
        process.load(3)
        assert [processes.is_starting(process.pid) for _ in range(3)] == [True, False, False]


def test_answer_that_is_too_short_is_no_start_that_is_over(
    pair: tuple[FakeWindows, Process],
) -> None:
    windows, process = pair
    with Processes(windows) as processes:
        processes.handle(process.pid)
        for size in (0, 8, 0x18, 0x60):
            windows.answer_bytes = size
            assert processes.is_starting(process.pid)


# --- the twins of a 32-bit process ----------------------------------------------------------------


def test_32_bit_process_that_has_not_run_yet_is_read_from_its_64_bit_twin(
    windows: FakeWindows,
) -> None:
    child = windows.spawn(bits=32)
    child.peb.ProcessParameters = 0
    child.map(PARAMETERS[64], LAYOUT64.process_parameters(ProcessGroupId=4711))
    found = facts(windows, child.pid)
    assert found.pgid == 4711
    assert found.is_32bit


def test_running_32_bit_process_is_read_from_its_own_twin(windows: FakeWindows) -> None:
    child = windows.spawn(bits=32)
    child.map(PARAMETERS[64], LAYOUT64.process_parameters(ProcessGroupId=4711, ConsoleFlags=1))
    found = facts(windows, child.pid)
    assert found.pgid == windows.caller.pid
    assert not found.ignores_ctrl_c


def test_kernel_process_has_no_group(pair: tuple[FakeWindows, Process]) -> None:
    windows, _ = pair
    system = windows.kernel_process()
    with pytest.raises(PermissionError, match="part of Windows") as caught:
        ctrlevent.getpgid(system.pid)
    assert windows.now == 1000.0, "nothing to wait for"
    assert f"process {system.pid}" in str(caught.value)


def test_32_bit_windows_needs_no_wow64_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = FakeWindows(pointer_size=4, bits=32)
    install(monkeypatch, windows)
    child = windows.spawn(new_group=True)
    assert ctrlevent.getpgid(child.pid) == child.pid
    assert "NtWow64QueryInformationProcess64" not in windows.calls


# --- which processes ------------------------------------------------------------------------------


def test_pid_0_is_the_caller(windows: FakeWindows) -> None:
    assert ctrlevent.getpgid(0) == windows.caller.pid


def test_getpgrp_is_the_group_of_the_caller(windows: FakeWindows) -> None:
    windows.caller.parameters.ProcessGroupId = 500
    assert ctrlevent.getpgrp() == 500


def test_caller_is_the_default_of_ignores_ctrl_c(windows: FakeWindows) -> None:
    windows.caller.ignores = True
    assert ctrlevent.ignores_ctrl_c() is True


def test_pid_that_never_existed(windows: FakeWindows) -> None:
    with pytest.raises(ProcessLookupError, match="there is no process 4000") as caught:
        ctrlevent.getpgid(4000)
    assert winerror_of(caught.value) == c.ERROR_INVALID_PARAMETER
    assert "GetProcessId" not in windows.calls


def test_process_that_windows_cannot_open_is_not_called_missing(windows: FakeWindows) -> None:
    child = windows.spawn()
    windows.fail("OpenProcess", c.ERROR_INSUFFICIENT_BUFFER)
    with pytest.raises(OSError, match="OpenProcess") as caught:
        ctrlevent.getpgid(child.pid)
    assert type(caught.value) is OSError


def test_exited_process_whose_handle_is_held(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.held = True
    child.exit(259)
    with pytest.raises(ProcessLookupError, match=f"process {child.pid} has ended"):
        ctrlevent.getpgid(child.pid)


def test_denied_process(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.denied = c.PROCESS_VM_READ
    with pytest.raises(PermissionError, match=f"process {child.pid} .*elevated") as caught:
        ctrlevent.getpgid(child.pid)
    assert winerror_of(caught.value) == c.ERROR_ACCESS_DENIED


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_pid_with_low_bits_that_windows_would_ignore(windows: FakeWindows, extra: int) -> None:
    child = windows.spawn()
    with pytest.raises(ProcessLookupError, match=f"there is no process {child.pid + extra}"):
        ctrlevent.getpgid(child.pid + extra)


@pytest.mark.parametrize("version", [(5, 1), (6, 1)])
def test_windows_before_8_is_refused_clearly(
    windows: FakeWindows, version: tuple[int, int]
) -> None:
    windows.version = version
    with pytest.raises(OSError, match="from Windows 8 on"):
        ctrlevent.getpgid(0)
    assert "OpenProcess" not in windows.calls


@pytest.mark.parametrize("version", [(6, 2), (6, 3), (10, 0)])
def test_windows_from_8_on(windows: FakeWindows, version: tuple[int, int]) -> None:
    windows.version = version
    assert ctrlevent.getpgid(0) == windows.caller.pid


@pytest.mark.parametrize("ask", [ctrlevent.getpgid, ctrlevent.ignores_ctrl_c])
@pytest.mark.parametrize(
    ("pid", "error"),
    [
        (True, TypeError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
        (-1, ValueError),
        (2**32, OverflowError),
    ],
)
def test_bad_pid_opens_nothing(
    windows: FakeWindows, ask: Callable[[Any], object], pid: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(pid)
    assert windows.calls == []


# --- a process that is just starting or ending ----------------------------------------------------


@pytest.mark.parametrize("pointer_size", [8, 4])
def test_parameters_that_appear_a_moment_later(
    pointer_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = FakeWindows(pointer_size=pointer_size)
    install(monkeypatch, windows)
    child = windows.spawn(bits=64)
    child.peb.ProcessParameters = 0

    def appear() -> None:
        child.peb.ProcessParameters = PARAMETERS[child.bits]

    windows.after(0.2, appear)
    assert ctrlevent.getpgid(child.pid) == windows.caller.pid
    assert 1000.2 <= windows.now < 1000.22


def test_parameters_that_never_appear(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.peb.ProcessParameters = 0
    with pytest.raises(PermissionError, match="cannot be read, so its group is not known"):
        ctrlevent.getpgid(child.pid)
    assert 1000 + peb.MOMENT <= windows.now < 1000 + 2 * peb.MOMENT


def test_verb_that_looks_again_does_not_wait_again_but_reads_again(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.peb.ProcessParameters = 0
    with Processes(windows) as processes:
        for _ in range(3):
            assert isinstance(processes.see(child.pid), peb.Unreadable)
        assert windows.now < 1000 + 2 * peb.MOMENT
        child.peb.ProcessParameters = PARAMETERS[child.bits]
        assert isinstance(processes.see(child.pid), peb.Facts)


def test_process_that_was_let_go_of_is_waited_for_again(windows: FakeWindows) -> None:
    """Its pid may be another process's by then."""
    child = windows.spawn()
    child.peb.ProcessParameters = 0
    with Processes(windows) as processes:
        processes.see(child.pid)
        processes.release(child.pid)
        processes.see(child.pid)
    assert windows.now >= 1000 + 2 * peb.MOMENT


@pytest.mark.parametrize("winerror", [c.ERROR_PARTIAL_COPY, c.ERROR_NOACCESS])
def test_failed_read_is_tried_again(windows: FakeWindows, winerror: int) -> None:
    child = windows.spawn(new_group=True)
    windows.fail("ReadProcessMemory", winerror)
    assert ctrlevent.getpgid(child.pid) == child.pid


@pytest.mark.parametrize("winerror", [c.ERROR_PARTIAL_COPY, c.ERROR_NOACCESS])
def test_read_that_goes_on_failing(windows: FakeWindows, winerror: int) -> None:
    child = windows.spawn()
    windows.fail_always("ReadProcessMemory", winerror)
    with pytest.raises(PermissionError, match="cannot be read") as caught:
        ctrlevent.getpgid(child.pid)
    assert winerror_of(caught.value) == winerror


def test_read_that_fails_for_another_reason_is_not_tried_again(windows: FakeWindows) -> None:
    child = windows.spawn()
    windows.fail("ReadProcessMemory", c.ERROR_GEN_FAILURE)
    with pytest.raises(PermissionError) as caught:
        ctrlevent.getpgid(child.pid)
    assert winerror_of(caught.value) == c.ERROR_GEN_FAILURE
    assert windows.calls.count("ReadProcessMemory") == 1


def test_process_that_ends_while_it_is_read(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.peb.ProcessParameters = 0
    windows.after(0.1, child.exit)
    with pytest.raises(ProcessLookupError, match="has ended"):
        ctrlevent.getpgid(child.pid)


def test_facts_of_a_process_that_ended_meanwhile_are_not_used(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = windows.spawn()
    real = windows.ReadProcessMemory

    def read(hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        answer = real(hProcess, lpBaseAddress, nSize)
        if lpBaseAddress == PARAMETERS[64]:
            child.exit()
        return answer

    monkeypatch.setattr(windows, "ReadProcessMemory", read)
    with pytest.raises(ProcessLookupError, match="has ended"):
        ctrlevent.getpgid(child.pid)


@pytest.mark.parametrize("count", [0, 1, 47, 48, 0x127, 0x12B, 0x40B])
def test_answer_with_too_few_bytes_is_never_used(windows: FakeWindows, count: int) -> None:
    child = windows.spawn()
    windows.answer_bytes = count
    with pytest.raises(PermissionError, match="cannot be read"):
        ctrlevent.getpgid(child.pid)


@pytest.mark.parametrize("bits", [64, 32])
def test_caller_is_read_as_it_is_now(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = FakeWindows(pointer_size=bits // 8, bits=bits)
    install(monkeypatch, windows)
    assert not ctrlevent.ignores_ctrl_c()
    asked = windows.calls.count("NtQueryInformationProcess")
    windows.caller.ignores = True
    assert ctrlevent.ignores_ctrl_c()
    windows.caller.parameters.ProcessGroupId = 4711
    assert ctrlevent.getpgid(0) == 4711
    assert windows.calls.count("NtQueryInformationProcess") == asked
    assert "ReadProcessMemory" not in windows.calls


@pytest.mark.parametrize("without", ["peb", "parameters"])
def test_caller_that_cannot_be_read_is_refused(windows: FakeWindows, without: str) -> None:
    if without == "peb":
        windows.caller.is_kernel = True
    else:
        windows.caller.peb.ProcessParameters = 0
    with pytest.raises(PermissionError, match="cannot be read"):
        ctrlevent.getpgid(0)


# --- handles --------------------------------------------------------------------------------------


def test_process_is_opened_once(windows: FakeWindows) -> None:
    child = windows.spawn()
    with Processes(windows) as processes:
        assert processes.handle(child.pid) == processes.handle(child.pid)
    assert windows.calls.count("OpenProcess") == 1


def test_pid_is_pinned_while_processes_are_looked_at(windows: FakeWindows) -> None:
    child = windows.spawn()
    with Processes(windows) as processes:
        processes.facts(child.pid)
        child.exit()
        assert windows.exists(child)
        assert processes.see(child.pid) is None
    assert not windows.exists(child)


@pytest.mark.parametrize("ask", ["zero", "pid"])
def test_caller_is_not_opened(windows: FakeWindows, ask: str) -> None:
    assert ctrlevent.getpgid(0 if ask == "zero" else windows.caller.pid) == windows.caller.pid
    assert not {"OpenProcess", "CloseHandle"} & set(windows.calls)


def test_only_the_rights_that_are_needed(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.denied = ~(c.PROCESS_QUERY_LIMITED_INFORMATION | c.PROCESS_VM_READ | c.SYNCHRONIZE)
    assert ctrlevent.getpgid(child.pid) == windows.caller.pid


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_every_handle_is_closed_though_closing_one_fails(windows: FakeWindows, nth: int) -> None:
    for _ in range(3):
        windows.spawn()
    windows.fail("CloseHandle", c.ERROR_INVALID_HANDLE, nth)
    with pytest.raises(OSError, match="CloseHandle"), Processes(windows) as processes:
        list(processes.on_console())
    assert len(windows.handles) == 1, "the one that could not be closed"
    windows.handles.clear()


# --- the console ----------------------------------------------------------------------------------


def test_console_processes_newest_first(windows: FakeWindows) -> None:
    leader = windows.spawn(new_group=True)
    member = windows.spawn(parent=leader, ignores=False)
    member.name = "C:\\Program Files\\Python\\python.exe"
    caller = windows.caller
    assert ctrlevent.console_processes() == (
        ProcessInfo(member.pid, leader.pid, leader.pid, False, False, "python.exe"),
        ProcessInfo(leader.pid, caller.pid, leader.pid, True, True, f"program{leader.pid}.exe"),
        ProcessInfo(caller.pid, 1000, caller.pid, True, False, f"program{caller.pid}.exe"),
    )


def test_console_processes_leave_out_other_consoles(windows: FakeWindows) -> None:
    windows.spawn(console=Console(windows))
    assert [process.pid for process in ctrlevent.console_processes()] == [windows.caller.pid]


def test_console_processes_leave_out_entries_without_a_live_process(windows: FakeWindows) -> None:
    child = windows.spawn(connects_after=None)
    child.held = True
    child.exit()
    windows.console.generate(0, child.pid)  # what a plain os.kill does
    assert windows.console.phantoms == [child.pid]
    assert [process.pid for process in ctrlevent.console_processes()] == [windows.caller.pid]
    windows.console.entries.pop(0)


def test_what_cannot_be_read_of_a_process_on_the_console_is_none(windows: FakeWindows) -> None:
    child = windows.spawn()
    child.denied = c.PROCESS_VM_READ
    described = ctrlevent.console_processes()[0]
    assert described == ProcessInfo(child.pid, None, None, None, None, described.name)


def test_name_that_cannot_be_read_is_none(windows: FakeWindows) -> None:
    windows.fail("QueryFullProcessImageName", c.ERROR_GEN_FAILURE)
    (described,) = ctrlevent.console_processes()
    assert described.name is None
    assert described.pgid == windows.caller.pid


def test_caller_without_a_console(windows: FakeWindows) -> None:
    windows.caller.detach()
    with pytest.raises(NoConsole, match="CREATE_NO_WINDOW") as caught:
        ctrlevent.console_processes()
    assert winerror_of(caught.value) == c.ERROR_INVALID_HANDLE


def test_console_list_that_fails_otherwise_is_that_error(windows: FakeWindows) -> None:
    windows.fail("GetConsoleProcessList", c.ERROR_GEN_FAILURE)
    with pytest.raises(OSError, match="GetConsoleProcessList") as caught:
        ctrlevent.console_processes()
    assert not isinstance(caught.value, NoConsole)


def test_process_named_first_is_looked_at_first(windows: FakeWindows) -> None:
    first, *_ = [windows.spawn() for _ in range(3)]
    with Processes(windows) as processes:
        assert next(processes.on_console(first=first.pid)).pid == first.pid
    assert windows.calls.count("OpenProcess") == 1


def test_all_processes_leave_out_the_idle_process(windows: FakeWindows) -> None:
    with Processes(windows) as processes:
        assert [seen.pid for seen in processes.all()] == [windows.caller.pid]


# --- fuzz -----------------------------------------------------------------------------------------

pointers = st.one_of(
    st.sampled_from([0, 1, PEB[32], PARAMETERS[32], PARAMETERS[64], 2**32 - 1, 2**32, 2**64 - 1]),
    st.integers(0, 2**64 - 1),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    pair=st.sampled_from(PAIRS),
    peb=st.binary(max_size=0x140),
    parameters=st.binary(max_size=0x420),
    pointer=st.one_of(st.none(), pointers),
    answer_bytes=st.one_of(st.none(), st.integers(0, 0x420)),
)
def test_no_memory_of_a_process_makes_another_error(
    pair: tuple[int, int],
    peb: bytes,
    parameters: bytes,
    pointer: int | None,
    answer_bytes: int | None,
) -> None:
    pointer_size, bits = pair
    windows = FakeWindows(pointer_size=pointer_size)
    child = windows.spawn(bits=bits)
    child.memory[PEB[bits]][: len(peb)] = peb
    child.memory[PARAMETERS[bits]][: len(parameters)] = parameters
    child.peb.ProcessParameters = PARAMETERS[bits] if pointer is None else pointer
    windows.answer_bytes = answer_bytes
    try:
        found = facts(windows, child.pid)
    except PermissionError:
        pass
    else:
        start, end = (0x408, 0x40C) if bits == 64 else (0x29C, 0x2A0)
        stored = int.from_bytes(child.memory[PARAMETERS[bits]][start:end], "little")
        # A 32-bit process without parameters of its own is read from its other twin.
        assert found.pgid in (stored or child.pid, windows.caller.pid)
    assert not windows.handles
    assert len(windows.calls) < 1000
    assert windows.now < 1001


@settings(deadline=None, max_examples=200)
@given(basic=st.binary(max_size=64), wow64=st.binary(max_size=8))
def test_no_answer_of_a_query_makes_another_error(basic: bytes, wow64: bytes) -> None:
    windows = FakeWindows()
    child = windows.spawn()

    def query(hProcess: int, information: int, size: int) -> bytes:
        assert hProcess in windows.handles
        return (wow64 if information == c.ProcessWow64Information else basic)[:size]

    windows.NtQueryInformationProcess = query  # type: ignore[method-assign]
    with pytest.raises(PermissionError):
        facts(windows, child.pid)
    assert not windows.handles
    assert windows.now < 1001
