"""Children of event loops on Windows. All of this runs in actors."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import ctrlevent
from tests import many_children
from tests.waiting import HANG_LIMIT, wait_until

from .interrupted import children
from .leaks import settled_handle_count

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


_there_before: set[int] = set()
"""Children of this process that no loop has started."""


def _loop(main: Coroutine[Any, Any, T]) -> T:
    _there_before.update(children())
    return asyncio.run(main)


def new_children() -> list[int]:
    return [pid for pid in children() if pid not in _there_before]


class Left(NamedTuple):
    outcomes: list[many_children.Outcome]
    children: list[int]
    threads: int
    more_handles: int
    """More than 0 only if there were more after each of two rounds: see `leaks`."""


def start_all(command: list[str], count: int) -> Left:
    _loop(many_children.start_all(command, 4, 0))  # what is opened once
    threads, handles = _thread._count(), settled_handle_count()
    outcomes: list[many_children.Outcome] = []
    more = 0
    for seed in range(2):
        outcomes.append(_loop(many_children.start_all(command, count, seed)))
        with contextlib.suppress(AssertionError):  # a thread ends after what it has done
            wait_until(lambda: _thread._count() <= threads, "the end of threads")
        now = settled_handle_count()
        handles, more = now, now - handles
        if more <= 0:
            break
    return Left(outcomes, new_children(), _thread._count() - threads, more)


async def _started(command: list[str], **options: Any) -> Any:
    """A native program of the bed, when it has said that it is ready."""
    pipe = asyncio.subprocess.PIPE
    child = await ctrlevent.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, **options)
    assert child.stdout
    assert (await child.stdout.readline()).split() == [b"ready", b"%d" % child.pid]
    return child


async def _rest(child: Any) -> list[bytes]:
    """What else it has said, when its input has ended."""
    child.stdin.close()
    rest = await child.stdout.read()
    await child.wait()
    return [line.strip() for line in rest.splitlines()]


def interrupt(command: list[str], **options: Any) -> list[bytes]:
    async def main() -> list[bytes]:
        child = await _started(command, **options)
        assert child.pgid == child.pid == ctrlevent.getpgid(child.pid)
        await child.interrupt(HANG_LIMIT)
        said = [(await child.stdout.readline()).strip()]
        return said + await _rest(child)

    return _loop(main())


def interrupt_at_once(command: list[str]) -> int:
    """Right after the start, when the child may not be up yet."""

    async def main() -> int:
        child = await ctrlevent.create_subprocess_exec(*command)
        await child.interrupt(HANG_LIMIT)
        return await child.wait()

    return _loop(main())


def send_signals(command: list[str], *numbers: int) -> list[bytes]:
    """Each when the last was heard."""

    async def main() -> list[bytes]:
        child = await _started(command)
        said = []
        for number in numbers:
            child.send_signal(number)
            said.append((await child.stdout.readline()).strip())
        return said + await _rest(child)

    return _loop(main())


def after_its_exit(command: list[str]) -> tuple[int, int, bool]:
    """What does nothing then."""

    async def main() -> tuple[int, int, bool]:
        child = await ctrlevent.create_subprocess_exec(*command)
        code = await child.wait()
        await child.interrupt()
        child.send_signal(2)
        return code, await child.stop(), child.was_ended

    return _loop(main())


def shell(line: str) -> tuple[list[bytes], int]:
    """A program behind the shell that hears, and goes on until its input ends."""

    async def main() -> tuple[list[bytes], int]:
        pipe = asyncio.subprocess.PIPE
        child = await ctrlevent.create_subprocess_shell(line, stdin=pipe, stdout=pipe)
        assert child.stdout
        assert (await child.stdout.readline()).startswith(b"ready")
        await child.interrupt(HANG_LIMIT)
        said = [(await child.stdout.readline()).strip()]
        said += await _rest(child)
        return said, child.returncode or 0

    return _loop(main())


class Stopped(NamedTuple):
    code: int
    was_ended: bool
    children: list[int]


def stop(command: list[str], grace: float | None, **options: Any) -> Stopped:
    async def main() -> Stopped:
        child = await _started(command, **options)
        return Stopped(await child.stop(grace), child.was_ended, new_children())

    return _loop(main())


def cancel_stop(command: list[str]) -> Stopped:
    """While it waits for a child that will not end."""

    async def main() -> Stopped:
        child = await _started(command)
        stopping = asyncio.ensure_future(child.stop(HANG_LIMIT))
        assert await child.stdout.readline()  # it has heard
        await asyncio.sleep(0)
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping
            raise AssertionError("it was cancelled")
        return Stopped(child.returncode, child.was_ended, new_children())

    return _loop(main())


def cancel_interrupt(command: list[str]) -> list[bytes]:
    """While the thread sends: the task ends when the event is out, and the child goes on."""

    async def main() -> list[bytes]:
        child = await _started(command)
        before = _thread._count()
        sending = asyncio.ensure_future(child.interrupt(HANG_LIMIT))
        while _thread._count() == before and not sending.done():
            await asyncio.sleep(0)
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        said = [(await child.stdout.readline()).strip()]
        return said + await _rest(child)

    return _loop(main())


def whole_console(command: list[str], keyboards: list[bool]) -> list[list[bytes]]:
    """What the children of one console say to an event for all of it, then to an `interrupt`."""

    async def main() -> list[list[bytes]]:
        started = [await _started(command, keyboard=keyboard) for keyboard in keyboards]
        ctrlevent.broadcast(ctrlevent.CTRL_C_EVENT)
        said: list[list[bytes]] = [[] for _ in started]
        for child, keyboard, lines in zip(started, keyboards, said):
            if keyboard:
                lines.append(b"key: " + (await child.stdout.readline()).strip())
            await child.interrupt(HANG_LIMIT)
            lines.append((await child.stdout.readline()).strip())
            lines.extend(await _rest(child))
        return said

    return _loop(main())


def on_a_selector_loop(command: list[str]) -> list[int]:
    """The loop starts no child, and says so."""
    _there_before.update(children())
    loop = asyncio.SelectorEventLoop()
    try:
        loop.run_until_complete(ctrlevent.create_subprocess_exec(*command))
    except NotImplementedError:
        return new_children()
    finally:
        loop.close()
    raise AssertionError("it starts no child")


def under_a_guard(command: list[str]) -> list[bytes]:
    with ctrlevent.Guard():
        return interrupt(command)


def under_patch_os(command: list[str], keyboard: bool) -> tuple[bool, list[bytes]]:
    """Whether the child ignores Ctrl+C, and what it says to an `interrupt`."""

    async def main() -> tuple[bool, list[bytes]]:
        child = await _started(command, keyboard=keyboard)
        ignores = ctrlevent.ignores_ctrl_c(child.pid)
        await child.interrupt(HANG_LIMIT)
        said = [(await child.stdout.readline()).strip()]
        return ignores, said + await _rest(child)

    with ctrlevent.patch_os():
        return _loop(main())
