"""`PseudoConsole` on POSIX: there is none."""

from __future__ import annotations

from typing import Any

from . import _errors


class PseudoConsole:
    """Not on POSIX: use the standard library's `pty`. Raises OSError (ENOSYS)."""

    def __init__(self, columns: int = 120, rows: int = 30) -> None:  # noqa: ARG002
        raise _errors.unsupported("PseudoConsole is CreatePseudoConsole; use the pty module")

    # What follows is for type checkers: portable code names these, but there never is an instance.

    def __enter__(self) -> Any: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def __getattr__(self, name: str) -> Any: ...
