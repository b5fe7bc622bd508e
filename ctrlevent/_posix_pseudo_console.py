"""`PseudoConsole` on POSIX: there is none."""

from __future__ import annotations

from typing import Any

from . import _errors


class PseudoConsole:
    """Not on POSIX: use the standard library's `pty`. Raises OSError (ENOSYS)."""

    def __init__(self, columns: int = 120, rows: int = 30) -> None:  # noqa: ARG002
        raise _errors.unsupported("PseudoConsole is CreatePseudoConsole; use the pty module")

    def __getattr__(self, name: str) -> Any:  # so that portable code passes a type checker
        raise AttributeError(name)
