"""`Popen` and `run` on POSIX, over process groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from subprocess import CompletedProcess, TimeoutExpired
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _arguments, _errors, _posix
from ._types import CtrlEvent

if TYPE_CHECKING:
    _Popen = subprocess.Popen[Any]
else:
    _Popen = subprocess.Popen

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix_spawn is for POSIX; Windows has ctrlevent._spawn and _run")

# Seconds that a command has to end by itself after SIGINT.
GRACE = 3.0


class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own.

    Takes every argument of `subprocess.Popen`, and `console`: "inherit" (the default) or "own", a
    session of its own without a terminal.
    """

    def __init__(self, args: Any, *positional: Any, console: str = "inherit", **named: Any) -> None:
        if console not in ("inherit", "own"):
            raise ValueError(f'console must be "inherit" or "own", not {console!r}')
        if console == "own":
            named["start_new_session"] = True
        elif sys.version_info >= (3, 11):
            named.setdefault("process_group", 0)
        else:
            # Nothing else did this before Python 3.11. It is called between fork and exec, which
            # is safe for as long as it does nothing but this one system call.
            named.setdefault("preexec_fn", os.setpgrp)
        super().__init__(args, *positional, **named)

    @property
    def pgid(self) -> int:
        """The id of the child's process group, which is the child's pid."""
        return self.pid

    def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send SIGINT to the child's group. Does nothing when the child has ended."""
        self._signal(CtrlEvent.CTRL_C_EVENT, timeout)

    def send_signal(self, sig: int) -> None:
        """Send a signal to the child's group. Does nothing when the child has ended."""
        self._signal(sig, 5.0)

    def _signal(self, sig: int, timeout: float | None) -> None:
        if self.poll() is None:
            _posix.killpg(self.pid, sig, timeout=timeout)

    def kill(self) -> None:
        """End the child alone, with SIGKILL."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """End the child alone, with SIGTERM."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


class Contained(Popen):
    """A `Popen` whose whole process group can be ended."""

    def end_tree(self) -> None:
        """End the child and what is left of its process group, and wait for the child."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


class Outcome(NamedTuple):
    """How a contained command ended. Its process group is gone."""

    process: Contained
    output: Any
    errors: Any
    broken_off: BaseException | None


def run(
    args: Any,
    *,
    console: str = "own",
    timeout: float | None = None,
    input: Any = None,
    capture_output: bool = False,
    check: bool = False,
    **named: Any,
) -> CompletedProcess[Any]:
    """Run a command in a process group of its own, which is gone when this returns.

    Like `subprocess.run`. `console`: "own" (the default), a session without a terminal; "shared" or
    "inherit", that of the caller. `timeout`, in seconds: then the group gets SIGINT, and 3 seconds
    later SIGKILL. What leaves its process group, as daemons do, is not ended.

    Raises `subprocess.TimeoutExpired`, `subprocess.CalledProcessError` (`check`), `ValueError`.
    """
    outcome = contain(args, console, _arguments.seconds(timeout), input, capture_output, named)
    process = outcome.process
    if outcome.broken_off is not None:
        raise outcome.broken_off
    if check and process.returncode:
        raise subprocess.CalledProcessError(
            process.returncode, process.args, outcome.output, outcome.errors
        )
    return CompletedProcess(process.args, process.returncode, outcome.output, outcome.errors)


def contain(
    args: Any,
    console: str,
    seconds: float,
    input: Any = None,
    capture_output: bool = False,
    named: dict[str, Any] | None = None,
) -> Outcome:
    """What `run` does, but for what it makes of the outcome."""
    named = dict(named or {})
    if input is not None:
        named["stdin"] = subprocess.PIPE
    if capture_output:
        named["stdout"] = named["stderr"] = subprocess.PIPE
    kind = "inherit" if console == "shared" else console
    broken_off: BaseException | None = None
    output: Any = None
    errors: Any = None
    with Contained(args, console=kind, **named) as process:
        try:
            limit = None if seconds == float("inf") else seconds
            output, errors = process.communicate(input, timeout=limit)
        except (KeyboardInterrupt, TimeoutExpired) as error:
            broken_off = error
            with contextlib.suppress(OSError):
                process.interrupt()
            with contextlib.suppress(TimeoutExpired):
                process.wait(GRACE)
        finally:
            process.end_tree()
        if broken_off is not None:
            output, errors = process.communicate()
    return Outcome(process, output, errors, broken_off)


def create_process(*args: Any, **named: Any) -> Any:
    """Not on POSIX: use `subprocess`. Raises OSError (ENOSYS)."""
    raise _errors.unsupported("create_process is CreateProcessW; use subprocess.Popen")
