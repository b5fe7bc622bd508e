"""The steps of the tutorial do what it says, on every system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ctrlevent

HERE = Path(__file__).parent
LEAKING = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "leaking.py"]

# A session of its own, not a worker of this session.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_X")}


# After the last test, an event ends pytest itself: STATUS_CONTROL_C_EXIT.
ENDED_BY_CTRL_C = 0xC000_013A


def assert_test_failed(ran: subprocess.CompletedProcess[str]) -> None:
    """It fails if the event does not arrive; if the event reaches pytest, pytest breaks off.

    On Windows that event waits for a call of the console, which may be as late as pytest's end.
    """
    assert ran.returncode in (1, 2, ENDED_BY_CTRL_C), ran.stdout + ran.stderr
    assert "1 passed" not in ran.stdout


@pytest.mark.usefixtures("no_stray_events")
def test_first_try_fails_and_with_its_own_console_it_does_so_alone() -> None:
    command = [*LEAKING, "--own-console"]
    ran = subprocess.run(
        command, cwd=HERE, env=ENVIRONMENT, capture_output=True, text=True, timeout=180, check=False
    )
    assert_test_failed(ran)


@pytest.mark.usefixtures("no_stray_events")
def test_first_try_run_by_ctrlevent_leaves_nobody_behind() -> None:
    ran = ctrlevent.run(LEAKING, cwd=HERE, env=ENVIRONMENT, capture_output=True, text=True)
    assert_test_failed(ran)
