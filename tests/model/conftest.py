"""How many scenarios are run, and the report of how many were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from .world import Tally

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# `pytest --hypothesis-profile thorough tests/model`: 20,000 scenarios in all. Else 3,000.
# In CI each run has the same scenarios, as with hypothesis's own profile for CI: a change that has
# nothing to do with a finding shall not fail. Elsewhere each run has other scenarios.
THOROUGH = "thorough"
settings.register_profile(THOROUGH, derandomize="CI" in os.environ)


def scenarios() -> int:
    """For each of the five profiles of tests/fakes."""
    return 4000 if settings.get_current_profile_name() == THOROUGH else 600


class FromWorkers:
    """With pytest-xdist: what its workers have counted."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        Tally.counts.update(getattr(node, "workeroutput", {}).get("model", {}))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(FromWorkers())


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["model"] = dict(Tally.counts)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if Tally.counts:
        terminalreporter.section("scenarios of the model")
        for name, count in sorted(Tally.counts.items()):
            terminalreporter.write_line(f"{count:>8,}  {name}")
