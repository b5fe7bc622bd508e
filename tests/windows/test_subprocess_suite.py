"""CPython's own tests of subprocess.Popen, with ctrlevent.Popen in its place.

They run twice, with the original and with ours, and what passes with the one must with the other.
They are not part of this project: they are taken from the standard library of the Python at hand,
or, where that has none, from the folder that CTRLEVENT_STDLIB names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from . import cpython_tests
from .harness import OWN_CONSOLE, bed_program, python_environment

if TYPE_CHECKING:
    from pathlib import Path

# Runs the tests, and writes down what became of each.
RUNNER = """
import json, subprocess, sys, unittest

which, results = sys.argv[1:]
if which == "ours":
    import ctrlevent
    subprocess.Popen = ctrlevent.Popen
from test import test_subprocess

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

found = Results()
unittest.defaultTestLoader.loadTestsFromModule(test_subprocess).run(found)
with open(results, "w", encoding="utf-8") as file:
    json.dump(found.all, file)
"""

# Tests that tell the two apart, and why.
DIFFERENT = {
    "ProcessTestCase.test_repr": "puts a function that starts nothing in the place of the one that"
    " starts the child, so there is nothing to make ready",
}

LIMIT = 240.0


def test_what_passes_with_the_original_passes_with_ours(tmp_path: Path) -> None:
    source, target = cpython_tests.find("test_subprocess"), tmp_path / "lib" / "test"
    target.mkdir(parents=True)
    for name in ("__init__.py", "test_subprocess.py"):
        shutil.copy(source / name, target)
    for name in ("support", "subprocessdata"):
        shutil.copytree(source / name, target / name)
    original, ours = run_both(tmp_path)
    passed = {name for name, result in original.items() if result == "passed"}
    print(f"{len(original)} tests, {len(passed)} pass with the original")
    assert len(passed) > 100
    differ = {name: ours.get(name, "not run") for name in passed if ours.get(name) != "passed"}
    unexpected = {
        name: result
        for name, result in differ.items()
        if not any(name.endswith(f".{known}") for known in DIFFERENT)
    }
    assert not unexpected, "\n\n".join(f"{name}: {why}" for name, why in unexpected.items())


def run_both(folder: Path) -> list[dict[str, str]]:
    """At the same time: they mostly wait. Each on a console of its own, and each in a folder."""
    running: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for which in ("original", "ours"):
            own = folder / which
            own.mkdir()
            environment = {**os.environ, **python_environment()}
            path = [str(folder / "lib"), environment["PYTHONPATH"]]
            environment["PYTHONPATH"] = os.pathsep.join(path)
            # Hundreds of children: were each to measure itself, they would not be done in time.
            environment.pop("COVERAGE_PROCESS_START", None)
            results = own / "results.json"
            with open(own / "log", "wb") as log:
                process = subprocess.Popen(
                    [bed_program("python"), "-c", RUNNER, which, str(results)],
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
