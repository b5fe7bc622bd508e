"""The errors of this package that Python has no class for, and how each error is made.

All are OSErrors with an `errno`, and with the `winerror` that Windows gave, if it did. Each message
says in one sentence what is so, and in a second what to do instead. What would make it longer is
in docs/symptoms.md: each class of this package names its headings there, and `help` shows them.
"""

from __future__ import annotations

import errno
import sys

from ._typing import TYPE_CHECKING, public

if TYPE_CHECKING:
    from typing import TypeVar

    from ._types import ProcessInfo

    Error = TypeVar("Error", bound=OSError)


@public
class NotAGroupLeader(ProcessLookupError):
    """The pid given as a process group id belongs to a process that leads no group.

    `pgid` is the group that this process is in: the id to use instead if the group was meant.

    See `docs/symptoms.md`, "A KeyboardInterrupt that was never typed": what a plain `os.kill` with
    this pid leads to.
    """

    pgid: int = 0


@public
class NoConsole(OSError):
    """The caller, or the process that an event was meant for, has no console to get it through.

    See `docs/symptoms.md`: "WinError 6" if it is the caller; "A child that does not stop on Ctrl+C"
    if it is the other process.
    """


@public
class CtrlCIgnored(OSError):
    """Every process that a Ctrl+C was meant for ignores Ctrl+C, so it would have no effect.

    See `docs/symptoms.md`, "A child that does not stop on Ctrl+C": why, and what makes it hear.
    """


@public
class WouldReachOthers(OSError):
    """The event cannot be sent so that it reaches only the process that was named.

    `others` are the processes that it would have reached besides (a tuple of `ProcessInfo`).

    See `docs/symptoms.md`, "A launcher that stops while its program goes on": the usual reason why
    a program shares its group.
    """

    others: tuple[ProcessInfo, ...] = ()


ERRNO: dict[type[OSError], int] = {
    ProcessLookupError: errno.ESRCH,
    NotAGroupLeader: errno.ESRCH,
    PermissionError: errno.EACCES,
    NoConsole: errno.ENXIO,
    CtrlCIgnored: errno.EINVAL,
    WouldReachOthers: errno.EPERM,
    TimeoutError: errno.ETIMEDOUT,
}
"""Each class that `make` makes, with its `errno`. A class that is not here is a KeyError."""


def make(kind: type[Error], message: str, cause: OSError | None = None) -> Error:
    """An error of a class of `ERRNO`, with the winerror of the failed call that led to it."""
    return caused_by(kind(ERRNO[kind], message), cause)


def caused_by(error: Error, cause: OSError | None) -> Error:
    """The error, with the winerror of its cause if the cause has it."""
    winerror = winerror_of(cause)
    if winerror is not None:
        set_winerror(error, winerror)
    return error


def set_winerror(error: OSError, winerror: int) -> None:
    setattr(error, "winerror", winerror)  # noqa: B010  # typeshed has it on win32 only


def winerror_of(error: OSError | None) -> int | None:
    """The Windows error code of an OSError; None if it has none, as always off Windows."""
    winerror: int | None = getattr(error, "winerror", None)
    return winerror


def unsupported(message: str) -> OSError:
    """OSError with ENOSYS: what has no counterpart on this system."""
    return OSError(errno.ENOSYS, f"{message} (on {sys.platform})")


def not_a_leader(pid: int, pgid: int) -> NotAGroupLeader:
    error = make(
        NotAGroupLeader,
        f"process {pid} leads no process group, it is in group {pgid}: use killpg({pgid}, ...) for"
        f" the group, or kill({pid}, ...) for the process",
    )
    error.pgid = pgid
    return error


def every_process_named() -> WouldReachOthers:
    """For pid -1, and for what the C library takes for it."""
    return make(
        WouldReachOthers,
        "this means every process in POSIX; name one process, or use broadcast() for every process"
        " on the console",
    )
