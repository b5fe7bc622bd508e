"""The pipes of a contained command, with pipes of the test's own at their other ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent._streams import Streams
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Process:
    """As much of a `Popen` as its streams need."""

    def __init__(self, **streams: Any) -> None:
        self.stdin: Any = None
        self.stdout: Any = None
        self.stderr: Any = None
        vars(self).update(streams)


def output(data: bytes, **mode: Any) -> Any:
    source, sink = os.pipe()
    os.write(sink, data)
    os.close(sink)
    return os.fdopen(source, "r" if mode else "rb", **mode)


@pytest.fixture
def held() -> Iterator[tuple[Any, int]]:
    """An output that a process holds open."""
    source, sink = os.pipe()
    yield os.fdopen(source, "rb"), sink
    os.close(sink)


def test_output_is_collected() -> None:
    process = Process(stdout=output(b"out"), stderr=output(b"err"))
    streams = Streams(process, None, {})
    assert process.stdout.closed  # the thread has its own
    assert streams.finish(HANG_LIMIT) == (b"out", b"err")


def test_text_is_as_that_of_subprocess() -> None:
    data = "größer\r\nzwei\rdrei\n".encode("utf-16")
    process = Process(stdout=output(data, encoding="utf-16"))
    assert Streams(process, None, {}).finish(HANG_LIMIT) == ("größer\nzwei\ndrei\n", None)


def test_errors_of_text_are_as_that_of_subprocess() -> None:
    process = Process(stdout=output(b"a\xff", encoding="ascii", errors="replace"))
    assert Streams(process, None, {}).finish(HANG_LIMIT) == ("a\ufffd", None)
    process = Process(stdout=output(b"a\xff", encoding="ascii"))
    streams = Streams(process, None, {})
    with pytest.raises(UnicodeDecodeError):
        streams.finish(HANG_LIMIT)


def test_output_that_does_not_end_is_what_there_is(held: tuple[Any, int]) -> None:
    os.write(held[1], b"some")
    streams = Streams(Process(stdout=held[0]), None, {})
    assert streams.finish(0.5)[0] in (b"", b"some")  # by how busy the machine is


def test_text_that_does_not_end_may_end_within_a_character(held: tuple[Any, int]) -> None:
    stream = os.fdopen(os.dup(held[0].fileno()), encoding="utf-8")
    held[0].close()
    os.write(held[1], "größer".encode()[:3])
    streams = Streams(Process(stdout=stream), None, {})
    assert streams.finish(0.5)[0] in ("", "gr")


def test_output_that_is_shown_is_not_collected() -> None:
    shown: list[bytes] = []
    streams = Streams(Process(stdout=output(b"out")), None, {"stdout": shown.append})
    assert streams.finish(HANG_LIMIT) == (None, None)
    assert shown == [b"out"]


def test_output_for_what_is_gone_is_dropped() -> None:
    def show(_data: bytes) -> None:
        raise OSError

    streams = Streams(Process(stderr=output(b"err")), None, {"stderr": show})
    assert streams.finish(HANG_LIMIT) == (None, None)


@pytest.mark.parametrize("mode", [{}, {"encoding": "utf-16"}], ids=["bytes", "text"])
def test_input_is_written_to_its_end(mode: dict[str, Any]) -> None:
    source, sink = os.pipe()
    stream = os.fdopen(sink, "w" if mode else "wb", **mode)
    streams = Streams(Process(stdin=stream), "ä\n" if mode else memoryview(b"ab"), {})
    with open(source, "rb") as reader:
        found = reader.read()
    streams.finish(HANG_LIMIT)
    assert found == (f"ä{os.linesep}".encode("utf-16") if mode else b"ab")


@pytest.mark.parametrize(("mode", "data"), [("wb", "text"), ("w", b"bytes")])
def test_input_of_the_wrong_kind_is_refused(mode: str, data: Any) -> None:
    source, sink = os.pipe()
    with open(source, "rb"), os.fdopen(sink, mode) as stream, pytest.raises(TypeError):
        Streams(Process(stdin=stream), data, {})


def test_input_that_is_not_read_is_no_error() -> None:
    source, sink = os.pipe()
    os.close(source)
    streams = Streams(Process(stdin=os.fdopen(sink, "wb")), b"x", {})
    assert streams.finish(HANG_LIMIT) == (None, None)


@pytest.mark.parametrize(
    ("bufsize", "text"), [(-1, False), (-1, True), (0, False), (0, True), (1, True), (8192, False)]
)
def test_any_buffer_size_of_popen(bufsize: int, text: bool) -> None:
    data = "x" * 300_000
    code = "import sys; sys.stdout.write(sys.stdin.read())"
    pipe = subprocess.PIPE
    command = [sys.executable, "-S", "-c", code]
    with subprocess.Popen(command, bufsize, stdin=pipe, stdout=pipe, text=text) as process:
        found = Streams(process, data if text else data.encode(), {}).finish(HANG_LIMIT)[0]
    assert found == (data if text else data.encode())
