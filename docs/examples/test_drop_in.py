"""Code as it is written for POSIX, within `patch_os`: the pieces of a how-to page."""

# What POSIX has, and Windows only within `patch_os`.
# mypy: disable-error-code="attr-defined, union-attr, unused-ignore"
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ctrlevent

SERVER = [sys.executable, str(Path(__file__).with_name("server.py"))]
WORKER = [*SERVER, "worker"]


@pytest.mark.usefixtures("no_stray_events")
@ctrlevent.patch_os()
def test_end_a_child_with_all_that_it_has_started() -> None:
    with subprocess.Popen(SERVER, stdout=subprocess.PIPE, start_new_session=True) as server:
        for _ in range(2):
            server.stdout.readline()
        os.killpg(os.getpgid(server.pid), signal.SIGTERM)
        assert server.stdout.read() == b""  # its worker is gone as well: the pipe is closed
    assert server.returncode != 0


@pytest.mark.usefixtures("no_stray_events")
@ctrlevent.patch_os()
def test_interrupt_a_child() -> None:
    with subprocess.Popen(
        WORKER, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as worker:
        worker.stdout.readline()
        worker.send_signal(signal.SIGINT)
        assert worker.stdout.read() == "worker cleans up\n"
    assert worker.returncode == 0


@pytest.mark.usefixtures("no_stray_events")
@ctrlevent.patch_os()
def test_ask_first_then_kill() -> None:
    with subprocess.Popen(WORKER, stdout=subprocess.PIPE, start_new_session=True) as worker:
        worker.stdout.readline()
        os.kill(worker.pid, signal.SIGINT)
        try:
            worker.wait(180)
        except subprocess.TimeoutExpired:
            os.kill(worker.pid, signal.SIGKILL)
    assert worker.returncode == 0


@pytest.mark.usefixtures("no_stray_events")
def test_interrupt_a_child_of_asyncio() -> None:
    @ctrlevent.patch_os()
    async def main() -> tuple[bytes, int]:
        child = await asyncio.create_subprocess_exec(
            *WORKER, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        await child.stdout.readline()
        child.send_signal(signal.SIGINT)
        said = await child.stdout.read()
        return said.strip(), await child.wait()

    assert asyncio.run(main()) == (b"worker cleans up", 0)


PROGRAM = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_whole_program(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", ctrlevent.__name__, "patched", str(program)]
    ran = ctrlevent.run(command, capture_output=True, text=True)
    assert ran.stdout == "interrupted\n", ran.stderr
