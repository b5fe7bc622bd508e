"""One command in the bed: with a console, its output as it is, and nothing left behind.

A console: on the copy of Wine with Microsoft's console (conhost.py) the first
program gets one of its own. Wine gives its own console to a program whose
standard input is a terminal, so that is a pty.  Standard output and error are
pipes: what the program prints arrives byte for byte.  What is written to the
console itself (CONOUT$) is drawing, and is dropped.  Nothing is ever typed: a
program that reads from the console waits until its time limit.

Nothing left behind: Wine starts children through an intermediate process, so
neither parent pids nor process groups or sessions tell which run a process
belongs to.  Its Unix environment does, even when the Windows program gave its
child another: a mark there finds all of them, and only them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import cache, programs
from .report import say
from .wine import SERVICES, Wine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMED_OUT = 124
_SIGKILL = 9  # the module signal has it on POSIX only
_MARK = "CTRLEVENT_BED_RUN"
_ENDING_TAKES_AT_MOST = 5.0
# Of consoles: they end when the last program on the console has ended, a moment later.
_SERVERS = {"conhost.exe", "OpenConsole.exe"}


class Stopped(BaseException):
    """SIGTERM: to be handled like Ctrl+C."""


def run(
    wine: Wine | None,
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    paths: Sequence[str] = (),
    cwd: str | None = None,
    timeout: float | None = None,
    stdout: BinaryIO | None = None,
    stderr: BinaryIO | None = None,
) -> int:
    """The exit status of the command; 124 if it ran longer than `timeout` seconds.

    On Wine only its lowest eight bits are left: that is all Unix passes on.
    """
    full = dict(wine.environ() if wine else _native_environ())
    full["PYTHONIOENCODING"] = "utf-8"
    if wine:
        # The host's pytest writes bytecode of the same name with other paths in it.
        full["PYTHONPYCACHEPREFIX"] = programs.windows_path(cache.root() / "pycache")
    if paths:
        full["PYTHONPATH"] = ";".join(programs.windows_path(Path(path)) for path in paths)
    full.update(environ)
    sinks = [stdout or sys.stdout.buffer, stderr or sys.stderr.buffer]
    if wine is None:
        return _run_native(command, full, cwd, timeout, sinks if stdout else None)
    return _run_on_wine(wine, command, full, cwd, timeout, sinks)


def _native_environ() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")
    }


def _run_native(
    command: Sequence[str],
    environ: dict[str, str],
    cwd: str | None,
    timeout: float | None,
    capture: Sequence[BinaryIO] | None,
) -> int:
    pipe = subprocess.PIPE if capture else None
    # A console of its own: no event of a test reaches the process that started the run.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    process = subprocess.Popen(
        command, env=environ, cwd=cwd, creationflags=flags, stdout=pipe, stderr=pipe
    )
    try:
        captured = process.communicate(timeout=timeout)
    except BaseException as error:
        tree = ["taskkill", "/t", "/f", "/pid", str(process.pid)]
        subprocess.run(tree, capture_output=True, check=False)
        if isinstance(error, subprocess.TimeoutExpired):
            return TIMED_OUT
        raise
    for sink, data in zip(capture or (), captured):
        sink.write(data)
    return process.returncode


def end_processes(mark: str, shared: bool = False) -> list[str]:
    """Ends all processes with `mark` ("NAME=value") in their Unix environment.

    Those that serve a whole prefix only with `shared`.  Returns what they were;
    does nothing where there is no /proc.
    """
    ended = []
    give_up = time.monotonic() + _ENDING_TAKES_AT_MOST
    while time.monotonic() < give_up:
        found = [
            pid
            for pid in _own_processes()
            if _has_mark(pid, mark.encode()) and (shared or not _is_shared(pid))
        ]
        if not found:
            break
        for pid in found:
            try:
                name = (
                    Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
                )
                os.kill(pid, _SIGKILL)
            except OSError:
                continue
            ended.append(name)
        time.sleep(0.02)
    return ended


def _own_processes() -> list[int]:
    proc = Path("/proc")
    return (
        [int(path.name) for path in proc.iterdir() if path.name.isdigit()] if proc.exists() else []
    )


def _has_mark(pid: int, mark: bytes) -> bool:
    if pid == os.getpid():
        return False
    try:
        # Empty for processes that have ended and for other users' processes.
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return mark in environ.split(b"\0")


def _is_shared(pid: int) -> bool:
    """Whether it serves all programs of the prefix, whichever run started it first."""
    try:
        program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return True
    name = program.replace("\\", "/").rpartition("/")[2]
    return name.startswith("wineserver") or (
        name.endswith(".exe") and name[:-4] in SERVICES and "system32" in program.lower()
    )


if sys.platform == "win32":

    def _run_on_wine(
        wine: Wine,
        command: Sequence[str],
        environ: dict[str, str],
        cwd: str | None,
        timeout: float | None,
        sinks: Sequence[BinaryIO],
    ) -> int:
        raise NotImplementedError

else:
    import fcntl
    import pty
    import selectors
    import struct
    import termios

    _ROWS, _COLUMNS = 30, 120

    def _run_on_wine(
        wine: Wine,
        command: Sequence[str],
        environ: dict[str, str],
        cwd: str | None,
        timeout: float | None,
        sinks: Sequence[BinaryIO],
    ) -> int:
        mark = uuid.uuid4().hex
        terminal, console = pty.openpty()
        # An unset size of 0x0 makes a console without a screen buffer.
        fcntl.ioctl(console, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        before = _on_sigterm()
        routes: dict[int, BinaryIO | None] = {terminal: None}
        try:
            process = subprocess.Popen(
                [str(wine.loader), *command],
                env={**environ, _MARK: mark},
                cwd=cwd,
                stdin=console if wine.needs_terminal else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                # Its controlling terminal: if we are killed, it gets SIGHUP.
                preexec_fn=lambda: _take_terminal(console),  # noqa: PLW1509
            )
            os.close(console)
            for pipe, sink in zip((process.stdout, process.stderr), sinks):
                if pipe is not None:
                    routes[pipe.fileno()] = sink
            status = _relay(process, routes, timeout)
        finally:
            left = end_processes(f"{_MARK}={mark}")
            # No process writes any more: read on until nothing is left.
            for fd, its_sink in routes.items():
                while _pass_on(fd, its_sink):
                    pass
            os.close(terminal)
            if before is not None:
                signal.signal(signal.SIGTERM, before)
        if status is None:
            process.wait()
            say(f"{command[0]} ended after {timeout:g} s, its time limit")
            return TIMED_OUT
        strays = sorted(set(left) - _SERVERS)
        if strays:
            say(f"ended what the command left running: {', '.join(strays)}")
        # As a shell says it, if a Unix signal ended the program.
        return status if status >= 0 else 128 - status

    def _take_terminal(console: int) -> None:
        fcntl.ioctl(console, termios.TIOCSCTTY, 0)

    def _on_sigterm() -> Any:
        def stop(_number: int, _frame: object) -> None:
            raise Stopped

        try:
            return signal.signal(signal.SIGTERM, stop)
        except ValueError:
            # Not in the main thread, so it is not for us to handle.
            return None

    def _relay(
        process: subprocess.Popen[bytes],
        routes: dict[int, BinaryIO | None],
        timeout: float | None,
    ) -> int | None:
        """Passes output on until the process ends: its exit status, or None on timeout.

        Not until the pipes end: Wine's services inherit them and stay longer.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            for fd in routes:
                os.set_blocking(fd, False)
                selector.register(fd, selectors.EVENT_READ)
            ended = os.pidfd_open(process.pid)
            selector.register(ended, selectors.EVENT_READ)
            try:
                while deadline is None or time.monotonic() < deadline:
                    wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                    ready = [item.fd for item, _ in selector.select(wait)]
                    if ended in ready:
                        return process.wait()
                    for fd in ready:
                        # Ready, and yet nothing to read: that is its end.
                        if not _pass_on(fd, routes[fd]):
                            selector.unregister(fd)
                return None
            finally:
                os.close(ended)

    def _pass_on(source: int, sink: BinaryIO | None) -> bool:
        """Some of what there is to read now; whether there was any."""
        try:
            data = os.read(source, 1 << 16)
        except OSError:
            # Nothing now; or a pty whose other side is closed, which is EIO.
            return False
        if sink is not None:
            sink.write(data)
            sink.flush()
        return bool(data)
