"""What `kill` and `killpg` would do: for `--dry-run`.

`dispatch` gathers the facts and asks the policy, as for the call itself; here is only what is said
of a route instead of taking it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._arguments import Probe, Signal
from .._types import CtrlEvent, Preview
from . import dispatch, policy
from .plans import (
    AskHelper,
    AskHelperIfAlone,
    SendToGroup,
    StartOwnThread,
    StartThread,
    StartThreads,
)
from .processes import Processes
from .thread_route import Target, target_among

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from .._arguments import Action, Options
    from .._win32.boundary import System
    from .dispatch import Sending
    from .peb import Facts
    from .plans import Route

GROUP = "through the group, which this console knows"
ALONE = "through its group, in which it is alone on this console"
ALONE_ELSEWHERE = "through its group, in which it is alone on its console, by a helper process"
OWN_THREAD = "by a thread at CtrlRoutine in this process"
THREAD = "by a thread at CtrlRoutine in that process"
HELPER = "through the group, by a helper process on that console"
LOOK = "nothing is sent, it is only looked for"
END = "ended, with exit code {}"


def killpg(windows: System, pgid: int, action: Action, options: Options) -> Preview:
    if isinstance(action, CtrlEvent):
        return dispatch.to_group(windows, pgid, action, options, _tell)
    with Processes(windows) as processes:
        members = policy.members(pgid, processes.all(), processes.created)
        if not members:
            raise policy.no_group(pgid, processes.see(pgid))
        return _preview(processes, _of_no_event(action), members)


def kill(windows: System, pid: int, action: Action, options: Options) -> Preview:
    if isinstance(action, CtrlEvent):
        if options.tree:
            return dispatch.to_tree(windows, pid, action, options, _tell)
        preview = dispatch.to_process(windows, pid, action, options, _tell)
        return preview._replace(how=ALONE) if preview.how == GROUP else preview
    with Processes(windows) as processes:
        named = [processes.facts(pid)]
        if options.tree and not isinstance(action, Probe):
            named = policy.family(named, processes.all, processes.created)
        return _preview(processes, _of_no_event(action), named)


def _of_no_event(action: Union[Probe, Signal]) -> str:
    return LOOK if isinstance(action, Probe) else END.format(action.number)


def _tell(route: Route, at: Sending) -> Preview:
    """Which route it is, and which processes it leads to. Raises NoThread as `dispatch.send`."""
    if isinstance(route, SendToGroup):
        members = policy.connected_members(route.pgid, at.processes.on_console())
        return _preview(at.processes, GROUP, policy.hearing(members, at.event))
    with Processes(at.windows) as processes:
        if isinstance(route, StartOwnThread):
            return _preview(processes, OWN_THREAD, [route.caller])
        if isinstance(route, AskHelper):
            return _preview(processes, HELPER, route.targets)
        if isinstance(route, AskHelperIfAlone):
            return _preview(processes, ALONE_ELSEWHERE, [route.target])
        if isinstance(route, StartThread):
            with Target(at.windows, route.target, at.deadline):
                return _preview(processes, THREAD, [route.target])
        assert isinstance(route, StartThreads)
        ready: list[Facts] = []
        for target in route.targets:
            gone = contextlib.suppress(ProcessLookupError)
            with gone, target_among(at.windows, target, at.deadline):
                ready.append(target)
        return _preview(processes, THREAD, ready)


def _preview(processes: Processes, how: str, targets: Iterable[Facts]) -> Preview:
    return Preview(how, tuple(processes.info(target) for target in targets))
