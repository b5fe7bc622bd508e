"""How to do with `ctrlevent` what `subprocess` does: the pieces of a how-to page."""

# The types of subprocess.Popen do not say that a pipe is there if it was asked for.
# mypy: disable-error-code="union-attr"
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ctrlevent

SERVER = [sys.executable, str(Path(__file__).with_name("server.py"))]
WORKER = [*SERVER, "worker"]
SUPERVISOR = [sys.executable, str(Path(__file__).with_name("supervisor.py"))]

# Where the package is, as a program is started by the path of its file.
_PATH = [str(Path(ctrlevent.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _PATH))}


@pytest.mark.usefixtures("no_stray_events")
def test_start_and_interrupt() -> None:
    with ctrlevent.Popen(WORKER, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "worker is up\n"
        worker.interrupt()  # Ctrl+C to it and its children, no other process
        assert worker.stdout.read() == "worker cleans up\n"
    assert worker.returncode == 0


@pytest.mark.usefixtures("no_stray_events")
def test_ask_first_then_insist() -> None:
    with ctrlevent.Popen(WORKER, stdout=subprocess.PIPE, text=True) as worker:
        worker.stdout.readline()
        code = worker.stop(grace=180)  # Ctrl+C; what has not exited by then is ended
        assert worker.stdout.read() == "worker cleans up\n"
    assert (code, worker.was_ended) == (0, False)


@pytest.mark.usefixtures("no_stray_events")
def test_all_that_a_child_starts() -> None:
    with ctrlevent.Popen(SERVER, stdout=subprocess.PIPE, text=True, contain=True) as server:
        assert server.stdout.readline() in ("server is up\n", "worker is up\n")
    # Here the server is gone, and its worker: the end of the block ends both.


@pytest.mark.usefixtures("no_stray_events")
def test_a_supervisor_stops_its_children_in_order() -> None:
    with ctrlevent.Popen(
        SUPERVISOR, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as supervisor:
        assert supervisor.stdout.readline() == "3 workers are up\n"
        supervisor.interrupt()  # as a key does, for the supervisor alone
        assert supervisor.stdout.read().splitlines() == ["third", "second", "first"]
    assert supervisor.returncode == 0


@pytest.mark.usefixtures("no_stray_events")
def test_run_with_a_time_limit() -> None:
    for seconds in (1, 10, 100):
        with pytest.raises(subprocess.TimeoutExpired) as late:
            ctrlevent.run(WORKER, capture_output=True, text=True, timeout=seconds)
        if "worker is up" in late.value.output:  # a busy machine may need longer to start it
            break
    # It got a Ctrl+C first, and had 3 seconds to clean up.
    assert "worker cleans up" in late.value.output


@pytest.mark.usefixtures("no_stray_events")
def test_the_command_decides_about_a_ctrl_c() -> None:
    wrapper = [sys.executable, "-m", "ctrlevent", "run", "--", *WORKER]
    with ctrlevent.Popen(wrapper, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "worker is up\n"
        process.interrupt()  # as the key does: for the wrapper, which passes it on
        assert process.stdout.read() == "worker cleans up\n"
    assert process.returncode == 0  # the worker's own


@pytest.mark.usefixtures("no_stray_events")
def test_errors_say_what_to_do() -> None:
    with ctrlevent.Popen(SERVER, stdout=subprocess.PIPE, text=True) as server:
        for _ in range(2):
            server.stdout.readline()
        assert ctrlevent.getpgid(server.pid) == server.pgid
        ctrlevent.killpg(server.pgid, 0)  # a member is alive: no error
        server.interrupt()
        server.stdout.read()
    with pytest.raises(ProcessLookupError):
        ctrlevent.killpg(server.pgid, signal.SIGINT)
