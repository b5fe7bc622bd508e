"""`--own-console`: nothing changes for the session, and nothing of it gets out."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from tests.children import is_alive
from tests.waiting import HANG_LIMIT, wait_until

from .conftest import PLUGIN, Pair, Pytester, Session, outcomes
from .inner import MIXED, OUTCOMES_OF_MIXED, OWN, TO_THE_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# --- the same session without and with the option -------------------------------------------------

IMPORT_PATH = """
import json, sys

def test_writes_import_path():
    with open("facts.json", "w") as file:
        json.dump(sys.path, file)
"""


@pytest.fixture(scope="module")
def in_colours(shared: Pytester) -> Pair:
    """MIXED and IMPORT_PATH, with colours."""
    shared.write("conftest.py", "")
    shared.write("test_mixed.py", MIXED)
    shared.write("test_path.py", IMPORT_PATH)
    arguments = ["-v", "--color=yes", "test_mixed.py", "test_path.py"]
    return Pair(shared.run(*arguments), shared.run(*arguments, OWN))


@pytest.fixture(scope="module")
def interrupted(shared: Pytester) -> Pair:
    """MIXED and TO_THE_GROUP, without colours."""
    shared.write("test_mixed.py", MIXED)
    shared.write("test_to_the_group.py", TO_THE_GROUP)
    arguments = ["-v", "--color=no", "test_mixed.py", "test_to_the_group.py"]
    return Pair(shared.run(*arguments), shared.run(*arguments, OWN))


def comparable(session: Session) -> tuple[str, str]:
    """Its output, without times, and without the line that a KeyboardInterrupt has come at."""
    text = re.sub(r"\d+\.\d\ds", "0.00s", session.output)
    text = re.sub(r"(?m)^\S.*:\d+: KeyboardInterrupt", "somewhere: KeyboardInterrupt", text)
    return re.sub(r"=+( .* )=+", r"=\1=", text), session.errors


def test_output_is_the_same(in_colours: Pair) -> None:
    assert "\x1b[" in in_colours.plain.output
    assert comparable(in_colours.own) == comparable(in_colours.plain)


def test_output_without_colours_is_the_same(interrupted: Pair) -> None:
    assert "\x1b[" not in interrupted.plain.output
    assert comparable(interrupted.own) == comparable(interrupted.plain)


def test_exit_status_after_failures_is_the_same(in_colours: Pair) -> None:
    assert (in_colours.plain.status, in_colours.own.status) == (1, 1)


def test_exit_status_after_an_interruption_is_the_same(interrupted: Pair) -> None:
    assert (interrupted.plain.status, interrupted.own.status) == (2, 2)


def test_outcomes_are_read_from_junits_file(in_colours: Pair) -> None:
    """What the other tests rely on."""
    assert in_colours.plain.outcomes == {**OUTCOMES_OF_MIXED, "test_writes_import_path": "passed"}


def test_junit_file_is_the_same(in_colours: Pair) -> None:
    assert in_colours.own.outcomes == in_colours.plain.outcomes


def test_import_path_is_the_same(in_colours: Pair) -> None:
    assert in_colours.plain.facts
    assert in_colours.own.facts == in_colours.plain.facts


@pytest.mark.bitness
def test_an_event_to_the_group_stays_inside(interrupted: Pair) -> None:
    """Without the option it does not, as the watcher shows."""
    assert interrupted.plain.heard == ("CTRL_C_EVENT",), interrupted.plain
    assert interrupted.own.heard == (), interrupted.own


# --- one contained session that does much ---------------------------------------------------------

# Started with options of the interpreter, with a pipe for standard input, and without pytest's
# capturing.
MUCH = f"""
import json, os, subprocess, sys
import pytest
import ctrlevent
from inside import stay, wait_for

def test_interpreter_options():
    assert sys.flags.dev_mode and "error::BytesWarning" in sys.warnoptions

def test_standard_input():
    assert input() == "typed"

def test_output_is_live():
    print("said", flush=True)
    wait_for("read")  # the file that the outer test writes when it has read "said"

@pytest.mark.skipif(os.name != "nt", reason="for windows only")
def test_broadcast():
    with pytest.raises(KeyboardInterrupt):
        ctrlevent.broadcast(ctrlevent.CTRL_C_EVENT)
        stay()

# Of inner.py, which has TO_THE_GROUP.
def test_session_in_this_session():
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", {PLUGIN!r}]
    assert subprocess.call([*command, "inner.py", {OWN!r}]) == 2

def test_leaves_a_child_running():
    code = "import time; time.sleep(600)"
    null = subprocess.DEVNULL
    child = subprocess.Popen([sys.executable, "-c", code], stdin=null, stdout=null, stderr=null)
    with open("facts.json", "w") as file:
        json.dump({{"left running": child.pid}}, file)
    child.returncode = 0  # so that it is not warned of
