"""`boundary.PythonProcess` as a process of this Python, in isolated mode.

No environment variable, no folder of the user's and no `site` changes what it runs. It has no
window, no shell, and no handle but its two pipes.

The caller needs no thread for it: it looks whether there is an answer, again and again.
"""

from __future__ import annotations

import contextlib
import marshal
import os.path
from io import BytesIO
from typing import Any

from .._subprocess import DEVNULL, PIPE, Popen
from .._unpatched import allocate_lock, monotonic, sleep
from .constants import CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS
from .foreign import read_available
from .whole import whole

# In seconds: for how long after a request the caller only lets others run between two looks, and
# how long it sleeps between them from then on. An answer takes 1 to 3 ms, and a sleep of Windows
# may take 16.
_SOON = 0.005
_PAUSE = 0.001


class Python:
    _is_closed = False

    def __init__(self, python: str, code: str, *, on_console: bool) -> None:
        self._python, self._code = python, code
        self._flags = CREATE_NEW_PROCESS_GROUP | (0 if on_console else DETACHED_PROCESS)
        self._process: Any = None
        self._received = b""
        """What has been read and not been returned: answers, the last maybe in part."""
        self._asked = monotonic()
        # Waiting for it is a sleep that works at the interpreter's end, too: `time.sleep` waits for
        # an event of the interpreter, which is closed by then.
        self._never = allocate_lock()
        self._never.acquire()

    def start(self) -> None:
        whole(self._start)

    def _start(self) -> None:
        self._process = Popen(
            [self._python, "-I", "-S", "-c", self._code],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # Not the caller's, which could not be deleted meanwhile.
            cwd=os.path.dirname(self._python),
            creationflags=self._flags,
        )

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
        self._process.stdin.write(message)
        self._process.stdin.flush()

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
