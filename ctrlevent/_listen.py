"""The verbs that decide what is heard: `ignore_ctrl_c` and `handler`, on Windows."""

from __future__ import annotations

import atexit
import contextlib
import signal
import threading
from typing import Any, Callable, ClassVar

from . import _arguments
from ._callback import Callback
from ._errors import winerror_of
from ._facts import write_ignores_ctrl_c
from ._processes import READ, Processes
from ._types import CtrlEvent
from ._win32 import system
from ._win32.constants import ERROR_INVALID_PARAMETER, PROCESS_VM_OPERATION, PROCESS_VM_WRITE

# What it takes to change another process's state; to read it, READ is enough.
WRITE = READ | PROCESS_VM_OPERATION | PROCESS_VM_WRITE


def ignore_ctrl_c(ignore: bool = True, pid: int = 0) -> bool:
    """Make a process ignore Ctrl+C, or hear it again. Returns whether it ignored it before.

    Every child inherits this state, and a child that is started with CREATE_NEW_PROCESS_GROUP
    ignores Ctrl+C whatever its parent does: `ignore_ctrl_c(False, child.pid)` makes it hear it. The
    state counts when an event arrives, so this works at any time. Ctrl+Break is not affected.

    `ignore`: True to ignore. `pid`: the process; 0, the default, is the caller.

    Raises `ProcessLookupError`, `PermissionError` (the caller may not write the memory of another
    process), `TypeError`, `ValueError`, `OverflowError`.

    Source: SetConsoleCtrlHandler with a NULL handler (consoleapi.h) for the caller;
    RTL_USER_PROCESS_PARAMETERS.ConsoleFlags (phnt, ntrtl.h), where that call keeps the state, for
    another process.
    """
    pid = _arguments.process_id(pid)
    windows = system()
    caller = windows.GetCurrentProcessId()
    if pid in (0, caller):
        with Processes(windows) as processes:
            before = processes.facts(caller).ignores_ctrl_c
        windows.SetConsoleCtrlHandler(None, bool(ignore))
        return before
    with Processes(windows, WRITE) as processes:
        before = processes.facts(pid).ignores_ctrl_c
        try:
            write_ignores_ctrl_c(windows, processes.handle(pid), bool(ignore))
        except OSError:
            processes.handle(pid)  # ProcessLookupError, if it has ended meanwhile
            raise
        return before


_SIGNALS: dict[Any, CtrlEvent] = {
    getattr(signal, name, None): event
    for name, event in (
        ("CTRL_C_EVENT", CtrlEvent.CTRL_C_EVENT),
        ("SIGINT", CtrlEvent.CTRL_C_EVENT),
        ("CTRL_BREAK_EVENT", CtrlEvent.CTRL_BREAK_EVENT),
        ("SIGBREAK", CtrlEvent.CTRL_BREAK_EVENT),
    )
}


