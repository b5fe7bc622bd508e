"""The one door to everything that is done with this project.

`python3 noxfile.py -s SESSION` needs nothing but Python and pip; `nox -s SESSION` does the same.

    nox -s demo         the main job, shown live on a real Python for Windows: plain os.kill leaks
                        a Ctrl+C to every process on Microsoft's console, ctrlevent does not
    nox -s tests        on this system and on Windows x64 every test, on x86 those marked `bitness`;
                        random histories on Microsoft's console server; of repeats a share: 20 min
    nox -s quick        the tests closest to what has changed: the inner loop, at most 20 s
    nox -s lint         formatting, style, types for Linux and for Windows, plain words: 1 min

What `tests` leaves out:

    nox -s tests -- --tier x86 --whole
                        every test on x86: some 10 min
    nox -s tests -- --python 3.13
                        the tiers on Windows with another version of Python
    nox -s soak         5,000 events between real processes; all repeats of tests marked `repeats`:
                        9 min
    nox -s busy         all tests 3 times, those marked `limits` 30 times, beside endless loops:
                        1 h
    nox -s model        20,000 scenarios on the model of Windows, and plain os.kill as the control:
                        3 min
    nox -s conhost      34,000 random histories on the model of a console and on Microsoft's own
                        console server, eight builds of it: do they differ? 25 min
    nox -s mutation     do the tests notice when the policy is changed? 3 min
    nox -s coverage     every branch of the package taken by some test, here or on Windows? 13 min
    nox -s vendored     copies of the package under other names, from a folder and from a zip
    nox -s versions     every CPython from 3.9 that is to be had
    nox -s others       other projects' tests, with ctrlevent in place of their os.kill

The rest:

    nox -s bed -- ...   the test bed: setup, run, info (see `nox -s bed -- --help`)
    nox -s report       what this Windows does otherwise than is expected, all of it, as Markdown
    nox -s release      wheel and sdist: built twice and compared, checked, and tested
    nox -s workflows    check what GitHub runs
    nox -s docs         the pages of docs/, warnings as errors (`-- linkcheck`: links to elsewhere)
    nox -s bench        how fast is it, beside the bare calls and the peers? See docs/benchmarks.md

The minutes were seen on two processors, with the downloads done.

On Windows, "a real Python for Windows" is the running Python. Elsewhere tests/tools/bed has it, on
Wine with Microsoft's own console server. What Wine's console does otherwise is the tier `wine`.
The tests always test the wheel: they run in a folder that holds no ctrlevent/ of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

if __name__ == "__main__":  # not by nox, which might not be there
    from tests.tools.bed import nox_env

    sys.exit(nox_env.main(HERE / "noxfile.py", sys.argv[1:]))

import nox  # noqa: E402  # from here on the lines above are needed

from tests.fakes import profiles  # noqa: E402
from tests.tools import vendoring  # noqa: E402
from tests.tools.bed import bed as test_bed  # noqa: E402
from tests.tools.bed import cache, consoles, probes, programs  # noqa: E402
from tests.tools.bed import cli as test_bed_cli  # noqa: E402
from tests.tools.bed.report import BedError  # noqa: E402
from tests.tools.others import measure as others_measure  # noqa: E402
from tests.tools.others import report as others_report  # noqa: E402
from tests.tools.release import archives, summary  # noqa: E402
from tests.tools.tiers import busy as tier_busy  # noqa: E402
from tests.tools.tiers import choice, running  # noqa: E402
from tests.tools.tiers import times as tier_times  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")
ARCHS = test_bed.archs_of("all")

ON_HOST = [
    *("tests/unit", "tests/model", "tests/contract", "tests/plugin"),
    "docs/examples",
]
ON_WINDOWS = ["tests/windows", "tests/contract", "tests/plugin", "docs/examples"]
ON_PLAYED = ["tests/conhost"]
ON_WINE = ["tests/windows", "tests/contract"]  # the tests marked `wine`

# Microsoft's console server runs on the bed's Wine. In the tier `played` its clients are played
# from this system; in x64 and x86 they are real processes. `--tier conhost` is all three.
PLAYED = () if test_bed.ON_WINDOWS else ("played",)
WINE = () if test_bed.ON_WINDOWS else ("wine",)
CONHOST = () if test_bed.ON_WINDOWS else (*PLAYED, *ARCHS)

# Tests at once in each tier. The tiers run side by side, and a test on Wine mostly waits for
# processes to start, so these are more than processors. With them, two processors were never idle.
WORKERS = {"host": 2, "played": 1, "x64": 4, "x86": 2, "arm64": 4, "wine": 2}

# As above, of the sessions that run one tier after the other.
AT_ONCE = ["-n", "3"]

# `nox -s quick`: seconds of tests that it chooses for each tier, and seconds after which it starts
# no more tests, because other programs keep the machine busy. What starts the tiers, and the last
# tests, take the rest of its 20.
QUICK_TAKES = {"host": 12, "x64": 12}
QUICK_UNTIL = 16

# Tests of the main verbs, for the wheel that is released.
OF_RELEASE = [f"tests/windows/test_{name}.py" for name in ("killpg", "kill", "getpgid", "popen")]

# What the benchmarks compare with, at the newest version that there is.
PEERS = ["psutil", "console-ctrl"]

# What is run with copies of the package; the rest asks what does not depend on its name or place.
VENDORED_ON_HOST = [
    "tests/unit/posix/test_signals.py",
    "tests/unit/test_os_patch.py",
    "tests/plugin",
]
VENDORED_ON_WINDOWS = ["test_killpg.py", "test_getpgid.py", "test_self_event.py", "test_drop_in.py"]


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, all tiers at once, or `-- --tier host|played|x64|x86|wine`; then pytest's
    arguments.

    `--tier conhost` is all that runs on Microsoft's console server: played, x64 and x86. Beside x64
    the tier x86 of the bed runs the tests marked `bitness`, and alone as well, unless there is
    `--whole`. `-- --python 3.13` runs the tiers on Windows with another minor version,
    which must be on this system: the bed takes its standard library. (On this system itself:
    `nox -s versions`.)
    Paths of tests among the arguments take the place of all tests.
    """
    parser = argparse.ArgumentParser(prog="nox -s tests --", add_help=False, allow_abbrev=False)
    parser.add_argument("--python", metavar="3.N")
    parser.add_argument("--whole", action="store_true")
    options, arguments = parser.parse_known_args(session.posargs)
    known = ARCHS if options.python else ("host", *PLAYED, *ARCHS, *WINE)
    names, arguments = _tiers(session, arguments, *known)
    bed = [str(_python_of(session, options.python)) if options.python else sys.executable]
    tiers = _prepare(session, names, arguments, bed=bed, whole=options.whole)
    _side_by_side(session, tiers, times=tier_times.file(), selection=bool(arguments))


