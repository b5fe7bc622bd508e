"""`--guard-console`: what a test leaves pending on the console reaches no process, and fails it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.tools.bed import probes

from .inner import OWN

if TYPE_CHECKING:
    from .conftest import Pytester, Session

GUARD = "--guard-console"

# The inner pytest leads no process group: the process that has started it does.
MISUSE = """
import os, signal, subprocess, sys
import pytest
import ctrlevent

WAITS = "import sys; print('up', flush=True); sys.stdin.read()"
CALLS = (
    "import os, signal, sys; os.kill(os.getpid(), signal.CTRL_C_EVENT);"
    " print('called', flush=True); sys.stdin.read()"
)

@pytest.fixture
def start():
    started = []
    def start(code):
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(child)
        child.stdout.readline()
        return child
    yield start
    for child in started:
        child.communicate()

@pytest.mark.parametrize("number", range(5))
def test_of_nothing(number): pass

def test_wrong_to_itself():
    os.kill(os.getpid(), signal.CTRL_C_EVENT)  # itself

def test_that_prints():
    print("hello")

def test_wrong_break():
    os.kill(os.getpid(), signal.CTRL_BREAK_EVENT)  # break

def test_that_starts_a_child(start):
    start(WAITS)

def test_wrong_to_a_child(start):
    os.kill(start(WAITS).pid, signal.CTRL_C_EVENT)  # child

def test_right_to_a_child(start):
    ctrlevent.kill(start(WAITS).pid, 0)

def test_wrong_by_send_signal(start):
    start(WAITS).send_signal(signal.CTRL_C_EVENT)  # send_signal

@pytest.mark.parametrize("number", range(5))
def test_of_nothing_more(number): pass

@pytest.mark.expects_events(reason="it is marked")
def test_that_is_marked():
    os.kill(os.getpid(), signal.CTRL_C_EVENT)

def test_at_the_end(): pass
"""

BY_A_CHILD = """

def test_wrong_call_of_a_child(start):
    start(CALLS)
"""

WRONG = {
    "test_wrong_to_itself": "itself",
    "test_wrong_break": "break",
    "test_wrong_to_a_child": "child",
    "test_wrong_by_send_signal": "send_signal",
}
CHILD = "test_wrong_call_of_a_child"

ONE = """
import os, signal

def test_wrong():
    os.kill(os.getpid(), signal.CTRL_C_EVENT)
"""


@pytest.fixture(scope="module", autouse=True)
def _leaves_events_pending() -> None:
    if os.name == "nt" and not probes.parks_events_for_non_leader():
        pytest.skip("this console leaves no event pending")


def line_of(mark: str) -> int:
    return next(n for n, line in enumerate(MISUSE.split("\n"), 1) if line.endswith(f"# {mark}"))


def failed(session: Session) -> set[str]:
    return {name for name, outcome in session.outcomes.items() if outcome != "passed"}


@pytest.fixture(scope="module")
def guarded(shared: Pytester) -> Session:
    shared.write("test_misuse.py", MISUSE + BY_A_CHILD)
    return shared.run(GUARD)


@pytest.mark.windows
def test_exactly_the_tests_that_misuse_os_kill_fail(guarded: Session) -> None:
    assert failed(guarded) == {*WRONG, CHILD}, guarded
    assert len(guarded.outcomes) == 20
    assert guarded.status == 1


@pytest.mark.windows
def test_the_report_names_file_and_line_of_each_call(guarded: Session) -> None:
    for mark in WRONG.values():
        assert f"test_misuse.py:{line_of(mark)}: os.kill(" in guarded.output, guarded


@pytest.mark.windows
def test_the_report_says_that_a_child_has_made_the_call(guarded: Session) -> None:
    assert "by a process that this test has started" in guarded.output, guarded


@pytest.mark.windows
def test_no_event_reaches_the_process_that_has_started_the_session(guarded: Session) -> None:
    assert guarded.heard == (), guarded


@pytest.mark.windows
def test_the_header_says_that_a_guard_stands(guarded: Session) -> None:
    assert "guard-console: on this console" in guarded.output, guarded


@pytest.mark.windows
def test_without_a_guard_the_event_reaches_that_process(session: Pytester) -> None:
    """The control."""
    session.write("test_one.py", ONE)
    # Without a junit file: the event may come while pytest writes that.
    assert "CTRL_C_EVENT" in session.watch(session.command()).heard


@pytest.mark.windows
@pytest.mark.parametrize(
    ("arguments", "ini", "plugins"),
    [
        ([], "guard_console = true", ()),
        ([GUARD, "-n", "2"], "", ("xdist.plugin",)),
        ([GUARD], "no_stray_events = true", ()),
    ],
    ids=["ini", "xdist", "no_stray_events"],
)
def test_together_with(
    session: Pytester, arguments: list[str], ini: str, plugins: tuple[str, ...]
) -> None:
    session.plugins += plugins
    session.write("pytest.ini", f"[pytest]\n{ini}\n")
    session.write("test_misuse.py", MISUSE)
    ran = session.run(*arguments)
    assert failed(ran) == {*WRONG}, ran
    assert len(ran.outcomes) == 19
    assert ran.heard == (), ran


@pytest.mark.windows
def test_together_with_a_console_of_its_own(session: Pytester) -> None:
    """There pytest leads its group: its own pid is that of a group."""
    session.write("test_misuse.py", MISUSE)
    ran = session.run(GUARD, OWN, "-k", "child or send_signal or nothing")
    assert failed(ran) == {"test_wrong_to_a_child", "test_wrong_by_send_signal"}, ran
    assert ran.heard == (), ran


MANY = """
import os, signal
import pytest

@pytest.mark.parametrize("number", range(25))
def test_wrong(number):
    os.kill(os.getpid(), signal.CTRL_C_EVENT)
    OUTPUT
"""


@pytest.mark.windows
@pytest.mark.parametrize("arguments", [[], ["-v"], ["-v", "-s"]], ids=["quiet", "-v", "-v -s"])
def test_what_pytest_prints_lets_nothing_go(session: Pytester, arguments: list[str]) -> None:
    session.write(
        "test_many.py", MANY.replace("OUTPUT", "print('captured')" * ("-s" not in arguments))
    )
    ran = session.run(GUARD, "-rN", "--tb=no", *arguments)
    assert len(failed(ran)) == 25, ran
    assert ran.heard == (), ran


@pytest.mark.windows
def test_a_print_of_the_test_that_is_not_captured_lets_it_go(session: Pytester) -> None:
    """It comes between the wrong call and the clearing: what a guard cannot do."""
    prints = "with open('CONOUT$', 'w') as console: console.write('hello')"
    session.write("test_many.py", MANY.replace("OUTPUT", prints))
    assert "CTRL_C_EVENT" in session.watch(session.command(GUARD, "-s")).heard


@pytest.mark.posix
def test_on_posix_there_is_nothing_to_guard(session: Pytester) -> None:
    session.write("test_one.py", "def test_passes(): pass\n")
    ran = session.run(GUARD)
    assert ran.status == 0
    assert "guard-console: this console leaves no event pending" in ran.output
