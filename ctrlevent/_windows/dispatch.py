"""How an event is sent: gather the facts, ask the policy, take the route that its plan names.

The handles of all processes that were looked at stay open until the event is sent (`Processes`), so
no pid changes its meaning in between. Two holes are left, as Windows has no call that checks and
sends at once:

- The last member of a group may exit between the check and the event. That is microseconds. The
  call then fails; or the console parks the event, if another process holds a handle of that member.
- A process that is alone in its group may start a child in the same moment, which then gets the
  event too.
"""

from __future__ import annotations

import contextlib

from .._errors import NoConsole
from .._types import Delivery
from .._typing import TYPE_CHECKING, NamedTuple
from . import console_route, helper_route, policy, thread_route
from .peb import Facts, read_caller, set_ignores_ctrl_c
from .plans import (
    AskHelper,
    AskHelperForConsole,
    AskHelperIfAlone,
    AwaitConsole,
    ForGroup,
    ForProcess,
    LookElsewhere,
    SendToConsole,
    SendToGroup,
    StartOwnThread,
    StartThread,
    StartThreads,
)
from .policy import Means
from .processes import LOOK, WRITE, Processes
from .standing_guards import clear_first
from .thread_route import NoThread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable, TypeVar, Union

    from .._arguments import Options
    from .._types import CtrlEvent
    from .._win32.boundary import System
    from .peb import Seen
    from .plans import ConsoleRoute, Route
    from .policy import NamedByPid

    Result = TypeVar("Result")

# In seconds: how soon it is looked again for a process that is starting, at first. It shows on the
# console 20 to 50 ms after its creation.
_PAUSE = 0.005

# How often a group is looked for elsewhere, in seconds, and what time must be left for that: if the
# helper has no time to answer, the caller does not know whether it has sent the event.
_LONG_PAUSE = 0.05
_FOR_THE_HELPER = 1.0

# How long a broadcast waits for the helper, which takes a tenth of it even when it must be started.
_BROADCAST_SECONDS = 5.0


class Sending(NamedTuple):
    """What a route needs besides the plan."""

    windows: System
    processes: Processes
    """Its handles are closed already when the helper process sends, or several threads start."""
    event: CtrlEvent
    deadline: float
    waits: bool
    """Whether the call waits for the handlers, where a route can tell that they have run."""


def send(route: Union[Route, ConsoleRoute], at: Sending) -> Delivery:
    """Take the route. Raises NoThread, with nothing sent, where no thread can be started."""
    windows, processes, event, deadline, waits = at
    if isinstance(route, SendToGroup):
        console_route.send_to_group(windows, processes, event, route.pgid)
    elif isinstance(route, StartOwnThread):
        return thread_route.deliver_to_caller(windows, event, deadline, waits)
    elif isinstance(route, StartThread):
        return thread_route.deliver_to_other(windows, route.target, event, deadline, waits)
    elif isinstance(route, StartThreads):
        thread_route.deliver_to_all(windows, route.targets, event, deadline, waits)
    elif isinstance(route, AskHelper):
        helper_route.send_to_group(windows, route.pgid, route.targets, event, deadline)
    elif isinstance(route, AskHelperIfAlone):
        if not helper_route.send_if_alone(windows, route.target, event, deadline):
            raise route.otherwise
    elif isinstance(route, SendToConsole):
        console_route.send_to_all(windows, processes, event)
    else:
        assert isinstance(route, AskHelperForConsole)
        helper_route.send_to_console(windows, route.pid, event, deadline)
    return Delivery.SENT


def to_group(
    windows: System,
    pgid: int,
    event: CtrlEvent,
    options: Options,
    take: Callable[[Route, Sending], Result],
    *,
    threads_first: bool = False,
) -> Result:
    """To a group on any console. `take`: `send`, or what a dry run does instead of it.

    `threads_first`: see `policy.Means`.
    """
    deadline = windows.monotonic() + options.seconds
    no_thread: NoThread | None = None
    while True:
        with Processes(windows) as processes:
            at = Sending(windows, processes, event, deadline, options.waits)
            means = _means(at, options, no_thread, threads_first=threads_first)
            plan = _plan_for_group(at, pgid, means)
            if isinstance(plan, SendToGroup):
                return take(plan, at)
        # Outside of the block above: a handle of ours could have the other console park the event,
        # as `console_route.send_to_group` says.
        try:
            return take(plan, at)
        except NoThread as error:
            no_thread = error
        except NoConsole:
            # On a busy machine its leader may take longer to connect than the policy waits for it.
            if deadline - windows.monotonic() < _FOR_THE_HELPER:
                raise
            windows.sleep(_LONG_PAUSE)
            no_thread = None  # on its console there may be other members, so threads are tried anew


