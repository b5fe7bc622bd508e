"""The pipes of a contained command, each served by a thread, so that none blocks another.

What does not work: `Popen.communicate`. Its time limit is on a clock that tests freeze; and it
waits for the end of the output, which a daemon of the command's may keep from coming.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os

from ._typing import TYPE_CHECKING
from ._unpatched import Thread, monotonic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Callable

_CHUNK = 1 << 16


class Streams:
    """What a command's pipes are to the caller.

    `process`: a `subprocess.Popen`. Its pipes are closed there: the threads have duplicates, so
    none of them reads from a file descriptor that has become another file's.

    `input`: what it gets on stdin; None: nothing. `shown`: what to do with the output, by the name
    of the stream, instead of collecting it.

    Raises TypeError for input of the wrong kind.
    """

    def __init__(
        self, process: Any, input: Any, shown: Mapping[str, Callable[[bytes], object]]
    ) -> None:
        data = None if input is None else _encoded(input, process.stdin)
        self._found: dict[str, _Output] = {}
        self._threads: list[Thread] = []
        for name in ("stdout", "stderr"):
            stream = getattr(process, name)
            if stream is not None:
                output = _Output(stream, shown.get(name))
                if name not in shown:
                    self._found[name] = output
                self._threads.append(Thread(output.read))
        if data is not None:
            self._threads.append(Thread(_write, _taken_from(process.stdin), data))

    def finish(self, seconds: float) -> tuple[Any, Any]:
        """What was collected of stdout and stderr, or None; all that comes within these seconds.

        Raises UnicodeDecodeError.
        """
        deadline = monotonic() + seconds
        for thread in self._threads:
            # Else a process that is no child of the command's any more has the pipe, and the thread
            # ends with that.
            thread.join(max(0.0, deadline - monotonic()) if seconds != float("inf") else -1)
        output, errors = (
            self._found[name].text() if name in self._found else None
            for name in ("stdout", "stderr")
        )
        return output, errors


class _Output:
    """What comes out of a pipe."""

    def __init__(self, stream: Any, show: Callable[[bytes], object] | None) -> None:
        self._is_text = isinstance(stream, io.TextIOBase)
        if self._is_text:
            self._encoding, self._errors = stream.encoding, stream.errors
        self._fd = _taken_from(stream)
        self._parts: list[bytes] = []
        self._show = show or self._parts.append
        self._at_end = False

    def read(self) -> None:
        """To the end, in a thread of its own."""
        try:
            with contextlib.suppress(OSError):  # what it is shown on is gone, and so it is dropped
                while True:
                    data = os.read(self._fd, _CHUNK)
                    if not data:
                        break
                    self._show(data)
        finally:
            self._at_end = True
            os.close(self._fd)

    def text(self) -> Any:
        """Text or bytes, as `subprocess` has them."""
        data = b"".join(self._parts)
        if not self._is_text:
            return data
        decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        text = decoder.decode(data, self._at_end)
        return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoded(input: Any, stream: Any) -> memoryview:
    if not isinstance(stream, io.TextIOBase):
        return memoryview(input).cast("B")
    if not isinstance(input, str):
        raise TypeError(f"input must be str where stdin is text, not {type(input).__name__}")
    kind: Any = stream
    return memoryview(input.replace("\n", os.linesep).encode(kind.encoding, kind.errors))


def _taken_from(stream: Any) -> int:
    """A file descriptor of the same file; the stream is closed."""
    with stream:
        return os.dup(stream.fileno())


def _write(fd: int, data: memoryview) -> None:
    # A command that does not read all of its input, or exits, is not an error.
    try:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(fd, data[:_CHUNK]) :]
    finally:
        os.close(fd)
