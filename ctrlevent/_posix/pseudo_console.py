"""What a `PseudoConsole` is made of on POSIX: a pseudo-terminal, and a thread that reads it.

Each child leads a session. The terminal is the controlling terminal of a single child at a time:
the kernel sends that child's foreground group what a key means, and a SIGHUP when the child exits.
A terminal belongs to a single session, and a process cannot join another session. So a child that
is started beside it reads and writes the same terminal; and as long as such a child runs, the
signals of the keys are sent from here, to all of them.

What does not work: to start each child from a process that leads the session for all. That takes a
Python, which a frozen program has not; the caller could not wait for its children; and a session
has a single foreground group, so a child that leads a group of its own hears no key.

What runs on the terminal is what is in the sessions of the children. The id of a session is the
child's pid, which no other process can get until the child was waited for. So a child is looked at
without waiting for it, and what is left of its session is hung up first.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import struct
import sys
import termios
from functools import partial
from typing import Any, NamedTuple

if sys.platform == "win32":
    raise ImportError("ctrlevent._posix is for POSIX; Windows has ctrlevent._windows")

from .. import _arguments, _held_back
from .._calls import Call
from .._screen import Screen
from .._subprocess import Popen, TimeoutExpired
from .._unpatched import Thread, allocate_rlock, monotonic, sleep
from .._unpatched import signal_calls as signal
from .._unpatched import system_calls as os
from . import popen, processes, waits

# In seconds: what the programs of a terminal that is closed have to clean up, as on Windows; and
# how long other waits last at most.
CLOSE_SECONDS = 5.0
_PAUSE = 0.02

_CHUNK = 1 << 16
# How much is typed by one call: a terminal that takes no more blocks the call.
_PIECE = 1 << 10

# In tcgetattr's list.
_IFLAG, _LFLAG, _CC = 0, 3, 6

# Of the mode IUTF8, in which the terminal erases a whole character: `termios` does not have it.
_IUTF8 = 0x4000 if sys.platform in ("linux", "darwin") else 0

_SIGNALS = ((termios.VINTR, signal.SIGINT), (termios.VQUIT, signal.SIGQUIT))

# Keywords of `create_process` that POSIX has not, and what stands for none of each.
_OF_WINDOWS = {
    "creationflags": 0,
    "standard_handles": None,
    "handle_list": (),
    "job_list": (),
    "show_window": None,
}


class Terminal:
    """A pair: what is typed is written to the master; children have the slave."""

    def __init__(self, columns: int, rows: int) -> None:
        self._size = columns, rows
        self._screen = Screen(monotonic)
        self._children: list[_Child] = []
        # Two that start, or close; two that type. An exception can come at the very end of `with`,
        # before the lock is released. With this kind, the thread that it came to goes on.
        self._changing, self._typing = allocate_rlock(), allocate_rlock()
        self._is_closing = False
        self._end_mark = b""
        self._typed = b""
        self.is_open = False

    def open(self) -> None:
        _held_back.call(self._make)

    def _make(self) -> None:
        self._master, self._slave = os.openpty()
        try:
            self._name = os.ttyname(self._slave)
            _set_size(self._master, *self._size)
            settings = termios.tcgetattr(self._slave)
            settings[_IFLAG] |= _IUTF8
            self.adopt(settings)
            self._reader = Thread(self._show)
            self.is_open = True
        except BaseException:
            if not self.is_open:
                self._end_mark = b"\0"  # ends the thread, when it reads that the slave is closed
                os.close(self._slave)
                os.close(self._master)
            raise

    def _show(self) -> None:
        """Read what is shown, in a thread of its own, up to the mark that `_stop_reader` writes."""
        rest = b""
        try:
            while True:
                data = b""
                with contextlib.suppress(OSError):  # EIO: no process has the slave open
                    data = os.read(self._master, _CHUNK)
                if self._end_mark:
                    rest += data
                    if not data or self._end_mark in rest:
                        self._screen.put(rest.partition(self._end_mark)[0])
                        return
                elif data:
                    self._screen.put(data)
                else:
                    sleep(_PAUSE)  # on macOS the exit of a session's leader has closed the slave
        finally:
            self._screen.finish()

    # --- children ---------------------------------------------------------------------------------

    def start(self, args: Any, creationflags: int = 0, **named: Any) -> TerminalProcess:
        _refuse_what_is_of_windows({**named, "creationflags": creationflags})
        with self._changing:
            self._check_open()
            held = [TerminalProcess(args, self._master)]
            try:
                self._create(args, held[0].child, **named)
                return held.pop()  # and no variable has it: see `_calls`
            except BaseException:
                if held:
                    held[0].child.abandon()
                raise

    def _create(
        self,
        args: Any,
        child: _Child,
        *,
        executable: str | None,
        env: Any,
        folder: str | None,
        **_of_windows: Any,
    ) -> None:
        self._children[:] = [other for other in self._children if other.poll() is None]
        child.has_terminal = not any(other.has_terminal for other in self._children)
        named: dict[str, Any] = {
            "start_new_session": True,
            "restore_signals": True,
            "preexec_fn": _InChild(child.has_terminal),
        }
        slave = self._usable_slave()
        child.create(
            named, args, executable=executable, cwd=folder, env=env,
            stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        self._children.append(child)

    def _usable_slave(self) -> int:
        if not os.isatty(self._slave):  # on macOS, when the leader of its session has exited
            slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY)
            os.dup2(slave, self._slave, inheritable=False)
            os.close(slave)
        return self._slave

    # --- keys and screen --------------------------------------------------------------------------

    def read(self, seconds: float) -> str:
        return self._screen.take(seconds)

    def write_bytes(self, data: bytes) -> None:
        self._check_open()
        while data:
            with self._typing:
                self._check_open()
                signals = self._signals_for_many()
                number = signals.get(data[:1])
                if number is None:
                    key = next(
                        (at for at in range(1, len(data)) if data[at : at + 1] in signals), None
                    )
                    typed = data[: os.write(self._master, data[: min(key or _PIECE, _PIECE)])]
                else:
                    typed = data[:1]
                    self._signal_all(number)
            data = data[len(typed) :]
            self._typed = typed

    def _signals_for_many(self) -> dict[bytes, int]:
        """By the character: those that are sent from here, as a child is beside the terminal's.

        What does not work: to let the terminal send to its own child, and to send to the others. It
        takes a character some time later, and drops then what was shown and not yet read.
        """
        if all(child.has_terminal for child in self._children):
            return {}
        settings = termios.tcgetattr(self._master)
        if not settings[_LFLAG] & termios.ISIG:
            return {}
        found: dict[bytes, int] = {settings[_CC][key]: number for key, number in _SIGNALS}
        found.pop(self._no_key(), None)
        return found

    def _signal_all(self, number: int) -> None:
        if not termios.tcgetattr(self._master)[_LFLAG] & termios.NOFLSH:
            with contextlib.suppress(termios.error):
                termios.tcflush(self._slave, termios.TCIFLUSH)  # the line that was begun
        for child in [*self._children]:
            child.signal_foreground(number)

    def press_ctrl_c(self) -> None:
        self.write_bytes(self.key(termios.VINTR) or b"\x03")

    def end_input(self) -> None:
        """Type what means the end of the input, where the terminal is in a mode that has it."""
        if self._settings()[_LFLAG] & termios.ICANON:
            end = self.key(termios.VEOF)
            # In the midst of a line it only lets a read have what there is of the line.
            self.write_bytes(end if self._typed[-1:] in (b"", b"\r", b"\n", end) else 2 * end)

    def key(self, number: int) -> bytes:
        """A control character; b"" if the terminal has none for that."""
        key: bytes = self._settings()[_CC][number]
        return b"" if key == self._no_key() else key

    def _no_key(self) -> bytes:
        return bytes([os.fpathconf(self._master, "PC_VDISABLE") & 0xFF])

    def _settings(self) -> list[Any]:
        with self._typing:
            self._check_open()
            return termios.tcgetattr(self._master)

    def adopt(self, settings: list[Any]) -> None:
        """Have the settings of another terminal."""
        termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    def resize(self, columns: int, rows: int) -> None:
        with self._typing:
            self._check_open()
            _set_size(self._master, columns, rows)
        for child in [*self._children]:
            if not child.has_terminal:
                child.signal(signal.SIGWINCH)

    # --- the end ----------------------------------------------------------------------------------

    def end_processes(self) -> None:
        self._check_open()
        self._kill()

    def _kill(self) -> None:
        for child in [*self._children]:
            child.signal_all(signal.SIGKILL)

    def close(self) -> None:
        with self._changing:
            if not self.is_open:
                return
            self._is_closing = True
            try:
                for child in [*self._children]:
                    child.hang_up()
                self._wait_for_the_end(CLOSE_SECONDS)
                self._kill()
                self._wait_for_the_end(CLOSE_SECONDS)
            finally:
                self._kill()
                _held_back.call(self._close_files)

    def _wait_for_the_end(self, seconds: float) -> None:
        waits.until(
            monotonic() + seconds, lambda: not any(child.is_left() for child in self._children)
        )

    def _close_files(self) -> None:
        if not self.is_open:
            return
        is_mine = self._let_writers_go()
        self._stop_reader()
        for child in self._children:
            child.poll()
        self.is_open = False
        # Hangs up what runs there even now, as a program of another user may.
        os.close(self._master)
        os.close(self._slave)
        if is_mine:
            self._typing.release()

    def _let_writers_go(self) -> bool:
        """A terminal that takes no more holds them up, until what it has taken is dropped."""
        deadline = monotonic() + CLOSE_SECONDS
        while not self._typing.acquire(timeout=_PAUSE):
            if monotonic() >= deadline:
                return False
            with contextlib.suppress(termios.error):
                termios.tcflush(self._slave, termios.TCIFLUSH)
        return True

    def _stop_reader(self) -> None:
        """Have the thread end, behind all that was shown.

        It would see an end by itself when no process has the slave open; but a daemon may have it.
        """
        self._end_mark = b"\0%d\0" % int.from_bytes(os.urandom(8), "big")
        deadline, is_written = monotonic() + CLOSE_SECONDS, False
        while not self._reader.join(0 if not is_written else _PAUSE) and monotonic() < deadline:
            if not is_written:
                is_written = self._write_mark()
                if not is_written:
                    sleep(_PAUSE)

    def _write_mark(self) -> bool:
        """By a file of its own: whether a write may block is shared with those that have it."""
        with contextlib.suppress(OSError, termios.error):
            termios.tcflow(self._slave, termios.TCOON)  # Ctrl+S may have been typed
            fd = os.open(self._name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            with contextlib.ExitStack() as closing:
                closing.callback(os.close, fd)
                return os.write(fd, self._end_mark) == len(self._end_mark)
        return False

    def _check_open(self) -> None:
        if not self.is_open or self._is_closing:
            raise OSError(errno.EBADF, "this pseudo console is closed")


terminal = Terminal


def _set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _refuse_what_is_of_windows(named: dict[str, Any]) -> None:
    for name in named.keys() - {"executable", "command_line", "env", "folder"}:
        if name not in _OF_WINDOWS:
            raise TypeError(f"start() takes no {name}")
        nothing = _OF_WINDOWS[name]
        if named[name] != nothing and (nothing != () or len(named[name])):
            raise ValueError(f"{name} is of Windows; start() takes executable, cwd and env here")


class _InChild(NamedTuple):
    """A `preexec_fn`, which makes system calls only: see `popen`."""

    takes_terminal: bool

    def __call__(self) -> None:  # pragma: no cover - in the child, before exec
        if self.takes_terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # Ignored under nohup. The events are those of `popen.Start`.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


class _Child:
    """A child, for as long as the terminal has to do with it.

    `TerminalProcess` is what the caller has of it, and may drop.
    """

    def __init__(self, master: int) -> None:
        self._master = master
        # Its `__init__` is called by `create`.
        self._process: Any = Popen.__new__(Popen)
        self._starting: popen.Start | None = None
        self._polling = allocate_rlock()
        self._rest_was_hung_up = False
        self.has_terminal = False

    @property
    def pid(self) -> int:
        return getattr(self._process, "pid", None) or 0

    @property
    def returncode(self) -> Any:
        return getattr(self._process, "returncode", None)

    def create(self, named: dict[str, Any], args: Any, **others: Any) -> None:
        starting = self._starting = popen.Start(named, "own", True, None)
        starting.run(self._process, partial(self._process.__init__, args, **others, **named))

    def abandon(self) -> None:
        if self._starting is not None:
            self._starting.abandon(self._process)

    # --- its exit ---------------------------------------------------------------------------------

    def has_exited(self) -> bool:
        """Without waiting for it, where the system can tell that."""
        return not self.pid or waits.is_over(self)

    def poll(self) -> Any:
        with self._polling:
            if self.returncode is None and self.pid and (not waits.CAN_LOOK or self.has_exited()):
                _held_back.call(self._wait)
        return self.returncode

    def _wait(self) -> None:
        if waits.CAN_LOOK:
            self._hang_up_rest()
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # as in `has_exited`; then `subprocess` says 0, too
            self._process.returncode = 0
        else:
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)

    def _hang_up_rest(self) -> None:
        """Of its session. (The kernel does it for the terminal's foreground group alone.)"""
        if not self._rest_was_hung_up:
            self._rest_was_hung_up = True
            self.signal_all(signal.SIGHUP, signal.SIGCONT)

    def is_left(self) -> bool:
        """Whether it, or a process of its session, is to be waited for.

        Does not learn its exit status, after which what is left could not be ended any more.
        """
        if not self.has_exited():
            try:
                os.kill(self.pid, 0)
            except OSError:  # of another user, as with sudo: the kernel hangs it up in the end
                return False
            return True
        with self._polling:
            if self.returncode is not None:
                return False
            self._hang_up_rest()
            return bool(self._members())

    # --- what it is sent --------------------------------------------------------------------------

    def kill(self) -> None:
        with self._polling:
            if self.poll() is None:
                os.kill(self.pid, signal.SIGKILL)

    def signal(self, number: int) -> None:
        """To its own group."""
        self._send({self.pid}, number)

    def signal_foreground(self, number: int) -> None:
        self._send({self._foreground()}, number)

    def signal_all(self, *numbers: int) -> None:
        """To each process of its session."""
        self._send(self._groups(), *numbers)

    def hang_up(self) -> None:
        """As the kernel does when a terminal is gone; but what is shown can still be read."""
        self._send({self.pid, self._foreground()}, signal.SIGHUP, signal.SIGCONT)

    def interrupt(self) -> OSError | None:
        """SIGINT to the group that a key would reach. Returns why it cannot be sent."""
        try:
            with self._polling:
                if not self.has_exited():
                    os.killpg(self._foreground(), signal.SIGINT)
        except OSError as error:
            return None if self.has_exited() else error
        return None

    def _send(self, groups: set[int], *numbers: int) -> None:
        with self._polling:
            if self.returncode is None and self.pid:
                for group in groups:
                    for number in numbers:
                        with contextlib.suppress(OSError):
                            os.killpg(group, number)

    def _foreground(self) -> int:
        """The group that the terminal sends to, if that is of its session."""
        group = self._group_of_terminal()
        return group if group in self._groups() else self.pid

    def _groups(self) -> set[int]:
        """Of its session: those that are known. Where there is no /proc, the two that matter."""
        found = self._members()
        if found is not None:
            return found
        found = {self.pid}
        with contextlib.suppress(OSError):
            group = self._group_of_terminal()
            if group and os.getsid(group) == self.pid:
                found.add(group)
        return found

    def _members(self) -> set[int] | None:
        """The groups of the live processes of its session; None where there is no /proc."""
        try:
            return processes.groups_of_session(self.pid)
        except OSError:
            return None

    def _group_of_terminal(self) -> int:
        """0 if that is not known, or is of another session."""
        if self.has_terminal:
            with contextlib.suppress(OSError):
                return os.tcgetpgrp(self._master)
        return 0


class TerminalProcess:
    """Implements `ctrlevent._protocol.TerminalProcess`."""

    def __init__(self, args: Any, master: int) -> None:
        self._call = Call()
        self.args = args
        self.child = _Child(master)

    def __del__(self) -> None:
        child = self.__dict__.get("child")
        if child is None or child.returncode is not None or not child.pid:
            return
        if self._call.lost_its_object():
            child.abandon()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def returncode(self) -> Any:
        return self.child.returncode

    def poll(self) -> Any:
        return self.child.poll()

    def wait(self, timeout: float | None = None) -> int:
        seconds = _arguments.seconds(timeout)
        if not self.wait_until(monotonic() + seconds):
            raise TimeoutExpired(self.args, seconds)
        status: int = self.returncode
        return status

    def wait_until(self, deadline: float) -> bool:
        return waits.until(deadline, lambda: self.poll() is not None)

    def kill(self) -> None:
        self.child.kill()
