"""Verbs that are used while other code has replaced what Python has."""

from __future__ import annotations

import pytest

from tests import replaced

from . import scenarios
from .harness import NEW_GROUP, Console, bed_program


@pytest.mark.parametrize("how", replaced.HOW)
def test_what_other_code_has_replaced_is_not_used(console: Console, how: str) -> None:
    command = [bed_program("python"), "-c", replaced.PROGRAM, *how.split()]
    code, output, errors = console.parent.python(NEW_GROUP).call(scenarios.run_script, command)
    assert (code, output.splitlines(), errors) == (0, replaced.SAYS, "")
