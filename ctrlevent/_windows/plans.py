"""What the policy can answer, each answer a type: frozen, and compared by type and value.

A named tuple alone is equal to every tuple of the same values, so that a wrong plan could be equal
to the right plan: `SendToGroup(8) == StartThread(8)`.
"""

from __future__ import annotations

from .._typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeVar, Union

    from .peb import Facts

    Kind = TypeVar("Kind")


def plan(kind: type[Kind]) -> type[Kind]:
    def equal(self: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        return type(self) is type(other) and tuple(self) == tuple(other)

    def differ(self: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        return not equal(self, other)

    def number(self: tuple[Any, ...]) -> int:
        return hash((kind, *self))

    made: Any = kind
    made.__eq__, made.__ne__, made.__hash__ = equal, differ, number
    return kind


@plan
class SendToGroup(NamedTuple):
    """GenerateConsoleCtrlEvent: the caller's console sends it to the members of this group."""

    pgid: int


@plan
class StartOwnThread(NamedTuple):
    """A thread at CtrlRoutine in the calling process."""

    caller: Facts


@plan
class StartThread(NamedTuple):
    """A thread at CtrlRoutine in that process."""

    target: Facts


@plan
class StartThreads(NamedTuple):
    """A thread at CtrlRoutine in each of these processes: in all of them, or in none."""

    targets: tuple[Facts, ...]


@plan
class AskHelper(NamedTuple):
    """The helper process sends to the group of these processes, on each console they are on."""

    pgid: int
    targets: tuple[Facts, ...]


@plan
class AskHelperIfAlone(NamedTuple):
    """The helper process sends to this process's group, if it is alone in it on its console."""

    target: Facts
    otherwise: OSError
    """What to raise if it is not alone there."""


@plan
class AwaitConsole(NamedTuple):
    """A process may be about to connect to its console: look again in a moment."""


@plan
class LookElsewhere(NamedTuple):
    """The group is not on the caller's console: see `policy.group_elsewhere`."""


@plan
class ForProcess(NamedTuple):
    """`os_kill` means this process alone."""

    pid: int


@plan
class ForGroup(NamedTuple):
    """`os_kill` means the group that this process leads."""

    pgid: int


@plan
class ForTree(NamedTuple):
    """`os_kill` means this process and its descendants in its group."""

    pid: int


@plan
class SendToConsole(NamedTuple):
    """GenerateConsoleCtrlEvent with group 0: to every process on the caller's console."""


@plan
class AskHelperForConsole(NamedTuple):
    """The helper process sends to every process on the console of this process."""

    pid: int


if TYPE_CHECKING:
    # What `dispatch.send` and a dry run can take; and what `send` alone can.
    Route = Union[
        SendToGroup, StartOwnThread, StartThread, StartThreads, AskHelper, AskHelperIfAlone
    ]
    ConsoleRoute = Union[SendToConsole, AskHelperForConsole]
