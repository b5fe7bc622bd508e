"""The one door to everything that is done with this project.

    nox -s demo         the main job, shown on a real Python for Windows
    nox -s tests        every test: on this system, and on Windows (x64 and x86)
    nox -s lint         formatting, style, types for Linux and for Windows
    nox -s bed -- ...   the test bed: setup, run, info (see `nox -s bed -- --help`)
    nox -s vendored     copies of the package under other names, from a folder and from a zip
    nox -s versions     every CPython from 3.9 that is to be had
    nox -s model        20,000 scenarios on the model of Windows, and plain os.kill as the control
    nox -s coverage     every branch of the package taken by some test, here or on Windows?
    nox -s mutation     do the tests notice when the policy is changed?
    nox -s soak         5,000 events between real processes

On Windows, "a real Python for Windows" is the running one; elsewhere tests/bed provides it. What is
tested is always the wheel: the tests run in a folder that holds no ctrlevent/ of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tests import vendoring  # noqa: E402  # needs the line above
from tests.bed import bed as test_bed  # noqa: E402
from tests.bed import cli as test_bed_cli  # noqa: E402
from tests.bed import coverage as test_bed_coverage  # noqa: E402
from tests.bed import programs  # noqa: E402

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")
ARCHS = test_bed.archs_of("all")

ON_HOST = [
    *("tests/unit", "tests/model", "tests/contract", "tests/mutation", "tests/plugin"),
    "docs/examples",
]
ON_WINDOWS = ["tests/windows", "tests/contract", "tests/plugin", "docs/examples"]

# Where a 32-bit process does what a 64-bit one does not: it looks into 64-bit ones.
ON_WOW64 = ["tests/windows/test_getpgid.py", "tests/windows/test_ignore_ctrl_c.py"]

# Most of a test is waiting for processes, which start slowly on Wine.
AT_ONCE = ["-n", "3"]

# What is run with copies of the package; the rest asks what does not depend on its name or place.
VENDORED_ON_HOST = ["tests/unit/test_posix.py", "tests/unit/test_drop_in.py", "tests/plugin"]
VENDORED_ON_WINDOWS = ["test_killpg.py", "test_getpgid.py", "test_self_event.py", "test_drop_in.py"]


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
                session.run("python", "-m", "pytest", *AT_ONCE, *ON_HOST, *arguments)
        else:
            command = ["python", "-m", "pytest", *AT_ONCE, *ON_WINDOWS]
            _on_windows(session, tier, *command, *arguments)


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


@nox.session
def vendored(session: nox.Session) -> None:
    """Run tests with copies of the package, where nothing is called ctrlevent."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"), "vendoring")
    stage = _stage(session)
    package = stage / "site" / "ctrlevent"
    root = Path(session.create_tmp()).resolve() / "vendored"
    shutil.rmtree(root, ignore_errors=True)
    folder, zipped = root / "folder", root / "zipped" / "all.zip"
    for path in (folder, zipped.parent):
        path.mkdir(parents=True)
    names = [vendoring.COPY, "others.events"]
    for name in names:
        vendoring.make_package(package, folder, name)
    vendoring.make_zip(folder, zipped)
    shutil.copy(vendoring.check_script(), root)
    shutil.copy(HERE / "pyproject.toml", folder)
    vendoring.make_tests(HERE / "tests", folder / "tests")

    windows_tests = [f"tests/windows/{name}" for name in VENDORED_ON_WINDOWS]
    for path in (folder, zipped):
        _run_in(session, root, "python", "check.py", *names, env={"PYTHONPATH": str(path)})
        for arch in ARCHS:
            _in_bed(session, arch, ["python", "check.py", *names], [path], root)
    pytest = ["python", "-m", "pytest", "-p", f"{vendoring.COPY}.pytest_plugin"]
    _run_in(session, folder, *pytest, *VENDORED_ON_HOST, env={"PYTHONPATH": str(folder)})
    for arch in ARCHS:
        _in_bed(session, arch, [*pytest, *windows_tests], [folder], folder)

    _by_the_vendoring_tool(session, root / "tool")


