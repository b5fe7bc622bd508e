"""How many scenarios are run, and the report of how many were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import settings

from tests import tally

from .world import Tally

if TYPE_CHECKING:
    import pytest

# `pytest --hypothesis-profile thorough tests/model`: 20,000 scenarios in all. Else 3,000.
# In CI each run has the same scenarios, as with hypothesis's own profile for CI: a change that has
# nothing to do with a finding shall not fail. Elsewhere each run has other scenarios.
THOROUGH = "thorough"
settings.register_profile(THOROUGH, derandomize="CI" in os.environ)


def scenarios() -> int:
    """For each of the five profiles of tests/fakes."""
    return 4000 if settings.get_current_profile_name() == THOROUGH else 600


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(tally.Tally("scenarios of the model", Tally.counts))
