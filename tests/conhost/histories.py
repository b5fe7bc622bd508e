"""Random histories: what processes on a console may do, in any order."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ctrlevent._win32 import constants as c
from tests.fakes.console import CALLS
from tests.fakes.profiles import NEWEST, Profile
from tests.fakes.windows import FakeWindows

from .both import COUNTS, Both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.console import Console
    from tests.fakes.windows import Process

    from .servers import Servers

NOBODY = 900_000
"""A process id that no process has."""

KINDS = (
    *("start",) * 6,
    *("start later", "start later", "run", "run", "attach", "detach", "exit", "exit", "exit"),
    *("let go", "same pid", "same pid", "open", "close"),
    *("event",) * 10,
    *("odd event", "list", "call", "call", "key", "terminal", "processed input"),
)
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
histories = st.integers(2, 40).flatmap(lambda n: st.lists(steps, min_size=n, max_size=n))


class History:
    """A FakeWindows whose only console is held against a server."""

    def __init__(self, servers: Servers, profile: Profile = NEWEST) -> None:
        self.both: Both
        self.windows = FakeWindows(profile=profile, new_console=lambda it: self._console(it, servers))
        self.all = [self.windows.caller]

    def _console(self, windows: FakeWindows, servers: Servers) -> Console:
        self.both = Both(windows, servers)
        return self.both

    def play(self, history: Sequence[Step], *, closes: bool = False) -> None:
        """Until the last process has left: then the driver of Windows lets the console end."""
        for step in history:
            if not self._on_console(0):
                return
            self._step(*step)
        if closes:
            self.both.close()
        user = self._on_console(0)
        if user:  # what is parked comes to light now
            self.both.call(user)
            self.both.process_list(user)

    def _on_console(self, n: int) -> Process | None:
        users = [process for process in self.all if process.console]
        return users[n % len(users)] if users else None

    def _step(self, kind: str, one: int, two: int, how: int) -> None:
        windows, both = self.windows, self.both
        process = self.all[one % len(self.all)]
        user = self._on_console(one)
        if kind in ("start", "start later"):
            self._start(process, in_group=how % 3 == 0, runs=kind == "start")
        elif kind == "same pid":
            self._start_with_old_pid(process, self.all[two % len(self.all)])
        elif kind == "run":
            process.start()
        elif kind == "attach":
            if process.is_alive and process.has_started and not process.console:
                process.connect(both, starts=False)
        elif kind == "detach":
            process.detach()
        elif kind == "exit":
            if process.is_alive and how % 2:
                process.held = True
                both.note(f"some process has a handle of {process.pid}")
            process.exit()
        elif kind == "let go":
            if process.held:
                process.held = False
                both.note(f"no process has a handle of {process.pid} any more")
        elif kind == "terminal":
            both.terminal(("resize", "focus")[how % 2])
        elif kind == "key":
            both.press((0, 1, 0, None)[how % 4])
        elif user:
            self._use(user, kind, two, how)
            del windows.calls[:]

    def _use(self, user: Process, kind: str, two: int, how: int) -> None:
        both = self.both
        named = NOBODY if how == 0 else 0 if how == 1 else self.all[two % len(self.all)].pid
        if kind in ("event", "odd event"):
            event = how % 2 if kind == "event" else ODD_EVENTS[how % len(ODD_EVENTS)]
            with self.windows.somebody_else(user), contextlib.suppress(OSError):
                both.generate(event, named)
        elif kind == "list":
            both.process_list(user)
        elif kind == "call":
            both.call(user, CALLS[how % len(CALLS)])
        elif kind == "open":
            both.open_handle(user)
        elif kind == "close":
            if user.console_handles:
                both.close_handle(user)
        elif kind == "processed input":
            both.set_processed_input(user, bool(how % 3))

    def _start(self, parent: Process, *, in_group: bool, runs: bool, pid: int | None = None) -> None:
        if not parent.is_alive:
            return
        flags = c.CREATE_NEW_PROCESS_GROUP if in_group else 0
        process = self.windows.create(parent, flags, pid=pid, starts=False)
        self.all.append(process)
        group = "in a new group" if in_group else f"in group {process.group}"
        self.both.note(f"{parent.pid} starts {process.pid} {group}{'' if runs else ', suspended'}")
        if runs:
            process.start()

    def _start_with_old_pid(self, parent: Process, old: Process) -> None:
        if self.windows.processes[old.pid] is not old or old.is_alive:
            return
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
    new: type[History] = History,
) -> None:
    """So many histories, or until model and server disagree: then a `Disagreement` is raised.

    `first`: the seed. `closes`: in the end the terminal goes away. `shortest`: the history is made
    as short as possible first.
    """

    def play(history: list[Step]) -> None:
        one = new(servers, profile)
        try:
            one.play(history, closes=closes)
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
