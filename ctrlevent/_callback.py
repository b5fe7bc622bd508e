"""The callback of a `handler`: what it is for, and how it is called on any system."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Callable

from ._types import CtrlEvent

if TYPE_CHECKING:
    from collections.abc import Mapping


class Callback:
    """A function of the user's, with the events that it is for.

    `signals`: what members of `signal.Signals` mean here; plain numbers are none, as 2 would be
    SIGINT or CTRL_CLOSE_EVENT.
    """

    def __init__(
        self, function: Callable[[CtrlEvent], Any], events: Any, signals: Mapping[Any, CtrlEvent]
    ) -> None:
        if not callable(function):
            raise TypeError(f"callback must be callable, not {type(function).__name__}")
        self._function = function
        self.events = frozenset(_event(event, signals) for event in events or CtrlEvent)

    def __repr__(self) -> str:
        return f"<ctrlevent handler {self._function!r}>"

    def take(self, event: int) -> bool:
        """Whether it took the event. Lets nothing escape."""
        if event not in self.events:
            return False
        try:
            return bool(self._function(CtrlEvent(event)))
        except BaseException as error:
            _hand_to_unraisablehook(error, self)
            return False


def _event(event: Any, signals: Mapping[Any, CtrlEvent]) -> CtrlEvent:
    if isinstance(event, CtrlEvent):
        return event
    import signal

    if not isinstance(event, signal.Signals):
        raise TypeError(
            f"an event must be a member of CtrlEvent or signal.Signals, not {event!r} of type"
            f" {type(event).__name__}"
        )
    if event not in signals:
        raise ValueError(f"no console event is {event.name}")
    return signals[event]


class _Referent:
    """Something that is no longer there."""


def _hand_to_unraisablehook(error: BaseException, where: object) -> None:
    """Have Python call `sys.unraisablehook`.

    Python code cannot make the argument that the hook wants. Python itself makes it for what the
    callback of a weak reference raises, with that callback as `object`.
    """
    referent = _Referent()
    reference = weakref.ref(referent, _Raise(error, where))
    del referent
    del reference


class _Raise:
    def __init__(self, error: BaseException, where: object) -> None:
        self._error = error
        self._where = where

    def __repr__(self) -> str:
        return repr(self._where)

    def __call__(self, _reference: object) -> None:
        raise self._error
