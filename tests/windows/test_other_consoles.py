"""Groups on other consoles, and whole other consoles, by the helper process."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT
from tests.repeats import repeats
from tests.tools.bed import probes
from tests.waiting import HANG_LIMIT, wait_until

from . import elsewhere, leaks
from .harness import (
    ARCH,
    CTRL_BREAK,
    CTRL_C,
    DETACHED,
    MAIN_THREAD_ENDED,
    NEW_CONSOLE,
    NEW_GROUP,
    Actor,
    Console,
    Process,
    Python,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(ctrlevent.__file__).parent

# How many Ctrl+C go to random groups on other consoles.
EVENTS = repeats(2000, 100)


class Groups:
    """Some consoles with two groups each: (leader, member) by the leader's pid."""

    def __init__(self, consoles: list[Console]) -> None:
        self.consoles = consoles
        self.groups: dict[int, list[Actor]] = {}
        for console in consoles:
            for _ in range(2):
                leader = console.parent.spawn(NEW_GROUP)
                self.groups[leader.pid] = [leader, leader.spawn()]

    def assert_exactly(self, expected: dict[int, int]) -> None:
        """Each group has heard so many Ctrl+C since the last time, and no other process any."""
        for console in self.consoles:
            console.assert_heard(
                {
                    one: [CTRL_C] * expected.get(pgid, 0)
                    for pgid, members in self.groups.items()
                    for one in members
                    if one.console is console
                }
            )


@pytest.fixture(scope="module")
def four() -> Iterator[Groups]:
    with contextlib.ExitStack() as stack:
        yield Groups([stack.enter_context(Console()) for _ in range(4)])


@pytest.fixture
def sender(shared_console: Console) -> Iterator[Python]:
    """A process on a console of its own, beside a bystander."""
    one = shared_console.parent.python()
    yield one
    if not one.ended:
        one.leave()


@pytest.fixture
def target(console: Console) -> Actor:
    """The leader of a group of two, on another console than the sender."""
    leader = console.parent.spawn(NEW_GROUP)
    leader.spawn()
    return leader


def heard_by(target: Actor, *events: int) -> dict[Actor, list[int]]:
    members = [one for one in target.console.actors if one is target or one.starter is target]
    return {one: list(events) for one in members}


