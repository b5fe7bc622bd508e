"""How to interrupt a child that asyncio has started: the pieces of a how-to page."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ctrlevent

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]

new_group: dict[str, Any]
if sys.platform == "win32":
    new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    new_group = {"start_new_session": True}


async def start(*command: str) -> asyncio.subprocess.Process:
    """A child that leads a group of its own and hears Ctrl+C."""
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, **new_group
    )
    if sys.platform == "win32":
        ctrlevent.ignore_ctrl_c(False, child.pid)
    return child


async def interrupt(child: asyncio.subprocess.Process) -> None:
    """In a thread, since it may wait for a child that is still starting."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, ctrlevent.killpg, child.pid, signal.SIGINT)


async def start_and_interrupt() -> tuple[bytes, int]:
    child = await start(*WORKER)
    assert child.stdout
    assert (await child.stdout.readline()).split() == [b"worker", b"is", b"up"]
    await interrupt(child)
    output = await child.stdout.read()
    return output.strip(), await child.wait()


@pytest.mark.usefixtures("no_stray_events")
def test_start_and_interrupt() -> None:
    assert asyncio.run(start_and_interrupt()) == (b"worker cleans up", 0)
