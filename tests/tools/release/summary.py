"""What a Windows was found to do, as Markdown: complete, whatever has failed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

PASSED, FAILED, SKIPPED, MISSING = "passed", "failed", "skipped", "not run"
_LONGEST = 300


class Outcome(NamedTuple):
    status: str
    message: str = ""


Found = Mapping[str, Outcome]
"""By test: its class, module and name."""


def outcomes(junit: Path) -> Found:
    """Out of a file that pytest wrote; none if the run broke off before it could."""
    if not junit.exists():
        return {}
    found: dict[str, Outcome] = {}
    for case in ET.parse(junit).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        # A test whose teardown failed is there twice; the first failure is what counts.
        if name not in found or found[name].status != FAILED:
            found[name] = _outcome(case)
    return found


def _outcome(case: ET.Element) -> Outcome:
    for tag, status in (("failure", FAILED), ("error", FAILED), ("skipped", SKIPPED)):
        element = case.find(tag)
        if element is not None:
            return Outcome(status, element.get("message") or "")
    return Outcome(PASSED)


def failed(found: Found) -> bool:
    """Whether a test has failed, or no test was run."""
    return not found or any(outcome.status == FAILED for outcome in found.values())


def markdown(
    title: str,
    facts: Mapping[str, object],
    held_to: Mapping[str, Found],
    tests: Found,
) -> str:
    """`held_to`: the contract suite's outcomes, by the profile that the system was held to."""
    return "\n".join(
        [
            f"# {title}",
            "",
            *_table(["", "this system"], [[name, str(value)] for name, value in facts.items()]),
            "",
            "## Which expectations of tests/fakes/profiles.py it meets",
            "",
            *_contract(held_to),
            "",
            "## The tests of this system",
            "",
            *_tests(tests),
            "",
        ]
    )


def _contract(held_to: Mapping[str, Found]) -> Iterator[str]:
    rows = [[name, *_counts(found)] for name, found in held_to.items()]
    yield from _table(["profile", PASSED, FAILED, SKIPPED], rows)
    yield ""
    names = dict.fromkeys(name for found in held_to.values() for name in found)
    statuses = {
        name: [found.get(name, Outcome(MISSING)).status for found in held_to.values()]
        for name in names
    }
    differing = [[name, *row] for name, row in statuses.items() if set(row) - {PASSED}]
    if not differing:
        yield "Every test passes with every profile."
        return
    yield "Where not every profile is met:"
    yield ""
    yield from _table(["test", *held_to], differing)
    yield ""
    reasons = [
        [name, profile, found[name].message]
        for name, *_ in differing
        for profile, found in held_to.items()
        if found.get(name, Outcome(PASSED)).status != PASSED
    ]
    yield from _table(["test", "profile", "what was found"], reasons)


def _tests(tests: Found) -> Iterator[str]:
    yield from _table([PASSED, FAILED, SKIPPED], [_counts(tests)])
    for status, heading in ((FAILED, "Failed"), (SKIPPED, "Skipped, or failed as expected")):
        rows = [[name, one.message] for name, one in tests.items() if one.status == status]
        if rows:
            yield from ("", f"{heading}:", "")
            yield from _table(["test", "why"], rows)


def _counts(found: Found) -> list[str]:
    statuses = [outcome.status for outcome in found.values()]
    return [str(statuses.count(status)) for status in (PASSED, FAILED, SKIPPED)]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(header)
    yield _row(["---"] * len(header))
    for row in rows:
        yield _row([_cell(text) for text in row])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]} ..."
    for character in "\\|<`*_[":
        line = line.replace(character, f"\\{character}")
    return line
