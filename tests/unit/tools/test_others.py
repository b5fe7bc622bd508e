"""What `nox -s others` makes of outcomes; the outcomes themselves need the bed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.others import report
from tests.tools.others.projects import PROJECTS

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
            "test": "tests/test_x.py::test_x[a|b]",
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
    text = report.page(outcomes(RACES, PASSED, FAILED, HUNG), PROJECTS, ["# Head"])
    assert "| `test_x[a\\|b]` | passed, 1 of 2 | passed | failed, 3 of 3 | hung |" in text
    assert "- 1 pass where they passed" in text
