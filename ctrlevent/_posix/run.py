"""`run` on POSIX: how a contained command is waited for and interrupted."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _held_back, _patience
from .._streams import Streams
from .._subprocess import TimeoutExpired
from .._typing import TYPE_CHECKING
from .._unpatched import monotonic
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import waits

if TYPE_CHECKING:
    from typing import Any, Callable

    from .._patience import Patience, Presses
    from .._protocol import RunResult

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
            _held_back.call(lambda: streams.append(Streams(process, input, {})))
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

    def wait_until(self, deadline: float) -> bool:
        # Not process.wait: its time limit is on a clock that a test may have frozen.
        return waits.until(deadline, lambda: waits.is_over(self._process))

    def interrupt(self) -> OSError | None:
        try:
            if not waits.is_over(self._process):
                os.killpg(self._process.pid, signal.SIGINT)
        except OSError as error:
            return None if waits.is_over(self._process) else error
        return None
