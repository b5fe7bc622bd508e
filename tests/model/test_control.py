"""The control: plain `os.kill` in the same machine, which must find out what is wrong with it.

A property that cannot find the known bugs proves nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from ctrlevent._win32 import constants as c
from tests.fakes.profiles import WINDOWS, WINDOWS_BUILDS, Profile
from tests.fakes.windows import CTRL_BREAK, CTRL_C, FakeWindows, Process

from .laws import Broken, Careless, Hang, Leak, Lost, Phantom
from .world import World, run


class PlainOsKill(World):
    """The verbs as they are written without this package: `os.kill`, whatever is meant."""

    name = "plain os.kill"

    def is_meant(self, process: Process, pid: int) -> bool:
        """To be fair: the pid of a leader stands for its group, as it does on Windows."""
        return pid in (process.pid, process.group)

    def do_kill(self, verb: str, pid: Any, sig: Any, timeout: float, inject: bool) -> None:  # noqa: ARG002
        self.do_killpg(pid, sig, timeout)

    def do_kill_tree(self, pid: int, sig: Any, timeout: float, inject: bool) -> None:  # noqa: ARG002
        self.do_killpg(pid, sig, timeout)

    def do_os_kill(self, pid: int, sig: Any) -> None:
        self.do_killpg(pid, sig, 0.0)

    def do_killpg(
        self,
        pgid: Any,
        sig: Any,
        timeout: float,  # noqa: ARG002
        *,
        unignore: bool = False,  # noqa: ARG002
        inject: bool = True,  # noqa: ARG002
    ) -> None:
        """os_kill_impl of CPython (Modules/posixmodule.c)."""
        if type(pgid) is not int or pgid < 1 or isinstance(sig, bool) or not isinstance(sig, int):
            return
        windows = self.windows
        with contextlib.suppress(OSError):
            if sig in (CTRL_C, CTRL_BREAK):
                windows.GenerateConsoleCtrlEvent(int(sig), pgid)
                return
            handle = windows.OpenProcess(c.PROCESS_TERMINATE, pgid)
            try:
                windows.TerminateProcess(handle, int(sig))
            finally:
                windows.CloseHandle(handle)

    def do_broadcast(self, sig: Any, console_of: int) -> None:
        """There is none."""


@pytest.mark.parametrize("profile", WINDOWS_BUILDS, ids=lambda profile: profile.name)
@pytest.mark.parametrize("bug", [Leak, Hang, Phantom])
def test_plain_os_kill_is_found_out(bug: type[Broken], profile: Profile) -> None:
    class Machine(PlainOsKill):
        pass

    Machine.profile, Machine.looks_for = profile, (bug,)
    with pytest.raises(bug):
        run(Machine, 2000, shortest=False)


# A rule of this package, how to switch it off, and the law that the package then breaks.
RULES: dict[str, tuple[str, Any, type[Broken]]] = {
    "P3: no other process is in the group": (
        "ctrlevent._windows.policy.possible_others", lambda *_: [], Leak,
    ),
    "E4: a thread in each member": (
        "ctrlevent._windows.policy.hearing", lambda members, _: members[:1], Lost,
    ),
    "no handle of ours keeps a dead leader known": (
        "ctrlevent._windows.processes.Processes.release", lambda *_: None, Phantom,
    ),
    "every handle is closed": (
        "ctrlevent._windows.thread_route.Target.__exit__", lambda *_: None, Careless,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_this_package_without_one_of_its_rules_is_found_out(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Machine(World):
        pass

    where, instead, bug = RULES[rule]
    Machine.name, Machine.looks_for = f"without a rule ({rule.split(':', maxsplit=1)[0]})", (bug,)
    monkeypatch.setattr(where, instead)
    with pytest.raises(bug):
        run(Machine, 20_000, shortest=False)


def test_nobody_else_hears_of_a_parked_event_until_somebody_prints() -> None:
    """What the machine finds, once by hand: the hang, and how it becomes the leak."""
    windows = FakeWindows(profile=WINDOWS)
    member = windows.create(windows.caller)
    bystander = windows.create(windows.caller, c.CREATE_NEW_PROCESS_GROUP)
    bystander.ignores = False
    windows.GenerateConsoleCtrlEvent(CTRL_C, member.pid)
    assert windows.heard(CTRL_C) == []
    windows.console.call(bystander)  # it prints
    assert windows.heard(CTRL_C) == [windows.caller.pid, member.pid, bystander.pid]
