"""The public names: one list, one face, two halves; and how each of them calls itself."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import modulefinder
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ctrlevent
from ctrlevent import _posix, _protocol, _windows
from ctrlevent._half import half

PACKAGE = Path(ctrlevent.__file__).parent
SOURCE = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))

NAMES: list[str] = vars(ctrlevent)["__all__"]
MODULES: dict[str, str] = {
    name: module for module, names in ctrlevent._MODULES.items() for name in names.split()
}
PUBLIC: dict[str, Any] = {name: getattr(ctrlevent, name) for name in NAMES}
CALLABLE = {name: value for name, value in PUBLIC.items() if callable(value)}

IMPORTED = "[name for name in sys.modules if name.startswith('ctrlevent.')]"
SHOW = "import json\nprint(json.dumps(found))"


def in_a_new_python(code: str, *options: str) -> Any:
    """What the code, run where nothing of the package is imported yet, calls `found`."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, *options, "-c", f"import sys\n{code}\n{SHOW}"]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return json.loads(ran.stdout)


# --- one list -------------------------------------------------------------------------------------


def for_type_checkers() -> dict[str, str]:
    """The module of each name that type checkers see, and see as exported (`import x as x`)."""
    blocks = [node for node in SOURCE.body if isinstance(node, ast.If)]
    block = next(node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING")
    return {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname == alias.name
    }


def test_run_time_and_type_checkers_agree_where_a_name_comes_from() -> None:
    assert for_type_checkers() == MODULES
    assert sorted(NAMES) == sorted(MODULES)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_what_its_module_has(name: str) -> None:
    module = importlib.import_module(f"{ctrlevent.__name__}.{MODULES[name]}")
    assert getattr(ctrlevent, name) is getattr(module, name)


def test_star() -> None:
    names: dict[str, Any] = {}
    exec("from ctrlevent import *", names)
    assert set(names) - {"__builtins__"} == set(NAMES)


def test_dir_has_what_has_not_been_asked_for_yet() -> None:
    found = in_a_new_python("import ctrlevent\nfound = dir(ctrlevent)")
    assert {*NAMES, "__version__"} <= set(found)
    assert set(found) <= set(dir(ctrlevent))  # and whatever was asked for here before


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'ctrlevent' has no attribute 'killall'"):
        getattr(ctrlevent, "killall")  # noqa: B009


# --- how they call themselves ---------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLABLE)
def test_public_class_or_function_is_said_to_be_of_the_package(name: str) -> None:
    assert f"{CALLABLE[name].__module__}.{CALLABLE[name].__qualname__}" == f"ctrlevent.{name}"


def test_traceback_names_the_package() -> None:
    code = "import ctrlevent; raise ctrlevent.NoConsole(6, 'none')"
    ran = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False)
    assert ran.stderr.decode().splitlines()[-1].startswith("ctrlevent.NoConsole: [Errno 6]")


@pytest.mark.parametrize(
    "value",
    [ctrlevent.CTRL_C_EVENT, ctrlevent.Delivery.SENT, ctrlevent.killpg, ctrlevent.NoConsole(6, "")],
    ids=["event", "delivery", "verb", "error"],
)
def test_pickled_it_is_understood_by_a_python_that_has_imported_nothing(value: Any) -> None:
    code = f"import pickle\nfound = str(pickle.loads({pickle.dumps(value)!r}))[:20]"
    assert in_a_new_python(code) == str(value)[:20]


def methods(kind: type) -> dict[str, Any]:
    own = {name: getattr(kind, name) for name in vars(kind) if not name.startswith("_")}
    return {name: value for name, value in own.items() if callable(value)}


@pytest.mark.parametrize("name", CALLABLE)
def test_public_class_or_function_has_a_docstring_and_each_public_method_too(name: str) -> None:
    assert inspect.getdoc(CALLABLE[name])
    kind: Any = CALLABLE[name]
    if inspect.isclass(kind) and not issubclass(kind, tuple):
        assert [name for name, value in methods(kind).items() if not value.__doc__] == []


@pytest.mark.parametrize(
    "name", [name for name, value in CALLABLE.items() if inspect.isfunction(value)]
)
def test_docstring_of_a_verb_names_what_it_raises(name: str) -> None:
    text = inspect.getdoc(CALLABLE[name]) or ""
    # getpgrp refers to getpgid.
    assert "raises" in text.lower() or "`getpgid(0)`" in text, text


# --- two halves of one shape ----------------------------------------------------------------------

HALVES: dict[str, Any] = {"_windows": _windows, "_posix": _posix}
SHAPE = {name: value for name, value in vars(_protocol.Half).items() if not name.startswith("_")}
DATA = set(_protocol.Half.__annotations__)


def parts(half: str) -> dict[str, str]:
    """The module of each function of a half."""
    return {name: module for module, names in HALVES[half].PARTS.items() for name in names.split()}


def of_half(half: str, name: str) -> Any:
    return getattr(importlib.import_module(f"ctrlevent.{half}.{parts(half)[name]}"), name)


HERE = [half for half in HALVES if half == "_windows" or sys.platform != "win32"]


@pytest.mark.parametrize("half", HALVES)
def test_half_has_what_the_protocol_says_and_no_more(half: str) -> None:
    assert sorted(parts(half)) == sorted({*SHAPE, *DATA})


