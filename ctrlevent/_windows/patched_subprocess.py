"""What `patch_os` changes on Windows besides `os`: `subprocess.Popen`, and `signal.SIGKILL`.

Patches the methods of the class, and not the name `subprocess.Popen`: asyncio derives a class of
its own from it, and so does other code, mostly before it is patched.

Two methods are enough. A child is started by `__init__`, whose arguments are public; what does not
work is `_execute_child`, whose arguments differ between versions of Python. And all that a child
gets by its `Popen` goes through `send_signal`, but for `terminate` and `kill`, which end it.
"""

from __future__ import annotations

import functools
import signal
import sys
import weakref
from typing import TYPE_CHECKING, Any, Callable

from .._win32.constants import CREATE_NEW_PROCESS_GROUP
from .popen import start as start_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    Send = Callable[[Any, int], None]

SIGKILL = 9

# The arguments of subprocess.Popen that may be given by their position, since Python 3.7.
_POSITIONAL = (
    *("args", "bufsize", "executable", "stdin", "stdout", "stderr", "preexec_fn", "close_fds"),
    *("shell", "cwd", "env", "universal_newlines", "startupinfo", "creationflags"),
    *("restore_signals", "start_new_session", "pass_fds"),
)

# A process or class with this attribute leads its group and hears Ctrl+C by other means:
# `ctrlevent.Popen`, of whatever copy of this package; and a process that the `__init__` of another
# patch, nested with this patch, is starting.
_LEADS = "_leads_group"


def further_patches(
    popen_class: Callable[[], type[Any]], os_kill: Callable[[int, int], None]
) -> list[tuple[Any, ...]]:
    popen = popen_class()
    children: MutableMapping[int, Any] = weakref.WeakValueDictionary()
    send = _sender(os_kill)
    return [
        (signal, "SIGKILL", _sigkill),
        (popen, "__init__", functools.partial(_init, children)),
        (
            popen,
            "send_signal",
            functools.partial(_send_signal, send),
            functools.partial(_keep_sending, popen, children, send),
        ),
    ]


def _sigkill(_found: Callable[[], Any]) -> int:
    return SIGKILL


def _init(children: MutableMapping[int, Any], found: Callable[[], Any]) -> Any:
    @functools.wraps(found())
    def __init__(process: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        if sys.version_info < (3, 11) and named.get("process_group", 1) in (None, 0):
            leads = named.pop("process_group") == 0  # before 3.11, Python does not know it
        else:
            leads = named.get("process_group") == 0
        given = {**dict(zip(_POSITIONAL, arguments)), **named}
        leads = leads or bool(given.get("start_new_session")) or _has_new_group(given)
        # What cannot be called is called as it is, for Python's own error.
        fits = len(given) == len(arguments) + len(named)
        if leads and fits and not hasattr(process, _LEADS):
            _start(found(), process, given)
        else:
            found()(process, *arguments, **named)
        children[id(process)] = process

    return __init__


def _has_new_group(given: dict[str, Any]) -> bool:
    flags = given.get("creationflags")
    return isinstance(flags, int) and bool(flags & CREATE_NEW_PROCESS_GROUP)


def _start(init: Callable[..., None], process: Any, given: dict[str, Any]) -> None:
    setattr(process, _LEADS, True)
    given.setdefault("creationflags", 0)
    start = start_of(given, "inherit", True, None)
    try:
        start.run(process, functools.partial(init, process, **given))
    except BaseException:  # KeyboardInterrupt too: no other code would end the child
        start.abandon(process)
        raise


def _sender(os_kill: Callable[[int, int], None]) -> Send:
    def send(process: Any, sig: int) -> None:
        if process.poll() is not None:
            return
        if sig == signal.SIGTERM:
            process.terminate()
            return
        try:
            os_kill(process.pid, sig)
        except ProcessLookupError:
            if process.poll() is None:
                raise

    return send


def _send_signal(send: Send, found: Callable[[], Any]) -> Any:
    @functools.wraps(found())
    def send_signal(process: Any, sig: int) -> None:
        send(process, sig)

    return send_signal


def _keep_sending(popen: type[Any], children: MutableMapping[int, Any], send: Send) -> None:
    """Children that were started while it was patched keep a `send_signal` that knows SIGINT.

    Not a class that has overridden the method: it goes on to call that of `subprocess.Popen`.
    """
    for child in list(children.values()):
        if child.__class__.send_signal is popen.send_signal:
            child.send_signal = _OfChild(child, send)


class _OfChild:
    """The method of one child. Its weak reference lets the child be deleted when it would be."""

    def __init__(self, process: Any, send: Send) -> None:
        self._process = weakref.ref(process)
        self._send = send

    def __call__(self, sig: int) -> None:
        process = self._process()
        if process is not None:
            self._send(process, sig)
