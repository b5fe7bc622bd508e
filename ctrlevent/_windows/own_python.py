"""The code with which a Python of this installation runs a module of this package."""

from __future__ import annotations

import os.path


def code(module: str, *arguments: object) -> str:
    """Calls `main` of a module of this folder.

    The package is imported from where it is, be it a folder or a zip; under its own name, so that a
    package that it is vendored in is not imported with it.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root, name = os.path.split(here)
    values = ", ".join(map(repr, arguments))
    return (
        f"import sys; sys.path.insert(0, {root!r});"
        f" from {name}._windows.{module} import main; main({values})"
    )
