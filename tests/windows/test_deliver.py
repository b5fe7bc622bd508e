"""deliver: what became of the event, in programs that are not Python too."""

from __future__ import annotations

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, Delivery
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT, wait_until

from . import scenarios
from .harness import (
    CONTROL_C_EXIT,
    CTRL_C,
    DETACHED,
    NEW_GROUP,
    OTHER_ARCH,
    OWN_CONSOLE,
    SUSPENDED,
    Console,
    bed_program,
)

EVENTS = pytest.mark.parametrize("event", [CTRL_C_EVENT, CTRL_BREAK_EVENT])
STDIN_ENDED = 7  # native.c

# A handler that runs until the program exits, which it does at the end of its input.
SLOW = ("slow", "3600", "3600")


@pytest.mark.bitness
@EVENTS
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(0, id="in the sender's group"),
        pytest.param(OWN_CONSOLE, id="on a console of its own"),
        pytest.param(DETACHED, id="without a console"),
    ],
)
def test_handled(console: Console, event: ctrlevent.CtrlEvent, flags: int) -> None:
    target = console.parent.native("trap", flags=flags)
    delivered = console.parent.call(ctrlevent.deliver, target.pid, event, timeout=HANG_LIMIT)
    assert delivered is Delivery.HANDLED
    wait_until(target.said, "its handler's line")
    console.assert_untouched()
    assert target.said() == [f"event {int(event)}"]
    target.close_input()
    assert target.exit_code() == STDIN_ENDED


@pytest.mark.bitness
@EVENTS
@pytest.mark.parametrize(("mode", "says"), [("default", 0), ("pass", 1)])
def test_ended(console: Console, event: ctrlevent.CtrlEvent, mode: str, says: int) -> None:
    """As by a key press, with the same exit code: by this route Wine 10 has it right."""
    target = console.parent.native(mode)
    console.parent.native(mode)
    delivered = console.parent.call(ctrlevent.deliver, target.pid, event, timeout=HANG_LIMIT)
    assert delivered is Delivery.ENDED
    assert target.exit_code() == CONTROL_C_EXIT
    assert target.said() == [f"event {int(event)}"] * says
    console.assert_untouched()


def test_sent_to_one_alone_in_its_group(console: Console) -> None:
    target = console.parent.native("hear", flags=NEW_GROUP)
    delivered = console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert delivered is Delivery.SENT
    wait_until(target.said, "its handler's line")
    assert target.said() == ["event 0"]
    console.assert_untouched()


def test_a_python_without_a_handler_of_its_own(console: Console) -> None:
    """It raises KeyboardInterrupt: the C runtime has a handler."""
    code = """if True:
        try:
            print("up", flush=True)
            while True:
                pass
        except KeyboardInterrupt:
            print("KI")
    """
    command = [bed_program("python"), "-S", "-c", code]
    outcome = console.parent.call(scenarios.deliver_once_up, command)
    assert outcome == ("HANDLED", 0, "KI")
    console.assert_untouched()


def test_ignored(console: Console) -> None:
    target = console.parent.native("ignore")
    with pytest.raises(ctrlevent.CtrlCIgnored):
        console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT)
    assert not target.said()
    console.assert_untouched()


@pytest.mark.limits
@pytest.mark.parametrize("verb", [ctrlevent.deliver, ctrlevent.kill])
def test_timeout_while_its_handler_runs(console: Console, verb: object) -> None:
    """Delivered all the same: the handler has begun."""
    target = console.parent.native(*SLOW)
    with pytest.raises(TimeoutError):
        console.parent.call(verb, target.pid, CTRL_C_EVENT, timeout=1.5)  # type: ignore[arg-type]
    wait_until(target.said, "its handler's line")
    assert target.said() == ["event 0"]
    console.assert_untouched()


