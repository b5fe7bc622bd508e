"""python -m ctrlevent demo: every row is there, and every call of ctrlevent keeps its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctrlevent import _demo
from tests.tools.bed import probes

from . import starting
from .harness import Console, bed_program

if TYPE_CHECKING:
    from .starting import Done


def demo(console: Console, launcher: str) -> Done:
    command = [bed_program("python"), "-m", "ctrlevent", "demo", "--launcher", launcher]
    return console.parent.call(starting.execute, command)


def test_the_demo(console: Console) -> None:
    console.parent.spawn(name="bystander")
    done = demo(console, bed_program("launcher"))
    lines = done.output.decode().splitlines()
    assert (done.exit_code, done.errors) == (0, b"")
    ours = [row for row in _demo.ROWS if row.is_ours]
    assert lines[-1].startswith(f"{len(ours)} of {len(ours)} calls of ctrlevent kept the promise")
    for row in _demo.ROWS:
        (line,) = [line for line in lines if line.startswith(row.code.replace("signal.", "") + " ")]
        if row.is_ours:
            assert (", ".join(row.reached) or "no process") in line
    assert any("NotAGroupLeader: " in line for line in lines)
    assert not any("PROMISE BROKEN" in line for line in lines)
    as_on_windows = probes.parks_events_for_non_leader()
    assert as_on_windows != any("not as on Windows" in line for line in lines)
    console.assert_untouched()


def test_a_launcher_that_is_none_is_said(console: Console) -> None:
    """What it starts leads the group itself, and then there is nothing to show."""
    done = demo(console, bed_program("python"))
    errors = done.errors.decode()
    assert done.exit_code == 1
    assert "the launcher is none: the program that it started leads its own group" in errors
    assert "a process of the experiment has ended" in errors
    console.assert_untouched()
