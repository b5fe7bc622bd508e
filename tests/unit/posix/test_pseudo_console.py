"""`PseudoConsole` on POSIX, with real processes."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING, Any

import pytest

if sys.platform == "win32":
    pytest.skip("tests/windows has these", allow_module_level=True)

import ctrlevent
from ctrlevent import PseudoConsole
from ctrlevent._posix import processes, pseudo_console, waits
from tests.repeats import repeats
from tests.waiting import HANG_LIMIT, wait_until

from .interrupted import children
from .terminals import HEARS, RAW, STARTS, Screen, python, runs, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_stray_events")

needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/stat"), reason="sessions are read from Linux's /proc"
)


@pytest.fixture
def console() -> Iterator[PseudoConsole]:
    with PseudoConsole() as console:
        yield console
        with contextlib.suppress(OSError):  # the test has closed it
            console.end_processes()


@pytest.fixture
def screen(console: PseudoConsole) -> Screen:
    return Screen(console)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not end by itself is ended soon."""
    monkeypatch.setattr(pseudo_console, "CLOSE_SECONDS", 0.3)


# --- a child --------------------------------------------------------------------------------------


def test_child_leads_a_session_with_this_terminal(console: PseudoConsole, screen: Screen) -> None:
    code = "import os; t = os.open('/dev/tty', 2); print('on', os.tcgetpgrp(t), os.ttyname(0), '.')"
    child = console.start([sys.executable, "-c", code])
    assert child.wait(HANG_LIMIT) == 0
    terminal: Any = console._terminal
    screen.wait_for(f"on {child.pid} {terminal._name} .")
    assert repr(child) == f"<TerminalProcess {child.pid}>"


