"""The one door to everything that is done with this project.

    nox -s demo         the main job, shown on a real Python for Windows
    nox -s tests        every test: on this system, and on Windows (x64 and x86)
    nox -s lint         formatting, style, types for Linux and for Windows
    nox -s bed -- ...   the test bed: setup, run, info (see `nox -s bed -- --help`)

On Windows, "a real Python for Windows" is the running one; elsewhere tests/bed provides it. What is
tested is always the wheel: the tests run in a folder that holds no ctrlevent/ of its own.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nox

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tests.bed import bed as test_bed  # noqa: E402  # needs the line above
from tests.bed import cli as test_bed_cli  # noqa: E402

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")
ARCHS = test_bed.archs_of("all")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test; `-- --tier host|x64|x86` for one tier, then arguments for pytest."""
    arguments = list(session.posargs)
    tiers = ["host", *ARCHS]
    if arguments[:1] == ["--tier"]:
        tiers, arguments = [arguments[1]], arguments[2:]
    stage = _stage(session)
    for tier in tiers:
        session.log(f"----- {tier if tier == 'host' else f'Windows, {tier}'} -----")
        if tier == "host":
            session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
            session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
            with session.chdir(stage):
                session.run("python", "-m", "pytest", "tests/unit", *arguments)
        else:
            _on_windows(session, tier, "python", "-m", "pytest", "tests/windows", *arguments)


@nox.session
def demo(session: nox.Session) -> None:
    """Show what plain os.kill does on Windows, and what ctrlevent does."""
    _stage(session)
    arch = ARCHS[0]
    launcher = test_bed.setup([arch]).description["launcher"][arch]
    _on_windows(session, arch, "python", "-m", "ctrlevent", "demo", "--launcher", launcher)


@nox.session
def lint(session: nox.Session) -> None:
    """Check formatting, style, and types for Linux and for Windows."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy", "--platform", "linux")
    session.run("mypy", "--platform", "win32")
    session.run("pyright", "--pythonplatform", "Linux")
    session.run("pyright", "--pythonplatform", "Windows")


@nox.session(venv_backend="none")
def bed(session: nox.Session) -> None:
    """Pass on to the test bed: `-- setup`, `-- run [--arch x86] -- CMD`, `-- info`."""
    status = test_bed_cli.main(session.posargs)
    if status != 0:
        session.error(f"exit status {status}")


def _wheel(session: nox.Session) -> Path:
    """The wheel of the checkout, built anew."""
    session.install("build")
    folder = Path(session.create_tmp()) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run(
        "python", "-m", "build", "--wheel", "--outdir", str(folder), str(HERE), silent=True
    )
    return next(folder.glob("*.whl"))


def _stage(session: nox.Session) -> Path:
    """A folder with the tests, and below it `site` with the wheel; but no checkout."""
    stage = Path(session.create_tmp()).resolve() / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(HERE / "tests", stage / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "pyproject.toml", stage)
    target = ["--target", str(stage / "site")]
    session.install("--no-deps", *target, str(_wheel(session)))
    if test_bed.ON_WINDOWS:  # elsewhere the bed's own Python has what the tests need
        session.install(*target, *nox.project.dependency_groups(PYPROJECT, "test"))
    return stage


def _on_windows(session: nox.Session, arch: str, *command: str) -> None:
    """Run a command on the bed, where Python finds the wheel and the tests."""
    stage = Path(session.create_tmp()).resolve() / "stage"
    ready = test_bed.setup(ARCHS if arch != ARCHS[0] else [arch])
    session.log(" ".join(command))
    status = ready.run(command, arch, paths=[str(stage / "site"), str(stage)], cwd=str(stage))
    if status != 0:
        session.error(f"exit status {status}")
