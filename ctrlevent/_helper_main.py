"""What runs in the helper process: it sends on the consoles of others. Started by `_helper`.

A process can send on its own console only, and to get onto another one it would have to leave its
own, losing its handlers on the way. So this process does it: it has no console to lose, and runs no
code of the user's. It leads a group of its own, so no event to a group that it serves is for it
too; and while it is attached it ignores Ctrl+C and takes Ctrl+Break, so that a broadcast does not
end it either.

It answers a line of JSON for each line of JSON. It ends at the end of its input, which is the end
of the process that started it, or when it has not been asked for a while.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from . import _policy
from ._console import send_to_all, send_to_group
from ._errors import NoConsole, make, winerror_of
from ._processes import Processes
from ._types import CtrlEvent
from ._win32 import system
from ._win32.constants import (
    ERROR_GEN_FAILURE,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
)

if TYPE_CHECKING:
    from ._win32.boundary import System

# After so many seconds without a request the helper goes, with an exit code by which the other side
# knows that it has read none.
IDLE_SECONDS = 60.0
IDLE_EXIT_CODE = 0xC7


def main() -> None:
    windows = system()
    while True:
        # Only between two requests: none is lost when the time is up.
        watchdog = threading.Timer(IDLE_SECONDS, os._exit, [IDLE_EXIT_CODE])
        watchdog.daemon = True
        watchdog.start()
        line = sys.stdin.readline()
        watchdog.cancel()
        if not line:
            return
        print(json.dumps(answer(windows, json.loads(line))), flush=True)


def answer(windows: System, request: dict[str, Any]) -> dict[str, Any]:
    """The pids that the event was sent to, or the error: see `_helper.send` for the request."""
    try:
        _attach(windows, request["console_of"])
        try:
            return {"sent_to": _send(windows, request)}
        finally:
            windows.FreeConsole()
    except OSError as error:
        return {
            "error": type(error).__name__,
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
    """To a group on this console, or to everybody on it. That nobody is there is no error here."""
    pgid: int | None = request["pgid"]
    event = None if request["event"] is None else CtrlEvent(request["event"])
    own = windows.GetCurrentProcessId()
    with Processes(windows) as processes:
        seen = [one for one in processes.on_console() if one.pid != own]
        if pgid is None:
            assert event is not None
            _policy.console_event(event, seen)
            send_to_all(windows, processes, event, own=False)
            return [one.pid for one in seen]
        members = [member.pid for member in _policy.connected_members(pgid, seen)]
        if request["alone"] and not _policy.is_alone(request["console_of"], pgid, seen):
            return []
        if not set(request["together"]) <= set(members):
            return []
        if members and event is not None:
            send_to_group(windows, processes, event, pgid)
        return members
