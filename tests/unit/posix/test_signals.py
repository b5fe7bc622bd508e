"""The verbs on POSIX, with real processes: which got the signal, and which did not.

No test waits by sleeping: a child reports on a pipe what it has got, and exits at the end of its
input.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest

import ctrlevent
from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, Delivery, NotAGroupLeader, WouldReachOthers

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("these verbs are for POSIX", allow_module_level=True)

from ctrlevent import _signals
from ctrlevent._posix import processes, signals
from ctrlevent._unpatched import system_calls

# Reports the number of each signal on a line of its own, in the order in which they come.
CHILD = """
import os, signal, sys

pgid = int(sys.argv[1])
if pgid >= 0:
    os.setpgid(0, pgid)

def report(number, frame):
    os.write(1, b"%d\\n" % number)

for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, report)
if "ignore" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
os.write(1, b"ready\\n")
while sys.stdin.readline():
    os.write(1, b"asked\\n")
"""


class Child:
    """A process that reports the signals it gets."""

    def __init__(self, *arguments: str, pgid: int = -1) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(pgid), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid = self.process.pid
        assert self.read() == "ready"

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().decode().strip()

    def signals(self) -> list[int]:
        """All that it has got since it was last asked."""
        assert self.process.stdin
        self.process.stdin.write(b"?\n")
        self.process.stdin.flush()
        return [int(line) for line in iter(self.read, "asked")]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


Spawn = Callable[..., Child]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    children: list[Child] = []

    def spawn(*arguments: str, pgid: int = -1) -> Child:
        children.append(Child(*arguments, pgid=pgid))
        return children[-1]

    yield spawn
    for child in children:
        child.end()


class Family:
    def __init__(self, spawn: Spawn) -> None:
        self.leader = spawn(pgid=0)
        self.member = spawn(pgid=self.leader.pid)
        self.bystander = spawn(pgid=0)

    def signals(self) -> list[list[int]]:
        return [child.signals() for child in (self.leader, self.member, self.bystander)]


@pytest.fixture
def family(spawn: Spawn) -> Family:
    return Family(spawn)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Instead of sending: what would have been sent. For what must not go wrong even once."""
    calls: list[tuple[str, int, int]] = []

    def note(name: str) -> Callable[[int, int], None]:
        return lambda target, sig: calls.append((name, target, int(sig)))

    for where, prefix in ((os, ""), (signals, "_")):
        monkeypatch.setattr(where, f"{prefix}kill", note("kill"))
        monkeypatch.setattr(where, f"{prefix}killpg", note("killpg"))
    return calls


INT, QUIT = int(signal.SIGINT), int(signal.SIGQUIT)

EVENTS = [
    pytest.param(CTRL_C_EVENT, INT, id="CTRL_C_EVENT"),
    pytest.param(CTRL_BREAK_EVENT, QUIT, id="CTRL_BREAK_EVENT"),
    pytest.param(signal.SIGINT, INT, id="SIGINT"),
    pytest.param(2, INT, id="2"),
]


# --- killpg ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sig", "number"), EVENTS)
def test_killpg_reaches_the_members_alone(family: Family, sig: int, number: int) -> None:
    ctrlevent.killpg(family.leader.pid, sig)
    assert family.signals() == [[number], [number], []]


def test_killpg_reaches_members_whose_leader_has_ended(family: Family) -> None:
    family.leader.end()
    ctrlevent.killpg(family.leader.pid, CTRL_C_EVENT)
    assert family.member.signals() == [INT]
    assert family.bystander.signals() == []


def test_killpg_of_a_non_leader_names_its_group(family: Family) -> None:
    with pytest.raises(NotAGroupLeader, match="use killpg") as caught:
        ctrlevent.killpg(family.member.pid, CTRL_C_EVENT)
    assert caught.value.pgid == family.leader.pid
    assert family.signals() == [[], [], []]


