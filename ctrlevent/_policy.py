"""Who may be sent what. Every such decision is made here, from facts alone; nothing is touched.

Each function gets what was read (`_facts`) and returns a plan, or raises the refusal. When what
would be needed to be sure could not be read, the answer is a refusal.

An event to a group (`group_event`)
  G1  A live process on the caller's console whose PEB names the group proves that the console
      knows the group. Only then does GenerateConsoleCtrlEvent reach exactly its members: for an id
      that is no group to the console it answers success, and the event is broadcast later.
      A GUI program, or one that was started without a console, proves nothing even if it is on the
      list: a plain `os.kill` of its pid puts it there without its being connected.
  G2  A Ctrl+C that every member would ignore is refused: CtrlCIgnored.
  G3  Nobody on the console is in the group, but its leader is alive, young, and may still connect:
      wait for it.
  G4  Else the group is not on this console: see below. But if a process on the console could not be
      read and nothing else is known of the group, it might be there: PermissionError.

An event to a group that is not on the caller's console (`group_elsewhere`)
  E1  Nobody is in it: NotAGroupLeader, with its group, if the id is the pid of a process that leads
      none; else ProcessLookupError. If the process of that pid cannot be read: PermissionError.
  E2  Members that are GUI programs, or on no console, get no console events. If there are no
      others: NoConsole; but a young leader that is to get a console of its own is waited for.
  E3  A Ctrl+C that every other would ignore is refused: CtrlCIgnored.
  E4  A thread at CtrlRoutine in each of the others: in all of them, or in none.

An event to one process (`process_event`)
  P1  A GUI program, unless it is the caller, is refused with NoConsole: no console sends it events,
      so it does not expect any and would just end.
  P2  A Ctrl+C that it would ignore is refused: CtrlCIgnored.
  P3  The caller itself: a thread at CtrlRoutine in the own process. Needs no console.
  P4  It is on the caller's console, and everybody else there is known to be in another group: to
      its group. (Somebody who cannot be read might be in it.)
  P5  Any other: a thread at CtrlRoutine in that process; but one that is young, and may still
      connect to the console, is waited for first.
  P6  If the caller wants none, or no thread can be started in it (`without_thread`): one that
      shares its group is refused with WouldReachOthers. One that does not, and is young, may still
      connect to the console: it is waited for. Else, if it is on another console, to its group
      there. What is left is NoConsole, or PermissionError if a thread was wanted.

An event to the whole console (`console_event`)
  C1  Somebody on it must hear it, as in G2.

Ending a group (`members`)
  M1  A member is a live process that names the group in its PEB.
  M2  Where the leader is alive, only what was created after it: an older process got the number
      from an earlier leader, whose pid Windows has given away again.
"""

from __future__ import annotations

from ._errors import CtrlCIgnored, NoConsole, WouldReachOthers, make, not_a_leader
from ._facts import Console, Facts, Unreadable
from ._namedtuple import NamedTuple
from ._win32.constants import CTRL_C_EVENT

# Not from `typing`: see `_namedtuple`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Callable, Union

    from ._facts import Seen
    from ._types import ProcessInfo

HEAR_CTRL_C = (
    "children started with CREATE_NEW_PROCESS_GROUP do; call ignore_ctrl_c(False, pid) to make one"
    " hear it, or send CTRL_BREAK_EVENT, which cannot be ignored in this way"
)


# Seconds after which a process has connected to its console, or is looked for elsewhere. It takes
# some 50 ms; who takes longer is found here when it is not found there.
STARTING = 0.5


class SendToGroup(NamedTuple):
    """GenerateConsoleCtrlEvent, which the console will send to the members of this group."""

    pgid: int


class StartThread(NamedTuple):
    """A thread at CtrlRoutine in that process."""

    pid: int


class StartThreads(NamedTuple):
    """A thread at CtrlRoutine in each of these processes."""

    targets: tuple[Facts, ...]


class LookElsewhere(NamedTuple):
    """The group is not on the caller's console; see `group_elsewhere`."""


class SendElsewhere(NamedTuple):
    """To the target's group on the target's console, if nobody else there is in it."""

    otherwise: OSError
    """What to raise if that is not possible."""


class AwaitConsole(NamedTuple):
    """A process may be about to connect to its console: look again in a moment."""

    otherwise: OSError
    """What to raise when it has not done so in time."""


if TYPE_CHECKING:
    GroupPlan = Union[SendToGroup, AwaitConsole, LookElsewhere]
    ProcessPlan = Union[SendToGroup, StartThread]


