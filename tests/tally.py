"""What tests have really run, counted and reported at the end; with xdist, of all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import collections

    from _pytest.terminal import TerminalReporter


class Tally:
    """A plugin for `config.pluginmanager.register`, with the counts that it reports."""

    def __init__(self, title: str, counts: collections.Counter[str]) -> None:
        self._title = title
        self._counts = counts

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._counts.update(getattr(node, "workeroutput", {}).get(self._title, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[self._title] = dict(self._counts)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        if self._counts:
            terminalreporter.section(self._title)
            for name, count in sorted(self._counts.items()):
                terminalreporter.write_line(f"{count:>9,}  {name}")
