"""The frames between this process and condrv.dll (tests/tools/bed/native/condrv.c)."""

from __future__ import annotations

import collections
import contextlib
import os
import select
import struct
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# To the server; the same numbers as in condrv.c.
MESSAGE, PROCESS, TYPE, SIGNAL, HOLDS, NO_CLIENT = range(1, 7)
# From the server.
COMPLETION, IDLE, END_TASK, INPUT_READ, SIGNAL_READ, HELD, UNKNOWN, LOG, EXIT = range(1, 10)

ANSWERS_WITHIN = 60.0
"""Seconds. The server answers in less than a millisecond; a busy machine may take longer."""

_HEAD = struct.Struct("<II")
_LAST = 30


class ServerError(Exception):
    """The server has died, does not answer, or says what is not understood. With its log."""


class Frame(NamedTuple):
    kind: int
    body: bytes


class Link:
    """A server, and the pipes to it. Whatever it says is in the log of a ServerError."""

    def __init__(
        self, command: Sequence[str], cwd: Path, environ: Mapping[str, str], *, within: float
    ) -> None:
        self.within = within
        self._log: list[str] = []
        self._sent: collections.deque[tuple[int, bytes]] = collections.deque(maxlen=5)
        self._received = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `close`
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )

    def log(self, line: str) -> None:
        self._log.append(line)
        del self._log[:-_LAST]

    def send(self, kind: int, body: bytes) -> None:
        assert self._process.stdin
        self._sent.append((kind, body))
        try:
            self._process.stdin.write(_HEAD.pack(kind, len(body)) + body)
        except OSError as error:
            raise self.failed(f"it has died ({error})") from None

    def receive(self, *, exits: bool = False) -> Frame:
        """The next frame that is not about the log. `exits`: the server may say that it exits."""
        until = time.monotonic() + self.within
        while True:
            frame = self._next(until)
            text = frame.body.decode(errors="replace")
            if frame.kind == LOG:
                self.log(text)
            elif frame.kind == EXIT and not exits:
                raise self.failed(f"ExitProcess({struct.unpack('<I', frame.body)[0]:#x})")
            elif frame.kind == UNKNOWN or frame.kind > EXIT:
                raise self.failed(f"condrv.dll does not know {text} (frame {frame.kind})")
            else:
                return frame

    def _next(self, until: float) -> Frame:
        assert self._process.stdout
        file = self._process.stdout.fileno()
        while True:
            if len(self._received) >= _HEAD.size:
                kind, size = _HEAD.unpack_from(self._received)
                end = _HEAD.size + size
                if len(self._received) >= end:
                    body = self._received[_HEAD.size : end]
                    self._received = self._received[end:]
                    return Frame(kind, body)
            if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise self.failed(f"it has not answered for {self.within:g} seconds")
            data = os.read(file, 1 << 16)
            if not data:
                raise self.failed("it has died")
            self._received += data

    def failed(self, what: str) -> ServerError:
        """What to raise; the server is gone afterwards."""
        self._process.kill()
        status = self._process.wait()
        if not self._errors.closed:
            self._errors.seek(0)
            printed = self._errors.read().decode(errors="replace").strip()
            self.log(f"it has printed: {printed}" if printed else "it has printed nothing")
        self.close()
        lines = [*self._log]
        lines += [
            f"the last that it was sent: {kind} {sent.hex()[:80]}" for kind, sent in self._sent
        ]
        log = "".join(f"\n  {line}" for line in lines)
        return ServerError(f"the console server: {what}; exit status {status}; its log:{log}")

    def signal(self, number: int) -> None:
        """Send a signal to the server's process."""
        self._process.send_signal(number)

    def close(self) -> None:
        """Condrv.dll ends the server when its standard input ends."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.within)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()
