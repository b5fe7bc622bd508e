"""What a terminal has shown: `_screen`."""

from __future__ import annotations

from time import monotonic

from ctrlevent._screen import Screen


def test_character_that_is_divided_between_two_pieces() -> None:
    screen = Screen(monotonic)
    screen.put("<\u2603".encode()[:2])
    assert screen.take(0) == "<"
    screen.put("\u2603>".encode()[1:])
    assert screen.take(0) == "\u2603>"


def test_what_is_no_utf8_is_replaced_at_the_end_too() -> None:
    screen = Screen(monotonic)
    screen.put(b"\xff")
    screen.put(b"\xe2")
    assert screen.take(0) == "\ufffd"
    screen.finish()
    assert screen.take(0) == "\ufffd"
    assert screen.take(float("inf")) == ""


def test_all_that_there_is_comes_at_once() -> None:
    screen = Screen(monotonic)
    for piece in (b"a", b"b", b"", b"c"):
        screen.put(piece)
    screen.finish()
    assert screen.take(float("inf")) == "abc"
    assert screen.take(float("inf")) == ""
