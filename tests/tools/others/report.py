"""What the outcomes mean, and the table of them.

An outcome is a dict, as `inside` writes it: project, test, start, call; tries, what each of them
came to; strays, the events that another group heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .projects import Project

THEIRS, OURS = "os.kill", "ctrlevent"
LEADER, LAUNCHED = "leads", "launcher"
_COLUMNS = [(start, call) for start in (LEADER, LAUNCHED) for call in (THEIRS, OURS)]

VERDICTS = (
    "**pass where they failed**",
    "pass where they passed",
    "fail as before",
    "**are worse**",
)

if TYPE_CHECKING:
    Outcome = Mapping[str, Any]
    # What one test did: by how pytest was started, and by whose call was in place.
    Row = Mapping[tuple[str, str], Outcome]


def rows(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], dict[tuple[str, str], Outcome]] = {}
    for outcome in outcomes:
        row = found.setdefault((outcome["project"], outcome["test"]), {})
        row[outcome["start"], outcome["call"]] = outcome
    return dict(found)


def is_fine(outcome: Outcome) -> bool:
    """In one of the tries: a test that races is no better and no worse for it."""
    return "passed" in outcome["tries"] and not outcome["strays"]


def worse(outcomes: Sequence[Outcome]) -> list[str]:
    """What is not fine with ctrlevent and is with os.kill, or leaks with ctrlevent."""
    found: list[str] = []
    for (project, test), row in rows(outcomes).items():
        for start in (LEADER, LAUNCHED):
            theirs, ours = row[start, THEIRS], row[start, OURS]
            if ours["strays"] or (is_fine(theirs) and not is_fine(ours)):
                found.append(f"{project}, {test}, {start}: {_cell(ours)}")
    return found


def unmeasured(outcomes: Sequence[Outcome]) -> list[str]:
    """Tests that never began, or were skipped: of which nothing is known."""
    nothing = {"error", "skipped", "no result"}
    return [
        f"{project}, {test}"
        for (project, test), row in rows(outcomes).items()
        if all(nothing.issuperset(outcome["tries"]) for outcome in row.values())
    ]


def verdict(row: Row) -> str:
    """What ctrlevent changes for a test: one of VERDICTS."""
    before, after = (
        {start for start in (LEADER, LAUNCHED) if is_fine(row[start, call])}
        for call in (THEIRS, OURS)
    )
    if before == after:
        return VERDICTS[1] if after else VERDICTS[2]
    return VERDICTS[0] if before < after else VERDICTS[3]


def page(outcomes: Sequence[Outcome], projects: Sequence[Project], heads: Sequence[str]) -> str:
    """docs/others.md."""
    found = rows(outcomes)
    verdicts = [verdict(row) for row in found.values()]
    columns = " | ".join(f"{call}, {start}" for start, call in _COLUMNS)
    lines = [
        *heads,
        "",
        f"Of {len(found)} tests:",
        "",
        *(f"- {verdicts.count(text)} {text}" for text in VERDICTS),
        "",
        f"| test | {columns} | with ctrlevent | what it needs of ctrlevent |",
        "|---|---|---|---|---|---|---|",
    ]
    for project in projects:
        head = f"**{project.name} {project.version}**: {project.call}"
        if project.skipped_on_windows:
            head += "; skipped by the project on Windows, run here all the same"
        lines.append(f"| {head} | | | | | | |")
        for (name, test), row in found.items():
            if name == project.name:
                short = test.rpartition("::")[2].replace("|", "\\|")
                cells = [_cell(row[column]) for column in _COLUMNS]
                cells += [verdict(row), project.tests[test]]
                lines.append(f"| `{short}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(outcome: Outcome) -> str:
    tries = outcome["tries"]
    text = str(tries[-1])
    if len(tries) > 1:
        text += f", {tries.count(text)} of {len(tries)}"
    if outcome["strays"]:
        text += f", and {' and '.join(outcome['strays'])} reached another group"
    return text
