"""What is left to send an event by, for tests of the policy."""

from __future__ import annotations

from ctrlevent._windows.policy import Means


def means(
    may_wait: bool = True,
    threads_first: bool = False,
    no_thread: OSError | None = None,
    has_helper: bool = True,
    inject: bool = True,
    caller: int = 1000,
) -> Means:
    """By default in time, by the helper process if there is a choice, and nothing tried yet."""
    return Means(lambda: may_wait, threads_first, inject, no_thread, lambda: has_helper, caller)


MEANS = means()
