"""Children of event loops on POSIX: runs in a process of its own, never in that of pytest.

Its `main` is given a loop ("asyncio" or "uvloop"), what to do, and arguments for that. The last
line of its output says what was found, as JSON.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable

if sys.platform == "win32":
    raise ImportError("tests.unit.posix is for POSIX")

import ctrlevent
from tests.many_children import start_all
from tests.waiting import wait_until

from .interrupted import children

if TYPE_CHECKING:
    from collections.abc import Coroutine

PIPE = asyncio.subprocess.PIPE

# Say that they are up, and that they have heard a SIGINT.
PROGRAMS = {
    # Exits by it, or when its input ends.
    "listens": 'trap "echo heard; exit 33" INT; echo up; read line',
    "goes on": 'trap "echo heard" INT; echo up; while :; do read line; done',
    # The other process ignores SIGINT from its start on, and keeps the pipe open.
    "leaves one behind": "trap '' INT; sleep 600 & "
    'trap "echo heard; exit 33" INT; echo up; read line',
}


def shell(program: str) -> list[str]:
    return ["/bin/sh", "-c", PROGRAMS[program]]


async def _started(program: str) -> Any:
    child = await ctrlevent.create_subprocess_exec(*shell(program), stdin=PIPE, stdout=PIPE)
    assert child.stdout
    assert await child.stdout.readline() == b"up\n"
    return child


def _members(pgid: int) -> list[str]:
    """What still runs of a group."""
    found = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat=,args="], stdout=subprocess.PIPE, check=True
    )
    rows = [line.split(None, 2) for line in found.stdout.decode().splitlines()]
    return [row[2] for row in rows if row[0] == str(pgid) and not row[1].startswith("Z")]


def _left(pgid: int) -> list[str]:
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not _members(pgid), "the end of a group")
    return _members(pgid)


# --- what is done ---------------------------------------------------------------------------------


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def many(run: Callable[[Coroutine[Any, Any, Any]], Any], count: str) -> Any:
    run(start_all(shell("listens"), 4, 0))  # what is opened once
    gc.collect()
    before = (_thread._count(), _open_files())
    outcome = run(start_all(shell("listens"), int(count), 7))
    gc.collect()
    with contextlib.suppress(AssertionError):  # a thread ends after what it has done
        wait_until(lambda: (_thread._count(), _open_files()) <= before, "the end of threads")
    return {
        **outcome._asdict(),
        "children": sorted(children()),
        "threads": _thread._count() - before[0],
        "files": _open_files() - before[1],
    }


def ignoring(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def main() -> Any:
        child = await _started("listens")
        leads = child.pgid == os.getpgid(child.pid) == child.pid
        await child.interrupt()
        return {"leads": leads, "said": await child.stdout.read(), "code": await child.wait()}

    return run(main())


def cancelled_shell(run: Callable[[Coroutine[Any, Any, Any]], Any], rounds: str) -> Any:
    """The shell has started a process, and waits for it: both are gone."""
    marker = f"{600 + os.getpid() / 1e7:.7f}"

    async def main() -> None:
        line = f"sleep {marker} & sleep {marker}; true"
        start = asyncio.ensure_future(ctrlevent.create_subprocess_shell(line, stdout=PIPE))
        for _ in range(int(rounds)):
            await asyncio.sleep(0)
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            child = await start
            await child.stop(0)

    run(main())

    def left() -> list[str]:
        found = subprocess.run(["ps", "-A", "-o", "args="], stdout=subprocess.PIPE, check=True)
        return [line for line in found.stdout.decode().splitlines() if marker in line]

    with contextlib.suppress(AssertionError):
        wait_until(lambda: not left(), "the end of a group")
    return left()


def stop(run: Callable[[Coroutine[Any, Any, Any]], Any], program: str, grace: str) -> Any:
    async def main() -> Any:
        child = await _started(program)
        code = await child.stop(None if grace == "none" else float(grace))
        return code, child.was_ended, _left(child.pid)

    return run(main())


def cancelled_stop(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
    async def main() -> Any:
        child = await _started("goes on")
        stopping = asyncio.ensure_future(child.stop(None))
        assert await child.stdout.readline() == b"heard\n"
        stopping.cancel()
        try:
            await stopping
        except asyncio.CancelledError:
            return child.returncode, child.was_ended, _left(child.pid)

    return run(main())


def signals(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
    async def main() -> Any:
        child = await _started("listens")
        child.send_signal(signal.SIGINT)
        said = await child.stdout.read()
        code = await child.wait()
        await child.interrupt()
        child.send_signal(signal.SIGINT)
        return said, code, await child.stop(), child.was_ended

    return run(main())


def no_program(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
    try:
        run(ctrlevent.create_subprocess_exec("/nowhere/at all"))
    except FileNotFoundError as error:
        return type(error).__name__, sorted(children())


def dropped(_run: object) -> Any:
    loop = asyncio.new_event_loop()
    start = ctrlevent.create_subprocess_exec(*shell("goes on"), stdin=PIPE)
    with contextlib.suppress(RuntimeError):
        loop.call_soon(loop.stop)
        loop.run_until_complete(start)
    started = sorted(children())
    assert started
    del start
    loop.close()
    del loop
    gc.collect()
    return [pid for pid in started if _left(pid)]


def main() -> None:
    loop, what, *arguments = sys.argv[1:]
    run = asyncio.run if loop == "asyncio" else importlib.import_module("uvloop").run
    found = globals()[what](run, *arguments)
    print(json.dumps(found, default=lambda value: value.decode()), flush=True)
