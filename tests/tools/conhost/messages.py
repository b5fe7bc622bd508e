"""The bytes of the console's messages, as its clients send them, and of its answers.

Sources, in microsoft/terminal: dep/Console/condrv.h (the functions), conmsgl1.h, conmsgl2.h and
conmsgl3.h (the calls of the console API and their numbers), src/server/IoDispatchers.cpp and
ApiMessage.cpp (how they are read). All of a 64-bit client.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

# CD_IO_DESCRIPTOR.Function
CONNECT = 1
DISCONNECT = 2
CREATE_OBJECT = 3
CLOSE_OBJECT = 4
RAW_WRITE = 5
RAW_READ = 6
USER_DEFINED = 7
RAW_FLUSH = 8

# CD_CREATE_OBJECT_INFORMATION
CURRENT_OUTPUT = 2
FILE_SHARE_READ_WRITE = 3
GENERIC_READ_WRITE = 0xC000_0000

ENABLE_PROCESSED_INPUT = 1

# What a terminal types. Ctrl+Break in win32-input-mode: microsoft/terminal, doc/specs/#4999.
CTRL_C_KEY = b"\x03"
CTRL_BREAK_KEY = b"\x1b[3;70;3;1;8;1_"
FOCUS = b"\x1b[I"

_MAX_PATH = 260
_APPLICATION = 128


class Api(NamedTuple):
    """A call of the console API: its number, which handle it is made with, what it sends."""

    number: int
    handle: int
    """Of the three values that a connection gets: 0 the process, 1 the input, 2 the output."""
    body: bytes
    data: bytes = b""
    """What follows the body, such as the text to write."""
    room: int = 0
    """Bytes for what is answered beside the body."""


def generate(event: int, group: int) -> Api:
    """GenerateConsoleCtrlEvent: CONSOLE_CTRLEVENT_MSG."""
    return Api(0x0200_0001, 0, struct.pack("<II", event & 0xFFFF_FFFF, group))


def process_list(room: int) -> Api:
    """GetConsoleProcessList: CONSOLE_GETCONSOLEPROCESSLIST_MSG."""
    return Api(0x0300_0029, 0, bytes(4), room=4 * room)


def get_mode() -> Api:
    """GetConsoleMode of the input: CONSOLE_MODE_MSG."""
    return Api(0x0100_0001, 1, bytes(4))


def set_mode(mode: int) -> Api:
    """SetConsoleMode of the input."""
    return Api(0x0100_0002, 1, struct.pack("<I", mode))


def get_cp() -> Api:
    """GetConsoleCP: CONSOLE_GETCP_MSG."""
    return Api(0x0100_0000, 0, bytes(8))


def write(text: str) -> Api:
    """WriteConsoleW: CONSOLE_WRITECONSOLE_MSG, NumRecords and Unicode."""
    return Api(0x0100_0006, 2, struct.pack("<IBxxx", 0, 1), text.encode("utf-16le"))


def unknown() -> Api:
    """A call of a layer that there is not."""
    return Api(0x0900_0000, 1, bytes(4))


def user_defined(api: Api) -> bytes:
    """CONSOLE_MSG_HEADER: the number, and the size of the body; then the body, and the data."""
    return struct.pack("<II", api.number, len(api.body)) + api.body + api.data


def connect(group: int, *, starts: bool) -> bytes:
    """CONSOLE_SERVER_MSG. `starts`: as a program that starts does, not AttachConsole."""
    texts = [("program", _MAX_PATH + 1), ("program.exe", _APPLICATION), ("C:\\", _MAX_PATH + 1)]
    title, application, folder = (
        (len(text) * 2, text.encode("utf-16le").ljust(2 * room, b"\0")) for text, room in texts
    )
    size = (80, 25)
    data = struct.pack("<III8HIBB", 0, 0, 0, 7, 0, *size, *size, 0, 0, group, starts, False)
    for length, text in (title, application, folder):
        data += struct.pack("<H", length) + text
    return data
