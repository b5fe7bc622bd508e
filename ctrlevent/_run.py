"""The verb `run`: a command contained in a console, a group and a job of its own."""

from __future__ import annotations

import contextlib
import math

from . import _arguments, _subprocess
from ._half import half
from ._handler import handler
from ._late import importing
from ._patience import Patience, Presses
from ._popen import Popen
from ._subprocess import CalledProcessError, CompletedProcess
from ._types import CtrlEvent
from ._typing import TYPE_CHECKING, NamedTuple, public

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from ._pseudo_console import PseudoConsole

# Seconds that a command has to exit by itself, from when a Ctrl+C is sent to it, before it is ended
# with all its children.
GRACE = 3.0


@public
def run(
    args: Any,
    *,
    console: str = "own",
    timeout: float | None = None,
    input: Any = None,
    capture_output: bool = False,
    check: bool = False,
    inject: bool = True,
    grace: float | None = GRACE,
    **named: Any,
) -> CompletedProcess[Any]:
    """Run a command contained: whatever events it sends, by whatever call, stay inside.

    Like `subprocess.run`, whose arguments it takes and whose result it gives; but the command has
    three things of its own: a hidden console, a process group, and a job. When it has exited, was
    interrupted, or has used up its time, all that it started is ended too, and is gone when this
    returns. With `console="shared"` (or "inherit") it stays on the caller's console. With "pty" it
    has a terminal (a `PseudoConsole`), whose output is shown on the caller's stdout, and to which
    the caller's stdin, or `input`, is typed; then it takes the keywords of `PseudoConsole.start`.

    Standard streams that are not redirected pass through: files and pipes as they are, a terminal
    by way of a pipe, since the command has another console.

    `timeout`: in seconds; None, the default: no limit. Then the command gets a Ctrl+C, and is ended
    if it is still running `grace` seconds later.

    `grace`: in seconds, 3 by default; None: the command is never ended. (A command that cannot be
    sent a Ctrl+C has 3 seconds at most.)

    A Ctrl+C of the caller is passed on in the same way, and KeyboardInterrupt raised when the
    command is gone. A second Ctrl+C ends it at once. (With `python -m ctrlevent run` the command
    decides, and is waited for.)

    `inject`: False: no thread is ever started in another process, as for `kill`.

    On a shared console the command does not hear the keyboard's Ctrl+C itself, but gets it from the
    caller: once, whether the event is for the whole console or for the caller alone. That goes for
    all processes of its group. A process that has made itself ignore Ctrl+C cannot be told apart,
    and gets it too; a process that has made itself hear it gets the keyboard's twice.

    On POSIX the command runs in a process group of its own, which is ended with it; what leaves
    that group, as daemons do, is not ended. "own" is a session without a terminal. "shared" is that
    of the caller, in whose background the command is: it can write to the terminal, and is stopped
    when it reads from it. With "pty" it has a session, and all that is in that is ended with it;
    the end of the input is typed, too, as the terminal's character for that.

    Raises `subprocess.TimeoutExpired`, `subprocess.CalledProcessError` (`check`), `ValueError`, and
    what `Popen` raises.

    Source: job objects (jobapi2.h), CREATE_NO_WINDOW ("Process Creation Flags").
    """
    return contain(
        args,
        console,
        _arguments.seconds(timeout),
        input,
        capture_output,
        named,
        inject=bool(inject),
        grace=_arguments.seconds(grace, "grace"),
    ).completed(check)


class Outcome(NamedTuple):
    """How a contained command ended. All that it has started is gone."""

    process: Any
    """A `Popen`, or on a pseudo console a `TerminalProcess`."""
    output: Any
    errors: Any
    broken_off: BaseException | None
    """TimeoutExpired or KeyboardInterrupt, if it did not exit by itself."""

    def completed(self, check: bool) -> CompletedProcess[Any]:
        """What `run` returns. Raises what has broken it off; with `check`, CalledProcessError."""
        if self.broken_off is not None:
            raise self.broken_off
        args, code = self.process.args, self.process.returncode
        if check and code:
            raise CalledProcessError(code, args, self.output, self.errors)
        return CompletedProcess(args, code, self.output, self.errors)


