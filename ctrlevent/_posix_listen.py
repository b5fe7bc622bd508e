"""`handler` on POSIX, over `signal`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Any, Callable

from ._callback import Callback
from ._types import CtrlEvent

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix_listen is for POSIX; Windows has ctrlevent._listen")

# What comes nearest: the signals of the same keys, of a terminal that goes away, and of a system
# that shuts down. A logoff is a terminal that goes away, too.
_NUMBERS = {
    CtrlEvent.CTRL_C_EVENT: signal.SIGINT,
    CtrlEvent.CTRL_BREAK_EVENT: signal.SIGQUIT,
    CtrlEvent.CTRL_CLOSE_EVENT: signal.SIGHUP,
    CtrlEvent.CTRL_SHUTDOWN_EVENT: signal.SIGTERM,
}
_SIGNALS: dict[Any, CtrlEvent] = {number: event for event, number in _NUMBERS.items()}


class handler(contextlib.ContextDecorator):  # noqa: N801  # a verb, like contextlib's own
    """Within a `with` block, or a decorated function, a callback gets the console events.

    They are signals here: SIGINT is CTRL_C_EVENT, SIGQUIT is CTRL_BREAK_EVENT, SIGHUP is
    CTRL_CLOSE_EVENT, SIGTERM is CTRL_SHUTDOWN_EVENT. CTRL_LOGOFF_EVENT never comes.

    `callback`: gets the `CtrlEvent`, and returns whether it took it. If not, the signal goes to the
    handler that was there before, in the end to Python's own or to the system's default. What it
    raises goes to `sys.unraisablehook`, and means that it did not take the event.

    `events`: those that it is for, members of `CtrlEvent` or of `signal.Signals`. None given: all.

    It is called in the main thread, as all of Python's signal handlers are. Handlers may be left in
    any order, and one may be entered again before it is left, and then is asked once for each.

    Raises `TypeError` (a callback that cannot be called; an event that is no such member: plain
    numbers are not), `ValueError` (a signal that is no console event; at the entry and exit: not in
    the main thread); at the exit `RuntimeError`, if it was left more often than entered.
    """

    def __init__(self, callback: Callable[[CtrlEvent], Any], *events: int) -> None:
        self._callback = Callback(callback, events, _SIGNALS)
        self._entered: list[list[_Link]] = []

    def __enter__(self) -> handler:
        links: list[_Link] = []
        try:
            for event in sorted(self._callback.events & set(_NUMBERS)):
                links.append(_Link(_NUMBERS[event], event, self._callback))
        except BaseException:
            for link in links:
                link.remove()
            raise
        self._entered.append(links)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if not self._entered:
            raise RuntimeError("this handler was left more often than entered")
        for link in self._entered[-1]:
            link.remove()
        self._entered.pop()


class _Link:
    """What is the handler of one signal, with what was its handler before."""

    def __init__(self, number: signal.Signals, event: CtrlEvent, callback: Callback) -> None:
        self._number = number
        self._event = event
        self._callback: Callback | None = callback
        self._before: Any = signal.getsignal(number)
        signal.signal(number, self)

    def __call__(self, number: int, frame: Any) -> None:
        if self._callback is not None and self._callback.take(self._event):
            return
        if callable(self._before):
            self._before(number, frame)
        elif self._before != signal.SIG_IGN:
            self._default()

    def _default(self) -> None:
        """What the system does with the signal: as a rule, it ends the process."""
        current = signal.signal(self._number, signal.SIG_DFL)
        os.kill(os.getpid(), self._number)
        signal.signal(self._number, current)

    def remove(self) -> None:
        """Take it out of the chain, or, where others stand in front of it, have it pass all on."""
        current: Any = signal.getsignal(self._number)
        if current is self:
            # None: a handler of other code than Python's, which cannot be put back.
            signal.signal(self._number, signal.SIG_DFL if self._before is None else self._before)
        while isinstance(current, _Link):
            if current._before is self:  # noqa: SLF001
                current._before = self._before  # noqa: SLF001
            current = current._before  # noqa: SLF001
        self._callback = None