def group_event(
    pgid: int,
    event: int,
    on_console: Iterable[Seen],
    named: Callable[[], Seen | None],
    age: Callable[[int], float],
) -> GroupPlan:
    """What to do for an event to a group.

    `on_console` is read no further than needed. `named` tells of the process whose pid the group
    id is; None when there is none alive. `age` tells how many seconds ago a pid was created.
    """
    members: list[Facts] = []
    unreadable: list[Unreadable] = []
    for seen in on_console:
        if isinstance(seen, Unreadable):
            unreadable.append(seen)
        elif seen.pgid == pgid and may_be_connected(seen):
            if _hears(seen, event):
                return SendToGroup(pgid)  # G1
            members.append(seen)
    if members:
        raise _ignored(f"every member of process group {pgid}", members)  # G2
    leader = named()
    if isinstance(leader, Facts):
        if leader.is_leader and may_be_connected(leader) and is_starting(pgid, age):
            return AwaitConsole(_not_on_console(leader))  # G3
    elif unreadable and leader is None:
        raise make(  # G4
            PermissionError,
            f"whether process group {pgid} is on the console is not known: {_list(unreadable)}"
            " there may not be opened; call this from an elevated process",
        )
    return LookElsewhere()


def group_elsewhere(
    pgid: int,
    event: int,
    everywhere: Sequence[Facts],
    named: Seen | None,
    age: Callable[[int], float],
) -> StartThreads | AwaitConsole:
    """What to do for an event to a group of which nobody is on the caller's console.

    `everywhere`: its members (see `members`); `named`, `age`: as for `group_event`.
    """
    if not everywhere or isinstance(named, Unreadable):
        raise no_group(pgid, named)  # E1
    reachable = [member for member in everywhere if may_be_connected(member)]
    if not reachable:
        for member in everywhere:
            if member.console == Console.ASKED_FOR and is_starting(member.pid, age):
                return AwaitConsole(_not_on_console(member))
        raise _never_connected(everywhere[0])  # E2
    hearing = [member for member in reachable if _hears(member, event)]
    if not hearing:
        raise _ignored(f"every member of process group {pgid}", reachable)  # E3
    return StartThreads(tuple(hearing))  # E4


def process_event(
    target: Facts,
    event: int,
    *,
    caller: int,
    on_console: Sequence[Seen],
) -> ProcessPlan:
    """What to do for an event to one process. `caller` is the pid of the calling process.

    StartThread in the answer is also the answer to what cannot be done otherwise; where it fails,
    `without_thread` tells what is left.
    """
    if target.has_gui_subsystem and target.pid != caller:
        raise _never_connected(target)  # P1
    if not _hears(target, event):
        raise _ignored(f"process {target.pid}", [target])  # P2
    if target.pid == caller:
        return StartThread(caller)  # P3
    if is_connected(target, on_console) and not possible_others(target, on_console):
        return SendToGroup(target.pgid)  # P4
    return StartThread(target.pid)  # P5


def without_thread(
    target: Facts,
    others: Sequence[ProcessInfo],
    why_not: OSError | None,
    age: Callable[[int], float],
) -> AwaitConsole | SendElsewhere:
    """P6, for a target that P4 does not allow.

    `others`: who is, or might be, in its group: on the caller's console if the target is there,
    else anywhere. `why_not`: what stood against a thread; None if the caller wanted none. `age`: as
    for `group_event`.
    """
    if others:
        raise _would_reach(target, others, why_not)
    if not may_be_connected(target):
        raise _no_way(target, why_not) if why_not else _never_connected(target)
    refusal = _no_way(target, why_not) if why_not else _not_on_console(target)
    if is_starting(target.pid, age):
        return AwaitConsole(refusal)
    return SendElsewhere(refusal)


def is_connected(target: Facts, on_console: Iterable[Seen]) -> bool:
    return may_be_connected(target) and any(seen.pid == target.pid for seen in on_console)


def is_about_to_connect(
    target: Facts, on_console: Iterable[Seen], age: Callable[[int], float]
) -> bool:
    """Whether a target of P5 is better waited for: once it is connected, P4 may allow it."""
    return (
        may_be_connected(target)
        and not is_connected(target, on_console)
        and is_starting(target.pid, age)
    )


def possible_others(target: Facts, everybody: Iterable[Seen]) -> list[Seen]:
    """Who else is in the target's group, or might be: who cannot be read might."""
    return [
        seen
        for seen in everybody
        if seen.pid != target.pid and (isinstance(seen, Unreadable) or seen.pgid == target.pgid)
    ]


def others_elsewhere(target: Facts, everybody: Iterable[Seen]) -> list[Seen]:
    """The same for a target that is not on the caller's console, out of all processes there are.

    Of those, some can never be read, and many are on no console, as a console's own server is.
    """
    readable = [seen for seen in everybody if isinstance(seen, Facts) and may_be_connected(seen)]
    return possible_others(target, readable)