def _by_the_vendoring_tool(session: nox.Session, project: Path) -> None:
    """As pip vendors: https://pypi.org/project/vendoring."""
    session.install("build")
    dist = project / "dist"
    session.run("python", "-m", "build", "--outdir", str(dist), str(HERE), silent=True)
    version = re.search(r"-(.+?)-py3", next(dist.glob("*.whl")).name)
    assert version
    vendor = project / "their" / "_vendor"
    vendor.mkdir(parents=True)
    (project / "their" / "__init__.py").touch()
    (vendor / "__init__.py").touch()
    (vendor / "vendor.txt").write_text(f"ctrlevent=={version[1]}\n", encoding="utf-8")
    (project / "pyproject.toml").write_text(vendoring.TOOL_CONFIGURATION, encoding="utf-8")
    _run_in(session, project, "vendoring", "sync", env={"PIP_FIND_LINKS": str(dist)})
    shutil.copy(vendoring.check_script(), project)
    name = "their._vendor.ctrlevent"
    _run_in(session, project, "python", "check.py", name, env={"PYTHONPATH": str(project)})
    for arch in ARCHS:
        _in_bed(session, arch, ["python", "check.py", name], [project], project)


@nox.session
def versions(session: nox.Session) -> None:
    """Check that nothing newer than Python 3.9 is used; run the host's tests on every CPython.

    On Windows, another minor version is that of the Python that runs the bed: `python3.13 -m nox -s
    tests -- --tier x64`.
    """
    session.install("vermin")
    session.run("vermin", "-t=3.9-", "--violations", "--no-tips", str(HERE / "ctrlevent"))
    wheel = _wheel(session)
    stage = _stage(session)
    for python in _pythons():
        session.log(f"----- {python} -----")
        folder = Path(session.create_tmp()) / f"venv-{python.parent.parent.name}-{python.name}"
        session.run(str(python), "-m", "venv", "--clear", str(folder), external=True)
        inside = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
        pip = [inside, "-m", "pip", "install", "--quiet"]
        group = nox.project.dependency_groups(PYPROJECT, "test")
        session.run(*pip, *group, str(wheel), external=True)
        with session.chdir(stage):
            session.run(inside, "-m", "pytest", "-q", *ON_HOST, *session.posargs, external=True)


