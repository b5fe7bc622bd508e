"""A terminal for a child, on every system: the pieces of a how-to page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import ctrlevent

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]

pytestmark = pytest.mark.usefixtures("no_stray_events")


def test_a_terminal_for_a_child() -> None:
    with ctrlevent.PseudoConsole() as console:
        worker = console.start(WORKER)
        shown = ""
        while "worker is up" not in shown:
            shown += console.read()
        console.press_ctrl_c()  # the key: for every program on that terminal, and no other
        assert worker.wait() == 0
    while text := console.read():  # what it has shown can still be read
        shown += text
    assert "worker cleans up" in shown


def test_a_command_with_a_terminal() -> None:
    question = "name = input('name? '); print('hello', name)"
    command = [sys.executable, "-c", question]
    done = ctrlevent.run(command, console="pty", input="world\r", capture_output=True, text=True)
    assert "name? " in done.stdout
    assert "hello world" in done.stdout
    assert done.returncode == 0


def test_two_children_on_one_terminal_hear_the_key() -> None:
    with ctrlevent.PseudoConsole() as console:
        workers = [console.start(WORKER) for _ in range(2)]
        shown = ""
        while shown.count("worker is up") < 2:
            shown += console.read()
        console.press_ctrl_c()
        assert [worker.wait() for worker in workers] == [0, 0]
    while text := console.read():
        shown += text
    assert shown.count("worker cleans up") == 2


def test_a_child_leads_a_group_that_can_be_sent_to() -> None:
    with ctrlevent.PseudoConsole() as console:
        other, worker = console.start(WORKER), console.start(WORKER)
        shown = ""
        while shown.count("worker is up") < 2:
            shown += console.read()
        assert ctrlevent.getpgid(worker.pid) == worker.pid
        ctrlevent.killpg(worker.pid, ctrlevent.CTRL_C_EVENT)
        assert worker.wait() == 0
        assert other.poll() is None


def test_it_has_the_size_that_was_asked_for() -> None:
    code = "import os, sys; print('size', *os.get_terminal_size(), sys.stdin.isatty())"
    with ctrlevent.PseudoConsole(columns=83, rows=21) as console:
        child = console.start([sys.executable, "-c", code])
        assert child.wait() == 0
    shown = ""
    while text := console.read():
        shown += text
    assert "size 83 21 True" in shown


def test_what_runs_on_it_ends_with_it() -> None:
    with ctrlevent.PseudoConsole() as console:
        worker = console.start(WORKER)
        assert worker.poll() is None
    assert worker.poll() is not None
    with pytest.raises(OSError, match="closed"):
        console.press_ctrl_c()


def test_end_processes_ends_them_at_once() -> None:
    with ctrlevent.PseudoConsole() as console:
        worker = console.start(WORKER)
        console.end_processes()
        assert worker.wait() != 0
        again = console.start([sys.executable, "-c", ""], cwd=os.curdir)
        assert again.wait() == 0
