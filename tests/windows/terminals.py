"""What actors are told to do for test_pseudo_console. All of this runs in actors."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any, Optional

import ctrlevent
from ctrlevent import PseudoConsole
from ctrlevent._windows import pseudo_console
from tests.children import is_alive
from tests.waiting import HANG_LIMIT, growing_limits, wait_until

from . import actor, leaks, starting

#: Alt+Ctrl+C, which Wine 10's conhost takes for Ctrl+C. Windows does not.
WINES_CTRL_C = "\x1b\x03"

#: A program in Python that says "up", and then how it was interrupted.
HEARS = """
import sys, time
print("up", flush=True)
try:
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)
    sys.exit(7)
"""

#: A program that has switched processed input off, and says what it reads.
RAW = """
import ctypes, sys
kernel32 = ctypes.WinDLL("kernel32")
kernel32.GetStdHandle.restype = ctypes.c_void_p
stdin = ctypes.c_void_p(kernel32.GetStdHandle(-10))
kernel32.SetConsoleMode(stdin, 0)
print("up", flush=True)
text, count = ctypes.create_unicode_buffer(8), ctypes.c_uint32()
kernel32.ReadConsoleW(stdin, text, 1, ctypes.byref(count), None)
print("read", ascii(text.value), flush=True)
"""

SIZE = "import os; print('size', *os.get_terminal_size(), flush=True)"
ECHO = "print('up', flush=True); print('got', ascii(input()), flush=True)"
TREE = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print("child", child.pid, "!", flush=True)
"""


class Screen:
    """What a pseudo console has shown, all of it."""

    def __init__(self, console: PseudoConsole) -> None:
        self.console = console
        self.text = ""

    def wait_for(self, text: str, limit: float = HANG_LIMIT) -> None:
        def shown() -> bool:
            self.text += self.console.read(0.05)
            return text in self.text

        wait_until(shown, f"{text!r} on the screen", limit)


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-c", code, *arguments]


def show(code: str, type_at: str, keys: str, until: str, **size: int) -> tuple[str, int]:
    """Runs a program; types keys when it shows `type_at`. Returns its output and exit status."""
    with PseudoConsole(**size) as console:
        screen = Screen(console)
        child = console.start(python(code))
        screen.wait_for(type_at)
        console.write(keys)
        screen.wait_for(until)
        return screen.text, child.wait(HANG_LIMIT)


def press_ctrl_c(code: str, keys: Optional[str], until: str, ignoring: bool) -> tuple[bool, int]:
    """Whether the program has shown what a Ctrl+C makes it show, and its exit status."""
    ctrlevent.ignore_ctrl_c(ignoring)
    try:
        with PseudoConsole() as console:
            screen = Screen(console)
            child = console.start(python(code))
            screen.wait_for("up")
            if keys is None:
                console.press_ctrl_c()
            else:
                console.write(keys)
            child.wait(HANG_LIMIT)
            console.close()
            while shown := console.read(HANG_LIMIT):
                screen.text += shown
            return until in screen.text, child.returncode
    finally:
        ctrlevent.ignore_ctrl_c(False)


def native_ctrl_c(program: str, keys: Optional[str]) -> None:
    """Presses Ctrl+C, and waits until a native program has heard it."""
    with PseudoConsole() as console:
        screen = Screen(console)
        console.start([program, "trap", "3600"])
        screen.wait_for("ready")
        if keys is None:
            console.press_ctrl_c()
        else:
            console.write(keys)
        screen.wait_for("event 0")


def sees_group_and_ignore(ignoring: bool) -> tuple[bool, bool, bool]:
    """Whether a child leads its group, ignores Ctrl+C, and is on this console."""
    ctrlevent.ignore_ctrl_c(ignoring)
    try:
        with PseudoConsole() as console:
            child = console.start(python(HEARS))
            Screen(console).wait_for("up")
            return (
                ctrlevent.getpgid(child.pid) == child.pid,
                ctrlevent.ignores_ctrl_c(child.pid),
                child.pid in [one.pid for one in ctrlevent.console_processes()],
            )
    finally:
        ctrlevent.ignore_ctrl_c(False)


def killpg_on_it() -> tuple[bool, int]:
    """Sends a Ctrl+C to the group, by a helper on that console."""
    with PseudoConsole() as console:
        screen = Screen(console)
        child = console.start(python(HEARS))
        screen.wait_for("up")
        ctrlevent.killpg(child.pid, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT)
        screen.wait_for("KeyboardInterrupt")
        return True, child.wait(HANG_LIMIT)


