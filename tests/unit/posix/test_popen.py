"""Popen and run on POSIX, with real processes: which get the signal, exit, and are left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest

import ctrlevent
from tests.children import WAITS, WILL_NOT_END
from tests.waiting import HANG_LIMIT, growing_limits, wait_until

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("this is how it is done on POSIX", allow_module_level=True)

import fcntl
import termios

from ctrlevent._posix import run

SHOW = "import os; print(os.getpid(), os.getpgid(0), os.getsid(0), flush=True)"

# Starts a child that keeps the pipes open and ignores SIGINT; says its pid; then exits.
LEAVES_ONE = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c",
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"])
print(child.pid, flush=True)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def is_gone(pid: int) -> bool:
    """Or is a zombie: in a container, perhaps no process ever waits for it."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return True


def state_of(pid: int) -> str:
    """R, S, T (stopped), Z."""
    if os.path.exists("/proc/self/stat"):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    command = ["ps", "-o", "state=", "-p", str(pid)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode().strip()[:1]


def ids(process: ctrlevent.Popen) -> list[int]:
    assert process.stdout
    return [int(number) for number in process.stdout.readline().split()]


# --- Popen ----------------------------------------------------------------------------------------


def test_the_child_leads_a_group() -> None:
    with ctrlevent.Popen(python(SHOW), stdout=subprocess.PIPE) as child:
        pid, pgid, session = ids(child)
    assert pid == pgid == child.pid == child.pgid
    assert session == os.getsid(0)


def test_with_its_own_console_it_leads_a_session() -> None:
    with ctrlevent.Popen(python(SHOW), stdout=subprocess.PIPE, console="own") as child:
        assert ids(child) == [child.pid, child.pid, child.pid]


def test_start_new_session_may_be_given_by_name_and_by_position() -> None:
    with ctrlevent.Popen(python(SHOW), stdout=subprocess.PIPE, start_new_session=True) as child:
        assert ids(child) == [child.pid, child.pid, child.pid]
    pipe = subprocess.PIPE
    positional: Any = [-1, None, None, pipe, None, None, True, False, None, None, None, None, 0]
    positional += [True, True]
    with ctrlevent.Popen(python(SHOW), *positional) as child:
        assert ids(child) == [child.pid, child.pid, child.pid]


def test_preexec_fn_is_called_in_the_new_group() -> None:
    with ctrlevent.Popen(
        python(SHOW),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.write(1, b"%d\n" % os.getpgid(0)),
    ) as child:
        assert ids(child) == [child.pid]
        assert ids(child)[:2] == [child.pid, child.pid]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="subprocess knows no process_group")
@pytest.mark.parametrize("group", [0, None])
def test_process_group_of_its_own(group: Any) -> None:
    with ctrlevent.Popen(python(SHOW), stdout=subprocess.PIPE, process_group=group) as child:
        assert ids(child)[:2] == [child.pid, child.pid]


def test_process_group_of_another_is_refused() -> None:
    with pytest.raises(ValueError, match="joins no other"):
        ctrlevent.Popen(python(SHOW), process_group=os.getpgrp())


def test_another_console_is_refused() -> None:
    with pytest.raises(ValueError, match='"inherit" or "own"'):
        ctrlevent.Popen(python(SHOW), console="shared")


@pytest.mark.parametrize("console", ["inherit", "own"])
def test_interrupt_is_sigint_to_the_group(console: str) -> None:
    with ctrlevent.Popen(python(WAITS), stdout=subprocess.PIPE, console=console) as child:
        assert child.stdout
        assert child.stdout.readline() == b"up\n"
        child.interrupt()
        assert child.stdout.read() == b"interrupted\n"
    assert child.returncode == 33


def test_the_children_of_the_child_are_in_it() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    command = [*python(code), "-S", "-c", WAITS]
    with ctrlevent.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout
        assert child.stdout.readline() == b"up\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == b"interrupted\n"


@pytest.mark.parametrize(
    ("end", "number"),
    [(ctrlevent.Popen.terminate, signal.SIGTERM), (ctrlevent.Popen.kill, signal.SIGKILL)],
)
def test_terminate_and_kill_end_the_child_alone(
    end: Callable[[ctrlevent.Popen], None], number: int
) -> None:
    code = LEAVES_ONE + "child.wait()"
    with ctrlevent.Popen(python(code), stdout=subprocess.PIPE) as child:
        (grandchild,) = ids(child)
        end(child)
        assert child.wait(HANG_LIMIT) == -number
        assert not is_gone(grandchild)
        os.killpg(child.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(grandchild), "the end of the group")


def test_an_ended_child_is_sent_nothing() -> None:
    """Although it is still a zombie, and another process is left in its group."""
    with ctrlevent.Popen(python(LEAVES_ONE), stdout=subprocess.PIPE) as child:
        (grandchild,) = ids(child)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        for send in (child.interrupt, child.kill, child.terminate):
            send()
        child.send_signal(signal.SIGKILL)
        assert not is_gone(grandchild)
        os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 0


