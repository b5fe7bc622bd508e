"""`signal`: the registrations of `handler`, and `ignore_ctrl_c`."""

from __future__ import annotations

import sys

from .._errors import unsupported

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .._typing import TYPE_CHECKING
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from .processes import ignores_sigint
from .signals import events_heard

if TYPE_CHECKING:
    from typing import Any, Callable

    from .._types import CtrlEvent


def ignore_ctrl_c(ignore: bool, pid: int) -> bool:
    if pid not in (0, os.getpid()):
        raise unsupported("only a process itself can ignore SIGINT")
    before = ignores_sigint(0)
    if before != ignore:
        signal.signal(signal.SIGINT, signal.SIG_IGN if ignore else signal.default_int_handler)
    return before


class Registration:
    """A handler for several signals: a link in the chain of each."""

    def __init__(self, events: frozenset[CtrlEvent], take: Callable[[int], bool]) -> None:
        self._events = events
        self._take = take
        self._links: list[_Link] = []

    def add(self) -> None:
        for number, event in events_heard.items():
            if event in self._events:
                self._links.append(_Link(number, event, self._take))

    def remove(self) -> None:
        for link in self._links:
            link.remove()
        self._links.clear()


registration = Registration


class _Link:
    """The handler of a signal, with the handler that was there before."""

    def __init__(self, number: int, event: CtrlEvent, take: Callable[[int], bool]) -> None:
        self._number = number
        self._event = event
        self._take: Callable[[int], bool] | None = take
        self._before: Any = signal.getsignal(number)
        signal.signal(number, self)

    def __call__(self, number: int, frame: Any) -> None:
        if self._take is not None and self._take(self._event):
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
        """Take it out of the chain; behind a handler of other code, have it pass all on."""
        current: Any = signal.getsignal(self._number)
        if current is self:
            # None: a handler of other code than Python's, which cannot be put back.
            signal.signal(self._number, signal.SIG_DFL if self._before is None else self._before)
        while isinstance(current, _Link):
            if current._before is self:  # noqa: SLF001
                current._before = self._before  # noqa: SLF001
            current = current._before  # noqa: SLF001
        self._take = None
