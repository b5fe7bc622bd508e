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
from ._outcome import GRACE, Outcome, redirected
from ._types import CtrlEvent

if TYPE_CHECKING:
    _Popen = subprocess.Popen[Any]
else:
    _Popen = subprocess.Popen

if sys.platform == "win32":  # pragma: no cover - _posix has said so; this is for type checkers
    raise ImportError("ctrlevent._posix_spawn is for POSIX; Windows has ctrlevent._spawn and _run")

# How soon the end of a command is seen at most, in seconds.
_SLICE = 0.05


class _InChild(NamedTuple):
    """A `preexec_fn`, called between fork and exec.

    That is safe in spite of threads for as long as it makes system calls only: no lock that another
    thread may have held is needed for them.
    """

    leads_group: bool
    heard: tuple[signal.Signals, ...]
    then: Callable[[], object] | None

    def __call__(self) -> None:  # pragma: no cover - in the child, before exec
        if self.leads_group:
            os.setpgrp()
        for number in self.heard:
            signal.signal(number, signal.SIG_DFL)
        if self.then is not None:
            self.then()


def _ignored_events() -> tuple[signal.Signals, ...]:
    """Those that a child would ignore, too: exec resets what is handled, not what is ignored."""
    events = (signal.SIGINT, signal.SIGQUIT)
    return tuple(number for number in events if signal.getsignal(number) is signal.SIG_IGN)


class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own.

    Takes every argument of `subprocess.Popen`, and `console`: "inherit" (the default) or "own", a
    session of its own without a terminal. (But no `process_group` to join, as it leads one.)

    The child hears SIGINT and SIGQUIT, even if the caller ignores them, as what is started with
    nohup or in the background of a script does, and a child would otherwise go on to do. With
    `restore_signals=False`, they stay ignored.
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
        leads_group = False
        if start_new_session:
            named.pop("process_group", None)  # the leader of a session leads a group already
        elif sys.version_info >= (3, 11):
            named["process_group"] = 0
        else:  # pragma: no cover - nothing else did this before 3.11; see `nox -s versions`
            leads_group = True
        heard = _ignored_events() if restore_signals else ()
        if leads_group or heard:
            preexec_fn = _InChild(leads_group, heard, preexec_fn)
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

    def __init__(self, args: Any, **named: Any) -> None:
        try:
            super().__init__(args, **named)
        except BaseException:
            # A Ctrl+C comes at any moment: the child may be there, and nobody else to end it.
            if getattr(self, "pid", None) and self.returncode is None:
                self.ask_to_end()
                self.kill()  # if it did not lead its group yet
                self.end_tree()
            raise

    def ask_to_end(self) -> None:
        """Send SIGINT to the group, and give the child the grace to end by itself."""
        # A second Ctrl+C is not for waiting any longer.
        with contextlib.suppress(KeyboardInterrupt, TimeoutExpired):
            with contextlib.suppress(OSError):
                self.interrupt()
            self.wait(GRACE)

    def end_tree(self) -> None:
        """End the child and what is left of its process group, and wait for the child."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


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
    "inherit", that of the caller, in whose background the command is: it can write to the terminal,
    and is stopped when it reads from it. `timeout`, in seconds: then the group gets SIGINT, and 3
    seconds later SIGKILL. What leaves its process group, as daemons do, is not ended.

    Raises `subprocess.TimeoutExpired`, `subprocess.CalledProcessError` (`check`), `ValueError`.
    """
    seconds = _arguments.seconds(timeout)
    return contain(args, console, seconds, input, capture_output, named).completed(check)


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
    named = redirected(named or {}, input, capture_output)
    kind = "inherit" if console == "shared" else console
    broken_off: BaseException | None = None
    output: Any = None
    errors: Any = None
    with Contained(args, console=kind, **named) as process:
        done = threading.Event()
        try:
            threading.Thread(target=_end_with_child, args=(process, done), daemon=True).start()
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
