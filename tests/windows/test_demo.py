"""python -m ctrlevent demo: every row is there, and every call of ctrlevent keeps its promise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ctrlevent import _demo
from ctrlevent._demo import ROWS
from ctrlevent._win32 import system
from ctrlevent._windows.wine import is_wine
from docs._diagrams import demo as recording
from tests.tools.bed import probes

from . import starting
from .harness import Console, bed_program

if TYPE_CHECKING:
    from .starting import Done

PRINTS = "bystander  prints a line to the console"


def demo(console: Console, launcher: str, *arguments: str, colours: bool = False) -> Done:
    command = [bed_program("python"), "-m", "ctrlevent", "demo", "--launcher", launcher, *arguments]
    environment = {"NO_COLOR": "", "FORCE_COLOR": "1"} if colours else {"NO_COLOR": "1"}
    return console.parent.call(starting.execute, command, environment=environment)


def test_the_demo(console: Console) -> None:
    console.parent.spawn(name="bystander")
    done = demo(console, bed_program("launcher"))
    lines = done.output.decode().splitlines()
    assert (done.exit_code, done.errors) == (0, b"")
    ours = [row for row in ROWS if row.is_ours]
    assert lines[-1].startswith(f"{len(ours)} of {len(ours)} calls of ctrlevent kept the promise")
    for row in ROWS:
        assert len([line for line in lines if row.shown in line]) == 1
    assert any("raises NotAGroupLeader" in line for line in lines)
    assert not any("PROMISE BROKEN" in line for line in lines)
    as_on_windows = probes.parks_events_for_non_leader()
    assert as_on_windows != any("not as on Windows" in line for line in lines)
    assert lines[2].startswith("the console of Windows")
    console.assert_untouched()


@pytest.mark.wine
def test_plain_os_kill_reaches_what_the_console_of_this_system_lets_it_reach(
    console: Console,
) -> None:
    """Where it parks events: every process, the shell too, and at the latest after a print."""
    output = demo(console, bed_program("launcher")).output.decode()
    leak = output[output.index(_demo.LEAK.shown) : output.index("2. ")]
    at_once, after_print = re.findall(r"-> (.*?)\r?\n", leak)
    assert leak.index(at_once) < leak.index(PRINTS) < leak.rindex(after_print)
    got = {role for role in _demo.ROLES if role in f"{at_once}, {after_print}"}
    if probes.parks_events_for_non_leader():
        assert got == {"program", "bystander", "shell"}
    else:
        assert got == set()
    console.assert_untouched()


def test_demo_prints_what_the_picture_of_it_shows(console: Console) -> None:
    """In colours; apart from pids and times, to the letter.

    The picture was made on Microsoft's console on Wine. On a real Windows the event may be let
    loose before the bystander prints, and Wine's own console parks none.
    """
    recorded = recording.load()
    name = recording.console(recorded)
    done = demo(console, bed_program("launcher"), "--console-name", name, colours=True)
    found = recording.recorded(done.output)
    if is_wine(system()) and probes.parks_events_for_non_leader():
        assert recording.without_times(found) == recording.without_times(recorded)
    else:
        assert found.splitlines()[:8] == recorded.splitlines()[:8]
    console.assert_untouched()


def test_a_launcher_that_is_none_is_said(console: Console) -> None:
    """What it starts leads the group itself, and then there is nothing to show."""
    done = demo(console, bed_program("python"))
    errors = done.errors.decode()
    assert done.exit_code == 1
    assert "the launcher is none: the program that it started leads its own group" in errors
    assert "a process of the experiment has ended" in errors
    console.assert_untouched()
