"""An interpreter that is shutting down: no hang and no crash."""

from __future__ import annotations

import pytest

from tests import last_moments
from tests.repeats import repeats

from . import scenarios
from .harness import CONTROL_C_EXIT, NEW_GROUP, Console, Python, bed_program

_KILL = "import ctrlevent, os; ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT, timeout=None)"

AT_EXIT = """
import atexit, ctrlevent, os
def last():
    try:
        ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT, timeout=None)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
atexit.register(last)
"""

# The handler does nothing, so the exit code is the script's own, whenever the event comes.
DAEMONS = """
import ctrlevent, os, signal, sys, threading
signal.signal(signal.SIGINT, lambda *_: None)
sending = threading.Event()
def send():
    while True:
        ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT, timeout=None)
        sending.set()
for _ in range(3):
    threading.Thread(target=send, daemon=True).start()
sending.wait()
print("leaving", flush=True)
sys.exit(5)
"""

FROM_DEL = """
import ctrlevent, os, signal
signal.signal(signal.SIGINT, lambda *_: None)
class Last:
    kill, pid, event = staticmethod(ctrlevent.kill), os.getpid(), ctrlevent.CTRL_C_EVENT
    def __del__(self):
        self.kill(self.pid, self.event)
        print("sent")
last = Last()
"""


def run(console: Console, code: str) -> tuple[int, str, str]:
    members = [one for one in console.actors if isinstance(one, Python) and one.starter]
    member = members[0] if members else console.parent.python(NEW_GROUP)
    command = [bed_program("python"), "-c", code]
    return member.call(scenarios.run_script, command)


def test_unhandled(console: Console) -> None:
    """As after Ctrl+C at the keyboard."""
    exit_code, _, errors = run(console, _KILL)
    assert exit_code == CONTROL_C_EXIT
    assert errors.strip().endswith("KeyboardInterrupt")


def test_in_atexit(console: Console) -> None:
    assert run(console, AT_EXIT) == (0, "interrupted\n", "")


@pytest.mark.repeats
def test_daemon_threads_that_send_while_the_interpreter_ends(console: Console) -> None:
    """An event after Python has given up its handler terminates the process as ever."""
    for _ in range(repeats(5, 2)):
        exit_code, output, errors = run(console, DAEMONS)
        assert exit_code in (5, CONTROL_C_EXIT)
        assert (output, errors) == ("leaving\n", "")


def test_while_modules_are_torn_down(console: Console) -> None:
    exit_code, _, errors = run(console, FROM_DEL)
    assert (exit_code, "Fatal" in errors) == (0, False)


@pytest.mark.bitness
@pytest.mark.parametrize("where", last_moments.WHERE)
@pytest.mark.parametrize("how", last_moments.HOW)
def test_every_verb_works_or_says_why_it_cannot(console: Console, how: str, where: str) -> None:
    command = [bed_program("python"), "-c", last_moments.PROGRAM, how, where, *last_moments.CALLS]
    code, output, errors = console.parent.python(NEW_GROUP).call(scenarios.run_script, command)
    assert (code, errors) == (0, "")
    assert last_moments.wrong(output, how, where) == {}
