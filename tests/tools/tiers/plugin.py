"""Loaded into the pytest of each tier: `-p tests.tools.tiers.plugin`.

Orders the tests, keeps those together that share fixtures, and tells the runner how far it is. For
`nox -s busy` it repeats each test, for `nox -s quick` it stops in time. Each worker of xdist orders
by the same file.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from . import order, progress

if TYPE_CHECKING:
    from collections.abc import Sequence


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tiers", "the project's tiers of tests")
    group.addoption("--tier-times", metavar="FILE", help="seconds of each test, as JSON")
    group.addoption("--tier-progress", metavar="FILE", help="where to tell of each test, as JSON")
    group.addoption("--tier-repeat", metavar="N", type=int, default=1, help="run each test N times")
    group.addoption("--tier-until", metavar="T", type=float, help="start no test after time.time()")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--tier-progress")
    if path and not hasattr(
        config, "workerinput"
    ):  # a worker reports to the controller, which tells
        config.pluginmanager.register(Teller(Path(path)), "tiers-teller")


def times(config: pytest.Config) -> dict[str, float]:
    path = config.getoption("--tier-times")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    units = [unit_of(item) for item in items]
    if config.pluginmanager.has_plugin("xdist"):
        for item, unit in zip(items, units):
            if unit:
                item.add_marker(pytest.mark.xdist_group(unit))
    members = [(item.nodeid, unit) for item, unit in zip(items, units)]
    items[:] = [items[position] for position in order.longest_first(members, times(config))]


def unit_of(item: pytest.Item) -> str | None:
    """The module and the wider fixtures that this test shares with others of the module."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return None
    shared = {
        name
        for name in info.names_closure
        for definition in info.name2fixturedefs.get(name, ())[-1:]
        if _is_shared(definition)
    }
    # In xdist's names `@` and `]` have a meaning.
    unit = f"{item.nodeid.partition('::')[0]} {' '.join(sorted(shared))}"
    return re.sub(r"[^\w.]+", "-", unit) if shared else None


def _is_shared(definition: Any) -> bool:
    # A plugin's own, such as tmp_path_factory, has no base; each worker may as well have its own.
    # So it is with a session's fixture: what a session has, each worker has.
    return bool(definition.baseid) and definition.scope in ("class", "module", "package")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist") != "loadgroup":
        return None
    from .scheduler import HeadAndTail

    return HeadAndTail(config, log, times(config))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    until = item.config.getoption("--tier-until")
    if until is not None and time.time() > until:
        return True  # as if it had run; the runner sees and says that it has not
    repeat = int(item.config.getoption("--tier-repeat") or 1)
    if repeat == 1:
        return None
    for _ in range(repeat):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        # New fixtures for the next time; by `nextitem` pytest knows which wider fixtures to keep.
        getattr(item, "_initrequest", lambda: None)()
        runtestprotocol(item, nextitem=nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


class Teller:
    """Writes a line when the tests are collected, and a line as each finishes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self._collected = False
        self._running: dict[str, tuple[str, float]] = {}

    def pytest_unconfigure(self) -> None:
        self._file.close()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput") and session.items:
            self._tell_collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        if not self._collected:  # each worker collects the same
            self._tell_collected(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # For everything that is printed or written: without what xdist has appended.
        report.nodeid = name = order.without_unit(report.nodeid)
        outcome, seconds = self._running.pop(name, (progress.PASSED, 0.0))
        if report.failed:
            outcome = progress.FAILED if report.when == "call" else progress.ERROR
        elif report.skipped and outcome == progress.PASSED:
            outcome = progress.SKIPPED
        seconds += report.duration
        # The report of a test in which the worker has crashed has another name, and is the last.
        if str(report.when) in ("setup", "call"):
            self._running[name] = outcome, seconds
        else:
            self._tell(test=name, outcome=outcome, seconds=round(seconds, 3))

    def _tell_collected(self, names: Sequence[str]) -> None:
        self._collected = True
        self._tell(collected=[order.without_unit(name) for name in names])

    def _tell(self, **message: Any) -> None:
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()