def send_to_random_groups(sender: Python, four: Groups, times: int) -> None:
    seed = int.from_bytes(os.urandom(2), "little")
    print("seed:", seed)
    chance = random.Random(seed)
    sent: dict[int, int] = {}
    for number in range(1, times + 1):
        pgid = chance.choice(list(four.groups))
        sender.call(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        sent[pgid] = sent.get(pgid, 0) + 1
        for one in four.groups[pgid]:
            one.wait_until_heard(sent[pgid])
        if number % 25 == 0 or number == times:
            four.assert_exactly(sent)
            sent.clear()


@pytest.mark.bitness
@pytest.mark.repeats
def test_events_to_random_groups_on_four_consoles(
    shared_console: Console, sender: Python, four: Groups
) -> None:
    before = sender.call(elsewhere.console_state)
    assert before["python"] == "hears"
    send_to_random_groups(sender, four, EVENTS)
    assert sender.call(elsewhere.console_state) == before
    shared_console.assert_heard({})


@pytest.mark.bitness
@pytest.mark.repeats
def test_from_a_sender_on_no_console(shared_console: Console, four: Groups) -> None:
    sender = shared_console.parent.python(DETACHED)
    before = sender.call(elsewhere.console_state)
    assert "processes" not in before
    send_to_random_groups(sender, four, EVENTS // 10)
    assert sender.call(elsewhere.console_state) == before
    sender.leave()
    shared_console.assert_heard({})


def test_one_helper_for_all(sender: Python, four: Groups) -> None:
    helpers = set()
    for pgid in four.groups:
        sender.call(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        helpers.add(sender.call(elsewhere.helper_pid))
    assert len(helpers) == 1
    assert helpers != {0}
    four.assert_exactly(dict.fromkeys(four.groups, 1))


@pytest.mark.limits
@pytest.mark.repeats
def test_sends_leave_no_handles(sender: Python, target: Actor, console: Console) -> None:
    def send() -> None:
        sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        console.assert_heard(heard_by(target, CTRL_C))

    assert leaks.left(send, repeats(50, 10), counts=lambda: sender.call(leaks.handles)) == ""


@pytest.mark.bitness
def test_the_helper_ends_with_its_starter(sender: Python, target: Actor, console: Console) -> None:
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    helper = Process(console, sender.call(elsewhere.helper_pid), sender)
    assert helper.is_running()
    sender.leave()
    assert helper.exit_code() == 0
    helper.release()
    console.assert_heard(heard_by(target, CTRL_C))


# --- what can go wrong ----------------------------------------------------------------------------


def test_a_target_that_has_exited(sender: Python, target: Actor, console: Console) -> None:
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard(heard_by(target, CTRL_C))
    for one in reversed(heard_by(target)):
        one.leave()
    error, _ = sender.call(elsewhere.killpg, target.pid)
    assert error == "ProcessLookupError"


def test_a_target_that_exits_meanwhile(sender: Python, target: Actor) -> None:
    sending = sender.begin(elsewhere.send_until_gone, target.pid)
    wait_until(lambda: target.count_heard() > 3, "some events")
    for one in reversed(heard_by(target)):
        one.leave()
    error, text = sending.result()
    assert error == "ProcessLookupError", text


def test_a_console_that_closes_meanwhile(sender: Python, four: Groups) -> None:
    with Console() as closing:
        leader = closing.parent.spawn(NEW_GROUP)
        sending = sender.begin(elsewhere.send_until_gone, leader.pid)
        wait_until(lambda: leader.count_heard() > 3, "some events")
        leader.take_heard()
        closing.__exit__()  # terminates every process on it
    error, text = sending.result()
    assert error in ("ProcessLookupError", "NoConsole"), text
    pgid = next(iter(four.groups))
    sender.call(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    four.assert_exactly({pgid: 1})


@pytest.mark.repeats
def test_a_helper_that_is_ended_in_mid_send(
    shared_console: Console, sender: Python, target: Actor, console: Console
) -> None:
    times = repeats(20, 4)
    for number in range(times):
        sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
        console.assert_heard(heard_by(target, CTRL_C))
        after = 0.01 * number / times
        error, text = sender.call(elsewhere.send_while_the_helper_is_ended, target.pid, after)
        if not error:
            console.assert_heard(heard_by(target, CTRL_C))
            continue
        assert (error, "ended while it was sending" in text) == ("OSError", True), text
        # The event may have reached the group.
        for _ in range(2):
            for one in console.actors:
                one.settle()
        for one in heard_by(target):
            assert one.take_heard() in ([], [CTRL_C])
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard(heard_by(target, CTRL_C))
    shared_console.assert_heard({})


@pytest.mark.limits
def test_a_helper_that_does_not_answer(sender: Python, target: Actor, console: Console) -> None:
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard(heard_by(target, CTRL_C))
    error, text, took, runs = sender.call(
        elsewhere.send_with_a_helper_that_stands_still, target.pid, 1.0
    )
    assert (error, runs) == ("TimeoutError", False), text
    assert took >= 1.0
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard(heard_by(target, CTRL_C))


def test_a_group_on_two_other_consoles(
    shared_console: Console, sender: Python, target: Actor, console: Console
) -> None:
    """A child on a new console stays in the group. The first console has other groups too."""
    far = target.spawn(NEW_CONSOLE)
    sender.call(ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT)
    console.assert_heard(heard_by(target, CTRL_C))
    assert far in heard_by(target)
    shared_console.assert_heard({})


@pytest.mark.bitness
def test_the_helpers_way_onto_a_console_and_off(shared_console: Console, target: Actor) -> None:
    visitor = shared_console.parent.python(DETACHED)
    there, afterwards = visitor.call(elsewhere.visit, target.pid)
    assert {visitor.pid, target.pid} <= set(there)
    assert shared_console.parent.pid not in there
    assert afterwards == []
    visitor.leave()


@pytest.mark.bitness
@pytest.mark.skipif(
    ARCH == "x86" and probes.system_is_wines(),
    reason="Wine 10 may end a 32-bit process in which a thread is ended before it has run",
)
def test_a_thread_that_is_taken_back_delivers_nothing(console: Console) -> None:
    assert console.parent.call(elsewhere.take_back_a_thread, CTRL_C) == (77, [])


# --- from where it can be sent --------------------------------------------------------------------

SEND = """
import sys; {}
it.killpg(int(sys.argv[1]), it.CTRL_C_EVENT, timeout=None); print(it.__file__)
"""


def test_from_a_zip(sender: Python, target: Actor, console: Console, tmp_path: Path) -> None:
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for source in PACKAGE.rglob("*.py"):
            file.write(source, source.relative_to(PACKAGE.parent).as_posix())
    code = SEND.format("import ctrlevent as it")
    end = sender.call(elsewhere.send_from_program, code, str(archive), str(target.pid))
    assert end[0] == 0, end
    assert "library.zip" in end[1]
    console.assert_heard(heard_by(target, CTRL_C))


def test_vendored_under_another_name(
    sender: Python, target: Actor, console: Console, tmp_path: Path
) -> None:
    """The helper does not import the package that it lies in."""
    host = tmp_path / "host"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, host / "_vendored_one", ignore=ignored)
    (host / "__init__.py").write_text(
        "import os\nopen(os.path.join(os.path.dirname(__file__), 'imported'), 'a').write('x')\n"
    )
    code = SEND.format("from host import _vendored_one as it")
    end = sender.call(elsewhere.send_from_program, code, str(tmp_path), str(target.pid))
    assert end[0] == 0, end
    assert (host / "imported").read_text() == "x"
    console.assert_heard(heard_by(target, CTRL_C))


@pytest.mark.bitness
def test_from_a_frozen_program_by_threads(sender: Python, target: Actor, console: Console) -> None:
    helper = sender.call(
        elsewhere.while_frozen, ctrlevent.killpg, target.pid, CTRL_C_EVENT, timeout=HANG_LIMIT
    )
    assert helper == 0
    console.assert_heard(heard_by(target, CTRL_C))


# --- broadcast ------------------------------------------------------------------------------------


def everybody(console: Console) -> list[Actor]:
    return [one for one in console.actors if not one.ended]


@pytest.mark.bitness
def test_broadcast_to_another_console(
    shared_console: Console, sender: Python, target: Actor, console: Console
) -> None:
    """Any process there names the console."""
    for named in (target, console.parent):
        sender.call(elsewhere.broadcast, CTRL_C_EVENT, named.pid)
        console.assert_heard({one: [CTRL_C] for one in everybody(console)})
    assert sender.call(elsewhere.helper_pid)
    shared_console.assert_heard({})


def test_broadcast_from_no_console(
    shared_console: Console, target: Actor, console: Console
) -> None:
    sender = shared_console.parent.python(DETACHED)
    sender.call(elsewhere.broadcast, CTRL_C_EVENT, target.pid)
    console.assert_heard({one: [CTRL_C] for one in everybody(console)})
    sender.leave()


@pytest.mark.wine
def test_broadcast_of_break_to_another_console(
    sender: Python, target: Actor, console: Console
) -> None:
    """The helper survives it. On Wine 10, Ctrl+Break ends the others without asking handlers."""
    sender.call(elsewhere.broadcast, CTRL_BREAK_EVENT, target.pid)
    if probes.handlers_run_on_group_break():
        console.assert_heard({one: [CTRL_BREAK] for one in everybody(console)})
    else:
        for one in everybody(console):
            assert one.exit_code() == MAIN_THREAD_ENDED
    helper = sender.call(elsewhere.helper_pid)
    with Console() as another:
        sender.call(elsewhere.broadcast, CTRL_C_EVENT, another.parent.pid)
        another.assert_heard({another.parent: [CTRL_C]})
    assert sender.call(elsewhere.helper_pid) == helper != 0


@pytest.mark.parametrize("console_of", ["0", "own pid"])
def test_broadcast_to_the_own_console(target: Actor, console: Console, console_of: str) -> None:
    member = target.python()
    pid = member.pid if console_of == "own pid" else 0
    member.call(ctrlevent.broadcast, CTRL_C_EVENT, console_of=pid)
    console.assert_heard({one: [CTRL_C] for one in everybody(console)})


def test_broadcast_to_those_who_all_ignore(sender: Python, target: Actor, console: Console) -> None:
    for one in everybody(console):
        one.ignore_ctrl_c(True)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        sender.call(elsewhere.broadcast, CTRL_C_EVENT, target.pid)
    console.assert_untouched()


def test_broadcast_to_the_console_of_a_process_without_one(
    shared_console: Console, sender: Python
) -> None:
    detached = shared_console.parent.spawn(DETACHED)
    with pytest.raises(ctrlevent.NoConsole):
        sender.call(elsewhere.broadcast, CTRL_C_EVENT, detached.pid)
    detached.leave()
    shared_console.assert_heard({})


def test_broadcast_to_the_console_of_a_process_that_has_ended(
    sender: Python, target: Actor, console: Console
) -> None:
    child = target.spawn()
    child.leave()
    with pytest.raises(ProcessLookupError):
        sender.call(elsewhere.broadcast, CTRL_C_EVENT, child.pid)
    console.assert_untouched()


def test_broadcast_from_a_frozen_program_is_refused(
    sender: Python, target: Actor, console: Console
) -> None:
    with pytest.raises(OSError, match="frozen") as refusal:
        sender.call(
            elsewhere.while_frozen, ctrlevent.broadcast, CTRL_C_EVENT, console_of=target.pid
        )
    assert refusal.value.errno == errno.ENOSYS
    console.assert_untouched()


@pytest.mark.parametrize(
    ("console_of", "error"), [("1", TypeError), (True, TypeError), (-1, ValueError)]
)
def test_broadcast_checks_its_arguments(console_of: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        ctrlevent.broadcast(CTRL_C_EVENT, console_of=console_of)  # type: ignore[arg-type]
