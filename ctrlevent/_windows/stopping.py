"""A process that is to be stopped, and is no child of the caller: held, asked, waited for, ended.

An open handle pins the pid, says when the process has exited, and with which code. Only while a
Ctrl+C goes to the group that the process leads, there is none: should the process exit just then,
a handle of the caller would have the console park the event (see `console_route`). Afterwards the
time of its creation says whether it is still the same.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from .._types import CtrlEvent
from .._win32 import system
from .._win32.constants import PROCESS_TERMINATE, STATUS_CONTROL_C_EXIT
from . import dispatch, policy, terminate
from .peb import has_exited
from .plans import ForGroup, ForProcess
from .processes import LOOK, Processes

if TYPE_CHECKING:
    from .._arguments import Options
    from .._win32.boundary import System
    from .peb import Facts
    from .policy import NamedByPid

# In seconds: how long a wait lasts at most, before a Ctrl+C of the caller's can break it off; and
# the pauses between looks at a group or tree whose first process has exited.
_SLICE = 0.05
_PAUSE = 0.01

# In seconds: how long the processes may go on to start others while they are ended.
_END_WITHIN = 5.0


def stopping(pid: int) -> Stopping:
    return Stopping(system(), pid)


class Stopping:
    """Implements `_protocol.Stopping`."""

    def __init__(self, windows: System, pid: int) -> None:
        self._windows = windows
        self._pid = pid
        self._processes = Processes(windows)
        self._is_held = False
        """Whether its handle is open."""

    def __enter__(self) -> Stopping:
        windows, pid, processes = self._windows, self._pid, self._processes
        try:
            with Processes(windows, LOOK | PROCESS_TERMINATE) as may_be_ended:
                may_be_ended.handle(pid)
            root = processes.facts(pid)
            self._is_held = True
            self._created = processes.created(pid)
            self._family: list[Facts] = [root]
            self._births = {pid: self._created}
            with Processes(windows) as looked_at:
                self._meant: NamedByPid = dispatch.named_by(windows, looked_at, pid)
            if not isinstance(self._meant, (ForGroup, ForProcess)):
                self._find_family()  # while the parents of all of them are alive
        except BaseException:
            processes.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._processes.__exit__()

    @property
    def named(self) -> tuple[int, bool]:
        if isinstance(self._meant, ForGroup):
            return -self._meant.pgid, False
        return self._pid, not isinstance(self._meant, ForProcess)

    @property
    def exit_code(self) -> int | None:
        if not self._is_held or self.is_running():
            return None
        return self._windows.GetExitCodeProcess(self._processes.hold(self._pid))

    def interrupt(self, options: Options) -> None:
        is_group = isinstance(self._meant, ForGroup)
        if is_group:
            self._is_held = False
            self._processes.release(self._pid)
        try:
            dispatch.to_named(self._windows, self._meant, CtrlEvent.CTRL_C_EVENT, options)
        finally:
            if is_group:
                self._hold_again()

    def _hold_again(self) -> None:
        """Unless it has exited, and no process has kept it from being gone."""
        with contextlib.suppress(ProcessLookupError):
            self._processes.hold(self._pid)
            self._is_held = self._processes.created(self._pid) == self._created
        if not self._is_held:
            self._processes.release(self._pid)

    def is_running(self) -> bool:
        return self._is_held and not has_exited(self._windows, self._processes.hold(self._pid))

    def wait(self, seconds: float) -> bool:
        deadline = self._windows.monotonic() + seconds
        while True:
            left = deadline - self._windows.monotonic()
            if self.is_running():
                if left <= 0:
                    return False
                milliseconds = math.ceil(min(left, _SLICE) * 1000)
                self._windows.WaitForSingleObject(self._processes.hold(self._pid), milliseconds)
            elif not self._left():
                return True
            elif left <= 0:
                return False
            else:
                self._windows.sleep(min(left, _PAUSE))

    def end(self) -> None:
        named = f"process group {self._pid}" if self.named[0] < 0 else f"process {self._pid}"
        terminate.end_all(self._windows, self._left, named, STATUS_CONTROL_C_EXIT, _END_WITHIN)

    def _left(self) -> list[int]:
        """The pids of those that are meant, and alive. The caller is none of them: K1 to K3."""
        if isinstance(self._meant, ForProcess):
            return [self._pid] if self.is_running() else []
        if isinstance(self._meant, ForGroup):
            return self._members()
        self._find_family()
        return [
            member.pid
            for member in self._family
            if not has_exited(self._windows, self._processes.hold(member.pid))
        ]

    def _members(self) -> list[int]:
        with Processes(self._windows) as processes:  # no handle of a member outlives this look
            found = policy.members(self._pid, processes.all(self._created), processes.created)
            for member in found:
                if member.is_leader and processes.created(member.pid) != self._created:
                    return []  # another process has the pid now, and leads a group of its own
            return [member.pid for member in found]

    def _find_family(self) -> None:
        """Holds its members, so that no other process gets the pid of a member that has exited."""
        with Processes(self._windows) as processes:  # no handle of any other outlives this look

            def created(pid: int) -> int:
                return self._births.get(pid) or processes.created(pid)

            self._family = policy.family(self._family, processes.all, created)
            for member in self._family:
                if member.pid not in self._births:
                    self._births[member.pid] = processes.created(member.pid)
                    self._processes.hold(member.pid)
