"""Whether a child has heard the Ctrl+C for which its parent has got a KeyboardInterrupt.

A Ctrl+C that the user presses reaches, on Windows, every process on the console that hears it: the
parent, and its child beside it. On POSIX it reaches the process group of the terminal, so the
parent alone. A child that gets the event a second time, from its parent, would break off its
clean-up. So what tells a child by itself (`Popen.stop`, the end of a `with` block) asks here first.

Nothing says whether an event was for the whole console or for the parent alone. So it is taken for
that of a key, where a key reaches the child; and a child that has not exited when its time is over
is told then, before it is ended.
"""

from __future__ import annotations

import sys
from itertools import count

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_numbers = count()

# In seconds: how long a Ctrl+C may take to be sent that the caller has not asked for by itself; and
# how long a child has that is told late, before it is ended.
TELL_WITHIN = 3.0
BEFORE_THE_END = 3.0


class Told:
    """What a child was told.

    `hears_keys`: whether it hears the user's Ctrl+C itself.
    """

    def __init__(self, *, hears_keys: bool) -> None:
        self.hears_keys = hears_keys
        self.to_stop = False
        """Whether it was told by `stop`."""
        self._number = next(_numbers)
        self._wait_was_broken_off = False

    def now(self) -> None:
        """The child is sent a Ctrl+C."""
        interrupt = being_handled()
        if interrupt is not None:
            # Kept there, not here: it keeps the frames that it came through, and with them much.
            _told_of(interrupt).add(self._number)

    def wait_is_broken_off(self) -> None:
        """A KeyboardInterrupt has broken off a wait for the child."""
        self._wait_was_broken_off = True

    def needs_no_other(self) -> bool:
        """Whether the child has heard what the parent has heard, or was told to stop."""
        if self.to_stop or (self.hears_keys and self._wait_was_broken_off):
            return True
        interrupt = being_handled()
        return interrupt is not None and (self.hears_keys or self._number in _told_of(interrupt))


def _told_of(interrupt: Any) -> set[int]:
    """The numbers of those that were told of a KeyboardInterrupt."""
    found: Any = getattr(interrupt, "_ctrlevent_told", None)
    told: set[int] = set() if found is None else found
    interrupt._ctrlevent_told = told  # noqa: SLF001
    return told


def being_handled() -> KeyboardInterrupt | None:
    """The KeyboardInterrupt that the caller is about to handle, in an `except` or a `finally`."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error
