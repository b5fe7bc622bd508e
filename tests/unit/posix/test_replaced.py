"""Verbs that are used while other code has replaced what Python has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import replaced
from tests.waiting import HANG_LIMIT


@pytest.mark.parametrize("how", replaced.HOW)
def test_what_other_code_has_replaced_is_not_used(how: str) -> None:
    command = [sys.executable, "-c", replaced.PROGRAM, *how.split()]
    done = subprocess.run(command, capture_output=True, timeout=HANG_LIMIT, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (replaced.SAYS, "")