@nox.session(reuse_venv=True)
def quick(session: nox.Session) -> None:
    """Run the tests that are closest to what has changed against main, in at most 20 seconds.

    From the checkout, without a wheel. What it runs, why, and what it leaves out is said first.
    """
    needed = nox.project.dependency_groups(PYPROJECT, "host")
    marker = Path(session.bin) / f"has-{cache.key(str(needed))}"
    if not marker.exists():  # pip alone takes seconds to find that there is nothing to do
        session.install(*needed)
        marker.touch()
    until = time.time() + QUICK_UNTIL
    changed = _changed(session)
    known = choice.modules(HERE, ["ctrlevent", "tests", "docs"])
    tiers: list[running.Tier] = []
    for name, folders in (("host", ON_HOST), ("x64", ["tests/windows"])):
        files = [
            path
            for path in known.values()
            if path.startswith(tuple(folders)) and path.rpartition("/")[2].startswith("test_")
        ]
        if name == "x64" and (not _concerns_windows(changed) or test_bed.load(ARCHS) is None):
            continue
        of_last = tier_times.load(tier_times.file(), name if name == "host" else ARCHS[0])
        ordered = choice.closest(HERE, changed, files, known)
        chosen, nothing = choice.fitting(ordered, of_last.tests, QUICK_TAKES[name])
        print(f"{name}:\n{choice.told(chosen, nothing) or '  nothing'}", flush=True)
        if chosen:
            # Nothing is installed, so pytest has to be told of the plugin.
            plugin = ["-p", "ctrlevent.pytest_plugin"]
            arguments = [*plugin, *choice.words(chosen), *session.posargs]
            tier = _tier(session, name if name == "host" else ARCHS[0], arguments, HERE)
            # Workers of xdist take longer to start on Wine than they save in so short a run.
            tiers.append(dataclasses.replace(tier, workers=0))
    if not tiers:
        session.error(f"no test has to do with what has changed: {', '.join(changed) or 'nothing'}")
    _side_by_side(session, tiers, selection=True, until=until)


