"""The rules of the house: what lives where, and what may import what."""

from __future__ import annotations

import ast
import graphlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import _errors
from ctrlevent._win32 import constants

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(ctrlevent.__file__).parent
TOP = Path(__file__).parents[2]

SOURCES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(name: str) -> Iterator[tuple[int, str]]:
    """(level, module) of each import anywhere in a file: `from .a import b` is (1, "a.b")."""
    for node in ast.walk(SOURCES[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.level, f"{node.module}.{alias.name}" if node.module else alias.name


def top_level(name: str) -> set[str]:
    """The modules of the package that a file of its top level imports."""
    return {module.split(".")[0] for level, module in imports(name) if level == 1}


def standard(name: str) -> set[str]:
    return {module.split(".")[0] for level, module in imports(name) if level == 0}


@pytest.mark.parametrize("name", SOURCES)
def test_ctypes_is_imported_in_win32_alone(name: str) -> None:
    if not name.startswith("_win32/"):
        assert not {"ctypes", "_ctypes", "_winapi", "msvcrt"} & (standard(name) - {"msvcrt"})


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


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("_win32/")])
def test_win32_imports_nothing_above_it(name: str) -> None:
    assert not [module for level, module in imports(name) if level > 1]


# What each may import of the package; what is not here is above all of them.
FLOORS = {
    "_namedtuple.py": set(),
    "_types.py": {"_namedtuple"},
    "_errors.py": {"_types"},
    "_arguments.py": {"_namedtuple", "_types"},
    "_facts.py": {"_errors", "_namedtuple", "_win32"},
    "_processes.py": {"_errors", "_facts", "_types", "_win32"},
    "_policy.py": {"_errors", "_facts", "_namedtuple", "_types", "_win32"},
    "_console.py": {"_errors", "_facts", "_processes", "_types", "_win32"},
    "_ctrl_routine.py": {"_errors", "_facts", "_processes", "_types", "_win32"},
    "_ending.py": {"_errors", "_facts", "_policy", "_processes", "_win32"},
}


@pytest.mark.parametrize("name", FLOORS)
def test_imports_go_one_way(name: str) -> None:
    assert top_level(name) <= FLOORS[name]


def at_run_time(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """Imports of the package's own, also those inside functions, but not those for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield node
        yield from at_run_time(node)


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {name.removesuffix(".py") for name in SOURCES if "/" not in name} - {"__init__"}
    graph = {
        name: {
            module
            for node in at_run_time(SOURCES[f"{name}.py"])
            for module in ([node.module] if node.module else [alias.name for alias in node.names])
            if module in names
        }
        for name in names
    }
    assert list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle


def test_policy_touches_nothing_of_the_system() -> None:
    assert standard("_policy.py") <= {"__future__", "typing", "collections", "enum"}


def test_policy_takes_nothing_but_numbers_from_win32() -> None:
    taken = {module for _, module in imports("_policy.py") if module.startswith("_win32")}
    assert taken == {"_win32.constants.CTRL_C_EVENT"}


def test_policy_and_users_mean_the_same_number() -> None:
    assert int(ctrlevent.CTRL_C_EVENT) == constants.CTRL_C_EVENT


def test_policy_takes_nothing_but_descriptions_from_facts() -> None:
    taken = {module for level, module in imports("_policy.py") if module.startswith("_facts.")}
    assert taken <= {"_facts.Console", "_facts.Facts", "_facts.Unreadable", "_facts.Seen"}


def test_facts_decide_nothing() -> None:
    raised = {
        node.id
        for node in ast.walk(SOURCES["_facts.py"])
        if isinstance(node, ast.Name) and node.id in set(dir(_errors))
    }
    assert not raised & {"NotAGroupLeader", "CtrlCIgnored", "WouldReachOthers"}


def test_posix_imports_nothing_of_windows() -> None:
    for name in ("_posix.py", "_arguments.py", "_errors.py", "_types.py"):
        assert not {module for module in top_level(name) if module == "_win32"}


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


# --- what users see -------------------------------------------------------------------------------

PUBLIC = {name: getattr(ctrlevent, name) for name in ctrlevent.__all__}
VERB_FILES = ["_send.py", "_ask.py", "_listen.py", "_posix.py"]
VERBS = {
    f"{name}: {node.name}": node
    for name in VERB_FILES
    for node in SOURCES[name].body
    if isinstance(node, ast.FunctionDef) and node.name in ctrlevent.__all__
}


def test_every_public_class_and_function_has_a_docstring() -> None:
    callables = {name for name, value in PUBLIC.items() if callable(value)}
    assert {name for name in callables if not inspect.getdoc(PUBLIC[name])} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_docstring_of_a_verb_names_what_it_raises(verb: str) -> None:
    text = ast.get_docstring(VERBS[verb]) or ""
    # A verb that is another one with fewer arguments may refer to that one.
    assert "raises" in text.lower() or "Raises" in text or "`getpgid(0)`" in text, text


def test_both_systems_have_the_same_verbs_with_the_same_arguments() -> None:
    posix, windows = (
        {
            node.name: ast.unparse(node.args)
            for name in names
            for node in SOURCES[name].body
            if isinstance(node, ast.FunctionDef) and node.name in ctrlevent.__all__
        }
        for names in (["_posix.py"], ["_send.py", "_ask.py", "_listen.py"])
    )
    assert posix == windows
