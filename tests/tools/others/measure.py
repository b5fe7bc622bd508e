"""On the host: all runs of all tests, in the bed."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.tools.bed import programs
from tests.tools.bed.report import BedError

from . import fetching, report
from .projects import PROJECTS, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.tools.bed.bed import Bed

_HOOKS = Path(__file__).resolve().parent / "in_every_python"

_HEAD = """\
# Other people's programs

Written by `nox -s others`; not by hand. Parts of other projects' test suites, unmodified, at the
releases named: with plain `os.kill`, and with ctrlevent in its place, which is `patch_os()` in
every Python that takes part. Each test ran in a pytest of its own, on the bed's console, which is
Microsoft's own: as a process that leads its group ("leads"), and behind a launcher, as `pytest.exe`
is ("launcher"). Another process on the same console, in another group, noted what reached it. A
test that fails is tried again. A test that its project skips on Windows is run with either call:
nothing else is changed in it.

An event to a process that leads no group is kept by the console, and goes to every process on it
when any of them calls the console: so a test may pass, fail or hang by what is printed meanwhile,
and take others with it."""


def chosen(names: Sequence[str]) -> tuple[Project, ...]:
    known = {project.name: project for project in PROJECTS}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise BedError(f"no such project: {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in names or known)


def measure(bed: Bed, arch: str, stage: Path, projects: Sequence[Project]) -> list[dict[str, Any]]:
    """The outcomes; `stage` has the package in `site`, and the tests."""
    fetching.ensure(PROJECTS)
    folder = stage / "others"
    folder.mkdir()
    # For a project without settings of its own: else pytest would take those of our tests.
    (folder / "pytest.ini").touch()
    runs = [run for project in projects for run in _runs(bed, arch, stage, folder, project)]
    asked, answered = folder / "runs.json", folder / "outcomes.json"
    asked.write_text(json.dumps(runs), encoding="utf-8")
    files = [programs.windows_path(path) for path in (asked, answered)]
    command = ["python", "-m", "tests.tools.others.inside", *files]
    status = bed.run(command, arch, paths=[str(stage / "site"), str(stage)], cwd=str(stage))
    if status != 0:
        raise BedError(f"tests.tools.others.inside failed with exit status {status}")
    outcomes: list[dict[str, Any]] = json.loads(answered.read_text(encoding="utf-8"))
    return outcomes


def page(bed: Bed, arch: str, outcomes: Sequence[report.Outcome]) -> str:
    windows = bed.wine.version if bed.wine else "Windows"
    version = bed.description["python_version"][arch]
    when = f"{date.today().isoformat()}: CPython {version} for Windows, {arch}, on {windows}."
    return report.page(outcomes, PROJECTS, [_HEAD, "", when])


def _runs(bed: Bed, arch: str, stage: Path, folder: Path, project: Project) -> list[dict[str, Any]]:
    # A copy: tests leave files where they are.
    copy = folder / project.name
    if project.is_released:
        shutil.copytree(fetching.source(project), copy)
    fetching.copy_of_cpython(project, copy)
    paths = [_HOOKS, stage / "site", copy, fetching.packages()]
    options = ["-p", "no:cacheprovider", "-p", "hears_ctrl_c", "-o", "addopts=", *project.options]
    if project.skipped_on_windows:
        options += ["-p", "run_skipped"]
    found: list[dict[str, Any]] = []
    for test in project.tests:
        for start, program in ((report.LEADER, "python"), (report.LAUNCHED, "launcher")):
            for call in (report.THEIRS, report.OURS):
                about = {"project": project.name, "test": test, "start": start, "call": call}
                exe = str(bed.description[program][arch])
                found.append(
                    {
                        "about": about,
                        "command": [exe, "-m", "pytest", *options, test],
                        "cwd": programs.windows_path(copy),
                        "paths": [programs.windows_path(path) for path in paths],
                        "environment": {
                            "CTRLEVENT_OTHERS_CALL": call,
                            # The projects' own plugins are not under test.
                            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                        },
                    }
                )
    return found
