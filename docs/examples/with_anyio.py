"""Children of anyio, interrupted and stopped by ctrlevent. See test_trio_and_anyio.py."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

import ctrlevent

if TYPE_CHECKING:
    from anyio.abc import Process

new_group: dict[str, Any]
if sys.platform == "win32":
    new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    END = signal.SIGTERM  # ends what it is sent to
else:
    new_group = {"start_new_session": True}
    END = signal.SIGKILL


async def start(command: list[str]) -> Process:
    """A child that leads a group of its own and hears Ctrl+C."""
    process = await anyio.open_process(command, **new_group)
    if sys.platform == "win32":
        ctrlevent.ignore_ctrl_c(False, process.pid)
    return process


async def interrupt(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has exited
        await anyio.to_thread.run_sync(ctrlevent.killpg, process.pid, signal.SIGINT)


async def stop(process: Process, grace: float) -> None:
    await interrupt(process)
    with anyio.move_on_after(grace):
        await process.wait()
    with contextlib.suppress(ProcessLookupError):  # nothing is left of its group
        await anyio.to_thread.run_sync(ctrlevent.killpg, process.pid, END)
    await process.wait()
