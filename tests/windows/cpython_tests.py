"""Where CPython's own tests are, which no test bed has and nothing of which is in the project."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest


def find(name: str) -> Path:
    """The folder `test` of a standard library that has that file or package of tests.

    The one at hand; or, on the test bed, that of the Python that made it, which is of the same
    minor version and which CTRLEVENT_STDLIB names. Skips where neither has it: distributions leave
    the tests out.
    """
    for library in (sysconfig.get_path("stdlib"), os.environ.get("CTRLEVENT_STDLIB")):
        folder = Path(library or ".") / "test"
        if (folder / f"{name}.py").exists() or (folder / name).exists():
            return folder
    pytest.skip(f"neither this Python's standard library nor CTRLEVENT_STDLIB has {name}")