def _pythons() -> list[Path]:
    """One of each minor version: the one that runs nox, those on PATH, those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[int, Path] = {sys.version_info[1]: Path(sys.executable)}
    for minor in range(9, 20):
        candidates = sorted(pyenv.glob(f"3.{minor}.*/bin/python3"), reverse=True)
        on_path = shutil.which(f"python3.{minor}")
        if on_path and "shims" not in on_path:
            candidates.append(Path(on_path))
        if candidates:
            found.setdefault(minor, candidates[0])
    return [found[minor] for minor in sorted(found) if minor >= 9]


@nox.session
def model(session: nox.Session) -> None:
    """Run 20,000 scenarios on the model of Windows, on as many processors as there are."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    thorough = ["--hypothesis-profile", "thorough", "-n", "auto", "--dist", "worksteal"]
    with session.chdir(_stage(session)):
        session.run("python", "-m", "pytest", "tests/model", *thorough, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which branches the tests take, on this system and on Windows together.

    `nox -r -s coverage -- --no-run` reports once more what the last run has measured. Not on
    Windows itself, where the half for POSIX does not run.
    """
    if test_bed.ON_WINDOWS:
        session.skip("the package's half for POSIX does not run here")
    session.install(*nox.project.dependency_groups(PYPROJECT, "coverage"))
    data = Path(session.create_tmp()).resolve() / "data"
    if session.posargs != ["--no-run"]:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        _measure(session, data)
    environ = {"COVERAGE_FILE": str(data / "coverage")}  # and the parts are coverage.*
    session.run("coverage", "combine", "--keep", "--quiet", str(data), env=environ)
    session.run("coverage", "report", env=environ)


def _measure(session: nox.Session, data: Path) -> None:
    """Run the tests so that each Python process, the children too, writes a file into `data`."""
    stage = _stage(session)
    measured = stage / "tests" / "measured"
    files = {"COVERAGE_PROCESS_START": stage / "pyproject.toml", "COVERAGE_FILE": data / "coverage"}
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    environ = {"PYTHONPATH": str(measured), **{name: str(file) for name, file in files.items()}}
    on_host = [tests for tests in ON_HOST if tests != "tests/model"]  # what it meets is chance
    with session.chdir(stage):
        session.run("python", "-m", "pytest", *AT_ONCE, *on_host, env=environ)

    environ = {name: programs.windows_path(file) for name, file in files.items()}
    for arch in ARCHS:
        paths = [test_bed_coverage.ensure(arch), measured, stage / "site", stage]
        tests = ON_WINDOWS if arch == ARCHS[0] else ON_WOW64
        _in_bed(session, arch, ["python", "-m", "pytest", *AT_ONCE, *tests], paths, stage, environ)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the policy, the facts and the arguments in every way that mutmut knows; not on
    Windows, where mutmut does not run.
    """
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"), "mutmut==3.8.1")
    stage = _stage(session)
    shutil.move(stage / "site" / "ctrlevent", stage)
    with session.chdir(stage):
        session.run("python", "-m", "mutmut", "run", *session.posargs, silent=True)
        session.run("python", "-m", "tests.mutation.check")


@nox.session
def soak(session: nox.Session) -> None:
    """Send 5,000 events to 8 groups from several processes, while others come and go."""
    _stage(session)
    _on_windows(session, ARCHS[0], "python", "-m", "pytest", "tests/soak", *session.posargs)


def _run_in(session: nox.Session, folder: Path, *command: str, env: dict[str, str]) -> None:
    with session.chdir(folder):
        session.run(*command, env=env)


def _copy_tests(stage: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "tests", stage / "tests", ignore=ignore)
    shutil.copytree(HERE / "docs" / "examples", stage / "docs" / "examples", ignore=ignore)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(HERE / name, stage)


def _wheel(session: nox.Session) -> Path:
    """The wheel of the checkout, built anew."""
    session.install("build")
    folder = Path(session.create_tmp()) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder), str(HERE), silent=True)
    return next(folder.glob("*.whl"))


def _stage(session: nox.Session) -> Path:
    """A folder with the tests, and below it `site` with the wheel; but no checkout."""
    stage = Path(session.create_tmp()).resolve() / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    _copy_tests(stage)
    target = ["--target", str(stage / "site")]
    session.install("--no-deps", *target, str(_wheel(session)))
    if test_bed.ON_WINDOWS:  # elsewhere the bed's own Python has what the tests need
        session.install(*target, *nox.project.dependency_groups(PYPROJECT, "test"))
    return stage


def _on_windows(session: nox.Session, arch: str, *command: str) -> None:
    """Run a command on the bed, where Python finds the wheel and the tests."""
    stage = Path(session.create_tmp()).resolve() / "stage"
    _in_bed(session, arch, command, [stage / "site", stage], stage)


def _in_bed(
    session: nox.Session,
    arch: str,
    command: Sequence[str],
    paths: Sequence[Path],
    cwd: Path,
    environ: Mapping[str, str] | None = None,
) -> None:
    ready = test_bed.setup(ARCHS if arch != ARCHS[0] else [arch])
    session.log(" ".join(command))
    folders = [str(path) for path in paths]
    status = ready.run(command, arch, paths=folders, cwd=str(cwd), environ=environ or {})
    if status != 0:
        session.error(f"exit status {status}")
