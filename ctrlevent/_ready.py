"""What `ready` of the fixture `interruptible` may be, and whether it has come about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ._late import importing

if TYPE_CHECKING:
    from typing import Any, Callable

# Seconds that a connection to this machine may take. If something listens, the system answers at
# once, however busy the program is; without a limit, Windows asks a closed port for two seconds.
_CONNECT = 0.5


class Lines:
    """The lines of an output; each is looked at once."""

    def __init__(self, output: Callable[[], str]) -> None:
        self._output = output
        self._start = 0
        self.are_all = False
        """No more comes, so a last line without a line feed is complete."""

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match in a line that is complete, from the line after the last match on."""
        text = self._output()
        if self.are_all and text[self._start :]:
            text += "\n"
        found = None
        while found is None and (end := text.find("\n", self._start)) >= 0:
            found = pattern.search(text[self._start : end])
            self._start = end + 1
        return found


class Condition(NamedTuple):
    look: Callable[[], Any]
    """Something true once it has come about. Does not block. Raises OSError: not yet."""
    told: str
    """Of what it says that it has not come about."""
    ports: tuple[tuple[str, int], ...] = ()
    """Where nothing may listen before the program is started."""


def condition(ready: Any, lines: Lines | None) -> Condition:
    """Raises TypeError and ValueError.

    `lines`: None if the output goes elsewhere.
    """
    if isinstance(ready, (str, re.Pattern)):
        return _line(ready, lines)
    if isinstance(ready, tuple):
        return _place(ready)
    if isinstance(ready, int):
        return _port(("127.0.0.1", "::1"), ready, "")
    if callable(ready):
        return Condition(ready, f"{getattr(ready, '__qualname__', ready)} returned nothing true")
    raise TypeError(
        "ready must be a port, (host, port), the text or the compiled regular expression to be"
        f" found in a line of the output, or a function, not {type(ready).__name__}"
    )


def _line(ready: Any, lines: Lines | None) -> Condition:
    if lines is None:
        raise ValueError(
            f"its output is not collected, so no line of it can be waited for: {ready!r}; leave"
            " stdout out"
        )
    pattern = re.compile(re.escape(ready)) if isinstance(ready, str) else ready
    if not isinstance(pattern.pattern, str):
        raise TypeError(f"the regular expression must be one for text, not bytes: {ready!r}")
    told = repr(ready if isinstance(ready, str) else ready.pattern)
    return Condition(lambda: lines.search(pattern), f"{told} is in no line of its output")


def _place(ready: Any) -> Condition:
    if len(ready) != 2 or not isinstance(ready[0], str):
        raise TypeError(f"ready must be a port, or (host, port), not {ready!r}")
    return _port((ready[0],), ready[1], f" of {ready[0]}")


def _port(hosts: tuple[str, ...], port: Any, where: str) -> Condition:
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"a port must be an int, not {type(port).__name__}")
    if not 1 <= port <= 0xFFFF:
        raise ValueError(
            f"port {port}: give the one that it listens on; if the system chooses it, wait for the"
            " line of the output that names it"
        )
    places = tuple((host, port) for host in hosts)
    where = f"port {port}{where}"
    return Condition(
        lambda: any(accepts(*place) for place in places), f"{where} is not open", places
    )


def accepts(host: str, port: int) -> bool:
    """Whether something listens there. Connects, and closes the connection."""
    with importing:
        # Not `socket`: tests forbid its sockets (pytest-socket), and gevent puts others there.
        import _socket as sockets

    try:
        addresses: list[Any] = sockets.getaddrinfo(host, port, 0, sockets.SOCK_STREAM)
    except OSError:
        return False
    return any(_connects(sockets, *each) for each in addresses)


def _connects(sockets: Any, family: int, kind: int, protocol: int, _: str, address: Any) -> bool:
    connection = None
    try:
        connection = sockets.socket(family, kind, protocol)
        connection.settimeout(_CONNECT)
        connection.connect(address)
        # Where nothing listens, a connection may get the same port on its own side, and meet
        # itself, on Linux.
        return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False
    finally:
        if connection is not None:
            connection.close()
