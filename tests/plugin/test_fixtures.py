"""The fixtures `interruptible` and `no_stray_events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Pytester

if TYPE_CHECKING:
    from .conftest import Session

POPEN = """
import sys, ctrlevent

def test_popen(interruptible):
    child = interruptible([sys.executable, "-c", "print(5)"], stdout=-1, text=True)
    assert isinstance(child, ctrlevent.Popen) and child.pgid == child.pid
    assert child.communicate(timeout=HANG_LIMIT)[0] == "5\\n"
"""

STRAYS = """
import os, sys
import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT

def test_before(no_stray_events): pass

def test_ctrl_c(no_stray_events):
    ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)

def test_ctrl_break(no_stray_events):
    ctrlevent.kill(os.getpid(), CTRL_BREAK_EVENT, timeout=HANG_LIMIT)

def test_from_a_child(no_stray_events, interruptible):
    code = f'''
import ctrlevent
ctrlevent.kill({os.getpid()}, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT)
'''
    assert interruptible([sys.executable, "-c", code]).wait(HANG_LIMIT) == 0

def test_a_child_is_interrupted(no_stray_events, interruptible):
    code = "from inside import stay; print('up', flush=True); stay()"
    child = interruptible([sys.executable, "-c", code], stdout=-1, stderr=-3)
    child.stdout.readline()
    child.interrupt(HANG_LIMIT)
    assert child.wait(HANG_LIMIT) != 0

def test_afterwards(no_stray_events): pass
"""

OUTCOMES_OF_STRAYS = {
    "test_before": "passed",
    "test_ctrl_c": "error",
    "test_ctrl_break": "error",
    "test_from_a_child": "error",
    "test_a_child_is_interrupted": "passed",
    "test_afterwards": "passed",
}

# Each test starts a child, with a grandchild and a great-grandchild; all write down their pids.
TREE = """
import glob, os, subprocess, sys, time
import pytest

PROGRAM = '''
import os, subprocess, sys, time
name, deeper = sys.argv[1], int(sys.argv[2])
if deeper:
    subprocess.Popen([sys.executable, __file__, name, str(deeper - 1)])
with open(f"{name}.{deeper}", "w") as file:
    file.write(str(os.getpid()))
os.rename(file.name, file.name + ".pid")
time.sleep(600)
'''

def start(interruptible, name):
    with open("program.py", "w") as file:
        file.write(PROGRAM)
    interruptible([sys.executable, "program.py", name, "2"])
    deadline = time.monotonic() + HANG_LIMIT
    while len(glob.glob(f"{name}.*.pid")) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)

def test_passing(interruptible):
    start(interruptible, "test_passing")

def test_failing(interruptible):
    start(interruptible, "test_failing")
    assert False
"""

# After a test of TREE, writes down how many processes it had started, and those that are left.
WHAT_IS_LEFT = """
import glob, json, time
import pytest
import ctrlevent

found = {}

def is_alive(file):
    with open(file) as opened:
        pid = int(opened.read())
    try: ctrlevent.kill(pid, 0)
    except ProcessLookupError: return False
    return True

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield
    files, deadline = glob.glob(f"{item.name}.*.pid"), time.monotonic() + HANG_LIMIT
    # On POSIX, killed orphans are there until init has taken notice.
    while any(map(is_alive, files)) and time.monotonic() < deadline:
        time.sleep(0.01)
    found[item.name] = [len(files), list(filter(is_alive, files))]

def pytest_sessionfinish():
    with open("facts.json", "w") as file:
        json.dump(found, file)
"""


@pytest.fixture(scope="module")
def ran(shared: Pytester) -> Session:
    """A session of POPEN, STRAYS and TREE, without --own-console."""
    shared.write("test_popen.py", POPEN)
    shared.write("test_strays.py", STRAYS)
    shared.write("test_tree.py", TREE)
    shared.write("conftest.py", WHAT_IS_LEFT)
    return shared.run()


def test_interruptible_gives_a_popen(ran: Session) -> None:
    assert ran.outcomes.get("test_popen") == "passed", ran


@pytest.mark.parametrize(
    ("test", "outcome"), [("test_passing", "passed"), ("test_failing", "failed")]
)
def test_interruptible_leaves_nothing_behind(ran: Session, test: str, outcome: str) -> None:
    """It terminates a child, its child and its grandchild, before pytest exits."""
    assert ran.outcomes.get(test) == outcome, ran
    assert ran.facts[test] == [3, []], ran


@pytest.mark.bitness
@pytest.mark.limits
def test_no_stray_events_fails_exactly_those_tests_that_an_event_reached(ran: Session) -> None:
    assert ran.outcomes_of(OUTCOMES_OF_STRAYS) == OUTCOMES_OF_STRAYS, ran


@pytest.mark.parametrize("event", ["CTRL_C_EVENT", "CTRL_BREAK_EVENT"])
def test_no_stray_events_names_the_event(ran: Session, event: str) -> None:
    assert f"the test process got {event}, which" in ran.output


def test_events_to_a_test_reach_it_alone(ran: Session) -> None:
    assert ran.heard == (), ran


@pytest.fixture(scope="module")
def ran_with_xdist(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session of STRAYS with two workers, without --own-console."""
    inner = Pytester(tmp_path_factory.mktemp("xdist"))
    inner.plugins += ("xdist.plugin",)
    inner.write("test_strays.py", STRAYS)
    return inner.run("-n", "2")


@pytest.mark.limits
def test_no_stray_events_with_pytest_xdist(ran_with_xdist: Session) -> None:
    assert ran_with_xdist.outcomes == OUTCOMES_OF_STRAYS, ran_with_xdist


def test_events_to_a_test_reach_it_alone_with_pytest_xdist(ran_with_xdist: Session) -> None:
    assert ran_with_xdist.heard == (), ran_with_xdist
