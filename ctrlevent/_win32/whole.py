"""What is done as a whole or not at all, whatever breaks off its caller.

A function of Windows gives a handle, and the next instruction stores it. A KeyboardInterrupt comes
between the two, and the handle is lost: the interpreter runs signal handlers after a call, and
before it stores the result. No `try` helps, as there is nothing to close yet. Nearly all children
that an interrupted start has left were lost like that, in the standard library's own code.

But the interpreter runs signal handlers in the main thread alone. So what makes or closes handles
runs in a thread of its own, for that short time.

The child that is started there does not notice: it gets nothing of the thread that creates it.
(What a thread has of its own, such as the user that it impersonates, is not used for it either:
CreateProcess takes the user of the process.)
"""

from __future__ import annotations

import sys
from _contextvars import copy_context

from .._typing import TYPE_CHECKING
from .._unpatched import allocate_lock, get_ident, start_new_thread

if TYPE_CHECKING:
    from typing import Any, Callable


def whole(function: Callable[[], object]) -> None:
    """Call a function in a thread of its own, and wait for its end. Raises what it raises.

    If the caller is broken off meanwhile, the exception goes on when the function has ended, or as
    soon as it is certain that it is not called any more.

    The wait is not broken off. Windows would not let a Ctrl+C do that either: a wait for a lock
    ends first.
    """
    work = _Work(function)
    del function  # a traceback must not keep alive what it refers to
    try:
        work.begin()
        work.wait()
    except BaseException:
        work.break_off()
        raise
    error, work.error = work.error, None
    del work
    if error is not None:
        try:
            raise error
        finally:
            del error


class _Work:
    def __init__(self, function: Callable[[], object]) -> None:
        self._function: Any = function
        self.error: BaseException | None = None
        self._right = allocate_lock()
        """To call the function, or to see to it that it is not called. Never given back."""
        self._done = allocate_lock()
        self._done.acquire()
        self._has_ended = self._is_in_place = False
        # The function may call code of the caller's, such as an audit hook.
        self._context: Any = copy_context()

    def begin(self) -> None:
        # At the end of the interpreter, a new thread may never run.
        if not sys.is_finalizing():
            try:
                start_new_thread(self._run, ())
            except RuntimeError:
                pass  # no thread can be started: at the interpreter's end, or for want of memory
            else:
                return
        self._is_in_place = True
        self._run()

    def _run(self) -> None:
        if not self._right.acquire(False):
            return
        try:
            self._context.run(self._function)
        except BaseException as error:  # raised in the caller's thread
            self.error = error
        if not self._is_in_place:
            _forget_this_thread()
        # Only the caller refers to its objects from here on: they must not die in this thread.
        self._function = self._context = None
        self._has_ended = True
        self._done.release()

    def wait(self) -> None:
        while not self._has_ended:
            self._done.acquire()

    def break_off(self) -> None:
        if self._is_in_place or self._right.acquire(False):
            self._function = None
        else:
            self.wait()
        self.error = None


def _forget_this_thread() -> None:
    """Undo what `threading.current_thread()` does in a thread that `threading` has not started.

    It makes an object of it, with a lock, and before Python 3.12 keeps that for ever. Code of the
    caller's that runs here, such as an audit hook that logs, may have called it.
    """
    active: Any = getattr(sys.modules.get("threading"), "_active", {})
    active.pop(get_ident(), None)