# Ignores the signals, starts a child and sends it the signal; says what became of the child.
STARTED_BY_ONE_THAT_IGNORES = """
import signal, subprocess, sys, threading, time
import ctrlevent
number, keeps = signal.Signals(int(sys.argv[1])), bool(int(sys.argv[2]))
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
code = "import sys; print('up', flush=True); sys.stdin.readline()"
def start():
    child = ctrlevent.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, restore_signals=not keeps)
    with child:
        child.stdout.readline()
        child.send_signal(number)
        if keeps:
            child.stdin.write(b"go on\\n")
        child.stdin.flush()
        child.wait()
    print(child.returncode, signal.getsignal(number) is signal.SIG_IGN, flush=True)
if int(sys.argv[3]):
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
"""


def outcome_of_child(number: int, *, keeps: bool = False, in_thread: bool = False) -> list[str]:
    arguments = [str(int(value)) for value in (number, keeps, in_thread)]
    command = [sys.executable, "-c", STARTED_BY_ONE_THAT_IGNORES, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=HANG_LIMIT)
    return done.stdout.decode().split()


@pytest.mark.parametrize("in_thread", [False, True], ids=["main thread", "other thread"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_the_child_of_one_that_ignores_it_hears_it(number: int, in_thread: bool) -> None:
    """As a shell starts a background job of a script. The caller goes on ignoring the signal."""
    assert outcome_of_child(number, in_thread=in_thread) == [str(-number), "True"]


def test_without_restore_signals_the_child_ignores_it_too() -> None:
    assert outcome_of_child(signal.SIGINT, keeps=True) == ["0", "True"]


# --- run ------------------------------------------------------------------------------------------


def test_run_is_like_subprocess_run() -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('e', file=sys.stderr); sys.exit(3)"
    done = ctrlevent.run(python(code), input="text", capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "TEXT\n", "e\n")
    with pytest.raises(subprocess.CalledProcessError) as error:
        ctrlevent.run(python(code), input=b"", capture_output=True, check=True)
    assert (error.value.returncode, error.value.stderr) == (3, b"e\n")


def test_large_input_and_output() -> None:
    data = os.urandom(1 << 20)
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    assert ctrlevent.run(python(code), input=data, capture_output=True).stdout == data


def test_who_holds_the_pipes_does_not_keep_it() -> None:
    done = ctrlevent.run(python(LEAVES_ONE), capture_output=True)
    assert done.returncode == 0
    wait_until(lambda: is_gone(int(done.stdout)), "the end of the group")


def times_out(code: str, timeout: float, grace: float, **named: Any) -> subprocess.TimeoutExpired:
    """What `run` raises about a program that is still running after `timeout`.

    Then `grace` is the time between the SIGINT and the SIGKILL.
    """
    with pytest.raises(subprocess.TimeoutExpired) as error:
        ctrlevent.run(python(code), timeout=timeout, grace=grace, stdout=subprocess.PIPE, **named)
    assert error.value.timeout == timeout
    return error.value


@pytest.mark.limits
def test_a_timeout_asks_first() -> None:
    """The program may take as long as it needs to exit by itself."""
    for limit in growing_limits(0.25):
        error = times_out(WAITS, limit, HANG_LIMIT, stderr=subprocess.PIPE, text=True)
        if error.output.startswith("up\n"):  # else it had not been started by then
            break
    else:
        pytest.fail("it was never up in time")
    assert error.output == "up\ninterrupted\n"
    assert not error.stderr


@pytest.mark.limits
def test_a_timeout_ends_the_group() -> None:
    """The program catches the SIGINT, and goes on; a child of it ignores SIGINT."""
    for limit in growing_limits(0.25):
        error = times_out(LEAVES_ONE + WILL_NOT_END, limit, limit)
        grandchild, *lines = error.output.decode().splitlines() or ["0"]
        if lines == ["up", "caught"]:  # else one of the two limits was too short for this machine
            break
    else:
        pytest.fail("it never caught the SIGINT in time")
    wait_until(lambda: is_gone(int(grandchild)), "the end of the group")


@pytest.mark.limits
def test_a_timeout_is_not_held_up_by_who_has_left_the_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`run` returns, though a daemon that has left the group keeps the pipe open.

    The daemon exits when the test closes its input.
    """
    monkeypatch.setattr(run, "_COLLECTED_WITHIN", 0.1)
    code = (
        "import subprocess, sys, time\n"
        "reads = [sys.executable, '-S', '-c', 'import sys; sys.stdin.read()']\n"
        "print(subprocess.Popen(reads, start_new_session=True).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    source, sink = os.pipe()
    try:
        for limit in growing_limits(0.25):
            error = times_out(code, limit, 0.1, stdin=source)
            if error.output:  # else the daemon had not been started by then
                break
        else:
            pytest.fail("the daemon was never started in time")
        daemon = int(error.output)
        assert not is_gone(daemon)
    finally:
        os.close(source)
        os.close(sink)
    wait_until(lambda: is_gone(daemon), "the end of the daemon")


def test_run_is_not_held_up_by_a_daemon_when_the_command_has_exited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the command has said by then is collected. The daemon exits at the end of its input."""
    monkeypatch.setattr(run, "_COLLECTED_WITHIN", 0.1)
    code = (
        "import subprocess, sys\n"
        "reads = [sys.executable, '-S', '-c', 'import sys; sys.stdin.read()']\n"
        "print(subprocess.Popen(reads, start_new_session=True).pid, flush=True)\n"
    )
    source, sink = os.pipe()
    try:
        done = ctrlevent.run(python(code), stdin=source, stdout=subprocess.PIPE)
        assert done.returncode == 0
        if done.stdout:  # else this machine was too busy to collect it in time
            assert not is_gone(int(done.stdout))
    finally:
        os.close(source)
        os.close(sink)


CALLS_RUN = """
import sys
import ctrlevent
try:
    # However long the command takes after a Ctrl+C, so that no time decides.
    ctrlevent.run([sys.executable, "-S", "-c", {code!r}], grace=None)
except KeyboardInterrupt:
    print("raised", flush=True)
"""


def test_a_ctrl_c_of_the_caller_is_passed_on_and_raised() -> None:
    """The caller is a process of its own, so the process that runs the tests gets no signal."""
    output = caller(CALLS_RUN.replace("{code!r}", repr(WAITS)), 1)
    assert output == b"up\ninterrupted\nraised\n"


INTERRUPTED_AS_IT_STARTS = """
import os, signal, subprocess, sys
import ctrlevent
execute = subprocess.Popen._execute_child
def execute_and_interrupt(self, *arguments):
    execute(self, *arguments)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGINT)
subprocess.Popen._execute_child = execute_and_interrupt
try:
    ctrlevent.run([sys.executable, "-S", "-c", {code!r}], stdin=subprocess.DEVNULL)
except KeyboardInterrupt:
    print("raised", flush=True)
"""


def test_a_ctrl_c_before_popen_has_come_back_ends_the_command_too() -> None:
    code = INTERRUPTED_AS_IT_STARTS.replace("{code!r}", repr(WAITS))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.read() == b"interrupted\nraised\n"


def test_a_second_ctrl_c_waits_no_longer() -> None:
    """After the first, `run` would wait for ever for this command."""
    code = CALLS_RUN.replace("{code!r}", repr(WILL_NOT_END))
    assert caller(code, 2) == b"up\ncaught\nraised\n"


def caller(code: str, times: int) -> bytes:
    """The output of a Python that is sent a SIGINT after each of its first `times` lines."""
    command = [sys.executable, "-c", code]
    found = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        for _ in range(times):
            found += process.stdout.readline()
            process.send_signal(signal.SIGINT)
        found += process.stdout.read()
    return found


def test_in_another_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(
        target=lambda: found.append(ctrlevent.run(python("raise SystemExit(5)")).returncode)
    )
    thread.start()
    thread.join(HANG_LIMIT)
    assert found == [5]


def test_streams_pass_through(tmp_path: Path) -> None:
    code = "import ctrlevent, sys; ctrlevent.run([sys.executable, '-S', '-c', sys.argv[1]])"
    copy = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    data = bytes(range(256))
    (tmp_path / "in").write_bytes(data)
    with open(tmp_path / "in", "rb") as stdin, open(tmp_path / "out", "wb") as stdout:
        subprocess.run([sys.executable, "-c", code, copy], stdin=stdin, stdout=stdout, check=True)
    assert (tmp_path / "out").read_bytes() == data


def test_who_reads_from_the_shared_terminal_is_stopped_and_then_ended(tmp_path: Path) -> None:
    """A Python, in the foreground of a terminal of its own, runs a command that reads from there.

    Then Ctrl+C is typed, which is for the Python. The command is stopped, so it cannot exit by
    itself, however long `run` waits: the Python ends it.
    """
    reads = "import os; print(os.getpid(), flush=True); input()"
    code = "import ctrlevent, sys\n"
    code += "try: ctrlevent.run([sys.executable, '-S', '-c', sys.argv[1]], console='shared',"
    code += " stdout=open(sys.argv[2], 'w'), grace=0)\n"
    code += "except KeyboardInterrupt: sys.exit(33)"
    keyboard, terminal = os.openpty()
    try:
        caller = subprocess.Popen(
            [sys.executable, "-c", code, reads, str(tmp_path / "pid")],
            stdin=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        wait_until((tmp_path / "pid").exists, "the command")
        wait_until((tmp_path / "pid").read_text, "its pid")
        pid = int((tmp_path / "pid").read_text())
        wait_until(lambda: state_of(pid) == "T", "that it is stopped")
        os.write(keyboard, b"\x03")
        assert caller.wait(HANG_LIMIT) == 33
        assert is_gone(pid)
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"input": b"", "stdin": subprocess.PIPE}, ValueError),
        ({"capture_output": True, "stdout": subprocess.PIPE}, ValueError),
        ({"console": "elsewhere"}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"input": "text"}, TypeError),
    ],
    ids=str,
)
def test_arguments_that_mean_nothing(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ctrlevent.run(python("pass"), **options)


def test_create_process_is_for_windows() -> None:
    with pytest.raises(OSError, match=r"subprocess\.Popen"):
        ctrlevent.create_process(["program"])
