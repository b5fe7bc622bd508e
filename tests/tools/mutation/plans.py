"""Exchanges each plan of the policy for every other plan of the same shape.

Run in a folder with the package and the tests: `python -m tests.tools.mutation.plans`. After each
exchange it runs the tests of that rule alone (`test_P3_...`). If they pass, the exchange was not
noticed, and the exit status is 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

POLICY = Path("ctrlevent", "_windows", "policy.py")
PLANS = Path("ctrlevent", "_windows", "plans.py")
TESTS = "tests/unit/windows/test_policy.py"

_RETURNED = re.compile(r"return (\w+)\((.*)\)  # ([A-Z]\d+)$")


class Exchange(NamedTuple):
    rule: str
    line: int
    """Of the policy, from 0."""
    plan: str
    instead: str


def shapes(source: str) -> dict[str, tuple[str, ...]]:
    """The types of the fields of each plan."""
    found: dict[str, tuple[str, ...]] = {}
    for name, body in re.findall(r"^class (\w+)\(NamedTuple\):\n((?:    .*\n|\n)*)", source, re.M):
        found[name] = tuple(re.findall(r"^    \w+: (.+)$", body, re.M))
    return found


def exchanges(policy: str, plans: dict[str, tuple[str, ...]]) -> list[Exchange]:
    """What returns a plan of a helper function (`_wait_for`) is exchanged as its plan."""
    found: list[Exchange] = []
    for number, line in enumerate(policy.splitlines()):
        match = _RETURNED.search(line)
        if match is None:
            continue
        name = "AwaitConsole" if match[1] == "_wait_for" else match[1]
        if name not in plans:  # it answers with processes, not with a plan
            continue
        found += [
            Exchange(match[3], number, match[1], other)
            for other, shape in plans.items()
            if other != name and shape == plans[name]
        ]
    return found


def exchanged(policy: str, exchange: Exchange) -> str:
    lines = policy.splitlines(keepends=True)
    old = lines[exchange.line]
    start, _, arguments = old.partition(f"{exchange.plan}(")
    if exchange.plan == "_wait_for":
        arguments = arguments[arguments.index(")") :]
    lines[exchange.line] = f"{start}plans.{exchange.instead}({arguments}"
    return "from . import plans\n".join(re.split(r"(?<=annotations\n)", "".join(lines), maxsplit=1))


def is_noticed(rule: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TESTS]
    run = subprocess.run([*command, "-k", f"test_{rule}_"], check=False, capture_output=True)
    if run.returncode not in (0, 1):
        raise SystemExit(run.stdout.decode() + run.stderr.decode())
    return run.returncode == 1


def main() -> int:
    policy = POLICY.read_text(encoding="utf-8")
    todo = exchanges(policy, shapes(PLANS.read_text(encoding="utf-8")))
    missed: list[Exchange] = []
    try:
        for exchange in todo:
            POLICY.write_text(exchanged(policy, exchange), encoding="utf-8")
            if not is_noticed(exchange.rule):
                missed.append(exchange)
    finally:
        POLICY.write_text(policy, encoding="utf-8")
    print(
        f"plans: {len(todo) - len(missed)} of {len(todo)} exchanges noticed by a test of the rule"
    )
    for rule, line, plan, instead in missed:
        print(f"not noticed: {rule}, line {line + 1}: {plan} exchanged for {instead}")
    return 1 if missed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
