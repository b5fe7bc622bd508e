"""What the console itself does with real processes, by bare calls: what docs/windows.md says of it.

Of each fact there is also a row of tests/conhost/test_cases.py, with played processes.
"""

from __future__ import annotations

import os

import pytest

from tests.tools.bed import probes

from . import console_calls, listening, terminals
from .harness import (
    ARCH,
    CONTROL_C_EXIT,
    CTRL_BREAK,
    CTRL_C,
    DETACHED,
    NEW_CONSOLE,
    NEW_GROUP,
    OTHER_ARCH,
    OWN_CONSOLE,
    Console,
    Process,
    bed_program,
)

DLL_INIT_FAILED = 0xC000_0142
NO_CONSOLE, ALREADY_ATTACHED, NO_SUCH_PROCESS = 6, 5, 87

pytestmark = pytest.mark.bitness  # each process of either bitness is on the console by itself


@pytest.mark.wine
def test_the_console_is_the_one_that_was_asked_for() -> None:
    asked = os.environ.get("CTRLEVENT_CONSOLE", "conhost")  # on Windows there is no other
    assert probes.parks_events_for_non_leader() == (asked == "conhost")


@pytest.fixture(autouse=True)
def _is_microsofts(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("wine"):
        return
    if not probes.parks_events_for_non_leader():
        pytest.skip("this console is not Microsoft's: it parks no events")


# --- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Ctrl+Break"])
def test_an_event_that_is_parked_reaches_every_process_at_the_next_call(
    console: Console, event: int
) -> None:
    parent = console.parent
    leader, member = parent.spawn(NEW_GROUP), parent.spawn()
    other = parent.spawn(NEW_GROUP, arch=OTHER_ARCH)
    assert parent.call(console_calls.generate, event, member.pid) == 0
    everybody = [parent, leader, member, other]
    # These questions go through pipes. No process makes a console call.
    assert [one.count_heard() for one in everybody] == [0, 0, 0, 0]
    leader.settle()
    console.assert_heard({one: [event] for one in everybody})


def test_a_call_that_fails_lets_a_parked_event_go_too(console: Console) -> None:
    parent = console.parent
    member = parent.spawn()
    assert parent.call(console_calls.generate, CTRL_C, member.pid) == 0
    assert parent.call(console_calls.generate, CTRL_C, 0x7FFF_FFF0) != 0
    for one in (parent, member):
        one.wait_until_heard(1)
    console.assert_heard({parent: [CTRL_C], member: [CTRL_C]})


def test_a_start_of_a_process_lets_a_parked_event_go_too(console: Console) -> None:
    parent = console.parent
    member = parent.spawn()
    assert parent.call(console_calls.generate, CTRL_C, member.pid) == 0
    child = parent.spawn(name="child that attaches")
    member.wait_until_heard(1)
    heard = child.count_heard()  # it was on the console when the event was sent, or it was not yet
    console.assert_heard({parent: [CTRL_C], member: [CTRL_C], child: [CTRL_C] * heard})


def test_two_parked_events_of_unlike_kinds_are_dropped(console: Console) -> None:
    parent = console.parent
    member = parent.spawn()
    console.assert_untouched()
    # Both by the same process: its second call is the message that would let the first go.
    parent.call(console_calls.generate, CTRL_C, member.pid)
    parent.call(console_calls.generate, CTRL_BREAK, member.pid)
    console.assert_heard({})


@pytest.mark.parametrize(
    ("parked", "arrives"),
    [
        ([], [CTRL_BREAK, CTRL_C]),
        ([CTRL_C], [CTRL_C]),
        ([CTRL_BREAK], [CTRL_BREAK, CTRL_C]),
        ([CTRL_C, CTRL_BREAK], [CTRL_C]),
    ],
    ids=["nothing", "Ctrl+C", "Ctrl+Break", "both"],
)
def test_a_guard_clears_what_is_parked_by_events_to_its_own_group(
    console: Console, parked: list[int], arrives: list[int]
) -> None:
    """What arrives at the guard is as in tests/conhost/test_guard.py."""
    parent = console.parent
    guard, member = parent.python(NEW_GROUP, name="guard"), parent.spawn()
    console.assert_untouched()
    for event in parked:
        assert parent.call(console_calls.generate, event, member.pid) == 0
    for event in (CTRL_BREAK, CTRL_C):
        assert guard.call(console_calls.generate, event, guard.pid) == 0
        guard.wait_until_heard(arrives.index(event) + 1 if event in arrives else 0)
    console.assert_heard({guard: arrives})


def test_a_child_that_was_sent_an_event_before_it_was_attached_is_refused(
    console: Console,
) -> None:
    """It has become a phantom, so its own connection fails: it ends before it has begun."""
    parent = console.parent
    pid = parent.call(console_calls.start_suspended, bed_program("native"))
    assert parent.call(console_calls.generate, CTRL_C, pid) == 0
    assert pid in parent.call(console_calls.processes)
    parent.call(console_calls.resume, pid)
    assert parent.call(console_calls.exit_code, pid) == DLL_INIT_FAILED
    assert pid in parent.call(console_calls.processes)  # for as long as the console lives
    console.assert_untouched()


@pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])
@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Ctrl+Break"])
def test_an_event_that_no_handler_takes_ends_the_process(
    console: Console, event: int, arch: str
) -> None:
    console.parent.spawn(NEW_GROUP, name="bystander")
    leader = console.parent.python(
        NEW_GROUP
    )  # as such it ignores Ctrl+C no more, nor does its child
    program = leader.native("default", arch=arch)
    console.parent.call(console_calls.generate, event, leader.pid)
    assert program.exit_code() == CONTROL_C_EXIT
    console.assert_heard({leader: [event]})


@pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])
def test_a_launcher_lives_on_when_its_handler_has_taken_the_event(
    console: Console, arch: str
) -> None:
    """A 32-bit handler that is declared without WINAPI leaves its argument on the stack."""
    program = console.parent.python(NEW_GROUP, behind_launcher=True, arch=arch)
    assert program.started != program.pid
    launcher = Process(console, program.started, console.parent)
    console.parent.call(console_calls.generate, CTRL_BREAK, program.started)
    console.assert_heard({program: [CTRL_BREAK]})
    assert launcher.is_running()
    launcher.release()


@pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])
def test_the_ignore_bit_holds_back_ctrl_c_alone(console: Console, arch: str) -> None:
    child = console.parent.spawn(NEW_GROUP, hears=False, arch=arch)
    console.parent.call(console_calls.generate, CTRL_C, child.pid)
    console.parent.call(console_calls.generate, CTRL_BREAK, child.pid)
    console.assert_heard({child: [CTRL_BREAK]})


def test_a_process_that_never_answers_a_close_is_ended(shared_console: Console) -> None:
    """After 5 s, with the exit code of an event that no handler has taken."""
    actor = shared_console.parent.python()
    exit_code = actor.call(terminals.closed_by_the_console_alone, listening.NEVER_CLOSES)
    assert exit_code == CONTROL_C_EXIT
    actor.leave()


# --- which console a process is on ----------------------------------------------------------------


@pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])
@pytest.mark.parametrize(
    ("flags", "is_on"),
    [
        pytest.param(0, "its parent's", id="0"),
        pytest.param(NEW_GROUP, "its parent's", id="NEW_PROCESS_GROUP"),
        pytest.param(NEW_CONSOLE, "its own", id="NEW_CONSOLE"),
        pytest.param(OWN_CONSOLE, "its own", id="NO_WINDOW"),
        pytest.param(DETACHED, "none", id="DETACHED"),
    ],
)
def test_creation_flags_say_which_console(
    console: Console, flags: int, is_on: str, arch: str
) -> None:
    parent = console.parent
    child = parent.python(flags, arch=arch)
    expected = {
        "its parent's": [child.pid, parent.pid],  # the newest first
        "its own": [child.pid],
        "none": [],
    }
    assert child.call(console_calls.processes) == expected[is_on]


def test_a_child_of_a_process_without_a_console_gets_one_of_its_own(console: Console) -> None:
    child = console.parent.python(DETACHED)
    grandchild = child.python()
    assert grandchild.call(console_calls.processes) == [grandchild.pid]


def test_attach_console(console: Console) -> None:
    parent = console.parent
    away = parent.python(OWN_CONSOLE)
    assert away.call(console_calls.attach, parent.pid)[0] == ALREADY_ATTACHED
    assert away.call(console_calls.leave) == []
    assert away.call(console_calls.attach, parent.pid) == (0, [away.pid, parent.pid])
    assert away.call(console_calls.leave_and_attach, console_calls.ATTACH_PARENT_PROCESS) == (
        0,
        [away.pid, parent.pid],
    )
    without = parent.python(DETACHED)
    assert away.call(console_calls.leave_and_attach, without.pid) == (NO_CONSOLE, [])
    assert away.call(console_calls.attach, 0x7FFF_FFF0) == (NO_SUCH_PROCESS, [])


