"""CPython's own tests of subprocess.Popen, with ctrlevent.Popen in its place.

They run twice: a test that passes with the original must pass with ours. By default, a share of
them runs: every 16th by name, and those in ALWAYS.

They are not part of this project. They come from the standard library of the Python at hand, or,
where that has none, from the folder that CTRLEVENT_STDLIB names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.repeats import repeats

from . import cpython_tests
from .harness import OWN_CONSOLE, bed_program, python_environment

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# Runs the tests, and writes down what became of each.
RUNNER = """
import json, subprocess, sys, unittest

which, results, step, *named = sys.argv[1:]
if which == "ours":
    import ctrlevent
    subprocess.Popen = ctrlevent.Popen
from test import support, test_subprocess
support.SHORT_TIMEOUT = support.LONG_TIMEOUT = 180.0  # which only stop a hang

class Results(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.all = {}
    def addSuccess(self, test):
        self.all[test.id()] = "passed"
    def addSkip(self, test, reason):
        self.all[test.id()] = "skipped"
    def addFailure(self, test, error):
        self.all[test.id()] = self._exc_info_to_string(error, test)
    addError = addExpectedFailure = addFailure

def single(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from single(one)
        else:
            yield one

found = Results()
suite = unittest.defaultTestLoader.loadTestsFromModule(test_subprocess)
every = sorted(single(suite), key=unittest.TestCase.id)
chosen = [one for number, one in enumerate(every)
          if number % int(step) == 0 or one.id().partition(".test_subprocess.")[2] in named]
unittest.TestSuite(chosen).run(found)
with open(results, "w", encoding="utf-8") as file:
    json.dump(found.all, file)
"""

# Tests that tell the two apart, and why.
DIFFERENT = {
    "ProcessTestCase.test_repr": "puts a function that starts nothing in the place of the one that"
    " starts the child, so there is nothing to make ready",
}

# Tests of what ctrlevent.Popen changes: the start, and the sending of signals; and of communicate.
ALWAYS = [
    "ProcessTestCase.test_communicate",
    "ProcessTestCase.test_communicate_pipe_buf",
    "ProcessTestCase.test_communicate_timeout",
    "ProcessTestCase.test_executable",
    "ProcessTestCase.test_wait_timeout",
    "Win32ProcessTestCase.test_close_fds_with_stdio",
    "Win32ProcessTestCase.test_creationflags",
    "Win32ProcessTestCase.test_kill",
    "Win32ProcessTestCase.test_send_signal",
    "Win32ProcessTestCase.test_shell_sequence",
    "Win32ProcessTestCase.test_startupinfo",
    "Win32ProcessTestCase.test_terminate",
    "Win32ProcessTestCase.test_terminate_dead",
]
EVERY = repeats(1, 16)
ALL = 1_000_000  # with this step it is those that are named, and the first

# Only stops a hang: all of them take 80 s on a quiet machine.
LIMIT = 800.0


@pytest.mark.repeats
@pytest.mark.limits
def test_what_passes_with_the_original_passes_with_ours(tmp_path: Path) -> None:
    source, target = cpython_tests.find("test_subprocess"), tmp_path / "lib" / "test"
    target.mkdir(parents=True)
    for name in ("__init__.py", "test_subprocess.py"):
        shutil.copy(source / name, target)
    for name in ("support", "subprocessdata"):
        shutil.copytree(source / name, target / name)
    original, ours = run_both(tmp_path, EVERY, ALWAYS)
    passed = {name for name, result in original.items() if result == "passed"}
    print(f"{len(original)} tests, {len(passed)} pass with the original")
    assert len(passed) > repeats(100, 15)
    assert {
        name for name in ALWAYS if not any(full.endswith(f".{name}") for full in passed)
    } == set()
    unexpected = what_differs(original, ours)
    # Some of these tests measure time, so on a busy machine they fail by chance. Such a test passes
    # when it runs again, alone; a test that tells the two apart never does.
    for _ in range(3):
        if unexpected:
            named = [name.partition(".test_subprocess.")[2] for name in unexpected]
            again = run_both(tmp_path, ALL, named)
            unexpected = {
                name: why for name, why in what_differs(*again).items() if name in unexpected
            }
    assert not unexpected, "\n\n".join(f"{name}: {why}" for name, why in unexpected.items())


def what_differs(original: dict[str, str], ours: dict[str, str]) -> dict[str, str]:
    passed = {name for name, result in original.items() if result == "passed"}
    differ = {name: ours.get(name, "not run") for name in passed if ours.get(name) != "passed"}
    return {
        name: result
        for name, result in differ.items()
        if not any(name.endswith(f".{known}") for known in DIFFERENT)
    }


def run_both(folder: Path, every: int, named: Collection[str]) -> list[dict[str, str]]:
    """Runs both at the same time: they mostly wait. Each has its own console and folder.

    Runs every test whose number is a multiple of `every`, and those in `named`, "Class.test".
    """
    running: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for which in ("original", "ours"):
            own = folder / which
            own.mkdir(exist_ok=True)
            environment = {**os.environ, **python_environment()}
            path = [str(folder / "lib"), environment["PYTHONPATH"]]
            environment["PYTHONPATH"] = os.pathsep.join(path)
            # If hundreds of children measured their coverage, they would not be done in time.
            environment.pop("COVERAGE_PROCESS_START", None)
            results = own / "results.json"
            with open(own / "log", "wb") as log:
                process = subprocess.Popen(
                    [bed_program("python"), "-c", RUNNER, which, str(results), str(every), *named],
                    creationflags=OWN_CONSOLE,
                    env=environment,
                    cwd=own,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            running.append((process, results))
        return [results_of(process, results) for process, results in running]
    finally:
        for process, _ in running:
            process.kill()
            process.wait()


def results_of(process: subprocess.Popen[bytes], results: Path) -> dict[str, str]:
    code = process.wait(LIMIT)
    log = (results.parent / "log").read_text(encoding="utf-8", errors="replace")
    assert code == 0, log
    found: Any = json.loads(results.read_text(encoding="utf-8"))
    return dict(found)
