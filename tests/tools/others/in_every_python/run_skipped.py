"""A pytest plugin: tests are run, although their marks or they themselves say to skip them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.own_markers[:] = [
            mark for mark in item.own_markers if mark.name not in ("skip", "skipif")
        ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest, "skip", _do_not_skip)
        return (yield)


def _do_not_skip(*_arguments: Any, **_named: Any) -> None:
    pass
