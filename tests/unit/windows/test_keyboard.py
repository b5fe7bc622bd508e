"""A Ctrl+C for a command that does not hear the keyboard's, on a fake Windows."""

from __future__ import annotations

import pytest

from ctrlevent import CtrlCIgnored, CtrlEvent, NoConsole
from ctrlevent._win32 import constants as c
from ctrlevent._windows import keyboard
from tests.fakes.windows import HANGS, Console, FakeWindows, Process

SECOND = 10_000_000  # in the units of a FILETIME
SECONDS = 3.0
C = CtrlEvent.CTRL_C_EVENT


def grown_up(process: Process) -> Process:
    process.created -= 60 * SECOND
    return process


@pytest.fixture
def command(windows: FakeWindows) -> Process:
    """It leads a group, and so ignores Ctrl+C."""
    process = grown_up(windows.spawn(new_group=True))
    assert process.ignores
    return process


@pytest.fixture
def child(windows: FakeWindows, command: Process) -> Process:
    """Of the command; it ignores Ctrl+C like that."""
    process = grown_up(windows.spawn(parent=command))
    process.created = command.created + 1
    assert process.ignores
    return process


def pids(windows: FakeWindows) -> list[int]:
    return sorted(pid for pid, _ in windows.received)


@pytest.mark.parametrize("inject", [True, False])
def test_each_member_hears_it_once_and_ignores_the_next(
    windows: FakeWindows, command: Process, child: Process, inject: bool
) -> None:
    neighbour = windows.spawn()
    keyboard.interrupt(windows, command.pid, SECONDS, inject)
    assert pids(windows) == [command.pid, child.pid]
    assert (command.ignores, child.ignores, neighbour.ignores) == (True, True, False)
    windows.GenerateConsoleCtrlEvent(C, 0)
    assert pids(windows).count(command.pid) == pids(windows).count(child.pid) == 1


@pytest.mark.parametrize("inject", [True, False])
def test_thread_is_started_where_it_may_be(
    windows: FakeWindows, command: Process, inject: bool
) -> None:
    keyboard.interrupt(windows, command.pid, SECONDS, inject)
    assert ("CreateRemoteThread" in windows.calls) is inject
    assert ("GenerateConsoleCtrlEvent" in windows.calls) is not inject


def test_environment_forbids_threads_too(
    windows: FakeWindows, command: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTRLEVENT_INJECT", "0")
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert "CreateRemoteThread" not in windows.calls
    assert pids(windows) == [command.pid]


def test_member_of_the_other_bitness_hears_it_through_the_group(
    windows: FakeWindows, command: Process
) -> None:
    other = grown_up(windows.spawn(parent=command, bits=32))
    other.created = command.created + 1
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert pids(windows) == [command.pid, other.pid]
    assert (command.ignores, other.ignores) == (True, True)


def test_the_same_event_gets_there_before_the_bit_is_cleared(
    windows: FakeWindows, command: Process
) -> None:
    """The console starts its thread in the command some time after that in the caller."""
    windows.after(0.05, lambda: command.run_handlers(C, "the console"))
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert windows.senders == ["the caller"]


def test_handler_that_runs_on_does_not_keep_the_bit_clear(
    windows: FakeWindows, command: Process
) -> None:
    command.reaction = HANGS
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert command.ignores


@pytest.mark.parametrize("inject", [True, False])
def test_child_that_is_started_meanwhile_ignores_the_next_too(
    windows: FakeWindows, command: Process, inject: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Process] = []
    run_handlers = command.run_handlers

    def start_one(event: int, sender: str) -> int | None:
        started.append(windows.spawn(parent=command))
        return run_handlers(event, sender)

    monkeypatch.setattr(command, "run_handlers", start_one)
    keyboard.interrupt(windows, command.pid, SECONDS, inject)
    assert started[0].ignores


def test_member_that_hears_the_keyboard_goes_on_to_do_so(
    windows: FakeWindows, command: Process, child: Process
) -> None:
    child.ignores = False
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert pids(windows) == [command.pid, child.pid]
    assert (command.ignores, child.ignores) == (True, False)


@pytest.mark.parametrize("inject", [True, False])
def test_group_that_is_to_stop_hears_it_once_and_no_key_after_it(
    windows: FakeWindows, command: Process, child: Process, inject: bool
) -> None:
    command.ignores = child.ignores = False
    keyboard.interrupt(windows, command.pid, SECONDS, inject, hears_keys=True)
    assert pids(windows) == [command.pid, child.pid]
    assert (command.ignores, child.ignores) == (True, True)


@pytest.mark.parametrize("inject", [True, False])
def test_member_that_ignores_it_by_itself_is_left_alone_when_its_group_is_to_stop(
    windows: FakeWindows, command: Process, child: Process, inject: bool
) -> None:
    command.ignores = False
    keyboard.interrupt(windows, command.pid, SECONDS, inject, hears_keys=True)
    assert pids(windows) == [command.pid]
    assert (command.ignores, child.ignores) == (True, True)


@pytest.mark.parametrize("inject", [True, False])
def test_group_that_ignores_it_by_itself_is_refused(
    windows: FakeWindows, command: Process, inject: bool
) -> None:
    with pytest.raises(CtrlCIgnored):
        keyboard.interrupt(windows, command.pid, SECONDS, inject, hears_keys=True)
    assert windows.received == []
    assert command.ignores


def test_command_that_is_starting_is_waited_for(windows: FakeWindows) -> None:
    command = windows.spawn(new_group=True, connects_after=0.3)
    keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert pids(windows) == [command.pid]
    assert command.ignores


@pytest.mark.parametrize("inject", [True, False])
def test_command_on_another_console_gets_it_there(
    windows: FakeWindows, command: Process, inject: bool
) -> None:
    command.detach()
    command.connect(Console(windows))
    if inject:
        keyboard.interrupt(windows, command.pid, SECONDS, inject)
        assert pids(windows) == [command.pid]
    else:  # this fake has no helper process
        with pytest.raises(PermissionError):
            keyboard.interrupt(windows, command.pid, SECONDS, inject)


def test_command_without_a_console_is_refused(windows: FakeWindows) -> None:
    command = grown_up(windows.spawn(new_group=True, gui=True))
    with pytest.raises(NoConsole):
        keyboard.interrupt(windows, command.pid, SECONDS, True)
    assert windows.received == []


def test_command_that_has_exited(windows: FakeWindows, command: Process) -> None:
    command.exit()
    with pytest.raises(ProcessLookupError):
        keyboard.interrupt(windows, command.pid, SECONDS, True)


@pytest.mark.parametrize("inject", [True, False])
def test_command_that_exits_at_any_moment_is_no_fault(windows: FakeWindows, inject: bool) -> None:
    """Nothing stays open, and no thread stays suspended."""
    for moment in range(1, 80):
        command = grown_up(windows.spawn(new_group=True))
        child = grown_up(windows.spawn(parent=command))
        child.created = command.created + 1
        windows.meanwhile = [(len(windows.calls) + moment, command.exit)]
        try:
            keyboard.interrupt(windows, command.pid, SECONDS, inject)
        except (ProcessLookupError, CtrlCIgnored):
            continue
        finally:
            assert windows.handles == {}
            windows.meanwhile = []
            child.exit()


def test_member_that_may_not_be_changed_does_not_keep_the_others_from_it(
    windows: FakeWindows, command: Process, child: Process
) -> None:
    child.denied = c.PROCESS_VM_WRITE
    keyboard.interrupt(windows, command.pid, SECONDS, False)
    assert pids(windows) == [command.pid]
    assert command.ignores
