"""Plans are frozen, and compared by type and value."""

from __future__ import annotations

import operator
from typing import Any

import pytest

from ctrlevent._windows.plans import AwaitConsole, LookElsewhere, SendToConsole, SendToGroup


def test_plans_of_one_type_and_value_are_equal() -> None:
    assert SendToGroup(8) == SendToGroup(8)
    assert not operator.ne(SendToGroup(8), SendToGroup(8))
    assert hash(SendToGroup(8)) == hash(SendToGroup(8))


@pytest.mark.parametrize("other", [SendToGroup(9), (8,), AwaitConsole(), None])
def test_other_type_or_value_is_another_plan(other: Any) -> None:
    assert SendToGroup(8) != other
    assert not operator.eq(SendToGroup(8), other)


def test_plans_without_values_differ_by_type() -> None:
    assert len({AwaitConsole(), LookElsewhere(), SendToConsole(), AwaitConsole()}) == 3


def test_plan_is_frozen() -> None:
    with pytest.raises(AttributeError):
        SendToGroup(8).pgid = 9  # type: ignore[misc]
