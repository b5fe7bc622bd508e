"""`os_kill`: for code that calls `os.kill`, what that should have been on Windows."""

from __future__ import annotations

from . import _arguments
from ._half import half
from ._signals import kill, killpg
from ._types import CtrlEvent
from ._typing import public


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