def is_alone(pid: int, pgid: int, on_console: Sequence[Seen]) -> bool:
    """Whether a process is the only one on a console that is, or might be, in a group: as P4."""
    member = [seen for seen in connected_members(pgid, on_console) if seen.pid == pid]
    return bool(member) and not possible_others(member[0], on_console)


def console_event(event: int, on_console: Iterable[Seen]) -> None:
    """Whether an event to the whole console makes sense; raises the refusal if not."""
    deaf: list[Facts] = []
    for seen in on_console:
        if isinstance(seen, Unreadable) or _hears(seen, event):
            return
        deaf.append(seen)
    if deaf:
        raise _ignored("every process on the console", deaf)  # C1


def members(
    pgid: int,
    everybody: Iterable[Seen],
    created: Callable[[int], int],
    *,
    had_leader: bool = False,
) -> list[Facts]:
    """The members of a group among all processes.

    `created` tells when a pid was created. `had_leader`: the leader was alive a moment ago, and
    its pid cannot have been given away since.
    """
    found = [seen for seen in everybody if isinstance(seen, Facts) and seen.pgid == pgid]
    if had_leader or any(member.is_leader for member in found):
        birth = created(pgid)
        found = [member for member in found if created(member.pid) >= birth]
    return found


def connected_members(pgid: int, on_console: Iterable[Seen]) -> list[Facts]:
    """Those on the caller's console who are proof that it knows a group: see G1."""
    return [
        seen
        for seen in on_console
        if isinstance(seen, Facts) and seen.pgid == pgid and may_be_connected(seen)
    ]


def may_be_connected(process: Facts) -> bool:
    """Whether a process is, or may by itself come to be, on the console of its creator."""
    return process.console == Console.SOME and not process.has_gui_subsystem


def is_starting(pid: int, age: Callable[[int], float]) -> bool:
    """Whether a process is so young that it may still connect to its console.

    One that seems to be younger than nothing is not, as the clock was set back since: it would be
    waited for as long as it was set back.
    """
    return 0 <= age(pid) < STARTING


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
    target: Facts, others: Sequence[ProcessInfo], why_not: OSError | None
) -> WouldReachOthers:
    reason = f" (a thread in it alone is not possible: {why_not.strerror})" if why_not else ""
    error = make(
        WouldReachOthers,
        f"an event to process {target.pid} would also reach {_list(others)} in process group"
        f" {target.pgid}{reason}; use killpg({target.pgid}, ...) if they are meant too",
        why_not,
    )
    error.others = tuple(others)
    return error


def _no_way(target: Facts, why_not: OSError) -> PermissionError:
    return make(
        PermissionError,
        f"process {target.pid} is not on the console of the calling process, and no thread can be"
        f" started in it: {why_not.strerror}; call this from a process on its console",
        why_not,
    )


def _not_on_console(process: Facts) -> NoConsole:
    return make(
        NoConsole,
        f"process {process.pid} is not on the console of the calling process, through which events"
        " are sent, or not yet; call this from a process on its console, or with a longer timeout=",
    )


def no_threads(pgid: int, why_not: OSError) -> PermissionError:
    """A group on another console, in whose members no threads can be started."""
    return make(
        PermissionError,
        f"process group {pgid} is not on the console of the calling process, and no thread can be"
        f" started in every member: {why_not.strerror}; call this from a process on its console",
        why_not,
    )


def sent_in_part(pgid: int, reached: Sequence[int], refused: OSError) -> PermissionError:
    """A group on several consoles, of which a later one takes no event: that cannot be seen before
    it is asked to.
    """
    pids = ", ".join(f"process {pid}" for pid in sorted(reached))
    return make(
        PermissionError,
        f"process group {pgid} is on several consoles, and the event has reached {pids}, but not"
        f" the rest: {refused.strerror}",
        refused,
    )


def _never_connected(process: Facts) -> NoConsole:
    why = "is a GUI program" if process.has_gui_subsystem else "has no console"
    return make(
        NoConsole,
        f"process {process.pid} {why}, so it gets no console events; end it with"
        f" kill({process.pid}, signal.SIGTERM), or start it on a console",
    )


def _ignored(who: str, processes: Sequence[Facts]) -> CtrlCIgnored:
    return make(CtrlCIgnored, f"{who} ignores Ctrl+C ({_list(processes)}): {HEAR_CTRL_C}")


def _list(processes: Sequence[Seen | ProcessInfo]) -> str:
    shown = [f"process {process.pid}" for process in processes[:8]]
    more = len(processes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
