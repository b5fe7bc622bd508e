"""What runs in the process of a guard, on a fake Windows: what is pending reaches no process."""

from __future__ import annotations

import io
import itertools
import marshal
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest

from ctrlevent._unpatched import system_calls
from ctrlevent._win32 import constants as c
from ctrlevent._win32.foreign import windows_error
from ctrlevent._windows import guard_process
from ctrlevent._windows.guard_process import Clearing, console_host, drops_unlike_kinds
from tests.fakes import guard as fake_guard
from tests.fakes.console import Console, Told
from tests.fakes.profiles import CONHOST_1_20, NEWEST, OF_2019, WINDOWS_BUILDS, WINE, WORST, Profile
from tests.fakes.windows import (
    CTRL_BREAK,
    CTRL_C,
    CTRL_ROUTINE,
    REGISTERED,
    FakeWindows,
    install,
)

if TYPE_CHECKING:
    from tests.fakes.windows import Process


class World:
    """A caller with a member of its group, a leader of another, and a guard on their console."""

    def __init__(self, patch: pytest.MonkeyPatch, profile: Profile, **settings: Any) -> None:
        self.windows = install(patch, FakeWindows(profile=profile, **settings))
        self.member = self.windows.create(self.windows.caller)
        self.leader = self.windows.create(self.windows.caller, c.CREATE_NEW_PROCESS_GROUP)
        self.leader.ignores = False
        fake_guard.install(self.windows)
        self.windows.start_python("_windows.guard_process import main", {}, on_console=True)
        (self.guard,) = self.windows.guards

    def wrong_call(self, event: int) -> None:
        """The member leads no group."""
        with self.windows.somebody_else(self.leader):
            self.windows.console.generate(event, self.member.pid)

    def clear(self) -> bool | None:
        """In the process of the guard."""
        with self.windows.somebody_else(self.guard.process):
            return self.guard.clearing.clear()

    def says(self, *events: int) -> bool | None:
        """What it says when these were pending. Later, another console call lets nothing go."""
        for event in events:
            self.wrong_call(event)
        said = self.clear()
        assert self.windows.console.parked == {}
        self.windows.console.call(self.member)
        assert {pid for pid, _ in self.windows.received} <= {self.guard.pid}
        assert self.guard.is_alive()
        assert not self.windows.handles
        return said

    def got(self) -> list[int]:
        """The events that the guard got."""
        return [event for pid, event in self.windows.received if pid == self.guard.pid]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch, NEWEST)


C, B = CTRL_C, CTRL_BREAK
# What is pending, in the order in which it was sent.
PENDING = [(), (C,), (B,), *itertools.product((C, B), repeat=2)]
PROFILES = pytest.mark.parametrize("profile", WINDOWS_BUILDS, ids=lambda profile: profile.name)
OLDER = pytest.mark.parametrize("profile", [OF_2019, WORST], ids=lambda profile: profile.name)
NEWER = pytest.mark.parametrize("profile", [NEWEST, CONHOST_1_20], ids=lambda profile: profile.name)


def name_of(events: tuple[int, ...]) -> str:
    return "".join("CB"[event] for event in events) or "nothing"


pending = pytest.mark.parametrize("events", PENDING, ids=name_of)


# --- what is pending ------------------------------------------------------------------------------


@NEWER
@pending
def test_it_says_whether_a_ctrl_c_was_pending_and_no_process_gets_it(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, events: tuple[int, ...]
) -> None:
    assert World(monkeypatch, profile).says(*events) is (C in events)


@OLDER
@pending
def test_on_an_older_console_it_cannot_tell_and_no_process_gets_it(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, events: tuple[int, ...]
) -> None:
    assert World(monkeypatch, profile).says(*events) is None


@PROFILES
@pytest.mark.parametrize("event", [C, B])
def test_control_without_it_every_process_gets_what_is_pending(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, event: int
) -> None:
    world = World(monkeypatch, profile)
    world.wrong_call(event)
    world.windows.console.call(world.member)
    everybody = {world.windows.caller, world.member, world.leader, world.guard.process}
    assert {pid for pid, _ in world.windows.received} == {process.pid for process in everybody}


def test_ctrl_c_is_sent_only_if_the_break_does_not_come(world: World) -> None:
    world.says()
    assert world.got() == [B]


def test_ctrl_c_says_that_the_break_will_not_come(world: World) -> None:
    """Twice, for the case that Windows starts its threads elsewhere than at CtrlRoutine."""
    world.says(C)
    assert world.got() == [C, C]


def test_break_whose_thread_is_not_seen_has_the_time_of_two_more_events(world: World) -> None:
    waiting: list[Callable[[], object]] = []

    def late(event: int, handlers: Callable[[], object]) -> None:
        if event == B:
            waiting.append(handlers)  # it comes with the second Ctrl+C
        elif waiting and world.got().count(C):
            waiting.pop()()
            handlers()
        else:
            handlers()

    handlers_run_late(world, late)
    assert world.says() is False


