"""`Popen` and `create_process` on Windows, as far as they need none."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from ctrlevent import NotAGroupLeader, _send, _spawn
from ctrlevent._win32.boundary import Created

if TYPE_CHECKING:
    from collections.abc import Callable


class Child(_spawn.Popen):
    """One that was started: `polls` are the answers of `poll`, one after the other."""

    def __init__(self, *polls: int | None) -> None:
        self.pid = 1004
        self.polls = list(polls)
        self.returncode = 0  # or subprocess.Popen complains that it was not waited for

    def poll(self) -> int | None:
        return self.polls.pop(0)

    def __del__(self) -> None: ...


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[OSError], None]:
    """`refuse(ERROR)`: that is the answer of `killpg`."""

    def refuse(error: OSError) -> None:
        def killpg(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(_send, "killpg", killpg)

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
    """Not taken for the end of the child."""
    refuse(NotAGroupLeader())
    with pytest.raises(NotAGroupLeader):
        Child(None, None).interrupt()


def test_other_refusals_are_raised(refuse: Callable[[OSError], None]) -> None:
    refuse(PermissionError())
    with pytest.raises(PermissionError):
        Child(None).interrupt()


def test_created_process_says_its_pid() -> None:
    created = _spawn.CreatedProcess(Created(8, 12, 1004, 1008))
    assert repr(created) == "<CreatedProcess 1004>"
