"""The interpreter's own clock, sleep, locks, threads and system calls, whatever stands in `time`,
`threading` and `os` by now.

Tests freeze `time.monotonic` (freezegun, mock), replace `threading.Thread` or `os.getpid`, or have
gevent patch all of them. A deadline on a frozen clock never comes, and a thread that is a mock
never runs. So this package takes none of these names from the modules where others replace them.

What does not work: to import the names early. The package may be imported for the first time while
they are replaced; and freezegun looks for them in every module that is loaded. So this module makes
its own copies of `time` and `_thread`, whose functions no other code knows.
"""

from __future__ import annotations

import errno
import sys

# Always loaded, unlike `importlib.machinery`, which has these names from here.
from _frozen_importlib import BuiltinImporter, ModuleSpec

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os as system_calls
    import signal as signal_calls
    from collections.abc import Callable
    from typing import Any
else:
    # `os` and `signal` have their functions from these. Other code replaces them there.
    import _signal as signal_calls

    if sys.platform == "win32":
        import nt as system_calls
    else:
        import posix as system_calls

__all__ = [
    "Event",
    "Thread",
    "allocate_lock",
    "allocate_rlock",
    "get_ident",
    "monotonic",
    "native_thread_id",
    "signal_calls",
    "sleep",
    "start_new_thread",
    "system_calls",
    "thread_local",
]


def _copy_of(name: str) -> Any:
    """A built-in module, made anew. It is not in `sys.modules`."""
    # Before Python 3.10 `_thread` exists once per process: making it anew would undo all patches.
    if name not in sys.builtin_module_names or (name == "_thread" and sys.version_info < (3, 10)):
        return __import__(name)
    importer: Any = BuiltinImporter
    module = importer.create_module(ModuleSpec(name, importer))
    importer.exec_module(module)
    return module


_time, _thread = _copy_of("time"), _copy_of("_thread")

monotonic: Callable[[], float] = _time.monotonic
sleep: Callable[[float], None] = _time.sleep
allocate_lock: Callable[[], Any] = _thread.allocate_lock
allocate_rlock: Callable[[], Any] = _thread.RLock
start_new_thread: Callable[..., int] = _thread.start_new_thread
get_ident: Callable[[], int] = _thread.get_ident
native_thread_id: Callable[[], int] = _thread.get_native_id
thread_local: Callable[[], Any] = _thread._local  # noqa: SLF001


class Event:
    """Something that happens once, and can be waited for in several threads."""

    def __init__(self) -> None:
        self._to_happen = [None]
        self._waiting = allocate_lock()
        self._waiting.acquire()

    def is_set(self) -> bool:
        return not self._to_happen

    def set(self) -> None:
        try:
            self._to_happen.pop()  # atomic: one thread releases
        except IndexError:
            return
        self._waiting.release()

    def wait(self, seconds: float = -1) -> bool:
        """Wait for it, `seconds` at most (-1: no limit). Whether it has happened."""
        if self._to_happen and self._waiting.acquire(timeout=seconds):
            self._waiting.release()
        return self.is_set()


class Thread:
    """A thread that runs a function, started at once. The interpreter's exit does not wait for it.

    Raises OSError (ECANCELED) if no thread can be started, or would ever run: in the `__del__` of
    what is left when the interpreter ends; from Python 3.12 on in `atexit` functions too.
    """

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._ended = Event()
        try:
            if sys.is_finalizing():
                raise RuntimeError("the interpreter is ending")  # before 3.12, Python says nothing
            start_new_thread(self._run, (function, arguments))
        except RuntimeError as error:
            raise OSError(
                errno.ECANCELED,
                f"this needs a thread, and Python starts none: {error}; call it before the"
                " interpreter ends, or end other threads first",
            ) from error

    def _run(self, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
        # A debugger, or what measures coverage, gives this to `threading`, which starts its threads
        # with it.
        trace = getattr(sys.modules.get("threading"), "_trace_hook", None)
        if trace is not None:
            sys.settrace(trace)
        try:
            function(*arguments)
        finally:
            self._ended.set()

    def join(self, seconds: float = -1) -> bool:
        """Wait for its end, `seconds` at most (-1: no limit). Whether it has ended."""
        return self._ended.wait(seconds)
