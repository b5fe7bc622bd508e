"""A pytest plugin: tests are run, although their marks, decorators or they themselves skip them.

A decorator of `unittest`, or of testtools, leaves the method of the project in `__wrapped__`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_pycollect_makeitem(obj: object) -> None:
    if not isinstance(obj, type):
        return
    # pytest leaves out setUpClass of a class that is skipped, so this comes before it collects.
    if getattr(obj, "__unittest_skip__", False):
        setattr(obj, "__unittest_skip__", False)  # noqa: B010
    for name in dir(obj):
        method = inspect.getattr_static(obj, name)
        if callable(method) and getattr(method, "__unittest_skip__", False):
            setattr(obj, name, inspect.unwrap(method))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for node in item.listchain():
            node.own_markers[:] = [
                mark for mark in node.own_markers if mark.name not in ("skip", "skipif")
            ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest, "skip", _do_not_skip)
        return (yield)


def _do_not_skip(*_arguments: Any, **_named: Any) -> None:
    pass


# pytest looks for it there when a test of `unittest` skips itself.
_do_not_skip.Exception = pytest.skip.Exception  # type: ignore[attr-defined]