def test_after_attaching_no_handler_of_before_is_left(console: Console) -> None:
    """Not even that of the C runtime, so the event ends the process."""
    visitor = console.parent.python(OWN_CONSOLE | NEW_GROUP)
    visitor.call(console_calls.leave_and_attach, console.parent.pid)
    visitor.settle()
    console.parent.call(console_calls.generate, CTRL_BREAK, visitor.pid)
    assert visitor.exit_code() == CONTROL_C_EXIT
    console.assert_untouched()


def test_alloc_console(console: Console) -> None:
    child = console.parent.python(DETACHED)
    assert child.call(console_calls.allocate) == (0, [child.pid])
    assert child.call(console_calls.allocate) == (ALREADY_ATTACHED, [child.pid])
    assert child.call(console_calls.leave) == []


# --- what it shows, and is told -------------------------------------------------------------------


def test_title_modes_and_code_page_are_the_consoles(console: Console) -> None:
    """A process of the other bitness reads what is set here; another console has its own."""
    parent = console.parent
    neighbour, away = parent.python(arch=OTHER_ARCH), parent.python(OWN_CONSOLE)
    before = [away.call(console_calls.title), away.call(console_calls.code_pages)]
    mode = parent.call(console_calls.input_mode)
    parent.call(console_calls.set_title, "a title \u20ac")
    parent.call(console_calls.set_input_mode, mode & ~console_calls.ENABLE_ECHO_INPUT)
    parent.call(console_calls.set_output_code_page, console_calls.UTF_8)
    assert neighbour.call(console_calls.title) == "a title \u20ac"
    assert neighbour.call(console_calls.input_mode) == mode & ~console_calls.ENABLE_ECHO_INPUT
    assert neighbour.call(console_calls.code_pages)[1] == console_calls.UTF_8
    assert [away.call(console_calls.title), away.call(console_calls.code_pages)] == before
    assert away.call(console_calls.input_mode) == mode


@pytest.mark.parametrize("way", ["WriteConsoleW", "WriteFile", "open"])
def test_what_is_written_is_shown(console: Console, way: str) -> None:
    reader = console.parent.python(arch=OTHER_ARCH)
    console.parent.call(console_calls.show, way, "hello\r\nworld")
    assert reader.call(console_calls.screen, 2) == ["hello", "world"]


@pytest.mark.parametrize("way", ["ReadConsoleW", "ReadFile"])
def test_what_is_typed_is_read_and_can_be_waited_for(console: Console, way: str) -> None:
    reader = console.parent.python(arch=OTHER_ARCH)
    waits = console.parent.begin(console_calls.wait_for_input)
    reader.call(console_calls.put_keys, "typed\r")
    assert waits.result() == 0
    reads = console.parent.begin(console_calls.read_line, way)
    assert reads.result() == "typed\r\n"


def test_a_read_that_waits_does_not_keep_other_calls_waiting(console: Console) -> None:
    other = console.parent.python()
    reads = console.parent.begin(console_calls.read_line, "ReadConsoleW")
    assert other.pid in console.parent.now(console_calls.processes)
    other.call(console_calls.put_keys, "late\r")
    assert reads.result() == "late\r\n"


def test_file_types(console: Console) -> None:
    character, pipe = 2, 3
    assert console.parent.call(console_calls.file_types) == [character, pipe]


@pytest.mark.parametrize("flags", [NEW_CONSOLE, OWN_CONSOLE], ids=["NEW_CONSOLE", "NO_WINDOW"])
def test_streams_of_a_child_with_a_console_of_its_own(console: Console, flags: int) -> None:
    answer = console.parent.call(console_calls.standard_streams_of_child, flags)
    assert answer == "True True True"


def test_a_console_lives_as_long_as_a_process_on_it(console: Console) -> None:
    """A process that others have attached to may leave: what is on the console stays."""
    first = console.parent.python(OWN_CONSOLE | NEW_GROUP)
    second = first.python()
    assert first.call(console_calls.leave) == []
    assert second.call(console_calls.processes) == [second.pid]
    assert first.call(console_calls.attach, second.pid) == (0, [first.pid, second.pid])
