"""Which projects, and which of their tests.

Chosen: projects whose tests, or the code that they test, call `os.kill` with a console event, or
with a signal for which an event is meant, and which Wine can run; of their tests those that come to
it, those that fail with either call included.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Project:
    name: str
    version: str
    # What of them comes to os.kill, for the table.
    call: str
    tests: tuple[str, ...]
    # The project skips these on Windows: here they are run all the same.
    skipped_on_windows: bool = False


_RELOAD = "tests/supervisors/test_reload.py::TestBaseReload"

PROJECTS = (
    Project(
        "colcon-core",
        "0.21.3",
        "Ctrl+C to itself, from a thread",
        ("test/test_executor_sequential.py::test_sequential_keyboard_interrupt",),
        skipped_on_windows=True,
    ),
    Project(
        "uvicorn",
        "0.54.0",
        "Ctrl+C (reload) or Ctrl+Break (workers) to a child that leads no group",
        (
            f"{_RELOAD}::test_reload_when_python_file_is_changed[StatReload]",
            f"{_RELOAD}::test_should_reload_when_python_file_in_subdir_is_changed[StatReload]",
            "tests/supervisors/test_multiprocess.py::test_multiprocess_run",
            "tests/supervisors/test_multiprocess.py::test_multiprocess_sigterm",
            "tests/supervisors/test_multiprocess.py::test_multiprocess_sigbreak",
        ),
    ),
    Project(
        "nox",
        "2026.10.20",
        "Ctrl+C to id 0, on a console of their own",
        (
            "tests/test_command.py::test_interrupt_raises_on_windows",
            "tests/test_command.py::test_interrupt_handled_on_windows",
        ),
    ),
    Project(
        "cmd2",
        "4.3.1",
        "Ctrl+Break to a child that leads a group",
        ("tests/test_utils.py::test_proc_reader_send_sigint",),
    ),
    Project(
        "watchdog",
        "6.0.0",
        "SIGINT to a child that leads no group",
        (
            "tests/test_0_watchmedo.py::test_kill_auto_restart",
            "tests/test_0_watchmedo.py::test_auto_restart_on_file_change",
        ),
    ),
    Project(
        "aiorun",
        "2025.1.1",
        "Ctrl+Break to a child that leads a group",
        ("tests/test_win.py::test_sig",),
    ),
)