@OLDER
def test_on_an_older_console_the_ctrl_c_is_first(
    monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    """Of like kinds with the Ctrl+C that is pending as a rule."""
    world = World(monkeypatch, profile)
    world.says(C)
    assert world.got() == [C, B]


@pytest.mark.parametrize("profile", [NEWEST, OF_2019], ids=lambda profile: profile.name)
def test_found_counts_the_clearings_with_a_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    world = World(monkeypatch, profile)
    for events in PENDING:
        for event in events:
            world.wrong_call(event)
        world.clear()
    expected = sum(C in events for events in PENDING) if profile is NEWEST else 0
    assert world.guard.clearing.found == expected


def test_what_its_own_group_was_sent_before_does_not_mislead_it(world: World) -> None:
    """It took a Ctrl+Break before, and with a Ctrl+C pending none comes now."""
    world.windows.console.generate(B, world.guard.pid)
    del world.windows.received[:]
    assert world.says(C) is True


@PROFILES
def test_entries_of_dead_processes_are_no_hindrance(
    monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    """A wrong call has made them: of a child that has exited, while its parent has a handle."""
    world = World(monkeypatch, profile)
    child = world.windows.create(world.windows.caller)
    child.held = True
    child.exit()
    with world.windows.somebody_else(world.leader):
        world.windows.console.generate(C, child.pid)
    world.says(C)


# --- at any moment --------------------------------------------------------------------------------


def at_call(world: World, nth: int, event: int) -> None:
    """Another wrong call just before the nth call of Windows from now."""
    at = len(world.windows.calls) + nth
    world.windows.meanwhile = [(at, lambda: world.wrong_call(event))]


@PROFILES
@pytest.mark.parametrize("event", [C, B], ids="CB")
@pytest.mark.parametrize("nth", range(1, 13))
@pytest.mark.parametrize("before", [(), (C,), (B,)], ids=name_of)
def test_wrong_call_in_the_midst_of_a_clearing_is_cleared_by_the_next_at_the_latest(
    monkeypatch: pytest.MonkeyPatch,
    profile: Profile,
    before: tuple[int, ...],
    nth: int,
    event: int,
) -> None:
    world = World(monkeypatch, profile)
    for one in before:
        world.wrong_call(one)
    at_call(world, nth, event)
    world.clear()
    world.windows.meanwhile = []
    world.says()


def test_ctrl_c_that_is_dropped_with_a_wrong_break_is_sent_again(world: World) -> None:
    """The Break first: so it comes to the end."""
    world.wrong_call(C)
    sent: list[int] = []
    real = world.windows.GenerateConsoleCtrlEvent

    def generate(dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        sent.append(dwCtrlEvent)
        if len(sent) == 2:
            world.wrong_call(B)
        real(dwCtrlEvent, dwProcessGroupId)

    world.windows.GenerateConsoleCtrlEvent = generate  # type: ignore[method-assign]
    assert world.says() is True
    assert (sent, world.got()) == ([B, C, B], [B])


# --- on a console of another kind than it seems ---------------------------------------------------


class Before2022(Console):
    """Two unlike kinds: the newest group is told of an event 0xFFFFFFFF (see `profiles`)."""

    def _unlock(self) -> list[Told]:
        sender = next(iter(self.parked.values()), "")
        if len(self.parked) > 1 and self.knows(self.limit):
            self.parked = {0xFFFF_FFFF: sender}
        return super()._unlock()


def test_older_console_than_it_seems_is_known_by_its_odd_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, CONHOST_1_20, new_console=Before2022)
    assert world.guard.clearing.tells
    assert world.says(C) is None
    assert world.got() == [0xFFFF_FFFF, C, C]
    assert not world.guard.clearing.tells


def test_from_then_on_it_clears_as_on_an_older_console(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, CONHOST_1_20, new_console=Before2022)
    world.says(C)
    del world.windows.received[:]
    assert world.says(C) is None
    assert world.got() == [C, B]


def test_older_console_is_not_counted_as_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, CONHOST_1_20, new_console=Before2022)
    world.says(C)
    assert world.guard.clearing.found == 0


@pytest.mark.parametrize(
    ("host", "build", "drops"),
    [
        ("C:\\Windows\\System32\\conhost.exe", 26100, True),
        ("C:\\Windows\\System32\\conhost.exe", 26200, True),
        ("C:\\Windows\\System32\\conhost.exe", 26099, False),
        ("C:\\Windows\\System32\\CONHOST.EXE", 19045, False),
        ("C:\\Program Files\\WindowsApps\\Terminal\\OpenConsole.exe", 19045, True),
        ("C:\\tools\\myconhost.exe", 19045, True),
        (None, 19045, True),
        (None, 26100, True),
    ],
)
def test_console_that_drops_unlike_kinds_by_its_program_and_build(
    host: str | None, build: int, drops: bool
) -> None:
    assert drops_unlike_kinds(host, build) is drops


@pytest.mark.parametrize("profile", [*WINDOWS_BUILDS, WINE], ids=lambda profile: profile.name)
@pytest.mark.parametrize("pointer_size", [4, 8])
def test_program_of_the_console(profile: Profile, pointer_size: int) -> None:
    windows = FakeWindows(profile=profile, pointer_size=pointer_size)
    assert console_host(windows) == profile.console_program
    assert not windows.handles


def test_program_of_the_console_of_a_process_without_one(windows: FakeWindows) -> None:
    windows.caller.detach()
    assert console_host(windows) is None


@pytest.mark.parametrize("call", ["OpenProcess", "QueryFullProcessImageName"])
def test_program_of_a_console_that_may_not_be_asked(windows: FakeWindows, call: str) -> None:
    """So for a console of another user. No handle is left open."""
    windows.fail(call, c.ERROR_ACCESS_DENIED)
    assert console_host(windows) is None


# --- threads that take their time -----------------------------------------------------------------


class Threads:
    """Of the process of the guard: the address at which each was started; None: it has ended."""

    def __init__(self, world: World) -> None:
        self.starts: list[int | None] = []
        self._windows, self._process = world.windows, world.guard.process
        self._numbers: dict[int, int] = {}
        self._windows.NtGetNextThread = self._next  # type: ignore[method-assign]
        self._windows.NtQueryInformationThread = self._start  # type: ignore[method-assign]

    def _next(self, hProcess: int, hThread: int, dwDesiredAccess: int) -> int:
        assert hProcess == c.CURRENT_PROCESS
        number = self._numbers[hThread] + 1 if hThread else 0
        if number >= len(self.starts):
            raise windows_error(c.ERROR_NO_MORE_ITEMS, "NtGetNextThread")
        handle = self._windows._open(self._process, dwDesiredAccess)
        self._numbers[handle] = number
        return handle

    def _start(self, hThread: int, information: int, size: int) -> bytes:
        assert information == c.ThreadQuerySetWin32StartAddress
        start = self.starts[self._numbers[hThread]]
        if start is None:
            raise windows_error(c.ERROR_ACCESS_DENIED, "NtQueryInformationThread")
        return start.to_bytes(size, "little")


OTHER = 0x7FFB_0000_1000
ROUTINE = CTRL_ROUTINE[64]


@pytest.fixture
def threads(world: World) -> Threads:
    """Beside others: the first of the process, and a thread that has ended."""
    threads = Threads(world)
    threads.starts += [OTHER, None]
    return threads


Late = Callable[[int, str], "int | None"]


def handlers_run_late(world: World, late: Callable[[int, Callable[[], object]], None]) -> None:
    """`late` gets each event of the guard, and a function by which the handlers run for it."""
    process: Process = world.guard.process
    real = process.run_handlers

    def run_handlers(event: int, sender: str) -> None:
        late(event, lambda: real(event, sender))

    process.run_handlers = run_handlers  # type: ignore[method-assign]


def test_break_whose_thread_runs_already_is_waited_for(world: World, threads: Threads) -> None:
    """So no Ctrl+C is sent."""

    def late(_event: int, handlers: Callable[[], object]) -> None:
        def bring() -> None:
            handlers()
            threads.starts.remove(ROUTINE)

        threads.starts.append(ROUTINE)
        world.windows.after(3.0, bring)

    handlers_run_late(world, late)
    assert world.says() is False
    assert world.got() == [B]


def test_break_whose_thread_is_overtaken_by_that_of_the_ctrl_c_is_waited_for(
    world: World, threads: Threads
) -> None:
    """Not to be taken for a Break that was dropped. Its thread is started late: see `_comes`."""
    held_back: list[Callable[[], object]] = []

    def late(event: int, handlers: Callable[[], object]) -> None:
        if event == B:
            held_back.append(handlers)
            return

        def bring() -> None:
            held_back.pop()()
            threads.starts.remove(ROUTINE)

        threads.starts.append(ROUTINE)  # of the Break
        handlers()
        world.windows.after(3.0, bring)

    handlers_run_late(world, late)
    assert world.says() is False
    assert world.got() == [C, B]


def test_ctrl_c_whose_thread_is_started_late_is_waited_for(world: World) -> None:
    """As where a terminal has taken the console over."""
    handlers_run_late(world, lambda _, handlers: world.windows.after(0.3, handlers))
    assert world.says(C) is True
    assert world.got() == [C, C]


def test_ctrl_c_whose_thread_takes_its_time_is_waited_for(world: World, threads: Threads) -> None:
    """Longer than half a second."""

    def late(_event: int, handlers: Callable[[], object]) -> None:
        def bring() -> None:
            handlers()
            threads.starts.remove(ROUTINE)

        threads.starts.append(ROUTINE)
        world.windows.after(3.0, bring)

    handlers_run_late(world, late)
    assert world.says(C) is True
    assert world.got() == [C, C]


@pytest.mark.usefixtures("threads")
def test_handle_of_each_thread_is_closed(world: World) -> None:
    world.clear()
    assert not world.windows.handles


def test_system_without_ctrl_routine(world: World) -> None:
    """Then no thread is waited for."""
    world.windows.exports.clear()
    with world.windows.somebody_else(world.guard.process):
        world.guard.clearing = fake_guard.clearing(world.windows)
    Threads(world).starts.append(ROUTINE)
    assert world.says(C) is True


# --- the process ----------------------------------------------------------------------------------


def test_it_hears_ctrl_c_only_when_it_has_a_handler(windows: FakeWindows) -> None:
    """As the leader of a new group it ignores Ctrl+C at first."""
    calls: list[tuple[bool, bool]] = []
    real = windows.SetConsoleCtrlHandler

    def set_handler(HandlerRoutine: Callable[[int], bool] | None, Add: bool) -> None:
        calls.append((HandlerRoutine is None, Add))
        real(HandlerRoutine, Add)

    windows.SetConsoleCtrlHandler = set_handler  # type: ignore[method-assign]
    Clearing(windows)
    assert calls == [(False, True), (True, False)]


def test_it_takes_every_event(world: World) -> None:
    (handler,) = world.guard.process.handlers
    assert [handler(event) for event in (C, C, B, 2, 0xFFFF_FFFF)] == [True] * 5


def test_a_console_that_refuses_the_event_is_an_error(world: World) -> None:
    world.windows.console.may_send = False
    with pytest.raises(PermissionError):
        world.clear()


def answer(world: World, *, clear: bool) -> dict[str, Any]:
    with world.windows.somebody_else(world.guard.process):
        return guard_process.answer(world.guard.clearing, {"number": 7, "clear": clear})


def test_answer_to_a_request_to_clear(world: World) -> None:
    world.wrong_call(C)
    assert answer(world, clear=True) == {"number": 7, "pending": True, "found": 1}


def test_request_that_only_asks_sends_nothing(world: World) -> None:
    assert answer(world, clear=False) == {"number": 7, "found": 0}
    assert world.windows.received == []


def test_answer_with_an_error_has_its_numbers(world: World) -> None:
    world.windows.console.may_send = False
    found = answer(world, clear=True)
    assert (found["error"][0], found["winerror"]) == (13, c.ERROR_ACCESS_DENIED)
    assert "pending" not in found


class Ended(Exception):
    """Raised where the process would exit, or run for ever."""


def test_it_clears_again_and_again_whatever_fails(world: World) -> None:
    """`every`: with such a pause after each."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        world.windows.console.may_send = not world.windows.console.may_send
        if len(pauses) == 4:
            raise Ended

    world.windows.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(Ended), world.windows.somebody_else(world.guard.process):
        world.guard.clearing.forever(0.25)
    assert pauses == [0.25] * 4
    assert world.got() == [B, B]


def run_main(windows: FakeWindows, patch: pytest.MonkeyPatch, every: float | None) -> bytes:
    """The caller of the fake is the guard, and gets two requests. Returns what it answers."""
    windows.caller.reaction = REGISTERED
    requests = b"".join(marshal.dumps({"number": number, "clear": True}) for number in (1, 2))
    replies = io.BytesIO()
    patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(requests)))
    patch.setattr(sys, "stdout", io.TextIOWrapper(replies))

    def end(code: int) -> None:
        assert code == 0
        raise Ended

    patch.setattr(system_calls, "_exit", end)
    with pytest.raises(Ended):
        guard_process.main(every)
    return replies.getvalue()


def test_it_says_that_it_is_there_answers_each_request_and_exits_with_its_caller(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO(run_main(windows, monkeypatch, None))
    assert [marshal.load(written) for _ in range(3)] == [
        {"ready": windows.caller.pid},
        {"number": 1, "pending": False, "found": 0},
        {"number": 2, "pending": False, "found": 0},
    ]
    assert written.read() == b""


@pytest.mark.parametrize("every", [None, 0.5])
def test_it_clears_by_itself_if_it_is_told_to(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, every: float | None
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(guard_process, "Thread", lambda *given: started.append(given[1:]))
    run_main(windows, monkeypatch, every)
    assert started == ([] if every is None else [(0.5,)])
