"""`python -m ctrlevent stop` on POSIX: real processes, which are no children of the command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.children import is_alive
from tests.waiting import HANG_LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("tests/windows has these", allow_module_level=True)

from ctrlevent import _errors, _stop
from ctrlevent._posix import stopping

from .test_cli import NO_SUCH_PID, WAITS, cli

HAS_PROC = os.path.exists("/proc/self/stat")
needs_proc = pytest.mark.skipif(not HAS_PROC, reason="needs Linux's /proc")

# By the first argument: exits by a KeyboardInterrupt with 3; goes on; or ignores SIGINT. Says its
# pid and each SIGINT that it gets.
PROGRAM = f"""
import os, signal, sys
def heard(*_):
    os.write(1, b"heard %d\\n" % os.getpid())
    if sys.argv[1] == "exits":
        os._exit(3)
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "ignores" else heard)
os.write(1, b"%d\\n" % os.getpid())
{WAITS}"""

# Starts the program as a launcher does, in its own group, and waits for it.
LAUNCHER = """
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)
os.write(1, b"%d\\n" % os.getpid())
sys.exit(subprocess.call([sys.executable, "-S", *sys.argv[1:]]))
"""


@contextlib.contextmanager
def program(
    *arguments: str, count: int = 1, session: bool = True
) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A program of this process, and the pids that it says."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=session,
    ) as process:
        try:
            assert process.stdout
            yield process, [int(process.stdout.readline()) for _ in range(count)]
        finally:
            process.kill()
            assert process.stdin
            process.stdin.close()


def heard(process: subprocess.Popen[bytes]) -> list[int]:
    assert process.stdout
    return [int(line.split()[1]) for line in process.stdout.read().splitlines()]


def test_it_has_exited_after_a_ctrl_c() -> None:
    with program(PROGRAM, "exits") as (process, (pid,)):
        said = f"process {pid} has exited after Ctrl+C\n"
        assert cli("stop", str(pid), "--grace", str(HANG_LIMIT)) == (0, said, "")
        assert process.wait() == 3
        assert heard(process) == [pid]


@needs_proc
def test_it_is_gone_before_its_parent_has_waited_for_it() -> None:
    """Nothing of it runs any more: the parent here waits after the command only."""
    with program(PROGRAM, "exits") as (process, (pid,)):
        assert cli("stop", str(pid), "--grace", str(HANG_LIMIT))[0] == 0
        assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        assert process.wait() == 3


@pytest.mark.limits
def test_it_was_ended_when_the_time_was_up() -> None:
    with program(PROGRAM, "goes on") as (process, (pid,)):
        said = f"process {pid} was ended after 0.5 s\n"
        assert cli("stop", str(pid), "--grace", "0.5") == (0, said, "")
        assert process.wait() == -signal.SIGKILL
        assert heard(process) == [pid]


@needs_proc
def test_what_ignores_it_is_ended_at_once() -> None:
    with program(PROGRAM, "ignores") as (process, (pid,)):
        code, output, errors = cli("stop", str(pid), "--grace", "3600")
        assert (code, errors) == (0, "")
        assert output.startswith(f"process {pid} was ended at once, as no Ctrl+C can reach it: ")
        assert process.wait() == -signal.SIGKILL


def test_without_a_grace_it_is_not_asked() -> None:
    with program(PROGRAM, "exits") as (process, (pid,)):
        assert cli("stop", str(pid), "--grace", "0")[:2] == (
            0,
            f"process {pid} was ended after 0 s\n",
        )
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["exits", "goes on"])
def test_leader_is_stopped_with_its_group(kind: str) -> None:
    with program(LAUNCHER, "-c", PROGRAM, kind, count=2) as (launcher, pids):
        grace = str(HANG_LIMIT) if kind == "exits" else "0.5"
        assert cli("stop", str(launcher.pid), "--grace", grace)[0] == 0
        launcher.wait()
        assert heard(launcher) == [pids[1]]
        wait_until(lambda: not is_alive(pids[1]), "the end of the program")


@needs_proc
@pytest.mark.parametrize("kind", ["exits", "goes on"])
def test_launcher_in_the_group_of_its_caller_is_stopped_with_its_program_alone(kind: str) -> None:
    """The caller of the command, this process, is in that group too: it must not hear anything."""
    started = program(LAUNCHER, "-c", PROGRAM, kind, count=2, session=False)
    beside = program(PROGRAM, "exits", session=False)
    with started as (launcher, pids), beside as (neighbour, _):
        assert os.getpgid(pids[1]) == os.getpgrp()
        grace = str(HANG_LIMIT) if kind == "exits" else "0.5"
        assert cli("stop", str(launcher.pid), "--grace", grace)[0] == 0
        launcher.wait()
        assert heard(launcher) == [pids[1]]
        wait_until(lambda: not is_alive(pids[1]), "the end of the program")
        assert neighbour.poll() is None
        neighbour.kill()
        assert heard(neighbour) == []


def test_dry_run_sends_and_ends_nothing() -> None:
    with program(PROGRAM, "exits") as (process, (pid,)):
        code, output, errors = cli("stop", str(pid), "--dry-run")
        assert (code, errors) == (0, "")
        if HAS_PROC:
            assert output.startswith(f"process {pid} (python")
        assert process.poll() is None


def test_nothing_is_there() -> None:
    code, output, errors = cli("stop", NO_SUCH_PID)
    assert (code, output, errors) == (1, "", f"ctrlevent: there is no process {NO_SUCH_PID}\n")


def test_it_does_not_stop_itself() -> None:
    code, output, errors = cli("stop", "0")
    assert (code, output) == (1, "")
    assert errors == "ctrlevent: stop is for another process: this pid is that of the caller\n"


def test_ctrl_c_breaks_the_wait_off() -> None:
    with program(PROGRAM, "goes on") as (process, (pid,)):
        command = [sys.executable, "-m", "ctrlevent", "stop", str(pid), "--grace", "3600"]
        with ctrlevent.Popen(command, stdout=-1, stderr=-1) as stop:
            assert process.stdout
            assert process.stdout.readline() == b"heard %d\n" % pid  # so it waits now
            stop.interrupt()
            output, errors = stop.communicate(timeout=HANG_LIMIT)
        said = b"ctrlevent: stop: broken off; process %d was not ended\n" % pid
        assert (stop.returncode, output, errors) == (128 + signal.SIGINT, b"", said)
        assert process.poll() is None


# --- what must not be tried on real processes -----------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The signals that would have been sent."""
    found: list[tuple[Any, ...]] = []
    module: Any = stopping
    for name in ("kill", "killpg"):
        monkeypatch.setattr(module.os, name, lambda *given: found.append(given))
    monkeypatch.setattr(
        module.signal, "pidfd_send_signal", lambda *given: found.append(given), raising=False
    )
    return found


def test_the_first_process_of_the_system_is_not_stopped(sent: list[tuple[Any, ...]]) -> None:
    """A signal to its group, 1, is one to every process in the C library."""
    with pytest.raises(PermissionError, match="process 1 "):
        _stop.stop(1, 5.0)
    assert sent == []


def test_what_may_not_be_signalled_is_refused(
    sent: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int, _number: int) -> None:
        raise _errors.make(PermissionError, f"process {pid} may not be signalled")

    module: Any = stopping
    monkeypatch.setattr(module.signals, "send", refuse)
    with pytest.raises(PermissionError):
        _stop.stop(os.getppid(), 5.0)
    assert sent == []
