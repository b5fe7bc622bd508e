"""What `python -m ctrlevent stop` does: a process is asked with a Ctrl+C, waited for, and ended.

The process is no child of the caller, so it has to be found, and held while the caller waits: the
half does that. Here stands in which order, and what a refusal leads to.
"""

from __future__ import annotations

from . import _arguments, _signals
from ._errors import CtrlCIgnored, NoConsole, make
from ._half import half
from ._types import CtrlEvent
from ._typing import TYPE_CHECKING, NamedTuple
from ._unpatched import system_calls

if TYPE_CHECKING:
    from ._types import Preview

# In seconds: how long a process that is still starting is waited for, as by `os_kill`.
_ASK_WITHIN = 5.0

# In seconds: how soon the processes that are ended must be gone.
_GONE_WITHIN = 10.0


class Stopped(NamedTuple):
    """How a process was stopped. All processes that were meant are gone."""

    exit_code: int | None
    """None where the system does not tell it: on POSIX; on Windows, if the process was gone before
    it could be held again."""
    was_ended: bool
    """Whether the process itself had to be ended."""
    rest_was_ended: bool
    """Whether others of its group, or descendants, had to be ended after it had exited."""
    unasked: OSError | None
    """Why no Ctrl+C can reach it; None: it was asked."""


def stop(pid: int, grace: float, *, inject: bool = True) -> Stopped:
    """Ctrl+C to what `os_kill` means by a pid; what has not exited `grace` seconds later is ended.

    `grace` 0: it is ended without a Ctrl+C.

    A process that no Ctrl+C can reach, as it ignores that or is a GUI program, is ended at once:
    it does not know that it should exit, so it would not within any time.

    Raises what `os_kill` raises else, `PermissionError` also if the process may not be ended, and
    `ValueError` for the caller itself: with nothing sent and no process ended. `TimeoutError` if
    its processes are not gone some seconds after they were ended.
    """
    pid, seconds = _target(pid), _arguments.seconds(grace, "grace")
    options = _arguments.options(_ASK_WITHIN, inject, waits=False)
    unasked: OSError | None = None
    with half.stopping(pid) as process:
        try:
            if seconds:
                process.interrupt(options)
        except (CtrlCIgnored, NoConsole) as error:
            unasked = error
        except TimeoutError:
            pass  # the helper process has not answered: it may have sent
        except ProcessLookupError:
            pass  # it has exited meanwhile; its group may have other members
        if seconds and unasked is None and process.wait(seconds):
            return Stopped(process.exit_code, False, False, None)
        was_running = process.is_running()
        process.end()
        if not process.wait(_GONE_WITHIN):
            raise make(
                TimeoutError,
                f"process {pid} was ended, and it or another of its group is not gone yet; look"
                f" again with `ps --tree {pid}`",
            )
        return Stopped(process.exit_code, was_running, not was_running, unasked)


def preview(pid: int, *, inject: bool = True) -> Preview:
    """Which processes `stop` would ask, and how. Raises what the asking raises."""
    with half.stopping(_target(pid)) as process:
        to, tree = process.named
    return _signals.preview_kill(
        to, CtrlEvent.CTRL_C_EVENT, timeout=_ASK_WITHIN, tree=tree, inject=inject
    )


def _target(pid: int) -> int:
    number = _arguments.process_id(pid)
    if number in (0, system_calls.getpid()):
        raise ValueError("stop is for another process: this pid is that of the caller")
    return number
