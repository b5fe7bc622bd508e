"""The fixtures `interruptible` and `no_stray_events`, in pytest sessions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Pytester

TREE = """
import subprocess, sys, time
import pytest

PROGRAM = '''
import os, subprocess, sys, time
deeper = int(sys.argv[1])
if deeper:
    subprocess.Popen([sys.executable, __file__, str(deeper - 1)])
with open(f"pid{deeper}", "w") as file:
    file.write(str(os.getpid()))
os.rename(file.name, file.name + ".txt")
time.sleep(600)
'''

def start(interruptible):
    with open("program.py", "w") as file:
        file.write(PROGRAM)
    interruptible([sys.executable, "program.py", "2"])
    import glob
    while len(glob.glob("pid*.txt")) < 3:
        time.sleep(0.01)

def test_passes(interruptible):
    start(interruptible)

def test_fails(interruptible):
    start(interruptible)
    assert False
"""

STRAYS = """
import os, sys, time
import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT

def test_before(no_stray_events): pass

def test_ctrl_c(no_stray_events):
    ctrlevent.kill(os.getpid(), CTRL_C_EVENT)

def test_ctrl_break(no_stray_events):
    ctrlevent.kill(os.getpid(), CTRL_BREAK_EVENT)

def test_from_a_child(no_stray_events, interruptible):
    code = f"import ctrlevent; ctrlevent.kill({os.getpid()}, ctrlevent.CTRL_C_EVENT)"
    assert interruptible([sys.executable, "-c", code]).wait() == 0

def test_a_child_is_interrupted(no_stray_events, interruptible):
    code = "import time; print('up', flush=True); time.sleep(60)"
    child = interruptible([sys.executable, "-c", code], stdout=-1, stderr=-3)
    child.stdout.readline()
    child.interrupt()
    assert child.wait() != 0

def test_afterwards(no_stray_events): pass
"""


@pytest.mark.parametrize("test", ["test_passes", "test_fails"])
def test_interruptible_leaves_nothing_behind(session: Pytester, test: str) -> None:
    """A child, its child and that one's child; and it is not the end of pytest that ends them."""
    session.write(
        "conftest.py",
        "import glob, pytest, time, ctrlevent\n"
        "def alive(name):\n"
        "    try: ctrlevent.kill(int(open(name).read()), 0)\n"
        "    except ProcessLookupError: return False\n"
        "    return True\n"
        "def pytest_sessionfinish():\n"
        "    names, deadline = glob.glob('pid*.txt'), time.monotonic() + 10\n"
        # On POSIX, killed orphans are there until init has taken notice.
        "    while any(map(alive, names)) and time.monotonic() < deadline: time.sleep(0.01)\n"
        "    left = [name for name in names if alive(name)]\n"
        "    with open('left', 'w') as file: file.write(f'{len(names)} {left}')",
    )
    session.write("test_it.py", TREE)
    ran = session.run("-k", test)
    assert list(ran.outcomes) == [test]
    assert (session.folder / "left").read_text() == "3 []", ran


def test_interruptible_gives_a_popen(session: Pytester) -> None:
    session.write(
        "test_it.py",
        "import sys, ctrlevent\n"
        "def test_it(interruptible):\n"
        "    child = interruptible([sys.executable, '-c', 'print(5)'], stdout=-1, text=True)\n"
        "    assert isinstance(child, ctrlevent.Popen) and child.pgid == child.pid\n"
        "    assert child.communicate()[0] == '5\\n'",
    )
    assert session.run().outcomes == {"test_it": "passed"}


def test_no_stray_events_fails_exactly_those_tests_that_an_event_reached(
    session: Pytester,
) -> None:
    session.write("test_it.py", STRAYS)
    ran = session.run()
    assert ran.outcomes == {
        "test_before": "passed",
        "test_ctrl_c": "error",
        "test_ctrl_break": "error",
        "test_from_a_child": "error",
        "test_a_child_is_interrupted": "passed",
        "test_afterwards": "passed",
    }, ran
    assert "the test process got CTRL_C_EVENT, which" in ran.output
    assert "the test process got CTRL_BREAK_EVENT, which" in ran.output
    assert ran.heard == ()


def test_no_stray_events_with_pytest_xdist(session: Pytester) -> None:
    session.plugins += ("xdist.plugin",)
    session.write("test_it.py", STRAYS)
    ran = session.run("-n", "2")
    assert sorted(ran.outcomes.values()) == ["error"] * 3 + ["passed"] * 3, ran
    assert ran.heard == ()
