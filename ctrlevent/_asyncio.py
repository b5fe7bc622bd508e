"""`create_subprocess_exec`, `create_subprocess_shell`: asyncio's, whose child hears Ctrl+C."""

from __future__ import annotations

import asyncio
import contextlib
import math
from asyncio import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _arguments
from ._calls import Call
from ._creation import Creation, Streams
from ._half import half
from ._off_the_loop import off_the_loop, to_the_end
from ._signals import killpg
from ._told import BEFORE_THE_END, TELL_WITHIN, Told
from ._types import CtrlEvent
from ._typing import public
from ._unpatched import monotonic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ._arguments import Options
    from ._protocol import LoopChild

# Loaded with this module, not by the first start, for which a loop would stand still.
half.loop_child  # noqa: B018
half.interrupt  # noqa: B018

_SIGNAL_SECONDS = 5.0

# In seconds: how soon it is seen at first, and at the latest, that the rest of a group has exited.
_FIRST_PAUSE = 0.001
_PAUSE = 0.05

# asyncio's own, in bytes.
_LIMIT = 2**16


class Process(subprocess.Process):
    """An `asyncio.subprocess.Process` whose child leads a process group and hears Ctrl+C.

    What is not listed here is asyncio's own: `wait()`, `communicate()`, `returncode`, `pid`, and
    the streams `stdin`, `stdout` and `stderr`.
    """

    was_ended = False
    """Whether the last `stop` had to end it, or what was left of its group."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        protocol: Streams,
        loop: asyncio.AbstractEventLoop,
        child: LoopChild,
        call: Call,
    ) -> None:
        # asyncio documents no way to make its Process; its own two functions do it like this.
        super().__init__(transport, protocol, loop)
        self._of_subprocess = transport
        self._exited = protocol.exited
        self._child = child
        self._told = Told(hears_keys=child.hears_keys)
        self._call = call

    def __del__(self) -> None:
        call = getattr(self, "_call", None)
        if call is not None and self.returncode is None and call.lost_its_object():
            self._of_subprocess.close()
            self._child.end()

    @property
    def pgid(self) -> int:
        """The id of the child's process group, which is the child's pid."""
        return self.pid

    # --- sending ----------------------------------------------------------------------------------

    async def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send Ctrl+C to the child's group: `killpg(self.pgid, CTRL_C_EVENT, timeout=timeout)`.

        The loop goes on meanwhile: on Windows the call, which can take tenths of a second, is made
        in a thread. A task that is cancelled meanwhile ends when that thread has ended, so after
        `timeout` seconds at the latest, and the event may have been sent.

        Does nothing when the child has exited. Raises what `killpg` raises.
        """
        options = _arguments.options(timeout, inject=True)
        self._told.now()
        await self._sent(partial(self._signal, partial(self._interrupt, options)))

    def send_signal(self, signal: int) -> None:
        """Send a signal to the child's group: `killpg(self.pgid, signal)`.

        As that of `ctrlevent.Popen`: SIGINT is a Ctrl+C, and SIGTERM ends the whole group. As that
        of asyncio, it is a plain method, so it returns when the signal has been sent, and the loop
        stands still until then. On Windows, await `interrupt()` instead.

        Does nothing when the child has exited. Raises what `killpg` raises.
        """
        if _arguments.action(signal, half.events_sent) is CtrlEvent.CTRL_C_EVENT:
            options = _arguments.options(_SIGNAL_SECONDS, inject=True)
            self._told.now()
            self._signal(partial(self._interrupt, options))
        else:
            self._signal(partial(killpg, self.pid, signal, timeout=_SIGNAL_SECONDS))

    def _signal(self, send: Callable[[], None]) -> None:
        if self._has_exited():
            return
        try:
            send()
        except ProcessLookupError:
            if not self._has_exited():
                raise

    def _interrupt(self, options: Options, *, is_last: bool = False) -> None:
        """`is_last`: no key reaches the child after this."""
        deafens = is_last and self._told.hears_keys
        half.interrupt(self.pid, options, is_deaf=self._child.is_deaf, deafens=deafens)

    def _has_exited(self) -> bool:
        return self.returncode is not None or self._child.has_exited()

    async def _sent(self, send: Callable[[], None]) -> None:
        if self._child.sends_at_once:
            send()
        else:
            await off_the_loop(send)

    def terminate(self) -> None:
        """End the child alone; on POSIX with SIGTERM.

        Raises `ProcessLookupError` when it has exited, as asyncio does.
        """
        self._clear_first()
        super().terminate()

    def kill(self) -> None:
        """End the child alone; on POSIX with SIGKILL.

        Raises `ProcessLookupError` when it has exited, as asyncio does.
        """
        self._clear_first()
        super().kill()

    def _clear_first(self) -> None:
        with contextlib.suppress(OSError):  # it is to end whatever a guard says
            self._child.clear_first()

    # --- stopping ---------------------------------------------------------------------------------

    async def stop(self, grace: float | None = 5.0) -> int:
        """Ask the child to stop, wait, and end what has not stopped then; its exit code.

        Sends a Ctrl+C to the child's group. When `grace` is over, ends what is left of the group;
        `was_ended` says whether that was necessary. A child that has exited leaves the rest of its
        group the time that is left. The loop goes on meanwhile.

        `grace`: in seconds. 0: ends it at once. None: waits as long as it takes. A child that
        cannot be asked, since it ignores Ctrl+C or gets no events, is ended at once.

        A task that is cancelled while it stops a child ends it at once, with its group, and waits
        for its exit: so no child is left. A second `stop` does not ask once more. When it was
        asked, the child hears no key any more, as a child of `ctrlevent.Popen`.

        Raises `PermissionError` if it may not be ended; `TypeError`, `ValueError`.
        """
        seconds = _arguments.seconds(grace, "grace")
        self.was_ended = False
        try:
            if self.returncode is None:
                self.was_ended = not await self._stopped_within(seconds)
                await self._end()
        except GeneratorExit:
            self._child.end()
            raise
        except asyncio.CancelledError:
            self.was_ended = self.was_ended or self.returncode is None
            # Neither a second cancellation nor an error comes before the first.
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._end()
            raise
        code = self.returncode
        assert code is not None
        return code

    async def _stopped_within(self, seconds: float) -> bool:
        if not seconds:
            return False
        was_told = self._told.needs_no_other()
        is_gone = await self._gone_within(seconds if was_told or await self._tell() else 0.0)
        if not is_gone and was_told and not self._told.to_stop and await self._tell():
            is_gone = await self._gone_within(min(seconds, BEFORE_THE_END))
        return is_gone

    async def _tell(self) -> bool:
        """Send a Ctrl+C, once; no key reaches the child after it. Whether it could be sent."""
        told = self._told
        options = _arguments.options(TELL_WITHIN, inject=True, waits=False)
        told.now()

        def send() -> None:
            self._interrupt(options, is_last=True)
            told.to_stop = True

        with contextlib.suppress(OSError):
            await self._sent(send)
        return told.to_stop

    async def _gone_within(self, seconds: float) -> bool:
        """Whether the child has exited, and then the rest of its group; waits for that."""
        end = monotonic() + seconds
        await asyncio.wait({self._exited}, timeout=None if seconds == math.inf else seconds)
        if not self._exited.done():
            return False
        pause = _FIRST_PAUSE
        while not await off_the_loop(self._child.is_gone):
            left = end - monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, pause))
            pause = min(2 * pause, _PAUSE)
        return True

    async def _end(self) -> None:
        """End what is left of the group, and wait for the exit of the child."""
        cancelled: asyncio.CancelledError | None = None
        try:
            await self._sent(self._child.end)
        except asyncio.CancelledError as error:  # it has been ended all the same
            cancelled = error
        await to_the_end(self._exited)
        if cancelled is not None:
            raise cancelled