class handler(contextlib.ContextDecorator):  # noqa: N801  # a verb, like contextlib's own
    """Within a `with` block, or a decorated function, a callback gets the console events.

    `callback`: gets the `CtrlEvent`, and returns whether it took it. If not, the next handler is
    asked: the one that was registered before it, whoever did that, in the end Python's own (which
    makes KeyboardInterrupt of Ctrl+C) and that of Windows (which ends the process). What it raises
    goes to `sys.unraisablehook`, and means that it did not take the event.

    `events`: those that it is for, members of `CtrlEvent`; or of `signal`: SIGINT, SIGBREAK. None
    given: all five.

    Each `with` is one registration with Windows, from its entry to its exit, in any thread and any
    order. One `handler` may be entered again before it is left, and then is asked once for each.
    After the exit the callback is not called any more; one that runs at that moment runs on. At the
    interpreter's exit all are removed, so that no event finds a Python that is no longer there; one
    that runs then has 5 seconds to finish.

    The callback runs in a thread of its own, which Windows starts for the event. Windows runs one
    event's handlers after the other's, and meanwhile lets nobody register or unregister one; so the
    callback must not wait for another thread that enters a `handler`. (It may wait for one that
    leaves it.) A process that has taken CTRL_CLOSE_EVENT is ended all the same as soon as the
    handlers return, and 5 seconds after the event at the latest, as is one that has taken
    CTRL_LOGOFF_EVENT or CTRL_SHUTDOWN_EVENT: a callback that waits for the main thread's clean-up
    gives it that time. A process that has user32 loaded gets neither of these two. AttachConsole,
    AllocConsole and FreeConsole, whoever calls them, remove all handlers.

    Raises `TypeError` (a callback that cannot be called; an event that is no such member: plain
    numbers are not), `ValueError` (a signal that is no console event); at the entry `OSError`; at
    the exit `RuntimeError`, if it was left more often than entered.

    Source: SetConsoleCtrlHandler, HandlerRoutine (consoleapi.h).
    """

    def __init__(self, callback: Callable[[CtrlEvent], Any], *events: int) -> None:
        self._callback = Callback(callback, events, _SIGNALS)
        self._entered: list[_Registration] = []

    def __enter__(self) -> handler:
        registration = _Registration.free()
        self._entered.append(registration)
        try:
            registration.add(self._callback)
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
        registration.remove()


class _Registration:
    """A routine that Windows knows, and the callback that it stands for at present.

    A routine cannot be freed, as nobody knows when Windows has called it for the last time; so it
    is used again for a later callback. It needs no lock: appending to a list and popping from it is
    atomic in Python, and a lock that is held while Windows is asked could be one that a callback,
    for which Windows waits, is waiting for.
    """

    _free: ClassVar[list[_Registration]] = []
    _made: ClassVar[list[_Registration]] = []
    _exiting = False

    def __init__(self) -> None:
        self._callback: Callback | None = None
        self._running: list[None] = []
        self._made.append(self)

    @classmethod
    def free(cls) -> _Registration:
        try:
            return cls._free.pop()
        except IndexError:
            return cls()

    def __call__(self, event: int) -> bool:
        """What Windows calls, in a thread of its own."""
        self._running.append(None)
        try:
            callback = self._callback
            return callback is not None and callback.take(event)
        finally:
            self._running.pop()

    def add(self, callback: Callback) -> None:
        self._callback = callback
        if not self._exiting:
            system().SetConsoleCtrlHandler(self, True)

    def remove(self) -> None:
        self._callback = None
        if not self._running:
            self._take_back()
            return
        # Windows would wait for the end of the callback, which may be waiting for this thread to go
        # on, or be in this thread.
        with contextlib.suppress(RuntimeError):  # no thread can be started: the interpreter ends
            threading.Thread(target=self._take_back, daemon=True).start()

    def _take_back(self) -> None:
        self._unregister()
        self._free.append(self)

    def _unregister(self) -> None:
        try:
            system().SetConsoleCtrlHandler(self, False)
        except OSError as error:
            if winerror_of(error) != ERROR_INVALID_PARAMETER:
                raise
            # It is not in the list: somebody called FreeConsole or the like.

    @classmethod
    def remove_all(cls) -> None:
        """At the interpreter's exit."""
        cls._exiting = True
        windows = system()
        deadline = windows.monotonic() + CLOSE_SECONDS
        while any(one._running for one in cls._made) and windows.monotonic() < deadline:  # noqa: SLF001
            windows.sleep(_PAUSE)
        left = [one for one in cls._made if not one._running]  # noqa: SLF001  # see `remove`
        interrupt: KeyboardInterrupt | None = None
        while left:
            try:
                left[-1]._unregister()  # noqa: SLF001
                left.pop()
            except KeyboardInterrupt as error:  # for which there is no handler any more
                interrupt = error
        if interrupt:
            raise interrupt


# How long Windows waits for the handlers of a console that is closed, and we at the end.
CLOSE_SECONDS = 5.0
_PAUSE = 0.01

atexit.register(_Registration.remove_all)