def close_with_output() -> tuple[bool, int]:
    """Closes a console whose child writes far more than a pipe holds, without a reader.

    Returns whether the child still runs, and how many characters can then be read.
    """
    console = PseudoConsole()
    child = console.start(python("import sys\nwhile True: print('x' * 100, flush=True)"))
    screen: Any = getattr(console._terminal, "_screen")  # noqa: B009
    wait_until(lambda: screen._parts.qsize() > 50, "much output")
    console.close()
    console.close()
    return child.poll() is None, len(console.read(1))


def tree_is_gone() -> bool:
    """Whether closing the console terminates what the child has started."""
    with PseudoConsole() as console:
        screen = Screen(console)
        child = console.start(python(TREE))
        screen.wait_for("!")
        child.wait(HANG_LIMIT)
    grandchild = int(screen.text.partition("child ")[2].split()[0])
    try:
        ctrlevent.kill(grandchild, 0)
    except ProcessLookupError:
        return True
    return False


def many(times: int) -> str:
    """Handles and threads that are left."""

    def once() -> None:
        with PseudoConsole() as console:
            child = console.start(python("print('x')"))
            child.wait(HANG_LIMIT)

    return leaks.left(once, times, counts=handles_and_threads)


def handles_and_threads() -> dict[str, int]:
    return {**leaks.handles(), "threads": threading.active_count()}


def refused(what: str) -> tuple[str, Any]:
    """Class and winerror or errno of what is raised."""
    try:
        if what == "size":
            PseudoConsole(0, 10)
        with PseudoConsole() as console:
            if what == "no such program":
                console.start(["no such program"])
            elif what == "own console":
                console.start(python(SIZE), creationflags=0x10)
            elif what == "another pseudo console":
                console.start(python(SIZE), pseudo_console=1)
            elif what == "resize":
                console.resize(50, 10)
            console.close()
            if what == "closed":
                console.write("x")
            elif what == "start on a closed one":
                console.start(python(SIZE))
    except (OSError, TypeError, ValueError) as error:
        return type(error).__name__, getattr(error, "winerror", None) or getattr(
            error, "errno", None
        )
    return "", None


def one_that_cannot_be_changed_is_ended() -> tuple[str, str]:
    """The error of a start that fails after the child was made; and what handles are left.

    A job that does not exist stands for any such failure. Waits until the child is gone.
    """
    pids: list[int] = []

    real: Any = vars(pseudo_console)["create_suspended"]

    def create_process(**keywords: Any) -> Any:
        created = real(**keywords)
        pids.append(created.dwProcessId)
        return created

    def fail(console: Any) -> str:
        terminal = console._terminal
        job, terminal._job = terminal._job, 0
        try:
            console.start(python(SIZE))
        except OSError as error:
            return type(error).__name__
        finally:
            terminal._job = job
            pid = pids.pop()
            wait_until(lambda: not is_alive(pid), "the end of the child")
        return ""

    setattr(pseudo_console, "create_suspended", create_process)  # noqa: B010
    try:
        with PseudoConsole() as console:
            return fail(console), leaks.left(fail, 3, console)
    finally:
        setattr(pseudo_console, "create_suspended", real)  # noqa: B010


def run_shell(command: str) -> tuple[int, str]:
    done = ctrlevent.run(command, console="pty", capture_output=True, text=True, shell=True)
    return done.returncode, done.stdout


def cleans_up_when_closed(code: str, file: str) -> int:
    with PseudoConsole() as console:
        child = console.start(python(code, file))
        Screen(console).wait_for("up")
    return int(child.returncode)


def closed_by_the_console_alone(code: str) -> int:
    """The exit code of a program whose console is closed, and nothing but the console ends it."""
    with PseudoConsole() as console:
        child = console.start(python(code))
        Screen(console).wait_for("up")
        terminal: Any = console._terminal
        terminal._close_console()
        return int(child.wait(HANG_LIMIT))


def run_captured(code: str, *arguments: str, **keywords: Any) -> tuple[int, str]:
    done = ctrlevent.run(
        python(code, *arguments), console="pty", capture_output=True, text=True, **keywords
    )
    return done.returncode, done.stdout


