"""What `pytest --guard-console` keeps: a guard, and the wrong calls, by which it names a test.

A test process knows its own calls of `os.kill`, by Python's auditing events (PEP 578), and looks
what the pid is before the call is made: if it is that of a process that leads no group, the console
will leave the event pending. What a process that a test has started does, is known by the guard
alone: it finds a Ctrl+C pending, and says nothing of the process that has sent it.

Workers of pytest-xdist share a console: the guard of any of them may find what a test of another
has left. So each writes into a file of its own when it is about to make such a call, and when it
has checked. If a guard finds something, and its own process has made no such call, the worker looks
whether another worker has.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ._errors import NoConsole
from ._guard import Guard
from ._half import half
from ._types import CtrlEvent
from ._unpatched import system_calls

if TYPE_CHECKING:
    from types import FrameType

_STANDARD_LIBRARY = os.path.normcase(os.path.dirname(os.__file__))

# In seconds: the guard answers within 5 ms, but on a busy machine it may take its time.
_WITHIN = 60.0

_EVENTS = {int(event): event for event in (CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT)}


class WrongCall(NamedTuple):
    """A call of `os.kill` that sends an event to the pid of a process that leads no group."""

    pid: int
    pgid: int
    event: CtrlEvent
    file: str
    line: int


class _Workers:
    """What the workers of a session tell each other, in a folder with a file of each."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._own = str(system_calls.getpid())
        self._read: dict[str, int] = {}
        self._in_the_midst: set[str] = set()

    def note(self, what: bytes) -> None:
        """b"+": a wrong call comes now. b"-": what it has left has been cleared."""
        with open(os.path.join(self._folder, self._own), "ab") as file:
            file.write(what)

    def others_called(self) -> bool:
        """Whether another worker has made a wrong call, since this was asked last or just before.

        A worker that is in the midst of such a test counts as well.
        """
        news = False
        for name in os.listdir(self._folder):
            if name == self._own:
                continue
            with open(os.path.join(self._folder, name), "rb") as file:
                file.seek(self._read.get(name, 0))
                noted = file.read()
                self._read[name] = file.tell()
            if noted:
                news = True
                midst = self._in_the_midst
                (midst.add if noted.endswith(b"+") else midst.discard)(name)
        return news or bool(self._in_the_midst)


class GuardedSession:
    """`folder`: for the workers of pytest-xdist, the same for all; None: there are none."""

    def __init__(self, folder: str | None) -> None:
        self._guard = Guard()
        self._workers = _Workers(folder) if folder else None
        self._calls: list[WrongCall] = []
        self._found = 0
        self.stands = False

    def start(self) -> None:
        try:
            self._guard.__enter__()
        except NoConsole:
            return
        self.stands = True
        if sys.platform == "win32" and self._guard.leaves_events_pending:
            sys.addaudithook(self._hook)

    def state(self) -> str:
        if not self.stands:
            return "this session has no console, so there is nothing to guard"
        if not self._guard.leaves_events_pending:
            return "this console leaves no event pending, so there is nothing to guard"
        return "on this console"

    def stop(self) -> None:
        if self.stands:
            self.stands = False
            self._guard.__exit__()

    def check(self) -> str | None:
        """Clear the console. What was wrong since the last check, for the test's report."""
        if not self.stands:
            return None
        try:
            self._guard.clear(_WITHIN)
            before, self._found = self._found, self._guard.found()
        except OSError as error:
            return f"what is pending on the console was not cleared: {error.strerror or error}"
        calls, self._calls = self._calls, []
        others_called = self._workers is not None and self._workers.others_called()
        if calls:
            if self._workers:
                self._workers.note(b"-")
            return "\n".join(map(_about, calls))
        if self._found == before or others_called:
            return None
        by = "a process that this test has started"
        if self._workers:
            by += ", or that a test has started which another worker was running"
        return (
            f"a Ctrl+C was left pending on the console, by {by} (no os.kill of the test process has"
            f" done it): {_WHAT_IT_DOES}"
        )

    def _hook(self, event: str, arguments: Any) -> None:
        """Python calls it for every auditing event, to the end of the process."""
        if event != "os.kill" or not self.stands:
            return
        pid, number = arguments
        if number not in _EVENTS or pid == 0:
            return
        try:
            pgid = half.getpgid(pid)
        except (OSError, OverflowError):
            return  # there is no such process, or it cannot be known
        if pgid == pid:
            return
        file, line = _place(sys._getframe(1))  # noqa: SLF001
        self._calls.append(WrongCall(pid, pgid, _EVENTS[number], file, line))
        if self._workers:
            self._workers.note(b"+")


_WHAT_IT_DOES = (
    "the next console call of any process would have sent it to every process on the console. The"
    " guard has cleared it. Use ctrlevent.kill() for one process, ctrlevent.killpg() for a group;"
    " docs/symptoms.md says more"
)


def _about(call: WrongCall) -> str:
    return (
        f"{call.file}:{call.line}: os.kill({call.pid}, signal.{call.event.name}) named process"
        f" {call.pid}, which leads no process group (it is in group {call.pgid}). The console"
        f" leaves such an event pending: {_WHAT_IT_DOES}"
    )


def _place(frame: FrameType | None) -> tuple[str, int]:
    """The file and line of a call: the innermost outside of the standard library."""
    here = frame
    while here is not None and _is_of_standard_library(here.f_code.co_filename):
        here = here.f_back
    here = here or frame
    return (here.f_code.co_filename, here.f_lineno) if here else ("?", 0)


def _is_of_standard_library(file: str) -> bool:
    folder = os.path.normcase(file)
    return folder.startswith(_STANDARD_LIBRARY + os.sep) and "site-packages" not in folder
