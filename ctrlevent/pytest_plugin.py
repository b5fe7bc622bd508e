"""The pytest plugin: `--own-console`, `interruptible`, `no_stray_events`.

Loaded by its entry point; where it is vendored, with `-p your_package.ctrlevent.pytest_plugin`.
Nothing of the library is imported here until one of the three is used.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# Set for the contained session, so that it does not contain itself once more.
_INSIDE = "CTRLEVENT_OWN_CONSOLE"

# Seconds after a test in which an event that was parked by Windows may still arrive.
_SETTLE = 0.05


def pytest_addoption(parser: pytest.Parser) -> None:
    with contextlib.suppress(ValueError):  # another copy of this plugin has added it
        parser.getgroup("ctrlevent").addoption(
            "--own-console",
            action="store_true",
            help="run the whole session on a console of its own, in a process group and a job of"
            " its own: no console event that a test sends reaches a process outside",
        )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if not config.getoption("own_console"):
        return None
    # pytest-xdist gives its workers the options of the session that they belong to.
    if hasattr(config, "workerinput"):
        return None
    if os.environ.get(_INSIDE):
        return None
    return _run_contained(config)


def pytest_configure() -> None:
    # Comes next. A session that a test of this session starts has a console of its own to get.
    os.environ.pop(_INSIDE, None)


def _run_contained(config: pytest.Config) -> int:
    from ._run import contain

    environment = {**os.environ, _INSIDE: "1"}
    with contextlib.ExitStack() as stack:
        streams: dict[str, int] = {}
        if sys.platform == "win32":
            # The session has another console: it writes to these terminals by way of pipes.
            for name in ("stdout", "stderr"):
                if _is_terminal(name):
                    streams[name] = stack.enter_context(_pipe_to_terminal(name))
            if "stdout" in streams:
                environment.setdefault("COLUMNS", str(_columns()))
        outcome = contain(
            _command(config, streams),
            "own",
            float("inf"),
            named={"env": environment, "cwd": str(config.invocation_params.dir), **streams},
            # After the user's Ctrl+C, pytest tears down, however long that takes. A second ends
            # everything.
            grace=float("inf"),
        )
    return _exit_status(outcome.process.returncode)


def _command(config: pytest.Config, piped: Any) -> list[str]:
    """The same session's command, with this interpreter's options and import path."""
    import subprocess

    options: list[str] = getattr(subprocess, "_args_from_interpreter_flags")()  # noqa: B009
    arguments = [str(argument) for argument in config.invocation_params.args]
    for plugin in config.invocation_params.plugins or ():
        if not isinstance(plugin, str):
            raise pytest.UsageError(
                f"--own-console runs another process, which cannot have the plugin {plugin!r};"
                " give pytest.main the name of its module"
            )
        arguments[:0] = ["-p", plugin]
    code = ["import sys", f"sys.path[:] = {sys.path!r}", f"sys.argv[0] = {sys.argv[0]!r}"]
    for name in piped:
        code.append(f"sys.{name}.reconfigure(encoding='utf-8')")
    if "stdout" in piped and not any(given.startswith("--color") for given in arguments):
        arguments.insert(0, "--color=yes")
    code.append("import runpy; runpy.run_module('pytest', run_name='__main__')")
    return [sys.executable, *options, "-c", "; ".join(code), *arguments]


def _exit_status(returncode: int) -> int:
    """What `sys.exit` makes the same status of."""
    if sys.platform == "win32":
        return returncode - (1 << 32) if returncode >> 31 else returncode
    return returncode if returncode >= 0 else 128 - returncode  # as a shell says it


def _is_terminal(name: str) -> bool:
    stream = getattr(sys, name)
    return stream is not None and stream.isatty()


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


@contextlib.contextmanager
def _pipe_to_terminal(name: str) -> Generator[int]:
    """A file descriptor for text in UTF-8, which appears on the terminal as it comes."""
    from ._unpatched import Thread

    stream: Any = getattr(sys, name)
    with contextlib.suppress(ImportError):  # pytest requires it on Windows
        colorama: Any = importlib.import_module("colorama")
        # A console interprets colours only if it was asked to, and not every console can.
        stream = colorama.AnsiToWin32(stream).stream
    source, sink = os.pipe()
    thread = Thread(_copy, source, stream)
    try:
        yield sink
    finally:
        os.close(sink)
        thread.join()
        os.close(source)


def _copy(source: int, stream: Any) -> None:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    data = b"."
    while data:
        data = os.read(source, 1 << 16)
        stream.write(decoder.decode(data, not data))
        stream.flush()


@pytest.fixture
def interruptible() -> Iterator[Callable[..., Any]]:
    """Starts processes that lead a group of their own and hear Ctrl+C, and leaves nothing behind.

    `interruptible(args, **popen)` takes what `ctrlevent.Popen` takes, and returns that. After the
    test they are ended, with all that they started.
    """
    from ._popen import Contained

    started: list[Any] = []

    def start(args: Any, **popen: Any) -> Any:
        started.append(Contained(args, **popen))
        return started[-1]

    try:
        yield start
    finally:
        with contextlib.ExitStack() as stack:
            for process in started:
                stack.enter_context(process)
                stack.callback(process.end_tree)


@pytest.fixture
def no_stray_events() -> Generator[None]:
    """Fails the test if a console event reaches the test process while it runs, or because of it.

    The event is taken, so that it does not end the session. On POSIX: SIGINT and SIGQUIT.
    """
    from . import CtrlEvent, console_processes, handler
    from ._unpatched import Event

    events: list[CtrlEvent] = []
    arrived = Event()

    def take(event: CtrlEvent) -> bool:
        events.append(event)
        arrived.set()
        return True

    with handler(take, CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT):
        yield
        # A console call is what sets free an event that Windows has parked.
        with contextlib.suppress(OSError):
            console_processes()
        arrived.wait(_SETTLE)
    if events:
        names = ", ".join(event.name for event in events)
        pytest.fail(f"the test process got {names}, which this test was to keep away from it")
