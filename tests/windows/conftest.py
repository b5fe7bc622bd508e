"""The Windows tier: real processes on real consoles. On other systems it is not collected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import Console

pytest.register_assert_rewrite("tests.windows.harness")

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def console() -> Iterator[Console]:
    """A console of the test's own; in the end, nobody on it must have heard more than it says."""
    from .harness import Console

    with Console() as console:
        yield console
        console.assert_untouched()


@pytest.fixture(scope="module")
def shared_console() -> Iterator[Console]:
    """One console for the tests of a module: for those that leave everybody as they are."""
    from .harness import Console

    with Console() as console:
        yield console
        console.assert_untouched()
