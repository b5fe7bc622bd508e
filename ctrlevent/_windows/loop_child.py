"""A child that an event loop starts, on Windows: suspended, made to hear Ctrl+C, and resumed.

asyncio creates the child in the thread of the loop. What does not work is to have it do so in a
thread of its own, where no KeyboardInterrupt comes (`whole`): a loop takes calls from its own
thread alone, and in debug mode it says so. So the signals whose handlers may raise are held back.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, Callable

from .. import _held_back
from .._unpatched import signal_calls as signal
from .group import Group
from .peb import write_ignores_ctrl_c
from .popen import Start
from .standing_guards import clear_first, standing
from .waits import handle_of

if sys.platform == "win32":
    _HELD_BACK = (signal.SIGINT, signal.SIGBREAK)
else:  # with the fake Windows of the tests
    _HELD_BACK = (signal.SIGINT,)


class LoopChild(Start):
    sends_at_once = False

    _process: Any = None

    def __init__(
        self,
        named: dict[str, Any],
        console: str,
        keyboard: bool,
        takes_process_group: bool,  # noqa: ARG002  # on POSIX it matters
    ) -> None:
        named.setdefault("creationflags", 0)
        super().__init__(named, console, keyboard, None)
        self._group = Group()

    @property
    def starts_at_once(self) -> bool:
        return not standing  # a guard may take a moment to answer

    def create(self, begin: Callable[[], object]) -> None:
        for number in _HELD_BACK:
            begin = partial(_held_back.call, begin, number)
        begin()

    def let_run(self, pid: int, process: Any) -> None:  # noqa: ARG002
        if process is None:
            raise NotImplementedError(
                "this event loop does not give away its subprocess.Popen, whose handle is needed;"
                " use asyncio.ProactorEventLoop, which is the default on Windows"
            )
        # Its open handle keeps the pid its own. asyncio drops it when the child has exited.
        self._process = process
        handle = handle_of(process)
        # In any case: `patch_os` has made every child that leads a group hear.
        write_ignores_ctrl_c(self._windows, handle, self.is_deaf)
        if not self._stays_suspended:
            clear_first()
            self._windows.NtResumeProcess(handle)

    def has_exited(self) -> bool:
        return self._process.poll() is not None

    def is_gone(self) -> bool:
        return self._group.wait(self._process, self._windows.monotonic())

    def end(self) -> None:
        if self._process is not None:  # else it has not run, and the loop ends it
            self._group.end(self._process)

    def clear_first(self) -> None:
        clear_first()


loop_child = LoopChild
