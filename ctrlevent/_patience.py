"""How long `run` waits for its command, and what a Ctrl+C of the caller's does meanwhile.

Both halves, and both kinds of `run` on Windows, wait with the same function: it decides, and they
say how the exit is seen and how a Ctrl+C is sent.
"""

from __future__ import annotations

import contextlib
import math

from ._subprocess import TimeoutExpired
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Callable, Protocol

    class Command(Protocol):
        """A contained command that runs."""

        args: Any

        def wait_until(self, deadline: float) -> bool:
            """Whether it has exited; waits for that until then. A KeyboardInterrupt ends it."""
            ...

        def interrupt(self) -> OSError | None:
            """Send it a Ctrl+C. Returns why none could be sent."""
            ...

        def monotonic(self) -> float: ...


# In seconds: how soon a Ctrl+C of the caller's is passed on at the latest.
_SLICE = 0.05

# In seconds: what a command gets at least of its time when the sending was slow; and at most when a
# Ctrl+C cannot be sent to it, as then it will not exit.
_AT_LEAST = 1.0
UNSENT = 3.0


class Presses:
    """The Ctrl+Cs that have reached the caller, each of which goes on to the command once.

    Not by counting KeyboardInterrupts: for two events that come quickly Python raises it once only,
    and it raises it anywhere, in the midst of passing on the event before, too.
    """

    def __init__(self, *, taken: bool) -> None:
        self.taken = taken
        """Whether they are for the command alone. Else the caller gets a KeyboardInterrupt too."""
        self.any_came = False
        """Whether a Ctrl+C has come, by the key of a pseudo console too."""
        # A handler on Windows runs in a thread of its own: appending to a list is atomic.
        self._left: list[None] = []
        self._was_heard = False

    def hear(self, _event: int) -> bool:
        """A handler of the caller's."""
        self._left.append(None)
        self.any_came = self._was_heard = True
        return self.taken

    def typed(self) -> None:
        """Ctrl+C was typed as a character, which gets to the command by itself."""
        self.any_came = True

    def take(self) -> bool:
        """Whether there was one to be passed on, which the caller does now."""
        try:
            self._left.pop()
        except IndexError:
            return False
        return True

    def take_all(self) -> bool:
        """Whether a KeyboardInterrupt of the caller's is still to be passed on."""
        is_new = not self._was_heard
        while self.take():
            is_new = True
        return is_new


class Patience:
    """In seconds.

    `timeout`: how long the command may run. `after_timeout`: how long it then has to exit by itself
    after a Ctrl+C; and after a KeyboardInterrupt. `after_ctrl_c`: how long it has after the first
    of the Ctrl+Cs that are for it alone. `report`: called when such a Ctrl+C cannot be passed on.
    """

    def __init__(
        self,
        timeout: float,
        after_timeout: float,
        after_ctrl_c: float = math.inf,
        report: Callable[[OSError], object] = lambda _why: None,
    ) -> None:
        self.timeout = timeout
        self.after_timeout = after_timeout
        self.after_ctrl_c = after_ctrl_c
        self.report = report


def wait(command: Command, patience: Patience, presses: Presses) -> BaseException | None:
    """Wait until the command has exited or is to be ended.

    Returns TimeoutExpired or KeyboardInterrupt if that has broken it off.
    """
    try:
        if _wait(command, patience, presses):
            return None
        broken_off: BaseException = TimeoutExpired(command.args, patience.timeout)
        is_to_be_sent = True
    except KeyboardInterrupt as interrupt:
        broken_off = interrupt
        is_to_be_sent = presses.take_all()
    # A second KeyboardInterrupt is not for waiting any longer.
    with contextlib.suppress(KeyboardInterrupt):
        # The time counts from here, not from when the Ctrl+C is sent: on a slow machine, that may
        # take its time.
        start, grace = command.monotonic(), patience.after_timeout
        if is_to_be_sent and command.interrupt() is not None:
            grace = min(grace, UNSENT)
        deadline = max(start + grace, command.monotonic() + min(grace, _AT_LEAST))
        while not _exits(command, deadline) and command.monotonic() < deadline:
            _pass_on(command, patience, presses)
    return broken_off


def _wait(command: Command, patience: Patience, presses: Presses) -> bool:
    """False: its time is up. True: it has exited, or was given enough time after a Ctrl+C."""
    timeout = command.monotonic() + patience.timeout
    deadline = math.inf
    while not _exits(command, min(timeout, deadline)):
        now = command.monotonic()
        if presses.any_came and presses.taken:
            deadline = min(deadline, now + patience.after_ctrl_c)
        if now >= deadline:
            return True
        if now >= timeout:
            return False
        _pass_on(command, patience, presses)
    return True


def _exits(command: Command, deadline: float) -> bool:
    return command.wait_until(min(deadline, command.monotonic() + _SLICE))


def _pass_on(command: Command, patience: Patience, presses: Presses) -> None:
    if presses.take():
        why_not = command.interrupt()
        if why_not is not None and presses.taken:
            patience.report(why_not)
