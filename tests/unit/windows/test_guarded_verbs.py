"""While a guard stands, what this package does on the console lets nothing go that was pending.

Each verb clears before it looks. On a fake Windows: an event that a wrong call has left reaches no
process, and that of the verb reaches exactly the processes that it named.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import CtrlEvent, Guard, _signals
from ctrlevent._windows import create_process, popen, run, standing_guards
from ctrlevent._windows.popen import Job, Start, end_child
from tests.fakes import guard as fake_guard
from tests.fakes.profiles import WINDOWS_BUILDS, Profile
from tests.fakes.windows import CTRL_BREAK, CTRL_C, FakeWindows, Process, install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.guard import FakeGuard

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT


class World:
    """A group of two that hears Ctrl+C, a leader alone in its group, and a bystander."""

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.guards = fake_guard.install(windows)
        self.leader = windows.spawn(new_group=True, ignores=False)
        self.child = windows.spawn(parent=self.leader)
        self.single = windows.spawn(new_group=True, ignores=False)
        self.bystander = windows.spawn()

    @property
    def group(self) -> list[int]:
        return [self.leader.pid, self.child.pid]

    @property
    def everybody(self) -> list[int]:
        return sorted(entry.pid for entry in self.windows.console.entries)

    def wrong_call(self, event: int) -> None:
        """Another process than the caller takes a child's pid for that of a group."""
        with self.windows.somebody_else(self.bystander):
            self.windows.GenerateConsoleCtrlEvent(event, self.child.pid)

    def reached_by(self, sender: str) -> list[int]:
        got = zip(self.windows.received, self.windows.senders)
        return sorted(pid for (pid, _), by in got if by == sender)

    @property
    def reached_by_the_wrong_call(self) -> list[int]:
        """Without guards: on older consoles a guard gets it."""
        guards = [guard.pid for guard in self.guards]
        reached = self.reached_by(f"process {self.bystander.pid}")
        return [pid for pid in reached if pid not in guards]

    @property
    def reached_by_the_caller(self) -> list[int]:
        return self.reached_by("the caller")


@pytest.fixture
def world(windows: FakeWindows) -> World:
    return World(windows)


@pytest.fixture
def guard(world: World) -> Iterator[FakeGuard]:
    with Guard():
        yield world.guards[0]


class Popen:
    """What a start of `ctrlevent.Popen` does besides `subprocess`: the child is resumed last."""

    def __init__(self, windows: FakeWindows) -> None:
        self.windows = windows
        self.has_run: list[Process] = []
        windows.NtResumeProcess = self._resume  # type: ignore[method-assign]

    def __call__(self) -> None:
        named: dict[str, Any] = {"creationflags": 0}
        start = Start(named, "inherit", True, None)
        process = SimpleNamespace(_handle=0)

        def create() -> None:
            child = self.windows.create(self.windows.caller, named["creationflags"], starts=False)
            process._handle = self.windows._open(child, ~0)

        try:
            start.run(process, create)
        finally:
            self.windows.CloseHandle(process._handle)

    def _resume(self, hProcess: int) -> None:
        child = self.windows.handles[hProcess].to
        assert isinstance(child, Process)
        self.has_run.append(child)
        child.start()


class Verb(NamedTuple):
    call: Callable[[World], object]
    names: Callable[[World], list[int]]


def nobody(_: World) -> list[int]:
    return []


