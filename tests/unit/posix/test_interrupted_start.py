"""A start that is broken off, wherever, on POSIX: the caller has the object, or the child is gone.

Each start is broken off at boundaries between two instructions by a trace function, and at random
moments by a real SIGINT. The processes that this happens to are children of the test.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.repeats import WHOLE, repeats
from tests.waiting import HANG_LIMIT

if not os.path.exists("/proc/self/task"):
    pytest.skip("the children of a process are read from Linux's /proc", allow_module_level=True)

from . import interrupted

MAIN = "from tests.unit.posix import interrupted; interrupted.main()"

KINDS = [kind for kind in interrupted.STARTS if kind != "subprocess"]

# Each start of these takes as long as that of a Python, but for `fork`.
SLOW = ["multiprocessing spawn", "multiprocessing forkserver"]
if not WHOLE:
    KINDS = [kind for kind in KINDS if kind not in SLOW]

# Of each start: how many boundaries anywhere (0: each), and how many at the end.
SPREAD, LAST = ("0", "0") if WHOLE else ("100", "100")

pytestmark = pytest.mark.repeats


def actor(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", MAIN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what is raised in a `__del__` is written there
        text=True,
        cwd=os.getcwd(),
    )


def at_boundaries(kind: str, spread: str, last: str) -> Any:
    with actor("boundaries", kind, spread, last) as process:
        output, _ = process.communicate(timeout=HANG_LIMIT * 5)
    assert process.returncode == 0
    return json.loads(output.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_at_each_boundary(kind: str) -> None:
    found = at_boundaries(kind, SPREAD, LAST)
    print(f"{kind}: broken off at {found['broken_off']} boundaries")
    assert found["left"] == []
    assert found["broken_off"] > 10  # a `run` has not the same number each time


@pytest.mark.parametrize(
    "kind",
    ["Popen", "Popen with pipes", "contained", "run", "multiprocessing fork", *SLOW],
)
def test_at_random_moments(kind: str) -> None:
    times = repeats(1000, 10 if kind in SLOW else 100)
    chance = random.Random(kind)
    with actor("random", kind, str(times)) as process:
        assert process.stdout
        for _ in range(times):
            assert process.stdout.readline() == ".\n"
            # Not for luck: any moment will do, and the more of them the better.
            time.sleep(chance.uniform(0, 0.003))
            process.send_signal(signal.SIGINT)
        found = json.loads(process.stdout.readline())
    print(f"{kind}: {found['in_the_call']} of {times} interrupted in the call")
    assert found["left"] == []
    assert found["in_the_call"]


def test_the_test_sees_what_plain_subprocess_leaves() -> None:
    """It loses its object: the child runs on. Without this, the tests above show nothing."""
    found = at_boundaries("subprocess", "1", "150")
    assert [broken for broken in found["left"] if "child" in broken[2]]


HANGS = """
import os, signal, sys, time
import ctrlevent
signal.signal(signal.SIGINT, signal.default_int_handler)
def hang():
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(600)
handler = signal.getsignal(signal.SIGINT)
try:
    ctrlevent.Popen(["/bin/sleep", "600"], preexec_fn=hang)
except KeyboardInterrupt:
    print("raised", signal.getsignal(signal.SIGINT) is handler, flush=True)
"""


def test_a_second_sigint_breaks_off_a_start_that_hangs() -> None:
    """The first waits for the end of the start, which never comes."""
    with subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        while process.poll() is None:  # a SIGINT that has not been seen yet merges with the next
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        assert process.stdout.read() == b"raised True\n"
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
