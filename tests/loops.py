"""The async libraries of other projects that a few tests run with: trio, anyio, uvloop.

The host tier installs them (`loops` in pyproject.toml), and says so, so that a test does not pass
over them there. Elsewhere a test that needs such a library is skipped.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def needs(name: str) -> Any:
    """The module. Skips the test where it is not installed, but for the host tier."""
    if os.environ.get("CTRLEVENT_TEST_LOOPS") == "1":
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is not installed; the host tier has it")
