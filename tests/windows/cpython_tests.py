"""Where CPython's own tests are. The test bed has none of them, nor has the project."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest


def find(name: str) -> Path:
    """The folder `test` of a standard library that has that file or package of tests.

    Looks in the standard library at hand; then, on the test bed, in the library that
    CTRLEVENT_STDLIB names: that of the Python that made the bed, of the same minor version. Skips
    where neither has the tests: distributions leave them out.
    """
    for library in (sysconfig.get_path("stdlib"), os.environ.get("CTRLEVENT_STDLIB")):
        folder = Path(library or ".") / "test"
        if (folder / f"{name}.py").exists() or (folder / name).exists():
            return folder
    pytest.skip(f"neither this Python's standard library nor CTRLEVENT_STDLIB has {name}")
