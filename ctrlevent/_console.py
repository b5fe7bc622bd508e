"""Sending through the console of the calling process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import NoConsole, make, winerror_of
from ._facts import Facts, Seen, Unreadable
from ._win32.constants import ERROR_BAD_FORMAT, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._types import CtrlEvent
    from ._win32.boundary import System


def generate(windows: System, event: CtrlEvent, pgid: int) -> None:
    try:
        windows.GenerateConsoleCtrlEvent(event, pgid)
    except OSError as error:
        winerror = winerror_of(error)
        if winerror in (ERROR_INVALID_PARAMETER, ERROR_BAD_FORMAT):
            # Its last member has ended since it was seen. Which code depends on the build.
            raise make(ProcessLookupError, f"process group {pgid} has ended", error) from error
        if winerror == ERROR_INVALID_HANDLE:
            raise make(NoConsole, "the calling process has lost its console", error) from error
        if isinstance(error, PermissionError):  # by build, 5 or 34
            raise make(
                PermissionError,
                f"the console does not let the caller send to process group {pgid}; call this from"
                " an elevated process",
                error,
            ) from error
        raise


def send_to_all(windows: System, event: CtrlEvent, seen: Sequence[Seen]) -> None:
    """To everybody on the caller's console.

    Group by group, the caller's own last, for which Windows and Wine do the same: group 0 is the
    whole console on Windows, but only the caller's own group on Wine 10. Who cannot be read may be
    in any group; then it takes group 0.
    """
    if any(isinstance(one, Unreadable) for one in seen):
        generate(windows, event, 0)
        return
    caller = windows.GetCurrentProcessId()
    groups = {one.pgid: False for one in seen if isinstance(one, Facts)}
    for one in seen:
        if one.pid == caller and isinstance(one, Facts):
            groups[one.pgid] = True
    for pgid in sorted(groups, key=lambda pgid: groups[pgid]):
        generate(windows, event, pgid)
