"""The pytest plugin: `--own-console`, `--guard-console`, `--patch-os`, `interruptible`,
`no_stray_events`.

Loaded by its entry point; where it is vendored, with `-p your_package.ctrlevent.pytest_plugin`.
Nothing of the library is imported here until one of these is used.
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

    from ._guarded_session import GuardedSession
    from ._interruptible import Interruptible, Started

# Set for the contained session, so that it does not contain itself once more.
_INSIDE = "CTRLEVENT_OWN_CONSOLE"

# The folder in which the workers of pytest-xdist tell each other of wrong calls.
_WORKERS = "CTRLEVENT_GUARDED_WORKERS"

_GUARDED: pytest.StashKey[GuardedSession] = pytest.StashKey()
_PATCHED: pytest.StashKey[bool] = pytest.StashKey()
_STARTED: pytest.StashKey[dict[Started, str]] = pytest.StashKey()
_STDERR: pytest.StashKey[int] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "no_stray_events",
        type="bool",
        default=False,
        help="use the fixture no_stray_events for every test; for those that expect an event there"
        " is the marker expects_events",
    )
    parser.addini(
        "patch_os",
        type="bool",
        default=False,
        help="as the option --patch-os",
    )
    parser.addini(
        "guard_console",
        type="bool",
        default=False,
        help="as the option --guard-console",
    )
    group = parser.getgroup("ctrlevent")
    with contextlib.suppress(ValueError):
        group.addoption(
            "--guard-console",
            action="store_true",
            help="keep a guard on the console: an event that a test leaves pending there reaches no"
            " process, and fails that test, with the file and line of the call",
        )
    with contextlib.suppress(ValueError):  # another copy of this plugin has added it
        group.addoption(
            "--patch-os",
            action="store_true",
            help="run the whole session within ctrlevent.patch_os(): os.kill, os.killpg and"
            " subprocess are on Windows as POSIX code expects them",
        )
    with contextlib.suppress(ValueError):
        group.addoption(
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


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    _patch_os(early_config)


def pytest_configure(config: pytest.Config) -> None:
    # Comes next. A session that a test of this session starts has a console of its own to get.
    os.environ.pop(_INSIDE, None)
    # Where the plugin was loaded too late for the first conftest.py, as by pytest-xdist's workers.
    _patch_os(config)
    config.addinivalue_line(
        "markers",
        "expects_events(reason): Ctrl+C or Ctrl+Break may reach the test process during this test:"
        " the fixture no_stray_events, and the ini option of that name, leave it alone; the events"
        " go where they would go without",
    )


def _patch_os(config: pytest.Config) -> None:
    """If it is asked for: until the end of the session."""
    options = (config.known_args_namespace, config.option)
    asked = any(getattr(one, "patch_os", False) for one in options) or config.getini("patch_os")
    if not asked or _PATCHED in config.stash:
        return
    from ._patch_os import patch_os

    config.stash[_PATCHED] = True
    config.add_cleanup(patch_os().start().stop)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if not (config.getoption("guard_console", False) or config.getini("guard_console")):
        return
    if _gives_tests_to_workers(config):
        _make_folder_for_workers(config)
        return
    from ._guarded_session import GuardedSession

    guarded = GuardedSession(os.environ.get(_WORKERS) if hasattr(config, "workerinput") else None)
    try:
        guarded.start()
    except OSError as error:
        raise pytest.UsageError(f"--guard-console: {error.strerror or error}") from error
    config.stash[_GUARDED] = guarded
    config.add_cleanup(guarded.stop)


def _gives_tests_to_workers(config: pytest.Config) -> bool:
    """Whether this is the session of pytest-xdist that runs no test itself."""
    return config.pluginmanager.hasplugin("dsession")


def _make_folder_for_workers(config: pytest.Config) -> None:
    import shutil
    import tempfile

    folder = os.environ[_WORKERS] = tempfile.mkdtemp(prefix="ctrlevent-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.add_cleanup(lambda: os.environ.update({_WORKERS: ""}))


def pytest_report_header(config: pytest.Config) -> str | None:
    guarded = config.stash.get(_GUARDED, None)
    return None if guarded is None else f"guard-console: {guarded.state()}"


# The innermost of all wrappers: whatever another prints after a phase comes after the clearing.
@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, None]:
    _check(item, "setup", (yield))


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    _check(item, "call", (yield))


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, None]:
    _check(item, "teardown", (yield))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    _new_output(item)  # of a server that other tests have used: theirs
    yield
    uses = _uses(item.config)
    for started in [started for started in uses if started.is_over]:
        del uses[started]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """The report of a phase that failed has what the test's processes have written."""
    if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        for title, text in _new_output(item):
            item.add_report_section(call.when, title, text)
    yield


def _new_output(item: pytest.Item) -> list[tuple[str, str]]:
    """Of the processes that the test uses, what came since the last call."""
    names: Any = getattr(item, "fixturenames", ())
    uses = _uses(item.config).items()
    return [section for started, name in uses if name in names for section in started.sections()]


def _uses(config: pytest.Config) -> dict[Started, str]:
    """Of `interruptible` and the like: each with the name of the fixture."""
    return config.stash.setdefault(_STARTED, {})