def _plan_for_group(
    at: Sending, pgid: int, means: Means
) -> Union[SendToGroup, StartThreads, AskHelper]:
    windows, processes, event = at.windows, at.processes, at.event
    pauses = growing_pauses(windows, at.deadline)
    while True:
        plan: Union[SendToGroup, StartThreads, AskHelper, AwaitConsole, LookElsewhere]
        plan = policy.group_event(
            pgid,
            event,
            on_console_if_any(processes, first=pgid),
            lambda: processes.see(pgid),
            processes.may_connect,
            means,
        )
        if isinstance(plan, LookElsewhere):
            named = processes.see(pgid)
            members = members_of(processes, pgid, named)
            plan = policy.group_elsewhere(pgid, event, members, named, processes.is_starting, means)
        if not isinstance(plan, AwaitConsole) and not _is_too_early(at, plan, means):
            return plan
        windows.sleep(next(pauses))


def to_process(
    windows: System,
    pid: int,
    event: CtrlEvent,
    options: Options,
    take: Callable[[Route, Sending], Result],
) -> Result:
    """To exactly one process. `take`: as for `to_group`."""
    processes = Processes(windows)
    deadline = windows.monotonic() + options.seconds
    at = Sending(windows, processes, event, deadline, options.waits)
    if pid == windows.GetCurrentProcessId():
        # Opens no handle, so a KeyboardInterrupt from the handlers cannot leak it: they may raise
        # it anywhere from then on.
        return take(policy.caller_event(read_caller(windows, pid), event), at)
    no_thread: NoThread | None = None
    pauses = growing_pauses(windows, deadline)
    with processes:
        while True:
            means = _means(at, options, no_thread)
            plan = policy.process_event(
                processes.facts(pid),
                event,
                list(on_console_if_any(processes)),
                processes.all,
                processes.info,
                processes.may_connect,
                means,
            )
            if isinstance(plan, AwaitConsole) or _is_too_early(at, plan, means):
                windows.sleep(next(pauses))
            elif isinstance(plan, SendToGroup):
                return take(plan, at)
            elif isinstance(plan, StartThread):
                try:
                    return take(plan, at)
                except NoThread as error:
                    no_thread = error
            else:
                break
    # Outside of the block above: as in `to_group`.
    return take(plan, at)


def to_tree(
    windows: System,
    pid: int,
    event: CtrlEvent,
    options: Options,
    take: Callable[[Route, Sending], Result],
) -> Result:
    """To a process and its descendants in its group. `take`: as for `to_group`."""
    deadline = windows.monotonic() + options.seconds
    no_thread: NoThread | None = None
    while True:
        with Processes(windows) as processes:
            at = Sending(windows, processes, event, deadline, options.waits)
            plan = _plan_for_tree(at, pid, _means(at, options, no_thread))
            if isinstance(plan, SendToGroup):
                return take(plan, at)
        # Outside of the block above: as in `to_group`.
        if plan is None:
            return to_process(windows, pid, event, options, take)
        try:
            return take(plan, at)
        except NoThread as error:
            no_thread = error


def _plan_for_tree(
    at: Sending, pid: int, means: Means
) -> Union[SendToGroup, StartThreads, AskHelper, None]:
    """None: the process has no descendants in its group."""
    processes = at.processes
    pauses = growing_pauses(at.windows, at.deadline)
    while True:
        root = processes.facts(pid)
        family = policy.family([root], processes.all, processes.created)
        if len(family) == 1:
            return None
        plan = policy.tree_event(
            family,
            at.event,
            list(on_console_if_any(processes)),
            processes.all,
            processes.info,
            processes.may_connect,
            means,
        )
        if not isinstance(plan, AwaitConsole) and not _is_too_early(at, plan, means):
            return plan
        at.windows.sleep(next(pauses))