VERBS = {
    "killpg": Verb(lambda w: ctrlevent.killpg(w.leader.pid, C), lambda w: w.group),
    "killpg, Break": Verb(lambda w: ctrlevent.killpg(w.leader.pid, BREAK), lambda w: w.group),
    "killpg, own": Verb(
        lambda _: ctrlevent.killpg(0, C), lambda w: [w.windows.caller.pid, w.bystander.pid]
    ),
    "kill": Verb(lambda w: ctrlevent.kill(w.single.pid, C), lambda w: [w.single.pid]),
    "kill, a member": Verb(lambda w: ctrlevent.kill(w.child.pid, C), lambda w: [w.child.pid]),
    "kill, a tree": Verb(lambda w: ctrlevent.kill(w.leader.pid, C, tree=True), lambda w: w.group),
    "os_kill": Verb(lambda w: ctrlevent.os_kill(w.leader.pid, C), lambda w: w.group),
    "os_kill, Break": Verb(lambda w: ctrlevent.os_kill(w.leader.pid, BREAK), lambda w: w.group),
    "deliver": Verb(lambda w: ctrlevent.deliver(w.single.pid, C), lambda w: [w.single.pid]),
    "deliver, a member": Verb(lambda w: ctrlevent.deliver(w.child.pid, C), lambda w: [w.child.pid]),
    "broadcast": Verb(lambda _: ctrlevent.broadcast(C), lambda w: w.everybody),
    "broadcast, Break": Verb(lambda _: ctrlevent.broadcast(BREAK), lambda w: w.everybody),
    "broadcast, of a process on it": Verb(
        lambda w: ctrlevent.broadcast(C, console_of=w.bystander.pid), lambda w: w.everybody
    ),
    "preview of killpg": Verb(lambda w: _signals.preview_killpg(w.leader.pid, C), nobody),
    "preview of kill": Verb(lambda w: _signals.preview_kill(w.single.pid, C), nobody),
    "console_processes": Verb(lambda _: ctrlevent.console_processes(), nobody),
    "kill, no event": Verb(lambda w: ctrlevent.kill(w.child.pid, 15), nobody),
    "killpg, no event": Verb(lambda w: ctrlevent.killpg(w.leader.pid, 15), nobody),
    "Popen": Verb(lambda w: Popen(w.windows)(), nobody),
}


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize("pending", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Break"])
@pytest.mark.parametrize("verb", VERBS)
def test_verb_reaches_those_it_names_and_what_was_pending_reaches_none(
    world: World, verb: str, pending: int
) -> None:
    world.wrong_call(pending)
    VERBS[verb].call(world)
    world.windows.console.call(world.bystander)
    assert world.reached_by_the_caller == sorted(VERBS[verb].names(world))
    assert world.reached_by_the_wrong_call == []


@pytest.mark.parametrize("profile", WINDOWS_BUILDS, ids=lambda profile: profile.name)
@pytest.mark.parametrize("pending", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Break"])
def test_so_it_is_on_each_windows(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, pending: int
) -> None:
    world = World(install(monkeypatch, FakeWindows(profile=profile)))
    with Guard():
        world.wrong_call(pending)
        ctrlevent.killpg(world.leader.pid, C)
    assert world.reached_by_the_caller == world.group
    assert world.reached_by_the_wrong_call == []


@pytest.mark.parametrize("pending", [CTRL_C, CTRL_BREAK], ids=["Ctrl+C", "Break"])
@pytest.mark.parametrize("verb", VERBS)
def test_control_without_a_guard_what_was_pending_reaches_every_process(
    world: World, verb: str, pending: int
) -> None:
    on_console = world.everybody
    world.wrong_call(pending)
    VERBS[verb].call(world)
    ended = {pid for pid, _ in world.windows.terminated}
    assert set(world.reached_by_the_wrong_call) >= set(on_console) - ended


# --- the guard itself -----------------------------------------------------------------------------


def test_what_is_pending_at_the_end_of_its_context_reaches_no_process(world: World) -> None:
    """The exit of its process is a console call."""
    with Guard():
        world.wrong_call(CTRL_C)
    assert world.reached_by_the_wrong_call == []


def test_what_is_pending_when_another_guard_starts_reaches_no_process(
    world: World, guard: FakeGuard
) -> None:
    world.wrong_call(CTRL_C)
    with Guard():
        assert len(world.guards) == 2
    assert guard.is_alive()
    assert world.reached_by_the_wrong_call == []


def test_of_two_the_newest_clears(world: World, guard: FakeGuard) -> None:
    with Guard():
        ctrlevent.console_processes()
        assert world.windows.heard(CTRL_BREAK)[-1:] == [world.guards[1].pid]
    ctrlevent.console_processes()
    assert world.windows.received[-1] == (guard.pid, CTRL_BREAK)


def test_break_that_is_let_go_as_it_starts_ends_it_and_it_is_started_again(world: World) -> None:
    """The wrong call comes after the caller has looked whether it has a console."""
    start = world.windows.start_guard
    assert start

    def start_in_a_mess() -> FakeGuard:
        if not world.guards:
            world.wrong_call(CTRL_BREAK)
        return start()

    world.windows.start_guard = start_in_a_mess
    with Guard() as guard:
        assert guard.clear() is False
        assert [one.is_alive() for one in world.guards] == [False, True]


def test_one_that_has_been_ended_is_started_again_before_a_verb_sends(
    world: World, guard: FakeGuard
) -> None:
    guard.process.exit()
    ctrlevent.killpg(world.leader.pid, C)
    assert [one.is_alive() for one in world.guards] == [False, True]
    assert world.reached_by_the_caller == world.group


def test_it_is_one_of_the_processes_on_the_console(world: World, guard: FakeGuard) -> None:
    assert guard.pid in [process.pid for process in ctrlevent.console_processes()]
    assert guard.pid in world.everybody


def test_it_survives_what_the_caller_sends_to_all(guard: FakeGuard) -> None:
    ctrlevent.broadcast(BREAK)
    ctrlevent.broadcast(C)
    assert guard.is_alive()


@pytest.mark.usefixtures("guard")
def test_what_it_has_found_counts_what_verbs_have_cleared(world: World) -> None:
    with Guard() as newest:
        for _ in range(2):
            world.wrong_call(CTRL_C)
            ctrlevent.console_processes()
        assert newest.found() == 2


# --- when it cannot clear -------------------------------------------------------------------------


def stands_still(guard: FakeGuard) -> None:
    guard.send = lambda message: None  # type: ignore[method-assign]  # noqa: ARG005


@pytest.mark.parametrize("verb", VERBS)
def test_verb_sends_nothing_if_the_guard_does_not_answer(
    world: World, guard: FakeGuard, verb: str
) -> None:
    stands_still(guard)
    start = world.windows.now
    with pytest.raises(TimeoutError, match="the guard has not answered"):
        VERBS[verb].call(world)
    assert world.windows.received == world.windows.terminated == []
    assert world.windows.now - start == pytest.approx(standing_guards._WITHIN, abs=1)


def test_child_is_not_resumed_if_the_guard_does_not_answer(world: World, guard: FakeGuard) -> None:
    """So the start fails, and `ctrlevent.Popen` ends the child."""
    popen = Popen(world.windows)
    stands_still(guard)
    with pytest.raises(TimeoutError):
        popen()
    assert popen.has_run == []


@pytest.mark.usefixtures("guard")
def test_verb_sends_nothing_if_the_console_refuses_the_guard(world: World) -> None:
    world.windows.console.may_send = False
    with pytest.raises(PermissionError, match="the guard could not clear the console"):
        ctrlevent.killpg(world.leader.pid, C)
    assert world.windows.received == []


# --- what else is a call on the caller's console --------------------------------------------------


@pytest.mark.usefixtures("guard")
def test_thread_of_a_created_process_is_resumed_on_a_clear_console(world: World) -> None:
    child = world.windows.create(world.windows.caller, starts=False)
    world.windows.ResumeThread = lambda hThread: child.start()  # type: ignore[method-assign]  # noqa: ARG005
    world.wrong_call(CTRL_C)
    create_process.resume_thread(0)
    assert child.console is world.windows.console
    assert world.reached_by_the_wrong_call == []


@pytest.mark.usefixtures("guard")
def test_whether_a_stream_is_a_console_is_asked_on_a_clear_console(world: World) -> None:
    """For `run`."""
    real = world.windows.GetConsoleMode

    def get_mode(hConsoleHandle: int) -> int:
        world.windows.console.call(world.windows.caller)
        return real(hConsoleHandle)

    world.windows.GetConsoleMode = get_mode  # type: ignore[method-assign]
    world.wrong_call(CTRL_C)
    assert not run._is_console(world.windows, 0)
    assert world.reached_by_the_wrong_call == []


def end_a_child(world: World) -> None:
    end_child(None, lambda: world.windows.console.call(world.child), "SIGTERM")


def end_a_job(world: World) -> None:
    windows, job = world.windows, Job()
    job._handle = 7
    answers: dict[str, Any] = {
        "TerminateJobObject": lambda _job, _code: windows.console.call(world.child),
        "QueryInformationJobObject": lambda _job: 0,
        "CloseHandle": lambda _job: None,
    }
    vars(windows).update(answers)
    job.close()


ENDINGS = [end_a_child, end_a_job]


@pytest.mark.parametrize("end", ENDINGS)
def test_processes_are_ended_on_a_clear_console(
    world: World, guard: FakeGuard, end: Callable[[World], None]
) -> None:
    world.wrong_call(CTRL_C)
    end(world)
    assert world.reached_by_the_wrong_call == []
    assert guard.is_alive()


@pytest.mark.parametrize("end", ENDINGS)
def test_processes_are_ended_even_if_the_guard_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, end: Callable[[World], None]
) -> None:
    def refuse() -> None:
        raise TimeoutError

    monkeypatch.setattr(popen, "clear_first", refuse)
    world.wrong_call(CTRL_C)
    end(world)
    assert world.reached_by_the_wrong_call == world.everybody
