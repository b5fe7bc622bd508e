"""The guards of this process that stand: see `guard`. Whatever makes a console call clears first.

Each console call lets a pending event go, to every process on the console. So `clear_first` is
called just before a call of this package: before it looks which processes are on the console,
before it sends, and before it starts a process there.
"""

from __future__ import annotations

from .._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .guard import ConsoleGuard

# In seconds: a guard answers within 5 ms, but on a busy machine it may take its time.
_WITHIN = 10.0

standing: list[ConsoleGuard] = []


def clear_first() -> None:
    """Raises what `ConsoleGuard.clear` raises: then the call is not made."""
    for guard in standing[-1:]:  # those before it are on the same console
        guard.clear(_WITHIN)