def growing_pauses(windows: System, deadline: float) -> Iterator[float]:
    """Each a fifth longer than the last: a process may stay suspended for good."""
    pause = _PAUSE
    while True:
        yield min(pause, max(0.0, deadline - windows.monotonic()))
        pause = min(1.2 * pause, _LONG_PAUSE)


def members_of(processes: Processes, pgid: int, named: Seen | None) -> list[Facts]:
    """The members of a group, on whatever console. `named`: the process whose pid the id is."""
    leads = isinstance(named, Facts) and named.is_leader
    # What is older than a leader is no member (M2), so nothing else of it need be read.
    since = processes.created(pgid) if leads else 0
    return policy.members(pgid, processes.all(since), processes.created)


def by_pid(windows: System, pid: int, event: CtrlEvent, options: Options) -> None:
    """As `os_kill`, to the processes that `policy.named_by_pid` says."""
    caller = windows.GetCurrentProcessId()
    if pid == caller:
        to_process(windows, pid, event, options._replace(waits=True), send)
        return
    with Processes(windows) as processes:
        meant = named_by(windows, processes, pid)
    to_named(windows, meant, event, options)


def named_by(windows: System, processes: Processes, pid: int) -> NamedByPid:
    """Which processes a pid means that is not the caller's."""
    named = processes.facts(pid)
    return policy.named_by_pid(
        named,
        processes.facts(windows.GetCurrentProcessId()),
        lambda: policy.family([named], processes.all, processes.created),
    )


def to_named(windows: System, meant: NamedByPid, event: CtrlEvent, options: Options) -> None:
    """To these processes."""
    if isinstance(meant, ForGroup):
        to_group(windows, meant.pgid, event, options, send)
    elif isinstance(meant, ForProcess):
        to_process(windows, meant.pid, event, options, send)
    else:
        to_tree(windows, meant.pid, event, options, send)


def _is_too_early(at: Sending, plan: object, means: Means) -> bool:
    """Whether members of a group cannot take the event yet, and there is time to wait for them."""
    if not isinstance(plan, SendToGroup):
        return False
    ready = console_route.is_ready(at.windows, at.processes, at.event, plan.pgid)
    return not ready and means.may_wait()


def unignore(windows: System, pgid: int) -> None:
    """Make each member of a group that ignores Ctrl+C hear it: every member, or none."""
    with Processes(windows) as processes, Processes(windows, WRITE) as targets:
        members = members_of(processes, pgid, processes.see(pgid))
        deaf = [member.pid for member in members if member.ignores_ctrl_c]
        handles: list[int] = []
        for pid in deaf:  # opens all before it changes the first
            with contextlib.suppress(ProcessLookupError):
                handles.append(targets.handle(pid))
        for handle in handles:
            with contextlib.suppress(ProcessLookupError):
                set_ignores_ctrl_c(windows, handle, False)


def _means(
    at: Sending, options: Options, no_thread: NoThread | None, *, threads_first: bool = False
) -> Means:
    windows, deadline = at.windows, at.deadline
    return Means(
        lambda: windows.monotonic() < deadline,
        threads_first,
        options.inject,
        no_thread,
        lambda: helper_route.is_available(windows),
        windows.GetCurrentProcessId(),
    )


def to_console(windows: System, event: CtrlEvent) -> None:
    """To every process on the caller's console."""
    with Processes(windows) as processes:
        first = windows.GetCurrentProcessId()
        plan = policy.console_event(event, processes.on_console(first))
        send(plan, Sending(windows, processes, event, windows.monotonic(), waits=False))


def to_console_of(windows: System, pid: int, event: CtrlEvent) -> None:
    """To every process on the console of another process."""
    with Processes(windows, LOOK) as processes:
        processes.handle(pid)  # it is alive, and its pid stays its own meanwhile
        plan = policy.console_elsewhere(pid, has_helper=helper_route.is_available(windows))
        clear_first()  # it may be the caller's console that the helper attaches to
        deadline = windows.monotonic() + _BROADCAST_SECONDS
        send(plan, Sending(windows, processes, event, deadline, waits=False))


def on_console_if_any(processes: Processes, first: int = 0) -> Iterator[Seen]:
    try:
        yield from processes.on_console(first)
    except NoConsole:
        return
