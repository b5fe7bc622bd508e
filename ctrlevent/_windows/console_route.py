"""The route through the console of the calling process: GenerateConsoleCtrlEvent."""

from __future__ import annotations

from .._errors import NoConsole, make, winerror_of
from .._typing import TYPE_CHECKING
from .._win32.constants import (
    CTRL_C_EVENT,
    ERROR_BAD_FORMAT,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
)
from . import policy
from .peb import Facts
from .wine import HAS_STARTED_AFTER, is_wine

if TYPE_CHECKING:
    from .._win32.boundary import System
    from .processes import Processes


def send_to_group(windows: System, processes: Processes, event: int, pgid: int) -> None:
    """To a group of which `processes` has just shown a live member on the caller's console."""
    # Should that member exit right now, the console knows no such group any more and takes the id
    # for a pid. It then makes an entry for that process, dead as it is, and parks the event, unless
    # the process cannot be opened any more: so no handle of ours may keep it openable. Another
    # process cannot have the pid so soon: it would have to start and connect first.
    processes.release(pgid)
    _generate(windows, event, pgid)


def is_ready(windows: System, processes: Processes, event: int, pgid: int) -> bool:
    """Whether every member of a group on the caller's console can take the event.

    On Windows each can as soon as it is connected. On Wine 10 a Ctrl+C that no handler takes may
    make the process hang, as `wine` says: seen in 2 to 5 of 60 children, once they are connected,
    in none of 270 that are half a second old and load no DLL. A Ctrl+Break has no such fault there.
    """
    if event != CTRL_C_EVENT or not is_wine(windows):
        return True
    members = policy.connected_members(pgid, processes.on_console())
    return not any(
        0 <= processes.age(member.pid) < HAS_STARTED_AFTER or processes.is_loading_dlls(member.pid)
        for member in members
        if member.pid != windows.GetCurrentProcessId()
    )


def send_to_all(windows: System, processes: Processes, event: int, *, own: bool = True) -> None:
    """To every process on the caller's console.

    That is group 0 on Windows. Wine 10 takes group 0 for the caller's own group: there, group by
    group, the caller's own last. To none if the group of a process on it is not known.

    `own` False: not to the caller's own group, where that is possible, that is, on Wine 10. There
    a Ctrl+Break ends the caller even if it has a handler that takes it.
    """
    if not is_wine(windows):
        _generate(windows, event, 0)
        return
    caller = windows.GetCurrentProcessId()
    groups: dict[int, bool] = {}
    for seen in processes.on_console():
        if not isinstance(seen, Facts):
            raise seen.error
        groups[seen.pgid] = groups.get(seen.pgid, False) or seen.pid == caller
    for pgid in sorted(groups, key=lambda pgid: groups[pgid]):
        if groups[pgid] and not own:
            continue
        send_to_group(windows, processes, event, pgid)


def _generate(windows: System, event: int, pgid: int) -> None:
    try:
        windows.GenerateConsoleCtrlEvent(event, pgid)
    except OSError as error:
        winerror = winerror_of(error)
        if pgid and winerror in (ERROR_INVALID_PARAMETER, ERROR_BAD_FORMAT):
            # Its last member has exited since it was seen. Which code depends on the build.
            raise make(ProcessLookupError, f"process group {pgid} has ended", error) from error
        if winerror == ERROR_INVALID_HANDLE:
            raise make(NoConsole, "the calling process has lost its console", error) from error
        if isinstance(error, PermissionError):  # by build, 5 or 34
            raise make(
                PermissionError,
                "the console does not let the caller send events; call this from an elevated"
                " process",
                error,
            ) from error
        raise