def test_child_hears_what_its_parent_ignores(screen: Screen) -> None:
    """As under nohup: a program that was started so starts the console."""
    del screen
    code = (
        "import signal, sys; from ctrlevent import PseudoConsole\n"
        "for each in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:\n"
        "    signal.signal(each, signal.SIG_IGN)\n"
        "with PseudoConsole() as console:\n"
        "    child = console.start([sys.executable, '-c', 'import signal as s; '"
        "'print([s.getsignal(n) == s.SIG_IGN for n in (s.SIGINT, s.SIGQUIT, s.SIGHUP)])'])\n"
        "    child.wait()\n"
        "print(console.read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[False, False, False]" in done.stdout


def test_executable_folder_and_environment(
    console: PseudoConsole, screen: Screen, tmp_path: Any
) -> None:
    child = console.start(
        ["named", "-c", 'echo "$0 $PWD $NAME."', "zero"],
        executable="/bin/sh",
        cwd=tmp_path,
        env={"NAME": "value"},
    )
    assert child.wait(HANG_LIMIT) == 0
    screen.wait_for(f"zero {tmp_path} value.")


def test_a_text_is_a_program(console: PseudoConsole) -> None:
    assert console.start("true").wait(HANG_LIMIT) == 0
    with pytest.raises(FileNotFoundError):
        console.start("true and more")


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"creationflags": 0x10}, ValueError),
        ({"standard_handles": (0, 0, 0)}, ValueError),
        ({"handle_list": [1]}, ValueError),
        ({"show_window": 0}, ValueError),
        ({"stdin": None}, TypeError),
        ({"pseudo_console": 1}, TypeError),
        ({"env": {"a=b": "c"}}, ValueError),
        ({"executable": "a\0b"}, ValueError),
    ],
    ids=str,
)
def test_keywords_that_it_does_not_take(
    console: PseudoConsole, named: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        console.start(["true"], **named)


def test_keywords_of_windows_that_ask_for_nothing(console: PseudoConsole) -> None:
    nothing: Any = {"creationflags": 0, "standard_handles": None, "handle_list": [], "job_list": ()}
    assert console.start(["true"], **nothing).wait(HANG_LIMIT) == 0


@pytest.mark.limits
def test_exit_status(console: PseudoConsole) -> None:
    child = console.start(["sleep", "600"])
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired) as late:
        child.wait(0.01)
    assert (late.value.cmd, late.value.timeout) == (["sleep", "600"], 0.01)
    child.kill()
    assert (child.wait(HANG_LIMIT), child.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    child.kill()  # does nothing


def test_child_that_other_code_has_waited_for(console: PseudoConsole) -> None:
    """Its exit status is not known, as with `subprocess`."""
    child = console.start(["false"])
    os.waitpid(child.pid, 0)
    assert child.wait(HANG_LIMIT) == 0


def test_child_goes_on_when_its_object_is_dropped(console: PseudoConsole, screen: Screen) -> None:
    console.start(python(HEARS, "it"))
    screen.wait_for("it is up")
    console.press_ctrl_c()
    screen.wait_for("it hears SIGINT.")


# --- keys -----------------------------------------------------------------------------------------


def test_key_is_for_what_is_on_the_terminal(console: PseudoConsole, screen: Screen) -> None:
    for name in ("first", "second", "third"):
        console.start(python(HEARS, name))
        screen.wait_for(f"{name} is up")
    with subprocess.Popen(
        python(HEARS, "bystander"), stdout=subprocess.PIPE, text=True
    ) as bystander:
        assert bystander.stdout
        assert bystander.stdout.readline() == "bystander is up\n"
        console.press_ctrl_c()
        for name in ("first", "second", "third"):
            screen.wait_for(f"{name} hears SIGINT.")
        console.write("\x1c")  # Ctrl+\
        for name in ("first", "second", "third"):
            screen.wait_for(f"{name} hears SIGQUIT.")
        bystander.terminate()
        assert bystander.stdout.read() == ""
    assert screen.text.count("SIGINT") == screen.text.count("SIGQUIT") == 3


def test_it_is_the_interrupt_character_of_the_terminal(
    console: PseudoConsole, screen: Screen
) -> None:
    stty = console.start(["stty", "intr", "^X"])
    assert stty.wait(HANG_LIMIT) == 0
    for name in ("first", "second"):
        console.start(python(HEARS, name))
        screen.wait_for(f"{name} is up")
    console.write("\x03")
    console.press_ctrl_c()
    for name in ("first", "second"):
        screen.wait_for(f"{name} hears SIGINT.")
    assert screen.text.count("SIGINT") == 2


def test_it_is_ctrl_c_where_the_terminal_has_none(console: PseudoConsole, screen: Screen) -> None:
    assert console.start(["stty", "intr", "undef"]).wait(HANG_LIMIT) == 0
    console.start(python("import os; os.write(1, b'up'); print(ascii(input()))"))
    screen.wait_for("up")
    console.press_ctrl_c()
    console.write("\r")
    screen.wait_for(r"'\x03'")


def test_key_is_input_in_raw_mode(console: PseudoConsole, screen: Screen) -> None:
    """And no signal for a child beside."""
    raw = console.start(python(RAW))
    screen.wait_for("up")
    console.start(python(HEARS, "second"))
    screen.wait_for("second is up")
    console.press_ctrl_c()
    screen.wait_for(r"read b'\x03'.")
    raw.wait(HANG_LIMIT)
    assert "hears" not in screen.text


# Puts a job into the foreground, and runs the same program itself.
JOB = """
import os, signal, subprocess, sys
code, name, *signals = sys.argv[1:]
command = [sys.executable, "-S", "-c", code, name, *signals]
job = subprocess.Popen(command, preexec_fn=os.setpgrp)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, job.pid)
sys.argv[1:] = ["its parent"]
exec(code)
"""


def test_key_is_for_the_job_in_the_foreground(console: PseudoConsole, screen: Screen) -> None:
    console.start([sys.executable, "-c", JOB, HEARS, "job"])
    screen.wait_for("job is up")
    screen.wait_for("its parent is up")
    console.press_ctrl_c()
    screen.wait_for("job hears SIGINT.")
    assert screen.text.count("SIGINT") == 1


def test_what_is_typed_is_read(console: PseudoConsole, screen: Screen) -> None:
    console.start(python("print('up', flush=True); print('got', ascii(input()))"))
    screen.wait_for("up")
    console.write("hé")
    console.write_bytes(b"llo\r")
    screen.wait_for(r"got 'h\xe9llo'")


@pytest.mark.skipif(not pseudo_console._IUTF8, reason="the number of the mode is not known here")
def test_backspace_erases_a_whole_character(console: PseudoConsole, screen: Screen) -> None:
    console.start(python("print('up', flush=True); print('got', ascii(input()))"))
    screen.wait_for("up")
    console.write("a☃\x7fb\r")
    screen.wait_for("got 'ab'")


def test_what_is_shown_may_divide_a_character(console: PseudoConsole, screen: Screen) -> None:
    code = (  # without an echo
        "import os, tty; tty.setraw(0); os.write(1, b'<\\xe2');"
        " os.read(0, 1); os.write(1, b'\\x98\\x83>\\xff.')"
    )
    console.start(python(code))
    screen.wait_for("<")
    assert "\ufffd" not in screen.text
    console.write_bytes(b"\r")
    screen.wait_for("<\u2603>\ufffd.")


def test_size(screen: Screen, console: PseudoConsole) -> None:
    for name in ("first", "second"):
        console.start(python(HEARS, name, "SIGWINCH"))
        screen.wait_for(f"{name} is up")
    console.resize(83, 21)
    for name in ("first", "second"):
        screen.wait_for(f"{name} hears SIGWINCH.")
    console.start(["stty", "size"])
    screen.wait_for("21 83")


def test_read_waits_no_longer_than_it_is_told(console: PseudoConsole) -> None:
    assert console.read(0) == console.read(0.01) == ""
    assert console.start(["true"]).wait(HANG_LIMIT) == 0
    assert console.read(0.01) == ""  # the console is still there


# --- one after the other --------------------------------------------------------------------------


def test_terminal_is_that_of_the_next_when_the_first_has_exited(
    console: PseudoConsole, screen: Screen
) -> None:
    first = console.start(python(HEARS, "first"))
    screen.wait_for("first is up")
    console.start(python(HEARS, "second"))
    screen.wait_for("second is up")
    first.kill()
    first.wait(HANG_LIMIT)
    code = "import os; print('third', os.tcgetpgrp(0) == os.getpid())"
    console.start([sys.executable, "-c", code])
    screen.wait_for("third True")
    console.press_ctrl_c()
    screen.wait_for("second hears SIGINT.")


def test_slave_that_the_system_has_closed_is_opened_again(
    console: PseudoConsole, screen: Screen
) -> None:
    """As macOS does when the leader of the session exits."""
    terminal: Any = console._terminal
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, terminal._slave)  # so the reader finds that no process has the slave open
    os.close(null)
    console.start(python("print('shown', flush=True)"))
    screen.wait_for("shown")


