"""Whose doing is an event that reaches the test process: a test's, or the user's?

An event says nothing of its sender: a key press and a call look the same to a handler. So
`no_stray_events` decides by what is known of this process, in this order:

1. This process has sent an event to itself, and has not got it yet: this is that event. A test's.
2. Since the last test that was watched, this process has made no call that can send an event and
   has started no process; and no process runs that a test may have started. So no test has sent it:
   the user's.
3. Else it cannot be told. The first such event of a test counts as the test's. The second, and one
   within `INSISTS` seconds after the last such event, counts as the insisting user's.

A test's event is taken, and fails the test. The user's goes on as if nothing watched.

The calls are known by Python's auditing events (PEP 578), and where there are none, by functions
around the calls. What none of them shows: a call of an extension module; by ctypes, a function that
was looked up before the first test that is watched.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Any, Callable

from ._arguments import Probe
from ._half import half
from ._handler import handler
from ._queries import console_processes
from ._signals import kill
from ._types import CTRL_BREAK_EVENT, CTRL_C_EVENT, CtrlEvent
from ._unpatched import allocate_lock, monotonic
from ._unpatched import system_calls as os

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._types import ProcessInfo

# Seconds within which a second event is that of a user that insists.
INSISTS = 3.0

# Seconds after a test in which an event that was parked by Windows may still arrive.
SETTLE = 0.05

# The functions of the half that send an event, or start a process that may, by ctypes: that raises
# no auditing event. (On POSIX the half sends by `os.kill`, which does.)
SENDING = (
    *("broadcast", "create_process", "interrupt", "kill", "killpg", "os_kill", "process_start"),
    "stopping",
    "terminal",
)

# Auditing events.
_SENDS = {"os.kill", "os.killpg", "signal.pthread_kill"}
_STARTS = {
    *("subprocess.Popen", "_winapi.CreateProcess", "os.fork", "os.forkpty", "os.posix_spawn"),
    *("os.spawn", "os.system", "os.startfile", "os.exec"),
}
# What ctypes looks up before it can send. From then on no event can be told for sure.
_FOREIGN = {"GenerateConsoleCtrlEvent", "CtrlRoutine", "kill", "killpg", "raise", "pthread_kill"}
_WATCHED = _SENDS | _STARTS | {"ctypes.dlsym"}

if sys.platform == "win32":
    _NUMBERS = {0, 1}
else:
    _NUMBERS = {int(signal.SIGINT), int(signal.SIGQUIT)}


class _Activity:
    """What this process has done that may bring an event about."""

    def __init__(self) -> None:
        self.any = False
        """Since the last test that was watched: sent, or started a process."""
        self.to_itself = 0
        """Events that this process has sent to itself, and has not got yet."""
        self.ever_started = False
        self.foreign = False
        self.last_unclear = -INSISTS
        """When the last event came of which it could not be told whose doing it was."""
        self.before = frozenset(process.pid for process in _on_console() or ())
        """The processes on the console when this began."""
        _observe_verbs(self)
        sys.addaudithook(_hook(self))

    def note(self, to_itself: bool = False) -> None:
        self.any = True
        self.to_itself += to_itself

    def sets_out(self) -> None:
        """A test that was watched has ended."""
        self.any = False
        self.to_itself = 0

    def can_be_a_test_s(self) -> bool:
        return self.any or self.foreign or self._processes_run()

    def _processes_run(self) -> bool:
        """Whether a process runs that a test may have started."""
        if _has_children():
            return True
        processes = _on_console()
        if processes is None:
            return self.ever_started
        return any(self._may_be_a_test_s(process, processes) for process in processes)

    def _may_be_a_test_s(self, process: ProcessInfo, processes: tuple[ProcessInfo, ...]) -> bool:
        """A descendant of this process; or an orphan that was not there before.

        A process whose living parent is not on the console comes from elsewhere: a helper process
        of this package, which sends for its caller.
        """
        parents = {one.pid: one.ppid for one in processes}
        own, top = os.getpid(), process.pid
        seen: set[int] = set()
        if top == own or top in half.guard_pids():
            return False
        while top in parents and top not in seen and top != own:
            seen.add(top)
            top = parents[top] or 0
        return top == own or (seen.isdisjoint(self.before) and not _is_alive(top))


_activities: list[_Activity] = []


def _activity() -> _Activity:
    """That of this process, made for the first test that is watched."""
    if not _activities:
        _activities.append(_Activity())
    return _activities[0]


def _hook(activity: _Activity, watched: set[str] = _WATCHED) -> Callable[[str, Any], None]:
    """A function that Python calls for every auditing event, to the end of the process."""

    def hook(event: str, arguments: Any) -> None:
        if event not in watched:
            return
        if event == "ctypes.dlsym":
            if arguments[1] in _FOREIGN and not _is_own_call():
                activity.foreign = True
        elif event in _SENDS:
            target, number = arguments[:2]
            if number in _NUMBERS and _is_itself(event, target):
                activity.note(to_itself=True)
            elif number != 0 or 0 in _NUMBERS:  # on POSIX 0 looks
                activity.note()
        else:
            activity.note()
            activity.ever_started = True

    return hook


def _is_itself(call: str, target: int) -> bool:
    """Whether a call of Python's that sends has this process for its target, or its group."""
    own = {0, os.getpid()}
    if sys.platform != "win32":
        own = {0, os.getpgrp()} if call == "os.killpg" else {*own, -os.getpgrp()}
    return call == "signal.pthread_kill" or target in own


