"""The named tuples of the package do what those of `typing` do."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from ctrlevent._types import ProcessInfo
from ctrlevent._typing import NamedTuple
from ctrlevent._windows.plans import LookElsewhere

VALUES = (8, 4, 8, True, None, "python.exe")
ONE = ProcessInfo(*VALUES)


class Typed(typing.NamedTuple):
    pid: int
    ppid: int | None
    pgid: int | None
    is_leader: bool | None
    ignores_ctrl_c: bool | None
    name: str | None


def test_they_are_not_those_of_typing() -> None:
    assert typing.NamedTuple is not NamedTuple


def test_one_is_a_tuple() -> None:
    assert ONE == VALUES
    assert hash(ONE) == hash(VALUES)
    assert isinstance(ONE, tuple)


def test_items_have_names() -> None:
    assert [getattr(ONE, name) for name in ProcessInfo._fields] == [*VALUES]
    assert ProcessInfo._fields == Typed._fields


def test_items_are_given_in_order_or_by_name() -> None:
    assert ProcessInfo(**ONE._asdict()) == ONE
    assert ProcessInfo(*VALUES[:3], *VALUES[3:5], name="python.exe") == ONE


@pytest.mark.parametrize("given", [{}, {"pid": 1}, {**ONE._asdict(), "more": 1}])
def test_wrong_items_are_a_type_error(given: dict[str, typing.Any]) -> None:
    with pytest.raises(TypeError, match=r"__new__\(\)|missing|unexpected"):
        ProcessInfo(**given)


def test_items_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ONE.pid = 9  # type: ignore[misc]
    with pytest.raises(AttributeError):
        ONE.more = 9  # type: ignore[attr-defined]


def test_one_with_other_items() -> None:
    other = ONE._replace(pid=9)
    assert type(other) is ProcessInfo
    assert other == (9, *VALUES[1:])
    with pytest.raises(TypeError):
        ONE._replace(more=1)  # type: ignore[call-arg]


def test_one_out_of_any_iterable() -> None:
    made = ProcessInfo._make(iter(VALUES))
    assert type(made) is ProcessInfo
    assert made == ONE


def test_one_shows_its_items() -> None:
    assert repr(ONE) == repr(Typed(*VALUES)).replace("Typed", "ProcessInfo")
    assert repr(LookElsewhere()) == "LookElsewhere()"


@pytest.mark.parametrize("again", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_one_can_be_copied_and_pickled(again: typing.Callable[[ProcessInfo], ProcessInfo]) -> None:
    assert type(again(ONE)) is ProcessInfo
    assert again(ONE) == ONE


def test_items_are_matched_in_order() -> None:
    assert ProcessInfo.__match_args__ == Typed.__match_args__
