"""Random histories: what processes on a console may do, in any order."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ctrlevent._win32 import constants as c
from tests.fakes.console import CALLS
from tests.fakes.profiles import NEWEST, Profile
from tests.fakes.windows import FakeWindows

from .both import COUNTS, Both, Disagreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.console import Console
    from tests.fakes.windows import Process

    from .servers import Servers

NOBODY = 900_000
"""A process id that no process has."""

# The longer words are short stories, which chance alone would seldom put together.
KINDS = (
    *("start",) * 5,
    *("start later", "run", "run", "attach", "detach", "exit", "exit", "exit", "let go"),
    *("same pid", "same pid", "open", "open", "close"),
    *("event",) * 6,
    *("odd event", "list", "call", "call", "call", "key", "key", "terminal", "processed input"),
    *("to itself",) * 3,
    *("to a child that has not connected", "to a child that has exited", "to a child that exits"),
)
# Of these each sends a message, whatever comes of it.
MESSAGES = {
    *("event", "odd event", "to itself", "list", "call", "open", "key", "terminal"),
    "processed input",
}
ODD_EVENTS = (2, 3, 5, 6, -1)


class Step(NamedTuple):
    """What happens, to which process (the nth that there is), and how."""

    kind: str
    one: int
    two: int
    how: int


some = st.integers(0, 23)
steps = st.builds(Step, st.sampled_from(KINDS), some, some, st.integers(0, 11))
# The length first: of a list without one Hypothesis draws but a few elements.
histories = st.integers(2, 50).flatmap(lambda n: st.lists(steps, min_size=n, max_size=n))


class History:
    """A FakeWindows whose only console is held against a server."""

    def __init__(self, servers: Servers, profile: Profile = NEWEST) -> None:
        self.both: Both
        self.windows = FakeWindows(
            profile=profile, new_console=lambda it: self._console(it, servers)
        )
        self.all = [self.windows.caller]

    def _console(self, windows: FakeWindows, servers: Servers) -> Console:
        self.both = Both(windows, servers)
        return self.both

    def play(self, history: Sequence[Step], *, closes: bool = False) -> None:
        """Until the last process has left: then the driver of Windows lets the console end."""
        for step in history:
            if not self._on_console(0):
                return
            if step.kind in MESSAGES:
                self._sends(step.kind, functools.partial(self._step, *step))
            else:
                self._step(*step)
        if closes:
            self._sends("the end of the terminal", self.both.close)
        user = self._on_console(0)
        if user:  # what is parked comes to light now
            self.both.call(user)
            self.both.process_list(user)

    def _sends(self, what: str, act: Callable[[], object]) -> None:
        """A model that sends no message does not do what a server does."""
        before = self.both.served
        act()
        if self.both.served == before:
            raise Disagreement("\n".join([*self.both.story, f"the model sends nothing: {what}"]))

    def _on_console(self, n: int) -> Process | None:
        users = [process for process in self.all if process.console]
        return users[n % len(users)] if users else None

    def _step(self, kind: str, one: int, two: int, how: int) -> None:
        windows, both = self.windows, self.both
        alive = [process for process in self.all if process.is_alive]
        process = alive[one % len(alive)]
        user = self._on_console(one)
        assert user
        if kind in ("start", "start later"):
            self._start(process, in_group=how % 3 == 0, runs=kind == "start")
        elif kind == "same pid":
            dead = [one for one in self.all if not one.is_alive]
            if dead:
                self._start_with_old_pid(process, dead[two % len(dead)])
        elif kind == "run":
            process.start()
        elif kind == "attach":
            if process.has_started and not process.console:
                process.connect(both, starts=False)
        elif kind in ("detach", "exit") and process is self.all[0] and how:
            pass  # without it most histories would be short
        elif kind == "detach":
            process.detach()
        elif kind == "exit":
            process.held = bool(how % 2)
            both.note(f"{process.pid} exits{', and a process has a handle' * process.held}")
            process.exit()
        elif kind == "let go":
            for held in [one for one in self.all if one.held][:1]:
                held.held = False
                both.note(f"no process has a handle of {held.pid} any more")
        elif kind == "terminal":
            both.terminal(("resize", "focus")[how % 2])
        elif kind == "key":
            both.press((0, 1, 0, None)[how % 4])
        elif kind.startswith("to a child"):
            self._to_a_child(user, kind, how)
        else:
            self._use(user, kind, two, how)
            del windows.calls[:]

    def _use(self, user: Process, kind: str, two: int, how: int) -> None:
        both = self.both
        named = NOBODY if how == 0 else 0 if how == 1 else self.all[two % len(self.all)].pid
        if kind in ("event", "odd event"):
            self._send(user, how % 2 if kind == "event" else ODD_EVENTS[how % 5], named)
            if kind == "odd event" and how % 2:
                both.press(how // 2 % 2)
        elif kind == "to itself":
            self._send(user, how % 2, user.pid)
        elif kind == "list":
            both.process_list(user)
        elif kind == "call":
            with contextlib.suppress(OSError):
                both.call(user, CALLS[how % len(CALLS)])
        elif kind == "open":
            both.open_handle(user)
            if how % 2 == 0 and user is not self.all[0]:  # it exits with it, and an event is parked
                self._send(user, how % 2, user.pid)
                user.exit()
        elif kind == "close":
            if user.console_handles:
                self._sends(kind, lambda: both.close_handle(user))
        elif kind == "processed input":
            both.set_processed_input(user, bool(how % 2))
            if how > 5:
                both.press(how // 2 % 2)

    def _send(self, by: Process, event: int, group: int) -> None:
        with self.windows.somebody_else(by), contextlib.suppress(OSError):
            self.both.generate(event, group)

    def _to_a_child(self, parent: Process, kind: str, how: int) -> None:
        """What makes phantoms; later the child connects, or its process id is free, or not."""
        self._start(parent, in_group=how % 3 == 0, runs=False)
        child = self.all[-1]
        if kind == "to a child that has exited":
            self.both.note(f"{child.pid} exits, and its parent has a handle")
            child.held = True
            child.exit()
        self._send(parent, how % 2, child.pid)
        if kind == "to a child that exits":
            self.both.note(f"{child.pid} exits")
            child.exit()
        if kind != "to a child that has not connected":
            child.held = False
            self.both.check_pid(child)
            if how % 2 == 0 and parent.is_alive:
                self._send(parent, how % 2, child.pid)
            elif parent.is_alive:
                self._start_with_old_pid(parent, child)
        elif how % 2:
            self._send(parent, how // 2 % 2, parent.pid)
            child.start()

    def _start(
        self, parent: Process, *, in_group: bool, runs: bool, pid: int | None = None
    ) -> None:
        flags = c.CREATE_NEW_PROCESS_GROUP if in_group else 0
        process = self.windows.create(parent, flags, pid=pid, starts=False)
        self.all.append(process)
        group = "in a new group" if in_group else f"in group {process.group}"
        self.both.note(f"{parent.pid} starts {process.pid} {group}{'' if runs else ', suspended'}")
        if runs:
            process.start()

    def _start_with_old_pid(self, parent: Process, old: Process) -> None:
        if self.windows.processes[old.pid] is not old:
            return  # another process has it already
        self.both.check_pid(old)
        if not self.windows.exists(old):
            self._start(parent, in_group=False, runs=True, pid=old.pid)


def compare(
    servers: Servers,
    profile: Profile,
    count: int,
    first: int,
    *,
    closes: bool = False,
    shortest: bool = True,
) -> None:
    """So many histories, or until model and server disagree: then a `Disagreement` is raised.

    `first`: the seed. `closes`: in the end the terminal goes away. `shortest`: the history is made
    as short as possible first.
    """

    def play(history: list[Step]) -> None:
        one = History(servers, profile)
        try:
            one.play(history, closes=closes)
        except Disagreement:
            one.both.leave()
            raise
        except BaseException:
            servers.drop_all()  # what they hold now is not known
            raise
        COUNTS[f"histories on {servers.build}"] += 1
        one.both.leave()

    run = settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink] if shortest else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(cast("Any", HealthCheck)),
    )(seed(first)(given(histories)(play)))
    run()
