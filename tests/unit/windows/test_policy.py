"""The rules at the head of `ctrlevent/_windows/policy.py`: the tests of each have its name."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any, Callable, NoReturn

import pytest

from ctrlevent import _errors as e
from ctrlevent._types import CtrlEvent, ProcessInfo
from ctrlevent._windows import policy as p
from ctrlevent._windows.peb import Console, Facts, Unreadable
from ctrlevent._windows.plans import (
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

from .means import MEANS, means

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ctrlevent._windows.peb import Seen

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT

CALLER = 1000

NO_THREAD = OSError(0, "it is a 32-bit process, unlike the caller")


def facts(pid: int, pgid: int | None = None, ignores: bool = False, **changes: Any) -> Facts:
    """A process that leads its group, or is in `pgid`, and is on a console."""
    return Facts(
        pid=pid,
        ppid=CALLER,
        pgid=pgid or pid,
        ignores_ctrl_c=ignores,
        has_gui_subsystem=False,
        console=Console.SOME,
        is_32bit=False,
    )._replace(**changes)


def denied(pid: int) -> Unreadable:
    return Unreadable(pid, e.make(PermissionError, f"process {pid} may not be opened"))


def info(pid: int) -> ProcessInfo:
    return ProcessInfo(pid, CALLER, 8, pid == 8, False, "x.exe")


def nobody() -> None:
    return None


def not_asked(*_: object) -> NoReturn:
    raise AssertionError("asked for what is not needed")


TOO_LATE = means(may_wait=False)


# --- G: an event to a group -----------------------------------------------------------------------


def group_event(
    pgid: int,
    event: CtrlEvent,
    on_console: Iterable[Seen],
    named: Callable[[], Seen | None] = not_asked,
    is_starting: Callable[[int], bool] = not_asked,
    means: p.Means = MEANS,
) -> p.GroupPlan:
    return p.group_event(pgid, event, on_console, named, is_starting, means)


@pytest.mark.parametrize("event", [C, BREAK])
def test_G1_live_member_on_the_console_is_proof(event: CtrlEvent) -> None:
    assert group_event(8, event, [facts(8)]) == SendToGroup(8)


def test_G1_member_is_proof_though_the_leader_is_gone() -> None:
    assert group_event(8, C, [facts(4), facts(12, 8)]) == SendToGroup(8)


def test_G1_console_is_read_no_further_than_to_the_proof() -> None:
    def on_console() -> Iterator[Seen]:
        yield facts(8)
        raise AssertionError("read on")

    assert group_event(8, C, on_console()) == SendToGroup(8)


def test_G1_unreadable_bystander_does_not_matter_once_there_is_proof() -> None:
    assert group_event(8, C, [denied(4), facts(8)]) == SendToGroup(8)


@pytest.mark.parametrize("why", [{"has_gui_subsystem": True}, {"console": Console.NONE}])
def test_G1_member_that_cannot_be_connected_proves_nothing(why: dict[str, Any]) -> None:
    assert group_event(8, C, [facts(12, 8, **why)], nobody) == LookElsewhere()


def test_G1_member_of_another_group_proves_nothing() -> None:
    assert group_event(8, C, [facts(12)], nobody) == LookElsewhere()


def test_G1_one_member_that_hears_is_enough() -> None:
    on_console = [facts(8, ignores=True), facts(12, 8)]
    assert group_event(8, C, on_console) == SendToGroup(8)


def test_G1_members_count_more_than_a_stranger_with_the_number_as_its_pid() -> None:
    """The pid of a leader that exited is free again, and any process may have it."""
    assert group_event(8, C, [facts(12, 8), facts(8, 4)]) == SendToGroup(8)


def test_G2_ctrl_c_that_every_member_ignores_is_refused() -> None:
    on_console = [facts(8, ignores=True), facts(12, 8, ignores=True), facts(16)]
    with pytest.raises(e.CtrlCIgnored, match=r"group 8 ignores.*process 8, process 12\)"):
        group_event(8, C, on_console)


def test_G2_refusal_says_how_to_make_them_hear() -> None:
    with pytest.raises(e.CtrlCIgnored, match=r"ignore_ctrl_c\(False, pid\).*CTRL_BREAK_EVENT"):
        group_event(8, C, [facts(8, ignores=True)])


def test_G2_break_cannot_be_ignored() -> None:
    assert group_event(8, BREAK, [facts(8, ignores=True)]) == SendToGroup(8)


def test_G3_starting_leader_that_may_still_connect_is_waited_for() -> None:
    plan = group_event(8, C, [], lambda: facts(8), lambda _: True)
    assert plan == AwaitConsole()


def test_G3_leader_that_has_not_connected_in_time_is_refused() -> None:
    with pytest.raises(e.NoConsole, match=r"process 8 is not on the console.*longer timeout="):
        group_event(8, C, [], lambda: facts(8), lambda _: True, TOO_LATE)


def test_G3_it_is_asked_of_the_leader_whether_it_is_starting() -> None:
    plan = group_event(8, C, [], lambda: facts(8), {8: True}.__getitem__)
    assert plan == AwaitConsole()


def test_G3_leader_that_has_started_elsewhere_is_not_waited_for() -> None:
    assert group_event(8, C, [], lambda: facts(8), lambda _: False) == LookElsewhere()


@pytest.mark.parametrize("console", [Console.NONE, Console.ASKED_FOR])
def test_G3_leader_that_has_no_console_yet_is_waited_for(console: Console) -> None:
    leader = facts(8, console=console)
    assert group_event(8, C, [], lambda: leader, lambda _: True) == AwaitConsole()


def test_G3_gui_leader_is_not_waited_for() -> None:
    leader = facts(8, has_gui_subsystem=True)
    assert group_event(8, C, [], lambda: leader, not_asked) == LookElsewhere()


def test_G3_process_that_leads_no_group_is_not_waited_for() -> None:
    assert group_event(12, C, [], lambda: facts(12, 8), lambda _: True) == LookElsewhere()


def test_G3_gui_leader_that_a_plain_os_kill_put_on_the_list_is_no_proof() -> None:
    phantom = facts(8, has_gui_subsystem=True)
    assert group_event(8, C, [phantom], lambda: phantom) == LookElsewhere()


def test_G3_unreadable_bystander_does_not_matter_while_the_leader_starts() -> None:
    plan = group_event(8, C, [denied(4)], lambda: facts(8), lambda _: True)
    assert plan == AwaitConsole()


def test_G4_unreadable_process_on_the_console_might_be_a_member() -> None:
    with pytest.raises(PermissionError, match=r"process 4 there may not be opened.*elevated"):
        group_event(8, C, [denied(4)], nobody)


def test_G4_long_list_is_cut() -> None:
    unreadable = [denied(pid) for pid in range(4, 44, 4)]
    with pytest.raises(PermissionError, match="process 32 and 2 more there"):
        group_event(80, C, unreadable, nobody)


def test_G4_list_of_eight_is_not_cut() -> None:
    unreadable = [denied(pid) for pid in range(4, 36, 4)]
    with pytest.raises(PermissionError, match="process 32 there"):
        group_event(80, C, unreadable, nobody)


def test_G5_group_of_no_process_on_the_console_is_looked_for_elsewhere() -> None:
    assert group_event(8, C, [facts(4)], nobody) == LookElsewhere()


# --- E: an event to a group that is not on the caller's console -----------------------------------


def group_elsewhere(
    pgid: int,
    event: CtrlEvent,
    everywhere: list[Facts],
    named: Seen | None,
    is_starting: Callable[[int], bool] = lambda _: False,
    means: p.Means = MEANS,
) -> p.ElsewherePlan:
    return p.group_elsewhere(pgid, event, everywhere, named, is_starting, means)


def test_E1_no_such_group() -> None:
    with pytest.raises(ProcessLookupError, match="there is no process group 8") as caught:
        group_elsewhere(8, C, [], None)
    assert type(caught.value) is ProcessLookupError


def test_E1_pid_of_a_process_that_leads_no_group_names_its_group() -> None:
    with pytest.raises(e.NotAGroupLeader, match=r"killpg\(8, ...\).*kill\(12, ...\)") as caught:
        group_elsewhere(12, C, [], facts(12, 8))
    assert caught.value.pgid == 8


def test_E1_unreadable_process_of_that_pid_is_its_own_error() -> None:
    leader = denied(8)
    with pytest.raises(PermissionError) as caught:
        group_elsewhere(8, C, [], leader)
    assert caught.value is leader.error


def test_E2_group_of_gui_programs_alone() -> None:
    leader = facts(8, has_gui_subsystem=True)
    with pytest.raises(e.NoConsole, match=r"process 8 is a GUI program.*kill\(8, signal.SIGTERM\)"):
        group_elsewhere(8, C, [leader], leader)


def test_E2_member_without_a_console_is_left_out_beside_others() -> None:
    detached, hears = facts(8, console=Console.NONE), facts(12, 8)
    assert group_elsewhere(8, C, [detached, hears], detached) == AskHelper(8, (hears,))


@pytest.mark.parametrize("console", [Console.NONE, Console.ASKED_FOR])
def test_E2_starting_process_that_has_no_console_yet_is_waited_for(console: Console) -> None:
    leader, starting = facts(8, console=console), {8: True}
    assert group_elsewhere(8, C, [leader], leader, starting.__getitem__) == AwaitConsole()
    with pytest.raises(e.NoConsole, match="process 8 is not on the console"):
        group_elsewhere(8, C, [leader], leader, starting.__getitem__, TOO_LATE)


@pytest.mark.parametrize("console", [Console.NONE, Console.ASKED_FOR])
def test_E2_other_process_without_a_console_is_not_waited_for(console: Console) -> None:
    leader = facts(8, console=console)
    assert group_elsewhere(8, C, [leader], leader, lambda _: False) == StartThreads((leader,))


def test_E2_each_member_is_asked_but_gui_programs() -> None:
    leader, gui = facts(8, console=Console.NONE), facts(12, 8, has_gui_subsystem=True)
    child = facts(16, 8, console=Console.NONE)
    starting = {8: False, 16: True}.__getitem__
    assert group_elsewhere(8, C, [leader, gui, child], leader, starting) == AwaitConsole()


def test_E2_beside_a_connected_member_none_is_waited_for() -> None:
    leader, hears = facts(8, console=Console.NONE), facts(12, 8)
    plan = group_elsewhere(8, C, [leader, hears], leader, lambda _: pytest.fail("asked"))
    assert plan == AskHelper(8, (hears,))


def test_E2_members_without_a_console_are_left_out() -> None:
    gui, hears = facts(8, has_gui_subsystem=True), facts(12, 8)
    assert group_elsewhere(8, C, [gui, hears], gui) == AskHelper(8, (hears,))


def test_E3_ctrl_c_that_every_member_ignores_is_refused() -> None:
    leader = facts(8, ignores=True)
    gui = facts(12, 8, has_gui_subsystem=True)
    with pytest.raises(e.CtrlCIgnored, match=r"group 8 ignores Ctrl\+C \(process 8\)"):
        group_elsewhere(8, C, [leader, gui], leader)


def test_E3_break_cannot_be_ignored() -> None:
    leader = facts(8, ignores=True)
    assert group_elsewhere(8, BREAK, [leader], leader) == AskHelper(8, (leader,))


EVERYWHERE = [facts(8), facts(12, 8), facts(16, 8, ignores=True)]
HEARING = tuple(EVERYWHERE[:2])


def routes_elsewhere(**given: Any) -> p.ElsewherePlan:
    return group_elsewhere(8, C, EVERYWHERE, EVERYWHERE[0], means=means(**given))


@pytest.mark.parametrize("has_helper", [True, False])
def test_E4_threads_first_in_each_member_that_hears(has_helper: bool) -> None:
    plan = routes_elsewhere(threads_first=True, has_helper=has_helper)
    assert plan == StartThreads(HEARING)


def test_E4_members_on_no_console_get_threads() -> None:
    leader, gui = facts(8, console=Console.NONE), facts(12, 8, has_gui_subsystem=True)
    assert group_elsewhere(8, C, [gui, leader], leader) == StartThreads((leader,))


def test_E5_helper_for_the_members_that_hear() -> None:
    assert routes_elsewhere() == AskHelper(8, HEARING)


def test_E5_helper_where_threads_came_first_and_could_not_be_started() -> None:
    plan = routes_elsewhere(threads_first=True, no_thread=NO_THREAD)
    assert plan == AskHelper(8, HEARING)


def test_E6_thread_in_each_member_that_hears_where_there_is_no_helper() -> None:
    assert routes_elsewhere(has_helper=False) == StartThreads(HEARING)


@pytest.mark.parametrize("threads_first", [True, False])
def test_E7_no_thread_says_why_and_what_to_do(threads_first: bool) -> None:
    with pytest.raises(PermissionError) as caught:
        routes_elsewhere(threads_first=threads_first, has_helper=False, no_thread=NO_THREAD)
    assert type(caught.value) is PermissionError
    assert "process group 8 is not on the console" in str(caught.value)
    assert "started in every member: it is a 32-bit process" in str(caught.value)
    assert "call this from a process on its console" in str(caught.value)


def test_E7_threads_are_forbidden_and_there_is_no_helper() -> None:
    with pytest.raises(PermissionError, match="are forbidden, by inject=False"):
        routes_elsewhere(has_helper=False, inject=False)


@pytest.mark.parametrize(
    ("given", "why"),
    [({"inject": False}, "are forbidden"), ({"no_thread": NO_THREAD}, "it is a 32-bit process")],
)
def test_E7_members_on_no_console_and_no_thread(given: dict[str, Any], why: str) -> None:
    leader = facts(8, console=Console.NONE)
    with pytest.raises(e.NoConsole, match=rf"process 8 has no console.*{why}.*SIGTERM"):
        group_elsewhere(8, C, [leader], leader, means=means(**given))


def test_group_on_several_consoles_of_which_one_refused_says_who_got_the_event() -> None:
    refused = e.make(PermissionError, "the console refuses")
    e.set_winerror(refused, 34)
    error = p.sent_in_part(8, [12, 8], refused)
    assert (type(error), e.winerror_of(error)) == (PermissionError, 34)
    assert error.strerror == (
        "process group 8 is on several consoles, and the event has reached process 8, process 12,"
        " but not the rest: the console refuses"
    )


# --- S: an event to the caller itself -------------------------------------------------------------


def test_S1_ctrl_c_that_the_caller_ignores_is_refused() -> None:
    with pytest.raises(e.CtrlCIgnored, match=rf"process {CALLER} ignores"):
        p.caller_event(facts(CALLER, ignores=True), C)


def test_S2_break_cannot_be_ignored() -> None:
    caller = facts(CALLER, ignores=True)
    assert p.caller_event(caller, BREAK) == StartOwnThread(caller)


@pytest.mark.parametrize("why", [{}, {"console": Console.NONE}, {"has_gui_subsystem": True}])
def test_S2_caller_gets_a_thread_on_whatever_console(why: dict[str, Any]) -> None:
    caller = facts(CALLER, **why)
    assert p.caller_event(caller, C) == StartOwnThread(caller)


# --- P: an event to another process ---------------------------------------------------------------


def plan(
    target: Facts,
    event: CtrlEvent,
    *on_console: Seen,
    everywhere: Iterable[Seen] = (),
    is_starting: Callable[[int], bool] = lambda _: False,
    **given: Any,
) -> p.ProcessPlan:
    return p.process_event(
        target,
        event,
        on_console,
        lambda: everywhere,
        lambda seen: info(seen.pid),
        is_starting,
        means(**given),
    )


@pytest.mark.parametrize("is_listed", [True, False])
def test_P1_gui_program_is_refused(is_listed: bool) -> None:
    target = facts(8, has_gui_subsystem=True)
    with pytest.raises(e.NoConsole, match="process 8 is a GUI program"):
        plan(target, BREAK, *([target] if is_listed else []))


def test_P2_ctrl_c_that_it_ignores_is_refused() -> None:
    target = facts(8, ignores=True)
    with pytest.raises(e.CtrlCIgnored, match=r"process 8 ignores Ctrl\+C.*ignore_ctrl_c\(False"):
        plan(target, C, target)


def test_P2_break_cannot_be_ignored() -> None:
    target = facts(8, ignores=True)
    assert plan(target, BREAK, target) == SendToGroup(8)


def test_P3_process_alone_in_its_group_gets_it_through_the_group() -> None:
    target = facts(8)
    assert plan(target, C, facts(CALLER), target, facts(12)) == SendToGroup(8)


def test_P3_goes_to_the_group_also_where_the_leader_is_gone() -> None:
    target = facts(12, 8)
    assert plan(target, C, facts(CALLER), target) == SendToGroup(8)


def test_P4_starting_process_that_may_still_connect_is_waited_for() -> None:
    """Once it is connected, P3 may hold."""
    found = plan(facts(8), C, facts(CALLER), is_starting={8: True}.__getitem__)
    assert found == AwaitConsole()


def test_P4_is_not_waited_for_when_the_time_is_up() -> None:
    target = facts(8)
    assert plan(target, C, is_starting=lambda _: True, may_wait=False) == StartThread(target)


def test_P4_process_that_has_no_console_yet_is_waited_for() -> None:
    target = facts(8, console=Console.NONE)
    assert plan(target, C, is_starting={8: True}.__getitem__) == AwaitConsole()


@pytest.mark.parametrize("why", ["started", "connected"])
def test_P4_process_that_need_not_be_waited_for(why: str) -> None:
    target = facts(8)
    on_console = [target, facts(12, 8)] if why == "connected" else []
    starts = why != "started"
    assert plan(target, C, *on_console, is_starting=lambda _: starts) == StartThread(target)


def test_P5_process_that_shares_its_group_gets_a_thread() -> None:
    target = facts(8)
    assert plan(target, C, target, facts(12, 8)) == StartThread(target)


def test_P5_member_that_ignores_it_is_still_another_member() -> None:
    target = facts(8)
    assert plan(target, C, target, facts(12, 8, ignores=True)) == StartThread(target)


def test_P5_unreadable_process_might_share_the_group() -> None:
    target = facts(8)
    assert plan(target, C, target, denied(4)) == StartThread(target)


def test_P5_process_on_another_console_gets_a_thread() -> None:
    assert plan(facts(8), C, facts(CALLER)) == StartThread(facts(8))


def test_P5_listed_process_that_cannot_be_connected_gets_a_thread() -> None:
    target = facts(8, console=Console.NONE)
    assert plan(target, C, target) == StartThread(target)


def test_P6_process_that_shares_its_group_would_reach_others() -> None:
    target = facts(8)
    with pytest.raises(e.WouldReachOthers, match="also reach process 12 in process group 8 ") as x:
        plan(target, C, target, facts(12, 8), inject=False)
    assert x.value.others == (info(12),)
    assert "killpg(8, ...)" in str(x.value)


def test_P6_process_that_shares_its_group_elsewhere_would_reach_others() -> None:
    with pytest.raises(
        e.WouldReachOthers, match=r"in process group 8 \(.* forbidden, by inject=False"
    ):
        plan(facts(8), C, everywhere=[facts(8), facts(12, 8)], inject=False)


def test_P6_refusal_says_why_there_is_no_thread() -> None:
    target = facts(8)
    with pytest.raises(e.WouldReachOthers, match="not possible: it is a 32-bit process"):
        plan(target, C, target, facts(12, 8), no_thread=NO_THREAD)


def test_P6_sharing_counts_more_than_being_without_a_console() -> None:
    target = facts(8, console=Console.NONE)
    with pytest.raises(e.WouldReachOthers):
        plan(target, C, everywhere=[target, facts(12, 8)], inject=False)


def test_P6_hint_is_the_group_where_it_does_not_reach_the_caller() -> None:
    target = facts(8)
    with pytest.raises(e.WouldReachOthers, match=r"use killpg\(8, ...\) if they are meant too"):
        plan(target, C, target, facts(12, 8), no_thread=NO_THREAD)


def test_P6_hint_never_recommends_what_would_reach_the_caller() -> None:
    target = facts(12, 8)
    with pytest.raises(e.WouldReachOthers) as caught:
        plan(target, C, target, facts(CALLER, 8), no_thread=NO_THREAD)
    assert "ctrlevent.Popen" in str(caught.value)
    assert "killpg" not in str(caught.value)
    assert "tree" not in str(caught.value)


def test_P6_hint_is_the_tree_where_only_descendants_share_the_group() -> None:
    target, child = facts(8), facts(12, 8, ppid=8)
    with pytest.raises(e.WouldReachOthers, match=r"use kill\(8, ..., tree=True\)"):
        p.process_event(
            target, C, [target, child], list,
            lambda seen: info(seen.pid)._replace(ppid=8), lambda _: False, means(inject=False),
        )  # fmt: skip


def test_P6_error_carries_the_winerror_of_its_cause() -> None:
    cause = OSError(0, "Windows starts no thread in it")
    setattr(cause, "winerror", 8)  # noqa: B010  # typeshed has it on win32 only
    target = facts(8)
    with pytest.raises(e.WouldReachOthers) as caught:
        plan(target, C, target, facts(12, 8), no_thread=cause)
    assert e.winerror_of(caught.value) == 8


@pytest.mark.parametrize(
    ("tried", "error"),
    [({"inject": False}, e.NoConsole), ({"no_thread": NO_THREAD}, PermissionError)],
)
def test_P7_process_on_another_console_gets_it_from_the_helper(
    tried: dict[str, Any], error: type[OSError]
) -> None:
    starting = {8: False}.__getitem__
    found = plan(facts(8), C, facts(CALLER), everywhere=[facts(8)], is_starting=starting, **tried)
    assert isinstance(found, AskHelperIfAlone)
    assert found == AskHelperIfAlone(facts(8), found.otherwise)
    assert type(found.otherwise) is error


def test_P7_alone_is_a_process_beside_which_none_may_be_in_its_group() -> None:
    assert p.is_alone(8, 8, [facts(8), facts(12, 16)])
    assert not p.is_alone(8, 8, [facts(8), facts(12, 8)])
    assert not p.is_alone(8, 8, [facts(8), denied(12)])
    assert not p.is_alone(8, 8, [facts(12, 8)])


@pytest.mark.parametrize("why", ["starting", "no helper"])
def test_P8_process_that_no_route_leads_to(why: str) -> None:
    with pytest.raises(e.NoConsole) as caught:
        plan(
            facts(8), C,
            is_starting=lambda _: why == "starting", may_wait=False, inject=False,
            has_helper=why != "no helper",
        )  # fmt: skip
    assert "process 8 is not on the console of the calling process" in str(caught.value)
    assert "call this from a process on its console" in str(caught.value)


def test_P8_when_a_thread_was_tried_it_is_a_permission_error() -> None:
    with pytest.raises(PermissionError, match="started in it: it is a 32-bit process"):
        plan(facts(8), C, no_thread=NO_THREAD, has_helper=False)


def test_P8_process_that_never_connects_is_no_console() -> None:
    with pytest.raises(e.NoConsole, match="process 8 has no console"):
        plan(facts(8, console=Console.NONE), C, inject=False)


def test_P8_process_that_never_connects_and_gets_no_thread_is_a_permission_error() -> None:
    with pytest.raises(PermissionError, match="no thread can be started in it"):
        plan(facts(8, console=Console.NONE), C, no_thread=NO_THREAD)


# --- T: an event to a process and its descendants in its group ------------------------------------

LAUNCHER, PROGRAM = facts(12, 8), facts(16, 8, ppid=12)
NEIGHBOUR = facts(20, 8)


def tree(
    *family: Facts,
    event: CtrlEvent = C,
    on_console: Iterable[Seen] = (),
    everywhere: Iterable[Seen] = (),
    is_starting: Callable[[int], bool] = lambda _: False,
    **given: Any,
) -> p.TreePlan:
    return p.tree_event(
        family,
        event,
        list(on_console),
        lambda: everywhere,
        lambda seen: info(seen.pid),
        is_starting,
        means(**given),
    )


def test_T1_gui_programs_alone() -> None:
    gui = [facts(12, 8, has_gui_subsystem=True), facts(16, 8, has_gui_subsystem=True)]
    with pytest.raises(e.NoConsole, match="process 12 is a GUI program"):
        tree(*gui)


def test_T1_gui_program_is_left_out() -> None:
    gui = PROGRAM._replace(has_gui_subsystem=True)
    assert tree(LAUNCHER, gui) == StartThreads((LAUNCHER,))


def test_T2_ctrl_c_that_each_ignores_is_refused() -> None:
    with pytest.raises(e.CtrlCIgnored, match=r"process 12, like .* \(process 12, process 16\)"):
        tree(LAUNCHER._replace(ignores_ctrl_c=True), PROGRAM._replace(ignores_ctrl_c=True))


def test_T2_a_descendant_that_hears_is_enough() -> None:
    assert tree(LAUNCHER._replace(ignores_ctrl_c=True), PROGRAM) == StartThreads((PROGRAM,))


def test_T3_they_are_their_whole_group() -> None:
    assert tree(LAUNCHER, PROGRAM, on_console=[PROGRAM, LAUNCHER, facts(4)]) == SendToGroup(8)


def test_T4_starting_descendant_that_may_still_connect_is_waited_for() -> None:
    assert (
        tree(LAUNCHER, PROGRAM, on_console=[LAUNCHER], is_starting=lambda _: True) == AwaitConsole()
    )


def test_T4_is_not_waited_for_when_the_time_is_up() -> None:
    plan = tree(
        LAUNCHER, PROGRAM, on_console=[LAUNCHER], is_starting=lambda _: True, may_wait=False
    )
    assert plan == StartThreads((LAUNCHER, PROGRAM))


def test_T4_is_not_waited_for_where_others_are_in_the_group() -> None:
    plan = tree(LAUNCHER, PROGRAM, on_console=[LAUNCHER, NEIGHBOUR], is_starting=lambda _: True)
    assert plan == StartThreads((LAUNCHER, PROGRAM))


@pytest.mark.parametrize("other", [NEIGHBOUR, denied(20)])
def test_T5_others_are_in_the_group_or_may_be(other: Seen) -> None:
    plan = tree(LAUNCHER, PROGRAM, on_console=[LAUNCHER, PROGRAM, other])
    assert plan == StartThreads((LAUNCHER, PROGRAM))


def test_T5_each_member_is_connected_or_the_group_would_not_reach_it() -> None:
    detached = PROGRAM._replace(console=Console.NONE)
    plan = tree(LAUNCHER, detached, on_console=[LAUNCHER])
    assert plan == StartThreads((LAUNCHER, detached))


@pytest.mark.parametrize("given", [{"inject": False}, {"no_thread": NO_THREAD}])
def test_T6_others_would_be_reached(given: dict[str, Any]) -> None:
    with pytest.raises(e.WouldReachOthers, match="process 12, process 16 would") as caught:
        tree(LAUNCHER, PROGRAM, on_console=[LAUNCHER, PROGRAM, NEIGHBOUR], **given)
    assert caught.value.others == (info(20),)


def test_T6_others_on_another_console_would_be_reached() -> None:
    with pytest.raises(e.WouldReachOthers) as caught:
        tree(LAUNCHER, PROGRAM, everywhere=[LAUNCHER, PROGRAM, NEIGHBOUR], inject=False)
    assert caught.value.others == (info(20),)


def test_T7_all_are_on_another_console() -> None:
    plan = tree(LAUNCHER, PROGRAM, everywhere=[LAUNCHER, PROGRAM], inject=False)
    assert plan == AskHelper(8, (LAUNCHER, PROGRAM))


def test_T8_no_helper() -> None:
    with pytest.raises(e.NoConsole, match="process 12 is not on the console"):
        tree(LAUNCHER, PROGRAM, inject=False, has_helper=False)


def test_T8_some_are_here_and_some_elsewhere() -> None:
    with pytest.raises(PermissionError, match=r"process 16 is not on the console.* 32-bit"):
        tree(LAUNCHER, PROGRAM, on_console=[LAUNCHER], no_thread=NO_THREAD)


# --- K: which processes an event of os_kill is for ------------------------------------------------


def named_by_pid(named: Facts, caller: Facts, *descendants: Facts) -> p.NamedByPid:
    return p.named_by_pid(named, caller, lambda: [named, *descendants])


def test_K1_leader_of_a_group_that_the_caller_is_not_in() -> None:
    assert named_by_pid(facts(8), facts(CALLER)) == ForGroup(8)


def test_K2_the_caller_is_a_descendant_in_its_group() -> None:
    caller = facts(CALLER, 8)
    assert named_by_pid(facts(8), caller, caller) == ForProcess(8)


def test_K3_leader_of_the_callers_own_group() -> None:
    assert named_by_pid(facts(8), facts(CALLER, 8)) == ForTree(8)


def test_K3_process_that_leads_no_group() -> None:
    assert named_by_pid(LAUNCHER, facts(CALLER, 8), PROGRAM) == ForTree(12)


# --- F: the descendants of a process in its group -------------------------------------------------


def family(*everywhere: Seen, born: dict[int, int] | None = None) -> list[Facts]:
    ages = born or {}
    return p.family([LAUNCHER], lambda _since: everywhere, lambda pid: ages.get(pid, pid))


def test_F1_children_and_grandchildren_in_the_group() -> None:
    grandchild = facts(18, 8, ppid=16)
    assert family(grandchild, PROGRAM, LAUNCHER, NEIGHBOUR) == [LAUNCHER, PROGRAM, grandchild]


def test_F1_descendant_in_a_group_of_its_own_is_none() -> None:
    assert family(LAUNCHER, facts(16, ppid=12), denied(18)) == [LAUNCHER]


def test_F1_descendant_of_a_descendant_that_has_exited() -> None:
    grandchild = facts(18, 8, ppid=16)
    found = p.family([LAUNCHER, PROGRAM], lambda _since: [grandchild], int)
    assert found == [LAUNCHER, PROGRAM, grandchild]


def test_F2_process_older_than_its_parent_had_another_with_that_pid() -> None:
    assert family(LAUNCHER, PROGRAM, born={12: 5, 16: 4}) == [LAUNCHER]


def test_F2_what_is_older_than_the_process_is_not_looked_at() -> None:
    asked: list[int] = []

    def everywhere(since: int) -> list[Facts]:
        asked.append(since)
        return []

    p.family([LAUNCHER, PROGRAM], everywhere, {12: 5, 16: 7}.__getitem__)
    assert asked == [5]


def test_F2_process_of_its_parents_own_age_is_a_child() -> None:
    assert family(LAUNCHER, PROGRAM, born={12: 5, 16: 5}) == [LAUNCHER, PROGRAM]


# --- D: a process and its descendants in whatever group -------------------------------------------


def descendants(*everywhere: Seen, born: dict[int, int] | None = None) -> list[Facts]:
    ages = born or {}
    return p.descendants(LAUNCHER, lambda _since: everywhere, lambda pid: ages.get(pid, pid))


def test_D1_descendants_in_any_group() -> None:
    leader = facts(16, ppid=12)
    found = descendants(facts(18, 8, ppid=16), leader, denied(20), LAUNCHER, NEIGHBOUR)
    assert found == [LAUNCHER, leader, facts(18, 8, ppid=16)]


def test_D1_process_older_than_its_parent_had_another_with_that_pid() -> None:
    assert descendants(LAUNCHER, PROGRAM, born={12: 5, 16: 4}) == [LAUNCHER]


# --- C: an event to the whole console -------------------------------------------------------------


@pytest.mark.parametrize("hears", [facts(12), denied(12)])
def test_C2_a_process_there_hears_or_may_hear(hears: Seen) -> None:
    assert p.console_event(C, [facts(8, ignores=True), hears]) == SendToConsole()


def test_C1_ctrl_c_that_everybody_ignores_is_refused() -> None:
    everybody = [facts(8, ignores=True), facts(12, ignores=True)]
    with pytest.raises(
        e.CtrlCIgnored, match=r"every process on the console.*process 8, process 12"
    ):
        p.console_event(C, everybody)


def test_C2_no_process_is_there_to_ignore_it() -> None:
    assert p.console_event(C, []) == SendToConsole()


def test_C2_break_cannot_be_ignored() -> None:
    assert p.console_event(BREAK, [facts(8, ignores=True)]) == SendToConsole()


def test_C3_another_console_is_the_helpers() -> None:
    assert p.console_elsewhere(8, has_helper=True) == AskHelperForConsole(8)


def test_C4_another_console_without_a_helper_is_refused() -> None:
    with pytest.raises(OSError, match="frozen") as caught:
        p.console_elsewhere(8, has_helper=False)
    assert caught.value.errno == errno.ENOSYS
    assert caught.value.strerror == (
        "a frozen program has no Python to send on another console; use killpg() for each group"
        f" there (on {sys.platform})"
    )


# --- M: ending a group ----------------------------------------------------------------------------


def born_as_numbered(pid: int) -> int:
    return pid


def test_M1_members_are_those_who_name_the_group() -> None:
    everybody: list[Seen] = [facts(4), facts(8), facts(12, 8), denied(16), facts(20, 12)]
    assert [m.pid for m in p.members(8, everybody, born_as_numbered)] == [8, 12]


def test_M1_group_without_its_leader_has_members_of_any_age() -> None:
    everybody = [facts(4, 8), facts(12, 8)]
    assert [m.pid for m in p.members(8, everybody, not_asked)] == [4, 12]


def test_M2_older_process_is_of_a_former_group_with_the_same_number() -> None:
    everybody = [facts(4, 8), facts(8), facts(12, 8)]
    assert [m.pid for m in p.members(8, everybody, born_as_numbered)] == [8, 12]


def test_M2_process_of_the_leaders_own_age_is_a_member() -> None:
    everybody = [facts(8), facts(12, 8)]
    assert [m.pid for m in p.members(8, everybody, lambda _: 1)] == [8, 12]


def test_M2_holds_though_the_leader_has_ended_a_moment_ago() -> None:
    everybody = [facts(4, 8), facts(12, 8)]
    found = p.members(8, everybody, born_as_numbered, had_leader=True)
    assert [m.pid for m in found] == [12]


# --- a group without a live member ----------------------------------------------------------------


@pytest.mark.parametrize(("event", "pids"), [(C, [8]), (BREAK, [8, 12])])
def test_members_that_hear_are_those_that_do_not_ignore_the_event(
    event: CtrlEvent, pids: list[int]
) -> None:
    everybody = [facts(8), facts(12, 8, ignores=True)]
    assert [member.pid for member in p.hearing(everybody, event)] == pids


def test_no_group_of_a_non_leader_names_its_group() -> None:
    error = p.no_group(12, facts(12, 8))
    assert isinstance(error, e.NotAGroupLeader)
    assert error.pgid == 8


def test_no_group_of_an_unreadable_process_is_its_error() -> None:
    leader = denied(8)
    assert p.no_group(8, leader) is leader.error


@pytest.mark.parametrize("named", [None, facts(8)])
def test_no_group_otherwise_is_a_lookup_error(named: Seen | None) -> None:
    assert type(p.no_group(8, named)) is ProcessLookupError
