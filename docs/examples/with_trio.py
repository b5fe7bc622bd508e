"""Children of trio, interrupted and stopped by ctrlevent. See test_trio_and_anyio.py."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from functools import partial
from typing import Any

import trio

import ctrlevent

new_group: dict[str, Any]
if sys.platform == "win32":
    new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    END = signal.SIGTERM  # ends what it is sent to
else:
    new_group = {"start_new_session": True}
    END = signal.SIGKILL


async def start(command: list[str]) -> trio.Process:
    """A child that leads a group of its own and hears Ctrl+C."""
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, **new_group)
    if sys.platform == "win32":
        ctrlevent.ignore_ctrl_c(False, process.pid)
    return process


async def interrupt(process: trio.Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has exited
        await trio.to_thread.run_sync(ctrlevent.killpg, process.pid, signal.SIGINT)


async def stop(process: trio.Process, grace: float) -> None:
    await interrupt(process)
    with trio.move_on_after(grace):
        await process.wait()
    with contextlib.suppress(ProcessLookupError):  # nothing is left of its group
        await trio.to_thread.run_sync(ctrlevent.killpg, process.pid, END)
    await process.wait()


async def run(command: list[str]) -> None:
    """As trio.run_process; but when it is cancelled, the child is stopped gently."""
    leads_group: dict[str, Any] = {"start_new_session": True}
    with ctrlevent.patch_os():
        await trio.run_process(command, deliver_cancel=partial(stop, grace=60), **leads_group)
