"""What actors are told to do with children in their first and their last moments."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Callable

import ctrlevent
from tests.waiting import HANG_LIMIT

NEW_GROUP, SUSPENDED = 0x200, 0x4  # winbase.h

if TYPE_CHECKING:
    from collections.abc import Generator

MOMENT = 0.03

NO_STREAMS: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}


def _in_a_group(command: list[str]) -> Any:
    child = ctrlevent.Popen(command, **NO_STREAMS)
    child.interrupt(HANG_LIMIT)
    return child


def _on_its_own_console(command: list[str]) -> Any:
    child = ctrlevent.Popen(command, console="own", **NO_STREAMS)
    child.interrupt(HANG_LIMIT)
    return child


def _beside_others(command: list[str]) -> Any:
    child = subprocess.Popen(command, **NO_STREAMS)
    ctrlevent.kill(child.pid, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT)
    return child


def _without_threads(command: list[str]) -> Any:
    """Without threads in others: it is alone in its group, so the event goes to that."""
    child = ctrlevent.Popen(command, **NO_STREAMS)
    ctrlevent.kill(child.pid, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT, inject=False)
    return child


STARTED: dict[str, Callable[[list[str]], Any]] = {
    "in a group of its own": _in_a_group,
    "on a console of its own": _on_its_own_console,
    "in the caller's group": _beside_others,
    "without threads": _without_threads,
}


def interrupted_at_once(how: str, command: list[str], count: int) -> list[str]:
    """Starts children that no handler keeps from being ended, and that stay for an hour.

    Returns what was wrong with those that an event at once, behind their start, did not end.
    """
    problems: list[str] = []
    for number in range(count):
        try:
            child = STARTED[how](command)
        except OSError as error:
            problems.append(f"{number}: {type(error).__name__}: {error}")
            continue
        try:
            child.wait(HANG_LIMIT)
        except subprocess.TimeoutExpired:
            problems.append(f"{number}: not ended")
            child.kill()
            child.wait()
    return problems


@contextlib.contextmanager
def _child(command: list[str], flags: int) -> Generator[subprocess.Popen[bytes]]:
    """A program that says when it is ready, and exits when its input ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, creationflags=flags) as child:
        try:
            yield child
        finally:
            child.kill()


def made_to_hear(command: list[str], count: int) -> list[str]:
    """Has each of so many children hear Ctrl+C, each at another of its first moments.

    Returns what went wrong.
    """
    problems: list[str] = []
    for number in range(count):
        with _child(command, NEW_GROUP) as child:
            start = time.perf_counter()
            while time.perf_counter() < start + MOMENT * number / count:
                pass
            try:
                before = ctrlevent.ignore_ctrl_c(False, child.pid)
            except OSError as error:
                problems.append(f"{type(error).__name__}: {error}")
                continue
            assert child.stdout
            assert child.stdout.readline().startswith(b"ready")
            if not before:
                problems.append("it did not ignore Ctrl+C before")
            if ctrlevent.ignores_ctrl_c(child.pid):
                problems.append("it ignores Ctrl+C all the same")
    return problems


def made_to_hear_while_suspended(command: list[str]) -> bool:
    """Whether it ignores Ctrl+C when it is up."""
    with _child(command, NEW_GROUP | SUSPENDED) as child:
        assert ctrlevent.ignore_ctrl_c(False, child.pid) is True
        _resume(child)
        assert child.stdout
        assert child.stdout.readline().startswith(b"ready")
        return ctrlevent.ignores_ctrl_c(child.pid)


def _resume(child: Any) -> None:
    getattr(ctypes, "WinDLL")("ntdll").NtResumeProcess(  # noqa: B009
        ctypes.c_void_p(int(child._handle))
    )


VERBS: dict[str, Callable[[int], Any]] = {
    "getpgid": ctrlevent.getpgid,
    "ignores_ctrl_c": ctrlevent.ignores_ctrl_c,
    "ignore_ctrl_c": lambda pid: ctrlevent.ignore_ctrl_c(False, pid),
    "console_processes": lambda _pid: ctrlevent.console_processes(),
    "probe": lambda pid: ctrlevent.kill(pid, 0),
    "probe group": lambda pid: ctrlevent.killpg(pid, 0),
    "kill": lambda pid: ctrlevent.kill(pid, signal.SIGTERM),
    "killpg": lambda pid: ctrlevent.killpg(pid, signal.SIGTERM),
}


def asked_in_their_last_moments(command: list[str], count: int) -> list[str]:
    """Calls each verb again and again while a child is starting, and while it is exiting.

    Returns the errors that do not say that the child has ended, and the wrong answers.
    """
    problems: list[str] = []
    for (name, verb), number in itertools.product(VERBS.items(), range(count)):
        with _child(command, NEW_GROUP) as child:
            start = time.perf_counter()
            if number % 2:
                assert child.stdout
                child.stdout.readline()
                assert child.stdin
                child.stdin.close()
            while time.perf_counter() < start + MOMENT or (number % 2 and child.poll() is None):
                try:
                    answer = verb(child.pid)
                except ProcessLookupError:
                    break
                except OSError as error:
                    problems.append(f"{name}: {type(error).__name__}: {error}")
                else:
                    if name == "getpgid" and answer != child.pid:
                        problems.append(f"getpgid: {answer}")
    return problems
