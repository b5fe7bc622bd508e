"""python -m ctrlevent: what it prints, what it exits with, and that --dry-run sends nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from . import starting
from .harness import CTRL_C, NEW_GROUP, OWN_CONSOLE, Console, Python, bed_program

if TYPE_CHECKING:
    from .starting import Done

PYTHON = bed_program("python")
NATIVE = bed_program("native").rpartition("\\")[2]  # the image of most actors
NO_SUCH_PID = "4294967292"
PATIENT = ("--timeout", "180")  # a handler that runs late is no error here


def cli(who: Python, *arguments: str, **options: Any) -> Done:
    """The command line, called by an actor, on its console and in its group."""
    return who.call(starting.execute, [PYTHON, "-m", "ctrlevent", *arguments], **options)


def text(output: bytes) -> str:
    assert b"\x1b" not in output  # no colours where there is no terminal
    return output.decode().replace("\r\n", "\n")


def refused(done: Done) -> str:
    """One line on stderr, nothing else, and 1."""
    assert (done.exit_code, done.output) == (1, b"")
    line = text(done.errors)
    assert line.startswith("ctrlevent: ")
    assert line.count("\n") == 1
    assert line.endswith("\n")
    return line


# --- ps -------------------------------------------------------------------------------------------


@pytest.mark.bitness
def test_ps_as_json(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP, hears=False, name="leader")
    member = leader.spawn(name="member")
    elsewhere = parent.spawn(OWN_CONSOLE, name="elsewhere")
    done = cli(parent, "ps", "--json")
    assert (done.exit_code, done.errors) == (0, b"")
    rows = {row["pid"]: row for row in json.loads(text(done.output))}
    assert rows[leader.pid] == {
        "pid": leader.pid, "ppid": parent.pid, "pgid": leader.pid, "is_leader": True,
        "ignores_ctrl_c": True, "name": NATIVE,
    }  # fmt: skip
    assert rows[member.pid] == {
        "pid": member.pid, "ppid": leader.pid, "pgid": leader.pid, "is_leader": False,
        "ignores_ctrl_c": False, "name": NATIVE,
    }  # fmt: skip
    assert parent.pid in rows
    assert elsewhere.pid not in rows


def test_ps_as_a_tree(console: Console) -> None:
    parent = console.parent
    leader = parent.spawn(NEW_GROUP, hears=False)
    member = leader.spawn()
    done = cli(parent, "ps")
    assert (done.exit_code, done.errors) == (0, b"")
    head, *lines = text(done.output).splitlines()
    assert head.split() == ["PID", "GROUP", "CTRL+C", "PROGRAM"]
    rows = {int(line.split()[0]): line for line in lines}
    assert rows[leader.pid].split()[1:3] == [f"{leader.pid}*", "ignores"]
    assert rows[member.pid].split()[1:3] == [f"{leader.pid}", "hears"]
    images = {parent: "python", leader: NATIVE, member: NATIVE}
    indents = [rows[one.pid].index(image) for one, image in images.items()]
    assert indents == [indents[0], indents[0] + 2, indents[0] + 4]
    pids = [int(line.split()[0]) for line in lines]
    assert pids.index(parent.pid) < pids.index(leader.pid) < pids.index(member.pid)


# --- kill and killpg ------------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [(), ("INT",), ("sigint",), ("CTRL_C",), ("CTRL_C_EVENT",), ("2",)])
def test_killpg_sends_a_ctrl_c(console: Console, sig: tuple[str, ...]) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    done = cli(console.parent, "killpg", str(leader.pid), *sig)
    assert done == starting.Done(0, b"", b"")
    console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})


def test_kill_sends_to_exactly_one(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    assert cli(console.parent, "kill", str(member.pid), *PATIENT) == starting.Done(0, b"", b"")
    console.assert_heard({member: [CTRL_C]})


def test_kill_that_would_reach_others_is_refused(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    line = refused(cli(console.parent, "kill", str(member.pid), "--no-inject"))
    assert f"would also reach process {leader.pid}" in line
    console.assert_untouched()


@pytest.mark.parametrize(("sig", "code"), [("TERM", 15), ("KILL", 9), ("sigkill", 9), ("77", 77)])
def test_kill_of_a_number_ends_it(console: Console, sig: str, code: int) -> None:
    one = console.parent.spawn()
    assert cli(console.parent, "kill", str(one.pid), sig) == starting.Done(0, b"", b"")
    assert one.exit_code() == code


def test_killpg_of_a_number_ends_the_group(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    assert cli(console.parent, "killpg", str(leader.pid), "77") == starting.Done(0, b"", b"")
    assert (leader.exit_code(), member.exit_code()) == (77, 77)


@pytest.mark.parametrize("command", ["kill", "killpg"])
def test_0_looks(console: Console, command: str) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    assert cli(console.parent, command, str(leader.pid), "0") == starting.Done(0, b"", b"")
    console.assert_untouched()


@pytest.mark.parametrize("command", ["kill", "killpg"])
@pytest.mark.parametrize("more", [(), ("0",), ("--dry-run",)], ids=" ".join)
def test_nobody_is_there(shared_console: Console, command: str, more: tuple[str, ...]) -> None:
    assert NO_SUCH_PID in refused(cli(shared_console.parent, command, NO_SUCH_PID, *more))


def test_killpg_of_a_pid_that_leads_no_group(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    line = refused(cli(console.parent, "killpg", str(member.pid)))
    assert f"use killpg({leader.pid}, ...)" in line


# --- dry runs -------------------------------------------------------------------------------------


def dry(who: Python, *arguments: str) -> list[str]:
    done = cli(who, *arguments, "--dry-run")
    assert (done.exit_code, done.errors) == (0, b"")
    return sorted(text(done.output).splitlines())


def test_dry_run_of_killpg_names_who_would_hear_it(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    leader.spawn(hears=False).ignore_ctrl_c(True)
    lines = dry(console.parent, "killpg", str(leader.pid))
    how = f"({NATIVE}): through the group, which this console knows"
    assert lines == sorted(f"process {one.pid} {how}" for one in (leader, member))
    console.assert_untouched()


def test_dry_run_of_killpg_on_another_console(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP | OWN_CONSOLE)
    (line,) = dry(console.parent, "killpg", str(leader.pid))
    assert line == (
        f"process {leader.pid} ({NATIVE}): through the group, by a helper process on that console"
    )
    console.assert_untouched()


def test_dry_run_of_kill_by_a_thread(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    member = leader.spawn()
    (line,) = dry(console.parent, "kill", str(member.pid))
    assert line == f"process {member.pid} ({NATIVE}): by a thread at CtrlRoutine in that process"
    console.assert_untouched()


def test_dry_run_of_kill_of_one_alone_in_its_group(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    (line,) = dry(console.parent, "kill", str(leader.pid), "BREAK")
    how = "through its group, in which it is alone on this console"
    assert line == f"process {leader.pid} ({NATIVE}): {how}"
    console.assert_untouched()


@pytest.mark.parametrize("command", ["kill", "killpg"])
@pytest.mark.parametrize(
    ("sig", "how"),
    [("TERM", "ended, with exit code 15"), ("0", "nothing is sent, it is only looked for")],
)
def test_dry_run_of_what_is_no_event(console: Console, command: str, sig: str, how: str) -> None:
    leader = console.parent.spawn(NEW_GROUP)
    (line,) = dry(console.parent, command, str(leader.pid), sig)
    assert line == f"process {leader.pid} ({NATIVE}): {how}"
    console.assert_untouched()


def test_dry_run_refuses_what_the_command_refuses(console: Console) -> None:
    leader = console.parent.spawn(NEW_GROUP, hears=False)
    lines = [
        refused(cli(console.parent, "killpg", str(leader.pid), *more))
        for more in ((), ("--dry-run",))
    ]
    assert lines[0] == lines[1]
    assert "ignores Ctrl+C" in lines[0]


# --- run ------------------------------------------------------------------------------------------


@pytest.mark.limits
def test_run_with_a_timeout(shared_console: Console) -> None:
    command = [PYTHON, "-S", "-c", "while True: pass"]
    done = cli(shared_console.parent, "run", "--timeout", "1", "--", *command)
    assert done.exit_code == 124
    assert text(done.errors).splitlines()[-1] == "ctrlevent: run: ended after 1 s"


def test_run_in_time(shared_console: Console) -> None:
    done = cli(shared_console.parent, "run", "--timeout", "3600", PYTHON, "-S", "-c", "print('--')")
    assert done == starting.Done(0, b"--\r\n", b"")


def test_run_passes_arguments_on_as_they_are(shared_console: Console) -> None:
    show = "import sys; print(sys.argv[1:])"
    arguments = ["--", "--timeout", "1", "a b", 'q"', "-h"]
    done = cli(shared_console.parent, "run", "--", PYTHON, "-S", "-c", show, *arguments)
    assert text(done.output) == f"{arguments}\n"


def test_run_of_what_is_not_there_names_it(shared_console: Console) -> None:
    assert "run: no such program: " in refused(cli(shared_console.parent, "run", "no such program"))


IMPORTED = """
import sys
from ctrlevent._cli import main
main(["run", "--", sys.executable, "-S", "-c", "pass"])
print(*sys.modules)
"""


def test_run_imports_only_what_it_needs(shared_console: Console) -> None:
    """As tests/unit/test_cli.py has it, with what starts a process on Windows."""
    done = shared_console.parent.call(starting.execute, [PYTHON, "-S", "-c", IMPORTED])
    assert done.exit_code == 0
    imported = set(text(done.output).split())
    assert {"ctrlevent._windows.run", "ctrlevent._win32.native", "ctypes"} <= imported
    slow = {"typing", "argparse", "gettext", "shutil", "_posixsubprocess", "weakref"}
    others = ("dispatch", "policy", "helper_route", "thread_route", "keyboard", "group", "signals")
    assert not imported & slow
    assert not imported & {f"ctrlevent._windows.{name}" for name in others}


# --- usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["run"], ["run", "--"], ["run", "--console", "elsewhere", "--", "x"],
        ["run", "--timeout", "-1", "--", "x"], ["run", "--timeout", "nan", "--", "x"], ["kill"],
        ["run", "--grace", "-1", "--", "x"],
        ["kill", "x"], ["kill", "4", "NONSENSE"], ["kill", "4", "DFL"], ["kill", "4", "SKILL"],
        ["kill", "-9", "4"], ["killpg", "-4"], ["kill", "4", "--timeout", "soon"], ["ps", "4"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(shared_console: Console, arguments: list[str]) -> None:
    done = cli(shared_console.parent, *arguments)
    assert (done.exit_code, done.output) == (2, b"")
    assert "Traceback" not in text(done.errors)
    assert text(done.errors).strip()


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in ("ps", "kill", "killpg", "stop", "run", "demo"))]
)
def test_help(shared_console: Console, command: tuple[str, ...]) -> None:
    done = cli(shared_console.parent, *command, "--help")
    assert (done.exit_code, done.errors) == (0, b"")
    assert text(done.output).startswith(" ".join(["usage: python -m ctrlevent", *command]) + " ")
