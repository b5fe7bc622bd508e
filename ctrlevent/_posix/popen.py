"""What a `Popen` on POSIX is besides a `subprocess.Popen`: leader of a group, hearing SIGINT."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .._subprocess import TimeoutExpired
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os

if TYPE_CHECKING:
    from .._protocol import Tree

# Seconds that a child has to exit by itself when its start was broken off.
_GRACE = 3.0


class _InChild(NamedTuple):
    """A `preexec_fn`, called between fork and exec.

    That is safe in spite of threads for as long as it makes system calls only: no lock that another
    thread may have held is needed for them.
    """

    leads_group: bool
    heard: tuple[int, ...]
    then: Callable[[], object] | None

    def __call__(self) -> None:  # pragma: no cover - in the child, before exec
        if self.leads_group:
            os.setpgrp()
        for number in self.heard:
            signal.signal(number, signal.SIG_DFL)
        if self.then is not None:
            self.then()


def _ignored_events() -> tuple[int, ...]:
    """What a child would ignore, too: exec resets what is handled, not what is ignored."""
    events = (signal.SIGINT, signal.SIGQUIT)
    return tuple(number for number in events if signal.getsignal(number) == signal.SIG_IGN)


class Start:
    """The start of a child that leads a group and hears SIGINT."""

    def __init__(self, named: dict[str, Any], console: str, tree: Tree | None) -> None:
        self._tree = tree
        leads_group = False
        named["start_new_session"] = named["start_new_session"] or console == "own"
        if named["start_new_session"]:
            named.pop("process_group", None)  # the leader of a session leads a group already
        elif sys.version_info >= (3, 11):
            named["process_group"] = 0
        else:  # pragma: no cover - nothing else did this before 3.11; see `nox -s versions`
            leads_group = True
        heard = _ignored_events() if named["restore_signals"] else ()
        if leads_group or heard:
            named["preexec_fn"] = _InChild(leads_group, heard, named["preexec_fn"])

    def let_run(self, _process: Any) -> None:
        """It runs already."""

    def abandon(self, process: Any) -> None:
        # A Ctrl+C comes at any moment: the child may be there, and no other code would end it.
        if self._tree is None or not getattr(process, "pid", None):
            return
        if process.returncode is None:
            # A second Ctrl+C is not for waiting any longer.
            with contextlib.suppress(KeyboardInterrupt, TimeoutExpired):
                with contextlib.suppress(OSError):
                    process.send_signal(signal.SIGINT)
                process.wait(_GRACE)
            process.kill()  # if it did not lead its group yet
            self._tree.end(process)


class ProcessGroup:
    """A child with the rest of its process group."""

    def end(self, process: Any) -> None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Without a child there is nothing to end."""


start, tree = Start, ProcessGroup


def further_patches(
    popen_class: Callable[[], type[Any]], os_kill: Callable[[int, int], None]
) -> list[tuple[Any, ...]]:
    return []  # `subprocess` does already as it is told


def end_child(process: Any, terminate: Callable[[], None], signal_name: str) -> None:
    if process.poll() is None:
        os.kill(process.pid, getattr(signal, signal_name))
