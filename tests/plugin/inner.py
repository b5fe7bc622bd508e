"""What the inner sessions are made of: texts of test files that more than one module uses."""

from __future__ import annotations

OWN = "--own-console"

#: The module `inside`, which every inner session can import. It sleeps in small pieces: Python
#: notices a Ctrl+C that comes just as a long sleep begins only at the end of that (bpo-30151).
INSIDE = """
import os, time

def stay():
    for _ in range(60_000):
        time.sleep(0.01)

def wait_for(file):
    deadline = time.monotonic() + HANG_LIMIT
    while not os.path.exists(file):
        assert time.monotonic() < deadline, file
        time.sleep(0.01)
"""

MIXED = """
import pytest, sys

def test_passes(): pass
def test_fails():
    print("to stdout \\u2713")
    print("to stderr", file=sys.stderr)
    assert [1, 2] == [1, 3]
@pytest.mark.skip(reason="as it is")
def test_skipped(): pass
@pytest.fixture
def broken(): raise ValueError("broken")
def test_error(broken): pass
"""

OUTCOMES_OF_MIXED = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_skipped": "skipped",
    "test_error": "error",
}

#: Ends the session with the exit status 2, by a Ctrl+C.
TO_THE_GROUP = """
import ctrlevent
from inside import stay

def test_interrupts_its_group():
    ctrlevent.killpg(0, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT)
    stay()
"""
