"""How an event is sent: facts are gathered, the policy asked, and its plan carried out.

Handles of everybody looked at stay open until it is sent (`Processes`), so no pid changes its
meaning in between. What cannot be excluded from here, as Windows has no call that checks and sends
at once:

- The last member of a group may end between the check and the event. That is microseconds; the
  call then fails, or, if somebody else holds a handle of that process, the console parks the event.
- A process that shares its group with nobody may start a child in the same moment, which then
  gets the event too.
"""

from __future__ import annotations

import contextlib

from . import _console, _policy
from ._ctrl_routine import NoThread, deliver_to_all, deliver_to_caller, deliver_to_other
from ._errors import NoConsole, unsupported
from ._facts import Facts, read_caller
from ._policy import (
    AwaitConsole,
    LookElsewhere,
    SendElsewhere,
    SendToGroup,
    StartThread,
    StartThreads,
)
from ._processes import LOOK, Processes, require_groups
from ._types import CtrlEvent, Delivery

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Union

    from ._facts import Seen
    from ._win32.boundary import System

# A new process shows on the console 20 to 50 ms after its creation: worth asking this often.
_PAUSE = 0.005

# How often a group is looked for elsewhere, in seconds, and what time must be left for that: of a
# helper that has no time to answer it is not known whether it has sent the event.
_LONG_PAUSE = 0.05
_FOR_THE_HELPER = 1.0

# How long a broadcast waits for the helper, which takes a tenth of it even when it must be started.
_BROADCAST_SECONDS = 5.0


def send_to_group(
    windows: System, pgid: int, event: CtrlEvent, timeout: float, *, inject: bool = False
) -> None:
    """To a group on any console.

    `inject`: on another console than the caller's, if possible by threads in its members. That
    takes no helper process, which is slow to start when the machine is busy.
    """
    deadline = windows.monotonic() + timeout
    while True:
        with Processes(windows) as processes:
            plan = plan_for_group(windows, processes, pgid, event, deadline)
            if isinstance(plan, SendToGroup):
                _console.send_to_group(windows, processes, event, plan.pgid)
                return
        # Outside of the block above, for what `_console.send_to_group` says of our handles.
        try:
            _send_elsewhere(windows, pgid, plan.targets, event, deadline, inject=inject)
        except NoConsole:
            # On a busy machine its leader may take longer to connect than the policy waits for it.
            if deadline - windows.monotonic() < _FOR_THE_HELPER:
                raise
            windows.sleep(_LONG_PAUSE)
        else:
            return


def interrupt_contained(windows: System, pgid: int, timeout: float) -> bool:
    """Ctrl+C to the group of a command that `run` contains; not if that cannot be.

    It ignores that, say. That is no error: whoever does not end by it is ended with its job.
    """
    try:
        send_to_group(windows, pgid, CtrlEvent.CTRL_C_EVENT, timeout, inject=True)
    except OSError:
        return False
    return True


def _send_elsewhere(
    windows: System,
    pgid: int,
    targets: Sequence[Facts],
    event: CtrlEvent,
    deadline: float,
    *,
    inject: bool,
) -> None:
    from . import _helper  # only who needs it shall pay for it

    has_helper = _helper.available()
    if inject or not has_helper:
        try:
            deliver_to_all(windows, targets, event, deadline)
        except NoThread as error:
            if not has_helper:
                raise _policy.no_threads(pgid, error) from error
        else:
            return
    _send_by_helper(windows, pgid, targets, event, deadline)


def _send_by_helper(
    windows: System, pgid: int, targets: Sequence[Facts], event: CtrlEvent, deadline: float
) -> None:
    """On the console that the targets are on, or on each, if they are on several: on all or none.

    A console that may not be used has somebody on it who was named and would not get the event. So
    that is an error, and nothing is sent before every console was looked at. Who has ended since,
    or is on no console any more, gets no events, and is passed over as in `deliver_to_all`.
    """
    from . import _helper

    pids = [target.pid for target in targets]
    # One console is the rule, and then this is all.
    with contextlib.suppress(ProcessLookupError, NoConsole):
        timeout = deadline - windows.monotonic()
        if _helper.send(pids[0], pgid, event, timeout, together=pids):
            return
    _on_each_console(windows, pgid, pids, None, deadline)
    _on_each_console(windows, pgid, pids, event, deadline)


def _on_each_console(
    windows: System, pgid: int, pids: Sequence[int], event: CtrlEvent | None, deadline: float
) -> None:
    """Send to a group on the console of each process; `event` None: only look who is there."""
    from . import _helper

    left = list(pids)
    error: OSError | None = None
    found: list[int] = []
    while left:
        try:
            members = _helper.send(left[0], pgid, event, deadline - windows.monotonic())
        except (ProcessLookupError, NoConsole) as lost:
            error, members = lost, []
        except PermissionError as refused:
            if event is None or not found:
                raise
            raise _policy.sent_in_part(pgid, found, refused) from refused
        found += members
        left = [pid for pid in left[1:] if pid not in members]
    if not found:
        raise error or _policy.no_such_group(pgid)


