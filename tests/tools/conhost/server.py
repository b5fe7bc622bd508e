"""One console server, and the processes that are played on it.

A played process is a row in a table of condrv.dll: a pid, a parent, and whether it is alive. What
it would say to its console, this module says in its place. What the console has csrss tell a
process (to run its handlers), is in `taken`.
"""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING, NamedTuple

from . import messages
from .link import (
    ANSWERS_WITHIN,
    COMPLETION,
    END_TASK,
    EXIT,
    HELD,
    HOLDS,
    IDLE,
    INPUT_READ,
    MESSAGE,
    NO_CLIENT,
    PROCESS,
    SIGNAL,
    SIGNAL_READ,
    TYPE,
    Link,
    ServerError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.bed.wine import Wine

__all__ = [
    "MODE_AT_START",
    "MOST_PIDS",
    "Reply",
    "Server",
    "ServerError",
    "State",
    "Told",
    "win32_error",
]

MOST_PIDS = 1 << 20
"""In condrv.c."""

MODE_AT_START = 0x1F7
"""Of the input: that of a new console."""

_SETTLES = 4
"""The process id of a process that is on the console between two histories only."""


class State(enum.IntEnum):
    """Of a played process; the same numbers as in condrv.c."""

    GONE = 0
    ALIVE = 1
    DEAD_AND_OPEN = 2
    FORGOTTEN = 3


class Told(NamedTuple):
    """The console has had csrss start a thread at CtrlRoutine in a process."""

    pid: int
    event: int


class Reply(NamedTuple):
    """What the server has answered to a message."""

    status: int
    """An NTSTATUS: see `win32_error`."""
    information: int
    output: bytes


class _Connection(NamedTuple):
    process: int
    input: int
    output: int


def win32_error(status: int) -> int:
    """The error that GetLastError says in the client, 0 for success, of what the server answers.

    All that it answers are HRESULTs of Win32 errors made into an NTSTATUS: facility 7, and the
    error in the lower half (NTSTATUS_FROM_HRESULT of the SDK).
    """
    if status == 0:
        return 0
    if status >> 16 != 0xC007:
        raise ValueError(f"status {status:#010x} is not of a Win32 error")
    return status & 0xFFFF


class Server:
    """OpenConsole.exe of one build."""

    def __init__(self, wine: Wine, folder: Path) -> None:
        self.is_spent = False
        """Its terminal has gone away, or its last client: it is of no use to others."""
        command = [str(wine.loader), "OpenConsole.exe"]
        self._link = Link(command, folder, wine.environ(), within=ANSWERS_WITHIN)
        self._connections: dict[int, _Connection] = {}
        self._told: list[Told] = []
        self._replies: dict[int, Reply] = {}
        self._serial = 0
        self._sent = {INPUT_READ: 0, SIGNAL_READ: 0}
        self._read = dict(self._sent)
        self._until(IDLE)
        # With its first client it asks the terminal what it is, and later deals with the answer,
        # which releases what is parked, as all input does. Not in the midst of a history.
        self.settle()
        self.type(messages.FOCUS)

    def close(self) -> None:
        self._link.close()

    def answers_within(self, seconds: float) -> None:
        """After that time without an answer it counts as hanging."""
        self._link.within = seconds

    def signal_process(self, number: int) -> None:
        """Send a signal of this system to the server's process."""
        self._link.signal(number)

    @property
    def attached(self) -> tuple[int, ...]:
        """The pids of the processes that have a connection."""
        return tuple(self._connections)

    def taken(self) -> list[Told]:
        """Which processes were told of which event since the last call, in order."""
        told, self._told = self._told, []
        return told

    # --- processes --------------------------------------------------------------------------------

    def process(self, pid: int, parent: int, state: State) -> None:
        self._link.send(PROCESS, struct.pack("<III", pid, parent, state))

    def holds(self, pid: int) -> int:
        """How many handles of a process the server has."""
        self._link.send(HOLDS, struct.pack("<I", pid))
        return int(struct.unpack("<I", self._until(HELD))[0])

    # --- messages ---------------------------------------------------------------------------------

    def message(
        self, function: int, process: int, handle: int, data: bytes = b"", room: int = 0
    ) -> Reply:
        """Returns when the server asks for the next message: all that this entails is done."""
        self._serial += 1
        self._link.send(MESSAGE, struct.pack("<QQII", process, handle, function, room) + data)
        self._until(IDLE)
        if self._serial not in self._replies:
            raise self._link.failed("it keeps an answer back that it should give at once")
        return self._replies.pop(self._serial)

    def connect(self, pid: int, group: int, *, starts: bool = True) -> int:
        """The status. `starts`: when the program starts, not by AttachConsole."""
        data = messages.connect(group, starts=starts)
        reply = self.message(messages.CONNECT, pid, 1, data, 24)
        if reply.status == 0:
            self._connections[pid] = _Connection(*struct.unpack_from("<QQQ", reply.output))
        return reply.status

    def disconnect(self, pid: int) -> int:
        """FreeConsole, or the end of the process. The server closes the connection's handles."""
        process = self._connections.pop(pid).process
        return self.message(messages.DISCONNECT, process, 0).status

    def call(self, pid: int, api: messages.Api) -> Reply:
        connection = self._connections[pid]
        data = messages.user_defined(api)
        return self.message(
            messages.USER_DEFINED,
            connection.process,
            connection[api.handle],
            data,
            len(api.body) + api.room,
        )

    def generate(self, pid: int, event: int, group: int) -> int:
        """The status of GenerateConsoleCtrlEvent."""
        return self.call(pid, messages.generate(event, group)).status

    def process_list(self, pid: int, room: int) -> tuple[int, ...]:
        """GetConsoleProcessList: newest first; (the number that there are,) if room lacks."""
        output = self.call(pid, messages.process_list(room)).output
        count = struct.unpack_from("<I", output)[0]
        return struct.unpack_from(f"<{count}I", output, 4) if count <= room else (count,)

    def raw(self, pid: int, function: int, data: bytes = b"") -> int:
        """WriteFile to the output, FlushConsoleInputBuffer."""
        connection = self._connections[pid]
        handle = connection.output if function == messages.RAW_WRITE else connection.input
        return self.message(function, connection.process, handle, data).status

    def settle(self) -> None:
        """As if no client had been there: nothing pending, no group in the slot, no client."""
        for pid in list(self._connections):
            self.disconnect(pid)
        self.process(_SETTLES, 0, State.ALIVE)
        self.connect(_SETTLES, _SETTLES)
        self.call(_SETTLES, messages.set_mode(MODE_AT_START))
        self.generate(_SETTLES, 0, 0)
        self.disconnect(_SETTLES)
        self._told.clear()

    def open_handle(self, pid: int) -> int:
        """CreateFile of CONOUT$."""
        asked = struct.pack(
            "<III",
            messages.CURRENT_OUTPUT,
            messages.FILE_SHARE_READ_WRITE,
            messages.GENERIC_READ_WRITE,
        )
        process = self._connections[pid].process
        reply = self.message(messages.CREATE_OBJECT, process, 0, asked)
        if reply.status != 0:
            raise self._link.failed(f"it has not opened a handle: {reply}")
        return reply.information

    def close_handle(self, pid: int, handle: int) -> int:
        process = self._connections[pid].process
        return self.message(messages.CLOSE_OBJECT, process, handle).status

    # --- the terminal -----------------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Returns when the server wants to read more: what was typed is dealt with."""
        self._stream(TYPE, INPUT_READ, data)

    def resize(self, columns: int, rows: int) -> None:
        self._stream(SIGNAL, SIGNAL_READ, struct.pack("<HHH", 8, columns, rows))

    def close_terminal(self) -> None:
        """The terminal goes away. Returns when the server has dealt with that.

        The server lives on while it has clients, but can hear of no other terminal.
        """
        self.is_spent = True
        self._stream(SIGNAL, SIGNAL_READ, b"")

    def no_client_is_left(self) -> int:
        """The driver says so. Returns the exit code of the server."""
        self.is_spent = True
        self._link.send(NO_CLIENT, b"")
        while True:
            kind, body = self._link.receive(exits=True)
            if kind == EXIT:
                return int(struct.unpack("<I", body)[0])
            self._note(kind, body)

    def _stream(self, kind: int, read: int, data: bytes) -> None:
        self._link.send(kind, data)
        self._sent[read] += 1
        while self._read[read] < self._sent[read]:
            self._note(*self._link.receive())

    # --- frames -----------------------------------------------------------------------------------

    def _until(self, wanted: int) -> bytes:
        while True:
            kind, body = self._link.receive()
            if kind == wanted:
                return body
            self._note(kind, body)

    def _note(self, kind: int, body: bytes) -> None:
        if kind == END_TASK:
            pid, event, _flags = struct.unpack("<III", body)
            self._told.append(Told(pid, event - (1 << 32) if event >> 31 else event))
        elif kind == COMPLETION:
            status, serial, information = struct.unpack_from("<IIQ", body)
            self._replies[serial] = Reply(status, information, body[16:])
        elif kind in self._read:
            self._read[kind] = struct.unpack("<I", body)[0]
        else:
            raise self._link.failed(f"frame {kind} out of turn")
