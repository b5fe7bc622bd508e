"""For code that calls `os.kill`: what it should have been on Windows, and how to put it there."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from . import _arguments
from ._half import half
from ._queries import getpgid, getpgrp
from ._signals import kill, killpg
from ._types import CtrlEvent
from ._typing import public

if TYPE_CHECKING:
    from collections.abc import Generator


@public
def os_kill(pid: int, sig: int) -> None:
    """What `os.kill` should have been on Windows, to put in its place in code that calls it.

    As `kill(pid, sig)`, with one difference: an event to a process that leads its group goes to
    the group, since that is what `os.kill` does with it on Windows and what is meant there: the
    launcher whose pid is known stands for the program behind it. On POSIX it is `kill`.

    Raises what `kill` and `killpg` raise.
    """
    target = _arguments.kill_target(pid)
    action = _arguments.action(sig, half.events_sent)
    if target > 0 and isinstance(action, CtrlEvent) and half.leader_stands_for_group(target):
        killpg(target, sig)
    else:
        kill(target, sig)


@public
@contextlib.contextmanager
def patch_os() -> Generator[None]:
    """While in this context, `os.kill` is `os_kill`, and `os` has `killpg`, `getpgid`, `getpgrp`.

    For code that cannot be changed. It covers code that looks these names up in `os` when it calls
    them, `subprocess.Popen.send_signal` included. It does not cover a reference from before (`from
    os import kill`), other processes, and code that calls Windows itself. The whole process is
    affected, all its threads. Contexts may be nested; each puts back what it found.
    """
    patches = {"kill": os_kill, "killpg": killpg, "getpgid": getpgid, "getpgrp": getpgrp}
    missing = object()
    before = {name: getattr(os, name, missing) for name in patches}
    for name, function in patches.items():
        setattr(os, name, function)
    try:
        yield
    finally:
        for name, function_before in before.items():
            if function_before is missing:
                delattr(os, name)
            else:
                setattr(os, name, function_before)
