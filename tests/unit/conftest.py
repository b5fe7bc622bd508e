"""What the tests on a fake Windows have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    """A 64-bit caller, leader of its group, alone on its console.

    However the test ends: no handle may be left open, no event parked, no phantom made.
    """
    fake = FakeWindows()
    install(monkeypatch, fake)
    yield fake
    assert not fake.handles
    assert not fake.console.parked
    assert not fake.console.phantoms
