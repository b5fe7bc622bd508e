"""A server that dies, hangs or says what is not understood: an error with its log, never a pass."""

from __future__ import annotations

import os
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tools.bed import bed
from tests.tools.conhost import link
from tests.tools.conhost.server import Server, ServerError, State, win32_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGKILL, SIGSTOP = 9, 19  # the module signal has them on POSIX only

ON_WINDOWS = pytest.mark.skipif(bed.ON_WINDOWS, reason="its pipes are looked at by select")
pytestmark = ON_WINDOWS

# A program in the place of the server: it says what it is told to, and waits for the end.
SAYS = """
import struct, sys
for kind, body in {frames!r}:
    sys.stdout.buffer.write(struct.pack("<II", kind, len(body)) + body)
sys.stdout.buffer.flush()
sys.stderr.write("and this on stderr")
sys.stderr.flush()
{then}
"""


def linked(folder: Path, *frames: tuple[int, bytes], then: str = "sys.stdin.read()") -> link.Link:
    code = SAYS.format(frames=frames, then=then)
    return link.Link([sys.executable, "-c", code], folder, os.environ, within=30)


def test_a_frame_that_is_not_known(tmp_path: Path) -> None:
    one = linked(tmp_path, (link.LOG, b"before"), (99, b"what?"))
    with pytest.raises(ServerError, match=r"does not know what\? \(frame 99\)") as caught:
        one.receive()
    assert "before" in str(caught.value)


def test_what_the_driver_does_not_know(tmp_path: Path) -> None:
    one = linked(tmp_path, (link.UNKNOWN, b"a control code of the driver: 0x500033"))
    with pytest.raises(ServerError, match="a control code of the driver: 0x500033"):
        one.receive()


def test_a_program_that_has_died(tmp_path: Path) -> None:
    one = linked(tmp_path, (link.LOG, b"exception 0xc0000005"), then="sys.exit(3)")
    with pytest.raises(ServerError, match="has died; exit status 3") as caught:
        one.receive()
    assert "exception 0xc0000005" in str(caught.value)
    assert "and this on stderr" in str(caught.value)


def test_a_program_that_exits_when_it_should_not(tmp_path: Path) -> None:
    one = linked(tmp_path, (link.EXIT, struct.pack("<I", 0xC0000409)))
    with pytest.raises(ServerError, match="ExitProcess\\(0xc0000409\\)"):
        one.receive()


def test_a_program_that_does_not_answer(tmp_path: Path) -> None:
    one = link.Link(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], tmp_path, os.environ, within=0.1
    )
    with pytest.raises(ServerError, match=r"has not answered for 0\.1 seconds"):
        one.receive()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(*bed.console())
    yield server
    server.close()


def test_a_server_that_dies_in_the_midst(server: Server) -> None:
    server.process(1000, 0, State.ALIVE)
    server.connect(1000, 1000)
    server.signal_process(SIGKILL)
    with pytest.raises(ServerError, match="has died"):
        server.generate(1000, 0, 0)


def test_a_server_that_hangs() -> None:
    server = Server(*bed.console())
    server.process(1000, 0, State.ALIVE)
    server.connect(1000, 1000)
    server.signal_process(SIGSTOP)
    server.answers_within(0.2)
    with pytest.raises(ServerError, match=r"has not answered for 0\.2 seconds"):
        server.generate(1000, 0, 0)


def test_a_status_that_is_not_known() -> None:
    with pytest.raises(ValueError, match="0xc0000001"):
        win32_error(0xC0000001)
