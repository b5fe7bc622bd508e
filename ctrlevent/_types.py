"""What callers pass in and get back: events and descriptions of processes."""

from __future__ import annotations

import enum

from ._typing import TYPE_CHECKING, NamedTuple, public

if TYPE_CHECKING:
    from typing import Final


@public
class CtrlEvent(enum.IntEnum):
    """The events of SetConsoleCtrlHandler (consoleapi.h). Only the first two can be sent."""

    CTRL_C_EVENT = 0
    CTRL_BREAK_EVENT = 1
    CTRL_CLOSE_EVENT = 2
    CTRL_LOGOFF_EVENT = 5
    CTRL_SHUTDOWN_EVENT = 6


CTRL_C_EVENT: Final = CtrlEvent.CTRL_C_EVENT
CTRL_BREAK_EVENT: Final = CtrlEvent.CTRL_BREAK_EVENT
CTRL_CLOSE_EVENT: Final = CtrlEvent.CTRL_CLOSE_EVENT
CTRL_LOGOFF_EVENT: Final = CtrlEvent.CTRL_LOGOFF_EVENT
CTRL_SHUTDOWN_EVENT: Final = CtrlEvent.CTRL_SHUTDOWN_EVENT


@public
class Delivery(enum.Enum):
    """What is known to have become of an event."""

    SENT = "sent"
    """The system has taken the event. It does not report what the process made of it."""
    HANDLED = "handled"
    """A handler of the process took it."""
    ENDED = "ended"
    """No handler took it, and the default handler ended the process."""
    DIED = "died"
    """The process exited for another reason while its handlers ran."""


@public
class ProcessInfo(NamedTuple):
    """A process on the console. What could not be read is None."""

    pid: int
    ppid: int | None
    """The process that created it. Never updated: that process may have exited long ago."""
    pgid: int | None
    """Its process group."""
    is_leader: bool | None
    """Whether it leads that group, which then has its pid as id."""
    ignores_ctrl_c: bool | None
    name: str | None
    """The file name of its program, without the folder."""


class Preview(NamedTuple):
    """What a call would do: which processes it would reach, and by which route."""

    how: str
    targets: tuple[ProcessInfo, ...]
