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

# How many seconds `os_kill` waits for a process that has not connected to its console yet.
_START_SECONDS = 5.0


@public
def os_kill(pid: int, sig: int) -> None:
    """What `os.kill` should have been on Windows, to put in its place in code that calls it.

    As `kill(pid, sig)`, but an event goes

    - for the caller's own pid: to the caller alone, whatever group it leads. The call returns after
      its handlers have run, so in the main thread KeyboardInterrupt is raised by this very call;
    - for the leader of a group that the caller is not in: to that group;
    - for any other process: to that process and its descendants in its group, since the pid that a
      program was started under is often that of a launcher. If the caller is one of these: to that
      process alone.

    So it never reaches the caller unless the caller's own pid, or 0, was given. As on POSIX, it
    does not wait for the handlers of other processes; for 5 seconds it waits for a process that is
    still starting. On POSIX it is `kill`.

    Raises what `kill` and `killpg` raise, but no `TimeoutError` for the handlers of others.
    """
    target = _arguments.kill_target(pid)
    action = _arguments.action(sig, half.events_sent)
    if target > 0 and isinstance(action, CtrlEvent):
        half.os_kill(target, action, _arguments.options(_START_SECONDS, True, waits=False))
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
