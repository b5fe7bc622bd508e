"""A child that `fork` has made, and whose pid was lost by an exception.

`self.pid = _fork_exec(...)`, in `_execute_child` of subprocess, or `self.pid = os.fork()`, in
`_launch` of multiprocessing: an exception can come between the call and the assignment, by a
handler of another signal than SIGINT. Then Linux still knows the child: /proc/TID/children has the
children of one thread.
"""

from __future__ import annotations

import sys
from _io import FileIO  # `open` is gone when the interpreter ends

from .._unpatched import native_thread_id

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")


def children_of_this_thread() -> frozenset[int] | None:
    """The pids; None if the system does not say."""
    try:
        with FileIO(f"/proc/self/task/{native_thread_id()}/children") as children:
            return frozenset(map(int, children.read().split()))
    except OSError:
        return None


def lost_child(before: frozenset[int] | None) -> int | None:
    """The pid that was lost by the exception that is being handled; None if none was.

    `before`: the children before the start. If a signal handler has started children of its own
    meanwhile, it is not certain which is meant, and the answer is None.
    """
    if before is None or not _came_at_the_assignment():
        return None
    now = children_of_this_thread() or frozenset()
    new = now - before
    return next(iter(new)) if len(new) == 1 else None


def _came_at_the_assignment() -> bool:
    """Whether it left such a function between the call and `self.pid = `."""
    import dis

    traceback = sys.exc_info()[2]
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_name in ("_execute_child", "_launch"):
            call = -1
            for instruction in dis.get_instructions(code):
                if instruction.opname.startswith("CALL"):
                    call = instruction.offset
                elif instruction.opname == "STORE_ATTR" and instruction.argval == "pid":
                    return call <= traceback.tb_lasti <= instruction.offset
        traceback = traceback.tb_next
    return False
