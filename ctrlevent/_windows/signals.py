"""The verbs that send and ask on Windows."""

from __future__ import annotations

import signal

from .._arguments import Probe
from .._types import CtrlEvent, Delivery
from .._typing import TYPE_CHECKING
from .._win32 import system
from . import dispatch, policy, terminate
from .processes import Processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._arguments import Action, Options
    from .._types import Preview, ProcessInfo
    from .peb import Facts

# signal.h of the Microsoft C runtime, and CTRL_BREAK_EVENT. Not from Python's `signal`, which has
# SIGBREAK on Windows only, while this module means the same on every system where it is tested.
events_sent: Mapping[int, CtrlEvent] = {
    1: CtrlEvent.CTRL_BREAK_EVENT,
    2: CtrlEvent.CTRL_C_EVENT,  # SIGINT
    21: CtrlEvent.CTRL_BREAK_EVENT,  # SIGBREAK
}
events_heard: Mapping[int, CtrlEvent] = {
    signal.Signals[name]: event
    for name, event in (
        ("CTRL_C_EVENT", CtrlEvent.CTRL_C_EVENT),
        ("SIGINT", CtrlEvent.CTRL_C_EVENT),
        ("CTRL_BREAK_EVENT", CtrlEvent.CTRL_BREAK_EVENT),
        ("SIGBREAK", CtrlEvent.CTRL_BREAK_EVENT),
    )
    if hasattr(signal, name)
}


def killpg(pgid: int, action: Action, options: Options) -> None:
    windows = system()
    pgid = pgid or getpgid(0)
    if isinstance(action, CtrlEvent):
        if options.unignore and action is CtrlEvent.CTRL_C_EVENT:
            dispatch.unignore(windows, pgid)
        dispatch.to_group(windows, pgid, action, options, dispatch.send)
    elif isinstance(action, Probe):
        terminate.probe_group(windows, pgid)
    else:
        terminate.end_group(windows, pgid, action.number, options.seconds)


def kill(pid: int, action: Action, options: Options) -> Delivery:
    windows = system()
    pid = pid or windows.GetCurrentProcessId()
    if isinstance(action, CtrlEvent):
        send = dispatch.to_tree if options.tree else dispatch.to_process
        return send(windows, pid, action, options, dispatch.send)
    if isinstance(action, Probe):
        terminate.probe_process(windows, pid)
    elif options.tree:
        terminate.end_tree(windows, pid, action.number, options.seconds)
    else:
        terminate.end_process(windows, pid, action.number)
    return Delivery.SENT


def os_kill(pid: int, event: CtrlEvent, options: Options) -> None:
    dispatch.by_pid(system(), pid, event, options)


def preview_killpg(pgid: int, action: Action, options: Options) -> Preview:
    from . import dry_run

    return dry_run.killpg(system(), pgid or getpgid(0), action, options)


def preview_kill(pid: int, action: Action, options: Options) -> Preview:
    from . import dry_run

    return dry_run.kill(system(), pid, action, options)


def broadcast(event: CtrlEvent, console_of: int) -> None:
    windows = system()
    if console_of in (0, windows.GetCurrentProcessId()):
        dispatch.to_console(windows, event)
    else:
        dispatch.to_console_of(windows, console_of, event)


def getpgid(pid: int) -> int:
    return _facts(pid).pgid


def ignores_ctrl_c(pid: int) -> bool:
    return _facts(pid).ignores_ctrl_c


def console_processes() -> tuple[ProcessInfo, ...]:
    with Processes(system()) as processes:
        return tuple(processes.info(seen) for seen in processes.on_console())


def process_tree(pid: int) -> tuple[ProcessInfo, ...]:
    windows = system()
    with Processes(windows) as processes:
        root = processes.facts(pid or windows.GetCurrentProcessId())
        found = policy.descendants(root, processes.all, processes.created)
        return tuple(processes.info(seen) for seen in found)


def _facts(pid: int) -> Facts:
    windows = system()
    with Processes(windows) as processes:
        return processes.facts(pid or windows.GetCurrentProcessId())
