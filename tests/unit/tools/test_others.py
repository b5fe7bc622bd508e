"""What `nox -s others` makes of outcomes; the outcomes themselves need the bed."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any

import pytest

from tests.tools.bed import cpython
from tests.tools.bed.report import BedError
from tests.tools.others import fetching, report
from tests.tools.others.in_every_python import run_skipped
from tests.tools.others.projects import PROJECTS, Project

if TYPE_CHECKING:
    from pathlib import Path

TEST = "tests/test_x.py::test_x[a|b]"
NEEDS = "SIGINT is a Ctrl+C"
PASSED, FAILED, HUNG, RACES = ["passed"], ["failed"] * 3, ["hung"], ["failed", "passed"]


def outcomes(*tries: list[str], strays: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Of one test: os.kill and ctrlevent as a leader, then both behind a launcher."""
    columns = [
        (start, call)
        for start in (report.LEADER, report.LAUNCHED)
        for call in (report.THEIRS, report.OURS)
    ]
    return [
        {
            "project": "nox",
            "test": TEST,
            "start": start,
            "call": call,
            "tries": its_tries,
            "strays": list(strays) if call == report.OURS else [],
        }
        for (start, call), its_tries in zip(columns, tries)
    ]


@pytest.mark.parametrize(
    ("tries", "verdict", "is_worse"),
    [
        ((PASSED, PASSED, PASSED, PASSED), report.VERDICTS[1], False),
        ((PASSED, PASSED, HUNG, PASSED), report.VERDICTS[0], False),
        ((FAILED, PASSED, FAILED, PASSED), report.VERDICTS[0], False),
        ((PASSED, RACES, RACES, PASSED), report.VERDICTS[1], False),
        ((FAILED, FAILED, HUNG, FAILED), report.VERDICTS[2], False),
        ((PASSED, FAILED, PASSED, PASSED), report.VERDICTS[3], True),
        ((PASSED, PASSED, PASSED, HUNG), report.VERDICTS[3], True),
        ((PASSED, FAILED, FAILED, PASSED), report.VERDICTS[3], True),
    ],
)
def test_what_is_worse(tries: tuple[list[str], ...], verdict: str, is_worse: bool) -> None:
    found = outcomes(*tries)
    ((_, row),) = report.rows(found).items()
    assert report.verdict(row) == verdict
    assert bool(report.worse(found)) == is_worse


def test_what_leaks_with_ctrlevent_is_worse_whatever_os_kill_did() -> None:
    found = outcomes(FAILED, PASSED, FAILED, PASSED, strays=("CTRL_C_EVENT",))
    (first, second) = report.worse(found)
    assert "CTRL_C_EVENT reached another group" in first
    assert "CTRL_C_EVENT reached another group" in second


def test_what_never_began_is_not_taken_for_the_same() -> None:
    error, skipped = ["error"] * 3, ["skipped"] * 3
    assert report.unmeasured(outcomes(error, error, skipped, ["no result", "error", "error"]))
    assert not report.unmeasured(outcomes(error, FAILED, error, error))


def test_the_page_has_every_test_and_says_how_often_it_failed() -> None:
    project = Project("nox", "1.0", "Ctrl+C to id 0", {TEST: NEEDS}, skipped_on_windows=True)
    text = report.page(outcomes(RACES, PASSED, FAILED, HUNG), [project], ["# Head"])
    row = "| `test_x[a\\|b]` | passed, 1 of 2 | passed | failed, 3 of 3 | hung |"
    assert f"{row} pass where they passed | {NEEDS} |" in text
    assert "**nox 1.0**: Ctrl+C to id 0; skipped by the project on Windows, run here" in text
    assert "- 1 pass where they passed" in text


def test_every_test_says_what_it_needs() -> None:
    assert all(needed for project in PROJECTS for needed in project.tests.values())


def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lib"
    (folder / "test" / "support" / "__pycache__").mkdir(parents=True)
    (folder / "test" / "support" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "test" / "test_x.py").write_text("x", encoding="utf-8")
    monkeypatch.setattr(cpython, "standard_library", lambda: folder)


def test_cpythons_tests_are_copied_to_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(tmp_path, monkeypatch)
    taken = {"test/support": "test/support", "test_x.py": "test/test_x.py"}
    project = Project("cpython", "3.11", "", {}, of_cpython=taken)
    copy = tmp_path / "copy"
    fetching.copy_of_cpython(project, copy)
    there = {path.relative_to(copy).as_posix() for path in copy.rglob("*")}
    assert there == {"test", "test/support", "test/support/__init__.py", "test_x.py"}


def test_a_python_without_cpythons_tests_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(tmp_path, monkeypatch)
    project = Project("cpython", "3.11", "", {}, of_cpython={"test_y.py": "test/test_y.py"})
    with pytest.raises(BedError, match="test/test_y"):
        fetching.copy_of_cpython(project, tmp_path / "copy")


def test_what_a_decorator_skips_runs_all_the_same() -> None:
    @unittest.skip("the class")
    class Skipped(unittest.TestCase):
        @unittest.skip("the method")
        def test_says(self) -> str:
            return "ran"

    run_skipped.pytest_pycollect_makeitem(Skipped)
    assert not getattr(Skipped, "__unittest_skip__", False)
    assert Skipped("test_says").test_says() == "ran"