def test_it_ends_while_its_handler_runs(console: Console) -> None:
    target = console.parent.native(*SLOW)
    assert target.starter
    pending = target.starter.begin(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    wait_until(target.said, "its handler's line")
    target.starter.now(scenarios.close_input, target.pid)
    assert pending.result() is Delivery.DIED
    assert target.exit_code() == STDIN_ENDED
    console.assert_untouched()


def test_a_ctrl_c_breaks_off_the_wait_for_its_handler(console: Console) -> None:
    sender = console.parent.python(NEW_GROUP)
    target = console.parent.native(*SLOW)
    pending = sender.begin(scenarios.deliver_until_interrupted, target.pid)
    wait_until(target.said, "its handler's line")
    sender.now(ctrlevent.kill, sender.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert pending.result() == "KeyboardInterrupt"
    console.assert_heard({sender: [CTRL_C]})


def test_a_ctrl_c_that_is_handled_does_not(console: Console) -> None:
    """The wait goes on until the target has exited."""
    sender = console.parent.python(NEW_GROUP)
    target = console.parent.native(*SLOW)
    pending = sender.begin(scenarios.deliver_and_handle, target.pid)
    wait_until(target.said, "its handler's line")
    sender.now(ctrlevent.kill, sender.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    wait_until(lambda: sender.now(scenarios.handled), "the handler of the sender")
    target.close_input()
    assert pending.result() == (Delivery.DIED, 1)
    assert target.exit_code() == STDIN_ENDED
    console.assert_heard({sender: [CTRL_C]})


WHERE = pytest.mark.parametrize(
    "flags", [0, OWN_CONSOLE, DETACHED], ids=["here", "own console", "detached"]
)


@pytest.mark.repeats
@WHERE
@pytest.mark.parametrize("mode", ["default", "trap"])
def test_one_that_is_just_starting(console: Console, mode: str, flags: int) -> None:
    """It gets the event, before or after its handler is there; nothing else happens to it."""
    console.parent.spawn()
    command = [bed_program("native"), mode]
    times = repeats(50, 20)
    outcomes = set(console.parent.call(scenarios.deliver_to_new, command, flags, times, 10))
    possible = {("ENDED", CONTROL_C_EXIT)}
    if mode == "trap":
        possible.add(("HANDLED", STDIN_ENDED))
    assert outcomes <= possible
    console.assert_untouched()


@pytest.mark.repeats
@WHERE
def test_a_python_that_is_just_starting(console: Console, flags: int) -> None:
    command = [bed_program("python"), "-S", "-c", "input()"]
    times = repeats(6, 2)
    outcomes = set(console.parent.call(scenarios.deliver_to_new, command, flags, times, 2))
    # CPython exits with 1 if KeyboardInterrupt meets it in its own start, or at the end of input.
    possible = {("ENDED", CONTROL_C_EXIT), ("HANDLED", CONTROL_C_EXIT), ("HANDLED", 1)}
    assert outcomes <= possible
    console.assert_untouched()


@pytest.mark.limits
@pytest.mark.bitness
def test_one_that_is_suspended_lives_on(console: Console) -> None:
    target = console.parent.native("trap", flags=SUSPENDED, ready=False)
    with pytest.raises(ctrlevent.WouldReachOthers) as refusal:
        console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=0.3)
    assert [other.pid for other in refusal.value.others] == [console.parent.pid]
    target.resume()
    target.wait_until_ready()
    delivered = console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert delivered is Delivery.HANDLED
    console.assert_untouched()


@pytest.mark.bitness
@pytest.mark.parametrize("flags", [0, OWN_CONSOLE], ids=["same console", "own console"])
def test_one_of_the_other_architecture_is_refused(console: Console, flags: int) -> None:
    parent = console.parent
    leader = parent.python(NEW_GROUP)
    other = leader.spawn()
    target = leader.native("trap", flags=flags, arch=OTHER_ARCH)
    with pytest.raises(ctrlevent.WouldReachOthers, match="bit") as refusal:
        parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert {one.pid for one in refusal.value.others} == {leader.pid, other.pid}
    assert not target.said()
    console.assert_untouched()


@pytest.mark.bitness
def test_one_of_the_other_architecture_without_a_console(console: Console) -> None:
    """No event would reach another process, but none can reach this process either."""
    target = console.parent.native("hear", flags=DETACHED | NEW_GROUP, arch=OTHER_ARCH)
    with pytest.raises(PermissionError, match="bit"):
        console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert not target.said()
    console.assert_untouched()


@pytest.mark.bitness
@pytest.mark.parametrize("flags", [NEW_GROUP, OWN_CONSOLE | NEW_GROUP], ids=["here", "elsewhere"])
def test_one_of_the_other_architecture_alone_in_its_group_is_reached(
    console: Console, flags: int
) -> None:
    target = console.parent.native("hear", flags=flags, arch=OTHER_ARCH)
    delivered = console.parent.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert delivered is Delivery.SENT
    wait_until(target.said, "its handler's line")
    assert target.said() == ["event 0"]


def test_without_inject_others_are_named_and_nothing_is_sent(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP, behind_launcher=True)
    child = leader.spawn()
    parent.spawn(name="bystander")
    with pytest.raises(ctrlevent.WouldReachOthers) as refusal:
        parent.call(ctrlevent.kill, child.pid, CTRL_C_EVENT, inject=False)
    assert {one.pid for one in refusal.value.others} == {leader.pid, leader.started}
    assert all(one.pgid == leader.started for one in refusal.value.others)
    console.assert_untouched()


@pytest.mark.parametrize("flags", [NEW_GROUP, OWN_CONSOLE | NEW_GROUP], ids=["here", "elsewhere"])
def test_without_inject_one_alone_in_its_group_is_reached(console: Console, flags: int) -> None:
    target = console.parent.spawn(flags)
    parent = console.parent
    parent.call(ctrlevent.kill, target.pid, CTRL_C_EVENT, inject=False, timeout=HANG_LIMIT)
    console.assert_heard({target: [CTRL_C]})


@pytest.mark.limits
def test_without_inject_one_without_a_console_is_refused(console: Console) -> None:
    target = console.parent.spawn(DETACHED | NEW_GROUP)
    with pytest.raises(ctrlevent.NoConsole):
        console.parent.call(ctrlevent.kill, target.pid, CTRL_C_EVENT, inject=False, timeout=0.3)
    console.assert_untouched()


def test_without_inject_oneself_is_reached(console: Console) -> None:
    member = console.parent.python()
    member.call(ctrlevent.kill, member.pid, CTRL_C_EVENT, inject=False, timeout=HANG_LIMIT)
    console.assert_heard({member: [CTRL_C]})


def test_a_sender_without_a_console(console: Console) -> None:
    sender = console.parent.python(DETACHED)
    target = console.parent.native("trap")
    delivered = sender.call(ctrlevent.deliver, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert delivered is Delivery.HANDLED
    wait_until(target.said, "its handler's line")
    assert target.said() == ["event 0"]
    console.assert_untouched()