def plan_for_group(
    windows: System, processes: Processes, pgid: int, event: CtrlEvent, deadline: float
) -> Union[SendToGroup, StartThreads]:
    """The policy's plan, after waiting for what it wants to be waited for."""
    while True:
        plan: Union[SendToGroup, StartThreads, AwaitConsole, LookElsewhere]
        plan = _policy.group_event(
            pgid,
            event,
            on_console_if_any(processes, first=pgid),
            lambda: processes.see(pgid),
            processes.age,
        )
        if isinstance(plan, LookElsewhere):
            named = processes.see(pgid)
            leads = isinstance(named, Facts) and named.is_leader
            # What is older than a leader is no member (M2), so nothing else of it need be read.
            since = processes.created(pgid) if leads else 0
            members = _policy.members(pgid, processes.all(since), processes.created)
            plan = _policy.group_elsewhere(pgid, event, members, named, processes.age)
        if not isinstance(plan, AwaitConsole):
            return plan
        if windows.monotonic() >= deadline:
            raise plan.otherwise
        windows.sleep(_PAUSE)


def send_to_process(
    windows: System, pid: int, event: CtrlEvent, timeout: float, *, inject: bool
) -> Delivery:
    deadline = windows.monotonic() + timeout
    if pid == windows.GetCurrentProcessId():
        return _send_to_caller(windows, pid, event, deadline)
    with Processes(windows) as processes:
        while True:
            plan, target, on_console = plan_for_process(windows, processes, pid, event)
            if isinstance(plan, SendToGroup):
                _console.send_to_group(windows, processes, event, plan.pgid)
                return Delivery.SENT
            why_not: NoThread | None = None
            young = _policy.is_about_to_connect(target, on_console, processes.age)
            if young and windows.monotonic() < deadline:
                windows.sleep(_PAUSE)
                continue
            if inject:
                try:
                    return deliver_to_other(windows, target, event, deadline)
                except NoThread as error:
                    why_not = error
            last = plan_without_thread(processes, target, on_console, why_not)
            if isinstance(last, AwaitConsole):
                raise last.otherwise  # it is young, and there is no time left to wait for it
            break
    # Outside of the block above, for what `_console.send_to_group` says of our handles.
    from . import _helper

    left = deadline - windows.monotonic()
    if not _helper.available() or not _helper.send(pid, target.pgid, event, left, alone=True):
        raise last.otherwise
    return Delivery.SENT


def _send_to_caller(windows: System, pid: int, event: CtrlEvent, deadline: float) -> Delivery:
    # Without `Processes`: nothing has to be opened for it, so nothing is open when the handlers
    # run, which may raise KeyboardInterrupt anywhere from then on.
    require_groups(windows)
    _policy.process_event(read_caller(windows, pid), event, caller=pid, on_console=())
    return deliver_to_caller(windows, event, deadline)


def plan_for_process(
    windows: System, processes: Processes, pid: int, event: CtrlEvent
) -> tuple[Union[SendToGroup, StartThread], Facts, list[Seen]]:
    """The policy's plan, the target, and who is on the caller's console."""
    caller = windows.GetCurrentProcessId()
    target = processes.facts(pid)
    on_console = [] if pid == caller else list(on_console_if_any(processes))
    plan = _policy.process_event(target, event, caller=caller, on_console=on_console)
    return plan, target, on_console


def plan_without_thread(
    processes: Processes, target: Facts, on_console: list[Seen], why_not: OSError | None
) -> Union[AwaitConsole, SendElsewhere]:
    others = (
        _policy.possible_others(target, on_console)
        if _policy.is_connected(target, on_console)
        else _policy.others_elsewhere(target, processes.all())
    )
    described = [processes.info(other) for other in others]
    return _policy.without_thread(target, described, why_not, processes.age)


def send_to_console(windows: System, event: CtrlEvent) -> None:
    with Processes(windows) as processes:
        _policy.console_event(event, processes.on_console(first=windows.GetCurrentProcessId()))
        _console.send_to_all(windows, processes, event)


def send_to_console_of(windows: System, pid: int, event: CtrlEvent) -> None:
    with Processes(windows, LOOK) as processes:
        processes.handle(pid)  # it is alive, and its pid stays its own meanwhile
        from . import _helper

        if not _helper.available():
            raise unsupported(
                "a frozen program has no Python to send on another console; use killpg() for each"
                " group there"
            )
        _helper.send(pid, None, event, _BROADCAST_SECONDS)


def on_console_if_any(processes: Processes, first: int = 0) -> Iterator[Seen]:
    try:
        yield from processes.on_console(first)
    except NoConsole:
        return
