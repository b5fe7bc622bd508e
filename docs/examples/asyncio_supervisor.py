"""A program with three workers, which it stops in its own order. See test_asyncio.py."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import ctrlevent

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]


async def main() -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in (1, 2, 3):
            # The key reaches this program alone, which then stops its workers, the last first.
            worker = await ctrlevent.create_subprocess_exec(*WORKER, keyboard=False)
            stack.callback(print, f"worker {number} has stopped", flush=True)
            stack.push_async_callback(worker.stop, grace=60)
        await asyncio.Event().wait()  # until Ctrl+C cancels it


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
