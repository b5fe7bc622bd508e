"""What `ready` may be, and when it has come about."""

from __future__ import annotations

import re
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from ctrlevent import _ready
from ctrlevent._ready import Lines, condition


class Written:
    def __init__(self, text: str = "") -> None:
        self.text = text
        self.lines = Lines(lambda: self.text)


def test_each_line_is_looked_at_once() -> None:
    written = Written("one 1\ntwo\none 2\n")
    found = [written.lines.search(re.compile("one ([0-9])")) for _ in range(3)]
    assert [match and match[1] for match in found] == ["1", "2", None]


def test_line_counts_when_it_is_complete() -> None:
    written = Written("port 80")
    awaited = condition(re.compile(r"port ([0-9]+)"), written.lines)
    assert not awaited.look()
    written.text += "80\n"
    assert awaited.look()[1] == "8080"


def test_last_line_is_complete_when_no_more_comes() -> None:
    written = Written("one\nthe end")
    awaited = condition("the end", written.lines)
    assert not awaited.look()
    written.lines.are_all = True
    assert awaited.look().string == "the end"
    assert not awaited.look()


def test_text_is_no_expression() -> None:
    awaited = condition("a.c", Written("abc\n").lines)
    assert not awaited.look()
    assert awaited.told == "'a.c' is in no line of its output"


@pytest.mark.parametrize("host", [None, "localhost"])
def test_port_is_ready_when_something_listens_there(host: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        awaited = condition(port if host is None else (host, port), None)
        assert awaited.look()
    assert not awaited.look()
    where = f"port {port}" if host is None else f"port {port} of localhost"
    assert awaited.told == f"{where} is not open"


def test_port_where_no_test_may_have_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with pytest-socket. Its `socket` is not used."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(socket, "socket", None)
        assert condition(listener.getsockname()[1], None).look()


def sockets(**replaced: Any) -> Any:
    made = SimpleNamespace(
        settimeout=lambda _: None,
        connect=lambda _: None,
        getsockname=lambda: ("127.0.0.1", 1),
        getpeername=lambda: ("127.0.0.1", 2),
        close=lambda: None,
    )
    return SimpleNamespace(**{"socket": lambda *_: made, **replaced}), made


def test_connection_to_itself_is_none() -> None:
    module, made = sockets()
    address = ("127.0.0.1", 2)
    assert _ready._connects(module, 2, 1, 6, "", address)
    made.getsockname = made.getpeername
    assert not _ready._connects(module, 2, 1, 6, "", address)


def test_family_that_the_system_has_not_got() -> None:
    def refuse(*_: object) -> None:
        raise OSError(97, "not supported")

    module, _ = sockets(socket=refuse)
    assert not _ready._connects(module, 10, 1, 6, "", ("::1", 2))


def test_host_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    import _socket

    def refuse(*_: object) -> None:
        raise OSError("not known")

    monkeypatch.setattr(_socket, "getaddrinfo", refuse)
    assert not condition(("host", 80), None).look()


def test_function() -> None:
    answers = iter([None, "", "yes"])
    awaited = condition(lambda: next(answers), None)
    assert [awaited.look() for _ in range(3)] == [None, "", "yes"]
    assert "<lambda> returned nothing true" in awaited.told


@pytest.mark.parametrize(
    ("ready", "error"),
    [
        (0, ValueError),
        (65536, ValueError),
        (-1, ValueError),
        (True, TypeError),
        (("host", "80"), TypeError),
        (("host",), TypeError),
        ((1, 2), TypeError),
        (1.5, TypeError),
        (b"text", TypeError),
        (re.compile(b"text"), TypeError),
    ],
)
def test_what_ready_cannot_be(ready: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        condition(ready, Written().lines)


def test_line_of_an_output_that_is_not_collected() -> None:
    with pytest.raises(ValueError, match="not collected"):
        condition("up", None)
