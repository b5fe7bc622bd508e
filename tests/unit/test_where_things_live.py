"""The pages that say where things live, against the tree; what CI runs, against the metadata."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ctrlevent
from tests.tools.release import pages

PACKAGE = Path(ctrlevent.__file__).parent  # of the wheel, which need not be beside the tests
TOP = Path(__file__).parents[2]
CONTRIBUTING = (TOP / "docs" / "contributing.md").read_text(encoding="utf-8")
ARCHITECTURE = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")

SESSIONS = set(
    re.findall(
        r"^@nox\.session.*\ndef (\w+)",
        (TOP / "noxfile.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
PATHS = [name for row in pages.table(CONTRIBUTING, "path") for name in pages.code(row[0])]


@pytest.mark.parametrize("name", PATHS)
def test_path_is_there(name: str) -> None:
    first, _, rest = name.partition("/")
    path = PACKAGE / rest if first == "ctrlevent" else TOP / name
    assert path.is_dir() if name.endswith("/") else path.is_file()


def test_each_folder_of_tests_is_named() -> None:
    folders = {
        f"tests/{path.name}/"
        for path in (TOP / "tests").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert folders - set(PATHS) == set()


def test_each_tool_is_named() -> None:
    folders = {path.name for path in (TOP / "tests" / "tools").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} - set(pages.code(CONTRIBUTING)) == set()


def test_each_module_of_the_package_is_named() -> None:
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    names = {module.rpartition("/")[2] for module in modules}
    assert names - {"__init__.py"} - set(pages.code(ARCHITECTURE)) == set()


def test_each_module_that_is_named_is_there() -> None:
    there = {path.name for path in PACKAGE.rglob("*.py")}
    named = {name for name in pages.code(ARCHITECTURE) if name.endswith(".py")}
    others = {name for name in named if name.startswith(("tests/", "docs/"))}
    assert all((TOP / name).is_file() for name in others)
    assert {name.rpartition("/")[2] for name in named - others} - there == set()


def test_page_names_each_session_and_no_other() -> None:
    commands = [
        command for _, run in pages.table(CONTRIBUTING, "when") for command in pages.code(run)
    ]
    named = [re.match(r"nox -s ([\w ]+?)(?: --|$)", command) for command in commands]
    assert {session for match in named if match for session in match[1].split()} == SESSIONS


def test_workflows_run_sessions_that_there_are() -> None:
    for path in (TOP / ".github" / "workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        lists = re.findall(r"^ +session: \[(.*)\]$", text, re.MULTILINE)
        run = re.findall(r"noxfile\.py -s (\w+)", text)
        assert {*re.findall(r"\w+", " ".join(lists)), *run} <= SESSIONS


def test_ci_runs_each_python_that_is_supported() -> None:
    metadata = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    workflow = (TOP / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    supported = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', metadata)
    assert f'requires-python = ">={supported[0]}"' in metadata
    matrices = re.findall(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)
    assert [re.findall(r"[\d.]+", matrix) for matrix in matrices] == [supported, supported]
