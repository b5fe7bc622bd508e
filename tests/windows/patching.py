"""What actors do with `subprocess` within `patch_os`. All of this runs in actors."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from asyncio import subprocess as asyncio_subprocess
from typing import TYPE_CHECKING, Any

import ctrlevent
from tests.children import WAITS
from tests.waiting import HANG_LIMIT

from . import actor
from .dropping import patched

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGKILL = 9


class OfUser(subprocess.Popen[bytes]):
    """A class that code has derived before it is patched, with arguments of its own."""

    def __init__(self, command: Sequence[str], *, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(command, **options)


CLASSES: dict[str, Any] = {
    "subprocess": subprocess.Popen,
    "of the user": functools.partial(OfUser, name="child"),
}


def start(
    command: list[str], told: dict[str, Any], environment: dict[str, str], kind: str = "subprocess"
) -> int:
    """Starts an actor, within the patch."""
    streams: dict[str, Any] = {
        "stdin": subprocess.DEVNULL, "stdout": sys.stderr, "stderr": sys.stderr
    }  # fmt: skip
    env = {**os.environ, **environment}
    child = patched(CLASSES[kind], command, env=env, **streams, **told)
    actor._children[child.pid] = child
    return int(child.pid)


def start_by_position(command: list[str], flags: int, environment: dict[str, str]) -> int:
    """As `start`, with all arguments by position."""
    null, env = subprocess.DEVNULL, {**os.environ, **environment}
    child = patched(
        subprocess.Popen, command, -1, None, null, sys.stderr, sys.stderr, None, True, False, None,
        env, None, None, flags,
    )  # fmt: skip
    actor._children[child.pid] = child
    return int(child.pid)


def send_signal(pid: int, sig: int) -> None:
    patched(send_signal_unpatched, pid, sig)


def send_signal_unpatched(pid: int, sig: int) -> None:
    actor._children[pid].send_signal(sig)


def end_groups(command: list[str], told: dict[str, Any], times: int) -> set[int]:
    """As POSIX code ends a child with all that it has started. Returns the exit codes."""
    return patched(_end_groups, command, told, times)  # type: ignore[no-any-return]


def _end_groups(command: list[str], told: dict[str, Any], times: int) -> set[int]:
    codes = set()
    for _ in range(times):
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **told
        ) as child:
            _posix_killpg(child.pid, signal.SIGTERM)
            codes.add(child.wait(HANG_LIMIT))
    return codes


def _posix_killpg(pid: int, sig: int) -> None:
    functions: Any = os
    functions.killpg(functions.getpgid(pid), sig)


def interrupt_groups(command: list[str], told: dict[str, Any], times: int) -> list[bytes]:
    """As `end_groups`, with SIGINT: what each child has said."""
    return patched(_interrupt_groups, command, told, times)  # type: ignore[no-any-return]


def _interrupt_groups(command: list[str], told: dict[str, Any], times: int) -> list[bytes]:
    outputs = []
    for _ in range(times):
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **told
        ) as child:
            assert child.stdout
            assert child.stdin
            child.stdout.readline()
            _posix_killpg(child.pid, signal.SIGINT)
            outputs.append(child.stdout.readline().strip())
            child.stdin.close()
            child.wait(HANG_LIMIT)
    return outputs


def by_asyncio(told: dict[str, Any], times: int) -> list[tuple[bytes, int]]:
    """What each child of asyncio, interrupted by `send_signal`, has said, and its exit code."""

    async def once() -> tuple[bytes, int]:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WAITS, stdout=asyncio_subprocess.PIPE, **told
        )
        assert child.stdout
        await child.stdout.readline()
        child.send_signal(signal.SIGINT)
        said = await child.stdout.read()
        return said.strip(), await child.wait()

    async def main() -> list[tuple[bytes, int]]:
        return [await once() for _ in range(times)]

    return patched(asyncio.run, main())  # type: ignore[no-any-return]


def _wait_for_interrupt(pipe: Any) -> None:
    pipe.send(ctrlevent.getpgrp())
    try:
        while not pipe.poll():
            time.sleep(0.01)  # in small pieces, see tests/children.py
    except KeyboardInterrupt:
        pipe.send("interrupted")


def by_multiprocessing() -> tuple[bool, str]:
    """Whether its child is in the caller's group, and what it has said when it was interrupted."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()

    def interrupted() -> tuple[bool, str]:
        child = context.Process(target=_wait_for_interrupt, args=(theirs,))
        child.start()
        assert child.pid
        is_in_group = ours.recv() == ctrlevent.getpgrp()
        os.kill(child.pid, signal.SIGINT)
        said = ours.recv()
        child.join(HANG_LIMIT)
        return is_in_group, said

    main = sys.modules["__main__"]
    main.__spec__ = None  # the actor was started by `-c`: there is no module to import anew
    return patched(interrupted)  # type: ignore[no-any-return]


def sigkill() -> tuple[int, int, bool]:
    """What it is within the patch, the exit code that it gives, and whether it is there after."""
    with ctrlevent.patch_os():
        number = int(getattr(signal, "SIGKILL"))  # noqa: B009
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            os.kill(child.pid, number)
            code = child.wait(HANG_LIMIT)
    return number, code, hasattr(signal, "SIGKILL")


def exit_codes_of_signals(signals: Sequence[int]) -> list[int]:
    """Of children that get them by `send_signal`."""
    codes = []
    for sig in signals:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            patched(_send, child, sig)
            codes.append(child.wait(HANG_LIMIT))
    return codes


def signals_to_the_exited() -> None:
    """Before any `poll` of the caller: the object does not know yet that its child has exited."""
    for sig in (signal.SIGINT, ctrlevent.CTRL_C_EVENT, signal.SIGTERM, SIGKILL, 0):
        with subprocess.Popen([sys.executable, "-c", ""]) as child:
            handle: Any = child._handle  # type: ignore[attr-defined, unused-ignore]
            actor.kernel32.WaitForSingleObject(ctypes.c_void_p(int(handle)), 0xFFFF_FFFF)
            assert child.returncode is None
            patched(_send, child, sig)


def _send(child: Any, sig: int) -> None:
    child.send_signal(sig)


def refusal_of_sigint() -> str:
    """What a child that was not started within a patch says to SIGINT."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            child.send_signal(signal.SIGINT)
        except ValueError as error:
            return str(error)
        finally:
            child.kill()
    return ""