def run_times_out() -> str:
    """The output of a program that was up when its time was over, and heard its Ctrl+C."""
    for limit in growing_limits():
        starting.give_time_to_end(2 * limit)
        try:
            run_captured(HEARS, timeout=limit, grace=2 * limit)
        except subprocess.TimeoutExpired as error:
            if "KeyboardInterrupt" in str(error.output):
                return str(error.output)
        else:
            break
    return "no error"


def run_command_line(
    *arguments: str, data: bytes = b"", grace: float = starting.NEVER
) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [*starting.main_that_gives_time(grace), "run", "--console", "pty", *arguments],
        input=data,
        capture_output=True,
        timeout=HANG_LIMIT,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def terminal_modes() -> list[int]:
    kernel32 = actor.kernel32
    import ctypes

    kernel32.CreateFileW.restype = ctypes.c_void_p
    modes = []
    for name in ("CONIN$", "CONOUT$"):
        handle = ctypes.c_void_p(kernel32.CreateFileW(name, 0xC000_0000, 3, None, 3, 0, None))
        mode = ctypes.c_uint32()
        assert kernel32.GetConsoleMode(handle, ctypes.byref(mode))
        kernel32.CloseHandle(handle)
        modes.append(mode.value)
    return modes


def run_in_a_terminal(code: str, keys: str, until: str) -> tuple[str, list[int], list[int]]:
    """`run --console pty` within a terminal, and the terminal's modes before and after."""
    outer = (
        "import sys; from tests.windows import terminals;"
        " before = terminals.terminal_modes();"
        " import ctrlevent;"
        " done = ctrlevent.run(sys.argv[1:], console='pty');"
        " print('status', done.returncode, 'modes', before, terminals.terminal_modes(), '.')"
    )
    with PseudoConsole() as console:
        screen = Screen(console)
        child = console.start([sys.executable, "-c", outer, *python(code)])
        screen.wait_for("up")
        console.write(keys)
        screen.wait_for("]")
        screen.wait_for(" .")
        child.wait(HANG_LIMIT)
    modes = screen.text.partition("modes")[2]
    numbers = [int(word.strip("[],")) for word in modes.split(".")[0].split()]
    assert until in screen.text, screen.text
    return screen.text, numbers[:2], numbers[2:]


# --- run, whose caller has a terminal that the command has not ------------------------------------

#: What the caller of `run` does: it runs a command, and then reads a line itself.
_CALLS_RUN = """
import ctrlevent, os, sys
done = ctrlevent.run([sys.executable, "-S", "-c", *sys.argv[1:]])
print("then", done.returncode, flush=True)
print("caller got", ascii(input()), ".", flush=True)
"""

#: Commands. The last two wait for a file that is their argument.
READS_NOTHING = "print('up', flush=True)"
READS_A_LINE = "print('up', flush=True); print('command got', ascii(input()), flush=True)"
WAITS_FOR_A_FILE = """
import os, sys, time
print("up", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


def run_before_input(code: str, file: str, steps: list[tuple[str, str]]) -> str:
    """What a caller of `run` and its command show.

    `steps`: what to wait for, and what then to type. Instead of keys, "go" makes the file that the
    command waits for.
    """
    with PseudoConsole() as console:
        screen = Screen(console)
        child = console.start([sys.executable, "-c", _CALLS_RUN, code, file])
        for shown, keys in steps:
            screen.wait_for(shown)
            if keys == "go":
                with open(file, "w"):
                    pass
            else:
                console.write(keys)
        screen.wait_for("' .")
        child.wait(HANG_LIMIT)
    return screen.text


#: What the caller of `run` does: it counts.
_COUNTS = """
import _thread, sys
import ctrlevent
from tests.windows import leaks

def counts():
    return {**leaks.handles(), "threads": _thread._count()}

def run():
    ctrlevent.run([sys.argv[1], "default", "0"])

print(f"left <{leaks.left(run, 5, counts=counts)}>.", flush=True)
"""


def left_of_runs(native: str) -> str:
    """Handles and threads that are left of calls of `run` by a process with a terminal."""
    with PseudoConsole(columns=1000) as console:
        screen = Screen(console)
        child = console.start([sys.executable, "-c", _COUNTS, native])
        screen.wait_for(">.")
        child.wait(HANG_LIMIT)
    return screen.text.partition("left <")[2].partition(">.")[0]
