"""The drawings of the documentation show what Microsoft's console server does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs._diagrams import recorded
from docs._diagrams.scenarios import SCENARIOS
from tests.tools.bed import consoles

from .both import on_the_server

if TYPE_CHECKING:
    from .conftest import ServersOf


def test_they_were_recorded_on_the_newest_build() -> None:
    assert recorded.build() == consoles.NEWEST


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_server_does_what_was_recorded(name: str, servers_of: ServersOf) -> None:
    """If it should: `python -m docs._diagrams` records anew."""
    played = on_the_server(servers_of(consoles.NEWEST), SCENARIOS[name].play)
    assert played == recorded.load()[name]