def test_killpg_of_a_group_that_has_ended(spawn: Spawn) -> None:
    child = spawn(pgid=0)
    child.end()
    with pytest.raises(ProcessLookupError) as caught:
        ctrlevent.killpg(child.pid, CTRL_C_EVENT)
    assert not isinstance(caught.value, NotAGroupLeader)


def test_killpg_probe_sends_nothing(family: Family) -> None:
    ctrlevent.killpg(family.leader.pid, 0)
    assert family.signals() == [[], [], []]


def test_killpg_other_signal(family: Family) -> None:
    ctrlevent.killpg(family.leader.pid, signal.SIGUSR1)
    assert family.signals() == [[int(signal.SIGUSR1)], [int(signal.SIGUSR1)], []]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ctrlevent.killpg(0, CTRL_C_EVENT),
        lambda: ctrlevent.kill(0, CTRL_C_EVENT),
    ],
)
def test_zero_is_the_own_group(sent: list[tuple[str, int, int]], call: Callable[[], None]) -> None:
    call()
    assert sent in ([("killpg", 0, INT)], [("killpg", os.getpgrp(), INT)])


def test_killpg_zero_reaches_the_group_of_the_caller_alone(spawn: Spawn) -> None:
    bystander = spawn(pgid=0)
    code = (
        "import signal, ctrlevent;"
        "signal.signal(signal.SIGINT, lambda *_: print('got it', flush=True));"
        "ctrlevent.killpg(0, ctrlevent.CTRL_C_EVENT)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, check=True
    )
    assert answer.stdout.split(b"\n")[0] == b"got it"
    assert bystander.signals() == []


@pytest.mark.parametrize("sig", [0, signal.SIGTERM, CTRL_C_EVENT])
def test_killpg_of_group_1_is_not_sent_to_everybody(
    sent: list[tuple[str, int, int]], sig: int
) -> None:
    """killpg(1) is kill(-1) to the C library: every process that the caller may signal."""
    with pytest.raises(OSError, match="every process"):
        ctrlevent.killpg(1, sig)
    assert sent == []


# --- kill -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sig", "number"), EVENTS)
def test_kill_reaches_one_process_alone(family: Family, sig: int, number: int) -> None:
    ctrlevent.kill(family.leader.pid, sig)
    assert family.signals() == [[number], [], []]


def test_kill_minus_pgid_is_that_group(family: Family) -> None:
    ctrlevent.kill(-family.leader.pid, CTRL_C_EVENT)
    assert family.signals() == [[INT], [INT], []]


def test_kill_minus_pid_of_a_non_leader_names_its_group(family: Family) -> None:
    with pytest.raises(NotAGroupLeader):
        ctrlevent.kill(-family.member.pid, CTRL_C_EVENT)


@pytest.mark.parametrize("sig", [0, signal.SIGTERM, CTRL_C_EVENT])
def test_kill_minus_one_is_refused(sent: list[tuple[str, int, int]], sig: int) -> None:
    with pytest.raises(WouldReachOthers, match="every process"):
        ctrlevent.kill(-1, sig)
    assert sent == []


def test_kill_probe_sends_nothing(family: Family) -> None:
    ctrlevent.kill(family.leader.pid, 0)
    assert family.signals() == [[], [], []]


def test_kill_of_a_process_that_has_ended(spawn: Spawn) -> None:
    child = spawn()
    child.end()
    with pytest.raises(ProcessLookupError):
        ctrlevent.kill(child.pid, 0)


def test_kill_of_the_caller_raises_keyboard_interrupt_in_the_call() -> None:
    with pytest.raises(KeyboardInterrupt):
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT)


def test_kill_ends_a_process(spawn: Spawn) -> None:
    child = spawn()
    ctrlevent.kill(child.pid, signal.SIGKILL)
    assert child.process.wait() == -signal.SIGKILL


# --- deliver and broadcast ------------------------------------------------------------------------


