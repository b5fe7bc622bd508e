"""The output of a child, collected from its start on, so that it never waits for a reader.

What does not work: to read until the end of the output. A process that the child has left behind
may hold the pipe open. And to wait a moment for what is still on its way: a busy machine takes
longer. So this process holds the writing end as well, and writes a mark there: when the thread has
read the mark, it has read all that any process has written before.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import itertools
import os
import re
from typing import TYPE_CHECKING

from ._unpatched import Event, Thread

if TYPE_CHECKING:
    from typing import Any, Callable

_CHUNK = 1 << 16


class Output:
    """A pipe for a child's stdout and stderr, and the text that has come out of it.

    `sink`: the file descriptor of the pipe's writing end, for `Popen`. `show`: is called with each
    piece of text as it comes, in another thread.

    Raises LookupError for an unknown encoding, and OSError if no pipe can be made.
    """

    def __init__(self, encoding: str, errors: str, show: Callable[[str], object]) -> None:
        self._collector = _Collector(encoding, errors, show)
        self._is_open = True
        Thread(self._collector.run)
        self._collector.opened.wait()
        if self._collector.error is not None:
            raise self._collector.error

    def __del__(self) -> None:
        if self.__dict__.get("_is_open"):
            self.close()

    @property
    def sink(self) -> int:
        return self._collector.sink

    def text(self) -> str:
        """All that was written before this call, or before `close`."""
        if self._is_open:
            self._collector.mark().wait()
        return self._collector.text()

    def close(self) -> None:
        """Collect what was written before this call, and nothing after it."""
        self._collector.opened.wait()
        if self._is_open and self._collector.error is None:
            self._is_open = False
            self._collector.mark(is_last=True).wait()


class _Collector:
    """The pipe, and the thread that reads it.

    Apart from `Output`, so that the thread does not keep that alive. The thread makes and closes
    the pipe, as no KeyboardInterrupt comes there.
    """

    error: OSError | None = None
    sink = -1

    def __init__(self, encoding: str, errors: str, show: Callable[[str], object]) -> None:
        decoder: Any = codecs.getincrementaldecoder(encoding)(errors)
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._show = show
        self._parts: list[str] = []
        self._begin = b"\0mark-%s-" % os.urandom(8).hex().encode()
        self._mark = re.compile(re.escape(self._begin) + rb"(\d+)\0")
        self._numbers = itertools.count()
        self._last = -1
        self._waiting: dict[int, Event] = {}
        self.opened = Event()

    def mark(self, is_last: bool = False) -> Event:
        """What happens when all was read that was written before; with the last mark, the end."""
        number, read = next(self._numbers), Event()
        self._waiting[number] = read
        if is_last:
            self._last = number
        os.write(self.sink, b"%s%d\0" % (self._begin, number))
        return read

    def text(self) -> str:
        return "".join(tuple(self._parts))

    def run(self) -> None:
        try:
            source, self.sink = os.pipe()
        except OSError as error:
            self.error = error
            return
        finally:
            self.opened.set()
        try:
            self._read(source)
        finally:
            os.close(source)
            os.close(self.sink)
            for read in tuple(self._waiting.values()):
                read.set()

    def _read(self, source: int) -> None:
        held = b""
        while True:
            data = held + os.read(source, _CHUNK)
            start = 0
            for found in self._mark.finditer(data):
                self._take(data[start : found.start()])
                start = found.end()
                number = int(found[1])
                if number == self._last:
                    return
                self._waiting.pop(number).set()
            end = self._begun_mark(data, start)
            self._take(data[start:end])
            held = data[end:]

    def _begun_mark(self, data: bytes, start: int) -> int:
        """Where a mark begins whose end is still to come, or the end of the data."""
        begin = data.rfind(b"\0", start)
        if begin < 0:
            return len(data)
        rest = data[begin:]
        number = rest[len(self._begin) :]
        is_mark = rest.startswith(self._begin) and (not number or number.isdigit())
        return begin if is_mark or self._begin.startswith(rest) else len(data)

    def _take(self, data: bytes) -> None:
        text = self._decoder.decode(data)
        if text:
            self._parts.append(text)
            with contextlib.suppress(Exception):  # what it is shown on may be gone
                self._show(text)
