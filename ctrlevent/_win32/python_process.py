"""`boundary.PythonProcess` as a process of this Python, in isolated mode.

No environment variable, no folder of the user's and no `site` changes what it runs. It has no
window, no shell, and no handle but its two pipes.
"""

from __future__ import annotations

import contextlib
import marshal
import os.path
from _queue import Empty, SimpleQueue
from typing import Any

from .._subprocess import DEVNULL, PIPE, Popen
from .._unpatched import Thread
from .constants import CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS
from .whole import whole

# How long the end of its output may take to arrive once it has exited, in seconds.
_CLOSING = 1.0


class Python:
    _is_closed = False

    def __init__(self, python: str, code: str) -> None:
        self._python, self._code = python, code
        self._process: Any = None
        self._listening: Any = None
        self._replies: SimpleQueue[Any] = SimpleQueue()
        """None comes last, at the end of its output."""

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
            creationflags=DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP,
        )
        # The thread does not keep this object alive.
        self._listening = Thread(_listen, self._process.stdout, self._replies)

    def __del__(self) -> None:
        if not self._is_closed:
            self.close()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: bytes) -> None:
        self._process.stdin.write(message)
        self._process.stdin.flush()

    def receive(self, seconds: float) -> Any:
        try:
            return self._replies.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None

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
        if self._listening is None:  # no thread could be started
            self._process.stdout.close()
            return
        # It is at the end of the output; unless another process has the other end of that too, as a
        # process may that was started at the same moment.
        self._listening.join(_CLOSING)


def _listen(output: Any, replies: SimpleQueue[Any]) -> None:
    # Half a reply, or none: it has exited. (marshal raises any of these for that.)
    ended = contextlib.suppress(EOFError, ValueError, TypeError, OSError)
    with ended, output:  # closed here, as only this thread may
        while True:
            replies.put(marshal.load(output))
    replies.put(None)
