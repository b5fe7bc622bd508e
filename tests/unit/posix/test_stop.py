"""How a Popen is stopped, waited for and left on POSIX, with real processes.

A process that gets a SIGINT here is always a caller of its own, never that which runs the tests.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.children import GOES_ON, WAITS, WILL_NOT_END
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT, growing_limits, wait_until

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("this is how it is done on POSIX", allow_module_level=True)

from .test_popen import ids, is_gone, python

# Starts a child that goes on, in its group; says its pid; exits when it is interrupted.
STARTS_ONE = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c",
    "import os, signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "print(os.getpid(), flush=True); time.sleep(600)"])
try:
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    sys.exit(7)
"""


def up(child: Any) -> None:
    assert child.stdout.readline() == b"up\n"


@pytest.mark.parametrize(
    "options", [{}, {"console": "own"}, {"keyboard": False}, {"contain": True}]
)
def test_child_is_asked(options: dict[str, Any]) -> None:
    with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE, **options) as child:
        up(child)
        assert (child.stop(None), child.was_ended) == (33, False)
        assert child.stdout
        assert child.stdout.read() == b"interrupted\n"


def test_neighbour_is_not_asked() -> None:
    with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE) as neighbour:
        up(neighbour)
        with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE) as child:
            up(child)
            child.stop(None)
        assert neighbour.poll() is None
        neighbour.kill()


@pytest.mark.parametrize("options", [{}, {"contain": True}])
def test_child_that_goes_on_is_ended(options: dict[str, Any]) -> None:
    with ctrlevent.Popen(python(WILL_NOT_END), stdout=subprocess.PIPE, **options) as child:
        up(child)
        assert (child.stop(0.2), child.was_ended) == (-signal.SIGKILL, True)


def test_no_grace_asks_nothing() -> None:
    with ctrlevent.Popen(python(WILL_NOT_END), stdout=subprocess.PIPE) as child:
        up(child)
        assert (child.stop(0), child.was_ended) == (-signal.SIGKILL, True)
        assert child.stdout
        assert child.stdout.read() == b""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the others are not known")
def test_rest_of_the_group_is_ended_with_the_time() -> None:
    code = 0
    for limit in growing_limits(0.2):  # in which the child exits, but not the rest of its group
        with ctrlevent.Popen(python(STARTS_ONE), stdout=subprocess.PIPE) as child:
            (grandchild,) = ids(child)
            code = child.stop(limit)
            assert child.was_ended
        wait_until(partial(is_gone, grandchild), "the end of the group")
        if code == 7:
            break
    assert code == 7


def test_child_that_has_exited_is_left_alone() -> None:
    with ctrlevent.Popen(python("import sys; sys.exit(5)")) as child:
        child.wait()
        assert (child.stop(None), child.was_ended) == (5, False)


@pytest.mark.parametrize("grace", [-1, True, "1", float("nan")])
def test_grace_that_is_none(grace: Any) -> None:
    with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE) as child:
        up(child)
        with pytest.raises((TypeError, ValueError), match="grace"):
            child.stop(grace)
        assert child.poll() is None
        child.kill()


def test_contained_tree_ends_with_its_block() -> None:
    with ctrlevent.Popen(python(STARTS_ONE), stdout=subprocess.PIPE, contain=True) as child:
        (grandchild,) = ids(child)
    assert child.returncode == -signal.SIGKILL
    wait_until(lambda: is_gone(grandchild), "the end of the group")


def test_only_a_contained_child_has_a_tree() -> None:
    with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE) as child:
        up(child)
        with pytest.raises(ValueError, match="contain=True"):
            child.end_tree()
        assert child.poll() is None
        child.kill()


# --- callers that are interrupted -----------------------------------------------------------------

# A child that says each SIGINT that it gets, and goes on until its stdin ends; then it says so.
COUNTS = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: print("sigint", flush=True))
print("up", flush=True)
sys.stdin.read()
print("end", flush=True)
"""

TOLD_ALREADY = """
    try: ready(); child.wait()
    except KeyboardInterrupt:
        child.interrupt()
        wait_for_sigint()
        raise
"""

LEFT: dict[str, tuple[str, dict[str, Any]]] = {
    "by the key": ("    ready(); child.wait()\n", {}),
    "by the key, contained": ("    ready(); child.wait()\n", {"contain": True}),
    "told already": (TOLD_ALREADY, {}),
}


@pytest.mark.parametrize("how", sorted(LEFT))
def test_block_left_by_an_interrupt_tells_the_child_once(how: str, tmp_path: Path) -> None:
    body, options = LEFT[how]
    output = tmp_path / "output"
    code = f"""