@public
async def create_subprocess_exec(
    program: Any,
    *args: Any,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    limit: int = _LIMIT,
    console: str = "inherit",
    keyboard: bool = True,
    **kwds: Any,
) -> Process:
    """`asyncio.create_subprocess_exec`, whose child leads a process group and hears Ctrl+C.

    Takes the same arguments, but no `process_group` to join; its streams are the same, and so is
    the process, which also has `pgid`, `interrupt` and `stop`. And

    - `console`: "inherit" (the default), the console of the caller; or "own", a hidden console of
      its own, so that no event of the child's reaches the caller either;
    - `keyboard`: whether a Ctrl+C that the user presses reaches the child beside the caller.
      False: it does not, and `interrupt()` does, so the caller decides when each child is told.
      Default: True.

    Both as for `ctrlevent.Popen`, which says more of the child. It hears from its first
    instruction: on Windows it is created suspended, made to hear, and resumed.

    Whatever breaks the call off, a cancellation of the task or a KeyboardInterrupt: either the
    caller has the process, or the child is gone with its group, and its pipes are closed. A task
    that is cancelled meanwhile ends when the child has exited. As with asyncio, the loop stands
    still while the system creates the child.

    On Windows it needs the loop that is the default there, `asyncio.ProactorEventLoop`. On POSIX
    any loop will do, uvloop's too.

    Raises what asyncio raises; `NotImplementedError` for a loop that starts no child; `ValueError`
    for another `console` or a `process_group` to join; `PermissionError` if the child may not be
    changed.
    """
    loop = asyncio.get_running_loop()
    start = partial(loop.subprocess_exec, stdin=stdin, stdout=stdout, stderr=stderr)
    return await _started(start, (program, *args), limit, console, keyboard, kwds)


