"""The route by the helper process, seen from the caller: started once, asked often.

The helper process is a Python of this installation (`System.start_python`). It exits with the
process that started it, however that exits. Ending it at any moment harms nothing: the next send
starts another. A frozen program has no such Python, and no helper.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import marshal

from .._errors import NoConsole, make, set_winerror
from .._typing import TYPE_CHECKING
from .._unpatched import allocate_lock
from . import own_python
from .helper_process import IDLE_EXIT_CODE, PASSED_ON
from .policy import no_such_group, sent_in_part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._win32.boundary import PythonProcess, System
    from .peb import Facts

_lock = allocate_lock()
_running: PythonProcess | None = None


def is_available(windows: System) -> bool:
    """Whether there is a Python to run as the helper process."""
    return windows.python() is not None


def send_to_group(
    windows: System, pgid: int, targets: Sequence[Facts], event: int, deadline: float
) -> None:
    """To a group on the console that these members are on, or on each of several: on all or none.

    If a console refuses the helper, a process on it was named and would not get the event. So that
    is an error, and nothing is sent before every console was looked at. Skips members that have
    exited since, or are on no console any more, as `thread_route.deliver_to_all` does.
    """
    pids = [target.pid for target in targets]
    # A single console is the rule, and then this is all.
    with contextlib.suppress(ProcessLookupError, NoConsole):
        if ask(windows, pids[0], pgid, event, deadline, together=pids):
            return
    _on_each_console(windows, pgid, pids, None, deadline)
    _on_each_console(windows, pgid, pids, event, deadline)


def _on_each_console(
    windows: System, pgid: int, pids: Sequence[int], event: int | None, deadline: float
) -> None:
    """Send to a group on the console of each process; `event` None: only look for its members."""
    left = list(pids)
    error: OSError | None = None
    found: list[int] = []
    while left:
        try:
            members = ask(windows, left[0], pgid, event, deadline)
        except (ProcessLookupError, NoConsole) as lost:
            error, members = lost, []
        except PermissionError as refused:
            if event is None or not found:
                raise
            raise sent_in_part(pgid, found, refused) from refused
        found += members
        left = [pid for pid in left[1:] if pid not in members]
    if not found:
        raise error or no_such_group(pgid)


def send_if_alone(windows: System, target: Facts, event: int, deadline: float) -> bool:
    """To a process's group on its console. False, with nothing sent, if it is not alone there."""
    return bool(ask(windows, target.pid, target.pgid, event, deadline, alone=True))


def send_to_console(windows: System, pid: int, event: int, deadline: float) -> None:
    """To every process on the console of a process."""
    ask(windows, pid, None, event, deadline)


def ask(
    windows: System,
    console_of: int,
    pgid: int | None,
    event: int | None,
    deadline: float,
    *,
    alone: bool = False,
    together: Sequence[int] = (),
) -> list[int]:
    """Have the helper send an event to a group on the console of a process.

    `pgid` None: to every process there. `event` None: nothing is sent.

    Returns the pids that it was sent to, or would be: none, if no process there is in the group;
    or, with `alone`, if that process is not the only process there that is in it, or may be; or if
    not all of `together` are among them.

    Raises `NoConsole`, `ProcessLookupError`, `PermissionError`, `CtrlCIgnored` (nothing was sent);
    `TimeoutError`, and `OSError` if the helper exited meanwhile (it may have sent).
    """
    request = {
        "console_of": console_of,
        "pgid": pgid,
        "event": None if event is None else int(event),
        "alone": alone,
        "together": list(together),
    }
    _acquire(windows, deadline)
    try:
        reply = _ask(windows, request, deadline)
        if reply is None:  # it had just exited for want of work, and has not read the request
            reply = _ask(windows, request, deadline)
    finally:
        _lock.release()
    if reply is None:
        raise OSError(errno.EIO, "the helper process exits as soon as it is started")
    if "error" in reply:
        raise _rebuilt(reply)
    sent_to: list[int] = reply["sent_to"]
    return sent_to


def _acquire(windows: System, deadline: float) -> None:
    """The lock, which a thread holds while it waits for the helper."""
    if not own_python.acquire(windows, _lock, deadline):
        raise make(
            TimeoutError,
            "another thread is still using the helper process, so nothing was sent; give it"
            " more time with timeout=",
        )


def _rebuilt(reply: dict[str, Any]) -> OSError:
    """The error of the helper process. What is not in `PASSED_ON` is said to be from there."""
    name, message = reply["error"], reply["message"]
    if name in PASSED_ON:
        error: OSError = make(PASSED_ON[name], message)
    else:
        error = OSError(reply["errno"], f"the helper process failed with {name}: {message}")
    if reply["winerror"] is not None:
        set_winerror(error, reply["winerror"])
    return error


def _ask(windows: System, request: dict[str, Any], deadline: float) -> dict[str, Any] | None:
    """The reply; None if the helper has exited without reading the request."""
    helper = _helper(windows)
    try:
        try:
            helper.send(marshal.dumps(request))
        except OSError:
            _discard()  # it may seem to be alive for a moment yet
            return None
        reply = _reply(windows, helper, deadline)
    except BaseException:
        _discard()  # a late reply must not be taken for that to the next request
        raise
    if reply is not None:
        return reply
    if helper.exit_code() == IDLE_EXIT_CODE:
        return None
    raise OSError(errno.EIO, "the helper process was ended while it was sending; it may have sent")


def _reply(windows: System, helper: PythonProcess, deadline: float) -> dict[str, Any] | None:
    try:
        reply: dict[str, Any] | None = own_python.receive(windows, helper, deadline)
    except TimeoutError:
        raise make(
            TimeoutError,
            "the helper process has not answered in time, so the event may or may not have"
            " been sent; give it more time with timeout=",
        ) from None
    return reply


def _helper(windows: System) -> PythonProcess:
    global _running  # noqa: PLW0603  # one helper for the whole process, under _lock
    if _running is None or not _running.is_alive():
        _discard()
        _running = own_python.start(windows, "helper_process")
    return _running


def _discard() -> None:
    global _running
    helper, _running = _running, None
    if helper is not None:
        helper.close()


# Not needed for its exit, which comes with ours, but it leaves nothing for the interpreter to find.
atexit.register(_discard)
