"""With a guard, what a wrong call leaves pending reaches no process; and the verbs keep the laws.

A wrong call is a plain `os.kill` with the pid of a process that leads no group. It is made by any
process. A console call between the wrong call and the clearing lets the event go, guard or not.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ctrlevent import Guard
from tests.fakes import guard as fake_guard
from tests.fakes.profiles import WINDOWS, WINDOWS_BUILDS, WINE, Profile
from tests.fakes.windows import CTRL_BREAK, CTRL_C

from .conftest import scenarios
from .laws import Call, Careless, Leak
from .world import How, World, a_process, hows, run

if TYPE_CHECKING:
    from tests.fakes.windows import Process

# --- a history of wrong calls ---------------------------------------------------------------------

families = st.lists(st.tuples(a_process, hows), min_size=1, max_size=5)
wrong_calls = st.lists(
    st.tuples(a_process, a_process, st.sampled_from([CTRL_C, CTRL_BREAK])), min_size=1, max_size=12
)


def holds(profile: Profile, clears: bool, count: int) -> None:
    """No event reaches a process but those of the group that was named; and the guard.

    `clears`: after each call.
    """

    class Machine(World):
        pass

    Machine.profile, Machine.name = profile, "wrong calls alone"

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if clears else [Phase.generate],
        derandomize=settings().derandomize,
        report_multiple_bugs=False,
        suppress_health_check=list(cast("Any", HealthCheck)),
    )
    @given(family=families, calls=wrong_calls)
    def history(family: list[tuple[int, How]], calls: list[tuple[int, int, int]]) -> None:
        world = Machine()
        try:
            world.begin(bits=64, helper=False, family=family)
            windows = world.windows
            fake_guard.install(windows)
            windows.start_python("_windows.guard_process import main", {}, on_console=True)
            (guard,) = windows.guards
            for sender, target, event in calls:
                attached = [entry.process for entry in windows.console.entries if entry.process]
                named = [*world.everybody, guard.process][target % (len(world.everybody) + 1)]
                before = len(windows.received)
                process = attached[sender % len(attached)]
                with windows.somebody_else(process), contextlib.suppress(OSError):
                    windows.console.generate(event, named.pid)
                if clears:
                    with windows.somebody_else(guard.process):
                        guard.clearing.clear()
                for pid, _ in windows.received[before:]:
                    if pid != guard.pid and windows.processes[pid].group != named.pid:
                        raise Leak(f"event {event} to {named.pid} has reached process {pid}")
                assert not (clears and windows.console.parked)
            assert guard.is_alive()
        finally:
            world.teardown()

    history()


@pytest.mark.parametrize("profile", WINDOWS_BUILDS, ids=lambda profile: profile.name)
def test_wrong_calls_reach_no_process_if_each_is_followed_by_a_clearing(profile: Profile) -> None:
    holds(profile, True, scenarios() // 6)


@pytest.mark.parametrize("profile", WINDOWS_BUILDS, ids=lambda profile: profile.name)
def test_without_a_clearing_they_are_found_to_leak(profile: Profile) -> None:
    with pytest.raises(Leak):
        holds(profile, False, 2000)


# --- the verbs ------------------------------------------------------------------------------------


class Guarded(World):
    """Guards stand on the console of the caller, and end, and are ended."""

    guard: Guard | None = None

    @precondition(lambda self: not self.over)
    @rule()
    def guard_stands(self) -> None:
        self.need_a_caller()
        self.guard_ends()
        self.windows.helper = self.helper
        fake_guard.install(self.windows)
        if self.windows.caller.console:
            self.guard = Guard().__enter__()
            self.judge()

    @precondition(lambda self: not self.over)
    @rule(who=a_process, event=st.sampled_from([CTRL_C, CTRL_BREAK]))
    def wrong_call(self, who: int, event: int) -> None:
        """A process on the caller's console takes the pid of another for that of a group."""
        self.need_a_caller()
        if self.guard is None:
            self.guard_stands()
        console = self.windows.caller.console
        guards = [guard.process for guard in self.windows.guards]
        attached = [
            entry.process
            for entry in (console.entries if console else [])
            if entry.process and entry.process not in guards
        ]
        wrong = [process for process in attached if console and not console.knows(process.pid)]
        if console and wrong:
            process = attached[who % len(attached)]
            with self.windows.somebody_else(process), contextlib.suppress(OSError):
                console.generate(event, wrong[who % len(wrong)].pid)

    @precondition(lambda self: not self.over)
    @rule()
    def guard_is_ended(self) -> None:
        if self.windows.guards:
            self.windows.guards[-1].process.exit()

    @precondition(lambda self: not self.over)
    @rule(who=a_process)
    def another_process_is_the_caller(self, who: int) -> None:
        """The guard of a process exits with it, at the latest."""
        self.guard_ends()
        super().another_process_is_the_caller(who)

    def guard_ends(self) -> None:
        guard, self.guard = self.guard, None
        if guard is not None:
            guard.__exit__()

    def teardown(self) -> None:
        self.guard_ends()
        super().teardown()

    @property
    def clears(self) -> bool:
        """Whether a guard stands on the console that the caller is on now.

        If it has been ended, the start of the next is a console call.
        """
        if self.guard is None or not self.guard.leaves_events_pending:
            return False
        last = self.windows.guards[-1].process
        return last.is_alive and last.console is self.windows.caller.console

    def is_quiet(self, m: list[Any]) -> bool:
        """What is pending on the caller's console is cleared before all else."""
        own = self.windows.caller.console
        is_pending = any(
            console.parked
            for console in self.windows.consoles
            if not (self.clears and console is own)
        )
        return not m and not self.windows._happenings and not is_pending

    def call_verb(
        self,
        call: Call,
        verb: Callable[[], object],
        sig: Any,
        timeout: float,
        m: list[Any],
        target: Process | None = None,
    ) -> None:
        windows, own = self.windows, self.windows.caller.console
        was_pending = set(own.parked.values()) if own and self.clears and not m else set()
        before = len(windows.received)
        super().call_verb(call, verb, sig, timeout, m, target)
        guards = {guard.pid for guard in windows.guards}
        from_guards = {f"process {pid}" for pid in guards}
        for (pid, event), sender in list(zip(windows.received, windows.senders))[before:]:
            if sender in from_guards | was_pending and pid not in guards:
                self.broken(Leak(f"event {event} of {sender} has reached process {pid}"))
        for console in windows.consoles:
            if from_guards.intersection(console.parked.values()):
                self.broken(Leak("an event of a guard is parked"))

    def judge_error(
        self, call: Call, error: Exception, got: list[int], ended: list[tuple[int, int]]
    ) -> None:
        if isinstance(error, OSError) and str(error.strerror).startswith("the guard"):
            if got or ended:
                self.broken(Careless(f"{call.text}: {error!r}, but {got} got it"))
            return
        super().judge_error(call, error, got, ended)


@pytest.mark.parametrize("profile", [*WINDOWS_BUILDS, WINE], ids=lambda profile: profile.name)
def test_while_a_guard_stands_the_verbs_keep_the_laws(profile: Profile) -> None:
    class Machine(Guarded):
        pass

    Machine.profile, Machine.name = profile, f"guarded: {profile.name}"
    run(Machine, scenarios() // 10)


def test_verbs_that_do_not_clear_first_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Machine(Guarded):
        profile = WINDOWS
        name = "guarded, but no verb clears"
        looks_for = (Leak,)

        def call_verb(
            self,
            call: Call,
            verb: Callable[[], object],
            sig: Any,
            timeout: float,
            m: list[Any],
            target: Process | None = None,
        ) -> None:
            """Without happenings in the midst of a call: they hide what has let the event go."""
            del m
            super().call_verb(call, verb, sig, timeout, [], target)

    monkeypatch.setattr("ctrlevent._windows.processes.clear_first", lambda: None)
    with pytest.raises(Leak):
        run(Machine, 20_000, shortest=False)
