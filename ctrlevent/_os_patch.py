"""`os_kill`: for code that calls `os.kill`, what that should have been on Windows."""

from __future__ import annotations

from . import _arguments
from ._half import half
from ._signals import kill
from ._types import CtrlEvent
from ._typing import public

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
