"""`Popen` and `create_process` on Windows, as far as they need none."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import NotAGroupLeader
from ctrlevent._create_process import CreatedProcess
from ctrlevent._half import half
from ctrlevent._told import Told
from ctrlevent._win32.boundary import Created

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.windows import FakeWindows


class Child(ctrlevent.Popen):
    """A child that was started: `polls` are the answers of `poll`, in order."""

    def __init__(self, *polls: int | None) -> None:
        self.pid = 1004
        self.polls = list(polls)
        self._start = SimpleNamespace(is_deaf=False)
        self._told = Told(hears_keys=True)
        self.returncode = 0  # or subprocess.Popen complains that it was not waited for

    def poll(self) -> int | None:
        return self.polls.pop(0)

    def __del__(self, *_: Any, **__: Any) -> None: ...


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[OSError], None]:
    """`refuse(ERROR)`: that is the answer to a Ctrl+C."""

    def refuse(error: OSError) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(half, "interrupt", interrupt)

    return refuse


def test_child_that_ends_while_it_is_sent_to_is_no_error(
    refuse: Callable[[OSError], None],
) -> None:
    refuse(ProcessLookupError())
    child = Child(None, 7)
    child.send_signal(signal.SIGINT)
    assert child.polls == []


def test_child_that_is_alive_and_leads_no_group_is_an_error(
    refuse: Callable[[OSError], None],
) -> None:
    """The error is not taken for the child's exit."""
    refuse(NotAGroupLeader())
    with pytest.raises(NotAGroupLeader):
        Child(None, None).interrupt()


def test_other_refusals_are_raised(refuse: Callable[[OSError], None]) -> None:
    refuse(PermissionError())
    with pytest.raises(PermissionError):
        Child(None).interrupt()


def test_created_process_says_its_pid() -> None:
    created = CreatedProcess(8, 12, 1004, 1008)
    assert repr(created) == "<CreatedProcess 1004>"


@pytest.fixture
def asked(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What CreateProcess was asked for."""
    asked: list[tuple[Any, ...]] = []

    def create(*arguments: Any) -> Created:
        asked.append(arguments)
        return Created(8, 12, 1004, 1008)

    monkeypatch.setattr(windows, "CreateProcess", create)
    monkeypatch.setattr(windows, "ResumeThread", lambda _thread: None, raising=False)
    return asked


def test_created_process_inherits_each_handle_once_and_none_that_is_0(
    asked: list[tuple[Any, ...]],
) -> None:
    """With 0 in the list Windows would hand on every inheritable handle there is."""
    created = ctrlevent.create_process(
        ["x", "a b"], standard_handles=(20, 0, 24), handle_list=[24, 28]
    )
    assert (created.pid, created.tid) == (1004, 1008)
    ((_, command_line, inherits, *_, startup),) = asked
    assert (command_line, inherits) == ('x "a b"', True)
    assert (startup.standard_handles, startup.handle_list) == ((20, 0, 24), (20, 24, 28))


def test_created_process_inherits_nothing_without_a_list(
    asked: list[tuple[Any, ...]],
) -> None:
    ctrlevent.create_process("x", standard_handles=(0, 0, 0))
    ((_, _, inherits, *_, startup),) = asked
    assert (inherits, startup.handle_list) == (False, ())
