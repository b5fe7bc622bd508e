"""The interpreter's own clock, sleep, locks and threads, whatever stands in their places by now.

Tests freeze `time.monotonic` (freezegun, mock), replace `threading.Thread`, or have gevent patch
both. A deadline on a frozen clock never comes, and a thread that is a mock never runs. So this
package takes none of these names from the modules where others replace them.

What does not work: to import the names early. The package may be imported for the first time while
they are replaced; and freezegun looks for them in every module that is loaded. So this module makes
its own copies of the built-in modules, whose functions no other code knows.
"""

from __future__ import annotations

import sys
from importlib.machinery import BuiltinImporter

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _copy_of(name: str) -> Any:
    """A built-in module, made anew. It is not in `sys.modules`."""
    spec = BuiltinImporter.find_spec(name)
    # Before Python 3.10 `_thread` exists once per process: making it anew would undo all patches.
    if spec is None or (name == "_thread" and sys.version_info < (3, 10)):
        return __import__(name)
    module = BuiltinImporter.create_module(spec)
    BuiltinImporter.exec_module(module)
    return module


_time, _thread = _copy_of("time"), _copy_of("_thread")

monotonic: Callable[[], float] = _time.monotonic
sleep: Callable[[float], None] = _time.sleep
allocate_lock: Callable[[], Any] = _thread.allocate_lock
start_new_thread: Callable[..., int] = _thread.start_new_thread
get_ident: Callable[[], int] = _thread.get_ident
native_thread_id: Callable[[], int] = _thread.get_native_id
thread_local: Callable[[], Any] = _thread._local  # noqa: SLF001


class Thread:
    """A thread that runs a function, started at once. The interpreter's exit does not wait for it.

    Raises RuntimeError if no thread can be started, as at the end of the interpreter.
    """

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._running = allocate_lock()
        self._running.acquire()
        start_new_thread(self._run, (function, arguments))

    def _run(self, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            function(*arguments)
        finally:
            self._running.release()

    def join(self, seconds: float = -1) -> bool:
        """Wait for its end, `seconds` at most (-1: no limit). Whether it has ended."""
        if self._running.acquire(timeout=seconds):
            self._running.release()
            return True
        return False
