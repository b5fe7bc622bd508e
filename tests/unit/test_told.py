"""Whether a child has heard the Ctrl+C for which its parent handles a KeyboardInterrupt."""

from __future__ import annotations

import pytest

from ctrlevent._told import Told


@pytest.mark.parametrize("hears_keys", [True, False])
def test_without_an_interrupt_it_has_heard_nothing(hears_keys: bool) -> None:
    assert not Told(hears_keys=hears_keys).needs_no_other()


@pytest.mark.parametrize("hears_keys", [True, False])
def test_key_is_taken_to_have_reached_a_child_that_hears_keys(hears_keys: bool) -> None:
    told = Told(hears_keys=hears_keys)
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert told.needs_no_other() is hears_keys
    assert not told.needs_no_other()


def test_clean_up_is_still_for_the_interrupt() -> None:
    told = Told(hears_keys=True)

    def clean_up() -> None:
        try:
            raise ValueError("in the clean-up")
        except ValueError:
            assert told.needs_no_other()

    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            clean_up()

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_child_that_was_told_of_this_interrupt_is_not_told_of_it_again() -> None:
    told = Told(hears_keys=False)
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        told.now()
        assert told.needs_no_other()
    try:
        raise KeyboardInterrupt("another")
    except KeyboardInterrupt:
        assert not told.needs_no_other()


@pytest.mark.parametrize("hears_keys", [True, False])
def test_wait_that_was_broken_off(hears_keys: bool) -> None:
    """The KeyboardInterrupt may have been handled by then."""
    told = Told(hears_keys=hears_keys)
    told.wait_is_broken_off()
    assert told.needs_no_other() is hears_keys


def test_child_that_was_told_to_stop_is_told_nothing_more() -> None:
    told = Told(hears_keys=False)
    told.to_stop = True
    assert told.needs_no_other()
