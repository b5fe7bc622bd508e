"""How to interrupt the program behind a launcher: the pieces of a how-to page.

The launcher here is `server.py`, which starts its worker as py.exe starts Python.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

import ctrlevent

LAUNCHER = [sys.executable, str(Path(__file__).with_name("server.py"))]

# Behind the launcher: prints its pid and its group, then interrupts itself.
INTERRUPTS_ITSELF = """
import os, ctrlevent
print(os.getpid(), ctrlevent.getpgrp(), flush=True)
try:
    ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
LAUNCHES = """
import subprocess, sys
try:
    sys.exit(subprocess.call([sys.executable, "-c", sys.argv[1]]))
except KeyboardInterrupt:
    print("the launcher, too", flush=True)
"""


@pytest.mark.usefixtures("no_stray_events")
def test_from_outside(interruptible: Callable[..., Any]) -> None:
    launcher = interruptible(LAUNCHER, stdout=subprocess.PIPE, text=True)
    for _ in range(2):
        launcher.stdout.readline()
    launcher.interrupt()  # the launcher and the program
    output, _ = launcher.communicate(timeout=180)
    assert sorted(output.splitlines()) == ["server cleans up", "worker cleans up"]


@pytest.mark.usefixtures("no_stray_events")
@pytest.mark.skipif(
    sys.platform not in ("win32", "linux"), reason="tree=True reads Linux's /proc elsewhere"
)
def test_without_a_group_of_its_own() -> None:
    with subprocess.Popen(LAUNCHER, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout
        for _ in range(2):
            launcher.stdout.readline()
        ctrlevent.kill(launcher.pid, ctrlevent.CTRL_C_EVENT, tree=True)
        output, _ = launcher.communicate(timeout=180)
    assert sorted(output.splitlines()) == ["server cleans up", "worker cleans up"]


@pytest.mark.usefixtures("no_stray_events")
def test_from_inside(interruptible: Callable[..., Any]) -> None:
    command = [sys.executable, "-c", LAUNCHES, INTERRUPTS_ITSELF]
    launcher = interruptible(command, stdout=subprocess.PIPE, text=True)
    output, _ = launcher.communicate(timeout=180)
    ids, *said = output.splitlines()
    pid, pgid = map(int, ids.split())
    assert pid != pgid == launcher.pgid  # the launcher leads the group
    assert said == ["interrupted"]  # the launcher heard nothing


@pytest.mark.usefixtures("no_stray_events")
def test_a_pid_that_is_no_group(interruptible: Callable[..., Any]) -> None:
    waits = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    launcher = interruptible(
        [sys.executable, "-c", LAUNCHES, waits], stdout=subprocess.PIPE, text=True
    )
    pid = int(launcher.stdout.readline())
    with pytest.raises(ctrlevent.NotAGroupLeader) as refused:
        ctrlevent.killpg(pid, signal.SIGINT)
    assert refused.value.pgid == ctrlevent.getpgid(pid) == launcher.pgid
