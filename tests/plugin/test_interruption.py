"""The user's Ctrl+C, while a session with `--own-console` runs."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import pytest

from ctrlevent._run import GRACE
from tests.children import is_alive
from tests.waiting import HANG_LIMIT, wait_until

from .inner import OWN

if TYPE_CHECKING:
    from .conftest import Pytester

SLOW_TEARDOWN = """
import os, pytest, signal
from inside import stay, wait_for

@pytest.fixture
def resource():
    yield
TEARDOWN
    open("torn down", "w").close()

def test_it(resource):
    with open("pid", "w") as file:
        file.write(str(os.getpid()))
    open("running", "w").close()
    stay()
"""

WAITS = """
    open("tearing down", "w").close()
    wait_for("go on")
"""

STAYS = """
    open("tearing down", "w").close()
    stay()
"""

# Ctrl+C does not break this off: it counts.
COUNTS = """
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(open(f"heard {len(heard)}", "w").close()))
    open("tearing down", "w").close()
    wait_for("go on")
"""


@pytest.mark.limits
def test_the_users_ctrl_c_is_passed_on(session: Pytester) -> None:
    """And the session tears down, even if that takes longer than a time limit of `run` leaves."""
    session.write("test_it.py", SLOW_TEARDOWN.replace("TEARDOWN", WAITS))
    with session.started(session.command(OWN)) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        session.wait_for("tearing down")
        # By then a `run` that has such a limit would have ended the session. On a busy machine it
        # might not have: then this test shows less, but it does not fail.
        time.sleep(GRACE + 1)
        session.write("go on", "")
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode == 2, output
    assert "KeyboardInterrupt" in output
    assert (session.folder / "torn down").exists(), output


def is_gone(pid: int) -> bool:
    return not is_alive(pid)


def test_a_second_ctrl_c_breaks_the_teardown_off(session: Pytester) -> None:
    """As it does without the option: pytest decides. The exit status stays pytest's own."""
    session.write("test_it.py", SLOW_TEARDOWN.replace("TEARDOWN", STAYS))
    statuses = []
    for options in ((), (OWN,)):
        for name in ("running", "tearing down"):
            (session.folder / name).unlink(missing_ok=True)
        with session.started(session.command(*options)) as process:
            session.wait_for("running")
            process.interrupt(HANG_LIMIT)
            session.wait_for("tearing down")
            process.interrupt(HANG_LIMIT)
            process.communicate(timeout=HANG_LIMIT)
        statuses.append(process.returncode % 256)  # of POSIX: by the signal, or as a shell says it
        pid = int((session.folder / "pid").read_text())
        wait_until(functools.partial(is_gone, pid), "the end of the session")
        assert not (session.folder / "torn down").exists()
    plain, own = statuses
    assert own in (plain, 128 + (256 - plain))


def test_each_ctrl_c_is_passed_on_once(session: Pytester) -> None:
    """A teardown that goes on is waited for, and then the exit status is pytest's."""
    session.write("test_it.py", SLOW_TEARDOWN.replace("TEARDOWN", COUNTS))
    with session.started(session.command(OWN)) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        session.wait_for("tearing down")
        for number in range(3):
            process.interrupt(HANG_LIMIT)
            session.wait_for(f"heard {number}")
        assert not (session.folder / "heard 3").exists()
        session.write("go on", "")
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode == 2, output
    assert (session.folder / "torn down").exists(), output
