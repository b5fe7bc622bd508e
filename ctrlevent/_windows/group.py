"""The process group of a `Popen`: Ctrl+C to it, and the end of what is left of it.

Not in `popen`, as a command that `run` contains needs this for a Ctrl+C alone, and it takes longer
to import than all else.
"""

from __future__ import annotations

import contextlib

from .._types import CtrlEvent
from .._typing import TYPE_CHECKING
from .._win32 import system
from .._win32.constants import STATUS_CONTROL_C_EXIT
from . import dispatch, keyboard, policy, terminate, waits
from .processes import Processes
from .waits import handle_of

if TYPE_CHECKING:
    from typing import Any

    from .._arguments import Options

# In seconds: how long the group may go on to start processes while it is ended.
_END_WITHIN = 3.0


def interrupt(pgid: int, options: Options, *, is_deaf: bool, deafens: bool) -> None:
    if is_deaf or deafens:
        keyboard.interrupt(system(), pgid, options.seconds, options.inject, hears_keys=not is_deaf)
    else:
        dispatch.to_group(system(), pgid, CtrlEvent.CTRL_C_EVENT, options, dispatch.send)


class Group:
    """A child with the rest of its process group."""

    def wait(self, process: Any, end: float) -> bool:
        return waits.until(process, end, lambda: not self._others(process))

    def _others(self, process: Any) -> bool:
        """Whether there is a member besides the leader, whose pid its open handle keeps."""
        windows = system()
        with Processes(windows) as processes:
            since = windows.GetProcessTimes(handle_of(process))
            found = policy.members(process.pid, processes.all(since), processes.created)
            return any(member.pid != process.pid for member in found)

    def end(self, process: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            terminate.end_group(system(), process.pid, STATUS_CONTROL_C_EXIT, _END_WITHIN)
        process.wait()