@pytest.mark.parametrize(("sig", "number"), [*EVENTS, pytest.param(3, QUIT, id="3")])
def test_deliver_reaches_one_process_alone(family: Family, sig: int, number: int) -> None:
    assert ctrlevent.deliver(family.leader.pid, sig) is Delivery.SENT
    assert family.signals() == [[number], [], []]


def test_deliver_to_zero_is_the_caller(sent: list[tuple[str, int, int]]) -> None:
    ctrlevent.deliver(0, CTRL_C_EVENT)
    assert sent == [("kill", os.getpid(), INT)]


@pytest.mark.parametrize("sig", [0, signal.SIGTERM, ctrlevent.CTRL_CLOSE_EVENT, -1])
def test_deliver_sends_events_alone(sent: list[tuple[str, int, int]], sig: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        ctrlevent.deliver(os.getpid(), sig)
    assert sent == []


def test_broadcast_has_no_counterpart() -> None:
    with pytest.raises(OSError, match="no console to broadcast through; use killpg"):
        ctrlevent.broadcast(CTRL_C_EVENT)


# --- arguments ------------------------------------------------------------------------------------

BAD: list[Any] = [True, 1.0, "1", None]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: ctrlevent.kill(bad, 0),
        lambda bad: ctrlevent.kill(os.getpid(), bad),
        lambda bad: ctrlevent.killpg(bad, 0),
        lambda bad: ctrlevent.killpg(os.getpgrp(), bad),
        lambda bad: ctrlevent.deliver(bad, CTRL_C_EVENT),
        lambda bad: ctrlevent.deliver(os.getpid(), bad),
        ctrlevent.broadcast,
        ctrlevent.getpgid,
        ctrlevent.ignores_ctrl_c,
    ],
)
def test_neither_pid_nor_signal(
    sent: list[tuple[str, int, int]], call: Callable[[Any], object], bad: Any
) -> None:
    with pytest.raises(TypeError):
        call(bad)
    assert sent == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ctrlevent.kill(os.getpid(), -1), ValueError),
        (lambda: ctrlevent.kill(os.getpid(), 2**32), OverflowError),
        (lambda: ctrlevent.kill(2**32, 0), OverflowError),
        (lambda: ctrlevent.kill(os.getpid(), ctrlevent.CTRL_CLOSE_EVENT), ValueError),
        (lambda: ctrlevent.kill(os.getpid(), 0, timeout=-1), ValueError),
        (lambda: ctrlevent.killpg(-1, 0), ValueError),
        (lambda: ctrlevent.killpg(2**32, 0), OverflowError),
        (lambda: ctrlevent.killpg(0, -1), ValueError),
        (lambda: ctrlevent.killpg(0, 0, timeout=float("nan")), ValueError),
        (lambda: ctrlevent.getpgid(-1), ValueError),
        (lambda: ctrlevent.getpgid(2**32), OverflowError),
    ],
)
def test_argument_out_of_range(
    sent: list[tuple[str, int, int]], call: Callable[[], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call()
    assert sent == []


# --- asking ---------------------------------------------------------------------------------------


def test_getpgid(family: Family) -> None:
    assert ctrlevent.getpgid(family.member.pid) == family.leader.pid


def test_getpgid_of_zero_is_that_of_the_caller() -> None:
    assert ctrlevent.getpgid(0) == ctrlevent.getpgrp() == os.getpgrp()


def test_getpgid_of_a_process_that_has_ended(spawn: Spawn) -> None:
    child = spawn()
    child.end()
    with pytest.raises(ProcessLookupError):
        ctrlevent.getpgid(child.pid)


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="no /proc")


@needs_proc
@pytest.mark.parametrize("ignores", [True, False])
def test_ignores_ctrl_c_of_another_process(spawn: Spawn, ignores: bool) -> None:
    child = spawn("ignore") if ignores else spawn()
    assert ctrlevent.ignores_ctrl_c(child.pid) is ignores


@pytest.mark.parametrize("pid", [0, os.getpid()], ids=["0", "own pid"])
def test_ignores_ctrl_c_of_the_caller(pid: int) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert ctrlevent.ignores_ctrl_c(pid) is True
    finally:
        signal.signal(signal.SIGINT, before)
    assert ctrlevent.ignores_ctrl_c(pid) is False


@needs_proc
def test_ignores_ctrl_c_of_a_process_that_has_ended(spawn: Spawn) -> None:
    child = spawn()
    child.end()
    with pytest.raises(ProcessLookupError):
        ctrlevent.ignores_ctrl_c(child.pid)


@needs_proc
def test_console_processes_are_those_of_the_session(family: Family) -> None:
    described = {process.pid: process for process in ctrlevent.console_processes()}
    leader, member = described[family.leader.pid], described[family.member.pid]
    assert (leader.ppid, leader.pgid, leader.is_leader) == (os.getpid(), leader.pid, True)
    assert (member.ppid, member.pgid, member.is_leader) == (os.getpid(), leader.pid, False)
    assert os.getpid() in described
    assert all(os.getsid(pid) == os.getsid(0) for pid in (leader.pid, member.pid))


@needs_proc
def test_a_process_that_ends_while_they_are_listed_is_none_of_them(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = spawn()
    child.end()
    names = [*os.listdir("/proc"), str(child.pid)]
    monkeypatch.setattr(system_calls, "listdir", lambda _folder: names)
    assert child.pid not in [process.pid for process in ctrlevent.console_processes()]


def test_a_proc_that_does_not_tell_who_ignores_sigint(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of gVisor."""
    monkeypatch.setattr(processes, "_read", lambda _pid, _name: "Name:\tpython\n")
    assert ctrlevent.ignores_ctrl_c(spawn("ignore").pid) is False


def test_system_without_proc(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    child = spawn()

    def nothing(path: str) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(system_calls, "stat", nothing)
    for ask in (ctrlevent.console_processes, lambda: ctrlevent.ignores_ctrl_c(child.pid)):
        with pytest.raises(OSError, match="Linux's /proc") as error:
            ask()
        assert error.value.errno == errno.ENOSYS


def test_ignore_ctrl_c_of_the_caller_tells_what_was_before() -> None:
    assert ctrlevent.ignore_ctrl_c() is False
    assert ctrlevent.ignores_ctrl_c()
    assert ctrlevent.ignore_ctrl_c(False) is True
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignore_ctrl_c_that_changes_nothing_leaves_the_handler_alone() -> None:
    def hear(_number: int, _frame: Any) -> None: ...

    before = signal.signal(signal.SIGINT, hear)
    try:
        assert ctrlevent.ignore_ctrl_c(False) is False
        assert signal.getsignal(signal.SIGINT) is hear
    finally:
        signal.signal(signal.SIGINT, before)


def test_ignore_ctrl_c_of_another_process_has_no_counterpart(spawn: Spawn) -> None:
    child = spawn()
    with pytest.raises(OSError, match="only a process itself"):
        ctrlevent.ignore_ctrl_c(True, child.pid)


# --- dry runs -------------------------------------------------------------------------------------


@needs_proc
def test_preview_of_kill_zero_is_that_of_the_own_group(sent: list[tuple[str, int, int]]) -> None:
    preview = _signals.preview_kill(0, CTRL_C_EVENT)
    assert os.getpid() in [process.pid for process in preview.targets]
    assert {process.pgid for process in preview.targets} == {os.getpgrp()}
    assert {sig for _call, _target, sig in sent} == {0}


def test_preview_refuses_minus_one() -> None:
    with pytest.raises(WouldReachOthers):
        _signals.preview_kill(-1, CTRL_C_EVENT)


# --- the package ----------------------------------------------------------------------------------


def test_ctypes_is_not_imported() -> None:
    code = "import sys, ctrlevent; assert 'ctypes' not in sys.modules, 'ctypes'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_verbs_of_windows_can_be_imported_all_the_same() -> None:
    code = "import ctrlevent._windows.signals, ctrlevent._windows.handlers"
    subprocess.run([sys.executable, "-c", code], check=True)
