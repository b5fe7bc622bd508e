"""Which projects, and which of their tests.

Chosen: projects whose tests, or the code that they test, call `os.kill` with a console event, or
with a signal for which an event is meant, and which Wine can run; of their tests those that come to
it, those that fail with either call included. Of projects that skip such tests on Windows, those
whose skip is for want of the signal, and whose sources have all that the tests import.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Project:
    name: str
    version: str
    # What of them comes to os.kill, for the table.
    call: str
    # Each with what it needs of ctrlevent, for the table.
    tests: Mapping[str, str]
    # The project skips these on Windows: here they are run all the same.
    skipped_on_windows: bool = False
    # Further arguments of pytest.
    options: tuple[str, ...] = ()
    # What it takes of CPython's own tests, which the bed's Python has left out: files and folders
    # of the standard library that the bed's is a copy of, by where they go in the project's folder.
    of_cpython: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_released(self) -> bool:
        """Else all of it is CPython's own tests, and nothing is fetched."""
        return self.name != CPYTHON


CPYTHON = "cpython"

# What tests need of ctrlevent.
_ITSELF = "an event to the own pid reaches that process alone"
_SIGINT_TO_ITSELF = "SIGINT to the own pid is a Ctrl+C, to that process alone"
_CHILD = "an event to a child that leads no group reaches it"
_SIGINT_TO_CHILD = "SIGINT to a child that leads no group is a Ctrl+C, to the child alone"
_BOTH = f"{_SIGINT_TO_CHILD}; {_SIGINT_TO_ITSELF}"
_GROUP = "`process_group=0` starts a group; the child's `os.getpgid`"
_NO_MORE = "no more than `os.kill` does"


_TEST_PACKAGE = {"test/__init__.py": "test/__init__.py", "test/support": "test/support"}
_OF_UNITTEST = "unittest/test" if sys.version_info < (3, 12) else "test/test_unittest"
_IN_SUBPROCESS = "test/test_subprocess.py::POSIXProcessTestCase"
_PY = f"py{sys.version_info[0]}.{sys.version_info[1]}"
_SPAWN = f"{_PY}/multiprocess/tests/test_multiprocessing_spawn/test_processes.py"
_POOL = "tests/unit/test_processpool.py"
_SPINNER = "tests/twistedsupport/test_spinner.py::TestRunInReactor"
_RUNTEST = "tests/twistedsupport/test_runtest.py::TestAsynchronousDeferredRunTest"

_RELOAD = "tests/supervisors/test_reload.py::TestBaseReload"