import subprocess, sys, time
import ctrlevent
output = open({str(output)!r}, "wb")
def text():
    return open({str(output)!r}).read()
def wait_for_sigint():
    while "sigint" not in text():
        time.sleep(0.002)
def ready():
    while "up" not in text():
        time.sleep(0.002)
    print("ready", flush=True)
with ctrlevent.Popen([sys.executable, "-S", "-c", {COUNTS!r}], stdin=subprocess.PIPE,
        stdout=output, **{options!r}) as child:
{body}
"""
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=-3)
    with caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"ready\n"
        os.kill(caller.pid, signal.SIGINT)
        assert caller.wait(HANG_LIMIT)
    if "contained" in how:  # it may have had the time to see its stdin closed
        assert output.read_text().split()[:2] == ["up", "sigint"]
        assert output.read_text().count("sigint") == 1
        return
    wait_until(lambda: output.read_text().endswith("end\n"), "the end of the child")
    assert output.read_text() == "up\nsigint\nend\n"


STOPS = """
import subprocess, sys
import ctrlevent
child = ctrlevent.Popen([sys.executable, "-S", "-c", sys.argv[1]], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
try:
    child.stop(None)
except KeyboardInterrupt:
    print("broken off", child.poll(), flush=True)
child.stdin.close()
print(child.stop(None), child.was_ended, child.stdout.read().decode().split(), flush=True)
"""


def test_stop_that_is_broken_off_asks_no_more() -> None:
    command = [sys.executable, "-c", STOPS, COUNTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"ready\n"
        time.sleep(0.05)  # any moment will do: before `stop` it is a KeyboardInterrupt as well
        os.kill(caller.pid, signal.SIGINT)
        lines = caller.stdout.read().decode().splitlines()
    assert lines == ["broken off None", "0 False ['sigint', 'end']"]


# Waits in the way that is asked for; then for the rest.
WAITS_FOR_IT = """
import os, subprocess, sys
import ctrlevent
kind, file, code = sys.argv[1:]
PIPE = subprocess.PIPE
for _ in range(int(file.rpartition(".")[2])):
    streams = {"stdin": subprocess.DEVNULL}
    if kind.startswith("communicate"):
        streams = {"stdin": subprocess.DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    if kind == "communicate with one pipe":
        del streams["stderr"]
    data = "x" * 500000 if "input" in kind else None
    if data:
        streams["stdin"] = PIPE
    child = ctrlevent.Popen([sys.executable, "-S", "-c", code, file], **streams)
    limit = 600 if "limit" in kind else None
    try:
        print("ready", flush=True)
        if data:
            child.communicate(data, timeout=limit)
        elif kind.startswith("communicate"):
            child.communicate(timeout=limit)
        else:
            child.wait(limit)
    except KeyboardInterrupt:
        running = child.poll() is None
    open(file, "w").close()
    # The event may have come before the input was given.
    output, errors = child.communicate(data if child._communication is None else None, timeout=600)
    whole = output in (None, "before\\n" * 1000 + "after %d\\n" % len(data or ""))
    print(running, whole, errors in (None, "errors\\n"), child.returncode, flush=True)
    os.unlink(file)
"""

KINDS = [
    *("wait", "wait with a limit", "communicate", "communicate with a limit"),
    *("communicate with one pipe", "communicate with input", "communicate with input and a limit"),
]


@pytest.mark.repeats
@pytest.mark.parametrize("kind", KINDS)
def test_wait_of_a_child_that_goes_on_is_broken_off(kind: str, tmp_path: Path) -> None:
    times = repeats(100, 5)
    file = str(tmp_path / f"file.{times}")
    command = [sys.executable, "-c", WAITS_FOR_IT, kind, file, GOES_ON]
    devnull = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=devnull) as caller:
        assert caller.stdout
        for _ in range(times):
            line = caller.stdout.readline()
            while line.startswith((b"before", b"after")):  # of a child that has no pipe
                line = caller.stdout.readline()
            assert line == b"ready\n"
            os.kill(caller.pid, signal.SIGINT)
            line = caller.stdout.readline()
            while line.startswith((b"before", b"after")):
                line = caller.stdout.readline()
            assert line == b"True True True 3\n"
