"""What a `Popen` on POSIX is besides a `subprocess.Popen`: leader of a group, hearing SIGINT."""

from __future__ import annotations

import contextlib
import sys

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _held_back
from .._types import CtrlEvent
from .._typing import TYPE_CHECKING, NamedTuple
from .._unpatched import monotonic, sleep
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import forked, processes, signals, waits
from .waits import has_exited

if TYPE_CHECKING:
    from typing import Any, Callable

    from .._arguments import Options
    from .._protocol import Tree

# Seconds that a child has to exit by itself when its start was broken off; and how soon its exit is
# seen at most.
_GRACE = 3.0
_SLICE = 0.005


class InChild(NamedTuple):
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

    is_deaf = hears_keys = (
        False  # a key is for the process group of the terminal, which has its own
    )

    def __init__(
        self,
        named: dict[str, Any],
        console: str,
        keyboard: bool,  # noqa: ARG002  # no key reaches it: see above
        tree: Tree | None,  # noqa: ARG002
    ) -> None:
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
            named["preexec_fn"] = InChild(leads_group, heard, named["preexec_fn"])

    _before: frozenset[int] | None = None

    def run(self, _process: Any, create: Callable[[], None]) -> None:
        # In this thread: Linux can be asked to end a child with the thread that has forked it
        # (PR_SET_PDEATHSIG), as `bwrap --die-with-parent` does.
        self._before = forked.children_of_this_thread()
        _held_back.call(create)

    def abandon(self, process: Any) -> None:
        with contextlib.ExitStack() as closing:
            for name in ("stdin", "stdout", "stderr"):
                stream = getattr(process, name, None)
                if stream is not None:
                    closing.callback(stream.close)
            if getattr(process, "returncode", None) is None:
                pid = getattr(process, "pid", None) or forked.lost_child(self._before)
                if pid is not None:
                    process.returncode = ended(pid)


def ended(pid: int) -> int:
    """End a child that is not waited for yet, with its process group; its exit status.

    It runs already, so it is sent a SIGINT first. If it was waited for already, its pid is that of
    another process by now, or of none, and the status is not known: 0.
    """
    try:
        # A second Ctrl+C is not for waiting any longer.
        with contextlib.suppress(KeyboardInterrupt):
            if not has_exited(pid):
                _send(pid, signal.SIGINT)
            deadline = monotonic() + _GRACE
            while not has_exited(pid) and monotonic() < deadline:
                sleep(_SLICE)
        _send(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # it may not lead a group yet
        os.killpg(pid, number)
        return
    os.kill(pid, number)


class ProcessGroup:
    """A child with the rest of its process group."""

    _is_gone = False

    def wait(self, process: Any, end: float) -> bool:
        if not waits.until(end, lambda: waits.is_over(process)):
            return False
        try:
            # Until it is waited for, the pid of the child stays its own, and so does its group.
            return waits.until(end, lambda: not processes.of_group(process.pid))
        except OSError:  # without /proc the others are not known, and what is left is ended
            return True

    def end(self, process: Any) -> None:
        if not self._is_gone:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._is_gone = True


start = Start


def whole(function: Callable[[], object]) -> None:
    _held_back.call(function)


def tree(contain: bool) -> Tree:
    """The group in any case: POSIX has no jobs."""
    return ProcessGroup()


def interrupt(pgid: int, options: Options, *, is_deaf: bool, deafens: bool) -> None:
    signals.killpg(pgid, CtrlEvent.CTRL_C_EVENT, options)


def further_patches(
    popen_class: Callable[[], type[Any]], os_kill: Callable[[int, int], None]
) -> list[tuple[Any, ...]]:
    return []  # `subprocess` does already as it is told


def end_child(process: Any, terminate: Callable[[], None], signal_name: str) -> None:
    if process.poll() is None:
        os.kill(process.pid, getattr(signal, signal_name))
