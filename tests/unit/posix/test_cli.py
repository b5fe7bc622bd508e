"""The command line on POSIX, with real processes."""

from __future__ import annotations

import contextlib
import json
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
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("tests/windows has these", allow_module_level=True)

# Until its input ends. A signal that comes just before a read would wait for the end of the read,
# so a program that reports signals must not wait in a read: each signal makes a pipe readable.
WAITS = """
import select
came, comes = os.pipe()
os.set_blocking(comes, False)
signal.set_wakeup_fd(comes)
while 0 not in select.select([0, came], [], [])[0]:
    os.read(came, 100)
"""

# Says the number of each signal that it gets.
CHILD = f"""
import os, signal
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.write(1, b"%d\\n" % number))
os.write(1, b"up\\n")
{WAITS}"""

NO_SUCH_PID = str(0x7FFF_FFFE)


def cli(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ctrlevent", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_LIMIT,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """It leads a session, and so a group, of its own."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def heard(child: subprocess.Popen[bytes]) -> list[int]:
    """All that the child has heard until its exit."""
    output, _ = child.communicate()
    return [int(line) for line in output.split()]


@pytest.mark.parametrize("command", ["kill", "killpg"])
@pytest.mark.parametrize(
    ("sig", "number"),
    [
        ((), signal.SIGINT),
        (("INT",), signal.SIGINT),
        (("ctrl_c",), signal.SIGINT),
        (("BREAK",), signal.SIGQUIT),
        (("CTRL_BREAK_EVENT",), signal.SIGQUIT),
        (("sigterm",), signal.SIGTERM),
        (("15",), signal.SIGTERM),
    ],
    ids=str,
)
def test_signals(
    child: subprocess.Popen[bytes], command: str, sig: tuple[str, ...], number: int
) -> None:
    assert cli(command, str(child.pid), *sig) == (0, "", "")
    assert heard(child) == [number]


@pytest.mark.parametrize("command", ["kill", "killpg"])
@pytest.mark.parametrize("more", [("0",), ("--dry-run",)], ids=str)
def test_nothing_is_sent(
    child: subprocess.Popen[bytes], command: str, more: tuple[str, ...]
) -> None:
    code, _, errors = cli(command, str(child.pid), *more)
    assert (code, errors) == (0, "")
    assert heard(child) == []


@pytest.mark.parametrize("command", ["kill", "killpg"])
def test_nobody_is_there(command: str) -> None:
    code, output, errors = cli(command, NO_SUCH_PID)
    assert (code, output) == (1, "")
    named = f"process {NO_SUCH_PID}" if command == "kill" else f"process group {NO_SUCH_PID}"
    assert errors == f"ctrlevent: there is no {named}\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_dry_run_names_the_program(child: subprocess.Popen[bytes]) -> None:
    _, output, _ = cli("kill", str(child.pid), "--dry-run")
    assert output.startswith(f"process {child.pid} (python")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_tree(child: subprocess.Popen[bytes]) -> None:
    assert cli("kill", str(child.pid), "--tree") == (0, "", "")
    assert heard(child) == [signal.SIGINT]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_ps() -> None:
    code, output, errors = cli("ps", "--json")
    assert (code, errors) == (0, "")
    rows = {row["pid"]: row for row in json.loads(output)}
    assert rows[os.getpid()]["pgid"] == os.getpgrp()
    code, output, errors = cli("ps")
    assert (code, errors) == (0, "")
    assert output.split()[:4] == ["PID", "GROUP", "CTRL+C", "PROGRAM"]
    assert "\x1b" not in output


# Starts a child in a session of its own, which starts another in its own group; says their pids,
# and goes on until its input ends.
FAMILY = f"""
import os, signal, subprocess, sys
if len(sys.argv) == 1:
    command = [sys.executable, "-S", __file__, "child"]
    subprocess.Popen(command, start_new_session=True)
elif sys.argv[1] == "child":
    subprocess.Popen([sys.executable, "-S", __file__, "grandchild"])
os.write(1, b"%s %d\\n" % (sys.argv[-1].encode() if sys.argv[1:] else b"parent", os.getpid()))
{WAITS}"""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_ps_of_a_tree_has_it_in_whatever_session(tmp_path: Path) -> None:
    program = tmp_path / "family.py"
    program.write_text(FAMILY)
    with subprocess.Popen(
        [sys.executable, "-S", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        try:
            assert parent.stdout
            said = dict(parent.stdout.readline().split() for _ in range(3))
            pids = [int(said[name]) for name in (b"parent", b"child", b"grandchild")]
            assert {len(said), len({os.getsid(pid) for pid in pids})} == {3, 2}
            code, output, errors = cli("ps", "--tree", str(parent.pid))
            assert (code, errors) == (0, "")
            lines = output.splitlines()[1:]
            assert [int(line.split()[0]) for line in lines] == pids
            assert lines[1].split()[1] == f"{pids[1]}*"
            indents = [line.index("python") for line in lines]
            assert indents == [indents[0], indents[0] + 2, indents[0] + 4]
            code, output, errors = cli("ps", "--tree", str(parent.pid), "--json")
            assert [row["pid"] for row in json.loads(output)] == pids
        finally:
            assert parent.stdin
            parent.stdin.close()  # which is that of all three


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_ps_of_a_tree_that_is_not_there() -> None:
    code, output, errors = cli("ps", "--tree", NO_SUCH_PID)
    assert (code, output) == (1, "")
    assert errors == f"ctrlevent: there is no process {NO_SUCH_PID}\n"


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_run_has_the_exit_status_of_the_command(code: int) -> None:
    command = [sys.executable, "-S", "-c", f"print('out'); raise SystemExit({code})"]
    assert cli("run", "--", *command) == (code, "out\n", "")


def test_run_of_a_command_that_a_signal_ends() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert cli("run", "--", sys.executable, "-S", "-c", code) == (128 + 9, "", "")


def test_run_with_a_guard_says_what_it_has_found() -> None:
    """On POSIX a terminal leaves no event pending."""
    command = [sys.executable, "-S", "-c", "print('out'); raise SystemExit(3)"]
    said = "ctrlevent: run: the guard has found a Ctrl+C pending 0 times\n"
    assert cli("run", "--console", "shared", "--guard", "--", *command) == (3, "out\n", said)


@pytest.mark.parametrize("console", [(), ("--console", "own"), ("--console", "pty")])
def test_a_guard_is_for_a_shared_console(console: tuple[str, ...]) -> None:
    code, output, errors = cli("run", *console, "--guard", "--", "x")
    assert (code, output) == (2, "")
    assert errors.startswith("ctrlevent: run: --guard is for --console shared: ")


@pytest.mark.limits
@pytest.mark.parametrize("console", ["own", "shared"])
def test_run_with_a_timeout(console: str) -> None:
    """The command never exits by itself, whether it has been started by then or not."""
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    code, _, errors = cli("run", "--console", console, "--timeout", "0.5", "--", *command)
    assert code == 124
    assert errors.splitlines()[-1] == "ctrlevent: run: ended after 0.5 s"


# Counts its SIGINTs, says so, and goes on until its input ends.
COUNTS = f"""
import os, signal, sys
count = 0
def heard(*_):
    global count
    count += 1
    os.write(1, b"%d\\n" % count)
signal.signal(signal.SIGINT, heard)
os.write(1, b"%d\\n" % os.getpid())
{WAITS}sys.exit(5)
"""


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[Any, int]]:
    """`run` of COUNTS, as the leader of a group that hears SIGINT; and the pid of the command."""
    command = [sys.executable, "-m", "ctrlevent", "run", *options, "--"]
    with ctrlevent.Popen(
        [*command, sys.executable, "-S", "-c", COUNTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as wrapper:
        try:
            assert wrapper.stdout
            yield wrapper, int(wrapper.stdout.readline())
        finally:
            wrapper.kill()


@pytest.mark.parametrize("console", ["own", "shared"])
@pytest.mark.parametrize("named", ["wrapper", "its group"])
def test_the_command_of_run_decides_about_each_ctrl_c(console: str, named: str) -> None:
    """It gets each once, is waited for as long as it lives, and has the exit status.

    An event for the group of the wrapper is what a key makes.
    """
    with running("--console", console) as (wrapper, _):
        for number in range(1, 4):
            (os.kill if named == "wrapper" else os.killpg)(wrapper.pid, signal.SIGINT)
            assert wrapper.stdout.readline() == b"%d\n" % number
        wrapper.stdin.close()
        assert wrapper.wait(HANG_LIMIT) == 5
        assert wrapper.stdout.read() == b""


@pytest.mark.parametrize("console", ["own", "shared"])
def test_run_with_a_grace(console: str) -> None:
    with running("--console", console, "--grace", "0.5") as (wrapper, command):
        wrapper.interrupt()
        assert wrapper.wait(HANG_LIMIT) == 128 + 9
        wait_until(lambda: not is_alive(command), "the end of the command")


def test_grace_of_run_is_that_of_its_timeout_too() -> None:
    """Else the test would wait for longer than it does."""
    code = "from ctrlevent import _cli, _run; _run.GRACE = 3600.0; raise SystemExit(_cli.main())"
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    options = ["run", "--timeout", "0.2", "--grace", "0"]
    done = subprocess.run(
        [sys.executable, "-c", code, *options, "--", *command], timeout=HANG_LIMIT, check=False
    )
    assert done.returncode == 124


def test_run_of_what_is_not_there_names_it() -> None:
    code, output, errors = cli("run", "no such program")
    assert (code, output) == (1, "")
    assert errors == "ctrlevent: run: no such program: No such file or directory\n"


def test_what_a_command_sends_to_its_group_stays_inside() -> None:
    code = "import os, signal; signal.signal(2, lambda *_: None); os.killpg(0, 2); print('sent')"
    assert cli("run", "--", sys.executable, "-S", "-c", code) == (0, "sent\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["run"], ["run", "--"], ["run", "--timeout", "-1", "--", "x"], ["kill"],
        ["kill", "x"], ["kill", "4", "NONSENSE"], ["kill", "4", "DFL"], ["kill", "4", "SKILL"],
        ["kill", "-9", "4"], ["killpg", "-4"], ["kill", "4", "--timeout", "nan"],
        ["run", "--grace", "-1", "--", "x"], ["run", "--grace"],
        ["stop"], ["stop", "x"], ["stop", "4", "--grace", "soon"], ["ps", "--tree", "x"],
    ],
    ids=str,
)  # fmt: skip
def test_wrong_usage(arguments: list[str]) -> None:
    code, output, errors = cli(*arguments)
    assert (code, output) == (2, "")
    assert errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in ("ps", "kill", "killpg", "stop", "run", "demo"))]
)
def test_help(command: tuple[str, ...]) -> None:
    code, output, errors = cli(*command, "--help")
    assert (code, errors) == (0, "")
    assert output.startswith(" ".join(["usage: python -m ctrlevent", *command]))


def test_the_demo_is_for_windows() -> None:
    code, output, errors = cli("demo")
    assert (code, output) == (1, "")
    assert "nox -s demo" in errors
