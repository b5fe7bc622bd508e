"""What is fetched: the sources of the projects, with their tests, and the packages they import.

In the bed's cache, and by its rules: pinned releases, a folder that is complete or absent.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools.bed import cache, cpython, fetch, programs
from tests.tools.bed.report import BedError, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .projects import Project

_PINS = Path(__file__).resolve().parent / "pins"


def packages() -> Path:
    """The folder to import the projects and what they need from."""
    return _part() / "packages"


def source(project: Project) -> Path:
    """The folder of a project as it was released."""
    return _part() / "sources" / project.name


def ensure(projects: Sequence[Project]) -> None:
    if not _part().exists():
        with cache.lock():
            if not _part().exists():
                with cache.building(_part()) as folder:
                    _build(folder, projects)


def copy_of_cpython(project: Project, folder: Path) -> None:
    """Copy what the project takes of CPython's own tests into the project's folder."""
    for target, name in project.of_cpython.items():
        found = cpython.standard_library() / name
        if not found.exists():
            raise BedError(
                f"this Python's standard library has no {name}: install CPython's tests "
                "(Debian: libpython3.X-testsuite), or use a Python that has them"
            )
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, folder / target)


def _part() -> Path:
    texts = [(_PINS / name).read_text(encoding="utf-8") for name in ("sources.txt", "packages.txt")]
    recipe = Path(__file__).read_text(encoding="utf-8")
    return cache.root() / f"others-{programs.MINOR}-{cache.key(programs.MINOR, recipe, *texts)}"


def _build(folder: Path, projects: Sequence[Project]) -> None:
    projects = [project for project in projects if project.is_released]
    archives, sources, unpacked = folder / "archives", folder / "sources", folder / "unpacked"
    # pip asks a source for its metadata before it hands it out, which is done by the project's own
    # build tool: that takes its time.
    fetch.wheels(
        str(_PINS / "sources.txt"),
        "the sources of other projects (20 MB, some minutes)",
        archives,
        "--no-binary=" + ",".join(project.name for project in projects),
        unpack=False,
    )
    with step("unpacking the sources"):
        sources.mkdir()
        for project in projects:
            stem = f"{project.name.replace('-', '_')}-{project.version}"
            shutil.unpack_archive(archives / f"{stem}.tar.gz", unpacked)
            (only,) = unpacked.iterdir()
            only.rename(sources / project.name)
            unpacked.rmdir()
        shutil.rmtree(archives)
    options = ["--platform", "win_amd64", "--implementation", "cp"]
    options += ["--python-version", programs.MINOR]
    fetch.wheels(
        str(_PINS / "packages.txt"),
        "what they import (15 MB)",
        folder / "packages",
        *options,
        unpack=True,
        quiet=True,
    )
