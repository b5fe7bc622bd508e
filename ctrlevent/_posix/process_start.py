"""The start of a child of multiprocessing on POSIX: its group, and what SIGINT is to it.

The classes are derived from multiprocessing's, whose wait, poll and signals they keep. When a child
gets its group and its disposition of SIGINT:

| method | child | caller |
|---|---|---|
| fork | first of all in the child (`_bootstrap`) | setpgid too, when `fork` has returned |
| spawn | before exec, as the child of a `Popen` | `subprocess` waits for the exec |
| forkserver | as the first that it unpickles, before the caller's modules | waits until it is so |

The child of the fork server is not the caller's, so setpgid is for the child alone. The child can
import nothing of the caller's yet when it unpickles the first; so that is a call of `posix.setpgid`
itself. What does not work: to do it where the process object is unpickled, which comes after the
import of the caller's main module.

For fork, what runs in the child differs from one version of Python to the next (`_launch` of
`multiprocessing.popen_fork`), so it is not written anew here.
"""

from __future__ import annotations

import contextlib
import io
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from multiprocessing import forkserver, reduction, resource_tracker, spawn, util
from multiprocessing.context import set_spawning_popen

from .. import _held_back, _subprocess
from .._errors import CtrlCIgnored, make
from .._types import CtrlEvent
from .._unpatched import monotonic, sleep
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import forked
from . import popen as of_subprocess
from .signals import kill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Callable

    from .._arguments import Options

    class _Theirs:
        """What the three classes have, as far as it is needed here. Typeshed leaves most out."""

        pid: Any
        sentinel: int
        finalizer: Any
        _fds: list[int]

        def _launch(self, process: Any) -> None: ...

    ForkPopen = _Theirs
    SpawnPopen = _Theirs
    ForkServerPopen = _Theirs
else:
    from multiprocessing.popen_fork import Popen as ForkPopen
    from multiprocessing.popen_forkserver import Popen as ForkServerPopen
    from multiprocessing.popen_spawn_posix import Popen as SpawnPopen

# In seconds: how soon a child is looked at again.
_PAUSE = 0.0005


class Start:
    def __init__(self, method: str, leads_group: bool, hears_keyboard: bool) -> None:
        self._child: Any = _KINDS[method](leads_group, hears_keyboard)
        self._may_lose_its_pid = method != "forkserver"
        self._before: frozenset[int] | None = None

    def run(self, process: Any) -> Any:
        self._before = forked.children_of_this_thread()
        self._child.handler = signal.getsignal(signal.SIGINT)
        _held_back.call(partial(self._child.launch, process))
        return self._child

    def abandon(self) -> None:
        child = self._child
        if child.pid is None and self._may_lose_its_pid:
            child.pid = forked.lost_child(self._before)
        if child.pid is not None:
            _end(child)
        if child.finalizer is not None:
            child.finalizer()


process_start = Start


def _end(child: Any) -> None:
    """As `popen` ends a child whose start was broken off: a SIGINT first, as it runs already."""
    with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl+C is not for waiting any longer
        _send(child.pid, signal.SIGINT)
        deadline = monotonic() + of_subprocess._GRACE  # noqa: SLF001
        while child.poll() is None and monotonic() < deadline:
            sleep(_PAUSE)
    if child.poll() is None:
        _send(child.pid, signal.SIGKILL)
        child.wait()


_send = of_subprocess._send  # noqa: SLF001


class _Kind:
    """What the three kinds of children have in common. Comes before a class of multiprocessing."""

    pid: Any = None
    finalizer: Any = None
    handler: Any = None
    """The caller's handler of SIGINT."""

    def __init__(self, leads_group: bool, hears_keyboard: bool) -> None:
        self._leads_group = leads_group
        # A key is for the processes of the terminal's group. A child with a group of its own does
        # not get it anyway.
        self._ignores = not leads_group and not hears_keyboard

    def launch(self, process: Any) -> None:
        theirs: Any = super()
        theirs.__init__(process)

    def disposition(self) -> Any:
        """What SIGINT is in the child, if the child has to set that."""
        if self._ignores:
            return signal.SIG_IGN
        return signal.default_int_handler if self.handler == signal.SIG_IGN else self.handler

    def interrupt(self, options: Options) -> None:
        if self._ignores:
            raise make(
                CtrlCIgnored,
                f"process {self.pid} ignores SIGINT, as it is in the caller's group and shall not"
                ' hear the key; use group="own", or terminate() it',
            )
        if self._leads_group:
            of_subprocess.interrupt(self.pid, options, is_deaf=False, deafens=False)
        else:
            kill(self.pid, CtrlEvent.CTRL_C_EVENT, options)