# --- the end --------------------------------------------------------------------------------------


def test_programs_clean_up_when_it_is_closed(console: PseudoConsole, screen: Screen) -> None:
    code = (
        HEARS.replace("while True:", "while not done:")
        .replace("def hear", "done = []\ndef hear")
        .replace(
            'os.write(1, f"{sys.argv[1]} hears', 'done.append(1); os.write(1, f"{sys.argv[1]} hears'
        )
    )
    children = []
    for name in ("first", "second"):
        children.append(console.start(python(code, name, "SIGHUP")))
        screen.wait_for(f"{name} is up")
    console.close()
    assert [child.returncode for child in children] == [0, 0]
    assert screen.rest().count("hears SIGHUP.") == 2
    assert console.read() == ""
    console.close()  # does nothing


@pytest.mark.usefixtures("impatient")
def test_what_does_not_end_is_ended(console: PseudoConsole, screen: Screen) -> None:
    child = console.start(python(HEARS, "it", "SIGHUP", "SIGTERM"))
    screen.wait_for("it is up")
    console.close()
    assert "it hears SIGHUP." in screen.rest()
    assert child.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["same", pytest.param("group", marks=needs_proc)])
@pytest.mark.parametrize("nohup", ["", "nohup"])
@pytest.mark.parametrize("end", ["close", "end_processes"])
def test_descendants_end_with_it(
    console: PseudoConsole, screen: Screen, how: str, nohup: str, end: str
) -> None:
    child = console.start(python(STARTS, how, nohup))
    descendant = screen.number_after("child ")
    getattr(console, end)()
    wait_until(lambda: not runs(descendant), "the end of the descendant")
    assert child.wait(HANG_LIMIT) < 0


@pytest.mark.parametrize("how", ["same", pytest.param("group", marks=needs_proc)])
def test_what_a_child_has_left_is_hung_up(console: PseudoConsole, screen: Screen, how: str) -> None:
    child = console.start(python(STARTS, how, "exit"))
    descendant = screen.number_after("child ")
    assert child.wait(HANG_LIMIT) == 0
    wait_until(lambda: not runs(descendant), "the end of the descendant")


def test_a_session_of_its_own_is_left_alone(console: PseudoConsole, screen: Screen) -> None:
    """Though it has the terminal open, closing does not wait for it."""
    console.start(python(STARTS, "session"))
    daemon = screen.number_after("child ")
    console.close()
    assert runs(daemon)
    os.kill(daemon, signal.SIGKILL)
    screen.rest()


def test_end_processes_ends_at_once_and_the_terminal_stays(
    console: PseudoConsole, screen: Screen
) -> None:
    children = []
    for name in ("first", "second"):
        children.append(console.start(python(HEARS, name, "SIGHUP", "SIGTERM")))
        screen.wait_for(f"{name} is up")
    console.end_processes()
    assert [child.wait(HANG_LIMIT) for child in children] == [-signal.SIGKILL] * 2
    assert console.start(["true"]).wait(HANG_LIMIT) == 0


@pytest.mark.usefixtures("impatient")
def test_without_proc_the_groups_that_are_known_end(
    console: PseudoConsole, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_session: int) -> set[int]:
        raise OSError(errno.ENOSYS, "as on macOS")

    monkeypatch.setattr(processes, "groups_of_session", none)
    shell = console.start([sys.executable, "-c", JOB, HEARS, "job", "SIGHUP"])
    screen.wait_for("job is up")
    screen.wait_for("its parent is up")
    child = console.start(python(STARTS, "same", "nohup"))
    descendant = screen.number_after("child ")
    console.close()
    assert shell.returncode == child.returncode == -signal.SIGHUP
    assert "job hears SIGHUP." in screen.rest()
    wait_until(lambda: not runs(descendant), "the end of the descendant")


