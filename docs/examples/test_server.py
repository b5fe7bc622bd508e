"""How to test what a program does about Ctrl+C: the same tests on Windows, Linux and macOS.

Run with `python -m pytest test_server.py`; what sends events never reaches pytest itself.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest

import ctrlevent

if TYPE_CHECKING:
    Start = Callable[..., Any]

SERVER = [sys.executable, str(Path(__file__).with_name("server.py"))]


def start_server(start: Start) -> Any:
    server = start(SERVER, stdout=subprocess.PIPE, text=True)
    said = {server.stdout.readline().strip() for _ in range(2)}
    assert said == {"server is up", "worker is up"}
    return server


@pytest.mark.usefixtures("no_stray_events")
def test_ctrl_c_reaches_the_server_and_its_worker(interruptible: Start) -> None:
    server = start_server(interruptible)
    server.interrupt()
    output, _ = server.communicate(timeout=180)
    assert sorted(output.splitlines()) == ["server cleans up", "worker cleans up"]
    assert server.returncode == 0


@pytest.mark.usefixtures("no_stray_events")
def test_another_server_is_left_alone(interruptible: Start) -> None:
    server, other = start_server(interruptible), start_server(interruptible)
    server.interrupt()
    server.communicate(timeout=180)
    assert other.poll() is None


@pytest.mark.usefixtures("no_stray_events")
def test_the_group_of_the_worker_is_the_server_s(interruptible: Start) -> None:
    server = start_server(interruptible)
    assert ctrlevent.getpgid(server.pid) == server.pgid == server.pid
    ctrlevent.killpg(server.pgid, 0)  # a member is alive: no error
    ctrlevent.killpg(server.pgid, signal.SIGINT)
    assert server.wait(180) == 0


def test_a_process_that_is_gone(interruptible: Start) -> None:
    ended = interruptible([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(ProcessLookupError):
        ctrlevent.kill(ended.pid, 0)
    ended.interrupt()  # does nothing, as subprocess's send_signal


def test_a_command_that_takes_too_long_is_interrupted_first() -> None:
    for seconds in (1, 10, 100):
        with pytest.raises(subprocess.TimeoutExpired) as late:
            ctrlevent.run([*SERVER, "worker"], capture_output=True, timeout=seconds)
        if b"worker is up" in late.value.output:  # a busy machine may need longer to start it
            break
    assert b"worker cleans up" in late.value.output


def test_code_that_interrupts_itself_stays_inside() -> None:
    code = "import os, ctrlevent; ctrlevent.kill(os.getpid(), ctrlevent.CTRL_C_EVENT)"
    ran = ctrlevent.run([sys.executable, "-c", code], capture_output=True)
    assert ran.returncode != 0
    assert b"KeyboardInterrupt" in ran.stderr


def test_code_that_calls_os_kill() -> None:
    code = (
        "import os, signal, time, ctrlevent\n"
        "with ctrlevent.patch_os():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt: print('interrupted')"
    )
    ran = ctrlevent.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "interrupted\n", ran.stderr
