"""The tables of a Markdown page, for tests that hold them against the code."""

from __future__ import annotations

import re


def table(text: str, first: str) -> list[list[str]]:
    """The rows of the table whose header begins with `first`, without the header."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {first} |"):
            next(lines)  # |---|---|
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]])
            return rows
    raise LookupError(f"no table begins with {first!r}")


def code(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)