def test_where_an_exit_cannot_be_seen_in_advance(
    console: PseudoConsole, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS before Python 3.13."""
    monkeypatch.setattr(waits, "CAN_LOOK", False)
    child = console.start(python(HEARS, "it", "SIGUSR1"))
    screen.wait_for("it is up")
    assert child.poll() is None
    console.press_ctrl_c()
    assert child.wait(HANG_LIMIT) in (1, -signal.SIGINT)  # KeyboardInterrupt
    other = console.start(["sleep", "600"])
    console.close()
    assert other.returncode == -signal.SIGHUP


def test_a_closed_one_takes_nothing(console: PseudoConsole) -> None:
    console.close()
    for call in (
        lambda: console.write("x"),
        lambda: console.write_bytes(b""),
        console.press_ctrl_c,
        console.end_processes,
        lambda: console.resize(80, 24),
        lambda: console.start(["true"]),
    ):
        with pytest.raises(OSError, match="closed") as refusal:
            call()
        assert refusal.value.errno == errno.EBADF


def test_closing_lets_a_writer_go(console: PseudoConsole, screen: Screen) -> None:
    """A program that reads nothing in raw mode: the terminal takes no more at some time."""
    console.start(
        python("import time, tty; tty.setraw(0); print('up', flush=True); time.sleep(9e5)")
    )
    screen.wait_for("up")
    raised: list[BaseException] = []

    def write() -> None:
        try:
            while True:
                console.write_bytes(b"x" * 100_000)
        except OSError as error:
            raised.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    console.close()
    writer.join(HANG_LIMIT)
    assert [error.errno for error in raised if isinstance(error, OSError)] == [errno.EBADF]


def test_closing_does_not_wait_for_a_reader_nor_for_ctrl_q(console: PseudoConsole) -> None:
    child = console.start(["yes"])
    terminal: Any = console._terminal
    wait_until(lambda: terminal._screen._parts.qsize() > 50, "much output")
    console.write("\x13")  # Ctrl+S: the terminal shows no more
    console.close()
    assert child.returncode is not None
    assert console.read(HANG_LIMIT)
    assert console.read(HANG_LIMIT) == ""


def test_mark_at_the_end_is_not_shown() -> None:
    for _ in range(20):
        with PseudoConsole() as console:
            console.start(["printf", "last"]).wait(HANG_LIMIT)
        assert Screen(console).rest() == "last"


@pytest.mark.limits
@pytest.mark.repeats
def test_nothing_is_left_of_many() -> None:
    def counts() -> tuple[int, int]:
        return len(os.listdir("/dev/fd")), threading.active_count()

    def once() -> None:
        with PseudoConsole() as console:
            console.start(["true"]).wait(HANG_LIMIT)
            console.start(["sleep", "600"])
            with contextlib.suppress(FileNotFoundError):
                console.start(["no such program"])

    once()
    has_proc = os.path.exists("/proc/self/task")
    before, earlier = counts(), children() if has_proc else set()
    for _ in range(repeats(50, 5)):
        once()
    assert counts() <= before
    assert not has_proc or children() <= earlier  # those of other tests


def test_end_of_input(console: PseudoConsole, screen: Screen) -> None:
    """At the start of a line once; within a line it only passes on what there is of it."""
    terminal: Any = console._terminal
    for typed in ("", "line\r", "half"):
        child = console.start(["cat"])
        if typed:
            console.write(typed)
        terminal.end_input()
        assert child.wait(HANG_LIMIT) == 0
        console.write("\r")
        assert console.start(["head", "-n1"]).wait(HANG_LIMIT) == 0
    screen.wait_for("half")


def test_end_of_input_is_none_in_raw_mode(console: PseudoConsole, screen: Screen) -> None:
    console.start(python(RAW))
    screen.wait_for("up")
    assert not settings(console)[3] & termios.ICANON
    terminal: Any = console._terminal
    terminal.end_input()
    console.write("x")
    screen.wait_for("read b'x'.")


def test_kill_of_its_group_is_for_the_group_alone(console: PseudoConsole, screen: Screen) -> None:
    children = []
    for name in ("first", "second"):
        children.append(console.start(python(HEARS, name)))
        screen.wait_for(f"{name} is up")
    ctrlevent.killpg(children[1].pid, ctrlevent.CTRL_C_EVENT)
    screen.wait_for("second hears SIGINT.")
    assert screen.text.count("SIGINT") == 1
