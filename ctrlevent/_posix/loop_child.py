"""A child that an event loop starts, on POSIX: its group, and SIGINT held back meanwhile."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Callable

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _held_back
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import forked, popen, processes, waits


class LoopChild(popen.Start):
    starts_at_once = sends_at_once = True  # the child runs already; and `os.killpg` does not wait

    _pid: int | None = None

    def __init__(
        self, named: dict[str, Any], console: str, keyboard: bool, takes_process_group: bool
    ) -> None:
        named.setdefault("preexec_fn", None)
        named.setdefault("restore_signals", True)
        named.setdefault("start_new_session", False)
        super().__init__(named, console, keyboard, None)
        if not takes_process_group and named.pop("process_group", None) is not None:
            named["preexec_fn"] = popen.InChild(True, (), named["preexec_fn"])

    def create(self, begin: Callable[[], object]) -> None:
        before = forked.children_of_this_thread()
        try:
            _held_back.call(begin)
        except BaseException:
            # A handler has raised it: of another signal than SIGINT, or of a second SIGINT. Or the
            # loop has ended the child, and has not waited for it yet.
            pid = _new_child(before)
            if pid is not None:
                popen.ended(pid)
            raise
        # Where the system does not say it, it is known when there is a transport.
        self._pid = _new_child(before)

    def let_run(self, pid: int, process: Any) -> None:  # noqa: ARG002  # it runs already
        self._pid = pid

    def has_exited(self) -> bool:
        assert self._pid is not None
        try:
            return waits.has_exited(self._pid)
        except ChildProcessError:  # the loop, or a thread of it, has waited for it
            return True

    def is_gone(self) -> bool:
        assert self._pid is not None
        try:
            return not processes.of_group(self._pid)
        except OSError:  # without /proc the others are not known, and what is left is ended
            return True

    def end(self) -> None:
        """The loop waits for the child. From then on, its pid may be that of another process.

        But not while the group has a member.
        """
        pid = self._pid
        if pid is None:
            return
        try:
            waits.has_exited(pid)
        except ChildProcessError:
            if _is_in_use(pid):
                return
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)

    def clear_first(self) -> None:
        """There is no guard on POSIX."""


def _new_child(before: frozenset[int] | None) -> int | None:
    """If there is exactly one: a signal handler may have started others."""
    if before is None:
        return None
    new = (forked.children_of_this_thread() or frozenset()) - before
    return next(iter(new)) if len(new) == 1 else None


def _is_in_use(pid: int) -> bool:
    try:
        os.getpgid(pid)
    except ProcessLookupError:
        return False
    return True


loop_child = LoopChild
