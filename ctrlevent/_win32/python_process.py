"""`boundary.PythonProcess` as a process of this Python, in isolated mode.

No environment variable, no folder of the user's and no `site` changes what it runs. It has no
window, no shell, and no handle but its two pipes. Its text is UTF-8, though it reads and writes
none: so it need not look for the codec of its locale.

The caller needs no thread for an answer: it looks whether that has come, again and again. A thread
sends the modules, as that waits until the process has come to read them.
"""

from __future__ import annotations

import contextlib
import marshal
import os.path
import sys

# Always loaded, unlike `importlib.machinery`, which has this name from here.
from _frozen_importlib_external import SourceFileLoader
from io import BytesIO

from .._subprocess import DEVNULL, PIPE, Popen
from .._typing import TYPE_CHECKING
from .._unpatched import Thread, allocate_lock, monotonic, sleep
from .constants import CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS
from .foreign import read_available
from .whole import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_OPTIONS = ("-I", "-S", "-X", "utf8")

# In seconds: for how long after a request the caller only lets others run between two looks, and
# how long it sleeps between them from then on. An answer takes 1 to 3 ms, and a sleep of Windows
# may take 16.
_SOON = 0.005
_PAUSE = 0.001


class Python:
    _is_closed = False

    def __init__(
        self, python: str, code: str, modules: Mapping[str, str], *, on_console: bool
    ) -> None:
        self._python, self._code, self._modules = python, code, modules
        self._flags = CREATE_NEW_PROCESS_GROUP | (0 if on_console else DETACHED_PROCESS)
        self._process: Any = None
        self._received = b""
        """What has been read and not been returned: answers, the last maybe in part."""
        self._asked = monotonic()
        self._input = _Input()
        # Waiting for it is a sleep that works at the interpreter's end, too: `time.sleep` waits for
        # an event of the interpreter, which is closed by then.
        self._never = allocate_lock()
        self._never.acquire()

    def start(self) -> None:
        whole(self._start)
        try:
            # Not a method of this object, which the thread would keep alive.
            Thread(self._input.begin, self._modules)
        except OSError:  # the interpreter is ending
            self._input.begin({})

    def _start(self) -> None:
        self._process = Popen(
            [self._python, *_OPTIONS, "-c", self._code],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # Not the caller's, which could not be deleted meanwhile.
            cwd=os.path.dirname(self._python),
            creationflags=self._flags,
        )
        self._input.stream = self._process.stdin

    def __del__(self) -> None:
        if not self._is_closed:
            self.close()

    @property
    def pid(self) -> int:
        pid: int = self._process.pid
        return pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: bytes) -> None:
        self._asked = monotonic()
        self._input.send(message)

    def receive(self, seconds: float) -> Any:
        deadline = monotonic() + seconds
        has_exited = False
        while True:
            # marshal raises any of these for half a value.
            with contextlib.suppress(EOFError, ValueError, TypeError):
                received = BytesIO(self._received)
                value = marshal.load(received)
                self._received = received.read()
                return value
            data = read_available(self._process.stdout.fileno())
            if data:
                self._received += data
                continue
            if data is not None or has_exited:  # another process may keep its output open
                return None
            now = monotonic()
            if now >= deadline:
                raise TimeoutError
            if now - self._asked < _SOON:
                sleep(0)
            else:
                self._never.acquire(timeout=_PAUSE)
                has_exited = not self.is_alive()

    def exit_code(self) -> int:
        code: int = self._process.wait()
        return code

    def close(self) -> None:
        whole(self._close)

    def _close(self) -> None:
        self._is_closed = True
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # what could not be written any more
            self._process.stdin.close()
        self._process.stdout.close()


class _Input:
    """What the process reads: the modules, and then messages."""

    stream: Any = None

    def __init__(self) -> None:
        self._sending = allocate_lock()
        self._waiting: list[bytes] | None = []
        """Messages that are sent behind the modules; None when the modules have been sent."""

    def begin(self, modules: Mapping[str, str]) -> None:
        """Send the modules, and then the messages of until then.

        If the process has exited, the caller finds that out when it looks for an answer.
        """
        with contextlib.suppress(OSError, ValueError):
            self._write(marshal.dumps(marshal.dumps(dict(_found(modules)))))
        with self._sending:
            messages, self._waiting = self._waiting, None
            with contextlib.suppress(OSError, ValueError):
                for message in messages or ():
                    self._write(message)

    def send(self, message: bytes) -> None:
        with self._sending:
            if self._waiting is not None:
                self._waiting.append(message)
                return
            self._write(message)

    def _write(self, message: bytes) -> None:
        self.stream.write(message)
        self.stream.flush()


def _found(
    modules: Mapping[str, str],
) -> Iterator[tuple[str, tuple[Any, str | None, list[str] | None]]]:
    """Of modules, by their names there, the code, the file, and the folders of a package.

    Leaves out what is not loaded here, what has no code in a file, as a module that is a part of
    the interpreter, and what cannot be read. The process then looks for it as usual.
    """
    for there, here in modules.items():
        with contextlib.suppress(Exception):
            spec: Any = sys.modules[here].__spec__
            if spec.has_location:
                places = spec.submodule_search_locations
                # pytest loads the modules of a plugin, and all that come with it, by a loader of
                # its own, which gives no code.
                finds = hasattr(spec.loader, "get_code")
                loader = spec.loader if finds else SourceFileLoader(here, spec.origin)
                code = loader.get_code(here)
                yield there, (code, spec.origin, places and list(places))
