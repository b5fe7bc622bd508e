"""How many scenarios are run, and the report of how many were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import settings

from .world import Tally

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# `pytest --hypothesis-profile thorough tests/model`: 20,000 scenarios in all. Else 3,000.
THOROUGH = "thorough"
settings.register_profile(THOROUGH)


def scenarios() -> int:
    """For each of the four profiles of tests/fakes."""
    if "N" in os.environ:
        return int(os.environ["N"])
    return 5000 if settings.get_current_profile_name() == THOROUGH else 750


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if Tally.counts:
        terminalreporter.section("model")
        for name, count in sorted(Tally.counts.items()):
            terminalreporter.write_line(f"{count:>8,}  {name}")
