"""SetConsoleCtrlHandler: the registrations of `handler`, and the bit that `ignore_ctrl_c` sets."""

from __future__ import annotations

import atexit
import contextlib
from errno import ECANCELED

from .._errors import winerror_of
from .._typing import TYPE_CHECKING
from .._unpatched import Thread
from .._win32 import system
from .._win32.constants import ERROR_INVALID_PARAMETER
from .peb import set_ignores_ctrl_c
from .processes import WRITE, Processes

if TYPE_CHECKING:
    from typing import Callable, ClassVar

    from .._types import CtrlEvent
    from .._win32.boundary import System


def registration(events: frozenset[CtrlEvent], take: Callable[[int], bool]) -> Registration:
    return Registration.free(take)


def ignore_ctrl_c(ignore: bool, pid: int) -> bool:
    windows = system()
    caller = windows.GetCurrentProcessId()
    if pid in (0, caller):
        with Processes(windows) as processes:
            before = processes.facts(caller).ignores_ctrl_c
        windows.SetConsoleCtrlHandler(None, ignore)
        return before
    with Processes(windows, WRITE) as processes:
        before = processes.facts(pid).ignores_ctrl_c
        set_ignores_ctrl_c(windows, processes.handle(pid), ignore)
        return before


class Registration:
    """A routine that Windows knows, and the callback that it stands for at present.

    A routine cannot be freed, as Windows does not say when it has called it for the last time; so
    it is used again for a later callback. It needs no lock: appending to a list and popping from it
    is atomic in Python, and a callback, for which Windows waits, could wait for a lock that is held
    while Windows is asked.
    """

    _free: ClassVar[list[Registration]] = []
    _made: ClassVar[list[Registration]] = []
    _exiting = False

    def __init__(self) -> None:
        self._take: Callable[[int], bool] | None = None
        self._running: list[None] = []
        self._made.append(self)

    @classmethod
    def free(cls, take: Callable[[int], bool]) -> Registration:
        try:
            registration = cls._free.pop()
        except IndexError:
            registration = cls()
        registration._take = take
        return registration

    def __call__(self, event: int) -> bool:
        """Windows calls this, in a thread of its own."""
        self._running.append(None)
        try:
            take = self._take
            return take is not None and take(event)
        finally:
            self._running.pop()

    def add(self) -> None:
        if self._exiting:
            raise OSError(
                ECANCELED,
                "the interpreter is ending, so no handler can be registered any more: an event"
                " would find a Python that is gone; enter it before that",
            )
        system().SetConsoleCtrlHandler(self, True)

    def remove(self) -> None:
        self._take = None
        windows = system()
        if not self._running:
            self._take_back(windows)
            return
        # Windows would wait for the end of the callback, which may be waiting for this thread to go
        # on, or be in this thread.
        with contextlib.suppress(OSError):  # no thread can be started: the interpreter ends
            Thread(self._take_back, windows)

    def _take_back(self, windows: System) -> None:
        self._unregister(windows)
        self._free.append(self)

    def _unregister(self, windows: System) -> None:
        try:
            windows.SetConsoleCtrlHandler(self, False)
        except OSError as error:
            if winerror_of(error) != ERROR_INVALID_PARAMETER:
                raise
            # It is not in the list: some code called FreeConsole or the like.

    @classmethod
    def remove_all(cls) -> None:
        """At the interpreter's exit."""
        cls._exiting = True
        windows = system()
        deadline = windows.monotonic() + CLOSE_SECONDS
        while any(made._running for made in cls._made) and windows.monotonic() < deadline:  # noqa: SLF001
            windows.sleep(_PAUSE)
        left = [made for made in cls._made if not made._running]  # noqa: SLF001  # see `remove`
        interrupt: KeyboardInterrupt | None = None
        while left:
            try:
                left[-1]._unregister(windows)  # noqa: SLF001
                left.pop()
            except KeyboardInterrupt as error:  # for which there is no handler any more
                interrupt = error
        if interrupt:
            raise interrupt


# How long Windows waits for the handlers of a console that is closed, and we at the end.
CLOSE_SECONDS = 5.0
_PAUSE = 0.01

atexit.register(Registration.remove_all)
