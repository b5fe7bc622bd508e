"""An event to a process that has just been started: it waits for facts of the process alone.

How long it takes is in the benchmarks (`tests/tools/bench`), not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repeats import repeats

from . import young
from .harness import ARCH, OTHER_ARCH, bed_program

if TYPE_CHECKING:
    from .harness import Console

# So many children in one call, as an actor has to answer in time.
IN_A_CALL = 10


@pytest.mark.bitness
@pytest.mark.repeats
@pytest.mark.wine
@pytest.mark.parametrize("how", young.STARTED)
def test_each_hears_the_event_and_no_other_process_does(console: Console, how: str) -> None:
    """The event that comes first of all: none is lost, and none comes too soon.

    On Wine's own console each is half a second old before (`_windows/wine.py`): without that, some
    hang there.
    """
    sibling = console.parent.spawn(name="another member of the caller's group")
    command = [bed_program("native"), "default"]
    for _ in range(repeats(300 // IN_A_CALL, 1)):
        assert console.parent.call(young.interrupted_at_once, how, command, IN_A_CALL) == []
    assert sibling.take_heard() == []
    assert console.parent.take_heard() == []


@pytest.mark.bitness
@pytest.mark.repeats
@pytest.mark.parametrize("how", ["in a group of its own", "on a console of its own"])
def test_child_of_the_other_bitness_hears_it(console: Console, how: str) -> None:
    command = [bed_program("native", OTHER_ARCH), "default"]
    for _ in range(repeats(60 // IN_A_CALL, 1)):
        assert console.parent.call(young.interrupted_at_once, how, command, IN_A_CALL) == []
    assert console.parent.take_heard() == []


@pytest.mark.repeats
@pytest.mark.wine
@pytest.mark.parametrize("how", ["in a group of its own", "in the caller's group"])
def test_python_hears_it_while_it_loads_its_dlls(console: Console, how: str) -> None:
    """Unlike a native program, it goes on loading after its start: there, Wine's own may hang."""
    command = [bed_program("python", ARCH), "-c", "import time; time.sleep(3600)"]
    for _ in range(repeats(300 // IN_A_CALL, 1)):
        assert console.parent.call(young.interrupted_at_once, how, command, IN_A_CALL) == []
    assert console.parent.take_heard() == []
