"""What is exchanged in the policy; that the tests notice it is what `nox -s mutation` asks."""

from __future__ import annotations

from pathlib import Path

import ctrlevent
from tests.tools.mutation import plans

FOLDER = Path(ctrlevent.__file__).parent / "_windows"
POLICY = (FOLDER / "policy.py").read_text(encoding="utf-8")
SHAPES = plans.shapes((FOLDER / "plans.py").read_text(encoding="utf-8"))


def test_shape_of_each_plan_is_known() -> None:
    assert SHAPES["SendToGroup"] == ("int",)
    assert SHAPES["StartThread"] == SHAPES["StartOwnThread"] == ("Facts",)
    assert SHAPES["AwaitConsole"] == SHAPES["SendToConsole"] == ()


def test_each_plan_with_a_twin_of_its_shape_is_exchanged() -> None:
    found = {(one.rule, one.instead) for one in plans.exchanges(POLICY, SHAPES)}
    assert {("P5", "StartOwnThread"), ("S2", "StartThread"), ("G5", "AwaitConsole")} <= found
    assert {("G3", "SendToConsole"), ("E2", "LookElsewhere"), ("C3", "SendToGroup")} <= found


def test_exchange_changes_its_line_alone() -> None:
    for exchange in plans.exchanges(POLICY, SHAPES):
        changed = plans.exchanged(POLICY, exchange).splitlines()
        compile("\n".join(changed), "policy.py", "exec")
        assert changed.pop(changed.index("from . import plans")) == "from . import plans"
        pairs = zip(changed, POLICY.splitlines())
        different = [number for number, (new, old) in enumerate(pairs) if new != old]
        assert different == [exchange.line]
        assert f"plans.{exchange.instead}(" in changed[exchange.line]
