"""A function that a SIGINT does not break off: the handler is called when it has ended.

What does not work: to block the signal, which the child would inherit; and to call the function in
another thread, as `_win32.whole` does. On POSIX a child may be bound to the thread that forks it.
And on every system an event loop starts a child in the thread of the loop alone.
"""

from __future__ import annotations

import sys

from ._typing import TYPE_CHECKING
from ._unpatched import signal_calls as signal  # without the enums of `signal`

if TYPE_CHECKING:
    from typing import Any, Callable


def call(function: Callable[[], object], number: int = signal.SIGINT) -> None:
    """Call a function; then call the handler for a signal (SIGINT) that came meanwhile.

    A second signal goes to the handler at once: a function may hang.
    """
    held_back = _HeldBack(number)
    try:
        held_back.begin()
        function()
        held_back.end()
    except BaseException:
        held_back.end()
        held_back.deliver()
        raise
    held_back.deliver()


class _HeldBack:
    def __init__(self, number: int) -> None:
        self._number = number
        self._handler: Any = None
        self._is_active = False
        self._has_come = False

    def begin(self) -> None:
        handler = signal.getsignal(self._number)
        if not callable(handler):
            return
        self._handler = handler
        self._is_active = True
        try:
            signal.signal(self._number, self._take)
        except ValueError:  # not in the main thread, where no handler runs
            self._handler = None

    def end(self) -> None:
        """A second call does nothing."""
        self._is_active = False  # from here on `_take` hands on: nothing is lost if this breaks off
        # Not if other code has set another handler meanwhile.
        if self._handler is not None and signal.getsignal(self._number) == self._take:
            signal.signal(self._number, self._handler)

    def deliver(self) -> None:
        has_come, self._has_come = self._has_come, False
        if has_come:
            self._handler(self._number, sys._getframe())  # noqa: SLF001

    def _take(self, number: int, frame: Any) -> None:
        if self._is_active and not self._has_come:
            self._has_come = True
        else:
            self._has_come = False
            self._handler(number, frame)
