"""On Windows, or Wine, the real world; elsewhere the fake world, once for each profile.

CTRLEVENT_CONTRACT_PROFILE names the profile that the real world is held to, if not to its own. With
it, `nox -s report` finds out how a Windows differs from each profile.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes.profiles import PROFILES

from .worlds import Fake, Real, World

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = "real processes"
WORLDS = [REAL] if sys.platform == "win32" else [*PROFILES.values()]


@pytest.fixture(params=WORLDS, ids=lambda world: getattr(world, "name", world))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param != REAL:
        yield Fake(request.param, monkeypatch)
        return
    from tests.windows.harness import Console

    with Console() as console:
        name = os.environ.get("CTRLEVENT_CONTRACT_PROFILE")
        yield Real(console, PROFILES[name] if name else None)
