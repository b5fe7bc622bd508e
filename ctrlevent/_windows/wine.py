"""Whether this is Wine, with a CtrlRoutine of its own, and what a process needs there alone.

On Windows an event may be sent to a process as soon as it is connected, and a thread for an event
may be started in it at any time: Windows holds the thread back until the process has started. On
Wine 10 the default handler calls ExitProcess. That may wait for good, in a process that loads its
DLLs, for a lock that a thread held when it was ended: of 60 Pythons that got an event as soon as
their loader was done with the program's own DLLs, 5 to 9 hung. No fact says that the start is over,
as Python goes on loading DLLs by itself. So there a process is to be half a second old.
"""

from __future__ import annotations

from .._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._win32.boundary import System

# In seconds: an age. A negative age counts as more: the clock was set back since, and the caller
# would wait for as long as it was set back.
HAS_STARTED_AFTER = 0.5

_wine: tuple[System, bool] | None = None


def is_wine(windows: System) -> bool:
    """By the export of Wine's ntdll that Windows does not have; looked for once."""
    global _wine  # noqa: PLW0603  # there is one system, but in tests
    if _wine is None or _wine[0] is not windows:
        try:
            windows.GetProcAddress("ntdll", "wine_get_version")
        except OSError:
            _wine = windows, False
        else:
            _wine = windows, True
    return _wine[1]
