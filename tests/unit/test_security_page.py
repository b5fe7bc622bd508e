"""docs/security.md says which functions are called and with which rights: all, and nothing else."""

from __future__ import annotations

import ast
import importlib
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

import ctrlevent
from ctrlevent._win32 import constants, declarations, foreign
from tests.tools.release import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(ctrlevent.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


def test_page_names_each_declared_function_once_and_no_other() -> None:
    named = [name for row in pages.table(PAGE, "function") for name in pages.code(row[0])]
    declared = [
        name for name, value in vars(declarations).items() if isinstance(value, foreign.Function)
    ]
    assert sorted(named) == sorted([*declared, *foreign.BY_WINAPI])


def test_masks_are_made_of_the_rights_beside_them() -> None:
    for mask, _, rights in pages.table(PAGE, "mask"):
        assert int(mask, 16) == reduce(
            or_, (getattr(constants, name) for name in pages.code(rights))
        )


def test_page_has_the_masks_that_the_package_asks_for_and_no_other() -> None:
    named = {int(mask, 16) for mask, *_ in pages.table(PAGE, "mask")}
    assert named == {mask for path in PACKAGE.rglob("*.py") for mask in asked_for(path)}


def asked_for(path: Path) -> Iterator[int]:
    """The masks that a module opens processes with: the second argument, or its default."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Processes", "open_process"):
            mask = ast.unparse(node.args[1]) if len(node.args) > 1 else "READ"
            if mask != "self._access":
                module = importlib.import_module(
                    ".".join(["ctrlevent", *path.relative_to(PACKAGE).with_suffix("").parts])
                )
                names = {
                    **vars(importlib.import_module("ctrlevent._windows.processes")),
                    **vars(module),
                }
                yield eval(mask, names)


def test_processes_are_opened_by_open_process_alone() -> None:
    calls = [
        (path.name, ast.unparse(node))
        for path in (PACKAGE / "_windows").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".OpenProcess")
    ]
    assert calls == [("processes.py", "windows.OpenProcess(access, pid)")]
