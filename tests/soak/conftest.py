from __future__ import annotations

import sys

import pytest

pytest.register_assert_rewrite("tests.windows.harness")

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]
