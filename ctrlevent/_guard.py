"""`Guard`: what a wrong call has left pending on the console reaches no process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import _arguments
from ._half import half
from ._typing import public

if TYPE_CHECKING:
    from ._protocol import ConsoleGuard


@public
class Guard:
    """A small process on the caller's console that clears the event which a wrong call has left.

    A plain `os.kill(pid, signal.CTRL_C_EVENT)`, with the pid of a process that leads no group, is
    left pending by the console of Windows. The next console call of any process, such as a print or
    a start, sends it to every process on the console. A guard clears it before that: no process
    gets it.

    As a context manager: its process starts when the context is entered, and ends with it, or with
    the caller. `every`: in seconds; clear by itself, with such a pause after each time. None, the
    default: only when `clear` is called.

    While a guard stands, the functions of this package that look at the console, send through it,
    or start or end a process have it cleared first: so the console calls that they cause let
    nothing go.

    The process leads a group of its own and sends events to that alone. It takes every event,
    makes no other console call and runs no code of the caller's. It is one of
    `console_processes()`. Its start and its end are console calls as those of any process, so
    enter the context before code runs that may leave something pending.

    What is left: a console call of any process between the wrong call and the clearing.

    On POSIX, and on Wine's own console, no event is ever pending: nothing is started there.

    Entering raises `NoConsole` where the caller has no console; on Windows `OSError` (ENOSYS) in a
    frozen program, which has no Python to run as the guard, or if its process cannot be started;
    `RuntimeError` if this guard stands already. `every` that is no number of seconds above 0:
    `TypeError`, `ValueError`.

    Source: microsoft/terminal, ProcessCtrlEvents (src/host/input.cpp); measured on Microsoft's
    console server. See `ctrlevent/_windows/guard_process.py`.
    """

    def __init__(self, *, every: float | None = None) -> None:
        self._every = None if every is None else _arguments.seconds(every, "every")
        if self._every is not None and not 0 < self._every < math.inf:
            raise ValueError(f"every must be more than 0 seconds, and have an end: {every}")
        self._guard: ConsoleGuard | None = None

    def __enter__(self) -> Guard:
        if self._guard is not None:
            raise RuntimeError("this guard stands already; make another for another context")
        self._guard = half.guard(self._every)
        try:
            self._guard.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def _stop(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.stop()

    def clear(self, timeout: float | None = 1.0) -> bool | None:
        """Clear the event that is pending on the caller's console. No process gets it.

        Returns whether a Ctrl+C was pending. False: none was; or a Ctrl+Break was, which is cleared
        too, but cannot be told from none. None: cleared, but whether there was any cannot be told;
        so it is on consoles from before December 2022, which most likely are those of Windows up
        to 11 23H2 and Server 2022, outside of Windows Terminal.

        `timeout`: how many seconds to wait for the guard, which answers in some 3 ms. None: no
        limit. If its process has been ended, it is started again, which is a console call.

        Raises `TimeoutError` when it has not answered by then; what is pending may or may not have
        been cleared. `OSError` if the console refuses it, or it cannot be started again;
        `RuntimeError` outside of the context; `TypeError`, `ValueError` for `timeout`.
        """
        seconds = _arguments.seconds(timeout)
        return self._inside().clear(seconds)

    def found(self) -> int:
        """How often a Ctrl+C was pending when the console was cleared, in this context so far.

        By `clear`, by `every`, and by other functions of this package.

        Raises what `clear` raises.
        """
        return self._inside().found()

    @property
    def leaves_events_pending(self) -> bool:
        """Whether the console leaves events pending. False on POSIX, and on Wine's own console."""
        return self._inside().is_needed

    def _inside(self) -> ConsoleGuard:
        if self._guard is None:
            raise RuntimeError("the guard does not stand: call this inside of its with statement")
        return self._guard
