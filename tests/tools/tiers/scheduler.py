"""Which worker of pytest-xdist runs which test: `--dist loadgroup`, without queues of long tests.

A worker does not start a test before it knows the next test, so a test always waits behind the
test that runs. xdist's own schedulers take both from the head of the list: with the longest tests
first, a long test waits behind a long test while other workers have nothing left to do. Here a
worker gets a test from the head, and behind it some from the tail, where the shortest are; then
again a test from the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # it has no types

from .order import without_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

# Seconds of tests that wait behind another test. As long as the answer of a worker and the next
# order to it take, or longer: the worker waits for that when it has only one test left.
_BEHIND = 0.5


class HeadAndTail(LoadGroupScheduling):  # type: ignore[misc]
    def __init__(self, config: pytest.Config, log: Any, seconds: Mapping[str, float]) -> None:
        config.option.loadscopereorder = False  # not the units with the most tests first
        super().__init__(config, log)
        self._seconds = seconds
        self._head_came_last: set[Any] = set()

    def _reschedule(self, node: Any) -> None:
        if node.shutting_down:
            return
        # With one test left the worker waits to be told the next, or that there is none.
        while self.workqueue and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()

    def remove_node(self, node: Any) -> str | None:
        """As xdist's, but a test that has crashed a worker does not crash another worker."""
        workload = self.assigned_work.pop(node)
        self._head_came_last.discard(node)
        left = [
            (unit, name) for unit in workload for name in workload[unit] if not workload[unit][name]
        ]
        if not left:
            return None
        unit, crashed = left[0]
        workload[unit][crashed] = True
        self.workqueue.update({unit: workload[unit] for unit, _ in left[1:]})
        for other in self.assigned_work:
            self._reschedule(other)
        return str(crashed)

    def _assign_work_unit(self, node: Any) -> None:
        if node not in self._head_came_last:
            self._head_came_last.add(node)
            super()._assign_work_unit(node)
            return
        self._head_came_last.discard(node)
        behind = 0.0
        while self.workqueue and behind < _BEHIND:
            unit = next(reversed(self.workqueue))
            behind += sum(self._expected(name) for name in self.workqueue[unit])
            self.workqueue.move_to_end(unit, last=False)
            super()._assign_work_unit(node)

    def _expected(self, name: str) -> float:
        return self._seconds.get(without_unit(name), _BEHIND)
