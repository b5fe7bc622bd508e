"""In random histories, the model of a console and Microsoft's server do the same, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import profile_of
from .histories import compare

if TYPE_CHECKING:
    from .conftest import ServersOf, Share

CLOSED = 50
"""One history of so many is played to the end of the terminal, which costs a server each time."""


@pytest.mark.timeout(3600)
def test_the_model_does_what_the_server_does(share: Share, servers_of: ServersOf) -> None:
    compare(servers_of(share.build), profile_of(share.build), share.histories, share.seed)


@pytest.mark.timeout(3600)
def test_the_same_when_the_terminal_goes_away_in_the_end(
    share: Share, servers_of: ServersOf
) -> None:
    count = max(1, share.histories // CLOSED)
    compare(servers_of(share.build), profile_of(share.build), count, share.seed, closes=True)
