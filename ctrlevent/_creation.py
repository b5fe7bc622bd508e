"""How `loop.subprocess_exec` creates a child, so that no child is left if the start is broken off.

The coroutine of the loop creates the child before it waits for the first time, then connects the
pipes, and returns the transport. While it waits, no other code has the child. If a task that awaits
it is cancelled meanwhile, asyncio ends the child alone: what the shell of `subprocess_shell` has
started by then goes on. So no task awaits it:

- The first step is taken as a whole (`LoopChild.create`).
- `Creation` takes the other steps, as callbacks of what the coroutine waits for. It is no task,
  since the end of `asyncio.run` cancels every task.
- A start that is cancelled goes on until there is a transport, which takes some rounds of the loop.
  Then the child is ended with its group, and its exit is waited for.

What does not work: to wait for the transport without a limit. A KeyboardInterrupt in the code of
the loop itself may lose a callback, so that it never comes.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import subprocess
from typing import TYPE_CHECKING, Any

from ._off_the_loop import to_the_end

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ._protocol import LoopChild

# Seconds that a start that is broken off may take until there is a transport; and the exit of its
# child, if the task is cancelled again meanwhile.
_WITHIN = 2.0
_EXITS_WITHIN = 10.0


class Streams(subprocess.SubprocessStreamProtocol):
    """asyncio's own, which also says that the child has started, and that it has exited.

    `Process.wait` does not say it: it waits for the end of the pipes too, which a process that the
    child has started may keep open.
    """

    transport: asyncio.SubprocessTransport | None = None

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self.exited: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        super().connection_made(transport)

    def process_exited(self) -> None:
        if not self.exited.done():  # first: asyncio's fails if `connection_made` was broken off
            self.exited.set_result(None)
        super().process_exited()


class Creation:
    """`coroutine`: of `loop.subprocess_exec` or `subprocess_shell`, with this protocol."""

    def __init__(
        self, child: LoopChild, protocol: Streams, coroutine: Coroutine[Any, Any, Any]
    ) -> None:
        self._child = child
        self._protocol = protocol
        self._coroutine = coroutine
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._waits_for: list[asyncio.Future[Any] | None] = []
        self._error: BaseException | None = None

    async def transport(self) -> asyncio.SubprocessTransport:
        """Start the child. Raises what the loop raises."""
        self._child.create(self._begin)
        self._go_on()
        await to_the_end(self._ended, _WITHIN)
        error, self._error = self._error, None
        if error is not None:
            raise error
        assert self._protocol.transport is not None
        return self._protocol.transport

    def _begin(self) -> None:
        try:
            self._waits_for.append(self._coroutine.send(None))
        except StopIteration as end:
            # The protocol has got it too, unless a KeyboardInterrupt came just then.
            self._protocol.transport = end.value[0]
            self._end()

    def _go_on(self) -> None:
        """Take the next step when what the coroutine waits for is done."""
        if self._waits_for:
            waits_for = self._waits_for.pop()
            if waits_for is None:  # as in `asyncio.sleep(0)`
                self._loop.call_soon(self._step)
            else:
                waits_for.add_done_callback(self._step)

    def _step(self, _done: object = None) -> None:
        try:
            self._begin()
            self._go_on()
        except Exception as error:
            self._error = error
            self._end()
        except BaseException:  # of a signal handler: goes to the caller of the loop
            self._error = asyncio.CancelledError()
            self._end()
            raise

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def drop(self) -> None:
        """End the child, now.

        First by the transport: it asks whether the child has exited, and if it has, takes the exit
        code away from what the loop has wait for the child.
        """
        with contextlib.suppress(RuntimeError):  # it would wait for the exit of the child
            self._coroutine.close()
        self._coroutine.close()
        if self._protocol.transport is not None:
            self._protocol.transport.close()
        self._child.end()

    async def undo(self) -> None:
        """End the child, and wait for its exit. A cancellation meanwhile is not raised."""
        if self._waits_for:  # broken off after the first step
            self._go_on()
            with contextlib.suppress(asyncio.CancelledError):
                await to_the_end(self._ended, _WITHIN)
        self.drop()
        if self._protocol.transport is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await to_the_end(self._protocol.exited, _EXITS_WITHIN)
