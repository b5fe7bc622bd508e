"""What actors do in the tests of how children are waited for and stopped. All of it runs in actors.

A terminal is a `PseudoConsole` of an actor, on which it starts another: a genuine key reaches the
other actor and its children.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, Optional

import ctrlevent
from ctrlevent import PseudoConsole
from tests.children import GOES_ON
from tests.waiting import HANG_LIMIT

from . import actor, starting

_terminals: list[PseudoConsole] = []
_is_waiting: list[str] = []

# --- a terminal -----------------------------------------------------------------------------------


def open_terminal() -> None:
    _terminals.append(PseudoConsole())


def start_on_terminal(command: list[str], environment: dict[str, str]) -> int:
    """The actor has no stream of the caller's: what it writes is on the terminal."""
    child = _terminals[-1].start(command, env={**os.environ, **environment})
    return int(child.pid)


def press_ctrl_c() -> None:
    _terminals[-1].press_ctrl_c()


# --- children -------------------------------------------------------------------------------------


def pass_events_on() -> None:
    """From here on they raise KeyboardInterrupt in the main thread."""
    actor.passing_on.set()


def stop(pid: int, grace: Optional[float]) -> tuple[int, bool]:
    _is_waiting.append("stop")
    child = starting._children[pid]
    return child.stop(grace), child.was_ended


def end_tree(pid: int) -> None:
    starting._children[pid].end_tree()


def is_waiting() -> bool:
    """Whether what was begun last has come to its wait."""
    return bool(_is_waiting)


def wait_then_stop(pids: list[int], how: str) -> list[int]:
    """Waits for the first; on a KeyboardInterrupt stops all of them, in their order."""
    children = [starting._children[pid] for pid in pids]
    try:
        _is_waiting.append("wait")
        children[0].wait()
    except KeyboardInterrupt:
        if how == "in the handler":
            return [child.stop(None) for child in children]
    return [child.stop(None) for child in children]


def interrupted_then_stop(pid: int, grace: float) -> tuple[int, bool]:
    """As if a KeyboardInterrupt had come that no other process has heard of."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        return stop(pid, grace)


def leave_with_block(command: list[str], options: dict[str, Any], by: str) -> None:
    """Starts a child, and leaves its `with` block by a KeyboardInterrupt, or by its end."""
    streams: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), sys.stderr)
    with ctrlevent.Popen(command, stdin=subprocess.DEVNULL, **streams, **options) as child:
        starting._children[child.pid] = child
        _is_waiting.append("with")
        if by == "the end":
            return
        if by == "interrupt":
            with contextlib.suppress(KeyboardInterrupt):
                child.wait()
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                child.interrupt(HANG_LIMIT)
                raise
        child.wait()


def ignores(pid: int) -> bool:
    return ctrlevent.ignores_ctrl_c(pid)


# --- waits that are broken off --------------------------------------------------------------------

EXPECTED = "before\n" * 1000

INPUT = "x" * 500_000  # more than a pipe holds


class BrokenOff(NamedTuple):
    was_running: bool
    exit_code: int
    output: Optional[str]
    errors: Optional[str]


def break_off(kind: str, file: str) -> BrokenOff:
    """Waits for a child until a KeyboardInterrupt comes; then for the rest of it."""
    pipe = subprocess.PIPE
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL}
    if kind.startswith("communicate"):
        streams = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "text": True}
    if "input" in kind:
        streams["stdin"] = pipe
    command = [sys.executable, "-S", "-c", GOES_ON, file]
    child = ctrlevent.Popen(command, keyboard=False, **streams)
    try:
        _is_waiting.append(kind)
        _wait(child, kind)
    except KeyboardInterrupt:
        was_running = child.poll() is None
    else:
        raise AssertionError("it was not broken off")
    Path(file).touch()
    # The event may have come before the input was given.
    data = INPUT if "input" in kind and child._communication is None else None
    output, errors = child.communicate(data, timeout=HANG_LIMIT)
    return BrokenOff(was_running, child.wait(HANG_LIMIT), output, errors)


def _wait(child: Any, kind: str) -> None:
    if kind == "wait":
        child.wait()
    elif kind == "wait with a limit":
        child.wait(HANG_LIMIT)
    elif kind == "communicate":
        child.communicate()
    elif kind == "communicate with a limit":
        child.communicate(timeout=HANG_LIMIT)
    elif kind == "communicate with input":
        child.communicate(INPUT)
    else:
        child.communicate(INPUT, timeout=HANG_LIMIT)


def forget_waits() -> None:
    del _is_waiting[:]
