"""A guard, seen from the caller: a process of this package's own on the caller's console.

What it does there: `guard_process`. It exits with the process that started it, however that exits.
The caller asks it by a pipe, and makes no console call for that.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
from typing import TYPE_CHECKING

from .._errors import make, set_winerror, unsupported
from .._unpatched import allocate_lock
from .._win32 import system
from . import own_python
from .processes import console_pids
from .standing_guards import standing
from .wine import is_wine

if TYPE_CHECKING:
    from typing import Any

    from .._win32.boundary import PythonProcess, System

# In seconds: how long its process may take to start; and how often a start is tried. An event that
# is let go just as it starts ends it; the next start meets none.
_START_WITHIN = 60.0
_STARTS = 3

# In seconds: how long the end of a guard waits for a last clearing.
_LAST = 5.0


def guard(every: float | None) -> ConsoleGuard:
    return ConsoleGuard(system(), every)


def guard_pids() -> set[int]:
    return {guard.pid for guard in standing if guard.pid is not None}


class ConsoleGuard:
    """Implements `_protocol.ConsoleGuard`."""

    def __init__(self, windows: System, every: float | None) -> None:
        self._windows = windows
        self._arguments = () if every is None else (every,)
        self._process: PythonProcess | None = None
        self.is_needed = False
        """Whether this console leaves events pending: Wine 10's own does not."""
        self._number = 0
        self._found_before = self._found = 0
        self._using = allocate_lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        console_pids(self._windows)  # raises NoConsole
        if is_wine(self._windows):
            return
        if self._windows.python() is None:
            raise unsupported(
                "a frozen program has no Python to run as a guard; start its commands with"
                " ctrlevent.run(), on a console of their own"
            )
        self.is_needed = True
        self._start(self._windows.monotonic() + _START_WITHIN)
        standing.append(self)

    def _start(self, deadline: float) -> None:
        self._found_before, self._found = self._found_before + self._found, 0
        for _ in range(_STARTS):
            self._discard()
            self._process = own_python.start(
                self._windows, "guard_process", *self._arguments, on_console=True
            )
            if self._receive(deadline) is not None:
                return
        raise OSError(errno.EIO, "the guard's process exits as soon as it is started")

    def clear(self, seconds: float) -> bool | None:
        reply = self._ask(clear=True, seconds=seconds)
        if reply is None:
            return False
        pending: bool | None = reply["pending"]
        return pending

    def found(self) -> int:
        reply = self._ask(clear=False, seconds=_LAST)
        if reply is None:
            return 0
        return self._found_before + self._found

    def _ask(self, *, clear: bool, seconds: float) -> dict[str, Any] | None:
        """Its answer; None where no event is ever pending."""
        if not self.is_needed:
            return None
        deadline = self._windows.monotonic() + seconds
        self._acquire(deadline)
        try:
            reply = None
            while reply is None:
                if self._process is None or not self._process.is_alive():
                    self._start(deadline)
                reply = self._answer(clear, deadline)
            self._found = reply["found"]
        finally:
            self._using.release()
        if "error" in reply:
            number, message = reply["error"]
            error = OSError(number, f"the guard could not clear the console: {message}")
            if reply["winerror"] is not None:
                set_winerror(error, reply["winerror"])
            raise error
        return reply

    def _acquire(self, deadline: float) -> None:
        if not own_python.acquire(self._windows, self._using, deadline):
            raise _too_late("another thread is still using the guard")

    def _answer(self, clear: bool, deadline: float) -> dict[str, Any] | None:
        """None: it has exited."""
        assert self._process
        self._number += 1
        try:
            self._process.send(marshal.dumps({"number": self._number, "clear": clear}))
        except OSError:
            self._discard()  # it may seem to be alive for a moment yet
            return None
        reply = self._receive(deadline)
        # An earlier answer was not waited for, after a KeyboardInterrupt or for want of time.
        while reply is not None and reply.get("number") != self._number:
            reply = self._receive(deadline)
        return reply

    def _receive(self, deadline: float) -> dict[str, Any] | None:
        assert self._process
        try:
            reply: dict[str, Any] | None
            reply = own_python.receive(self._windows, self._process, deadline)
        except TimeoutError:
            raise _too_late("the guard has not answered in time") from None
        if reply is None:
            self._discard()
        return reply

    def stop(self) -> None:
        """Clear for the last time, as the exit of its process is a console call; then end it."""
        if self in standing:
            standing.remove(self)
        try:
            with contextlib.suppress(OSError):  # there is nothing more to be done
                if self._process is not None:
                    self._answer(True, self._windows.monotonic() + _LAST)
        finally:
            self.is_needed = False
            self._discard()

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()


def _too_late(why: str) -> TimeoutError:
    return make(
        TimeoutError,
        f"{why}, so what is pending on the console may not have been cleared; give it more time"
        " with timeout=",
    )
