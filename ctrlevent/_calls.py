"""Whether an object is lost in the very call that made it.

A call that starts a child has a last moment: the child runs, and the caller does not have the
object yet. An exception can come just there: the interpreter runs signal handlers after a call, and
before it stores the result. Nothing is left of the call then that could catch it. What is left is
the object, which dies, and its `__del__` can end the child.

But `__del__` also runs when a caller drops the object on purpose: `Popen(command)` as a statement
starts a child that goes on. These tell the two apart:

- An object is lost in its call if the caller's frame is still at the instruction that made the
  call (`f_lasti`). The statement drops it by the next instruction.
- It is lost by an exception, so there is a traceback of the caller's frame, or of a frame that the
  call had there. `deque(map(Popen, commands), maxlen=0)` drops objects without a traceback.
- It is the last object that this thread has made. The garbage collector may run in a later call at
  the same instruction, and find an earlier object then.

That works only if no traceback keeps the object alive. So the function that makes it has it in
`held` alone, not in a variable, and takes it out by one call of C (`clear`, `pop`): no exception
comes between.

What does not work: to remember the frame itself, which would keep all of the caller's variables
alive; and to look for the exception that is on its way, which `__del__` cannot see.
"""

from __future__ import annotations

import gc
import sys
from types import TracebackType

from ._typing import TYPE_CHECKING
from ._unpatched import thread_local

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_PACKAGE = __name__.rpartition(".")[0]

_last_of_thread = thread_local()


class Call:
    """A call that makes an object; made by that call, as the first it does."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        """The object, until the call has done all that it has to do."""
        self._callers = [
            (id(frame), frame.f_code, frame.f_lasti)
            for frame in _callers(sys._getframe(1))  # noqa: SLF001
        ]
        _last_of_thread.call = self

    def lost_its_object(self) -> bool:
        """To be asked when the object dies: whether no caller ever had it."""
        if self.held:
            return True
        if getattr(_last_of_thread, "call", None) is not self or not self._callers:
            return False
        running = {id(frame): frame for frame in _outwards(sys._getframe(1))}  # noqa: SLF001
        caller = None
        for number, code, instruction in self._callers:
            caller = running.get(number)
            if caller is not None and caller.f_code is not code:
                caller = None
            if caller is not None and caller.f_lasti != instruction:
                return False
        return caller is not None and any(
            _came_through(found, caller)
            for found in gc.get_objects()
            if type(found) is TracebackType
        )


def _outwards(frame: FrameType | None) -> list[FrameType]:
    found: list[FrameType] = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def _callers(frame: FrameType | None) -> list[FrameType]:
    """The caller outside of this package; if that is an `__init__`, also the caller of that, ...

    A class that inherits from `Popen` calls it in its `__init__`.
    """
    found: list[FrameType] = []
    while frame is not None:
        if not _is_own(frame):
            found.append(frame)
            if frame.f_code.co_name != "__init__":
                break
        frame = frame.f_back
    return found


def _is_own(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")


def _came_through(traceback: TracebackType, caller: FrameType) -> bool:
    """Whether an exception left the call that this frame is at, or has just come to it."""
    if traceback.tb_frame is caller:
        return traceback.tb_lasti == caller.f_lasti
    frame: FrameType | None = traceback.tb_frame
    while frame is not None and (_is_own(frame) or frame.f_code.co_name == "__init__"):
        frame = frame.f_back
    return frame is caller
