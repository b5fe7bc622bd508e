"""A guard on POSIX, where a terminal leaves no event pending: there is nothing to do."""

from __future__ import annotations


class ConsoleGuard:
    """Implements `_protocol.ConsoleGuard`."""

    pid = None
    is_needed = False

    def start(self) -> None:
        pass

    def clear(self, seconds: float) -> bool | None:  # noqa: ARG002
        return False

    def found(self) -> int:
        return 0

    def stop(self) -> None:
        pass


def guard(every: float | None) -> ConsoleGuard:
    return ConsoleGuard()


def guard_pids() -> set[int]:
    return set()
