"""`PseudoConsole`: a terminal for a child, typed into and read by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _arguments
from ._calls import Call
from ._create_process import checked
from ._half import half
from ._typing import public

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._protocol import Terminal, TerminalProcess

_SHORT = 0x7FFF  # a COORD has two of them


@public
class PseudoConsole:
    """A terminal: programs run on it as in a window, and the caller has keys and screen.

    `columns`, `rows`: its size.

    A context manager; `close` is called at its end. It can be used from several threads.

    On POSIX it is a pseudo-terminal, as the `pty` module has it, in the mode in which terminals are
    as a rule; a program may change that (`termios`).

    Whatever interrupts the call, a KeyboardInterrupt at any instruction included: either the caller
    has the object, or everything is closed again. The same holds for a child and `start`.

    Raises `OSError`, on Windows with `winerror`, with ENOSYS before Windows 10 1809, which has
    none; `TypeError`, `ValueError` for a size that no console can have.

    Source: CreatePseudoConsole (consoleapi.h); openpty(3), termios(4).
    """

    def __init__(self, columns: int = 120, rows: int = 30) -> None:
        call = self._call = Call()
        self._terminal: Terminal = half.terminal(*_size(columns, rows))
        call.held = [self._terminal]
        del self
        try:
            call.held[0].open()
            call.held.clear()
        except BaseException:
            if call.held:
                call.held[0].close()
                call.held.clear()
            raise

    def __del__(self) -> None:
        terminal = self.__dict__.get("_terminal")
        if terminal is not None and terminal.is_open and self._call.lost_its_object():
            terminal.close()

    def __enter__(self) -> PseudoConsole:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def start(self, args: str | Sequence[str], **named: Any) -> TerminalProcess:
        r"""Start a child on it, which leads a process group of its own and hears Ctrl+C.

        `args` and keywords: those of `create_process`. The child's standard streams are this
        console, even if the caller's own are redirected, unless `standard_handles` says otherwise.
        What it starts ends with the console at the latest.

        On POSIX `args` is what `subprocess.Popen` takes (a str is a program, not a command line),
        and the keywords are `executable`, `cwd` and `env`. The child leads a session, which has
        this as its controlling terminal. A terminal has a single session: a child that is started
        while another runs has its standard streams here, and this object sends SIGINT, SIGQUIT and
        SIGWINCH to its group for the keys and the size; but it has no controlling terminal, so that
        it cannot open /dev/tty, and a shell has no jobs. When a child has exited, what it has left
        in its session gets SIGHUP: what is to go on has to start a session of its own.

        Raises what `create_process` raises; `TypeError` for `pseudo_console`; `ValueError` for a
        creation flag that asks for another console; `OSError` (EBADF) when it is closed. On POSIX,
        what `subprocess.Popen` raises, and `ValueError` for a keyword that only Windows has.

        Source: PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE (UpdateProcThreadAttribute). The NULL handles
        keep a redirection of the caller's from the child. TIOCSCTTY (tty_ioctl(4)).
        """
        if "pseudo_console" in named:
            raise TypeError("pseudo_console is this one")
        command = [named.pop(name, None) for name in ("executable", "cwd", "env")]
        return self._terminal.start(args, **checked(args, *command), **named)

    def read(self, timeout: float | None = None) -> str:
        """What it has shown since the last time, with its control sequences.

        Waits until there is something, `timeout` seconds at most (None: no limit). "" when the
        time is up, and when it is closed and all has been read. Bytes that are no UTF-8 are U+FFFD.

        Raises `TypeError`, `ValueError`.
        """
        return self._terminal.read(_arguments.seconds(timeout))

    def write(self, text: str) -> None:
        r"""Type something. The Enter key is "\r".

        Raises `OSError` (EBADF when it is closed).
        """
        self._terminal.write_bytes(text.encode())

    def write_bytes(self, data: bytes) -> None:
        """Type something that is UTF-8 already. Raises what `write` raises."""
        self._terminal.write_bytes(data)

    def press_ctrl_c(self) -> None:
        r"""Press Ctrl+C.

        In the mode in which consoles are as a rule, every program on it gets the event, whatever
        its group, unless it ignores Ctrl+C. With ENABLE_PROCESSED_INPUT off, "\x03" is read as
        input. On Wine 10 neither happens: there, this character ends the input (conhost.c).

        On POSIX it is the terminal's interrupt character (VINTR), as a rule "\x03". The foreground
        group gets SIGINT, which is the child's unless that is a shell with jobs; with ISIG off the
        character is read as input. Other children on it: see `start`.

        Raises what `write` raises.
        """
        self._terminal.press_ctrl_c()

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size. Raises `TypeError`, `ValueError`, `OSError`; always on Wine 10.

        On POSIX the foreground group gets SIGWINCH.

        Source: ResizePseudoConsole (consoleapi.h); TIOCSWINSZ (tty_ioctl(4)).
        """
        self._terminal.resize(*_size(columns, rows))

    def close(self) -> None:
        """Close it, and end what runs on it. What it has shown can still be read.

        Windows sends CTRL_CLOSE_EVENT to every process on it, and they have 5 seconds to clean up;
        Wine 10 does not. Whatever is still there then is ended. A second call does nothing.

        On POSIX each child and the foreground group get SIGHUP (and SIGCONT, in case they are
        stopped), and have as long; the rest of a child's session does once the child has exited.
        What is still in a session of theirs then gets SIGKILL; without Linux's /proc, what is in
        the groups of the children and in the foreground. Then the terminal is hung up, which a
        program of another user, as under sudo, notices too.

        Source: ClosePseudoConsole (consoleapi.h).
        """
        self._terminal.close()

    def end_processes(self) -> None:
        """End what runs on it, at once; on POSIX with SIGKILL.

        Raises `OSError` (EBADF when it is closed).
        """
        self._terminal.end_processes()


def _size(columns: int, rows: int) -> tuple[int, int]:
    for name, number in (("columns", columns), ("rows", rows)):
        if not 0 < _arguments.integer(number, name) <= _SHORT:
            raise ValueError(f"{name} must be from 1 to {_SHORT}, not {number}")
    return columns, rows
