"""What Microsoft's console server did in each scenario: recorded.json, from which all is drawn.

`python -m docs._diagrams` records it anew. tests/conhost/test_drawings.py plays each scenario on
the server once more and compares; tests/unit/test_diagrams.py does so on the model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .recording import Participant, Recording, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("recorded.json")


def load() -> dict[str, Recording]:
    """The recordings, by the name of their scenario."""
    return {name: _recording(told) for name, told in _content()["scenarios"].items()}


def build() -> str:
    """The version of the console server."""
    return str(_content()["conhost"])


def save(version: str, recordings: Mapping[str, Recording]) -> None:
    content = {"conhost": version, "scenarios": recordings}
    with FILE.open("w", encoding="utf-8", newline="\n") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def _content() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def _recording(told: Any) -> Recording:
    participants, steps, reached = told
    return Recording(
        tuple(Participant(*one) for one in participants),
        tuple(Step(*one) for one in steps),
        tuple(reached),
    )
