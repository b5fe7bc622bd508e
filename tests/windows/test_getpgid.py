"""getpgid, getpgrp, ignores_ctrl_c, console_processes: what is read of a live process is so.

The tier runs in both bitnesses, and each asks about children of both: all four pairs.
"""

from __future__ import annotations

import pytest

import ctrlevent

from .harness import ARCH, DETACHED, NEW_GROUP, OTHER_ARCH, OWN_CONSOLE, Console, Python

pytestmark = pytest.mark.bitness

BOTH = pytest.mark.parametrize("arch", [ARCH, OTHER_ARCH])


def info(asked: Python, pid: int) -> ctrlevent.ProcessInfo:
    return next(one for one in asked.call(ctrlevent.console_processes) if one.pid == pid)


@BOTH
def test_a_child_inherits_its_group(shared_console: Console, arch: str) -> None:
    parent = shared_console.parent
    child = parent.python(arch=arch)
    assert parent.call(ctrlevent.getpgid, child.pid) == parent.pid
    assert child.call(ctrlevent.getpgrp) == parent.pid


@BOTH
def test_a_new_group_has_the_pid_of_its_leader(shared_console: Console, arch: str) -> None:
    parent = shared_console.parent
    leader = parent.python(NEW_GROUP, arch=arch)
    assert parent.call(ctrlevent.getpgid, leader.pid) == leader.pid
    assert leader.call(ctrlevent.getpgrp) == leader.call(ctrlevent.getpgid, 0) == leader.pid


@BOTH
def test_the_group_is_that_of_the_launcher(shared_console: Console, arch: str) -> None:
    parent = shared_console.parent
    member = parent.spawn(NEW_GROUP, arch=arch, behind_launcher=True)
    launcher = member.started
    assert launcher != member.pid
    assert parent.call(ctrlevent.getpgid, launcher) == launcher
    assert parent.call(ctrlevent.getpgid, member.pid) == launcher
    assert info(parent, launcher).is_leader
    assert not info(parent, member.pid).is_leader
    assert info(parent, member.pid).ppid == launcher


@BOTH
def test_the_ignore_bit_is_followed(shared_console: Console, arch: str) -> None:
    parent = shared_console.parent
    child = parent.python(arch=arch)
    for ignores in (True, False, True, False):
        child.ignore_ctrl_c(ignores)
        assert parent.call(ctrlevent.ignores_ctrl_c, child.pid) is ignores
        assert child.call(ctrlevent.ignores_ctrl_c) is ignores


@BOTH
@pytest.mark.parametrize(
    ("flags", "leads", "ignores"),
    [
        pytest.param(0, False, False, id="nothing"),
        pytest.param(NEW_GROUP, True, True, id="new group"),
        pytest.param(OWN_CONSOLE, False, False, id="own console"),
        pytest.param(OWN_CONSOLE | NEW_GROUP, True, True, id="own console, new group"),
        pytest.param(DETACHED, False, False, id="detached"),
        pytest.param(DETACHED | NEW_GROUP, True, True, id="detached, new group"),
    ],
)
def test_what_creation_flags_make(
    shared_console: Console, arch: str, flags: int, leads: bool, ignores: bool
) -> None:
    parent = shared_console.parent
    child = parent.native("default", flags=flags, arch=arch)
    assert parent.call(ctrlevent.getpgid, child.pid) == (child.pid if leads else parent.pid)
    assert parent.call(ctrlevent.ignores_ctrl_c, child.pid) is ignores


def test_ignoring_is_inherited(shared_console: Console) -> None:
    ignoring = shared_console.parent.python(NEW_GROUP, hears=False)
    child = ignoring.spawn(hears=False)
    assert ignoring.call(ctrlevent.ignores_ctrl_c, child.pid)


def test_an_ended_leader_leaves_its_group_to_the_members(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    leader.leave()
    assert console.parent.call(ctrlevent.getpgid, member.pid) == leader.pid
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.getpgid, leader.pid)


def test_who_is_on_the_console(console: Console) -> None:
    parent = console.parent
    child = parent.python()
    member = parent.spawn(NEW_GROUP, behind_launcher=True, hears=False)
    gone = parent.spawn()
    gone.leave()
    parent.native("default", gui=True)
    parent.native("default", flags=DETACHED)
    elsewhere = parent.python(OWN_CONSOLE)
    everybody = {one.pid: one for one in parent.call(ctrlevent.console_processes)}
    assert set(everybody) == {parent.pid, child.pid, member.pid, member.started}
    assert everybody[child.pid] == ctrlevent.ProcessInfo(
        child.pid, parent.pid, parent.pid, False, False, everybody[parent.pid].name
    )
    launcher = everybody[member.started]
    assert launcher[:5] == (member.started, parent.pid, member.started, True, True)
    assert everybody[member.pid][:5] == (member.pid, launcher.pid, launcher.pid, False, True)
    assert {one.pid for one in elsewhere.call(ctrlevent.console_processes)} == {elsewhere.pid}


def test_names_are_those_of_the_programs(console: Console) -> None:
    program = console.parent.native("default")
    name = info(console.parent, program.pid).name
    assert name is not None
    assert name.lower() == "native.exe"


def test_a_pid_of_another_number_that_opens_the_same_process(console: Console) -> None:
    """Windows ignores the two low bits of a pid; Wine refuses it. No process has such a pid."""
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.getpgid, console.parent.pid + 1)
