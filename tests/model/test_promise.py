"""The verbs of this package keep the promise: on each Windows that the model knows, and on Wine."""

from __future__ import annotations

import pytest

from tests.fakes.profiles import WINDOWS_BUILDS, WINE, Profile

from .conftest import scenarios
from .world import World, run


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("profile", [*WINDOWS_BUILDS, WINE], ids=lambda profile: profile.name)
def test_an_event_reaches_who_was_named_or_nobody(profile: Profile) -> None:
    class Machine(World):
        pass

    Machine.profile, Machine.name = profile, profile.name
    run(Machine, scenarios())