def contain(
    args: Any,
    console: str,
    seconds: float,
    input: Any = None,
    capture_output: bool = False,
    named: dict[str, Any] | None = None,
    *,
    inject: bool,
    grace: float,
) -> Outcome:
    """What `run` does, but for what it makes of the outcome."""
    patience = Patience(seconds, after_timeout=grace)
    presses = Presses(taken=False)
    return _contain(args, console, input, capture_output, named, patience, presses, inject)


def stand_for(
    args: Any,
    console: str,
    seconds: float = math.inf,
    named: dict[str, Any] | None = None,
    *,
    grace: float | None = None,
    inject: bool = True,
    report: Callable[[OSError], object] = lambda _why: None,
) -> Outcome:
    """The same for a program that stands for its command: it lives as long as that does.

    Each Ctrl+C of the caller is passed on to the command, which decides what to do about it.
    `grace`: in seconds: when the command is ended after the first Ctrl+C; None: never.
    """
    patience = Patience(
        seconds,
        after_timeout=GRACE if grace is None else grace,
        after_ctrl_c=math.inf if grace is None else grace,
        report=report,
    )
    presses = Presses(taken=True)
    with _listening(presses):
        return _contain(args, console, None, False, named, patience, presses, inject)


@contextlib.contextmanager
def _listening(presses: Presses) -> Generator[None]:
    with contextlib.ExitStack() as stack:
        # ValueError: not in the main thread, on POSIX. A Ctrl+C is the main thread's there.
        with contextlib.suppress(ValueError):
            stack.enter_context(handler(presses.hear, CtrlEvent.CTRL_C_EVENT))
        yield


def _contain(
    args: Any,
    console: str,
    input: Any,
    capture_output: bool,
    named: dict[str, Any] | None,
    patience: Patience,
    presses: Presses,
    inject: bool,
) -> Outcome:
    named = dict(named or {})
    kept = _Kept()
    try:
        if console == "pty":
            terminal = kept.terminal
            return Outcome(
                *half.run_on_terminal(
                    terminal, args, input, capture_output, named, patience, presses, inject
                )
            )
        named = _redirected(named, input, capture_output)
        named["console"] = "inherit" if console == "shared" else console
        return Outcome(*half.run(kept.contained, args, input, named, patience, presses, inject))
    except BaseException:
        kept.end()
        raise


class _Contained(Popen):
    """Loads what sends when the caller gets a Ctrl+C: most commands exit before any comes."""

    _sends_at_any_time = False


class _Kept:
    """What `contain` has started, so that it can be ended wherever an exception comes.

    A `with` does not do that: an exception may come before its first line, or in its end.
    """

    def __init__(self) -> None:
        self._processes: list[Popen] = []
        self._terminals: list[PseudoConsole] = []

    def contained(self, args: Any, **named: Any) -> Popen:
        self._processes.append(_Contained(args, contain=True, **named))
        return self._processes[0]

    def terminal(self, columns: int, rows: int) -> PseudoConsole:
        with importing:
            from ._pseudo_console import PseudoConsole
        self._terminals.append(PseudoConsole(columns, rows))
        return self._terminals[0]

    def end(self) -> None:
        """Does nothing for what has been ended already."""
        for terminal in self._terminals:
            with contextlib.suppress(OSError):  # it is closed
                terminal.end_processes()
            terminal.close()
        for process in self._processes:
            process.end_tree()
            with contextlib.suppress(OSError), process:
                pass  # closes the pipes, and learns the exit status


def _redirected(named: dict[str, Any], input: Any, capture_output: bool) -> dict[str, Any]:
    """The keywords for `Popen`, out of those that `subprocess.run` has besides."""
    if input is not None:
        if named.get("stdin") is not None:
            raise ValueError("stdin and input cannot both be given")
        named["stdin"] = _subprocess.PIPE
    if capture_output:
        if named.get("stdout") is not None or named.get("stderr") is not None:
            raise ValueError("stdout and stderr cannot be given together with capture_output")
        named["stdout"] = named["stderr"] = _subprocess.PIPE
    return named
