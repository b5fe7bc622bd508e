"""The processes that the fixture `interruptible` starts, from their start to their end."""

from __future__ import annotations

import contextlib
import locale
import os
import subprocess
from typing import TYPE_CHECKING

from . import _arguments
from ._output import Output
from ._popen import Popen
from ._ready import Lines, accepts, condition
from ._unpatched import monotonic, sleep

if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

    from ._ready import Condition

_SLICE = 0.01  # seconds between two looks; short, so that a Ctrl+C is noticed soon (bpo-30151)
_SHOWN = 60  # characters of a command in messages


class Interruptible(Popen):
    """What `interruptible` returns: a `ctrlevent.Popen` with its tree, and with its output so far.

    After the test it is stopped: a Ctrl+C, `grace` seconds, then all that is left is ended.
    """

    ready: Any = None
    """What the wait for `ready` has found: of a line the `re.Match`, of a function its result."""

    _of_fixture: Watch

    @property
    def output(self) -> str:
        r"""All that it and its descendants have written so far, to stdout and stderr together.

        Lines end with "\n". Empty if the caller has said where stdout goes.
        """
        return self._of_fixture.output()

    def wait_for(self, ready: Any, timeout: float | None = 30.0) -> Any:
        """Wait for what `interruptible(ready=...)` may be; of lines, for the next.

        Each line of the output is looked at once: the wait begins after the line that the last wait
        has found. Returns the `re.Match`, the result of the function, or True for a port.

        Fails the test, with the output so far, if the process exits before, or `timeout` seconds
        are over (None: no limit). Raises TypeError and ValueError for what can be no `ready`.
        """
        __tracebackhide__ = True
        seconds = _arguments.seconds(timeout)
        return self._of_fixture.wait(self, condition(ready, self._of_fixture.lines), seconds)


class Watch:
    """What is known of a process besides what a `Popen` knows."""

    def __init__(
        self, name: str, grace: float, output: Output | None, fail: Callable[[str], NoReturn]
    ) -> None:
        self.name, self.grace = name, grace
        self.lines = None if output is None else Lines(output.text)
        self._output = output
        self._fail = fail
        self._reported = 0

    def output(self) -> str:
        return "" if self._output is None else self._output.text()

    def unreported(self) -> str:
        """The output that came since this was last asked."""
        output = self.output()
        start, self._reported = self._reported, len(output)
        return output[start:]

    def close(self) -> None:
        if self._output is not None:
            self._output.close()

    def wait(self, process: Popen, awaited: Condition, seconds: float) -> Any:
        __tracebackhide__ = True
        deadline = monotonic() + seconds
        while True:
            # Asked before: what it wrote until its exit, or until the time was up, counts.
            status, is_late = process.poll(), monotonic() >= deadline
            if self.lines is not None:
                self.lines.are_all = status is not None
            not_yet = ""
            try:
                found = awaited.look()
            except OSError as error:
                found, not_yet = None, f": {type(error).__name__}: {error}"
            if found:
                return found
            why = f"{awaited.told}{not_yet}."
            if status is not None:
                self._give_up(f"exited with {_told(status)} before it was ready: {why}")
            if is_late:
                self._give_up(f"was not ready within {seconds:g} seconds: {why}")
            sleep(_SLICE)

    def _give_up(self, problem: str) -> NoReturn:
        __tracebackhide__ = True
        was_reported = self._reported > 0
        output = self.unreported()
        if self._output is None:
            output = "Its output is not collected, as the caller has said where stdout goes."
        elif output:
            output = f"Its output:\n{output}"
        elif was_reported:
            output = "It has written nothing more."
        else:
            output = (
                "It has written nothing. (To a pipe, Python writes lines when many have come"
                " together: print(..., flush=True), or python -u.)"
            )
        self._fail(f"{self.name} {problem}\n{output}")


class Started:
    """The processes of one use of the fixture.

    `fail`: of pytest. `show`: what is done with output as it comes, besides collecting it.
    """

    def __init__(
        self, fail: Callable[[str], NoReturn], show: Callable[[str], object] | None
    ) -> None:
        self._fail, self._show = fail, show or _show_nothing
        self._processes: list[tuple[Interruptible, Watch]] = []
        self._watches: list[Watch] = []
        self._is_hurried = False
        self.is_over = False

    def start(
        self,
        args: Any,
        *,
        ready: Any = None,
        timeout: float | None = 30.0,
        grace: float = 5.0,
        **popen: Any,
    ) -> Interruptible:
        """What a test calls."""
        __tracebackhide__ = True
        seconds, grace = _arguments.seconds(timeout), _arguments.seconds(grace, "grace")
        output = None
        if "stdout" not in popen:
            encoding = popen.get("encoding") or locale.getpreferredencoding(False)
            output = Output(encoding, popen.get("errors") or "backslashreplace", self._show)
            popen["stdout"] = output.sink
            popen.setdefault("stderr", subprocess.STDOUT)
        watch = Watch(_name(args), grace, output, self._fail)
        self._watches.append(watch)
        awaited = None if ready is None else condition(ready, watch.lines)
        for host, port in awaited.ports if awaited is not None else ():
            if accepts(host, port):
                self._fail(
                    f"{watch.name} was not started: something listens at port {port} of {host}"
                    " already; give the program a port that is free"
                )
        # In the list at once, so that the end of the test finds it.
        self._processes.append((Interruptible(args, contain=True, **popen), watch))
        process = self._processes[-1][0]
        process._of_fixture = watch  # noqa: SLF001
        if awaited is not None:
            process.ready = watch.wait(process, awaited, seconds)
        return process

    def sections(self) -> list[tuple[str, str]]:
        """What has come of output since this was last asked, each with what it is from."""
        texts = [(f"output of {watch.name}", watch.unreported()) for watch in self._watches]
        return [(title, text) for title, text in texts if text]

    def stop(self, *, is_interrupted: bool) -> None:
        """Stop all, the last started first.

        `is_interrupted`: a KeyboardInterrupt ends the session. Another that comes while they are
        stopped ends all at once.
        """
        self.is_over = True
        with contextlib.ExitStack() as stack:
            for watch in self._watches:
                stack.callback(watch.close)
            for process, watch in self._processes:
                stack.enter_context(process)
                stack.callback(process.end_tree)
                stack.callback(self._stop, process, watch.grace, is_interrupted)

    def _stop(self, process: Interruptible, grace: float, is_interrupted: bool) -> None:
        if self._is_hurried:
            return
        try:
            if not is_interrupted:
                process.stop(grace)
                return
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                process.stop(grace)  # a child that hears keys has heard it, and is not asked
        except KeyboardInterrupt:
            self._is_hurried = True
            raise


def _show_nothing(text: str) -> None:
    """Output is collected alone."""


def _name(args: Any) -> str:
    """The command, with the program's name for its path; the beginning of a long command."""
    text: str
    if isinstance(args, (str, bytes)) or hasattr(args, "__fspath__"):
        text = os.fsdecode(args)
    else:
        words = [os.fsdecode(word) for word in args]
        text = subprocess.list2cmdline([os.path.basename(words[0]), *words[1:]] if words else [])
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _told(status: int) -> str:
    """An exit code, as it is looked up."""
    if status < 0:
        return f"signal {-status}"
    return f"exit code {status}" if status < 1 << 16 else f"exit code 0x{status:08X}"
