"""The public names, which are imported when they are first asked for."""

from __future__ import annotations

import ast
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ctrlevent

PACKAGE = Path(ctrlevent.__file__).parent
SOURCE = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))

IMPORTED = "[name for name in sys.modules if name.startswith('ctrlevent.')]"
SHOW = "import json\nprint(json.dumps(found))"


def in_a_new_python(code: str, *options: str) -> Any:
    """What the code, run where nothing of the package is imported yet, calls `found`."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, *options, "-c", f"import sys\n{code}\n{SHOW}"]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return json.loads(ran.stdout)


def declared(statements: list[ast.stmt]) -> dict[str, str]:
    """The module of each name that these statements import."""
    return {
        alias.name: statement.module
        for statement in statements
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }


def for_type_checkers() -> tuple[dict[str, str], dict[str, str]]:
    """What type checkers see on Windows, and on other systems."""
    blocks = [node for node in SOURCE.body if isinstance(node, ast.If)]
    everywhere = next(b for b in blocks if ast.unparse(b.test) == "TYPE_CHECKING")
    by_system = next(node for node in everywhere.body if isinstance(node, ast.If))
    common = declared(everywhere.body)
    return {**common, **declared(by_system.body)}, {**common, **declared(by_system.orelse)}


def at_run_time(platform: str) -> dict[str, str]:
    """The modules of the names as `__getattr__` takes them, were this that platform."""
    code = f"""
sys.platform = {platform!r}
import ctrlevent
found = ctrlevent._MODULES
"""
    modules: dict[str, str] = in_a_new_python(code)
    return {name: module for module, names in modules.items() for name in names.split()}


def test_run_time_and_type_checkers_agree_where_a_name_comes_from() -> None:
    assert (at_run_time("win32"), at_run_time("linux")) == for_type_checkers()


def test_all_is_complete() -> None:
    for names in for_type_checkers():
        assert sorted(names) == sorted(ctrlevent.__all__)


def test_every_name_is_what_its_module_has() -> None:
    for name, module in at_run_time(sys.platform).items():
        value = getattr(ctrlevent, name)
        assert value is getattr(sys.modules[f"{ctrlevent.__name__}.{module}"], name)


@pytest.mark.parametrize("module", ["ctrlevent", "ctrlevent.pytest_plugin"])
def test_import_alone_imports_nothing_else_of_the_package(module: str) -> None:
    found = in_a_new_python(f"import {module}\nfound = {IMPORTED}")
    assert set(found) <= {"ctrlevent.pytest_plugin"}


def imported_by(code: str) -> set[str]:
    """Where `site` does not run, which may import anything."""
    return set(in_a_new_python(f"{code}\nfound = [*sys.modules]", "-S"))


def test_import_needs_nothing_that_is_slow_to_import() -> None:
    assert not {"typing", "ctypes", "subprocess", "importlib"} & imported_by("import ctrlevent")


@pytest.mark.parametrize("module", ["_send", "_ask"])
def test_verbs_that_send_or_ask_do_not_need_typing(module: str) -> None:
    found = imported_by(f"import ctrlevent.{module}, ctrlevent._win32.native")
    assert not {"typing", "re", "subprocess", "threading"} & found


def test_helper_process_imports_no_more_of_the_standard_library_than_ctypes() -> None:
    """But for what is a part of the interpreter: see `_helper_main`."""
    found = imported_by("from ctrlevent import _helper_main; import ctrlevent._win32.native")
    more = {
        name for name in found - imported_by("import ctypes") if not name.startswith("ctrlevent")
    }
    assert more <= {*sys.builtin_module_names, "__future__", "math"}  # math: built in on Windows


def test_star() -> None:
    names: dict[str, Any] = {}
    exec("from ctrlevent import *", names)
    assert set(names) - {"__builtins__"} == set(ctrlevent.__all__)


def test_dir_has_what_has_not_been_asked_for_yet() -> None:
    found = in_a_new_python("import ctrlevent\nfound = dir(ctrlevent)")
    assert {*ctrlevent.__all__, "__version__"} <= set(found)
    assert set(found) <= set(dir(ctrlevent))  # and whatever was asked for here before


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'ctrlevent' has no attribute 'killall'"):
        getattr(ctrlevent, "killall")  # noqa: B009


@pytest.mark.parametrize(
    "value",
    [ctrlevent.CTRL_C_EVENT, ctrlevent.Delivery.SENT, ctrlevent.killpg, ctrlevent.NoConsole(6, "")],
    ids=["event", "delivery", "verb", "error"],
)
def test_pickled_it_is_understood_by_a_python_that_has_imported_nothing(value: Any) -> None:
    code = f"import pickle\nfound = str(pickle.loads({pickle.dumps(value)!r}))[:20]"
    assert in_a_new_python(code) == str(value)[:20]


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
