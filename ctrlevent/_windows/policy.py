"""Which processes may be sent what, and by which route: every such decision, from facts alone.

The policy touches nothing. Each function named below gets what was read (`peb`, `processes`) and
returns a plan (`plans`), or raises the refusal. `dispatch` takes the route of the plan, and asks
again if a thread could not be started or a process had to be waited for; `dry_run` asks through the
same code. If a fact that the policy needs to be sure could not be read, it refuses. The rules of a
function are tried in their order.

A process is *starting* until it has connected to its console, or will not do so by itself any more:
a fact that is read of its loader (`peb.is_starting`), and no matter of its age. Until then its PEB
may say that it has no console.

An event to a group (`group_event`)
  G1  A live process on the caller's console whose PEB names the group proves that the console
      knows the group: send to the group. Only then does GenerateConsoleCtrlEvent reach exactly its
      members: for an id that is no group to the console it answers success, and the event is
      broadcast later, or the console makes a phantom. A GUI program, or a process that was started
      without a console, proves nothing even if it is on the list: a plain `os.kill` of its pid puts
      it there without its being connected.
  G2  A Ctrl+C that every member would ignore is refused: CtrlCIgnored.
  G3  No process on the console is in the group, but its leader is alive and starting: wait for it,
      whichever console it will be on; when the time is up, NoConsole. (As long as it is starting it
      has no descendants, so there are no other members.) Not if it is a GUI program.
  G4  A process on the console could not be read, and nothing else is known of the group: the
      process may be a member. PermissionError.
  G5  Else the group is not on this console: look elsewhere.

An event to a group that is not on the caller's console (`group_elsewhere`)
  E1  It has no member: NotAGroupLeader, with its group, if the id is the pid of a process that
      leads none; else ProcessLookupError. If the process of that pid cannot be read:
      PermissionError.
  E2  GUI programs get no console events. Members on no console get them by a thread alone, so they
      are left out if other members are on a console. If none is: a member that is starting is
      waited for; else the members on no console are meant; without any: NoConsole.
  E3  A Ctrl+C that every member that is left would ignore is refused: CtrlCIgnored.
  E4  If threads are allowed and have not been tried yet, and the caller prefers threads, or the
      members are on no console: a thread at CtrlRoutine in each of them.
  E5  If they are on a console, and there is a Python to run as the helper process: the helper, on
      each of their consoles.
  E6  If threads are allowed and have not been tried yet: a thread in each of them.
  E7  No route is open: PermissionError; NoConsole if they are on no console.

An event to the caller itself (`caller_event`)
  S1  A Ctrl+C that it would ignore is refused: CtrlCIgnored.
  S2  Else: a thread at CtrlRoutine in the own process. That needs no console.

An event to another process (`process_event`)
  P1  A GUI program is refused with NoConsole: no console sends it events, so it does not expect any
      and would just exit.
  P2  A Ctrl+C that it would ignore is refused: CtrlCIgnored.
  P3  It is on the caller's console, and every other process there is known to be in another group:
      to its group. (A process that cannot be read may be a member.)
  P4  It is starting, and may come to be on the caller's console, where P3 may hold: wait, while
      there is time.
  P5  Threads in other processes are allowed, and a thread has not been tried yet: a thread at
      CtrlRoutine in that process.
  P6  It shares its group, or may share it: refused with WouldReachOthers.
  P7  It is connected to another console, as it is not starting any more, and there is a Python to
      run as the helper process: the helper sends to its group there, if it is alone in it.
  P8  No route is open: PermissionError if a thread was tried, else NoConsole.

An event to a process and its descendants in its group (`tree_event`; the process itself by
`process_event` if it has none)
  T1  GUI programs get no console events, and are left out. If all are: NoConsole.
  T2  A Ctrl+C that each of the others would ignore is refused: CtrlCIgnored.
  T3  All of them are on the caller's console, and every other process there is known to be in
      another group: to their group.
  T4  As T3, but one of them is starting: wait, while there is time.
  T5  Threads in other processes are allowed, and have not been tried yet: a thread at CtrlRoutine
      in each of them, or in none.
  T6  Other processes are in their group, or may be: refused with WouldReachOthers.
  T7  All of them may be on another console, and there is a Python to run as the helper process: the
      helper sends to their group.
  T8  No route is open: PermissionError if threads were tried, else NoConsole.

Which processes an event of `os_kill` is for (`named_by_pid`)
  K1  The process leads a group that the caller is not in: that group.
  K2  The caller is a descendant of the process, in its group: the process alone.
  K3  Else the process and its descendants in its group, since the pid that a program was started
      under is often that of a launcher. The caller's own pid means the caller alone.

The descendants of a process in its group (`family`)
  F1  A live process in that group whose parent is the process, or another descendant. A process
      that cannot be read, as most of those of Windows itself, counts for none.
  F2  Only if it was created after that parent: Windows may have given the pid of an earlier parent
      to another process.

A process and its descendants in whatever group (`descendants`)
  D1  As F1 and F2, but for the group.

An event to a whole console (`console_event`, `console_elsewhere`)
  C1  A Ctrl+C that every process on it would ignore is refused: CtrlCIgnored. A process that could
      not be read may hear it.
  C2  The caller's own console: send to all on it.
  C3  Another console: the helper process sends to all on it.
  C4  Another console, and no Python to run as the helper: refused with OSError (ENOSYS).

The members of a group (`members`)
  M1  A member is a live process that names the group in its PEB.
  M2  Where the leader is alive, only a process that was created after it: an older process got the
      number from an earlier leader, whose pid Windows has given away again.
"""

