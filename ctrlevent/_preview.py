"""What `kill` and `killpg` would do: for `--dry-run`. Plans the same way, and stops there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _arguments, _helper, _policy
from ._arguments import Probe, Terminate
from ._ask import getpgrp
from ._ctrl_routine import NoThread, Target
from ._errors import everybody_named
from ._events import plan_for_group, plan_for_process, plan_without_thread
from ._facts import Facts
from ._policy import SendElsewhere, SendToGroup
from ._processes import Processes
from ._types import CtrlEvent, Preview
from ._win32 import system

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._facts import Seen

ALONE = "through its group, in which it is alone on this console"
GROUP = "through the group, which this console knows"
ALONE_ELSEWHERE = "through its group, in which it is alone on its console, by a helper process"
OWN_THREAD = "by a thread at CtrlRoutine in this process"
THREAD = "by a thread at CtrlRoutine in that process"
HELPER = "through the group, by a helper process on that console"
LOOK = "nothing is sent, it is only looked for"
END = "ended, with exit code {}"


def preview_killpg(pgid: int, sig: int, *, timeout: float | None = 5.0) -> Preview:
    """Who would get what from `killpg`. Raises what that raises."""
    pgid = _arguments.process_id(pgid, "pgid") or getpgrp()
    action = _arguments.action(sig)
    seconds = _arguments.seconds(timeout)
    windows = system()
    with Processes(windows) as processes:
        if isinstance(action, (Probe, Terminate)):
            members = _policy.members(pgid, processes.all(), processes.created)
            if not members:
                raise _policy.no_group(pgid, processes.see(pgid))
            how = LOOK if isinstance(action, Probe) else END.format(action.exit_code)
            return _preview(processes, how, members)
        deadline = windows.monotonic() + seconds
        plan = plan_for_group(windows, processes, pgid, action, deadline)
        if isinstance(plan, SendToGroup):
            members = _hearing(pgid, action, processes.on_console())
            return _preview(processes, GROUP, members)
        return _preview(processes, HELPER if _helper.available() else THREAD, plan.targets)


def preview_kill(
    pid: int, sig: int, *, timeout: float | None = 5.0, inject: bool = True
) -> Preview:
    """Who would get what from `kill`. Raises what that raises."""
    pid = _arguments.kill_target(pid)
    action = _arguments.action(sig)
    seconds = _arguments.seconds(timeout)
    if pid == -1:
        raise everybody_named()
    if pid <= 0:
        return preview_killpg(-pid, sig, timeout=timeout)
    windows = system()
    with Processes(windows) as processes:
        if isinstance(action, (Probe, Terminate)):
            how = LOOK if isinstance(action, Probe) else END.format(action.exit_code)
            return _preview(processes, how, [processes.facts(pid)])
        plan, target, on_console = plan_for_process(windows, processes, pid, action)
        if isinstance(plan, SendToGroup):
            return _preview(processes, ALONE, [target])
        if pid == windows.GetCurrentProcessId():
            return _preview(processes, OWN_THREAD, [target])
        why_not: NoThread | None = None
        if inject:
            try:
                with Target(windows, target, windows.monotonic() + seconds):
                    return _preview(processes, THREAD, [target])
            except NoThread as error:
                why_not = error
        last = plan_without_thread(processes, target, on_console, why_not)
        if isinstance(last, SendElsewhere) and _helper.available():
            return _preview(processes, ALONE_ELSEWHERE, [target])
        raise last.otherwise


def _hearing(pgid: int, event: CtrlEvent, seen: Iterable[Seen]) -> list[Facts]:
    """The members of a group, without those who ignore the event."""
    members = [one for one in seen if isinstance(one, Facts) and one.pgid == pgid]
    deaf = event is CtrlEvent.CTRL_C_EVENT
    return [one for one in members if not (deaf and one.ignores_ctrl_c)]


def _preview(processes: Processes, how: str, targets: Iterable[Facts]) -> Preview:
    return Preview(how, tuple(processes.info(target) for target in targets))
