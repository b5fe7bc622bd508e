"""What runs in the helper process: it sends on the consoles of other processes.

A process can send on its own console only, and to get onto another console it would have to leave
its own, losing its handlers on the way. So this process does it: it has no console to lose, and
runs no code of the user's. It leads a group of its own, so no event to a group that it serves is
for it too; and while it is attached it ignores Ctrl+C and takes Ctrl+Break, so that a broadcast
does not end it either.

It answers one marshalled dict for each that it gets. It exits at the end of its input, which is the
exit of the process that started it, or when it has not been asked for a while.

The first send to another console waits for it to start. Nearly all of that is imports, so this
module, and all that it imports, imports no more of the standard library than ctypes does itself.
(JSON would take longer than the rest of it. marshal is a part of the interpreter, which is the same
interpreter at both ends.)
"""

from __future__ import annotations

import marshal
import sys

from .._errors import CtrlCIgnored, NoConsole, make, winerror_of
from .._typing import TYPE_CHECKING
from .._unpatched import Thread, allocate_lock, system_calls
from .._win32 import system
from .._win32.constants import (
    ERROR_GEN_FAILURE,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
)
from . import policy
from .console_route import send_to_all, send_to_group
from .processes import Processes

if TYPE_CHECKING:
    from typing import Any

    from .._win32.boundary import System

# The errors that the caller raises as they are, by the names that go through the pipe.
PASSED_ON: dict[str, type[OSError]] = {
    kind.__name__: kind for kind in (ProcessLookupError, PermissionError, NoConsole, CtrlCIgnored)
}

# After so many seconds without a request the helper exits, with an exit code by which the caller
# knows that it has read none.
IDLE_SECONDS = 60.0
IDLE_EXIT_CODE = 0xC7


def main() -> None:
    windows = system()
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    idle = _Idle(windows)
    Thread(idle.watch)
    while True:
        try:
            request = marshal.load(requests)
        except EOFError:
            return
        with idle.not_now:
            marshal.dump(answer(windows, request), replies)
            replies.flush()
            idle.since = windows.monotonic()


class _Idle:
    """Since when there has been nothing to do, and what follows from it."""

    def __init__(self, windows: System) -> None:
        self._windows = windows
        self.since = windows.monotonic()
        self.not_now = allocate_lock()
        """Held while a request is being answered. A request that has been read, but is not held for
        yet when the process exits, has had no effect, so the caller makes it again."""

    def watch(self) -> None:
        """Exits the process when it has been idle for long enough.

        A single thread for all requests: starting another takes longer than an answer does.
        """
        windows = self._windows
        while True:
            left = self.since + IDLE_SECONDS - windows.monotonic()
            if left > 0:
                windows.sleep(left)
                continue
            with self.not_now:
                if windows.monotonic() >= self.since + IDLE_SECONDS:
                    system_calls._exit(IDLE_EXIT_CODE)  # noqa: SLF001


def answer(windows: System, request: dict[str, Any]) -> dict[str, Any]:
    """The pids that the event was sent to, or the error: see `helper_route.ask` for the request."""
    try:
        _attach(windows, request["console_of"])
        try:
            return {"sent_to": _send(windows, request)}
        finally:
            windows.FreeConsole()
    except OSError as error:
        return {
            "error": type(error).__name__,
            "errno": error.errno or 0,
            "message": error.strerror or str(error),
            "winerror": winerror_of(error),
        }


def _attach(windows: System, pid: int) -> None:
    try:
        windows.AttachConsole(pid)
    except OSError as error:
        winerror = winerror_of(error)
        if winerror == ERROR_INVALID_PARAMETER:
            raise make(ProcessLookupError, f"process {pid} has ended", error) from error
        if winerror in (ERROR_INVALID_HANDLE, ERROR_GEN_FAILURE):
            raise make(NoConsole, f"process {pid} has no console", error) from error
        raise make(
            PermissionError,
            f"the console of process {pid} may not be used; call this from an elevated process",
            error,
        ) from error
    # Only now: AttachConsole resets both.
    windows.SetConsoleCtrlHandler(None, True)
    windows.SetConsoleCtrlHandler(_take, True)


def _take(_event: int) -> bool:
    return True


def _send(windows: System, request: dict[str, Any]) -> list[int]:
    """To a group on this console, or to all on it. That the group is not there is no error here."""
    pgid: int | None = request["pgid"]
    event: int | None = request["event"]
    own = windows.GetCurrentProcessId()
    with Processes(windows) as processes:
        others = [seen for seen in processes.on_console() if seen.pid != own]
        if pgid is None:
            assert event is not None
            policy.console_event(event, others)
            send_to_all(windows, processes, event, own=False)
            return [other.pid for other in others]
        members = [member.pid for member in policy.connected_members(pgid, others)]
        if request["alone"] and not policy.is_alone(request["console_of"], pgid, others):
            return []
        if not set(request["together"]) <= set(members):
            return []
        if members and event is not None:
            send_to_group(windows, processes, event, pgid)
        return members