from __future__ import annotations

from .._errors import CtrlCIgnored, NoConsole, WouldReachOthers, make, not_a_leader, unsupported
from .._typing import TYPE_CHECKING, NamedTuple
from .._win32.constants import CTRL_C_EVENT
from .peb import Console, Facts, Unreadable
from .plans import (
    AskHelper,
    AskHelperForConsole,
    AskHelperIfAlone,
    AwaitConsole,
    ForGroup,
    ForProcess,
    ForTree,
    LookElsewhere,
    SendToConsole,
    SendToGroup,
    StartOwnThread,
    StartThread,
    StartThreads,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Callable, Union

    from .._types import ProcessInfo
    from .peb import Seen

    GroupPlan = Union[SendToGroup, AwaitConsole, LookElsewhere]
    ElsewherePlan = Union[StartThreads, AskHelper, AwaitConsole]
    ProcessPlan = Union[SendToGroup, StartThread, AwaitConsole, AskHelperIfAlone]
    TreePlan = Union[SendToGroup, StartThreads, AwaitConsole, AskHelper]
    NamedByPid = Union[ForProcess, ForGroup, ForTree]

HEAR_CTRL_C = (
    "children started with CREATE_NEW_PROCESS_GROUP do; call ignore_ctrl_c(False, pid) to make a"
    " process hear it, or killpg(..., unignore=True) for a group, or send CTRL_BREAK_EVENT, which"
    " cannot be ignored in this way"
)
NO_THREADS = "threads in other processes are forbidden, by inject=False or CTRLEVENT_INJECT=0"


class Means(NamedTuple):
    """What is left to send an event by."""

    may_wait: Callable[[], bool]
    """Whether there is time left."""
    threads_first: bool
    """The caller prefers threads to the helper process, which is slow to start when the machine is
    busy."""
    inject: bool
    """Whether threads in other processes are allowed."""
    no_thread: OSError | None
    """Why the thread, or the threads, that were tried could not be started; None: not tried yet."""
    has_helper: Callable[[], bool]
    """Whether there is a Python to run as the helper process."""
    caller: int
    """The pid of the calling process."""

    @property
    def may_start_threads(self) -> bool:
        return self.inject and self.no_thread is None


def group_event(
    pgid: int,
    event: int,
    on_console: Iterable[Seen],
    named: Callable[[], Seen | None],
    is_starting: Callable[[int], bool],
    means: Means,
) -> GroupPlan:
    """What to do for an event to a group.

    `on_console` is read no further than needed. `named` gives the process whose pid the group id
    is; None when there is none alive. `is_starting` tells whether the process of a pid may still
    connect to a console, or to the caller's since `on_console` was read.
    """
    found: list[Facts] = []
    unreadable: list[Unreadable] = []
    for seen in on_console:
        if isinstance(seen, Unreadable):
            unreadable.append(seen)
        elif seen.pgid == pgid and may_be_connected(seen):
            if _hears(seen, event):
                return SendToGroup(pgid)  # G1
            found.append(seen)
    if found:
        raise _ignored(f"every member of process group {pgid}", found)  # G2
    leader = named()
    if isinstance(leader, Facts):
        if leader.is_leader and not leader.has_gui_subsystem and is_starting(pgid):
            return _wait_for(leader, means)  # G3
    elif unreadable and leader is None:
        raise make(  # G4
            PermissionError,
            f"whether process group {pgid} is on the console is not known: {_list(unreadable)}"
            " there may not be opened; call this from an elevated process",
        )
    return LookElsewhere()  # G5


def group_elsewhere(
    pgid: int,
    event: int,
    everywhere: Sequence[Facts],
    named: Seen | None,
    is_starting: Callable[[int], bool],
    means: Means,
) -> ElsewherePlan:
    """What to do for an event to a group that is not on the caller's console.

    `everywhere`: its members (see `members`); `named`: as for `group_event`. `is_starting` tells
    whether the process of a pid may still connect to a console.
    """
    if not everywhere or isinstance(named, Unreadable):
        raise no_group(pgid, named)  # E1
    meant = [member for member in everywhere if may_be_connected(member)]
    are_connected = bool(meant)
    if not meant:
        meant = [member for member in everywhere if not member.has_gui_subsystem]
        for member in meant:
            if is_starting(member.pid):
                return _wait_for(member, means)  # E2
        if not meant:
            raise _never_connected(everywhere[0], means)  # E2
    heard = tuple(hearing(meant, event))
    if not heard:
        raise _ignored(f"every member of process group {pgid}", meant)  # E3
    if means.may_start_threads and (means.threads_first or not are_connected):
        return StartThreads(heard)  # E4
    if are_connected and means.has_helper():
        return AskHelper(pgid, heard)  # E5
    if means.may_start_threads:
        return StartThreads(heard)  # E6
    if not are_connected:
        raise _never_connected(heard[0], means)  # E7
    raise _no_threads(pgid, means.no_thread)  # E7


def caller_event(caller: Facts, event: int) -> StartOwnThread:
    """What to do for an event to the calling process."""
    if not _hears(caller, event):
        raise _ignored(f"process {caller.pid}", [caller])  # S1
    return StartOwnThread(caller)  # S2


def process_event(
    target: Facts,
    event: int,
    on_console: Sequence[Seen],
    everywhere: Callable[[], Iterable[Seen]],
    describe: Callable[[Seen], ProcessInfo],
    is_starting: Callable[[int], bool],
    means: Means,
) -> ProcessPlan:
    """What to do for an event to one process, which is not the caller.

    `everywhere` gives all processes there are; `describe` describes a process for an error;
    `is_starting`: as for `group_event`.
    """
    if target.has_gui_subsystem:
        raise _never_connected(target, means)  # P1
    if not _hears(target, event):
        raise _ignored(f"process {target.pid}", [target])  # P2
    connected = is_connected(target, on_console)
    if connected and not possible_others(target, on_console):
        return SendToGroup(target.pgid)  # P3
    if not connected and is_starting(target.pid) and means.may_wait():
        return AwaitConsole()  # P4
    if means.may_start_threads:
        return StartThread(target)  # P5
    others = (
        possible_others(target, on_console) if connected else others_elsewhere(target, everywhere())
    )
    if others:
        raise _would_reach([target], [describe(other) for other in others], means)  # P6
    may_connect = may_be_connected(target) and not connected
    refusal = _no_route(target, may_connect, means)
    if may_connect and not is_starting(target.pid) and means.has_helper():
        return AskHelperIfAlone(target, refusal)  # P7
    raise refusal  # P8


def tree_event(
    family: Sequence[Facts],
    event: int,
    on_console: Sequence[Seen],
    everywhere: Callable[[], Iterable[Seen]],
    describe: Callable[[Seen], ProcessInfo],
    is_starting: Callable[[int], bool],
    means: Means,
) -> TreePlan:
    """What to do for an event to a process, the first of `family`, and to its descendants.

    The other arguments: as for `process_event`.
    """
    root, pids = family[0], {member.pid for member in family}
    meant = [member for member in family if not member.has_gui_subsystem]
    if not meant:
        raise _never_connected(root, means)  # T1
    heard = tuple(hearing(meant, event))
    if not heard:
        raise _ignored(f"process {root.pid}, like its descendants in its group,", meant)  # T2
    others = [other for other in possible_others(root, on_console) if other.pid not in pids]
    apart = [member for member in meant if not is_connected(member, on_console)]
    if not others:
        if not apart:
            return SendToGroup(root.pgid)  # T3
        if any(is_starting(one.pid) for one in apart) and means.may_wait():
            return AwaitConsole()  # T4
    if means.may_start_threads:
        return StartThreads(heard)  # T5
    elsewhere = others_elsewhere(root, everywhere())
    others += [other for other in elsewhere if other.pid not in pids and other not in others]
    if others:
        raise _would_reach(family, [describe(other) for other in others], means)  # T6
    if len(apart) == len(meant) and all(map(may_be_connected, apart)) and means.has_helper():
        return AskHelper(root.pgid, heard)  # T7
    raise _no_route(apart[0], may_be_connected(apart[0]), means)  # T8


def named_by_pid(named: Facts, caller: Facts, descendants: Callable[[], list[Facts]]) -> NamedByPid:
    """Which processes `os_kill` means by a pid, which is not the caller's.

    `descendants`: what `family` finds.
    """
    is_in_group = caller.pgid == named.pgid
    if named.is_leader and not is_in_group:
        return ForGroup(named.pgid)  # K1
    # Outside of the group it need not be looked for, which takes long.
    if is_in_group and caller.pid in (process.pid for process in descendants()):
        return ForProcess(named.pid)  # K2
    return ForTree(named.pid)  # K3


def family(
    known: Sequence[Facts],
    everywhere: Callable[[int], Iterable[Seen]],
    created: Callable[[int], int],
) -> list[Facts]:
    """Processes, and after them their live descendants in the group of the first.

    `known`: the process itself, and descendants of it that were found before and may have exited.
    `everywhere` gives all processes that were created at a time or later: what is older than the
    process is no descendant (F2), so nothing else of it need be read. `created`: as for `members`.
    """
    everywhere_in_group = [
        seen
        for seen in everywhere(created(known[0].pid))
        if isinstance(seen, Facts) and seen.pgid == known[0].pgid
    ]
    return _with_descendants(known, everywhere_in_group, created)


def _with_descendants(
    known: Sequence[Facts], everywhere: Sequence[Facts], created: Callable[[int], int]
) -> list[Facts]:
    found = {process.pid: process for process in known}
    left = [seen for seen in everywhere if seen.pid not in found]
    grown = True
    while grown:
        grown = False
        for seen in left:
            if seen.pid in found or seen.ppid not in found:  # F1
                continue
            if created(seen.pid) >= created(seen.ppid):  # F2
                found[seen.pid] = seen
                grown = True
    return list(found.values())


def descendants(
    root: Facts,
    everywhere: Callable[[int], Iterable[Seen]],
    created: Callable[[int], int],
) -> list[Facts]:
    """A process, and after it its live descendants; the arguments as for `family`."""
    readable = [seen for seen in everywhere(created(root.pid)) if isinstance(seen, Facts)]
    return _with_descendants([root], readable, created)  # D1


def _wait_for(process: Facts, means: Means) -> AwaitConsole:
    if not means.may_wait():
        raise _not_on_console(process)
    return AwaitConsole()


def is_connected(target: Facts, on_console: Iterable[Seen]) -> bool:
    return may_be_connected(target) and any(seen.pid == target.pid for seen in on_console)


def possible_others(target: Facts, everywhere: Iterable[Seen]) -> list[Seen]:
    """The other processes that are in the target's group, or that cannot be read and may be."""
    return [
        seen
        for seen in everywhere
        if seen.pid != target.pid and (isinstance(seen, Unreadable) or seen.pgid == target.pgid)
    ]


def others_elsewhere(target: Facts, everywhere: Iterable[Seen]) -> list[Seen]:
    """The same for a target that is not on the caller's console, out of all processes there are.

    Some of those can never be read, and many are on no console, as a console's own server is.
    """
    readable = [seen for seen in everywhere if isinstance(seen, Facts) and may_be_connected(seen)]
    return possible_others(target, readable)


def is_alone(pid: int, pgid: int, on_console: Sequence[Seen]) -> bool:
    """Whether no other process on its console is, or might be, in its group: as P3."""
    member = [seen for seen in connected_members(pgid, on_console) if seen.pid == pid]
    return bool(member) and not possible_others(member[0], on_console)


def console_event(event: int, on_console: Iterable[Seen]) -> SendToConsole:
    """What to do for an event to the whole console that the caller, or the helper, is on."""
    deaf: list[Facts] = []
    for seen in on_console:
        if isinstance(seen, Unreadable) or _hears(seen, event):
            break
        deaf.append(seen)
    else:
        if deaf:
            raise _ignored("every process on the console", deaf)  # C1
    return SendToConsole()  # C2


def console_elsewhere(pid: int, *, has_helper: bool) -> AskHelperForConsole:
    """What to do for an event to the whole console of another process, `pid`."""
    if has_helper:
        return AskHelperForConsole(pid)  # C3
    raise unsupported(  # C4
        "a frozen program has no Python to send on another console; use killpg() for each group"
        " there"
    )


def members(
    pgid: int,
    everywhere: Iterable[Seen],
    created: Callable[[int], int],
    *,
    had_leader: bool = False,
) -> list[Facts]:
    """The members of a group among all processes.

    `created` gives when a pid was created. `had_leader`: the leader was alive a moment ago, and
    its pid cannot have been given away since.
    """
    found = [seen for seen in everywhere if isinstance(seen, Facts) and seen.pgid == pgid]  # M1
    if had_leader or any(member.is_leader for member in found):
        birth = created(pgid)
        found = [member for member in found if created(member.pid) >= birth]  # M2
    return found


def connected_members(pgid: int, on_console: Iterable[Seen]) -> list[Facts]:
    """The processes on the caller's console that prove that it knows a group: see G1."""
    return [
        seen
        for seen in on_console
        if isinstance(seen, Facts) and seen.pgid == pgid and may_be_connected(seen)
    ]


def hearing(members: Iterable[Facts], event: int) -> list[Facts]:
    """The members of a group that the event has an effect on."""
    return [member for member in members if _hears(member, event)]


def may_be_connected(process: Facts) -> bool:
    """Whether a process is, or may by itself come to be, on the console of its creator."""
    return process.console == Console.SOME and not process.has_gui_subsystem


def _hears(process: Facts, event: int) -> bool:
    return event != CTRL_C_EVENT or not process.ignores_ctrl_c


# --- the refusals ---------------------------------------------------------------------------------


def no_group(pgid: int, named: Seen | None) -> OSError:
    """For a group without a live member. `named`: the process whose pid the id is."""
    if isinstance(named, Facts) and not named.is_leader:
        return not_a_leader(named.pid, named.pgid)
    if isinstance(named, Unreadable):
        return named.error
    return no_such_group(pgid)


def no_such_group(pgid: int) -> ProcessLookupError:
    return make(ProcessLookupError, f"there is no process group {pgid}")


def _would_reach(
    targets: Sequence[Facts], others: Sequence[ProcessInfo], means: Means
) -> WouldReachOthers:
    why_not, target = means.no_thread, targets[0]
    reason = why_not.strerror if why_not else NO_THREADS
    error = make(
        WouldReachOthers,
        f"an event to {_list(targets)} would also reach {_list(others)} in process group"
        f" {target.pgid} (a thread is not possible: {reason}); {_instead(target, others, means)}",
        why_not,
    )
    error.others = tuple(others)
    return error


def _instead(target: Facts, others: Sequence[ProcessInfo], means: Means) -> str:
    """What to do instead: never what would reach the caller."""
    pids = {other.pid for other in others}
    if means.caller in pids:
        return (
            "that is the group of the calling process too, so start the process with"
            " ctrlevent.Popen, which gives it a group of its own"
        )
    if all(other.ppid in pids | {target.pid} for other in others):
        return f"use kill({target.pid}, ..., tree=True) if its descendants are meant too"
    return f"use killpg({target.pgid}, ...) if they are meant too"


def _no_route(target: Facts, may_connect: bool, means: Means) -> PermissionError | NoConsole:
    no_thread = means.no_thread
    if no_thread is None:
        return _not_on_console(target) if may_connect else _never_connected(target, means)
    return make(
        PermissionError,
        f"process {target.pid} is not on the console of the calling process, and no thread can be"
        f" started in it: {no_thread.strerror}; call this from a process on its console",
        no_thread,
    )


def _not_on_console(process: Facts) -> NoConsole:
    return make(
        NoConsole,
        f"process {process.pid} is not on the console of the calling process, through which events"
        " are sent, or not yet; call this from a process on its console, or with a longer timeout=",
    )


def _no_threads(pgid: int, why_not: OSError | None) -> PermissionError:
    """A group on another console, in whose members no threads can be started."""
    reason = why_not.strerror if why_not else NO_THREADS
    return make(
        PermissionError,
        f"process group {pgid} is not on the console of the calling process, and no thread can be"
        f" started in every member: {reason}; call this from a process on its console",
        why_not,
    )


def sent_in_part(pgid: int, reached: Sequence[int], refused: OSError) -> PermissionError:
    """For a group on several consoles, if some refuse when others have taken the event: a console
    refuses only when it is asked to send.
    """
    pids = ", ".join(f"process {pid}" for pid in sorted(reached))
    return make(
        PermissionError,
        f"process group {pgid} is on several consoles, and the event has reached {pids}, but not"
        f" the rest: {refused.strerror}",
        refused,
    )


def _never_connected(process: Facts, means: Means) -> NoConsole:
    if process.has_gui_subsystem:
        why = "is a GUI program, so it gets no console events"
    else:
        reason = means.no_thread.strerror if means.no_thread else NO_THREADS
        why = f"has no console, so it gets an event only by a thread in it ({reason})"
    return make(
        NoConsole,
        f"process {process.pid} {why}; end it with kill({process.pid}, signal.SIGTERM), or start it"
        " on a console",
        means.no_thread,
    )


def _ignored(subject: str, processes: Sequence[Facts]) -> CtrlCIgnored:
    return make(CtrlCIgnored, f"{subject} ignores Ctrl+C ({_list(processes)}): {HEAR_CTRL_C}")


def _list(processes: Sequence[Seen | ProcessInfo]) -> str:
    shown = [f"process {process.pid}" for process in processes[:8]]
    more = len(processes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
