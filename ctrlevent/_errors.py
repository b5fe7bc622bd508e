"""The errors of this package that Python has no class for, and how each error is made.

All are OSErrors with an `errno`, and with a `winerror` where Windows gave one. Each message says in
one sentence what is so, and in a second what to do instead.
"""

from __future__ import annotations

import errno
import sys

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import TypeVar

    from ._types import ProcessInfo

    Error = TypeVar("Error", bound=OSError)


class NotAGroupLeader(ProcessLookupError):
    """The pid given as a process group id belongs to a process that leads no group.

    `pgid` is the group that this process is in: the id to use instead if the group was meant.
    """

    pgid: int = 0


class NoConsole(OSError):
    """The caller, or the process that an event was meant for, has no console to get it through."""


class CtrlCIgnored(OSError):
    """Every process that a Ctrl+C was meant for ignores Ctrl+C, so that nobody would notice it."""


class WouldReachOthers(OSError):
    """The event cannot be sent so that it reaches only the process that was named.

    `others` are the processes that it would have reached besides (a tuple of `ProcessInfo`).
    """

    others: tuple[ProcessInfo, ...] = ()


_ERRNO: dict[type[OSError], int] = {
    ProcessLookupError: errno.ESRCH,
    NotAGroupLeader: errno.ESRCH,
    PermissionError: errno.EACCES,
    NoConsole: errno.ENXIO,
    CtrlCIgnored: errno.EINVAL,
    TimeoutError: errno.ETIMEDOUT,
    OSError: errno.ENOSYS,
}


def make(kind: type[Error], message: str, cause: OSError | None = None) -> Error:
    """An error of that class, with the winerror of the failed call that led to it."""
    error = kind(_ERRNO.get(kind, errno.EPERM), message)
    winerror = winerror_of(cause)
    if winerror is not None:
        set_winerror(error, winerror)
    return error


def set_winerror(error: OSError, winerror: int) -> None:
    setattr(error, "winerror", winerror)  # noqa: B010  # typeshed has it on win32 only


def winerror_of(error: OSError | None) -> int | None:
    """The Windows error code of an OSError; None where there is none (as always off Windows)."""
    winerror: int | None = getattr(error, "winerror", None)
    return winerror


def not_a_leader(pid: int, pgid: int) -> NotAGroupLeader:
    error = make(
        NotAGroupLeader,
        f"process {pid} leads no process group, it is in group {pgid}: use killpg({pgid}, ...) for"
        f" the group, or kill({pid}, ...) for the process",
    )
    error.pgid = pgid
    return error


def everybody_named() -> WouldReachOthers:
    return make(
        WouldReachOthers,
        "this means every process in POSIX; name one, or use broadcast() for everybody on the"
        " console",
    )


def unsupported(message: str) -> OSError:
    """What has no counterpart on this system."""
    return make(OSError, f"{message} (on {sys.platform})")