@pytest.mark.parametrize("half", HERE)
@pytest.mark.parametrize("name", SHAPE)
def test_function_of_a_half_has_the_signature_of_the_protocol(half: str, name: str) -> None:
    if parts(half)[name] == "no_counterpart":
        with pytest.raises(OSError, match=rf"\(on {sys.platform}\)"):
            of_half(half, name)()
        return
    function = of_half(half, name)
    expected = list(inspect.signature(SHAPE[name]).parameters.values())[1:]
    found = list(inspect.signature(function).parameters.values())
    if [one.kind for one in expected] == [inspect.Parameter.VAR_KEYWORD]:
        assert {one.kind for one in found} == {inspect.Parameter.KEYWORD_ONLY}
    elif inspect.isbuiltin(function):  # posix.getpgid
        assert [one.name for one in found] == [one.name for one in expected]
    else:
        assert found == expected  # name, kind, default, and the text of the annotation
        returns = inspect.signature(SHAPE[name]).return_annotation
        assert inspect.isclass(function) or function.__annotations__["return"] == returns


def test_face_asks_for_nothing_that_the_protocol_has_not() -> None:
    asked = {
        node.attr
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "half"
    }
    assert asked == {*SHAPE, *DATA}


@pytest.mark.skipif(sys.platform == "win32", reason="asks for the half that is not of this system")
def test_only_the_half_of_this_system_is_imported() -> None:
    all_names = "import ctrlevent\nfor name in ctrlevent.__all__: getattr(ctrlevent, name)"
    found = in_a_new_python(f"{all_names}\nfound = {IMPORTED}")
    assert [name for name in found if "_posix" in name]
    assert not [name for name in found if "_win" in name]


def test_what_a_half_has_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="killall"):
        getattr(half, "killall")  # noqa: B009


# What runs by the command line and by pytest, and is in no program that is frozen.
DOORS = {"__init__", "__main__", "_cli", "_commands", "_demo", "_patched_program", "_stop"}
DOORS |= {"_stray_events", "_guarded_session", "pytest_plugin"}
DOORS |= {"_interruptible", "_ready", "_output"}

# What runs in another Python, which a frozen program has not.
ELSEWHERE = {"guard_process"}


def test_tools_that_freeze_programs_find_every_module() -> None:
    """By reading: they run nothing, so they do not see what is imported by its name alone."""
    finder = modulefinder.ModuleFinder([str(PACKAGE.parent)])
    finder.import_hook("ctrlevent")
    there = {
        ".".join(["ctrlevent", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in PACKAGE.rglob("*.py")
        if path.stem not in DOORS | ELSEWHERE
    }
    assert there - {*finder.modules} == set()


# --- what an import costs -------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["ctrlevent", "ctrlevent.pytest_plugin"])
def test_import_alone_imports_nothing_else_of_the_package(module: str) -> None:
    found = in_a_new_python(f"import {module}\nfound = {IMPORTED}")
    assert set(found) <= {"ctrlevent.pytest_plugin"}


def imported_by(code: str) -> set[str]:
    """Where `site` does not run, which may import anything."""
    return set(in_a_new_python(f"{code}\nfound = [*sys.modules]", "-S"))


def test_import_needs_nothing_that_is_slow_to_import() -> None:
    assert not {"typing", "ctypes", "subprocess", "importlib"} & imported_by("import ctrlevent")


VERBS = "import ctrlevent._signals, ctrlevent._queries"
SENDS = f"{VERBS}, ctrlevent._windows.signals, ctrlevent._win32.native"
HELPER = "import ctrlevent._windows.helper_process, ctrlevent._win32.native"
GUARD = "import ctrlevent._windows.guard_process, ctrlevent._win32.native"


@pytest.mark.parametrize("code", [VERBS, SENDS])
def test_verbs_that_send_or_ask_do_not_need_typing(code: str) -> None:
    assert not {"typing", "re", "subprocess", "threading"} & imported_by(code)


def test_helper_process_imports_no_more_of_the_standard_library_than_ctypes() -> None:
    """But for what is a part of the interpreter: see `helper_process`."""
    found = imported_by(HELPER)
    more = {
        name for name in found - imported_by("import ctypes") if not name.startswith("ctrlevent")
    }
    assert more <= {*sys.builtin_module_names, "__future__", "math"}  # math: built in on Windows


# A contained command, on a terminal too.
RUN = (
    "import ctrlevent._cli, ctrlevent._run, ctrlevent._win32.native, ctrlevent._windows.handlers,"
    " ctrlevent._windows.popen, ctrlevent._windows.run, ctrlevent._windows.terminal_input"
)


def test_typing_without_its_cost_is_for_what_sends_asks_and_helps_alone() -> None:
    """Every other module uses `typing` itself."""
    loaded = {name for code in (SENDS, HELPER, GUARD, RUN) for name in imported_by(code)}
    uses = {
        ".".join(["ctrlevent", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in PACKAGE.rglob("*.py")
        if re.search(r"_typing import (TYPE|Named)", path.read_text(encoding="utf-8"))
    }
    more = {name.removesuffix(".__init__") for name in uses} - loaded
    more = {name for name in more if not name.startswith("ctrlevent._posix.")}
    # Of which a run on POSIX loads the first.
    # What starts the helper has it too, as the first event on another console waits for that.
    assert more <= {
        "ctrlevent._held_back",
        "ctrlevent._stop",
        "ctrlevent._win32.python_process",
        "ctrlevent._windows.group",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows nothing is taken from os")
def test_what_a_test_has_put_into_os_is_not_taken_for_the_real_thing() -> None:
    code = """
import os, ctrlevent
real, found = os.kill, []
os.kill = lambda *given: found.append(given)
try:
    ctrlevent.kill(os.getpid(), 0)
finally:
    os.kill = real
"""
    assert in_a_new_python(code) == []
