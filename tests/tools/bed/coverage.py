"""Coverage for the bed's Python: beside it, as only a session that measures has a use for it.

Its tracer is in C, and differs for each Python and architecture. So it is a part of its own, and
the other parts do not change with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cache, cpython, fetch, programs

if TYPE_CHECKING:
    from pathlib import Path


def part(arch: str) -> Path:
    """A folder for PYTHONPATH."""
    recipe = cache.recipe("coverage.py", "pins/coverage.txt")
    return cache.root() / f"coverage-{programs.MINOR}-{arch}-{cache.key(recipe)}"


def ensure(arch: str) -> Path:
    target = part(arch)
    with cache.lock():
        if not target.exists():
            with cache.building(target) as folder:
                _fetch(arch, folder)
    return target


def _fetch(arch: str, folder: Path) -> None:
    options = ["--platform", cpython._PLATFORM[arch], "--implementation", "cp"]
    options += ["--python-version", programs.MINOR]
    fetch.wheels(
        "coverage.txt",
        f"coverage for Python {programs.MINOR} on Windows, {arch} (250 kB)",
        folder,
        *options,
        unpack=True,
        quiet=True,
    )
