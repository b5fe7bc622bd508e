"""What to do where the usual way ends: the pieces of a how-to page."""

# The types of subprocess.Popen do not say that a pipe is there if it was asked for.
# mypy: disable-error-code="union-attr"
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Callable
from unittest import mock

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT

SERVER = [sys.executable, str(Path(__file__).with_name("server.py"))]
WORKER = [*SERVER, "worker"]

# Starts a worker, and stops it when the interpreter ends.
STOPS_AT_EXIT = """
import atexit, subprocess, sys
import ctrlevent

worker = ctrlevent.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
worker.stdout.readline()

@atexit.register
def stop():
    worker.interrupt()
    print(worker.stdout.read(), end="")
"""

on_windows = pytest.mark.skipif(sys.platform != "win32", reason="POSIX has no such processes")
pytestmark = pytest.mark.usefixtures("no_stray_events")


def test_time_stands_still() -> None:
    with (
        mock.patch("time.monotonic", return_value=0.0),
        mock.patch("subprocess.Popen"),
        pytest.raises(subprocess.TimeoutExpired),
    ):
        ctrlevent.run(WORKER, timeout=1)


def test_at_the_interpreter_s_end() -> None:
    command = [sys.executable, "-c", STOPS_AT_EXIT, *WORKER]
    done = ctrlevent.run(command, capture_output=True, text=True)
    assert done.stdout == "worker cleans up\n"


@on_windows
def test_a_group_that_ignores_ctrl_c() -> None:
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    with subprocess.Popen(SERVER, stdout=subprocess.PIPE, text=True, creationflags=flags) as server:
        for _ in range(2):
            server.stdout.readline()
        ctrlevent.killpg(server.pid, CTRL_C_EVENT, unignore=True)
        said = server.stdout.read()
    assert sorted(said.splitlines()) == ["server cleans up", "worker cleans up"]


@on_windows
def test_a_child_on_no_console() -> None:
    flags = getattr(subprocess, "DETACHED_PROCESS", 0)
    with ctrlevent.Popen(WORKER, stdout=subprocess.PIPE, text=True, creationflags=flags) as worker:
        worker.stdout.readline()
        worker.interrupt()
        assert worker.stdout.read() == "worker cleans up\n"


@on_windows
def test_without_threads_in_other_processes(interruptible: Callable[..., Any]) -> None:
    server = interruptible(SERVER, stdout=subprocess.PIPE, text=True)
    for _ in range(2):
        server.stdout.readline()
    with pytest.raises(ctrlevent.WouldReachOthers):  # its worker is in its group
        ctrlevent.kill(server.pid, CTRL_C_EVENT, inject=False)
    ctrlevent.killpg(server.pid, CTRL_C_EVENT, inject=False)
    said, _ = server.communicate(timeout=180)
    assert sorted(said.splitlines()) == ["server cleans up", "worker cleans up"]
