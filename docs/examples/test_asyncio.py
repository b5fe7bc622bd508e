"""How to start children in asyncio, interrupt them and stop them: the pieces of a how-to page."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

HERE = Path(__file__).parent
SERVER = [sys.executable, str(HERE / "server.py")]
WORKER = [*SERVER, "worker"]
SUPERVISOR = [sys.executable, str(HERE / "asyncio_supervisor.py")]

# Hears each Ctrl+C, and goes on.
STUBBORN_CODE = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: None)
print("up", flush=True)
while True:
    time.sleep(0.1)
"""
STUBBORN = [sys.executable, "-c", STUBBORN_CODE]


async def start_and_interrupt() -> tuple[bytes, int]:
    worker = await ctrlevent.create_subprocess_exec(*WORKER, stdout=asyncio.subprocess.PIPE)
    assert worker.stdout
    assert (await worker.stdout.readline()).split() == [b"worker", b"is", b"up"]
    await worker.interrupt()
    output = await worker.stdout.read()
    return output.strip(), await worker.wait()


async def stop(command: list[str], grace: float) -> str:
    child = await ctrlevent.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    await child.stdout.readline()  # it is up
    await child.stop(grace)
    return "had to be ended" if child.was_ended else f"has stopped with {child.returncode}"


@contextlib.asynccontextmanager
async def running_server() -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """For a test: the server and its worker are up in the block, and gone after it."""
    server = await ctrlevent.create_subprocess_exec(*SERVER, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout
        async for line in server.stdout:
            if line.strip() == b"worker is up":
                break
        yield server
    finally:
        await server.stop(grace=60)


async def stop_by_cancelling(command: list[str], seconds: float) -> int | None:
    child = await ctrlevent.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    await child.stdout.readline()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(child.stop(grace=None), timeout=seconds)
    return child.returncode


@pytest.mark.usefixtures("no_stray_events")
def test_start_and_interrupt() -> None:
    assert asyncio.run(start_and_interrupt()) == (b"worker cleans up", 0)


@pytest.mark.usefixtures("no_stray_events")
def test_stop_says_whether_the_child_had_to_be_ended() -> None:
    assert asyncio.run(stop(WORKER, grace=60)) == "has stopped with 0"
    assert asyncio.run(stop(STUBBORN, grace=0.5)) == "had to be ended"


@pytest.mark.usefixtures("no_stray_events")
def test_a_stop_that_is_cancelled_leaves_no_child() -> None:
    assert asyncio.run(stop_by_cancelling(STUBBORN, seconds=0.5))  # it has an exit code


@pytest.mark.usefixtures("no_stray_events")
def test_server() -> None:
    async def main() -> tuple[int | None, bytes]:
        async with running_server() as server:
            assert server.returncode is None
        assert server.stdout
        return server.returncode, await server.stdout.read()

    code, rest = asyncio.run(main())
    assert code == 0
    cleaned_up = {line.strip() for line in rest.splitlines()}
    assert {b"server cleans up", b"worker cleans up"} <= cleaned_up


@pytest.mark.usefixtures("no_stray_events")
def test_a_program_that_is_interrupted_stops_its_children_in_its_own_order(
    interruptible: Callable[..., Any],
) -> None:
    # So it finds the package where this test has found it.
    paths = [str(Path(ctrlevent.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    program = interruptible(SUPERVISOR, stdout=subprocess.PIPE, text=True, env=environment)
    for _ in range(3):
        assert program.stdout.readline().strip() == "worker is up"
    program.send_signal(signal.SIGINT)
    output, _ = program.communicate(timeout=180)
    assert output.splitlines() == [
        *("worker cleans up", "worker 3 has stopped"),
        *("worker cleans up", "worker 2 has stopped"),
        *("worker cleans up", "worker 1 has stopped"),
    ]
    assert program.returncode == 0