@public
async def create_subprocess_shell(
    cmd: str | bytes,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    limit: int = _LIMIT,
    *,
    console: str = "inherit",
    keyboard: bool = True,
    **kwds: Any,
) -> Process:
    """`asyncio.create_subprocess_shell`, whose shell leads a process group and hears Ctrl+C.

    What the shell runs is in that group too, and hears it. `cmd` is the line for the shell; the
    rest is as for `create_subprocess_exec`, and so is what it raises.

    On Windows the shell is cmd.exe, which waits for the program that it runs to exit; see
    `ctrlevent.Popen`.
    """
    loop = asyncio.get_running_loop()
    start = partial(loop.subprocess_shell, stdin=stdin, stdout=stdout, stderr=stderr)
    return await _started(start, (cmd,), limit, console, keyboard, kwds)


async def _started(
    start: Callable[..., Coroutine[Any, Any, Any]],
    command: tuple[Any, ...],
    limit: int,
    console: str,
    keyboard: bool,
    named: dict[str, Any],
) -> Process:
    call = Call()
    _arguments.check_own_group(console, named)
    loop = asyncio.get_running_loop()
    # uvloop's does not know `process_group`. A loop that is derived from asyncio's hands it on.
    takes_process_group = isinstance(loop, asyncio.BaseEventLoop)
    child = half.loop_child(named, console, bool(keyboard), takes_process_group)
    protocol = Streams(limit, loop)
    creation = Creation(child, protocol, start(lambda: protocol, *command, **named))
    try:
        transport = await creation.transport()
        let_run = partial(
            child.let_run, transport.get_pid(), transport.get_extra_info("subprocess")
        )
        if child.starts_at_once:
            let_run()
        else:
            await off_the_loop(let_run)
        call.held.append(Process(transport, protocol, loop, child, call))
        process: list[Process] = call.held
        return process.pop()
    except GeneratorExit:
        creation.drop()
        raise
    except BaseException:  # KeyboardInterrupt too: no other code would end the child
        call.held.clear()
        await creation.undo()
        raise
