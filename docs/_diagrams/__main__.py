"""Draw docs/problem.svg again, the picture of the README."""

from __future__ import annotations

from pathlib import Path

from .drawing import svg
from .scenarios import PROBLEM, SCENARIOS

PICTURE = Path(__file__).parents[1] / "problem.svg"

if __name__ == "__main__":
    with PICTURE.open("w", encoding="utf-8", newline="\n") as file:
        file.write(svg(SCENARIOS[PROBLEM], standalone=True))
