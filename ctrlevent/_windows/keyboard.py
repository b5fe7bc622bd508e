"""A Ctrl+C for a group on the caller's console that does not hear that of the keyboard.

An event for the whole console, as a key makes, is for the group and for the caller, which passes it
on (`run` on a shared console, `Popen(keyboard=False)`): the group would get it twice. An event for
the caller alone comes only by way of the caller. So the processes of the group ignore Ctrl+C
(CREATE_NEW_PROCESS_GROUP sets that bit, and children inherit it), but for the moment in which the
caller sends an event:

1. The same event is on its way to the group, where the bit drops it. Wait until it has got there.
2. Clear the bit of each member that has it, and send.
3. CtrlRoutine, where the event starts in the member, tests the bit first of all. When it has done
   so, set the bit again, in the members of before and in those that were started meanwhile.

Of a thread that the caller has started there, the end says that the bit was tested. Nothing says it
of an event that the console has sent, nor while a handler runs on and on: there, a wait decides.

Two holes are left. A second event for the whole console that comes meanwhile, which takes tenths of
a second, is heard directly, and passed on. And only the bit itself is known: a member that has set
it for itself is made to hear like all, and a member that has cleared it hears the keyboard too.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from .. import _arguments
from .._types import CtrlEvent
from .._win32.constants import WAIT_OBJECT_0
from . import dispatch, policy, thread_route
from .peb import Facts, set_ignores_ctrl_c
from .processes import WRITE, Processes

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .._arguments import Options
    from .._win32.boundary import System

# In seconds: how long an event may take to all processes on the console, from when the caller has
# heard it. A console starts its thread in one process after the other (microsoft/terminal,
# src/host/input.cpp), on some builds in the oldest first.
_ARRIVES_WITHIN = 0.1

# In seconds: how long CtrlRoutine may take to test the bit, where nothing says that it has.
_TESTED_WITHIN = 0.5


def interrupt(
    windows: System, pgid: int, seconds: float, inject: bool, *, hears_keys: bool = False
) -> None:
    """Ctrl+C to a group whose members ignore it. Raises what `dispatch.to_group` raises.

    `hears_keys`: they have not ignored it until now, but for a member that has chosen to, and is
    left alone. They do so from here on: the group is to stop, and the key is not to break off what
    its members do for that.
    """
    options = _arguments.options(seconds, inject, waits=False)
    deadline = windows.monotonic() + seconds
    if not hears_keys:
        windows.sleep(_ARRIVES_WITHIN)
    connected = _connected_members(windows, pgid, deadline)
    if hears_keys:
        connected = policy.hearing(connected, CtrlEvent.CTRL_C_EVENT)
    if connected and options.inject:

        def let_run(threads: Sequence[int]) -> None:
            suspended = list(threads)
            try:
                with _hearing(windows, pgid, deafens=hears_keys):
                    while suspended:
                        windows.ResumeThread(suspended[-1])
                        suspended.pop()
                    _wait_for(windows, threads)
            finally:
                for thread in suspended:  # it finds the bit set, and ends
                    windows.ResumeThread(thread)

        with contextlib.suppress(thread_route.NoThread):
            thread_route.deliver_to_all(
                windows, connected, CtrlEvent.CTRL_C_EVENT, deadline, False, let_run
            )
            return
    with _hearing(windows, pgid, deafens=hears_keys):
        dispatch.to_group(windows, pgid, CtrlEvent.CTRL_C_EVENT, options, dispatch.send)
        windows.sleep(_TESTED_WITHIN)


def interrupt_process(windows: System, pid: int, options: Options) -> None:
    """The same for a process alone, whose group is the caller's.

    Raises what `dispatch.to_process` raises.
    """
    windows.sleep(_ARRIVES_WITHIN)
    with Processes(windows, WRITE) as targets:
        set_ignores_ctrl_c(windows, targets.handle(pid), False)
        try:
            # Returns when the handlers have run, or their time is over: then the bit was tested.
            dispatch.to_process(windows, pid, CtrlEvent.CTRL_C_EVENT, options, dispatch.send)
            if not options.waits:
                windows.sleep(_TESTED_WITHIN)
        finally:
            _write(windows, targets, [pid], True)


def _connected_members(windows: System, pgid: int, deadline: float) -> list[Facts]:
    """Those on the caller's console; while the leader is starting, waits for that."""
    pauses = dispatch.growing_pauses(windows, deadline)
    while True:
        with Processes(windows) as processes:
            found = policy.connected_members(pgid, dispatch.on_console_if_any(processes, pgid))
            leader = processes.see(pgid)
            may_connect = (
                isinstance(leader, Facts)
                and policy.may_be_connected(leader)
                and processes.may_connect(pgid)
            )
        if found or not may_connect or windows.monotonic() >= deadline:
            return found
        windows.sleep(next(pauses))


@contextlib.contextmanager
def _hearing(windows: System, pgid: int, *, deafens: bool) -> Generator[None]:
    """Within the block, the members of a group that ignore Ctrl+C hear it.

    `deafens`: within it, those alone that have heard it before; after it, none.
    """
    with Processes(windows, WRITE) as targets:
        members = _members(windows, pgid)
        heard_before = {member.pid for member in members if not member.ignores_ctrl_c}
        go_on_hearing: set[int] = set() if deafens else heard_before
        deaf = [] if deafens else [member.pid for member in members if member.ignores_ctrl_c]
        try:
            _write(windows, targets, deaf, False)
            yield
        finally:
            # A child that a member has started meanwhile has inherited its cleared bit.
            now = [member.pid for member in _members(windows, pgid)]
            _write(windows, targets, {*deaf, *now} - go_on_hearing, True)


def _write(
    windows: System, targets: Processes, pids: Sequence[int] | set[int], ignores: bool
) -> None:
    for pid in pids:
        # A member that has exited, or is about to, does not matter any more; and a member that may
        # not be changed hears nothing, as a process that is not there.
        with contextlib.suppress(OSError):
            set_ignores_ctrl_c(windows, targets.handle(pid), ignores)


def _members(windows: System, pgid: int) -> list[Facts]:
    with Processes(windows) as processes:
        return dispatch.members_of(processes, pgid, processes.see(pgid))


def _wait_for(windows: System, threads: Sequence[int]) -> None:
    deadline = windows.monotonic() + _TESTED_WITHIN
    for thread in threads:
        left = max(0.0, deadline - windows.monotonic())
        if windows.WaitForSingleObject(thread, math.ceil(left * 1000)) != WAIT_OBJECT_0:
            return
