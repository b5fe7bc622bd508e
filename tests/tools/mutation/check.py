"""Holds a run of mutmut against survivors.txt. Run in the folder in which mutmut was run."""

from __future__ import annotations

import collections
import re
import subprocess
import sys
from pathlib import Path

LISTED = Path(__file__).with_name("survivors.txt")
AT_LEAST = 0.95


def main() -> int:
    results = _mutmut("results", "--all", "true")
    counts: dict[str, collections.Counter[str]] = {}
    survivors: dict[tuple[str, str], str] = {}
    # A mutant that makes a test wait for ever is noticed as well.
    results = results.replace(": timeout", ": killed")
    for name, outcome in re.findall(r"ctrlevent\.(\S+): (.+)", results):
        counts.setdefault(name.partition(".x")[0], collections.Counter())[outcome] += 1
        if outcome != "killed":
            survivors[_what(name)] = outcome
    listed = _listed()
    for module, count in sorted(counts.items()):
        print(f"{module}: {count['killed']} of {sum(count.values())} mutants killed")
    problems = [
        f"{outcome}, and not in {LISTED.name}: {' | '.join(what)}"
        for what, outcome in survivors.items()
        if what not in listed
    ]
    problems += [
        f"in {LISTED.name}, but killed or not there any more: {' | '.join(what)}"
        for what in listed
        if what not in survivors
    ]
    policy = counts["_windows.policy"]
    if policy["killed"] < AT_LEAST * sum(policy.values()):
        problems.append(f"less than {AT_LEAST:.0%} of the policy's mutants are killed")
    print("\n".join(problems))
    return 1 if problems else 0


def _what(name: str) -> tuple[str, str]:
    """The function that a mutant is in, and its changed line: its number says neither."""
    diff = _mutmut("show", f"ctrlevent.{name}")
    lines = [line[1:].strip() for line in diff.splitlines() if re.match(r"\+(?!\+\+)", line)]
    return re.sub(r"\.x_(.*)__mutmut_\d+", r".\1", name), " ".join(lines)


def _listed() -> set[tuple[str, str]]:
    rows = [
        line.split(" | ") for line in LISTED.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]  # fmt: skip
    for row in rows:
        assert len(row) == 3, f"not FUNCTION | LINE | REASON: {row}"
    return {(function, line) for function, line, _reason in rows}


def _mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
