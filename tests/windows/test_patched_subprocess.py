"""`patch_os` and `subprocess`: what a child is told becomes true, and no other process is hit."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.repeats import repeats

from . import patching
from .harness import (
    CTRL_C,
    NEW_GROUP,
    Console,
    Native,
    Python,
    _Pipes,
    bed_program,
    python_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NATIVE = bed_program("native")

TOLD: dict[str, dict[str, Any]] = {
    "session": {"start_new_session": True},
    "group": {"process_group": 0},
    "flag": {"creationflags": NEW_GROUP},
}
told = pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)


def child_of(
    starter: Python, start: Callable[..., int], *arguments: Any, name: str = "child"
) -> Native:
    """An actor that does not stop ignoring Ctrl+C by itself."""
    pipes = _Pipes()
    command = [NATIVE, "told", pipes.address]
    pid = starter.call(start, command, *arguments)
    return Native(starter.console, name, pipes, starter, pid)


def patched_child(starter: Python, told: dict[str, Any], kind: str = "subprocess") -> Native:
    return child_of(starter, patching.start, told, python_environment(), kind)


# --- what it is told becomes true -----------------------------------------------------------------


@pytest.mark.bitness
@told
def test_the_child_leads_a_group_and_hears_ctrl_c(console: Console, told: dict[str, Any]) -> None:
    caller = console.parent.python(NEW_GROUP, name="caller")
    caller.spawn(name="neighbour")
    child = patched_child(caller, told)
    member = child.spawn(name="member", hears=False)
    assert ctrlevent.getpgid(child.pid) == child.pid
    caller.call(patching.send_signal, child.pid, signal.SIGINT)
    console.assert_heard({child: [CTRL_C], member: [CTRL_C]})


def test_flags_by_position(console: Console) -> None:
    child = child_of(console.parent, patching.start_by_position, NEW_GROUP, python_environment())
    assert ctrlevent.getpgid(child.pid) == child.pid
    console.parent.call(patching.send_signal, child.pid, signal.SIGINT)
    console.assert_heard({child: [CTRL_C]})


def test_a_class_of_the_user(console: Console) -> None:
    child = patched_child(console.parent, {"start_new_session": True}, "of the user")
    assert ctrlevent.getpgid(child.pid) == child.pid
    console.parent.call(patching.send_signal, child.pid, signal.SIGINT)
    console.assert_heard({child: [CTRL_C]})


@pytest.mark.parametrize("told", [{}, {"start_new_session": False, "process_group": None}])
def test_a_child_that_is_not_told_so_stays_in_the_caller_s_group(
    console: Console, told: dict[str, Any]
) -> None:
    caller = console.parent.python(NEW_GROUP, name="caller")
    child = patched_child(caller, told)
    assert ctrlevent.getpgid(child.pid) == caller.pid


@pytest.mark.parametrize("event", [CTRL_C_EVENT, getattr(signal, "CTRL_C_EVENT")])  # noqa: B009
def test_ctrl_c_by_its_windows_name(console: Console, event: int) -> None:
    child = patched_child(console.parent, {"start_new_session": True})
    console.parent.call(patching.send_signal, child.pid, event)
    console.assert_heard({child: [CTRL_C]})


# --- and no other process is hit ------------------------------------------------------------------


@pytest.fixture
def caller(console: Console) -> Python:
    """A process that leads a group, with a neighbour in it, and a witness outside."""
    console.parent.spawn(name="witness outside")
    caller = console.parent.python(NEW_GROUP, name="caller")
    caller.spawn(name="neighbour inside")
    return caller


@pytest.mark.bitness
@pytest.mark.repeats
@told
def test_killpg_of_the_child_s_group_never_ends_the_caller(
    console: Console, caller: Python, told: dict[str, Any]
) -> None:
    times = repeats(whole=100, share=10)
    codes = caller.call(patching.end_groups, [NATIVE, "default"], told, times)
    assert codes == {signal.SIGTERM}
    console.assert_untouched()


@pytest.mark.bitness
@pytest.mark.repeats
@told
def test_ctrl_c_to_the_child_s_group_reaches_no_other_process(
    console: Console, caller: Python, told: dict[str, Any]
) -> None:
    times = repeats(whole=100, share=10)
    said = caller.call(patching.interrupt_groups, [NATIVE, "trap"], told, times)
    assert said == [b"event 0"] * times
    console.assert_untouched()


# --- by way of others -----------------------------------------------------------------------------


@pytest.mark.repeats
@told
def test_children_of_asyncio(console: Console, told: dict[str, Any]) -> None:
    caller = console.parent.python(NEW_GROUP, name="caller")
    caller.spawn(name="neighbour inside")
    times = repeats(whole=100, share=2)
    assert caller.call(patching.by_asyncio, told, times) == [(b"interrupted", 33)] * times
    console.assert_untouched()


def test_a_child_of_multiprocessing_is_reached_alone(console: Console) -> None:
    caller = console.parent.python(NEW_GROUP, name="caller")
    caller.spawn(name="neighbour inside")
    assert caller.call(patching.by_multiprocessing) == (True, "interrupted")
    console.assert_untouched()


# --- send_signal, and the names of POSIX ----------------------------------------------------------


def test_send_signal_of_other_numbers_ends_the_child(console: Console) -> None:
    """SIGTERM by `terminate`, as ever."""
    signals = [signal.SIGTERM, 9, 100]
    assert console.parent.call(patching.exit_codes_of_signals, signals) == [1, 9, 100]


def test_send_signal_does_nothing_when_the_child_has_exited(console: Console) -> None:
    console.parent.call(patching.signals_to_the_exited)


def test_sigkill_is_there_and_gone_again(console: Console) -> None:
    assert console.parent.call(patching.sigkill) == (9, 9, False)


def test_afterwards_its_children_still_know_sigint(console: Console) -> None:
    child = patched_child(console.parent, {"start_new_session": True})
    console.parent.call(patching.send_signal_unpatched, child.pid, signal.SIGINT)
    console.assert_heard({child: [CTRL_C]})


def test_afterwards_other_children_are_as_before(console: Console) -> None:
    patched_child(console.parent, {"start_new_session": True})
    assert "Unsupported signal" in console.parent.call(patching.refusal_of_sigint)
