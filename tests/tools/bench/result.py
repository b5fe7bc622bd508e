"""The document of one run, as JSON: when, on what, and what came out."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

from .pairs import Result
from .summary import Ratio, Summary


class Section(NamedTuple):
    """What was measured in one place."""

    where: str
    results: tuple[Result, ...]


class Calls(NamedTuple):
    """What one verb calls."""

    verb: str
    boundary: dict[str, int]
    """Ours, by the name of the SDK function."""
    system: dict[str, int]
    """Of ntdll, as Wine's relay trace has them; empty where there is none."""


class Document(NamedTuple):
    about: dict[str, str]
    sections: tuple[Section, ...]
    calls: tuple[Calls, ...]


def about_host() -> dict[str, str]:
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} processors, {platform.platform()}",
        "load average": ", ".join(f"{load:.1f}" for load in _load()),
        "python of the host": f"{platform.python_version()}, {platform.machine()}",
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "?"
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or "?"


def _load() -> tuple[float, ...]:
    average: Any = getattr(os, "getloadavg", tuple)
    return tuple(average())


def to_json(document: Document) -> str:
    return json.dumps(
        {
            "about": document.about,
            "sections": [
                {"where": section.where, "results": [_plain(one) for one in section.results]}
                for section in document.sections
            ],
            "calls": [calls._asdict() for calls in document.calls],
        },
        indent=1,
    )


def _plain(result: Result) -> dict[str, Any]:
    plain = result._asdict()
    for name in ("ours", "theirs", "ratio"):
        plain[name] = plain[name]._asdict()
    return {**plain, "reached": result.reached}


def from_json(text: str) -> Document:
    read = json.loads(text)
    return Document(
        read["about"],
        tuple(
            Section(section["where"], tuple(_result(one) for one in section["results"]))
            for section in read["sections"]
        ),
        tuple(Calls(**calls) for calls in read["calls"]),
    )


def _result(plain: dict[str, Any]) -> Result:
    return Result(
        plain["what"],
        plain["against"],
        Summary(**plain["ours"]),
        Summary(**plain["theirs"]),
        Ratio(**plain["ratio"]),
        plain["limit"],
    )
