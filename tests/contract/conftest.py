"""On Windows, or Wine, the real world; elsewhere the fake one, once for each profile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes.profiles import WINDOWS_BUILDS, WINE

from .worlds import Fake, Real, World

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = "real processes"
WORLDS = [REAL] if sys.platform == "win32" else [WINE, *WINDOWS_BUILDS]


@pytest.fixture(params=WORLDS, ids=lambda world: getattr(world, "name", world))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param != REAL:
        yield Fake(request.param, monkeypatch)
        return
    from tests.windows.harness import Console

    with Console() as console:
        yield Real(console)
