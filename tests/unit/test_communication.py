"""`communicate` of a Popen: what `subprocess` promises of it, on any system."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT, growing_limits

pipe = subprocess.PIPE

COPIES = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data)"


def start(code: str, *arguments: str, **options: Any) -> ctrlevent.Popen:
    return ctrlevent.Popen([sys.executable, "-S", "-c", code, *arguments], **options)


@pytest.mark.parametrize("bufsize", [-1, 0])
def test_bytes_go_both_ways(bufsize: int) -> None:
    data = bytes(range(256)) * 4000
    with start(COPIES, stdin=pipe, stdout=pipe, bufsize=bufsize) as child:
        assert child.communicate(data, timeout=HANG_LIMIT) == (data, None)


def test_text_has_its_newlines() -> None:
    with start(COPIES, stdin=pipe, stdout=pipe, encoding="utf-8") as child:
        assert child.communicate("eins\nzw\u00f6lf\n")[0] == "eins\nzw\u00f6lf\n"


def test_what_was_read_of_a_line_before_is_not_lost() -> None:
    code = "print('one'); print('two'); print('three')"
    for text in (True, False):
        with start(code, stdout=pipe, stderr=pipe, text=text) as child:
            assert child.stdout
            assert child.stdout.readline().split() in (["one"], [b"one"])
            assert [part.split() for part in child.communicate()] in (
                [["two", "three"], []],
                [[b"two", b"three"], []],
            )


def test_what_was_written_before_comes_before_the_input() -> None:
    with start(COPIES, stdin=pipe, stdout=pipe) as child:
        assert child.stdin
        child.stdin.write(b"first ")
        assert child.communicate(b"second")[0] == b"first second"


def test_time_limit_says_what_came_and_a_second_call_goes_on() -> None:
    code = "import sys; print('one', flush=True); sys.stdin.read(); print('two')"
    for text in (True, False):
        with start(code, stdin=pipe, stdout=pipe, text=text) as child:
            keep = child.stdin
            child.stdin = None
            output = b""
            for limit in growing_limits(0.1):
                with pytest.raises(subprocess.TimeoutExpired) as error:
                    child.communicate(timeout=limit)
                assert error.value.timeout == limit
                output = error.value.output
                if output:
                    break
            assert output.split() == [b"one"]
            assert keep
            keep.close()
            assert child.communicate(timeout=HANG_LIMIT)[0].split() in (
                ["one", "two"],
                [b"one", b"two"],
            )


def test_input_comes_with_the_first_call_only() -> None:
    with start(COPIES, stdin=pipe, stdout=pipe) as child:
        child.communicate(b"x")
        with pytest.raises(ValueError, match="after starting communication"):
            child.communicate(b"y")


@pytest.mark.parametrize(("data", "text"), [("text", False), (b"bytes", True)])
def test_input_of_the_wrong_kind_is_refused_and_nothing_is_lost(data: Any, text: bool) -> None:
    with start(COPIES, stdin=pipe, stdout=pipe, text=text) as child:
        with pytest.raises(TypeError):
            child.communicate(data)
        right: Any = "x" if text else b"x"
        assert child.communicate(right)[0] == right


def test_child_that_reads_no_input_is_no_error() -> None:
    with start("", stdin=pipe, stdout=pipe) as child:
        assert child.communicate(b"x" * 1_000_000, timeout=HANG_LIMIT) == (b"", None)


def test_output_that_is_no_text_is_raised() -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\xfd')"
    with start(code, stdout=pipe, encoding="utf-8") as child, pytest.raises(UnicodeDecodeError):
        child.communicate(timeout=HANG_LIMIT)


def test_without_pipes_it_waits() -> None:
    with start("raise SystemExit(4)") as child:
        assert child.communicate() == (None, None)
        assert child.returncode == 4