def _check(item: pytest.Item, phase: str, outcome: Any) -> None:
    """Clear the console after a phase of a test, which fails if it has left an event there."""
    guarded = item.config.stash.get(_GUARDED, None)
    wrong = guarded.check() if guarded is not None else None
    if wrong is None or item.get_closest_marker("expects_events"):
        return
    error = outcome.excinfo[1] if outcome.excinfo else None
    if error is None or isinstance(error, pytest.skip.Exception):
        outcome.force_exception(pytest.fail.Exception(wrong, pytrace=False))
    else:  # it fails already, or the session ends
        item.add_report_section(phase, "guard-console", wrong)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getini("no_stray_events"):
        return
    for item in items:
        # First, so that it is set up before any other and torn down after it. Items that share a
        # function share this list.
        names: Any = getattr(item, "fixturenames", None)
        if names is not None and "no_stray_events" not in names:
            names.insert(0, "no_stray_events")


def _run_contained(config: pytest.Config) -> int:
    from ._run import stand_for

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
        # Each Ctrl+C of the user's is for the contained pytest: the first makes it tear down,
        # however long that takes, and a second breaks the teardown off.
        outcome = stand_for(
            _command(config, streams),
            "own",
            named={"env": environment, "cwd": str(config.invocation_params.dir), **streams},
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


def _interruptible(request: pytest.FixtureRequest) -> Iterator[Callable[..., Interruptible]]:
    """Starts processes that lead a group of their own and hear Ctrl+C, and leaves nothing behind.

    `interruptible(args, *, ready=None, timeout=30.0, grace=5.0, **popen)` takes what
    `ctrlevent.Popen` takes, and returns that, with all that it starts.

    `ready`: what to wait for, at most `timeout` seconds (None: no limit). A port, or (host, port),
    that accepts connections; a text, or a compiled regular expression, in a line of its output; a
    function that returns something true (an OSError means: not yet). The test fails if the process
    exits first, if the time is up, or if the port is open before the start. `process.ready` is what
    was found; `process.wait_for(ready, timeout=30.0)` waits for more.

    Unless `stdout` is given, stdout and stderr are collected: `process.output`. A report of a
    failed test has it.

    After the test the processes are stopped, the last started first: a Ctrl+C; what has not exited
    `grace` seconds later is ended, with all that it has started. A process that has heard the
    user's own Ctrl+C is not asked as well; with `keyboard=False` no process hears it.

    `class_interruptible`, `module_interruptible`, `package_interruptible` and
    `session_interruptible` are the same for fixtures of these scopes.
    """
    from ._interruptible import Started

    # Without capturing, output is shown as it comes.
    is_shown = request.config.getoption("capture", "no") == "no"
    started = Started(pytest.fail, _show if is_shown else None)
    _uses(request.config)[started] = str(request.fixturename)
    try:
        yield started.start
    finally:
        # pytest handles the interrupt first, and tears down afterwards.
        has_ended = request.session.exitstatus == pytest.ExitCode.INTERRUPTED
        started.stop(is_interrupted=has_ended)


interruptible = pytest.fixture(_interruptible, name="interruptible")
class_interruptible = pytest.fixture(_interruptible, scope="class", name="class_interruptible")
module_interruptible = pytest.fixture(_interruptible, scope="module", name="module_interruptible")
package_interruptible = pytest.fixture(
    _interruptible, scope="package", name="package_interruptible"
)
session_interruptible = pytest.fixture(
    _interruptible, scope="session", name="session_interruptible"
)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@pytest.fixture
def no_stray_events(request: pytest.FixtureRequest) -> Generator[None]:
    """Fails the test if a console event reaches the test process while it runs, or because of it.

    The event is taken, so that it does not end the session. The user's own Ctrl+C is not taken
    where the plugin can tell it; where it cannot, the second is not. A test with the marker
    `expects_events` is left alone. On POSIX: SIGINT and SIGQUIT.
    """
    if request.node.get_closest_marker("expects_events"):
        yield
        return
    from ._stray_events import Watch

    def tell(event: Any) -> None:
        _say(
            request.config,
            f"{event.name} reached {request.node.nodeid}, and fails it."
            " If you pressed it, press it again: that ends the session.",
        )

    _keep_stderr(request.config)
    watch = Watch(tell)
    with watch.watching():
        yield
    # An exception in the teardown of a session that a Ctrl+C has ended would hide that.
    if watch.events and request.session.exitstatus != pytest.ExitCode.INTERRUPTED:
        names = ", ".join(event.name for event in watch.events)
        pytest.fail(
            f"the test process got {names}, which this test was to keep away from it"
            " (a test that expects it has the marker expects_events)"
        )


def _say(config: pytest.Config, text: str) -> None:
    """On stderr, at once, though output is captured. A handler calls this: it does not fail."""
    with contextlib.suppress(OSError, KeyError):  # KeyError: there was no stderr
        os.write(config.stash[_STDERR], f"\nctrlevent: {text}\n".encode("ascii", "replace"))


def _keep_stderr(config: pytest.Config) -> None:
    """A descriptor of stderr as it is while nothing is captured.

    A handler has no other: to have pytest suspend its capturing would take a moment in which
    another thread, or the code that the handler has interrupted, may be writing.
    """
    if _STDERR in config.stash:
        return
    capturing: Any = config.pluginmanager.get_plugin("capturemanager")
    with contextlib.ExitStack() as stack:
        if capturing is not None:
            stack.enter_context(capturing.global_and_fixture_disabled())
        stack.enter_context(contextlib.suppress(OSError))
        config.stash[_STDERR] = os.dup(2)
        config.add_cleanup(lambda: os.close(config.stash[_STDERR]))
