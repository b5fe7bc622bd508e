"""The pytest plugin: `--own-console`, `interruptible`, `no_stray_events`.

Loaded by its entry point; where it is vendored, with `-p your_package.ctrlevent.pytest_plugin`.
Nothing of the library is imported until one of the three is used.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Set in the contained session, so that it does not contain itself once more.
_INSIDE = "CTRLEVENT_OWN_CONSOLE"

# Seconds after a test in which an event that was parked by Windows may still arrive.
_SETTLE = 0.05


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("ctrlevent").addoption(
        "--own-console",
        action="store_true",
        help="run the whole session on a console of its own, in a process group and a job of its"
        " own: no console event that a test sends reaches anybody outside",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if not config.getoption("own_console") or os.environ.get(_INSIDE):
        return None
    return _run_contained(config)


def _run_contained(config: pytest.Config) -> int:
    contain: Any
    if sys.platform == "win32":
        from ._run import contain
    else:
        from ._posix_spawn import contain
    arguments = [str(argument) for argument in config.invocation_params.args]
    if sys.stdout.isatty() and not any(argument.startswith("--color") for argument in arguments):
        arguments.append("--color=yes")
    environment = dict(os.environ)
    environment[_INSIDE] = "1"
    environment.setdefault("COLUMNS", str(_columns()))
    # `python -m pytest` has the current folder on sys.path, `pytest` has not; `-c` has it first.
    keep = sys.path[:1] in ([""], [os.getcwd()])
    code = "import sys, pytest; sys.exit(pytest.console_main())"
    command = [sys.executable, "-c", code if keep else f"import sys; del sys.path[0]; {code}"]
    outcome = contain(
        [*command, *arguments],
        "own",
        float("inf"),
        named={"env": environment, "cwd": str(config.invocation_params.dir)},
    )
    status: int = outcome.process.returncode
    return status


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


@pytest.fixture
def interruptible() -> Iterator[Callable[..., Any]]:
    """Starts processes that lead a group of their own and hear Ctrl+C, and leaves nothing behind.

    `interruptible(args, **popen)` takes what `ctrlevent.Popen` takes, and returns one. After the
    test they are ended, with all that they started.
    """
    if sys.platform == "win32":
        from ._run import Contained as Tree
    else:
        from ._posix_spawn import Contained as Tree
    with contextlib.ExitStack() as stack:

        def start(args: Any, **popen: Any) -> Any:
            process = stack.enter_context(Tree(args, **popen))
            stack.callback(process.end_tree)
            return process

        yield start


@pytest.fixture
def no_stray_events() -> Iterator[None]:
    """Fails the test if a console event reaches the test process while it runs, or because of it.

    The event is taken, so that it does not end the session. On POSIX: SIGINT and SIGQUIT.
    """
    from . import CtrlEvent, console_processes, handler

    events: list[CtrlEvent] = []
    arrived = threading.Event()

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
