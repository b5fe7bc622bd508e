"""`Popen` and `run` on POSIX, over process groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from subprocess import CompletedProcess, TimeoutExpired
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from . import _arguments, _errors, _posix
from ._types import CtrlEvent

if TYPE_CHECKING:
    _Popen = subprocess.Popen[Any]
else:
    _Popen = subprocess.Popen

if sys.platform == "win32":  # pragma: no cover - _posix has said so; this is for type checkers
    raise ImportError("ctrlevent._posix_spawn is for POSIX; Windows has ctrlevent._spawn and _run")

# Seconds that a command has to end by itself after SIGINT; and how soon its end is seen at most.
GRACE = 3.0
_SLICE = 0.05


class _SetPgrpAnd(NamedTuple):
    then: Callable[[], object]

    def __call__(self) -> None:  # pragma: no cover - in the child, before exec
        os.setpgrp()
        self.then()


class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own.

    Takes every argument of `subprocess.Popen`, and `console`: "inherit" (the default) or "own", a
    session of its own without a terminal. (But no `process_group` to join, as it leads one.)
    """

    def __init__(
        self,
        args: Any,
        bufsize: int = -1,
        executable: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        preexec_fn: Any = None,
        close_fds: bool = True,
        shell: bool = False,
        cwd: Any = None,
        env: Any = None,
        universal_newlines: bool | None = None,
        startupinfo: Any = None,
        creationflags: int = 0,
        restore_signals: bool = True,
        start_new_session: bool = False,
        pass_fds: Any = (),
        *,
        console: str = "inherit",
        **named: Any,
    ) -> None:
        if console not in ("inherit", "own"):
            raise ValueError(f'console must be "inherit" or "own", not {console!r}')
        if named.get("process_group"):
            raise ValueError("the child leads a process group of its own, it joins no other")
        start_new_session = start_new_session or console == "own"
        if start_new_session:
            named.pop("process_group", None)  # the leader of a session leads a group already
        elif sys.version_info >= (3, 11):
            named["process_group"] = 0
        else:  # pragma: no cover - Python 3.9 and 3.10: see `nox -s versions`
            # Nothing else did this before Python 3.11. It is called between fork and exec, which
            # is safe for as long as it does nothing but this one system call.
            preexec_fn = os.setpgrp if preexec_fn is None else _SetPgrpAnd(preexec_fn)
        super().__init__(
            args,
            bufsize,
            executable,
            stdin,
            stdout,
            stderr,
            preexec_fn,
            close_fds,
            shell,
            cwd,
            env,
            universal_newlines,
            startupinfo,
            creationflags,
            restore_signals,
            start_new_session,
            pass_fds,
            **named,
        )

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
    grace: float = GRACE,
) -> Outcome:
    """What `run` does, but for what it makes of the outcome."""
    if console == "pty":
        raise _errors.unsupported('run(console="pty") is CreatePseudoConsole; use the pty module')
    named = dict(named or {})
    if input is not None:
        if named.get("stdin") is not None:
            raise ValueError("stdin and input cannot both be given")
        named["stdin"] = subprocess.PIPE
    if capture_output:
        if named.get("stdout") is not None or named.get("stderr") is not None:
            raise ValueError("stdout and stderr cannot be given together with capture_output")
        named["stdout"] = named["stderr"] = subprocess.PIPE
    kind = "inherit" if console == "shared" else console
    broken_off: BaseException | None = None
    output: Any = None
    errors: Any = None
    with Contained(args, console=kind, **named) as process:
        done = threading.Event()
        threading.Thread(target=_end_with_child, args=(process, done), daemon=True).start()
        try:
            limit = None if seconds == float("inf") else seconds
            output, errors = process.communicate(input, timeout=limit)
        except (KeyboardInterrupt, TimeoutExpired) as error:
            broken_off = error
            # A second Ctrl+C is not for waiting any longer.
            with contextlib.suppress(KeyboardInterrupt, TimeoutExpired):
                with contextlib.suppress(OSError):
                    process.interrupt()
                process.communicate(timeout=None if grace == float("inf") else grace)
        finally:
            done.set()
            process.end_tree()
        if broken_off is not None:
            output, errors = _collect(process)
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output, broken_off.stderr = output, errors
    return Outcome(process, output, errors, broken_off)


def _end_with_child(process: Contained, done: threading.Event) -> None:
    """End the group when the child has ended: who is left in it may keep the pipes open."""
    while not done.wait(_SLICE):
        if process.poll() is not None:
            process.end_tree()
            return


def _collect(process: Contained) -> tuple[Any, Any]:
    """The output of what was broken off: all of it, unless a daemon still has the pipes."""
    try:
        return process.communicate(timeout=GRACE)
    except TimeoutExpired as error:
        return error.output, error.stderr


def create_process(*args: Any, **named: Any) -> Any:
    """Not on POSIX: use `subprocess`. Raises OSError (ENOSYS)."""
    raise _errors.unsupported("create_process is CreateProcessW; use subprocess.Popen")
