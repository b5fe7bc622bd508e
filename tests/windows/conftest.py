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
    """A console for one test. At the end its processes must be as `assert_untouched` says."""
    from .harness import Console

    with Console() as console:
        yield console
        console.assert_untouched()


@pytest.fixture(scope="module")
def shared_console() -> Iterator[Console]:
    """A console for all tests of a module that leave its processes as they are."""
    from .harness import Console

    with Console() as console:
        yield console
        console.assert_untouched()
