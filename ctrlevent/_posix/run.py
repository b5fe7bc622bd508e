"""`run` on POSIX: how a contained command is waited for and interrupted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _patience
from .._streams import Streams
from .._subprocess import TimeoutExpired
from .._unpatched import monotonic, sleep
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import held_back, popen

if TYPE_CHECKING:
    from .._patience import Patience, Presses
    from .._protocol import RunResult

# In seconds: how soon the exit of a command is seen, from the first look on, and at the latest.
_FIRST_PAUSE = 0.0005
_PAUSE = 0.05

# In seconds: how long the rest of the output may take to arrive when the group is gone. What is not
# there by then is held up by a daemon, which has left the group and keeps the pipe open.
_COLLECTED_WITHIN = 3.0


def run(
    contained: Callable[..., Any],
    args: Any,
    input: Any,
    named: dict[str, Any],
    patience: Patience,
    presses: Presses,
    inject: bool,
) -> RunResult:
    streams: list[Streams] = []
    with contained(args, **named) as process:
        try:
            # As a whole: it duplicates the file descriptors of the pipes.
            held_back.call(lambda: streams.append(Streams(process, input, {})))
            broken_off = _patience.wait(_Command(process), patience, presses)
        finally:
            process.end_tree()
        output, errors = streams[0].finish(_COLLECTED_WITHIN)
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return process, output, errors, broken_off


class _Command:
    """Implements `_patience.Command`."""

    monotonic = staticmethod(monotonic)

    def __init__(self, process: Any) -> None:
        self._process = process
        self.args = process.args
        self._pause = _FIRST_PAUSE

    def wait_until(self, deadline: float) -> bool:
        # Not process.wait: its time limit is on a clock that a test may have frozen.
        while not self._has_exited():
            left = deadline - monotonic()
            if left <= 0:
                return False
            sleep(min(left, self._pause))
            self._pause = min(2 * self._pause, _PAUSE)
        return True

    def interrupt(self) -> OSError | None:
        try:
            if not self._has_exited():
                os.killpg(self._process.pid, signal.SIGINT)
        except OSError as error:
            return None if self._has_exited() else error
        return None

    def _has_exited(self) -> bool:
        # Not process.poll: an exception in it may leave its lock locked, and then process.wait
        # waits for ever. (CPython acquires the lock outside of the `try` that releases it.)
        if not popen.CAN_LOOK:
            return self._process.poll() is not None
        try:
            return popen.has_exited(self._process.pid)
        except ChildProcessError:  # SIGCHLD is ignored, or other code has waited for it
            return True
