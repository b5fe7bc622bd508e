"""For code that calls `os.kill`: what it should have been on Windows, and how to put it there."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from . import _arguments
from ._types import CtrlEvent

if TYPE_CHECKING:
    from collections.abc import Generator

if sys.platform == "win32":
    from ._ask import getpgid, getpgrp
    from ._send import kill, killpg
else:
    from ._posix import getpgid, getpgrp, kill, killpg


def os_kill(pid: int, sig: int) -> None:
    """What `os.kill` should have been on Windows, to put in its place in code that calls it.

    As `kill(pid, sig)`, with one difference: an event to a process that leads its group goes to
    the group, since that is what `os.kill` does with it on Windows and what is meant there: the
    launcher whose pid is known stands for the program behind it. On POSIX it is `kill`.

    Raises what `kill` and `killpg` raise.
    """
    target = _arguments.kill_target(pid)
    if sys.platform == "win32" and target > 0 and _is_event(sig) and getpgid(target) == target:
        killpg(target, sig)
    else:
        kill(target, sig)


def _is_event(sig: Any) -> bool:
    return isinstance(_arguments.action(sig), CtrlEvent)


@contextlib.contextmanager
def patch_os() -> Generator[None]:
    """While in this context, `os.kill` is `os_kill`, and `os` has `killpg`, `getpgid`, `getpgrp`.

    For code that cannot be changed. It covers whoever looks these names up in `os` when calling
    them, `subprocess.Popen.send_signal` included; not whoever has a reference from before (`from os
    import kill`), not other processes, and not code that calls Windows itself. The whole process
    is affected, all its threads. Contexts may be nested; each puts back what it found.
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
