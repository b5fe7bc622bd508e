"""What a terminal has shown and the caller has not read yet.

A thread reads it, always, even if the caller never does: a child whose terminal is not read stands
still once a buffer is full.
"""

from __future__ import annotations

import codecs
import contextlib
from _queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable

# How long a wait lasts at most, in seconds: on Windows, Python's waits let a Ctrl+C wait too.
_SLICE = 0.05


class Screen:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: SimpleQueue[str | None] = SimpleQueue()
        """None comes last."""
        self._at_end = False

    def put(self, data: bytes) -> None:
        """What it has shown, in UTF-8: a character may be divided between two calls."""
        self._parts.put(self._decoder.decode(data))

    def finish(self) -> None:
        """It shows no more."""
        self._parts.put(self._decoder.decode(b"", final=True))
        self._parts.put(None)

    def take(self, seconds: float) -> str:
        deadline = self._monotonic() + seconds
        shown = self._shown(0)
        while not shown and not self._at_end:
            left = deadline - self._monotonic()
            if left <= 0:
                break
            shown = self._shown(min(left, _SLICE))
        return shown

    def _shown(self, seconds: float) -> str:
        """All that there is. Waits for the first piece of it."""
        pieces: list[str] = []
        with contextlib.suppress(Empty):
            while not self._at_end:
                piece = self._parts.get(timeout=0 if pieces else seconds)
                if piece is None:
                    self._at_end = True
                else:
                    pieces.append(piece)
        return "".join(pieces)
