"""Whether an object dies in the very call that made it. No process is needed for that."""

from __future__ import annotations

import gc
from collections import deque
from typing import Any

import pytest

from ctrlevent._calls import Call

lost: list[bool] = []


@pytest.fixture(autouse=True)
def _none_yet() -> None:
    del lost[:]


class Made:
    """As `Popen`: its `__init__` makes the `Call`, and its `__del__` asks it."""

    def __init__(self, error: type[BaseException] | None = None) -> None:
        call = self.call = Call()
        call.held = [self]
        del self  # only `call` has it
        call.held.clear()
        if error is not None:  # comes when nothing of the call is left that would catch it
            raise error

    def __del__(self) -> None:
        lost.append(self.call.lost_its_object())


class Derived(Made):
    def __init__(self, error: type[BaseException] | None = None) -> None:
        super().__init__()
        del self
        if error is not None:
            raise error


class Server:
    """Starts something in its own `__init__`."""

    def __init__(self) -> None:
        Made()
        self.started = True


@pytest.mark.parametrize("kind", [Made, Derived])
def test_exception_at_the_end_of_the_call(kind: type[Made]) -> None:
    with pytest.raises(KeyboardInterrupt):
        kind(KeyboardInterrupt)
    assert lost == [True]


@pytest.mark.parametrize("kind", [Made, Derived])
def test_statement_drops_it_on_purpose(kind: type[Made]) -> None:
    kind()
    assert lost == [False]


def test_statement_in_another_init() -> None:
    Server()
    assert lost == [False]


def test_statement_although_an_earlier_call_there_was_broken_off() -> None:
    """Its traceback is still there."""
    kept = []
    for error in (KeyboardInterrupt, None):
        try:
            Made(error)
        except KeyboardInterrupt as raised:
            kept.append(raised)
    assert lost == [True, False]


def test_variable_that_gets_another_value() -> None:
    for _ in range(3):
        made: Any = Made()
    made = None
    assert made is None
    assert lost == [False, False, False]


def test_one_that_a_function_of_c_drops() -> None:
    deque(map(Made, [None, None]), maxlen=0)
    assert lost == [False, False]


def test_one_that_is_dropped_by_another_exception() -> None:
    def fail(_made: Made) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(Made())
    assert lost == [False]


def test_one_that_the_garbage_collector_finds_in_a_later_call_there() -> None:
    """Which is broken off: so there is a traceback."""
    gc.collect()

    class Collects(Made):
        def __init__(self, at_last: bool) -> None:
            super().__init__()
            if at_last:
                gc.collect()
                raise KeyboardInterrupt
            self.cycle = self

    def twice() -> None:
        for at_last in (False, True):
            Collects(at_last)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert lost[0] is False


def test_one_that_is_held_when_it_dies() -> None:
    """The call has not come to its end: it had not resumed the child, say."""

    class Held(Made):
        def __init__(self) -> None:
            self.call = Call()
            self.call.held = ["what the call has to do"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Held()
    gc.collect()
    assert lost == [True]


def test_it_keeps_no_variable_of_the_caller_alive() -> None:
    class Large: ...

    gone = []

    def caller() -> Made:
        large = Large()
        Large.__del__ = lambda _self: gone.append(True)  # type: ignore[attr-defined]
        assert large
        return Made()

    made = caller()
    assert gone == [True]
    assert made.call.held == []