"""


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The session of MUCH. Its input is "typed"; it gets the file "read" for its output "said"."""
    inner = Pytester(tmp_path_factory.mktemp("contained"))
    inner.write("test_much.py", MUCH)
    inner.write("inner.py", TO_THE_GROUP)
    python = ["-X", "dev", "-W", "error::BytesWarning"]
    command = inner.command("--junitxml=junit.xml", "-s", "test_much.py", OWN, python=python)
    lines = []
    with inner.started(inner.watched(command), stdin=subprocess.PIPE) as process:
        process.stdin.write("typed\n")
        process.stdin.close()
        for line in process.stdout:
            lines.append(line)
            if "said" in line:
                inner.write("read", "")
        assert process.wait(HANG_LIMIT) == 0, "".join(lines)
    return inner.finished("".join(lines), "")


def test_interpreter_options_are_the_same(contained: Session) -> None:
    assert contained.outcomes.get("test_interpreter_options") == "passed", contained


def test_standard_input_is_the_same(contained: Session) -> None:
    assert contained.outcomes.get("test_standard_input") == "passed", contained


def test_output_is_live(contained: Session) -> None:
    """The inner test goes on when the outer test has read what it said."""
    assert contained.outcomes.get("test_output_is_live") == "passed", contained


@pytest.mark.windows
def test_a_broadcast_reaches_the_session(contained: Session) -> None:
    assert contained.outcomes.get("test_broadcast") == "passed", contained


@pytest.mark.windows
def test_a_broadcast_stays_inside(contained: Session) -> None:
    assert contained.outcomes.get("test_broadcast") == "passed", contained
    assert contained.heard == (), contained


def test_a_session_in_a_session_gets_a_console_of_its_own_too(contained: Session) -> None:
    """Its Ctrl+C ends it alone."""
    assert contained.outcomes.get("test_session_in_this_session") == "passed", contained
    assert contained.status == 0, contained


def test_what_a_session_leaves_running_is_ended(contained: Session) -> None:
    """And is no failure of the session."""
    assert contained.outcomes.get("test_leaves_a_child_running") == "passed", contained
    assert contained.status == 0, contained
    pid = contained.facts["left running"]
    # The child has been killed; on POSIX it is there until init has taken notice.
    wait_until(lambda: not is_alive(pid), "the end of what was left running")


# --- on a terminal --------------------------------------------------------------------------------

ON_TERMINAL = """
import shutil, sys

def test_width():
    assert shutil.get_terminal_size().columns == 97

def test_is_shown(request):
    with request.getfixturevalue("capsys").disabled():
        print("shown \u00f6")
    print("to stderr", file=sys.stderr)
"""

GREEN = "\x1b[32m"


@dataclass(frozen=True)
class OnTerminal:
    """A session of ON_TERMINAL on a terminal of 97 columns, and what is to be read there."""

    status: int
    text: str
    outcomes: Mapping[str, str]


def on_terminal(folder: Path, *arguments: str) -> OnTerminal:
    inner = Pytester(folder)
    inner.write("test_it.py", ON_TERMINAL)
    with ctrlevent.PseudoConsole(columns=97) as console:
        command = inner.command("--junitxml=junit.xml", OWN, *arguments)
        process = console.start(command, env=inner.environment, cwd=inner.folder)
        status = process.wait(HANG_LIMIT)
    text = "".join(iter(console.read, ""))
    return OnTerminal(status, text, outcomes(inner.folder / "junit.xml"))


@pytest.fixture(scope="module")
def as_by_default(tmp_path_factory: pytest.TempPathFactory) -> OnTerminal:
    return on_terminal(tmp_path_factory.mktemp("terminal"))


@pytest.fixture(scope="module")
def without_colours(tmp_path_factory: pytest.TempPathFactory) -> OnTerminal:
    return on_terminal(tmp_path_factory.mktemp("terminal"), "--color=no")


@pytest.mark.windows
@pytest.mark.parametrize("name", ["as_by_default", "without_colours"])
def test_on_a_terminal_the_output_appears_there(request: pytest.FixtureRequest, name: str) -> None:
    """Although the session writes to a pipe."""
    seen: OnTerminal = request.getfixturevalue(name)
    assert seen.status == 0, seen.text
    assert "shown \u00f6" in seen.text
    assert "2 passed" in re.sub(r"\x1b\[[0-9;]*m", "", seen.text)


@pytest.mark.windows
@pytest.mark.parametrize("name", ["as_by_default", "without_colours"])
def test_on_a_terminal_the_session_is_as_wide_as_that(
    request: pytest.FixtureRequest, name: str
) -> None:
    seen: OnTerminal = request.getfixturevalue(name)
    assert seen.outcomes.get("test_width") == "passed", seen.text


@pytest.mark.windows
def test_on_a_terminal_there_are_colours(as_by_default: OnTerminal) -> None:
    assert GREEN in as_by_default.text


@pytest.mark.windows
def test_on_a_terminal_there_are_no_colours_where_none_are_wanted(
    without_colours: OnTerminal,
) -> None:
    assert GREEN not in without_colours.text
