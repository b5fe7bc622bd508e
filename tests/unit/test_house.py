"""The rules of the house: what lives where, and what may import what."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import _errors, _posix, _win32, _windows
from ctrlevent._win32 import constants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PACKAGE = Path(ctrlevent.__file__).parent
TOP = Path(__file__).parents[2]

SOURCES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
FACE = [name for name in SOURCES if "/" not in name and name != "_half.py"]
HALVES: dict[str, ModuleType] = {"_windows": _windows, "_posix": _posix}
FOLDERS = {**HALVES, "_win32": _win32}

# What every module may import. `_protocol` is for types alone.
SHARED = {
    "_arguments",
    "_calls",
    "_errors",
    "_held_back",
    "_late",
    "_patience",
    "_protocol",
    "_screen",
    "_streams",
    "_subprocess",
    "_terminal_streams",
    "_types",
    "_typing",
    "_unpatched",
}
BELOW_WIN32 = {"_late", "_subprocess", "_typing", "_unpatched"}


def imports(name: str, *, types: bool = True) -> Iterator[tuple[int, str]]:
    """(level, module) of each import anywhere in a file: `from .a import b` is (1, "a.b").

    `types` False: without those that are for type checkers alone.
    """
    yield from _imports(SOURCES[name], types)


def _imports(tree: ast.AST, types: bool) -> Iterator[tuple[int, str]]:
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if is_for_types and not types:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.level, f"{node.module}.{alias.name}" if node.module else alias.name
        yield from _imports(node, types)


def own(name: str, *, types: bool = True) -> set[str]:
    """The modules of the package that a file imports, as paths: `_windows/peb`."""
    folder = Path(name).parent
    found: set[str] = set()
    for level, module in imports(name, types=types):
        if level:
            base = folder if level == 1 else folder.parent
            for parts in (module.split("."), module.split(".")[:-1]):
                path = (base / "/".join(parts)).as_posix()
                if f"{path}.py" in SOURCES or f"{path}/__init__.py" in SOURCES:
                    found.add(path)
                    break
    return found


def standard(name: str) -> set[str]:
    return {module.split(".")[0] for level, module in imports(name) if level == 0}


# --- what is imported from outside ----------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith("_win32/")])
def test_ctypes_is_imported_in_win32_alone(name: str) -> None:
    assert not {"ctypes", "_ctypes", "_winapi", "msvcrt"} & standard(name)


@pytest.mark.parametrize("name", SOURCES)
def test_package_never_names_itself_in_an_import(name: str) -> None:
    assert "ctrlevent" not in standard(name)


@pytest.mark.parametrize("name", SOURCES)
def test_no_metadata_of_the_installation_is_read(name: str) -> None:
    metadata = {"importlib.metadata", "pkg_resources", "importlib.resources"}
    assert not [module for _, module in imports(name) for each in metadata if each in module]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="needs sys.stdlib_module_names")
@pytest.mark.parametrize("name", SOURCES)
def test_only_the_standard_library_is_imported(name: str) -> None:
    if sys.version_info >= (3, 10) and name != "pytest_plugin.py":
        assert standard(name) <= {*sys.stdlib_module_names, "__future__"}


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("_windows/")])
def test_half_for_windows_starts_no_process_but_through_the_boundary(
    name: str,
) -> None:
    calls = [
        ast.unparse(node.func) for node in ast.walk(SOURCES[name]) if isinstance(node, ast.Call)
    ]
    assert "subprocess.Popen" not in calls


# The demo is a program of its own, in which no code replaces anything.
REPLACED = {"time", "threading", "_thread", "queue", "select", "selectors", "socket"}


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "_demo.py"])
def test_nothing_is_taken_from_where_tests_and_gevent_put_something_else(name: str) -> None:
    """A frozen clock, a thread that is a mock: see `_unpatched` and `_subprocess`."""
    assert not REPLACED & standard(name)
    if name != "_subprocess.py":
        taken = {module for level, module in imports(name) if level == 0}
        classes = ("Popen", "TimeoutExpired", "CalledProcessError", "CompletedProcess")
        assert not taken & {f"subprocess.{kind}" for kind in classes}
        used = {
            ast.unparse(node) for node in ast.walk(SOURCES[name]) if isinstance(node, ast.Attribute)
        }
        assert not used & {f"subprocess.{kind}" for kind in classes}


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "_demo.py"])
def test_processes_are_asked_for_and_signalled_by_the_real_functions(name: str) -> None:
    """`os.kill` may be a mock, or `patch_os`; with a false `os.getpid` the wrong process is hit."""
    called = {
        ast.unparse(node.func) for node in ast.walk(SOURCES[name]) if isinstance(node, ast.Call)
    }
    if ("os", "system_calls") in renamed(name):
        return
    assert not called & {"os.kill", "os.killpg", "os.getpgid", "os.getpid", "os._exit"}


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("_posix/")])
def test_signals_are_handled_by_the_real_functions(name: str) -> None:
    called = {
        ast.unparse(node.func) for node in ast.walk(SOURCES[name]) if isinstance(node, ast.Call)
    }
    assert not called & {"signal.signal", "signal.getsignal"} or (
        "signal",
        "signal_calls",
    ) in renamed(name)


def renamed(name: str) -> set[tuple[str | None, str]]:
    """(its name here, its own name) of each name that is imported."""
    return {
        (alias.asname, alias.name)
        for node in ast.walk(SOURCES[name])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


# --- the rooms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACE)
def test_face_knows_nothing_of_a_half(name: str) -> None:
    assert not [module for module in own(name) if module.startswith(("_win", "_posix"))]


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith(tuple(HALVES))])
def test_half_knows_itself_what_is_shared_and_for_windows_win32(name: str) -> None:
    half = name.partition("/")[0]
    elsewhere = {module for module in own(name) if not module.startswith(f"{half}/")}
    if half == "_windows":
        elsewhere = {module for module in elsewhere if not module.startswith("_win32")}
    assert elsewhere <= SHARED


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("_win32/")])
def test_win32_knows_itself_alone(name: str) -> None:
    assert {module for module in own(name) if not module.startswith("_win32")} <= BELOW_WIN32


@pytest.mark.parametrize("name", sorted(SHARED - {"_protocol"}))
def test_shared_modules_know_shared_modules_alone(name: str) -> None:
    assert own(f"{name}.py") <= SHARED


@pytest.mark.parametrize("name", SOURCES)
def test_protocol_is_for_types_alone(name: str) -> None:
    assert "_protocol" not in own(name, types=False)


def rows(folder: ModuleType) -> list[set[str]]:
    """The modules of a folder, as the table in its docstring has them, row by row."""
    lines = re.findall(r"^\| (`.*?) \|", folder.__doc__ or "", re.MULTILINE)
    return [set(re.findall(r"`(\w+)`", line)) for line in lines]


@pytest.mark.parametrize("folder", FOLDERS)
def test_table_of_a_folder_has_each_of_its_modules(folder: str) -> None:
    there = {Path(name).stem for name in SOURCES if name.startswith(f"{folder}/")} - {"__init__"}
    assert set().union(*rows(FOLDERS[folder])) == there


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_down_the_table_of_a_folder(folder: str) -> None:
    floors = {name: floor for floor, row in enumerate(rows(FOLDERS[folder])) for name in row}
    up = [
        (module, imported)
        for module, floor in floors.items()
        for imported in own(f"{folder}/{module}.py", types=False)
        if imported.startswith(f"{folder}/") and floors[Path(imported).stem] < floor
    ]
    assert up == []


def page_rows(number: int) -> list[set[str]]:
    """The modules of each row of a table of docs/architecture.md, without their suffix."""
    page = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = page.split("| where | what lives there |\n|---|---|\n")[number].partition("\n\n")[0]
    return [
        {
            name.rstrip("/").removesuffix(".py")
            for name in re.findall(r"`([\w./]+)`", row.split("|")[1])
        }
        for row in lines.splitlines()
    ]


def test_imports_go_down_the_table_of_the_page() -> None:
    floors = {name: floor for floor, row in enumerate(page_rows(1)) for name in row}
    up = [
        (name, imported)
        for name in SOURCES
        for imported in own(name, types=False)
        if floors[imported.partition("/")[0]] < floors[Path(name).with_suffix("").parts[0]]
    ]
    assert up == []


def test_page_has_the_table_of_the_half_for_windows() -> None:
    assert page_rows(2) == rows(_windows)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name[: -len(".py")]: own(name, types=False) for name in SOURCES}
    assert list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle


# --- where it is decided --------------------------------------------------------------------------


def test_policy_touches_nothing_of_the_system() -> None:
    assert standard("_windows/policy.py") <= {"__future__", "typing", "collections"}


def test_policy_takes_nothing_but_numbers_from_win32_and_descriptions_from_peb() -> None:
    taken = {module for _, module in imports("_windows/policy.py")}
    assert {one for one in taken if one.startswith("_win32")} == {"_win32.constants.CTRL_C_EVENT"}
    descriptions = {"peb.Console", "peb.Facts", "peb.Unreadable", "peb.Seen"}
    assert {one for one in taken if one.startswith("peb.")} <= descriptions


def test_policy_and_users_mean_the_same_number() -> None:
    assert int(ctrlevent.CTRL_C_EVENT) == constants.CTRL_C_EVENT


@pytest.mark.parametrize("name", ["_windows/peb.py", "_windows/processes.py"])
def test_what_reads_facts_decides_nothing(name: str) -> None:
    raised = {
        node.id
        for node in ast.walk(SOURCES[name])
        if isinstance(node, ast.Name) and node.id in set(dir(_errors))
    }
    assert not raised & {"NotAGroupLeader", "CtrlCIgnored", "WouldReachOthers"}


def test_console_is_sent_to_in_one_place_and_by_a_guard() -> None:
    calls = [
        name
        for name, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(".GenerateConsoleCtrlEvent")
    ]
    # The second sends to the process that it runs in, and that leads a group of its own.
    assert calls == ["_windows/console_route.py", "_windows/guard_process.py"]


RULES = re.findall(
    r"^  ([A-Z]\d+)  ", ast.get_docstring(SOURCES["_windows/policy.py"]) or "", re.MULTILINE
)
TESTED = re.findall(
    r"^def test_([A-Z]\d+)_",
    (TOP / "tests" / "unit" / "windows" / "test_policy.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_every_rule_of_the_policy_has_a_test_and_every_numbered_test_a_rule() -> None:
    assert len(RULES) == len(set(RULES)) > 20
    assert sorted(set(TESTED)) == sorted(RULES)


def test_every_rule_of_the_policy_is_marked_where_it_is_decided_in_their_order() -> None:
    source = (PACKAGE / "_windows" / "policy.py").read_text(encoding="utf-8")
    marked = re.findall(r"  # ([A-Z]\d+)$", source, re.MULTILINE)
    assert [*dict.fromkeys(marked)] == RULES


def test_rules_of_each_group_count_upwards() -> None:
    groups = {rule[0]: [one[1:] for one in RULES if one[0] == rule[0]] for rule in RULES}
    for numbers in groups.values():
        assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


# --- what travels with the package ----------------------------------------------------------------


def test_licence_travels_with_the_package() -> None:
    assert (PACKAGE / "LICENSE").read_bytes() == (TOP / "LICENSE").read_bytes()


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_version_is_a_literal() -> None:
    assigned = [
        node.value
        for node in SOURCES["__init__.py"].body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert [type(value) for value in assigned] == [ast.Constant]
