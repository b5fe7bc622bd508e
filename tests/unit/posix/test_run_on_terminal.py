"""`run(console="pty")` on POSIX, with real processes; its caller has pipes, or a terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if sys.platform == "win32":
    pytest.skip("tests/windows has these", allow_module_level=True)

import ctrlevent
from ctrlevent import PseudoConsole, run
from tests.children import WAITS, WILL_NOT_END
from tests.waiting import HANG_LIMIT, growing_limits, wait_until

from .terminals import HEARS, RAW, STARTS, Screen, python, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_stray_events")

IS_TERMINAL = "import sys; print('terminal', sys.stdin.isatty(), sys.stdout.isatty()); sys.exit(9)"
ECHO = "import sys; print('up', flush=True); print('got', ascii(input()), flush=True)"


def captured(command: Any, **named: Any) -> Any:
    return run(command, console="pty", capture_output=True, text=True, **named)


def test_command_has_a_terminal() -> None:
    done = captured(python(IS_TERMINAL))
    assert (done.returncode, done.stdout, done.stderr) == (9, "terminal True True\r\n", None)
    assert done.args == python(IS_TERMINAL)


def test_output_is_bytes_unless_text_is_wanted() -> None:
    done = run(["printf", "größer"], console="pty", capture_output=True)
    assert done.stdout == "größer".encode()


@pytest.mark.parametrize("typed", ["hello\r", b"hello\n", "hello"])
def test_input_is_typed_and_ends(typed: Any) -> None:
    """`cat` ends at the end of its input."""
    done = captured(["cat"], input=typed)
    assert done.returncode == 0
    assert done.stdout.count("hello") == 2  # the echo, and what `cat` says


def test_input_that_is_not_read() -> None:
    """The terminal takes no more of it at some time."""
    command = python("import tty; tty.setraw(0); print('up', end='')")
    assert captured(command, input="x" * 1_000_000).returncode == 0


@pytest.mark.parametrize("args", ["echo $((40+2)) $0", ["echo $((40+2)) $0", "name"]])
def test_shell(args: Any) -> None:
    done = captured(args, shell=True)
    assert done.stdout.startswith("42 ")
    assert done.args == args


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_streams_are_the_terminal(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        captured(["true"], **{name: subprocess.PIPE})


def test_check_and_keywords(tmp_path: Any) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        captured(
            ["sh", "-c", "pwd; echo $NAME; exit 3"], check=True, cwd=tmp_path, env={"NAME": "v"}
        )
    assert failed.value.returncode == 3
    assert failed.value.stdout == f"{tmp_path}\r\nv\r\n"
    with pytest.raises(FileNotFoundError):
        captured(["no such program"])
    with pytest.raises(TypeError):
        captured(["true"], preexec_fn=None)


@pytest.mark.limits
def test_time_limit() -> None:
    for limit in growing_limits():
        with pytest.raises(subprocess.TimeoutExpired) as late:
            captured(python(WAITS), timeout=limit, grace=2 * limit)
        if "interrupted" in late.value.output:
            break
    else:
        pytest.fail("the command was never up in time")


@pytest.mark.limits
def test_command_that_goes_on_is_ended() -> None:
    for limit in growing_limits():
        with pytest.raises(subprocess.TimeoutExpired) as late:
            captured(python(WILL_NOT_END), timeout=limit, grace=limit)
        if "caught" in late.value.output:
            break
    else:
        pytest.fail("the command was never up in time")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="read from Linux's /proc")
@pytest.mark.parametrize("how", ["same", "group"])
def test_what_it_leaves_behind_is_ended(how: str) -> None:
    done = captured(python(STARTS, how, "nohup", "exit"))
    # It may have been ended before it could say so.
    pids = [int(text.partition(".")[0]) for text in done.stdout.split("child ")[1:]]
    wait_until(lambda: not any(map(runs, pids)), "the end of what was left")


# --- the command line, without a terminal ---------------------------------------------------------


def command_line(*arguments: str, **named: Any) -> Any:
    command = [sys.executable, "-m", "ctrlevent", "run", "--console", "pty", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=HANG_LIMIT, **named)


def test_command_line_passes_output_and_status() -> None:
    done = command_line("--", *python(IS_TERMINAL), stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (9, b"terminal True True\r\n", b"")


def test_status_of_a_command_that_a_signal_ends() -> None:
    done = command_line("--", "sh", "-c", "kill -9 $$", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (128 + 9, b"")


def test_what_comes_from_a_pipe_is_typed_and_ends() -> None:
    done = command_line("--", "cat", input=b"one\ntwo")
    assert done.returncode == 0
    assert done.stdout.replace(b"\r\n", b"\n").count(b"two") == 2


@pytest.mark.limits
def test_command_line_with_a_time_limit() -> None:
    done = command_line("--timeout", "0.5", "--", "sleep", "600", stdin=subprocess.DEVNULL)
    assert done.returncode == 124
    assert done.stderr == b"ctrlevent: run: ended after 0.5 s\n"


def test_command_decides_about_each_ctrl_c() -> None:
    """An event for the group of the wrapper is what the key of its terminal makes."""
    command = [sys.executable, "-m", "ctrlevent", "run", "--console", "pty", "--"]
    with ctrlevent.Popen(
        [*command, *python(WILL_NOT_END)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as wrapper:
        assert wrapper.stdout
        assert wrapper.stdout.readline() == b"up\r\n"
        for _ in range(3):
            os.killpg(wrapper.pid, signal.SIGINT)
            assert wrapper.stdout.readline() == b"caught\r\n"
        wrapper.kill()


# --- its caller has a terminal --------------------------------------------------------------------

CALLER = """
import sys, termios
import ctrlevent
before = termios.tcgetattr(0)
done = ctrlevent.run(sys.argv[1:], console="pty")
print("status", done.returncode, termios.tcgetattr(0) == before, flush=True)
print("caller got", ascii(input()), ".", flush=True)
"""


@pytest.fixture
def console() -> Iterator[PseudoConsole]:
    with PseudoConsole(columns=90, rows=33) as console:
        yield console
        with contextlib.suppress(OSError):  # the test has closed it
            console.end_processes()


@pytest.fixture
def screen(console: PseudoConsole) -> Screen:
    return Screen(console)


def test_keys_pass_through_and_the_modes_are_put_back(
    console: PseudoConsole, screen: Screen
) -> None:
    console.start([sys.executable, "-c", CALLER, *python(ECHO)])
    screen.wait_for("up")
    console.write("hello\r")
    screen.wait_for("got 'hello'")
    screen.wait_for("status 0 True")
    console.write("next\r")
    screen.wait_for("caller got 'next' .")


def test_each_key_is_for_the_command(console: PseudoConsole, screen: Screen) -> None:
    r"""Ctrl+C, Ctrl+\ and Ctrl+Z are none for the caller; nor are they doubled."""
    console.start([sys.executable, "-m", "ctrlevent", "run", "--console", "pty", "--",
                   *python(HEARS, "it", "SIGINT", "SIGQUIT", "SIGTSTP")])  # fmt: skip
    screen.wait_for("it is up")
    for key, name in (("\x03", "SIGINT"), ("\x1c", "SIGQUIT"), ("\x1a", "SIGTSTP")):
        console.write(key)
        screen.wait_for(f"it hears {name}.")
    console.press_ctrl_c()
    screen.text = screen.text.replace("it hears SIGINT.", "")
    screen.wait_for("it hears SIGINT.")
    assert screen.text.count("SIGQUIT.") == screen.text.count("SIGTSTP.") == 1


def test_a_ctrl_c_ends_what_ends_by_it(console: PseudoConsole, screen: Screen) -> None:
    wrapper = console.start(
        [sys.executable, "-m", "ctrlevent", "run", "--console", "pty", "--", *python(WAITS)]
    )
    screen.wait_for("up")
    console.press_ctrl_c()
    assert wrapper.wait(HANG_LIMIT) == 33
    console.close()
    assert "interrupted" in screen.rest()


def test_raw_keys_reach_a_program_in_raw_mode(console: PseudoConsole, screen: Screen) -> None:
    console.start([sys.executable, "-c", CALLER, *python(RAW)])
    screen.wait_for("up")
    console.press_ctrl_c()
    screen.wait_for(r"read b'\x03'.")
    screen.wait_for("status 0 True")


def test_inner_terminal_has_size_and_settings_of_the_caller_s(
    console: PseudoConsole, screen: Screen
) -> None:
    assert console.start(["stty", "intr", "^X"]).wait(HANG_LIMIT) == 0
    code = "stty -a; trap 'stty size; echo changed.' WINCH; stty size; echo up."
    code += "; while :; do sleep 0.1; done"
    console.start([sys.executable, "-c", CALLER, "sh", "-c", code])
    screen.wait_for("up.")
    assert "33 90" in screen.text
    assert "intr = ^X" in screen.text
    console.resize(70, 20)
    screen.wait_for("changed.")
    assert "20 70" in screen.text


def test_caller_in_the_background_is_not_stopped(console: PseudoConsole, screen: Screen) -> None:
    """It types nothing then, and shows what the command shows."""
    shell = (
        "import os, signal, subprocess, sys\n"
        "job = subprocess.Popen(sys.argv[1:], preexec_fn=os.setpgrp)\n"
        "print('job', os.waitpid(job.pid, os.WUNTRACED)[1], flush=True)"
    )
    wrapper = [sys.executable, "-m", "ctrlevent", "run", "--console", "pty", "--"]
    console.start([sys.executable, "-c", shell, *wrapper, "sh", "-c", "echo shown"])
    screen.wait_for("shown")
    screen.wait_for("job 0")
