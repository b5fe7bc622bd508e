"""`Popen`: a child that leads a process group and hears Ctrl+C."""

from __future__ import annotations

import contextlib
from functools import partial

from . import _arguments, _subprocess
from ._calls import Call
from ._half import half
from ._late import importing
from ._subprocess import TimeoutExpired
from ._told import BEFORE_THE_END, TELL_WITHIN, Told
from ._types import CtrlEvent
from ._typing import TYPE_CHECKING, public
from ._unpatched import monotonic

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._arguments import Options
    from ._communication import Communication
    from ._protocol import Start, Tree

    # At run time, subprocess.Popen takes no type argument before Python 3.9's end.
    _Popen = _subprocess.Popen[Any]
else:
    _Popen = _subprocess.Popen

_SIGNAL_SECONDS = 5.0

# In seconds: how long the end of a `with` block waits for a child whose parent is interrupted, as
# that of `subprocess` does. (For a child that is ended otherwise: BEFORE_THE_END.)
_BRIEFLY = 0.25

_communication_class: type[Communication] | None = None


@public
class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own and hears Ctrl+C.

    Takes every argument of `subprocess.Popen`, but no `process_group` to join: the child leads its
    own. And

    - `console`: "inherit" (the default), the console of the caller; or "own", a hidden console of
      its own, so that no event of the child's reaches the caller either;
    - `keyboard`: whether a Ctrl+C that the user presses reaches the child beside the caller.
      False: it does not, and `interrupt()` does, so the caller decides when each child is told.
      Default: True. On POSIX a key reaches the process group of the terminal alone, so never the
      child, and on a console of its own no key is pressed;
    - `contain`: True: all that the child starts is known, and `end_tree()` ends it, and so does the
      end of a `with` block, or of the object. On Windows the tree is in a job, and exits with the
      caller at the latest. On POSIX it is the child's process group. Default: False.

    Left by a KeyboardInterrupt, a `with` block passes that on to a child that has not heard the
    key; the child then has a moment (0.25 seconds; with `contain=True` 3 seconds, before it is
    ended).

    With CREATE_NEW_PROCESS_GROUP alone a child ignores Ctrl+C. This child is created suspended,
    made to hear it, and resumed: it never runs an instruction in the other state, and needs no code
    of its own for it. If that fails, the child is ended, everything closed, and the error raised.

    With `shell=True`, and for a .bat or .cmd file, the child is cmd.exe. It gets the Ctrl+C too,
    and waits for the program that it runs to exit; in a batch file it then asks on its stdin
    whether to terminate the batch job, and does so unasked if there is nothing to read
    (`stdin=DEVNULL`).

    On POSIX, "own" is a session of its own without a terminal. The child hears SIGINT and SIGQUIT
    there even if the caller ignores them, as a program does that was started with nohup or in the
    background of a script. With `restore_signals=False` they stay ignored.

    Whatever interrupts the call, a KeyboardInterrupt at any instruction included: either the caller
    has the object, or the child is gone, and all that was opened is closed. (On POSIX, an exception
    other than the KeyboardInterrupt of a SIGINT, raised by the handler of another signal at the
    very end of `fork`, is covered where Linux's /proc names the children of a thread.) A second
    SIGINT breaks off a start that hangs.

    Raises what `subprocess.Popen` raises; `ValueError` for another `console` or a `process_group`
    to join; `PermissionError` if the child may not be changed (it is protected, or runs as another
    user).

    Source: CREATE_NEW_PROCESS_GROUP (learn.microsoft.com, "Process Creation Flags"), and as for
    `ignore_ctrl_c`.
    """

    was_ended = False
    """Whether the last `stop` had to end it, or what was left of its group or its tree."""

    _tree: Tree | None = None
    _told: Told | None = None
    _communication: Communication | None = None
    _contains = False
    _leads_group = True  # `patch_os` starts it as it is
    _sends_at_any_time = True
    _call: Call | None = None
    _start: Start | None = None

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
        keyboard: bool = True,
        contain: bool = False,
        **named: Any,
    ) -> None:
        call = self._call = Call()
        _arguments.check_own_group(console, named)
        named.update(
            preexec_fn=preexec_fn,
            creationflags=creationflags,
            restore_signals=restore_signals,
            start_new_session=start_new_session,
        )
        self._contains = bool(contain)
        if self._sends_at_any_time:  # so it is loaded now: at the interpreter's end nothing can be
            _ = half.interrupt, half.killpg
        tree = self._tree = half.tree(self._contains)
        start = self._start = half.start(named, console, bool(keyboard), tree)
        self._told = Told(hears_keys=start.hears_keys)
        create = partial(
            super().__init__,
            args,
            bufsize,
            executable,
            stdin,
            stdout,
            stderr,
            close_fds=close_fds,
            shell=shell,
            cwd=cwd,
            env=env,
            universal_newlines=universal_newlines,
            startupinfo=startupinfo,
            pass_fds=pass_fds,
            **named,
        )
        call.held = [self, create]
        del self, create
        try:
            start.run(*call.held)
            call.held.clear()
        except BaseException:  # KeyboardInterrupt too: no other code would end the child
            if call.held:
                start.abandon(call.held[0])
                call.held.clear()
            raise

    def __del__(self, *arguments: Any) -> None:
        call, start = self._call, self._start
        if call is not None and start is not None:
            has_ended = self.__dict__.get("returncode") is not None
            if not has_ended and call.lost_its_object():
                call.held.clear()
                start.abandon(self)
        if self._contains and self.__dict__.get("pid"):
            try:  # noqa: SIM105  # at the interpreter's end contextlib may be gone
                self.end_tree()
            except OSError:
                pass
        super().__del__(*arguments)

    @property
    def pgid(self) -> int:
        """The id of the child's process group, which is the child's pid."""
        return self.pid

    # --- sending ----------------------------------------------------------------------------------

    def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send Ctrl+C to the child's group: `killpg(self.pgid, CTRL_C_EVENT, timeout=timeout)`.

        With `keyboard=False` on Windows, the processes of the group that ignore Ctrl+C hear this
        event, and ignore the next again.

        Does nothing when the child has exited. Raises what `killpg` raises.
        """
        self._signal(CtrlEvent.CTRL_C_EVENT, timeout)

    def send_signal(self, sig: int) -> None:
        """Send a signal to the child's group: `killpg(self.pgid, sig)`.

        So SIGINT is a Ctrl+C here, as `interrupt` sends it, and SIGTERM ends the whole group;
        `terminate()` and `kill()` end the child alone. Does nothing when the child has exited.
        Raises what `killpg` raises.
        """
        self._signal(sig, _SIGNAL_SECONDS)

    def _signal(self, sig: int, timeout: float | None) -> None:
        if self.poll() is not None:
            return
        try:
            action = _arguments.action(sig, half.events_sent)
            options = _arguments.options(timeout, inject=True)
            if action is CtrlEvent.CTRL_C_EVENT:
                self._interrupt(options)
            else:
                half.killpg(self.pid, action, options)
        except ProcessLookupError:
            if self.poll() is None:
                raise

    def _interrupt(self, options: Options, *, is_last: bool = False) -> None:
        """`is_last`: no key reaches the child after this."""
        start, told = self._parts()
        told.now()
        half.interrupt(
            self.pid, options, is_deaf=start.is_deaf, deafens=is_last and told.hears_keys
        )

    def _parts(self) -> tuple[Start, Told]:
        assert self._start is not None
        assert self._told is not None
        return self._start, self._told

    def terminate(self) -> None:
        """End the child alone; on POSIX with SIGTERM."""
        half.end_child(self, super().terminate, "SIGTERM")

    def kill(self) -> None:
        """End the child alone; on POSIX with SIGKILL."""
        half.end_child(self, super().terminate, "SIGKILL")

    # --- waiting ----------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child's exit; its exit code.

        `timeout`: in seconds; None, the default: no limit. In the main thread a Ctrl+C breaks the
        wait off at once. (`subprocess` waits for the child first, on Windows without a limit.)

        Raises `subprocess.TimeoutExpired`.
        """
        try:
            return half.wait(self, timeout, super().wait)
        except KeyboardInterrupt:
            if self._told is not None:
                self._told.wait_is_broken_off()
            raise

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Send input, read stdout and stderr to their ends, and wait; returns both.

        None stands for what is no pipe. As that of `subprocess`, but in the main thread a Ctrl+C
        breaks it off at once, as the time limit does. Nothing is lost by either: a second
        `communicate()` goes on.

        Raises `subprocess.TimeoutExpired`, with what came until then; `ValueError` for `input` in a
        later call; `TypeError` for input of the wrong kind.
        """
        if self._communication is not None and input:
            raise ValueError("Cannot send input after starting communication")
        try:
            if self._communication is None:
                half.whole(partial(self._communicate_with, input))
            communication = self._communication
            assert communication is not None
            return communication.finish(timeout)
        except KeyboardInterrupt:
            if self._told is not None:
                self._told.wait_is_broken_off()
            raise

    def _communicate_with(self, input: Any) -> None:
        global _communication_class  # noqa: PLW0603  # kept: see `_late`
        if _communication_class is None:
            with importing:
                from ._communication import Communication
            _communication_class = Communication
        self._communication = _communication_class(self, input)

    # --- stopping ---------------------------------------------------------------------------------

    def stop(self, grace: float | None = 5.0) -> int:
        """Ask the child to stop, wait, and end what has not stopped then; its exit code.

        Sends a Ctrl+C to the child's group. When `grace` is over, ends what is left of the group,
        or with `contain=True` of the whole tree; `was_ended` says whether that was necessary. A
        child that has exited leaves the rest of its group the time that is left.

        `grace`: in seconds. 0: ends it at once. None: waits as long as it takes. A child that
        cannot be asked, as on Windows a GUI program or a program that has made itself ignore
        Ctrl+C, is ended at once. The exit code of a child that is ended is 0xC000013A on Windows,
        that of a Ctrl+C; on POSIX -9 (SIGKILL).

        No child hears two events for one key. Where the caller handles a KeyboardInterrupt, and the
        key has reached the child too (on Windows, with `keyboard=True`), the child is not asked:
        it is given `grace`, then asked after all, since the event may have been for the caller
        alone, and ended at last. When it was asked, it hears no key any more. Broken off by a
        KeyboardInterrupt, `stop` leaves it running; a second `stop` does not ask once more.

        Raises `PermissionError` if it may not be ended; `TypeError`, `ValueError`.
        """
        seconds = _arguments.seconds(grace, "grace")
        _, told = self._parts()
        tree = self._tree
        assert tree is not None
        self.was_ended = False
        if self.returncode is None:
            is_gone = False
            if seconds:
                was_told = told.needs_no_other()
                time = seconds if was_told or self._tell() else 0.0
                is_gone = tree.wait(self, monotonic() + time)
                if not is_gone and was_told and not told.to_stop and self._tell():
                    is_gone = tree.wait(self, monotonic() + min(seconds, BEFORE_THE_END))
            self.was_ended = not is_gone
            tree.end(self)
        elif self._contains:
            tree.end(self)
        return self.wait()

    def _tell(self) -> bool:
        """Send a Ctrl+C, once; no key reaches the child after it. Whether it could be sent."""
        _, told = self._parts()
        options = _arguments.options(TELL_WITHIN, inject=True, waits=False)

        def send() -> None:
            self._interrupt(options, is_last=True)
            told.to_stop = True

        # As a whole: it must be known whether it was sent.
        with contextlib.suppress(OSError):
            half.whole(send)
        return told.to_stop

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As that of `subprocess`: close the pipes, and wait for the child.

        With `contain=True`: end all of its tree. A KeyboardInterrupt is passed on to a child that
        has not heard it.
        """
        is_interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        try:
            if is_interrupted:
                self._pass_on()
            self._close_pipes()
            if not is_interrupted and not self._contains:
                self.wait()
        except KeyboardInterrupt:
            if not is_interrupted:
                self._pass_on()
            raise
        finally:
            if self._contains:
                self.end_tree()

    def _pass_on(self) -> None:
        """Tell the child of the KeyboardInterrupt that is being handled, if it has not heard."""
        if self.poll() is not None:
            return
        _, told = self._parts()
        if not told.needs_no_other():
            with contextlib.suppress(OSError):
                self._interrupt(_arguments.options(TELL_WITHIN, inject=True, waits=False))
        with contextlib.suppress(TimeoutExpired):
            self.wait(BEFORE_THE_END if self._contains else _BRIEFLY)

    def _close_pipes(self) -> None:
        # Windows would keep the caller waiting for a thread that reads.
        communication = self._communication
        with contextlib.ExitStack() as closing:
            for stream in (self.stdin, self.stderr, self.stdout):
                if stream is None or (communication and communication.is_serving(stream)):
                    continue
                closing.callback(stream.close)

    def end_tree(self) -> None:
        """End the child and its descendants, with `contain=True`; wait until they are gone.

        Raises `ValueError` without `contain=True`.
        """
        if not self._contains or self._tree is None:
            raise ValueError("only with contain=True are the descendants of a child known")
        self._tree.end(self)