@nox.session
def busy(session: nox.Session) -> None:
    """Run all tests beside endless loops, 3 times, and those marked `limits` 30 times each.

    `-- --runs 0 --times 5 --tier host -k NAME`: other numbers, one tier, arguments for pytest. The
    tables are printed, and written to build/busy.
    """
    parser = argparse.ArgumentParser(prog="nox -s busy --", add_help=False, allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--times", type=int, default=30)
    options, arguments = parser.parse_known_args(session.posargs)
    names, arguments = _tiers(session, arguments, "host", *ARCHS)
    tiers = _prepare(session, names, arguments)
    selection = running.Options(_folder(session), tier_times.file("busy"), bool(arguments))
    runs: list[list[running.Result]] = []
    with tier_busy.loops():
        for number in range(options.runs):
            session.log(f"----- whole run {number + 1} of {options.runs}, beside loops -----")
            runs.append(running.run(tiers, selection))
        tables = {"Whole runs": tier_busy.whole(runs)} if runs else {}
        results: list[running.Result] = []
        if options.times:
            session.log(f"----- tests marked `limits`, {options.times} times, beside loops -----")
            limit = PYPROJECT["tool"]["pytest"]["ini_options"]["timeout"] * options.times
            more = ["-m", "limits", f"--timeout={limit}"]  # which is for all the times together
            repeated = [_with(tier, more) for tier in tiers]
            # x86 may have none that is marked with both.
            once = dataclasses.replace(selection, repeat=options.times, selection=True)
            results = running.run(repeated, once)
            tables["Tests with a limit"] = tier_busy.repeated(results)
    text = "\n".join(tier_busy.markdown(*item) for item in tables.items())
    folder = HERE / "build" / "busy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "busy.md").write_text(text, encoding="utf-8")
    print(text)
    runs.append(results)
    ended_badly = any(result.problem for whole in runs for result in whole)
    if ended_badly or any(tier_busy.bad(table) for table in tables.values()):
        session.error(f"not all passed: see above, or {folder / 'busy.md'}")


@nox.session
def demo(session: nox.Session) -> None:
    """Show what plain os.kill does on Windows, and what ctrlevent does.

    Off Windows, on Microsoft's console server. In colours, if this is a terminal; NO_COLOR and
    FORCE_COLOR decide otherwise.
    """
    stage = _stage(session)
    arch = ARCHS[0]
    ready = test_bed.setup([arch])  # which is there sooner than both
    command = ["python", "-m", "ctrlevent", "demo"]
    command += ["--launcher", ready.description["launcher"][arch]]
    if test_bed.ON_WINDOWS:  # where the bed starts programs on a console that is not shown
        _run_in(session, stage, *command, env={"PYTHONPATH": str(stage / "site")})
        return
    if ready.wine is not None:
        command += ["--console-name", f"Microsoft's {ready.wine.version}"]
    colours = {name: os.environ[name] for name in ("NO_COLOR", "FORCE_COLOR") if name in os.environ}
    # Its output comes through pipes of the bed.
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        colours.setdefault("FORCE_COLOR", "1")
    paths = [stage / "site", stage]
    _in_bed(session, arch, command, paths, stage, environ=colours, archs=[arch])


@nox.session
def lint(session: nox.Session) -> None:
    """Check formatting, style, types for Linux and for Windows, and the language of comments."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy", "--platform", "linux")
    session.run("mypy", "--platform", "win32")
    session.run("pyright", "--pythonplatform", "Linux")
    session.run("pyright", "--pythonplatform", "Windows")
    session.run("python", "-m", "tests.tools.plain_words.check")


@nox.session(venv_backend="none")
def bed(session: nox.Session) -> None:
    """Pass on to the test bed: `-- setup`, `-- run [--arch x86] -- CMD`, `-- info`."""
    status = test_bed_cli.main(session.posargs)
    if status != 0:
        session.error(f"exit status {status}")


@nox.session
def others(session: nox.Session) -> None:
    """Run other projects' tests with os.kill and with ctrlevent, and write docs/others.md.

    `-- colcon-core nox` runs the tests of these projects only, and writes nothing.
    """
    projects = others_measure.chosen(session.posargs)
    arch = ARCHS[0]
    ready = test_bed.setup([arch])
    outcomes = others_measure.measure(ready, arch, _stage(session), projects)
    page = others_measure.page(ready, arch, outcomes)
    if session.posargs:
        print(page)
    else:
        (HERE / "docs" / "others.md").write_text(page, encoding="utf-8")
    worse, unmeasured = others_report.worse(outcomes), others_report.unmeasured(outcomes)
    if worse or unmeasured:
        session.error(f"worse with ctrlevent: {worse}; could not be run: {unmeasured}")


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
    """As pip vendors, with the tool of that name."""
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

    On Windows, another minor version: `nox -s tests -- --python 3.13`.
    """
    session.install("vermin")
    session.run("vermin", "-t=3.9-", "--violations", "--no-tips", str(HERE / "ctrlevent"))
    wheel = _wheel(session)
    stage = _stage(session)
    for python in _pythons().values():
        session.log(f"----- {python} -----")
        name = f"venv-{python.parent.parent.name}-{python.name}"
        folder = Path(session.create_tmp()).resolve() / name
        session.run(str(python), "-m", "venv", "--clear", str(folder), external=True)
        inside = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
        pip = [inside, "-m", "pip", "install", "--quiet"]
        group = nox.project.dependency_groups(PYPROJECT, "host")
        session.run(*pip, *group, str(wheel), external=True)
        with session.chdir(stage):
            command = [inside, "-m", "pytest", "-q", *AT_ONCE, *ON_HOST, *session.posargs]
            session.run(*command, external=True)


def _pythons() -> dict[int, Path]:
    """A Python of each minor version: the Python that runs nox, else pyenv's, else PATH's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[int, Path] = {sys.version_info[1]: Path(sys.executable)}
    for minor in range(9, 20):
        candidates = sorted(pyenv.glob(f"3.{minor}.*/bin/python3"), reverse=True)
        on_path = shutil.which(f"python3.{minor}")
        if on_path and "shims" not in on_path:
            candidates.append(Path(on_path))
        if candidates:
            found.setdefault(minor, candidates[0])
    return {minor: found[minor] for minor in sorted(found) if minor >= 9}


@nox.session
def model(session: nox.Session) -> None:
    """Run 20,000 scenarios on the model of Windows, on as many processors as there are."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    thorough = ["--hypothesis-profile", "thorough", "-n", "auto", "--dist", "worksteal"]
    with session.chdir(_stage(session)):
        session.run("python", "-m", "pytest", "tests/model", *thorough, *session.posargs)


@nox.session
def conhost(session: nox.Session) -> None:
    """Play random histories on the model of a console and on Microsoft's console server.

    By default 20,000 on the newest build and 2,000 on each other, with all tests of tests/conhost.
    `-- --histories N --seed S --build B`, and pytest's arguments: so many, from that seed, on that
    build (or `all`). A disagreement is printed as a short story of both sides.
    """
    if test_bed.ON_WINDOWS:
        session.error(
            "the console server of the bed runs on Wine; here the console is Windows' own"
        )
    parser = argparse.ArgumentParser(prog="nox -s conhost --", add_help=False, allow_abbrev=False)
    parser.add_argument("--build", action="append", default=[])
    builds = parser.parse_known_args(session.posargs)[0].build
    if not session.posargs or "all" in builds:
        builds = list(consoles.BUILDS)
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    stage = _stage(session)
    for build in builds or [consoles.NEWEST]:
        if build in consoles.BUILDS:  # else pytest says which there are
            test_bed.console(build)
    runs = [list(session.posargs)]
    if not session.posargs:
        others = [f"--build={build}" for build in builds if build != consoles.NEWEST]
        runs = [["--histories=20000"], [*others, "--histories=2000"]]
    with session.chdir(stage):
        for arguments in runs:
            command = ["python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *ON_PLAYED]
            session.run(*command, *arguments)


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
    measured = stage / "tests" / "tools" / "measured"
    files = {"COVERAGE_PROCESS_START": stage / "pyproject.toml", "COVERAGE_FILE": data / "coverage"}
    session.install(*nox.project.dependency_groups(PYPROJECT, "host"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    test_bed.setup(ARCHS)
    host = {"PYTHONPATH": str(measured), **{name: str(file) for name, file in files.items()}}
    on_host = [tests for tests in ON_HOST if tests != "tests/model"]  # what it meets is chance
    tiers = [_tier(session, "host", on_host, stage, environ=host)]
    environ = {name: programs.windows_path(file) for name, file in files.items()}
    for arch in ARCHS:
        paths = [measured, stage / "site", stage]
        arguments = [*_marked(arch), *ON_WINDOWS]
        tiers.append(_tier(session, arch, arguments, stage, environ=environ, paths=paths))
    _side_by_side(session, tiers, tier_times.file("coverage"))


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
        session.run("python", "-m", "tests.tools.mutation.check")
        session.run("python", "-m", "tests.tools.mutation.plans")


@nox.session
def soak(session: nox.Session) -> None:
    """Send 5,000 events to 8 groups while others come and go; do all repeats of the other tests.

    By default a test marked `repeats` does a share of what it repeats.
    """
    names, arguments = _tiers(session, session.posargs, "host", *ARCHS)
    whole = {"CTRLEVENT_TEST_WHOLE": "1"}
    session.log("runs tests/soak on Windows, and the tests marked `repeats` whole, on every tier")
    tiers = [
        _with(tier, ["-m", "repeats"])
        for tier in _prepare(session, names, arguments, environ=whole)
    ]
    windows = [name for name in names if name in ARCHS][:1]
    for name in windows:
        stage = _folder(session).parent / "stage"
        tier = _tier(session, name, ["tests/soak", *arguments], stage, environ=whole)
        tiers.append(dataclasses.replace(tier, name=f"{name}-soak", workers=1, needs=_set_up()))
    # x86 may have none that is marked with both.
    _side_by_side(session, tiers, tier_times.file("soak"), selection=True)


@nox.session
def report(session: nox.Session) -> None:
    """Find out all that this Windows does otherwise than expected; `-- --tier x86` for one tier.

    Each tier's report is written to build/report, and is complete, whatever fails. The session
    fails if a test did, or the contract suite with the profile that this Windows should have.
    """
    tiers, arguments = _tiers(session, session.posargs, *ARCHS)
    stage = _stage(session)
    folder = HERE / "build" / "report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bad = [arch for arch in tiers if not _report(session, arch, stage, folder, arguments)]
    if bad:
        session.error(f"not as expected: {', '.join(bad)}; see {folder}")


def _report(
    session: nox.Session, arch: str, stage: Path, folder: Path, arguments: Sequence[str]
) -> bool:
    ready = test_bed.setup(ARCHS)

    def asked(*arguments: str) -> str:
        try:
            return ready.ask(arch, *arguments)
        except BedError as error:
            return str(error)

    def outcomes(name: str, paths: Sequence[str], **environ: str) -> summary.Found:
        session.log(f"----- Windows, {arch}: {name} -----")
        junit = folder / f"{arch}, {name}.xml"
        to_file = f"--junit-xml={programs.windows_path(junit)}"
        command = ["python", "-m", "pytest", *AT_ONCE, to_file, *paths, *arguments]
        found = [str(stage / "site"), str(stage)]
        # A run that hangs must not keep the rest from being reported.
        ready.run(command, arch, paths=found, cwd=str(stage), environ=environ, timeout=1200)
        return summary.outcomes(junit)

    held_to = {
        name: outcomes(f"held to {name}", ["tests/contract"], CTRLEVENT_CONTRACT_PROFILE=name)
        for name in profiles.PROFILES
    }
    others = [path for path in ON_WINDOWS if path != "tests/contract"]
    tests = outcomes("tests", others)
    version = "import platform, sys; print(sys.version, 'on', platform.platform())"
    experiments = programs.windows_path(Path(probes.__file__))
    facts = {
        "Python": asked("-c", version),
        "Wine": ready.wine.version if ready.wine else "no",
        **{name: asked(experiments, name) for name in probes.EXPERIMENTS},
    }
    text = summary.markdown(f"Windows, {arch}", facts, held_to, tests)
    (folder / f"{arch}.md").write_text(text, encoding="utf-8")
    # The bed's console is Microsoft's own.
    return not summary.failed(held_to[profiles.WINDOWS.name]) and not summary.failed(tests)


@nox.session
def release(session: nox.Session) -> None:
    """Make dist/ out of the last commit, and check all of it; `-- --tag v1.2.3` for a release.

    Changes that are not committed are not in it.
    """
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    root = Path(session.create_tmp()).resolve() / "release"
    shutil.rmtree(root, ignore_errors=True)
    tracked = _git(session, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    epoch = _git(session, "log", "-1", "--format=%ct").strip()
    one, other = root / "one" / "checkout", root / "the-other" / "checkout"
    for checkout in (one, other):
        checkout.mkdir(parents=True)
        archive = checkout.with_suffix(".tar")
        _git(session, "archive", f"--output={archive}", "HEAD")
        shutil.unpack_archive(archive, checkout)
    archives.disturb(other)
    dist = _build(session, one, {"SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "1"})
    again = _build(
        session, other, {"SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "2", "TZ": "Asia/Kolkata"}
    )
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    shutil.unpack_archive(sdist, root)
    of_sdist = _build(session, next(root.glob("ctrlevent-*")), {"SOURCE_DATE_EPOCH": epoch})
    for mine, theirs in ((wheel, again), (sdist, again), (wheel, of_sdist)):
        if mine.read_bytes() != (theirs / mine.name).read_bytes():
            session.error(f"{mine.name}: not the same in {theirs}")

    files = archives.wheel_files(wheel)
    wrong = [
        *archives.wrong_with_wheel(files, tracked),
        *archives.wrong_with_sdist(archives.sdist_files(sdist), tracked),
    ]
    if session.posargs[:1] == ["--tag"]:
        version = archives.version(files["ctrlevent/__init__.py"].decode())
        changelog = (one / "docs" / "changelog.md").read_text(encoding="utf-8")
        wrong += archives.wrong_with_tag(session.posargs[1], str(version), changelog)
    if wrong:
        session.error("\n".join(wrong))
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    session.run("check-wheel-contents", "--config", str(HERE / "pyproject.toml"), str(wheel))
    session.install("--no-deps", "--force-reinstall", str(wheel))
    with session.chdir(root):  # where no ctrlevent/ hides the installed package
        for platform in ("Linux", "Windows"):
            types = ["--verifytypes", "ctrlevent", "--ignoreexternal"]
            session.run("pyright", *types, "--pythonplatform", platform)

    _without_package(session, one, wheel)
    shutil.rmtree(HERE / "dist", ignore_errors=True)
    shutil.copytree(dist, HERE / "dist")
    for path in (wheel, sdist):
        session.log(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  dist/{path.name}")


def _build(session: nox.Session, checkout: Path, env: dict[str, str]) -> Path:
    folder = checkout.parent / f"{checkout.name}-dist"
    command = ["python", "-m", "build", "--wheel", "--sdist", "--outdir", str(folder)]
    session.run(*command, str(checkout), env=env, silent=True)
    return folder


def _without_package(session: nox.Session, checkout: Path, wheel: Path) -> None:
    """Run tests on Windows in a checkout whose package is deleted: only the wheel's is left."""
    shutil.rmtree(checkout / "ctrlevent")
    site = checkout.parent / "site"
    session.install("--no-deps", "--target", str(site), str(wheel))
    if test_bed.ON_WINDOWS:
        group = nox.project.dependency_groups(PYPROJECT, "test")
        session.install("--target", str(site), *group)
    which = "import ctrlevent; print(ctrlevent.__version__, 'in', ctrlevent.__file__)"
    for arch in ARCHS:
        for command in (["-c", which], ["-m", "pytest", *AT_ONCE, *OF_RELEASE]):
            _in_bed(session, arch, ["python", *command], [site, checkout], checkout)


def _git(session: nox.Session, *arguments: str) -> str:
    return str(session.run("git", "-C", str(HERE), *arguments, external=True, silent=True))


@nox.session
def workflows(session: nox.Session) -> None:
    """Check what GitHub runs, by actionlint (with shellcheck) and zizmor."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "workflows"))
    session.run("actionlint", *map(str, sorted((HERE / ".github" / "workflows").glob("*.yml"))))
    session.run("zizmor", "--offline", "--persona=pedantic", str(HERE / ".github"))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages of docs/ into docs/_build/html; every warning is an error.

    Links between pages and to their headings are checked. `-- linkcheck` follows the links to
    elsewhere instead, which needs the web and is therefore no part of the default.
    """
    session.install(*nox.project.dependency_groups(PYPROJECT, "docs"))
    builder = session.posargs[0] if session.posargs else "html"
    target = HERE / "docs" / "_build" / builder
    shutil.rmtree(target, ignore_errors=True)
    sphinx = ["python", "-m", "sphinx", "-E", "-W", "--keep-going", "-n", "-q", "-b", builder]
    session.run(*sphinx, "-d", str(target / ".doctrees"), str(HERE / "docs"), str(target))
    session.log(f"built: {target}")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure; `-- --output docs` puts the results there, `--share 0.1` is quick and rough."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    session.install("--no-deps", "--force-reinstall", str(_wheel(session)))
    stage = _stage(session)
    peers = stage / "peers"
    options = ["--upgrade", "--no-deps", "--only-binary=:all:", "--target", str(peers)]
    if not test_bed.ON_WINDOWS:
        options += ["--platform", "win_amd64", "--implementation", "cp"]
        options += ["--python-version", f"{sys.version_info[0]}.{sys.version_info[1]}"]
    session.install(*options, *PEERS)
    paths = ["--path", str(stage / "site"), "--path", str(stage)]
    output = ["--output", str(HERE / "build" / "bench")]
    given = [str(HERE / word) if (HERE / word).is_dir() else word for word in session.posargs]
    with session.chdir(stage):
        command = ["python", "-m", "tests.tools.bench", "--peers", str(peers), *paths]
        session.run(*command, *output, *given)


def _tiers(
    session: nox.Session, arguments: Sequence[str], *known: str
) -> tuple[list[str], list[str]]:
    """What `--tier` names, or else all that are known here; and the other arguments."""
    arguments = list(arguments)
    if arguments[:1] != ["--tier"]:
        return list(known), arguments
    if arguments[1:2] == ["conhost"] and CONHOST:
        return [name for name in CONHOST if name in known], arguments[2:]
    if arguments[1] not in known:  # on Windows, only the running Python's architecture
        session.error(f"--tier {arguments[1]}: this system has {', '.join(known)}")
    return [arguments[1]], arguments[2:]


def _prepare(
    session: nox.Session,
    names: Sequence[str],
    arguments: Sequence[str],
    *,
    bed: Sequence[str] = (sys.executable,),
    whole: bool = False,
    environ: Mapping[str, str] | None = None,
) -> list[running.Tier]:
    """Tiers for the wheel of the checkout. The bed is set up while the host's tier runs already."""
    stage = _stage(session)
    if {"host", *PLAYED} & {*names}:
        session.install(*nox.project.dependency_groups(PYPROJECT, "host"))
        session.install("--no-deps", "--force-reinstall", str(next(_dist(session).glob("*.whl"))))
    given = [word for word in arguments if word.startswith(("tests/", "docs/"))]
    rest = [word for word in arguments if word not in given]
    tiers: list[running.Tier] = []
    for name in names:
        on = {"host": ON_HOST, "played": ON_PLAYED, "wine": ON_WINE}
        tests = on.get(name, ON_WINDOWS)
        if given:
            is_played = name == "played"
            tests = [word for word in given if word.startswith(ON_PLAYED[0]) == is_played]
            if not tests:
                continue
        marks = [] if whole and name not in WINE else _marked(name)
        words = [*marks, *tests, *rest]
        tier = _tier(session, name, words, stage, environ=environ, bed=bed)
        tiers.append(tier if name == "host" else dataclasses.replace(tier, needs=_set_up(bed)))
    return tiers


def _marked(name: str) -> list[str]:
    """On the bed x86 runs what may differ there, and `wine` what Wine's console does otherwise. On
    Windows the running Python runs everything.
    """
    marks = {"x86": "bitness", "wine": "wine"}
    return ["-m", marks[name]] if name in marks and not test_bed.ON_WINDOWS else []


def _marks(mark: str, name: str) -> str:
    return " and ".join([mark, *_marked(name)[1:]])


def _with(tier: running.Tier, more: Sequence[str]) -> running.Tier:
    """The tier with more arguments; of two `-m` pytest takes the last, so this joins them."""
    words = [*more]
    if "-m" in words:
        mark = words.index("-m") + 1
        words[mark] = _marks(words[mark], tier.name)
    return dataclasses.replace(tier, arguments=[*tier.arguments, *words])


def _tier(
    session: nox.Session,
    name: str,
    arguments: Sequence[str],
    stage: Path,
    *,
    environ: Mapping[str, str] | None = None,
    bed: Sequence[str] = (sys.executable,),
    paths: Sequence[Path] = (),
) -> running.Tier:
    """The tier whose tests are in `stage`; there, or at `paths`, the bed's Python finds modules."""
    if name in ("host", *PLAYED):
        path = os.pathsep.join([session.bin, os.environ.get("PATH", "")])
        own = {"PATH": path, **({"PYTHONPATH": str(stage)} if stage == HERE else {})}
        if name == "host":
            own["CTRLEVENT_TEST_LOOPS"] = "1"  # they are installed: see tests/loops.py
        full = {**os.environ, **own, **(environ or {})}
        python = str(Path(session.bin) / "python")
        return running.Tier(name, [python], arguments, stage, WORKERS[name], full)
    words = ["-m", "tests.tools.bed", "run", "--arch", name if name in programs.ARCHS else "x64"]
    words += ["--console", test_bed.WINES] if name in WINE else []
    for folder in paths or (stage / "site", stage):
        words += ["--path", str(folder)]
    for variable, value in (environ or {}).items():
        words += ["--env", f"{variable}={value}"]
    start = [*bed, *words, "--cwd", str(stage), "--", "python"]
    workers = WORKERS.get(name, WORKERS["x64"])
    return running.Tier(name, start, arguments, HERE, workers, path=programs.windows_path)


def _set_up(bed: Sequence[str] = (sys.executable,)) -> running.Step:
    return running.Step("setting up the bed", (*bed, "-m", "tests.tools.bed", "setup"), HERE)


def _folder(session: nox.Session) -> Path:
    return Path(session.create_tmp()).resolve() / "tiers"


def _side_by_side(
    session: nox.Session,
    tiers: Sequence[running.Tier],
    times: Path | None = None,
    selection: bool = False,
    until: float | None = None,
) -> None:
    options = running.Options(_folder(session), times, selection, until=until)
    results = running.run(tiers, options)
    bad = [result.name for result in results if result.problem]
    if bad or all(result.no_tests for result in results):
        session.error(f"failed: {', '.join(bad) or 'no tier has run a test'}")


def _changed(session: nox.Session) -> list[str]:
    """The files that differ from where this branch left main. On main itself: the files that are
    not committed; if there are none, the files of the last commit.
    """
    listed = "ls-files", "--others", "--exclude-standard"
    new = _git(session, *listed).split()
    base = "HEAD"
    for main in ("origin/main", "main"):
        if _git(session, "branch", "--all", "--list", main, f"*/{main}").strip():
            base = _git(session, "merge-base", "HEAD", main).strip()
            break
    files = _git(session, "diff", "--name-only", base).split()
    if not files and not new:
        files = _git(session, "diff", "--name-only", "HEAD~1").split()
    return sorted({*files, *new})


def _concerns_windows(changed: Sequence[str]) -> bool:
    return any(name.startswith(("ctrlevent/", "tests/windows/")) for name in changed)


def _python_of(session: nox.Session, version: str) -> Path:
    python = _pythons().get(int(version.partition(".")[2]))
    if python is None:
        session.error(f"there is no Python {version} here: neither on PATH, nor in pyenv's folder")
    return python


def _run_in(session: nox.Session, folder: Path, *command: str, env: dict[str, str]) -> None:
    with session.chdir(folder):
        session.run(*command, env=env)


def _copy_tests(stage: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "tests", stage / "tests", ignore=ignore)
    ignore = shutil.ignore_patterns("__pycache__", "_build")
    shutil.copytree(HERE / "docs", stage / "docs", ignore=ignore)
    for folder in (".ci", ".github"):
        shutil.copytree(HERE / folder, stage / folder)
    for name in ("pyproject.toml", "LICENSE", "README.md", "noxfile.py"):
        shutil.copy(HERE / name, stage)


def _wheel(session: nox.Session) -> Path:
    """The wheel of the checkout, built anew."""
    session.install("build")
    folder = _dist(session)
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder), str(HERE), silent=True)
    return next(folder.glob("*.whl"))


def _dist(session: nox.Session) -> Path:
    return Path(session.create_tmp()) / "dist"


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


def _in_bed(
    session: nox.Session,
    arch: str,
    command: Sequence[str],
    paths: Sequence[Path],
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    archs: Sequence[str] = ARCHS,
) -> None:
    """`archs`: of the bed. Tests of one architecture look at processes of the other, too."""
    ready = test_bed.setup(archs)
    session.log(" ".join(command))
    folders = [str(path) for path in paths]
    status = ready.run(command, arch, paths=folders, cwd=str(cwd), environ=environ or {})
    if status != 0:
        session.error(f"exit status {status}")
