"""The output of a child: all that was written before it is asked for, and nothing else."""

from __future__ import annotations

import os
from typing import Any, Callable

import pytest

from ctrlevent import _output
from ctrlevent._output import Output
from tests.waiting import wait_until


def output(show: Callable[[str], object] = len, encoding: str = "utf-8") -> Output:
    return Output(encoding, "backslashreplace", show)


def is_closed(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 65536])
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([b"one\n", b"two\n"], "one\ntwo\n"),
        ([b"one\r\n", b"two\r", b"\nthree"], "one\ntwo\nthree"),
        (["\u2713".encode()[:1], "\u2713\n".encode()[1:]], "\u2713\n"),
        ([b"\xff\n"], "\\xff\n"),
        ([b"a\0", b"b\0\0c"], "a\0b\0\0c"),
        ([b"\0mark-", b"x", b"\0mark-1\0"], "\0mark-x\0mark-1\0"),
    ],
    ids=["lines", "line ends", "character in two", "not utf-8", "zeros", "like a mark"],
)
def test_has_all_that_was_written(
    monkeypatch: pytest.MonkeyPatch, chunk: int, pieces: list[bytes], text: str
) -> None:
    monkeypatch.setattr(_output, "_CHUNK", chunk)
    collected = output()
    for piece in pieces:
        os.write(collected.sink, piece)
        collected.text()  # which writes a mark between the pieces
    assert collected.text() == text
    collected.close()
    assert collected.text() == text


def test_shows_it_as_it_comes() -> None:
    shown: list[str] = []
    collected = output(shown.append)
    for piece in ("one\n", "two\n"):
        os.write(collected.sink, piece.encode())
        collected.text()
    assert shown == ["one\n", "two\n"]
    collected.close()


def test_what_cannot_be_shown_is_collected_all_the_same() -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    collected = output(fail)
    os.write(collected.sink, b"one\n")
    assert collected.text() == "one\n"
    collected.close()


def test_nothing_after_the_close() -> None:
    """Another process may still hold the pipe."""
    collected = output()
    other = os.dup(collected.sink)
    try:
        os.write(other, b"before\n")
        collected.close()
        with pytest.raises(OSError):  # noqa: PT011  # the number depends on the system
            os.write(other, b"after\n")
    finally:
        os.close(other)
    assert collected.text() == "before\n"
    collected.close()


def test_what_is_dropped_closes_its_pipe() -> None:
    collected = output()
    sink = collected.sink
    del collected
    wait_until(lambda: is_closed(sink), "the end of the thread")


def test_unknown_encoding() -> None:
    with pytest.raises(LookupError, match="no-such"):
        output(encoding="no-such")


def test_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> Any:
        raise OSError(24, "too many")

    monkeypatch.setattr(os, "pipe", pipe)
    with pytest.raises(OSError, match="too many"):
        output()
