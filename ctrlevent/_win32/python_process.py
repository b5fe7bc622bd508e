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

# How long the end of its output may take to arrive once it has exited, in seconds.
_CLOSING = 1.0


class Python:
    def __init__(self, python: str, code: str) -> None:
        self._process = Popen(
            [python, "-I", "-S", "-c", code],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=os.path.dirname(python),  # not the caller's, which could not be deleted meanwhile
            creationflags=DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP,
        )
        self._replies: SimpleQueue[Any] = SimpleQueue()
        """None comes last, at the end of its output."""
        self._listening = Thread(self._listen)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        # Half a reply, or none: it has exited. (marshal raises any of these for that.)
        ended = contextlib.suppress(EOFError, ValueError, TypeError, OSError)
        with ended, self._process.stdout as replies:  # closed here, as only this thread may
            while True:
                self._replies.put(marshal.load(replies))
        self._replies.put(None)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(message)
        self._process.stdin.flush()

    def receive(self, seconds: float) -> Any:
        try:
            return self._replies.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None

    def exit_code(self) -> int:
        return self._process.wait()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what could not be written any more
            self._process.stdin.close()
        # It is at the end of the output; unless another process has the other end of that too, as a
        # process may that was started at the same moment.
        self._listening.join(_CLOSING)