class _Forked(_Kind, ForkPopen):
    def _launch(self, process: Any) -> None:
        process._begin = partial(_begin, self._leads_group, self.disposition())  # noqa: SLF001
        try:
            super()._launch(process)
        finally:
            del process._begin  # noqa: SLF001
        if self._leads_group:
            # The child does it too, whichever comes first.
            with contextlib.suppress(PermissionError, ProcessLookupError):  # exec, or an exit
                os.setpgid(self.pid, self.pid)


def _begin(leads_group: bool, disposition: Any) -> None:  # pragma: no cover - in the child
    if leads_group:
        os.setpgid(0, 0)
    if disposition is not None:  # a handler that is none of Python's
        signal.signal(signal.SIGINT, disposition)  # until now it is that of `_held_back`


class _Spawned(_Kind, SpawnPopen):
    def _launch(self, process: Any) -> None:
        tracker: Any = resource_tracker.getfd()
        self._fds.append(tracker)
        data = _pickled(self, process)
        with contextlib.ExitStack() as closing:
            # The child reads its data from this pipe. The next shows the caller the child's exit.
            reader, writer = os.pipe()
            closing.callback(os.close, reader)
            self.sentinel, held_by_child = os.pipe()
            closing.callback(os.close, held_by_child)
            # The child knows by the writer that its parent is alive: `parent_process`.
            self.finalizer = util.Finalize(self, _close, (self.sentinel, writer))
            self._fds += [reader, held_by_child]
            self.pid = self._start(
                spawn.get_command_line(tracker_fd=tracker, pipe_handle=reader), self._fds
            )
        _write(writer, data)

    def _start(self, command: list[Any], fds: list[int]) -> int:
        """By `subprocess`, whose children do all before exec, and which knows whether that failed.

        (What multiprocessing uses, `util.spawnv_passfds`, can say nothing of a group.)
        """
        named: dict[str, Any] = {
            "preexec_fn": _ignore_sigint if self._ignores else None,
            "restore_signals": True,
            "start_new_session": False,
        }
        if self._leads_group:
            of_subprocess.start(named, "inherit", True, None)
        elif not self._ignores and self.handler == signal.SIG_IGN:
            named["preexec_fn"] = _hear_sigint
        child = _subprocess.Popen(
            command, executable=spawn.get_executable(), pass_fds=fds, close_fds=True, **named
        )
        child.returncode = 0  # it is multiprocessing that waits for it
        return child.pid


def _ignore_sigint() -> None:  # pragma: no cover - in the child, before exec
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _hear_sigint() -> None:  # pragma: no cover - in the child, before exec
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class _OfForkServer(_Kind, ForkServerPopen):
    def _launch(self, process: Any) -> None:
        first = [_Call(os.setpgid, 0, 0)] if self._leads_group else []
        if self._ignores or self.handler == signal.SIG_IGN:
            first.append(_Call(signal.signal, int(signal.SIGINT), self.disposition()))
        data = _pickled(self, process, first)
        self.sentinel, writer = forkserver.connect_to_new_process(self._fds)
        self.finalizer = util.Finalize(self, _close, (self.sentinel, writer))
        # The server says it as soon as it has forked.
        self.pid = forkserver.read_signed(self.sentinel)
        _write(writer, data)
        while self._leads_group and not self._has_its_group():
            sleep(_PAUSE)

    def _has_its_group(self) -> bool:
        """Or has exited."""
        try:
            return bool(os.getpgid(self.pid) == self.pid)
        except ProcessLookupError:
            return True


_KINDS: dict[str, Any] = {"fork": _Forked, "spawn": _Spawned, "forkserver": _OfForkServer}


class _Call:
    """Unpickled, it is the result of a call of a built-in function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def _pickled(child: Any, process: Any, first: Sequence[_Call] = ()) -> memoryview:
    """What the child unpickles. `first`: what it does before all else."""
    prepared = spawn.get_preparation_data(process.name)
    data = io.BytesIO()
    set_spawning_popen(child)
    try:
        # The child looks its data up by their names, and takes no notice of others.
        reduction.dump({"ctrlevent": [*first], **prepared}, data)
        reduction.dump(process, data)
    finally:
        set_spawning_popen(None)
    return data.getbuffer()


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


def _write(fd: int, data: memoryview) -> None:
    while data:
        data = data[os.write(fd, data) :]
