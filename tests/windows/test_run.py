"""run, and `python -m ctrlevent run`: what a command sends stays inside, and nothing is left."""

from __future__ import annotations

import functools
import random
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.children import WAITS, WILL_NOT_END
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT, growing_limits, wait_until

from . import actor, starting
from .harness import (
    CONTROL_C_EXIT,
    CTRL_C,
    NEW_GROUP,
    OWN_CONSOLE,
    Actor,
    Console,
    Native,
    bed_program,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHON = bed_program("python")
RUN = [PYTHON, "-m", "ctrlevent", "run"]
PATIENT_RUN = [*starting.main_that_gives_time(), "run"]

# Sends as programs wrongly do: to itself, and to its whole console. Frees what Windows has parked.
SENDS = """
import ctypes, os, signal
kernel32 = ctypes.WinDLL("kernel32")
signal.signal(signal.SIGINT, lambda *_: None)
kernel32.SetConsoleCtrlHandler(None, False)
os.kill(os.getpid(), signal.CTRL_C_EVENT)
for _ in range(3):
    kernel32.GetConsoleProcessList((ctypes.c_uint32 * 64)(), 64)
assert kernel32.GenerateConsoleCtrlEvent(0, 0)
kernel32.GetConsoleProcessList((ctypes.c_uint32 * 64)(), 64)
print("sent", flush=True)
os._exit(42)
"""

COPIES = """
import os, stat, sys
data = sys.stdin.buffer.read()
sys.stdout.buffer.write(data)
sys.stderr.buffer.write(data[::-1])
kinds = "".join("f" if stat.S_ISREG(os.fstat(fd).st_mode) else "-" for fd in (0, 1, 2))
sys.stdout.buffer.write(kinds.encode())
"""

ENDS_WITH = "import ctypes; ctypes.WinDLL('kernel32').ExitProcess(ctypes.c_uint32({}))"

STAYS = "import time; time.sleep(3600)"

EVERY_BYTE = bytes(range(256)) * 100


def python(code: str, *arguments: str) -> list[str]:
    return [PYTHON, "-S", "-c", code, *arguments]


# --- nothing gets out -----------------------------------------------------------------------------


@pytest.mark.bitness
@pytest.mark.repeats
def test_events_of_a_program_behind_a_launcher_stay_inside(console: Console) -> None:
    """The wrapper has got no event if it exits as the program does."""
    parent = console.parent
    parent.spawn(name="bystander")
    command = [*RUN, "--", bed_program("launcher"), "-c", SENDS]
    for _ in range(repeats(100, 2)):
        done = parent.call(starting.execute, command)
        assert done == starting.Done(42, b"sent\r\n", b"")
        console.assert_untouched()


TEST_SESSION = """
import ctypes, os, signal
import pytest

kernel32 = ctypes.WinDLL("kernel32")

def console_call():
    kernel32.GetConsoleProcessList((ctypes.c_uint32 * 64)(), 64)

# What os.kill(pid, CTRL_C_EVENT) calls, but not os.kill: where Windows refuses the event, as it
# does outside for most of these, os.kill of CPython 3.11 goes on and terminates the process
# (bpo-14484).
WAYS = {
    "self": lambda: kernel32.GenerateConsoleCtrlEvent(0, os.getpid()),
    "parent": lambda: kernel32.GenerateConsoleCtrlEvent(0, os.getppid()),
    "kill-0": lambda: os.kill(0, signal.CTRL_C_EVENT),
    "broadcast": lambda: kernel32.GenerateConsoleCtrlEvent(0, 0),
    "break": lambda: kernel32.GenerateConsoleCtrlEvent(1, os.getpid()),
}

@pytest.fixture(autouse=True, scope="session")
def events_are_taken():
    # So that what the events do to the session itself does not depend on when they come.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGBREAK, lambda *_: None)
    yield
    console_call()
    # When this call returns, no handler runs any more, and none is called from then on.
    kernel32.SetConsoleCtrlHandler(None, True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGBREAK, signal.SIG_IGN)

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("again", [1, 2, 3])
def test_send(way, again):
    for _ in range(again):
        try:
            WAYS[way]()
        except OSError:
            pass
        console_call()
    print("sent")

def test_fails():
    WAYS["broadcast"]()
    assert "something" == "else"

def test_is_skipped():
    WAYS["self"]()
    pytest.skip("for a reason")
"""


def test_a_test_session_that_sends_events_is_the_same_as_outside(
    console: Console, tmp_path: Path
) -> None:
    """Outside means: on a console that no other process is on."""
    parent = console.parent
    parent.spawn(name="bystander")
    (tmp_path / "test_session.py").write_text(TEST_SESSION, encoding="utf-8")
    pytest_ = [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-v", "--junit-xml=junit.xml"]
    seen = []
    for command, flags in ((pytest_, OWN_CONSOLE), ([*RUN, "--", *pytest_], 0)):
        done = parent.call(starting.execute, command, cwd=str(tmp_path), flags=flags)
        junit = (tmp_path / "junit.xml").read_text(encoding="utf-8")
        (tmp_path / "junit.xml").unlink()
        seen.append(
            (done.exit_code, without_times(done.output.decode()), done.errors, without_times(junit))
        )
    outside, inside = seen
    assert inside == outside
    assert outside[0] == 1
    assert "1 failed, 15 passed, 1 skipped" in outside[1]
    console.assert_untouched()


def without_times(text: str) -> str:
    text = re.sub(r'time(stamp)?="[^"]*"', "", text)
    return re.sub(r"=* (.*) in [\d.]+s.*=", r"\1", text)


# --- nothing is left ------------------------------------------------------------------------------

TREE = """
import os, subprocess, sys, time
native, depth, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
detached, new_group = 0x8, 0x200
if depth:
    below = [native, str(depth - 1), *sys.argv[3:]]
    command, flags = [sys.executable, "-S", "-c", sys.argv[4], *below], 0
else:
    command, flags = [native, "ignore"], detached | new_group
child = subprocess.Popen(command, creationflags=flags)
with open(f"{folder}/{depth}", "w") as file:
    print(child.pid, file=file)
if sys.argv[5] == "stay":
    while True:
        try:
            child.wait()
        except KeyboardInterrupt:
            pass
while not os.path.exists(f"{folder}/go"):
    time.sleep(0.01)
"""


@pytest.mark.limits
@pytest.mark.bitness
def test_the_whole_tree_is_gone_after_the_timeout(console: Console, tmp_path: Path) -> None:
    """No process of it exits by itself. The timeout starts together with the command."""
    for limit in growing_limits(2.0):
        folder = tmp_path / f"{limit:g}"
        folder.mkdir()
        command = python(TREE, bed_program("native"), "1", str(folder), TREE, "stay")
        watched = console.parent.call(
            starting.run_and_watch, command, str(folder), ["1", "0"],
            grace=1.0, timeout=limit, stdin=-3,
        )  # fmt: skip
        assert watched.ran.error == "TimeoutExpired"
        assert not any(watched.after)
        if watched.before == [True, True]:
            break
    else:
        pytest.fail("the tree was never up in time")


def test_the_whole_tree_is_gone_when_the_command_ends(console: Console, tmp_path: Path) -> None:
    command = python(TREE, bed_program("native"), "1", str(tmp_path), TREE, "leave")
    watched = console.parent.call(
        starting.run_and_watch, command, str(tmp_path), ["1", "0"], stdin=-3
    )
    assert (watched.ran.error, watched.ran.returncode) == (None, 0)
    assert watched.after == [False, False]


def test_who_holds_the_pipes_does_not_keep_it(console: Console) -> None:
    code = "import subprocess, sys; print('mine', flush=True); subprocess.Popen(sys.argv[1:])"
    command = python(code, bed_program("native"), "ignore")
    ran = console.parent.call(starting.run, command, capture_output=True, text=True)
    assert (ran.error, ran.returncode, ran.errors) == (None, 0, "")
    assert ran.output.startswith("mine\n")


@pytest.mark.limits
@pytest.mark.repeats
def test_no_handle_is_left(console: Console) -> None:
    command = [bed_program("native"), "default", "0"]
    assert console.parent.call(starting.handles_of_runs, command, repeats(50, 5)) == ""


# --- how it ends ----------------------------------------------------------------------------------


def run_until_said(console: Console, code: str, said: str) -> starting.Ran:
    """Runs a program for 1 s, or twice as long, ... until it was up by then, and heard its Ctrl+C.

    It then has twice that time to exit.
    """
    for limit in growing_limits():
        ran = console.parent.call(
            starting.run, python(code), grace=2 * limit, timeout=limit,
            capture_output=True, text=True,
        )  # fmt: skip
        if said in ran.output:
            return ran
    pytest.fail(f"it never said {said!r} in time")


@pytest.mark.limits
@pytest.mark.bitness
def test_a_timeout_asks_first(console: Console) -> None:
    ran = run_until_said(console, WAITS, "interrupted")
    assert (ran.error, ran.output, ran.errors) == ("TimeoutExpired", "up\ninterrupted\n", "")


@pytest.mark.limits
def test_a_timeout_ends_what_does_not_end_itself(console: Console) -> None:
    ran = run_until_said(console, WILL_NOT_END, "caught")
    assert (ran.error, ran.output) == ("TimeoutExpired", "up\ncaught\n")


@pytest.mark.parametrize("code", [0, 1, 42, 255, 256, 0x7FFF_FFFF, 0xC000_0005, 0xFFFF_FFFF])
def test_the_exit_status_is_the_commands(console: Console, code: int) -> None:
    command = python(ENDS_WITH.format(code))
    assert console.parent.call(starting.run, command).returncode == code
    assert console.parent.call(starting.execute, [*RUN, "--", *command]).exit_code == code


@pytest.mark.repeats
def test_a_ctrl_c_of_the_caller_is_passed_on(console: Console, tmp_path: Path) -> None:
    """At any moment. It reaches the wrapper alone, though the command is on the same console.

    Python before 3.13 waits for ever when a Ctrl+C comes at the end of a wait with a timeout.
    """
    command = [*PATIENT_RUN, "--console", "shared", "--", *python(WAITS)]
    chance = random.Random(1)
    for turn in range(repeats(50, 2)):
        output = str(tmp_path / f"output{turn}")
        wrapper = console.parent.call(starting.start, command, OWN_CONSOLE, output)
        assert starting.wait_for_file(output) == "up\n"
        time.sleep(chance.uniform(0, 0.1))  # not for luck: any moment will do
        console.parent.call(ctrlevent.kill, wrapper, CTRL_C_EVENT, timeout=HANG_LIMIT)
        code = console.parent.call(starting.end_of, wrapper)
        said = starting.wait_for_file(output)
        assert (code, said) == (33, "up\ninterrupted\n"), f"turn {turn}"


CONSOLES = pytest.mark.parametrize("kind", ["own", "shared", "pty"])


def run_actor(
    console: Console, *options: str, wrapper: Sequence[str] = RUN, group: bool = False
) -> Native:
    """An actor on the command line's `run`. `group`: that leads a group, and hears Ctrl+C."""
    command = [*wrapper, *options, "--"]
    if group:
        command = [PYTHON, "-c", starting.HEARS_AND_RUNS, *command]
    flags = NEW_GROUP if group else 0
    return console.parent.spawn_wrapped(command, flags=flags, name="command")


def interrupt_wrapper(console: Console, command: Native) -> None:
    console.parent.call(ctrlevent.kill, command.started, CTRL_C_EVENT, timeout=HANG_LIMIT)


@CONSOLES
@pytest.mark.bitness
def test_the_command_decides_about_each_ctrl_c(console: Console, kind: str) -> None:
    """It gets each once, is waited for as long as it lives, and has the exit status."""
    command = run_actor(console, "--console", kind)
    for _ in range(3):
        interrupt_wrapper(console, command)
        console.assert_heard({command: [CTRL_C]})
    command.leave(5)
    assert console.parent.call(actor.exit_code_of, command.started) == 5


@CONSOLES
def test_a_grace_ends_it(console: Console, kind: str) -> None:
    """And all that it has started."""
    command = run_actor(console, "--console", kind, "--grace", "1")
    child = command.spawn(name="child")
    interrupt_wrapper(console, command)
    assert command.exit_code() == child.exit_code() == CONTROL_C_EXIT
    exit_code = console.parent.call(actor.exit_code_of, command.started)
    assert exit_code == CONTROL_C_EXIT


@pytest.mark.limits
def test_a_grace_is_that_of_a_timeout_too(console: Console) -> None:
    """Else the test would wait for longer than it does."""
    options = ("--timeout", "0.5", "--grace", "0.5")
    command = run_actor(console, *options, wrapper=PATIENT_RUN)
    assert command.exit_code() == CONTROL_C_EXIT
    assert console.parent.call(actor.exit_code_of, command.started) == 124


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_a_ctrl_c_that_cannot_be_passed_on_is_reported(
    console: Console, tmp_path: Path, kind: str
) -> None:
    """The command has no console that an event could come through, and goes on."""
    output = str(tmp_path / "output")
    code = "import ctypes, os; ctypes.WinDLL('kernel32').FreeConsole(); print(os.getpid(), flush=1)"
    command = [*RUN, "--no-inject", "--console", kind, "--", *python(f"{code}; {STAYS}")]
    wrapper = console.parent.call(starting.start, command, 0, output)
    pid = int(starting.wait_for_file(output))
    console.parent.call(ctrlevent.kill, wrapper, CTRL_C_EVENT, timeout=HANG_LIMIT)
    wait_until(lambda: "not be passed on" in Path(output).read_text(), "the report")
    console.parent.call(ctrlevent.kill, pid, 9)
    assert console.parent.call(starting.end_of, wrapper) == 9


# --- a shared console: once, whatever the event is for --------------------------------------------


def send_to_console(console: Console, _command: Native) -> None:
    """As a key does."""
    console.parent.call(ctrlevent.broadcast, CTRL_C_EVENT)


def send_to_group_0(console: Console, _command: Native) -> None:
    """To the whole console; on Wine 10, to the group of the caller, which is the wrapper's too."""
    console.parent.call(starting.generate, CTRL_C, 0)


def send_to_wrapper_and_its_group(console: Console, command: Native) -> None:
    pgid = console.parent.call(ctrlevent.getpgid, command.started)
    console.parent.call(ctrlevent.killpg, pgid, CTRL_C_EVENT, timeout=HANG_LIMIT)


@pytest.mark.bitness
@pytest.mark.parametrize("options", [(), ("--no-inject",)], ids=["", "no thread elsewhere"])
@pytest.mark.parametrize(
    ("send", "group", "neighbours_hear"),
    [
        (send_to_console, False, True),
        (send_to_group_0, False, True),
        (send_to_wrapper_and_its_group, False, True),
        (send_to_wrapper_and_its_group, True, False),
        (interrupt_wrapper, False, False),
    ],
    ids=["console", "group 0", "group", "group of its own", "wrapper"],
)
def test_on_a_shared_console_it_comes_once(
    console: Console, send: Any, group: bool, neighbours_hear: bool, options: tuple[str, ...]
) -> None:
    """To the command and to its child, each time. What comes late would come to the next turn."""
    neighbour = console.parent.spawn(name="neighbour")
    command = run_actor(console, "--console", "shared", *options, group=group)
    child = command.spawn(hears=False, name="child")
    for _ in range(3):
        send(console, command)
        heard: dict[Actor, list[int]] = {command: [CTRL_C], child: [CTRL_C]}
        if neighbours_hear:
            heard.update({console.parent: [CTRL_C], neighbour: [CTRL_C]})
        console.assert_heard(heard)
        for one in (command, child):
            ignores = functools.partial(console.parent.call, ctrlevent.ignores_ctrl_c, one.pid)
            wait_until(ignores, "the end of passing on")
    command.leave(5)
    assert console.parent.call(actor.exit_code_of, command.started) == 5
    assert child.exit_code() == CONTROL_C_EXIT


def test_a_ctrl_c_of_the_caller_of_run_is_raised(console: Console, tmp_path: Path) -> None:
    code = f"""
import ctrlevent, sys
from tests.windows import starting
starting.give_time_to_end()
try:
    ctrlevent.run({python(WAITS)!r}, grace=None)
except KeyboardInterrupt:
    print("raised", flush=True)
"""
    output = str(tmp_path / "output")
    caller = console.parent.call(starting.start, [PYTHON, "-c", code], OWN_CONSOLE, output)
    assert starting.wait_for_file(output) == "up\n"
    console.parent.call(ctrlevent.kill, caller, CTRL_C_EVENT, timeout=HANG_LIMIT)
    assert console.parent.call(starting.end_of, caller) == 0
    assert starting.wait_for_file(output) == "up\ninterrupted\nraised\n"


# --- standard streams -----------------------------------------------------------------------------


def test_pipes_pass_through_byte_for_byte(console: Console) -> None:
    command = [*RUN, "--", *python(COPIES)]
    done = console.parent.call(starting.execute, command, data=EVERY_BYTE)
    assert done == starting.Done(0, EVERY_BYTE + b"---", EVERY_BYTE[::-1])


def test_files_are_the_commands_own(console: Console) -> None:
    command = [*RUN, "--", *python(COPIES)]
    done = console.parent.call(starting.execute_with_files, command, EVERY_BYTE)
    assert done == starting.Done(0, EVERY_BYTE + b"fff", EVERY_BYTE[::-1])


def test_input_and_capture_output(console: Console) -> None:
    ran = console.parent.call(starting.run, python(COPIES), input=EVERY_BYTE, capture_output=True)
    assert (ran.returncode, ran.output, ran.errors) == (0, EVERY_BYTE + b"---", EVERY_BYTE[::-1])


def test_input_that_is_not_read_is_no_error(console: Console) -> None:
    ran = console.parent.call(starting.run, python("pass"), input=b"x" * (1 << 20))
    assert (ran.error, ran.returncode) == (None, 0)


def test_text(console: Console) -> None:
    code = "import sys; print(sys.stdin.read().upper())"
    options: dict[str, Any] = {"input": "ab\n", "text": True, "capture_output": True}
    ran = console.parent.call(starting.run, python(code), **options)
    assert (ran.output, ran.errors) == ("AB\n\n", "")


def test_text_for_a_pipe_of_bytes_is_refused(console: Console) -> None:
    with pytest.raises(TypeError):
        console.parent.call(starting.run, python(WAITS), input="text")


def test_output_that_is_no_text_is_an_error(console: Console) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes([255]))"
    with pytest.raises(ValueError, match="0xff"):
        console.parent.call(
            starting.run_for_error, python(code), capture_output=True, encoding="utf-8"
        )


@pytest.mark.parametrize("options", [{"input": b"", "stdin": -1}, {"stdout": -1}, {"stderr": -2}])
def test_streams_named_twice_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot"):
        ctrlevent.run(["no such program"], capture_output=True, **options)


def test_check(console: Console) -> None:
    command = python("import sys; print('out'); sys.exit(3)")
    ran = console.parent.call(starting.run, command, check=True, capture_output=True, text=True)
    assert (ran.error, ran.returncode, ran.output) == ("CalledProcessError", 3, "out\n")


# --- the console ----------------------------------------------------------------------------------

WHERE = "import ctrlevent; print(*[p.pid for p in ctrlevent.console_processes()])"


def test_the_console_is_its_own(console: Console) -> None:
    command = [PYTHON, "-c", WHERE]
    ran = console.parent.call(starting.run, command, capture_output=True)
    pids = [int(pid) for pid in ran.output.split()]
    assert len(pids) == 1
    assert console.parent.pid not in pids


@pytest.mark.parametrize("kind", ["shared", "inherit"])
def test_or_the_callers(console: Console, kind: str) -> None:
    command = [PYTHON, "-c", WHERE]
    ran = console.parent.call(starting.run, command, console=kind, capture_output=True)
    assert console.parent.pid in [int(pid) for pid in ran.output.split()]


def test_a_shared_console_too_is_left_by_the_whole_tree(console: Console, tmp_path: Path) -> None:
    command = python(TREE, bed_program("native"), "0", str(tmp_path), TREE, "leave")
    running = console.parent.begin(starting.run, command, console="shared")
    pid = int(starting.wait_for_file(str(tmp_path / "0")))
    (tmp_path / "go").touch()
    assert running.result().returncode == 0
    assert pid not in {one.pid for one in console.parent.call(ctrlevent.console_processes)}
    with pytest.raises(ProcessLookupError):
        console.parent.call(ctrlevent.kill, pid, 0)


# --- what is refused ------------------------------------------------------------------------------


def test_a_program_that_is_not_there(console: Console) -> None:
    with pytest.raises(FileNotFoundError) as error:
        console.parent.call(starting.run, ["no such program"])
    assert getattr(error.value, "winerror", None) == 2


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"console": "elsewhere"}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"no_such_argument": 1}, TypeError),
    ],
    ids=str,
)
def test_arguments_that_mean_nothing(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ctrlevent.run(["no such program"], **options)
