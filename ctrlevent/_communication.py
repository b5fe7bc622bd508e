"""`Popen.communicate`, which a Ctrl+C breaks off at once, and which loses nothing by that.

Each pipe is served by a thread. An exception of a signal handler is raised in the main thread
alone, so it comes between no read and what is done with the data; and the threads go on when the
caller has gone on: a second `communicate` finds all that has come.

What does not work: `subprocess`'s own. On Windows it waits for its threads without a limit, and the
main thread writes the input itself: no Ctrl+C breaks that off. On POSIX an interrupt between a read
and the next line loses the data.
"""

from __future__ import annotations

import contextlib
import io
from errno import EINVAL, EPIPE
from typing import TYPE_CHECKING

from ._subprocess import TimeoutExpired
from ._unpatched import Thread, monotonic

if TYPE_CHECKING:
    from typing import Any, Callable

_OUTPUTS = ("stdout", "stderr")
_CHUNK = 1 << 16

# In seconds: how long one wait for a thread lasts at most. On Windows no Ctrl+C breaks off a wait
# for a lock; and on POSIX not a Ctrl+C that comes just before it. The handler runs between two.
_SLICE = 0.05


class Communication:
    """The pipes of a child, from the first `communicate` on.

    `process`: a `subprocess.Popen`. Raises TypeError for input of the wrong kind.
    """

    def __init__(self, process: Any, input: Any) -> None:
        self._process = process
        stdin = process.stdin
        data = b"" if stdin is None or not input else _checked(input, stdin)
        self._readers: dict[str, _Reader] = {}
        self._threads: list[tuple[Any, Thread]] = []
        for name in _OUTPUTS:
            stream = getattr(process, name)
            if stream is not None:
                reader = self._readers[name] = _Reader(stream)
                self._threads.append((stream, Thread(reader.read)))
        if stdin is not None:
            # Without input too: what the caller has written before may still be in the stream.
            self._threads.append((stdin, Thread(_write, stdin, data)))

    def is_serving(self, stream: Any) -> bool:
        """Whether a thread has this stream, and will close it."""
        return any(served is stream and not thread.join(0) for served, thread in self._threads)

    def finish(self, timeout: float | None) -> tuple[Any, Any]:
        """What `communicate` returns. Raises `subprocess.TimeoutExpired`; what a read has raised.

        An exception, a KeyboardInterrupt too, leaves everything as it is.
        """
        end = None if timeout is None else monotonic() + timeout
        for _, thread in self._threads:
            while not thread.join(_left(end)):
                if end is not None and monotonic() >= end:
                    raise self._expired(timeout)
        while self._process.poll() is None:
            try:
                self._process.wait(None if end is None else max(0.0, end - monotonic()))
            except TimeoutExpired:
                raise self._expired(timeout) from None
        found = [self._readers[n].all() if n in self._readers else None for n in _OUTPUTS]
        return found[0], found[1]

    def _expired(self, timeout: Any) -> TimeoutExpired:
        so_far = [self._readers[n].bytes_so_far() if n in self._readers else None for n in _OUTPUTS]
        return TimeoutExpired(self._process.args, timeout, *so_far)


def _left(end: float | None) -> float:
    """Seconds that a wait for a thread may last."""
    if end is None:
        return _SLICE
    return min(max(0.0, end - monotonic()), _SLICE)


class _Reader:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._parts: list[Any] = []
        self._error: Exception | None = None
        if isinstance(stream, io.TextIOBase):
            # Through the stream, which may hold some of it already: a line was read before.
            kind: Any = stream
            self._next: Callable[[], Any] = kind.readline
            self._encoding: tuple[str, str] | None = kind.encoding, kind.errors
        else:
            read = getattr(stream, "read1", None) or stream.read  # without a buffer: no read1
            self._next = lambda: read(_CHUNK)
            self._encoding = None

    def read(self) -> None:
        """To the end, in a thread of its own."""
        try:
            while not self._stream.closed:
                part = self._next()
                if not part:
                    break
                self._parts.append(part)
        except (OSError, ValueError) as error:  # ValueError: not text, or closed by the caller
            self._error = error
        finally:
            _close(self._stream)

    def all(self) -> Any:
        if self._error is not None:
            raise self._error
        empty: Any = b"" if self._encoding is None else ""
        return empty.join(self._parts)

    def bytes_so_far(self) -> bytes | None:
        """As `TimeoutExpired` has them, of text too."""
        parts = list(self._parts)
        if self._encoding is None:
            return b"".join(parts) or None
        return "".join(parts).encode(*self._encoding) or None


def _checked(input: Any, stream: Any) -> Any:
    """What is written. Raises TypeError, before any thread is started."""
    if not isinstance(stream, io.TextIOBase):
        return memoryview(input).cast("B")
    if not isinstance(input, str):
        raise TypeError(f"input must be str where stdin is text, not {type(input).__name__}")
    return input


def _write(stream: Any, data: Any) -> None:
    # A child that does not read all of its input, or exits, is not an error.
    try:
        with contextlib.suppress(OSError, ValueError):
            while data:
                # Without a buffer, it may take a part. (Of text, it takes all.)
                data = data[stream.write(data) :]
    finally:
        _close(stream)


def _close(stream: Any) -> None:
    """A pipe whose reader has gone is no error: Windows says EINVAL there."""
    try:
        stream.close()
    except OSError as error:
        if error.errno not in (EPIPE, EINVAL):
            raise
