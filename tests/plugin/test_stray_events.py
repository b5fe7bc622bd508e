"""`no_stray_events`: which events fail a test, and which end the session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ctrlevent._stray_events import INSISTS
from tests.waiting import HANG_LIMIT

from .conftest import Pytester
from .inner import OWN

if TYPE_CHECKING:
    from .conftest import Session

INI = "[pytest]\nno_stray_events = true\naddopts = --strict-markers\n"

# --- the doing of tests ---------------------------------------------------------------------------

# os.kill as POSIX code calls it, which the option --patch-os makes true on Windows.
OF_TESTS = f"""
import _thread, os, signal, sys, time
import pytest
import ctrlevent
from inside import stay

def interrupt_this_process():
    code = f"import ctrlevent; ctrlevent.kill({{os.getpid()}}, ctrlevent.CTRL_C_EVENT, timeout=180)"
    ran = ctrlevent.run([sys.executable, "-c", code])
    assert ran.returncode == 0

def test_before(): pass

def test_os_kill():
    os.kill(os.getpid(), signal.SIGINT)

def test_os_kill_at_once_after_it():
    os.kill(os.getpid(), signal.SIGINT)

@pytest.mark.skipif(os.name == "nt", reason="no console event there")
def test_raise_signal():
    signal.raise_signal(signal.SIGINT)

@pytest.mark.skipif(os.name == "nt", reason="no console event there")
def test_interrupt_main():
    _thread.interrupt_main()

def test_by_a_child():
    interrupt_this_process()

def test_by_another_child():
    time.sleep({INSISTS + 0.5})
    interrupt_this_process()

class TestOfUnittest(__import__("unittest").TestCase):
    def test_os_kill_of_unittest(self):
        os.kill(os.getpid(), signal.SIGINT)

@pytest.mark.expects_events
def test_that_expects_it():
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        stay()

@pytest.mark.expects_events(reason="it is what this test is about")
def test_that_expects_it_and_asks_for_the_fixture(no_stray_events):
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        stay()

def test_after(): pass
"""

on_posix = "error" if os.name != "nt" else "skipped"
OUTCOMES_OF_TESTS = {
    "test_before": "passed",
    "test_os_kill": "error",
    "test_os_kill_at_once_after_it": "error",
    "test_raise_signal": on_posix,
    "test_interrupt_main": on_posix,
    "test_by_a_child": "error",
    "test_by_another_child": "error",
    "test_os_kill_of_unittest": "error",
    "test_that_expects_it": "passed",
    "test_that_expects_it_and_asks_for_the_fixture": "passed",
    "test_after": "passed",
}


@pytest.fixture(scope="module")
def of_tests(tmp_path_factory: pytest.TempPathFactory) -> Session:
    inner = Pytester(tmp_path_factory.mktemp("of_tests"))
    inner.write("pytest.ini", INI)
    inner.write("test_it.py", OF_TESTS)
    return inner.run("--patch-os")


@pytest.mark.limits
@pytest.mark.parametrize("name", OUTCOMES_OF_TESTS)
def test_the_ini_option_fails_exactly_the_tests_that_sent_an_event(
    of_tests: Session, name: str
) -> None:
    assert of_tests.outcomes.get(name) == OUTCOMES_OF_TESTS[name], of_tests


def test_events_of_tests_do_not_end_the_session(of_tests: Session) -> None:
    assert of_tests.status == 1, of_tests
    assert of_tests.heard == (), of_tests


def test_the_message_names_the_marker(of_tests: Session) -> None:
    assert "(a test that expects it has the marker expects_events)" in of_tests.output


def test_the_marker_has_a_help_text(session: Pytester) -> None:
    seen = session.watch(session.command("--markers"))
    assert "@pytest.mark.expects_events(reason)" in seen.output, seen


# --- the user's doing -----------------------------------------------------------------------------

WAITS = """
import os, pytest, sys
from inside import stay

@pytest.fixture
def resource():
    yield
    open("torn down", "w").close()

def test_before(): pass

def test_waits(resource):
    open("running", "w").close()
    stay()

def test_after(): open("went on", "w").close()
"""

# What it has started may have sent the event.
WAITS_WITH_A_CHILD = """
import os, subprocess, sys
import ctrlevent
from inside import stay, wait_for
from test_waits import resource

def test_waits(resource, interruptible):
    interruptible([sys.executable, "-c", "from inside import stay; stay()"])
    open("running", "w").close()
    wait_for("go on")

def test_after(): open("went on", "w").close()
"""


@pytest.mark.bitness
@pytest.mark.parametrize("arguments", [[], [OWN]], ids=["plain", "own console"])
def test_the_users_ctrl_c_ends_the_session_at_once(session: Pytester, arguments: list[str]) -> None:
    session.write("pytest.ini", INI)
    session.write("test_waits.py", WAITS)
    with session.started(session.command(*arguments)) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode == 2, output
    assert (session.folder / "torn down").exists(), output
    assert not (session.folder / "went on").exists(), output
    assert "KeyboardInterrupt" in output


def test_the_users_ctrl_c_ends_a_session_with_pytest_xdist(session: Pytester) -> None:
    session.plugins += ("xdist.plugin",)
    session.write("pytest.ini", INI)
    session.write("test_waits.py", WAITS)
    with session.started(session.command("-n", "1")) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode == 2, output
    assert not (session.folder / "went on").exists(), output


@pytest.mark.parametrize("arguments", [[], [OWN]], ids=["plain", "own console"])
def test_where_it_cannot_be_told_the_user_insists(session: Pytester, arguments: list[str]) -> None:
    session.write("pytest.ini", INI)
    session.write("test_waits.py", WAITS)
    session.write("test_with_a_child.py", WAITS_WITH_A_CHILD)
    with session.started(session.command("test_with_a_child.py", *arguments)) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        lines = []
        for line in process.stdout:  # at once, while the test runs
            lines.append(line)
            if "press it again" in line:
                break
        process.interrupt(HANG_LIMIT)
        output = "".join([*lines, process.communicate(timeout=HANG_LIMIT)[0]])
    assert process.returncode == 2, output
    assert "CTRL_C_EVENT reached test_with_a_child.py::test_waits, and fails it" in output
    assert (session.folder / "torn down").exists(), output
    assert not (session.folder / "went on").exists(), output


def test_where_it_cannot_be_told_one_event_fails_the_test(session: Pytester) -> None:
    session.write("pytest.ini", INI)
    session.write("test_waits.py", WAITS)
    session.write("test_with_a_child.py", WAITS_WITH_A_CHILD)
    with session.started(
        session.command("test_with_a_child.py", "--junitxml=junit.xml")
    ) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        for line in process.stdout:
            if "press it again" in line:
                break
        session.write("go on", "")
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode == 1, output
    assert (session.folder / "went on").exists(), output
    assert "the test process got CTRL_C_EVENT, which" in output