def _is_own_call() -> bool:
    """Whether this package looks the function up, which sends by verbs that are observed."""
    own = f"{__name__.rpartition('.')[0]}._win32"
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(own):
            return True
        frame = frame.f_back
    return False


def _observe_verbs(activity: _Activity) -> None:
    if sys.platform != "win32":
        return
    for name in SENDING:
        setattr(half, name, _observed(activity, name, getattr(half, name)))


def _observed(activity: _Activity, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def observed(*arguments: Any, **named: Any) -> Any:
        if name in ("kill", "killpg", "os_kill"):
            target, action = arguments[:2]
            own = {0, half.getpgid(0) if name == "killpg" else os.getpid()}
            if not isinstance(action, Probe):
                activity.note(to_itself=target in own and isinstance(action, CtrlEvent))
        elif name == "broadcast":
            activity.note(to_itself=arguments[1] in (0, os.getpid()))
        else:
            activity.note()
            activity.ever_started = True
        return function(*arguments, **named)

    return observed


def _on_console() -> tuple[ProcessInfo, ...] | None:
    try:
        return console_processes()
    except OSError:  # no console; a POSIX without /proc
        return None


def _has_children() -> bool:
    """Whether this process has children, in other sessions too. Windows cannot say it so."""
    if sys.platform == "win32" or not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    """Whether a parent is; 0 and 1 stand for a parent that has exited."""
    if pid <= 1:
        return False
    try:
        kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Watch:
    """While it is entered, tells the user's events from those of a test. `events`: the latter.

    `tell` gets each event that cannot be told.
    """

    def __init__(self, tell: Callable[[CtrlEvent], None]) -> None:
        self.events: list[CtrlEvent] = []
        self._activity = _activity()
        self._tell = tell
        self._unclear = 0
        # Not `threading.Event`: the handler may run in the midst of its `wait`, in the same thread.
        self._none_yet = allocate_lock()
        self._none_yet.acquire()

    @contextlib.contextmanager
    def watching(self) -> Generator[None]:
        try:
            with (
                _signals_of_python_noted(self._activity),
                handler(self._take, CTRL_C_EVENT, CTRL_BREAK_EVENT),
            ):
                yield
                self._settle()
        finally:
            self._activity.sets_out()

    def _take(self, event: CtrlEvent) -> bool:
        if self._activity.to_itself:
            self._activity.to_itself -= 1
        elif not self._activity.can_be_a_test_s():
            return False
        else:
            now = monotonic()
            insists = self._unclear or now - self._activity.last_unclear < INSISTS
            self._activity.last_unclear = now
            if insists:
                return False
            self._unclear += 1
            self._tell(event)
        self.events.append(event)
        if len(self.events) == 1:
            self._none_yet.release()
        return True

    def _settle(self) -> None:
        """Wait for an event that is on its way, if there can be any."""
        if self.events or not (self._activity.any or self._activity.foreign):
            return
        _on_console()  # a console call is what sets free an event that Windows has parked
        self._none_yet.acquire(timeout=SETTLE)


@contextlib.contextmanager
def _signals_of_python_noted(activity: _Activity) -> Generator[None]:
    """Notes `signal.raise_signal` and `_thread.interrupt_main`, which raise no auditing event.

    On Windows neither of them is a console event.
    """
    thread_module = sys.modules["_thread"]  # where other code finds it
    places: list[tuple[Any, str]] = [(signal, "raise_signal"), (thread_module, "interrupt_main")]
    if sys.platform == "win32":
        places = []
    noted: list[tuple[Any, str, Any, Any]] = []
    for module, name in places:
        found = getattr(module, name)

        def function(*number: int, found: Any = found) -> None:
            activity.note(to_itself=not number or number[0] in _NUMBERS)
            found(*number)

        setattr(module, name, function)
        noted.append((module, name, function, found))
    try:
        yield
    finally:
        for module, name, function, found in noted:
            if getattr(module, name) is function:
                setattr(module, name, found)
