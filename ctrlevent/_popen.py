"""`Popen`: a child that leads a process group and hears Ctrl+C."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import _subprocess
from ._calls import Call
from ._half import half
from ._signals import killpg
from ._types import CtrlEvent
from ._typing import public

if TYPE_CHECKING:
    from ._protocol import Start, Tree

    # At run time, subprocess.Popen takes no type argument before Python 3.9's end.
    _Popen = _subprocess.Popen[Any]
else:
    _Popen = _subprocess.Popen

_SIGNAL_SECONDS = 5.0


@public
class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own and hears Ctrl+C.

    Takes every argument of `subprocess.Popen`, and `console`: "inherit" (the default), the console
    of the caller; or "own", a hidden console of its own, so that no event of the child's reaches
    the caller either. (But no `process_group` to join: the child leads its own.)

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

    _contains = False
    _tree: Tree | None = None
    _leads_group = True  # `patch_os` starts it as it is
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
        **named: Any,
    ) -> None:
        call = self._call = Call()
        if console not in ("inherit", "own"):
            raise ValueError(f'console must be "inherit" or "own", not {console!r}')
        if named.get("process_group"):
            raise ValueError("the child leads a process group of its own, it joins no other")
        named.update(
            preexec_fn=preexec_fn,
            creationflags=creationflags,
            restore_signals=restore_signals,
            start_new_session=start_new_session,
        )
        if self._contains:
            self._tree = half.tree()
        start = self._start = half.start(named, console, self._tree)
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
        super().__del__(*arguments)

    @property
    def pgid(self) -> int:
        """The id of the child's process group, which is the child's pid."""
        return self.pid

    def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send Ctrl+C to the child's group: `killpg(self.pgid, CTRL_C_EVENT, timeout=timeout)`.

        Does nothing when the child has exited. Raises what `killpg` raises.
        """
        self._signal(CtrlEvent.CTRL_C_EVENT, timeout)

    def send_signal(self, sig: int) -> None:
        """Send a signal to the child's group: `killpg(self.pgid, sig)`.

        So SIGINT is a Ctrl+C here, and SIGTERM ends the whole group; `terminate()` and `kill()` end
        the child alone. Does nothing when the child has exited. Raises what `killpg` raises.
        """
        self._signal(sig, _SIGNAL_SECONDS)

    def _signal(self, sig: int, timeout: float | None) -> None:
        if self.poll() is not None:
            return
        try:
            killpg(self.pid, sig, timeout=timeout)
        except ProcessLookupError:
            if self.poll() is None:
                raise

    def terminate(self) -> None:
        """End the child alone; on POSIX with SIGTERM."""
        half.end_child(self, super().terminate, "SIGTERM")

    def kill(self) -> None:
        """End the child alone; on POSIX with SIGKILL."""
        half.end_child(self, super().terminate, "SIGKILL")


class Contained(Popen):
    """A `Popen` with all that it starts: `end_tree` ends the child and its descendants.

    On Windows they are in a job, and exit with the caller at the latest. On POSIX they are the
    child's process group. When the object is dropped, they are ended too.
    """

    _contains = True

    def __del__(self, *arguments: Any) -> None:
        if self._tree is not None and self.__dict__.get("pid"):
            try:  # noqa: SIM105  # at the interpreter's end contextlib may be gone
                self.end_tree()
            except OSError:
                pass
        super().__del__(*arguments)

    def end_tree(self) -> None:
        """End the child and its descendants, and wait until they are gone."""
        assert self._tree is not None
        self._tree.end(self)
