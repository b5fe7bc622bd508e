"""The verbs that decide what is heard: `handler` and `ignore_ctrl_c`."""

from __future__ import annotations

import contextlib
import signal
from _weakref import ref  # `weakref` re-exports it, and would have to be loaded

from . import _arguments
from ._half import half
from ._types import CtrlEvent
from ._typing import TYPE_CHECKING, public

if TYPE_CHECKING:
    from typing import Any, Callable

    from ._protocol import Registration


@public
def ignore_ctrl_c(ignore: bool = True, pid: int = 0) -> bool:
    """Make a process ignore Ctrl+C, or hear it again. Returns whether it ignored it before.

    Every child inherits this state, and a child that is started with CREATE_NEW_PROCESS_GROUP
    ignores Ctrl+C whatever its parent does: `ignore_ctrl_c(False, child.pid)` makes it hear it. The
    state counts when an event arrives, so this works at any time. Ctrl+Break is not affected. For a
    process that is still starting, and might lose the change, this waits until it cannot any more:
    some 50 ms; for a process that was created suspended 0.1 s.

    `ignore`: True to ignore. `pid`: the process; 0, the default, is the caller.

    On POSIX: SIGINT, and of the caller alone.

    Raises `ProcessLookupError`, `PermissionError` (the caller may not write the memory of another
    process), `TimeoutError` (it goes on starting, for 5 seconds), `TypeError`, `ValueError`,
    `OverflowError`; on POSIX `OSError` (ENOSYS) for another process, to which POSIX does not let a
    process do this, and `ValueError` outside of the main thread, as `signal.signal` does.

    Source: SetConsoleCtrlHandler with a NULL handler (consoleapi.h) for the caller;
    RTL_USER_PROCESS_PARAMETERS.ConsoleFlags (phnt, ntrtl.h), where that call keeps the state, for
    another process.
    """
    return half.ignore_ctrl_c(bool(ignore), _arguments.process_id(pid))


@public
class handler(contextlib.ContextDecorator):  # noqa: N801  # a verb, like contextlib's own
    """Within a `with` block, or a decorated function, a callback gets the console events.

    `callback`: gets the `CtrlEvent`, and returns whether it took it. If not, the handler that was
    registered before it is asked, by whatever code, in the end Python's own (which makes
    KeyboardInterrupt of Ctrl+C) and that of the system (which ends the process). What it raises
    goes to `sys.unraisablehook`, and means that it did not take the event.

    `events`: those that it is for, members of `CtrlEvent`; or of `signal`: SIGINT, SIGBREAK. None
    given: all five.

    Each `with` is one registration, from its entry to its exit, in any thread and any order. One
    `handler` may be entered again before it is left, and then is asked once for each. After the
    exit the callback is not called any more; a call that runs at that moment runs on. At the
    interpreter's exit all are removed, so that no event finds a Python that is no longer there; a
    callback that runs then has 5 seconds to finish.

    The callback runs in a thread of its own, which Windows starts for the event. Windows runs one
    event's handlers after the other's, and meanwhile lets no thread register or unregister a
    handler; so the callback must not wait for another thread that enters a `handler`. (It may wait
    for a thread that leaves it.) Windows ends a process that has taken CTRL_CLOSE_EVENT all the
    same as soon as the handlers return, and 5 seconds after the event at the latest. Likewise after
    CTRL_LOGOFF_EVENT and CTRL_SHUTDOWN_EVENT: a callback that waits for the main thread's clean-up
    gives it that time. A process that has user32 loaded gets neither of these two. AttachConsole,
    AllocConsole and FreeConsole, by whatever code, remove all handlers.

    On POSIX the events are signals: SIGINT is CTRL_C_EVENT, SIGQUIT is CTRL_BREAK_EVENT, SIGHUP is
    CTRL_CLOSE_EVENT, SIGTERM is CTRL_SHUTDOWN_EVENT. CTRL_LOGOFF_EVENT never comes. There the
    callback runs in the main thread, as all of Python's signal handlers do.

    Raises `TypeError` (a callback that cannot be called; an event that is no such member: plain
    numbers are not), `ValueError` (a signal that is no console event; on POSIX, at the entry and
    exit: not in the main thread); at the entry `OSError`, also when handlers have been removed at
    the interpreter's exit; at the exit `RuntimeError`, if it was
    left more often than entered.

    Source: SetConsoleCtrlHandler, HandlerRoutine (consoleapi.h).
    """

    def __init__(self, callback: Callable[[CtrlEvent], Any], *events: int) -> None:
        self._callback = _Callback(callback, events)
        self._entered: list[Registration] = []

    def __enter__(self) -> handler:
        registration = half.registration(self._callback.events, self._callback.take)
        self._entered.append(registration)
        try:
            registration.add()
        except BaseException:
            self._entered.remove(registration)
            registration.remove()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            registration = self._entered.pop()
        except IndexError:
            raise RuntimeError("this handler was left more often than entered") from None
        try:
            registration.remove()
        except ValueError:  # on POSIX, not in the main thread: it stays entered
            self._entered.append(registration)
            raise


class _Callback:
    """A function of the user's, with the events that it is for."""

    def __init__(self, function: Callable[[CtrlEvent], Any], events: Any) -> None:
        if not callable(function):
            raise TypeError(f"callback must be callable, not {type(function).__name__}")
        self._function = function
        self.events = frozenset(_event(event) for event in events or CtrlEvent)

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


def _event(event: Any) -> CtrlEvent:
    """Plain numbers are no events, as 2 would be SIGINT or CTRL_CLOSE_EVENT."""
    if isinstance(event, CtrlEvent):
        return event
    if not isinstance(event, signal.Signals):
        raise TypeError(
            f"an event must be a member of CtrlEvent or signal.Signals, not {event!r} of type"
            f" {type(event).__name__}"
        )
    if event not in half.events_heard:
        raise ValueError(f"no console event is {event.name}")
    return half.events_heard[event]


class _Referent:
    """An object that nothing refers to any more."""


def _hand_to_unraisablehook(error: BaseException, where: object) -> None:
    """Have Python call `sys.unraisablehook`.

    Python code cannot make the argument that the hook wants. Python itself makes it for what the
    callback of a weak reference raises, with that callback as `object`. What does not work:
    `threading.excepthook` drops SystemExit without a word, and cannot say which handler it was.
    """
    referent = _Referent()
    reference = ref(referent, _Raise(error, where))
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
