"""The helper process, seen from the process that it helps: started once, asked often.

It is a Python of this installation, in isolated mode: no environment variable, no folder of the
user's and no `site` changes what it runs; no window, no shell, no handle but its two pipes. It ends
with the process that started it, however that ends. Ending it at any moment harms nobody: the next
send starts another.

A frozen program has no such Python, as `sys.executable` is the program itself. Then `available`
says no, and what is to be sent is sent by threads (`_ctrl_routine`).
"""

from __future__ import annotations

import atexit
import contextlib
import marshal
import os
import queue
import subprocess
import sys
import threading
import time

from . import _errors
from ._helper_main import IDLE_EXIT_CODE
from ._win32.constants import CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# In seconds: how long a wait lasts at most before a Ctrl+C can break it off; and how long the end
# of the helper's output may take to arrive once the helper has ended.
_SLICE = 0.05
_CLOSING = 1.0

_lock = threading.Lock()
_running: _Helper | None = None


def available() -> bool:
    """Whether there is a Python to run as the helper."""
    name = os.path.basename(sys.executable or "").lower()
    return not getattr(sys, "frozen", False) and name.startswith("python")


def send(
    console_of: int,
    pgid: int | None,
    event: int | None,
    timeout: float,
    *,
    alone: bool = False,
    together: Sequence[int] = (),
) -> list[int]:
    """Send an event to a group on the console of a process; `pgid` None: to everybody there.

    Returns the pids of those it was sent to: none, if nobody there is in the group; or, with
    `alone`, if that process is not the only one there that is, or might be; or if not all of
    `together` are among them. `event` None: to whom it would be sent; nothing is sent.

    Raises `NoConsole`, `ProcessLookupError`, `PermissionError`, `CtrlCIgnored` (nothing was sent);
    `TimeoutError`, and `OSError` if the helper ended meanwhile (it may have been sent).
    """
    request = {
        "console_of": console_of,
        "pgid": pgid,
        "event": None if event is None else int(event),
        "alone": alone,
        "together": list(together),
    }
    deadline = time.monotonic() + timeout
    with _lock:
        reply = _helper().ask(request, deadline)
        if reply is None:  # it had just gone away for want of work, and has not read the request
            reply = _helper().ask(request, deadline)
    if reply is None:
        raise OSError(0, "the helper process ends as soon as it is started")
    if "error" in reply:
        raise _rebuilt(reply)
    sent_to: list[int] = reply["sent_to"]
    return sent_to


def _rebuilt(reply: dict[str, Any]) -> OSError:
    kinds: tuple[type[OSError], ...]
    kinds = (ProcessLookupError, PermissionError, _errors.NoConsole, _errors.CtrlCIgnored)
    kind = {kind.__name__: kind for kind in kinds}.get(reply["error"], OSError)
    error = _errors.make(kind, reply["message"])
    if reply["winerror"] is not None:
        _errors.set_winerror(error, reply["winerror"])
    return error


def _helper() -> _Helper:
    global _running  # noqa: PLW0603  # one for the whole process, under _lock
    if _running is None or not _running.is_alive():
        _discard()
        _running = _Helper()
    return _running


def _discard() -> None:
    global _running
    helper, _running = _running, None
    if helper is not None:
        helper.close()


# Not needed for its end, which comes with ours, but it leaves nothing for the interpreter to find.
atexit.register(_discard)


class _Helper:
    def __init__(self) -> None:
        # Where this package is, as something to import from, be it a folder or a zip; under its own
        # name, so that a package that it is vendored in is not imported with it.
        here = os.path.dirname(os.path.abspath(__file__))
        root, name = os.path.split(here)
        code = (
            f"import sys; sys.path.insert(0, {root!r});"
            f" from {name}._helper_main import main; main()"
        )
        # A venv's python.exe on Windows only starts the real one.
        python = getattr(sys, "_base_executable", None) or sys.executable
        self._process = subprocess.Popen(
            [python, "-I", "-S", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.path.dirname(python),  # not the caller's, which could not be deleted meanwhile
            creationflags=DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP,
        )
        self._replies: queue.Queue[dict[str, Any] | None] = queue.Queue()
        """None comes last, when it has ended."""
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        # Half a reply, or none: the helper has ended. (marshal raises one or the other for that.)
        ended = contextlib.suppress(EOFError, ValueError, TypeError, OSError)
        with ended, self._process.stdout as replies:  # closed here: nobody else may while it reads
            while True:
                self._replies.put(marshal.load(replies))
        self._replies.put(None)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any] | None:
        """The reply; None if the helper has gone without reading the request."""
        assert self._process.stdin is not None
        try:
            try:
                self._process.stdin.write(marshal.dumps(request))
                self._process.stdin.flush()
            except OSError:
                _discard()  # it may seem to be alive for a moment yet
                return None
            reply = self._reply(deadline)
        except BaseException:
            _discard()  # a late reply must not be taken for that to the next request
            raise
        if reply is not None:
            return reply
        if self._process.wait() == IDLE_EXIT_CODE:
            return None
        raise OSError(0, "the helper process was ended while it was sending; it may have sent")

    def _reply(self, deadline: float) -> dict[str, Any] | None:
        # In slices: a wait of Python's on Windows is not broken off by Ctrl+C.
        while True:
            left = deadline - time.monotonic()
            try:
                return self._replies.get(timeout=min(max(left, 0.001), _SLICE))
            except queue.Empty:
                if left <= 0:
                    raise _errors.make(
                        TimeoutError,
                        "the helper process has not answered in time, so the event may or may not"
                        " have been sent; give it more time with timeout=",
                    ) from None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what could not be written any more
            self._process.stdin.close()
        # It is at the end of the output; unless somebody else has the other end of that too, as a
        # process may that was started at the same moment as the helper.
        self._listening.join(_CLOSING)
