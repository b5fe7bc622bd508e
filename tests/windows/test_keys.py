r"""The user's own Ctrl+C: a genuine key, which is "\x03" in a pseudo console.

It reaches every process there that does not ignore Ctrl+C, whatever its group: a parent, and its
children beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.repeats import repeats
from tests.tools.bed import probes
from tests.waiting import wait_until

from . import harness, starting, stopping
from .harness import ARCH, CTRL_C, OTHER_ARCH, Console, Native, Python, bed_program

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    not probes.pseudo_console_ctrl_c(), reason="this console makes no event of a key"
)

CHILDREN = repeats(50, 6)


@pytest.fixture
def supervisor(console: Console) -> Python:
    """A Python on a terminal of its own, whose keys are pressed by `press`."""
    console.parent.call(stopping.open_terminal)
    pipes = harness._Pipes()
    command = [bed_program("python"), "-c", harness._MAIN, pipes.address, "hears"]
    environment = harness.python_environment()
    started = console.parent.call(stopping.start_on_terminal, command, environment)
    return Python(console, "supervisor", pipes, console.parent, started)


def press(supervisor: Python) -> None:
    supervisor.console.parent.call(stopping.press_ctrl_c)


def start(supervisor: Python, *, arch: str = ARCH, name: str = "child", **options: Any) -> Native:
    pipes = harness._Pipes()
    command = [bed_program("native", arch), "told", pipes.address]
    started = supervisor.call(starting.popen, command, {}, **options)
    return Native(supervisor.console, name, pipes, supervisor, started)


def children(supervisor: Python, count: int, **options: Any) -> Iterator[Native]:
    for number in range(count):
        yield start(supervisor, name=f"child {number}", **options)


@pytest.mark.repeats
def test_key_reaches_no_child_that_is_kept_from_it_and_interrupt_does(
    console: Console, supervisor: Python
) -> None:
    kept = list(children(supervisor, CHILDREN, keyboard=False))
    press(supervisor)
    console.assert_heard({supervisor: [CTRL_C]})
    for child in kept:
        supervisor.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C] for child in kept})
    press(supervisor)  # they ignore it again
    console.assert_heard({supervisor: [CTRL_C]})


def test_key_reaches_a_child_beside_its_parent(console: Console, supervisor: Python) -> None:
    """The control: that is what `keyboard=False` keeps from it."""
    child = start(supervisor)
    press(supervisor)
    console.assert_heard({supervisor: [CTRL_C], child: [CTRL_C]})


def test_parent_that_passes_the_key_on_makes_it_two(console: Console, supervisor: Python) -> None:
    """The control: what `stop` and the end of a `with` block do not do."""
    child = start(supervisor)
    press(supervisor)
    child.wait_until_heard(1)
    supervisor.call(starting.interrupt, child.started)
    console.assert_heard({supervisor: [CTRL_C], child: [CTRL_C, CTRL_C]})


@pytest.mark.bitness
def test_child_of_the_other_bitness_is_kept_from_it_too(
    console: Console, supervisor: Python
) -> None:
    child = start(supervisor, arch=OTHER_ARCH, keyboard=False)
    press(supervisor)
    console.assert_heard({supervisor: [CTRL_C]})
    supervisor.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


def test_descendant_of_a_child_is_kept_from_it_too(console: Console, supervisor: Python) -> None:
    child = start(supervisor, keyboard=False)
    grandchild = child.spawn(hears=False)
    press(supervisor)
    console.assert_heard({supervisor: [CTRL_C]})
    supervisor.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C], grandchild: [CTRL_C]})


def test_send_signal_is_as_interrupt(console: Console, supervisor: Python) -> None:
    child = start(supervisor, keyboard=False)
    supervisor.call(starting.send_signal, child.started, 2)
    console.assert_heard({child: [CTRL_C]})


def test_child_on_a_console_of_its_own_hears_no_key(console: Console, supervisor: Python) -> None:
    child = start(supervisor, console="own")
    press(supervisor)
    console.assert_heard({supervisor: [CTRL_C]})
    supervisor.call(starting.interrupt, child.started)
    console.assert_heard({child: [CTRL_C]})


@pytest.mark.parametrize("how", ["in the handler", "after it"])
@pytest.mark.parametrize("keyboard", [True, False])
def test_supervisor_stops_its_children_in_order_and_none_hears_two(
    console: Console, supervisor: Python, keyboard: bool, how: str
) -> None:
    supervisor.call(stopping.pass_events_on)
    three = list(children(supervisor, 3, keyboard=keyboard))
    pids = [child.started for child in three]
    pending = supervisor.begin(stopping.wait_then_stop, pids, how)
    wait_until(lambda: supervisor.now(stopping.is_waiting), "the wait")
    press(supervisor)
    supervisor.wait_until_heard(1)
    if keyboard:
        console.assert_heard({one: [CTRL_C] for one in [supervisor, *three]})
    for number, child in enumerate(three):
        if keyboard:
            console.assert_heard({})
        else:
            first = [supervisor] if number == 0 else []
            console.assert_heard({one: [CTRL_C] for one in [*first, child]})
        child.leave(10 + number)
    assert pending.result() == [10, 11, 12]


@pytest.mark.parametrize("keyboard", [True, False])
def test_key_does_not_break_off_what_a_child_does_to_stop(
    console: Console, supervisor: Python, keyboard: bool
) -> None:
    supervisor.call(stopping.pass_events_on)
    child = start(supervisor, keyboard=keyboard)
    pending = supervisor.begin(stopping.stop, child.started, None)
    child.wait_until_heard(1)
    wait_until(lambda: supervisor.now(stopping.ignores, child.pid), "the end of the sending")
    press(supervisor)
    with pytest.raises(harness.Interrupted):
        pending.result()
    console.assert_heard({supervisor: [CTRL_C], child: [CTRL_C]})
    pending = supervisor.begin(stopping.stop, child.started, None)
    child.leave(5)
    assert pending.result() == (5, False)


@pytest.mark.parametrize("options", [{}, {"keyboard": False}, {"console": "own"}])
def test_block_that_a_key_leaves_tells_each_child_once(
    console: Console, supervisor: Python, options: dict[str, Any]
) -> None:
    supervisor.call(stopping.pass_events_on)
    pipes = harness._Pipes()
    command = [bed_program("native"), "told", pipes.address]
    pending = supervisor.begin(stopping.leave_with_block, command, options, "the wait")
    child = Native(console, "child", pipes, supervisor, 0)
    wait_until(lambda: supervisor.now(stopping.is_waiting), "the block")
    press(supervisor)
    with pytest.raises(harness.Interrupted):
        pending.result()
    console.assert_heard({supervisor: [CTRL_C], child: [CTRL_C]})
