"""Servers for many histories: a start takes longer than ten histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tools.bed import bed, consoles
from tests.tools.conhost.server import MOST_PIDS, Server, State

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_PROCESSES = 400
"""In one history."""


class Servers:
    """Of one build. A server that is given back is used again, with other process ids."""

    def __init__(self, build: str = consoles.NEWEST) -> None:
        self.build = build
        self._place = bed.console(build)
        self._free: list[Server] = []
        self._next_pid: dict[Server, int] = {}

    def take(self) -> tuple[Server, int]:
        """A server without clients, and the first of the process ids that are free on it."""
        server = self._free.pop() if self._free else Server(*self._place)
        first = self._next_pid.get(server, 4000)
        self._next_pid[server] = first + 4 * MOST_PROCESSES
        return server, first

    def give_back(self, server: Server, pids: Iterable[int]) -> None:
        """Let all clients go, and forget these processes, so that nothing is left of the history.

        A server that is spent, or has no process ids left, is closed.
        """
        if server.is_spent or self._next_pid[server] > MOST_PIDS - 10_000:
            self._drop(server)
            return
        for pid in pids:
            server.process(pid, 0, State.FORGOTTEN)
        server.settle()
        self._free.append(server)

    def drop_all(self) -> None:
        """Close all of them, also those that were not given back."""
        for server in list(self._next_pid):
            self._drop(server)

    def drop_taken(self) -> None:
        """Close those that were not given back."""
        for server in set(self._next_pid) - set(self._free):
            self._drop(server)

    def _drop(self, server: Server) -> None:
        del self._next_pid[server]
        if server in self._free:
            self._free.remove(server)
        server.close()
