"""Children of trio and of anyio, interrupted and stopped: the pieces of a how-to page."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.loops import needs

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]

# Hears each Ctrl+C, and goes on.
STUBBORN_CODE = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: None)
print("up", flush=True)
while True:
    time.sleep(0.1)
"""
STUBBORN = [sys.executable, "-c", STUBBORN_CODE]

# Says in a folder that it is up, and that it has been interrupted.
CLEANS_UP_CODE = """
import os, pathlib, time
folder = pathlib.Path(os.environ["SAYS_IN"])
try:
    (folder / "up").touch()
    while True:
        time.sleep(0.1)
except KeyboardInterrupt:
    (folder / "cleaned up").touch()
"""
CLEANS_UP = [sys.executable, "-c", CLEANS_UP_CODE]


def recipes(library: str, file: str) -> tuple[Any, Any]:
    """The library, and the file beside this file that uses it."""
    return needs(library), importlib.import_module(file.partition(".")[0])


async def line_of(stream: Any) -> bytes:
    """The next line of a stream of trio or anyio, which come in pieces."""
    read = getattr(stream, "receive_some", None) or stream.receive
    line = b""
    while not line.endswith(b"\n"):
        line += await read(1)
    return line.strip()


@pytest.mark.usefixtures("no_stray_events")
def test_a_process_of_trio_is_interrupted() -> None:
    trio, with_trio = recipes("trio", "with_trio.py")

    async def main() -> tuple[bytes, int]:
        process = await with_trio.start(WORKER)
        async with process.stdout:
            assert await line_of(process.stdout) == b"worker is up"
            await with_trio.interrupt(process)
            return await line_of(process.stdout), await process.wait()

    assert trio.run(main) == (b"worker cleans up", 0)


@pytest.mark.usefixtures("no_stray_events")
def test_a_process_of_trio_is_stopped_gently_or_else_hard() -> None:
    trio, with_trio = recipes("trio", "with_trio.py")

    async def main(command: list[str], grace: float) -> int:
        process = await with_trio.start(command)
        async with process.stdout:
            await line_of(process.stdout)
            await with_trio.stop(process, grace)
        return int(process.returncode)

    assert trio.run(main, WORKER, 60) == 0
    assert trio.run(main, STUBBORN, 0.2) in (int(with_trio.END), -int(with_trio.END))


@pytest.mark.usefixtures("no_stray_events")
def test_run_process_of_trio_that_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trio, with_trio = recipes("trio", "with_trio.py")
    monkeypatch.setenv("SAYS_IN", os.fspath(tmp_path))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(with_trio.run, CLEANS_UP)
            while not (tmp_path / "up").exists():
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()

    trio.run(main)
    assert (tmp_path / "cleaned up").exists()


@pytest.mark.usefixtures("no_stray_events")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_process_of_anyio_is_interrupted(backend: str) -> None:
    anyio, with_anyio = recipes("anyio", "with_anyio.py")
    needs(backend)

    async def main() -> tuple[bytes, int]:
        process = await with_anyio.start(WORKER)
        async with process:
            assert await line_of(process.stdout) == b"worker is up"
            await with_anyio.interrupt(process)
            return await line_of(process.stdout), await process.wait()

    assert anyio.run(main, backend=backend) == (b"worker cleans up", 0)


@pytest.mark.usefixtures("no_stray_events")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_process_of_anyio_is_stopped_gently_or_else_hard(backend: str) -> None:
    anyio, with_anyio = recipes("anyio", "with_anyio.py")
    needs(backend)

    async def main(command: list[str], grace: float) -> int:
        async with await with_anyio.start(command) as process:
            await line_of(process.stdout)
            await with_anyio.stop(process, grace)
        return int(process.returncode)

    assert anyio.run(main, WORKER, 60, backend=backend) == 0
    ended = anyio.run(main, STUBBORN, 0.2, backend=backend)
    assert ended in (int(with_anyio.END), -int(with_anyio.END))