PROJECTS = (
    Project(
        "colcon-core",
        "0.21.3",
        "Ctrl+C to itself, from a thread",
        {"test/test_executor_sequential.py::test_sequential_keyboard_interrupt": _ITSELF},
        skipped_on_windows=True,
    ),
    Project(
        "uvicorn",
        "0.54.0",
        "Ctrl+C (reload) or Ctrl+Break (workers) to a child that leads no group",
        {
            f"{_RELOAD}::test_reload_when_python_file_is_changed[StatReload]": _CHILD,
            f"{_RELOAD}"
            "::test_should_reload_when_python_file_in_subdir_is_changed[StatReload]": _CHILD,
            "tests/supervisors/test_multiprocess.py::test_multiprocess_run": _CHILD,
            "tests/supervisors/test_multiprocess.py::test_multiprocess_sigterm": _CHILD,
            "tests/supervisors/test_multiprocess.py::test_multiprocess_sigbreak": _CHILD,
        },
    ),
    Project(
        "nox",
        "2026.10.20",
        "Ctrl+C to id 0, on a console of their own",
        {
            "tests/test_command.py::test_interrupt_raises_on_windows": _NO_MORE,
            "tests/test_command.py::test_interrupt_handled_on_windows": _NO_MORE,
        },
    ),
    Project(
        "cmd2",
        "4.3.1",
        "Ctrl+Break to a child that leads a group",
        {"tests/test_utils.py::test_proc_reader_send_sigint": _NO_MORE},
    ),
    Project(
        "watchdog",
        "6.0.0",
        "SIGINT to a child that leads no group",
        {
            "tests/test_0_watchmedo.py::test_kill_auto_restart": _SIGINT_TO_CHILD,
            "tests/test_0_watchmedo.py::test_auto_restart_on_file_change": _SIGINT_TO_CHILD,
        },
    ),
    Project(
        "aiorun",
        "2025.1.1",
        "Ctrl+Break to a child that leads a group",
        {"tests/test_win.py::test_sig": _NO_MORE},
    ),
    Project(
        CPYTHON,
        platform.python_version(),
        "SIGINT to itself or to a child that leads no group; a group of its own for a child",
        {
            **dict.fromkeys(
                (
                    "test_break.py::TestBreak::testInterruptCaught",
                    "test_break.py::TestBreak::testSecondInterrupt",
                    "test_break.py::TestBreak::testTwoResults",
                    "test_break.py::TestBreakDefaultIntHandler::testHandlerReplacedButCalled",
                ),
                _SIGINT_TO_ITSELF,
            ),
            f"{_IN_SUBPROCESS}::test_send_signal": _SIGINT_TO_CHILD,
            f"{_IN_SUBPROCESS}::test_process_group_0": _GROUP,
        },
        skipped_on_windows=True,
        of_cpython={
            **_TEST_PACKAGE,
            "test/test_subprocess.py": "test/test_subprocess.py",
            # Beside its package, whose name is that of the package `test`.
            "test_break.py": f"{_OF_UNITTEST}/test_break.py",
        },
    ),
    Project(
        "multiprocess",
        "0.70.19",
        "SIGINT to a child that leads no group, then to itself",
        {
            f"{_SPAWN}::WithProcessesTestSharedMemory"
            "::test_shared_memory_SharedMemoryServer_ignores_sigint": _BOTH,
        },
        skipped_on_windows=True,
        of_cpython=_TEST_PACKAGE,
    ),
    Project(
        "testtools",
        "2.9.1",
        "SIGINT to itself, from Twisted's reactor",
        dict.fromkeys(
            (
                f"{_SPINNER}::test_sigint_raises_no_result_error",
                f"{_SPINNER}::test_fast_sigint_raises_no_result_error",
                f"{_RUNTEST}::test_keyboard_interrupt_stops_test_run",
                f"{_RUNTEST}::test_fast_keyboard_interrupt_stops_test_run",
            ),
            _SIGINT_TO_ITSELF,
        ),
        skipped_on_windows=True,
    ),
    Project(
        "s3transfer",
        "0.19.3",
        "SIGINT to itself, in a worker's code",
        {
            f"{_POOL}::TestIgnoreCtrlC::test_ignore_ctrl_c": _SIGINT_TO_ITSELF,
            f"{_POOL}::TestGetObjectSubmitter::test_submitter_cannot_be_killed": _SIGINT_TO_ITSELF,
            f"{_POOL}::TestGetObjectWorker::test_worker_cannot_be_killed": _SIGINT_TO_ITSELF,
        },
        skipped_on_windows=True,
    ),
    Project(
        "sanic",
        "25.12.1",
        "SIGINT to itself, in a loop of asyncio",
        {"tests/test_signal_handlers.py::test_windows_workaround": _SIGINT_TO_ITSELF},
        skipped_on_windows=True,
    ),
    Project(
        "aiohttp",
        "3.14.5",
        "SIGINT to a child that leads no group",
        {"tests/test_run_app.py::test_sigint": _SIGINT_TO_CHILD},
        skipped_on_windows=True,
        # Its conftest.py imports ten packages that this test does not need, and its settings are
        # those of plugins, which are errors without them.
        options=("--noconftest", "-o", "filterwarnings="),
    ),
)
