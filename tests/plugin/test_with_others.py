"""`--own-console` together with pytest-xdist, and with pytest-timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repeats import repeats

from .inner import MIXED, OUTCOMES_OF_MIXED, OWN

if TYPE_CHECKING:
    from .conftest import Pytester, Session

TO_ITSELF = """
import os, signal, sys, threading
import pytest
import ctrlevent
from ctrlevent import CTRL_C_EVENT
from inside import stay

def interrupt_this_process():
    ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)

@pytest.mark.parametrize("turn", range(4))
def test_itself(turn):
    with pytest.raises(KeyboardInterrupt):
        interrupt_this_process()
        stay()

@pytest.mark.parametrize("turn", range(2))
def test_itself_from_another_thread(turn):
    with pytest.raises(KeyboardInterrupt):
        threading.Thread(target=interrupt_this_process).start()
        stay()

@pytest.mark.parametrize("turn", range(2))
def test_a_child(turn, interruptible):
    code = '''
from inside import stay
try:
    print("up", flush=True)
    stay()
except KeyboardInterrupt:
    print("interrupted", flush=True)
'''
    child = interruptible([sys.executable, "-c", code], stdout=-1, text=True)
    assert child.stdout.readline() == "up\\n"
    child.interrupt(HANG_LIMIT)
    assert child.stdout.readline() == "interrupted\\n"
"""

OUTCOMES_OF_TO_ITSELF = {
    **{f"test_itself[{turn}]": "passed" for turn in range(4)},
    **{f"test_itself_from_another_thread[{turn}]": "passed" for turn in range(2)},
    **{f"test_a_child[{turn}]": "passed" for turn in range(2)},
}


@pytest.fixture(scope="module")
def with_xdist(shared: Pytester) -> list[Session]:
    """Sessions of MIXED and TO_ITSELF, with two workers each; as many as there are repeats."""
    shared.plugins += ("xdist.plugin",)
    shared.write("test_mixed.py", MIXED)
    shared.write("test_to_itself.py", TO_ITSELF)
    return [shared.run("-n", "2", OWN) for _ in range(repeats(whole=10, share=1))]


def test_outcomes_with_pytest_xdist(with_xdist: list[Session]) -> None:
    """Those that test_own_console.py finds without it."""
    for own in with_xdist:
        assert own.outcomes_of(OUTCOMES_OF_MIXED) == OUTCOMES_OF_MIXED, own


def test_exit_status_with_pytest_xdist(with_xdist: list[Session]) -> None:
    """That of failures: no interruption has ended the session."""
    assert {own.status for own in with_xdist} == {1}


@pytest.mark.repeats
def test_tests_that_interrupt_themselves_pass_with_pytest_xdist(with_xdist: list[Session]) -> None:
    for own in with_xdist:
        assert own.outcomes_of(OUTCOMES_OF_TO_ITSELF) == OUTCOMES_OF_TO_ITSELF, own
        assert len(own.outcomes) == len(OUTCOMES_OF_MIXED) + len(OUTCOMES_OF_TO_ITSELF)
        assert own.status == 1, own


@pytest.mark.repeats
def test_events_stay_inside_with_pytest_xdist(with_xdist: list[Session]) -> None:
    for own in with_xdist:
        assert own.heard == (), own


@pytest.mark.limits
def test_with_pytest_timeout(session: Pytester) -> None:
    session.plugins += ("pytest_timeout",)
    session.write("test_it.py", "from inside import stay\ndef test_it(): stay()")
    own = session.run("--timeout=1", "--timeout-method=thread", OWN)
    assert own.status == 1, own
    assert "Timeout" in own.output + own.errors
