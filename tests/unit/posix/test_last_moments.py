"""Verbs that are used when the interpreter ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ctrlevent
from tests import last_moments
from tests.waiting import HANG_LIMIT


@pytest.mark.parametrize("where", last_moments.WHERE)
@pytest.mark.parametrize("how", last_moments.HOW)
def test_every_verb_works_or_says_why_it_cannot(how: str, where: str) -> None:
    command = [sys.executable, "-c", last_moments.PROGRAM, how, where, *last_moments.CALLS]
    done = subprocess.run(command, capture_output=True, timeout=HANG_LIMIT, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert last_moments.wrong(done.stdout, how, where) == {}


def test_program_calls_every_verb() -> None:
    classes = {name for name in ctrlevent.__all__ if isinstance(getattr(ctrlevent, name), type)} - {
        "handler",
        "patch_os",
        "Popen",
        "PseudoConsole",
    }
    verbs = {name for name in ctrlevent.__all__ if callable(getattr(ctrlevent, name))} - classes
    assert set(last_moments.CALLS) == verbs
