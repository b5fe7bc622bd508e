"""The public names of the package as they are on Windows, whatever system this runs on.

`ctrlevent/__init__.py` takes its verbs from other modules on Windows than elsewhere. Those of
Windows can be imported everywhere, since they call Windows only when they are called; which ones
they are is read out of `__init__.py` itself.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import ctrlevent


def windows_names() -> dict[str, str]:
    """The module of each name that `__init__.py` imports on Windows."""
    tree = ast.parse(Path(ctrlevent.__file__).read_text(encoding="utf-8"))
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    found: dict[str, str] = {}
    for branch in branches:
        if ast.unparse(branch.test) == "sys.platform == 'win32'":
            for node in branch.body:
                if isinstance(node, ast.ImportFrom):
                    found.update({alias.name: str(node.module) for alias in node.names})
    return found


def public() -> dict[str, Any]:
    """Every public name and what it stands for on Windows."""
    on_windows = {
        name: getattr(importlib.import_module(f"ctrlevent.{module}"), name)
        for name, module in windows_names().items()
    }
    return {name: on_windows.get(name, getattr(ctrlevent, name)) for name in ctrlevent.__all__}


def document_windows() -> None:
    """Let `ctrlevent` be what it is on Windows, for autodoc, in this process alone."""
    for name, value in public().items():
        setattr(ctrlevent, name, value)
