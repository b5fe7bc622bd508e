"""The fixture `interruptible`: what it waits for, what a report shows, and how it stops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.children import is_alive
from tests.waiting import HANG_LIMIT, wait_until

from .conftest import Pytester
from .terminal import Terminal

if TYPE_CHECKING:
    from .conftest import Session

# A program that says what it is told to, and stays; if it is given a port, it listens there.
PROGRAM = """
import socket, sys
from inside import stay
port, *lines = sys.argv[1:]
for line in lines:
    print(line, flush=True)
if port:
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("port", listener.getsockname()[1], flush=True)
stay()
"""

START = """
import os, re, socket, subprocess, sys
import pytest

def program(*arguments):
    return [sys.executable, "program.py", *map(str, arguments)]

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]

def wait(start, *arguments, **named):
    return start(*arguments, timeout=HANG_LIMIT, **named)
"""

READY = f"""{START}
def test_port(interruptible):
    port = free_port()
    process = wait(interruptible, program(port), ready=port)
    socket.create_connection(("127.0.0.1", port)).close()
    assert process.ready is True

def test_host_and_port(interruptible):
    port = free_port()
    wait(interruptible, program(port), ready=("127.0.0.1", port))
    socket.create_connection(("127.0.0.1", port)).close()

def test_text(interruptible):
    process = wait(interruptible, program("", "one", "it is (up)!", "three"), ready="(up)")
    assert process.ready.string == "it is (up)!"

def test_expression(interruptible):
    process = wait(interruptible, program(0), ready=re.compile(r"port ([0-9]+)"))
    socket.create_connection(("127.0.0.1", int(process.ready[1]))).close()

def test_line_on_stderr(interruptible):
    code = "import sys; print('on stderr', file=sys.stderr); from inside import stay; stay()"
    wait(interruptible, [sys.executable, "-c", code], ready="on stderr")

def test_last_line_without_a_line_feed(interruptible):
    code = "print('one'); print('the end', end='')"
    process = wait(interruptible, [sys.executable, "-c", code], ready="the end")
    assert process.output == "one\\nthe end"

def test_function(interruptible):
    code = "open('written', 'w').close(); from inside import stay; stay()"
    command = [sys.executable, "-c", code]
    assert wait(interruptible, command, ready=lambda: os.stat("written")).ready.st_size == 0

def test_next_lines(interruptible):
    process = interruptible(program("", "one 1", "two", "one 2", "three"))
    found = [process.wait_for("one", HANG_LIMIT).string for _ in range(2)]
    assert found == ["one 1", "one 2"]
    process.wait_for("three", HANG_LIMIT)
    assert process.output == "one 1\\ntwo\\none 2\\nthree\\n"

def test_output_is_drained(interruptible):
    code = "for number in range(50_000): print(number, 'x' * 20)\\nprint('the end')"
    process = wait(interruptible, [sys.executable, "-c", code], ready="the end")
    assert process.wait(HANG_LIMIT) == 0
    assert process.output.count("x\\n") == 50_000

def test_encoding(interruptible):
    code = r"import sys; sys.stdout.buffer.write('\\u2713\\r\\n'.encode('utf-16'))"
    process = interruptible([sys.executable, "-c", code], encoding="utf-16")
    process.wait(HANG_LIMIT)
    assert process.output == "\\u2713\\n"

def test_stdout_of_the_caller(interruptible):
    code = "print('out'); import sys; print('err', file=sys.stderr)"
    command = [sys.executable, "-c", code]
    process = interruptible(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.communicate(timeout=HANG_LIMIT) == ("out\\n", "err\\n")
    assert process.output == ""
    with pytest.raises(ValueError, match="not collected"):
        process.wait_for("out")

def test_stderr_of_the_caller(interruptible):
    code = "print('out'); import sys; print('err', file=sys.stderr)"
    process = interruptible([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert process.stderr.read() == "err\\n"
    process.wait(HANG_LIMIT)
    assert process.output == "out\\n"

@pytest.mark.parametrize("ready", [0, 70000, True, ("host",), (1, 2), b"bytes", re.compile(b"x")])
def test_wrong(interruptible, ready):
    with pytest.raises((TypeError, ValueError)):
        interruptible(program(""), ready=ready)
"""


@pytest.fixture(scope="module")
def waited(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session of READY."""
    inner = Pytester(tmp_path_factory.mktemp("ready"))
    inner.write("program.py", PROGRAM)
    inner.write("test_ready.py", READY)
    return inner.run()


@pytest.mark.parametrize(
    "name",
    [
        *("test_port", "test_host_and_port", "test_text", "test_expression", "test_function"),
        *("test_line_on_stderr", "test_last_line_without_a_line_feed", "test_next_lines"),
        *("test_output_is_drained", "test_encoding"),
        *("test_stdout_of_the_caller", "test_stderr_of_the_caller"),
    ],
)
def test_waits_for(waited: Session, name: str) -> None:
    assert waited.outcomes.get(name) == "passed", waited


def test_refuses_what_can_be_no_ready(waited: Session) -> None:
    wrong = [state for name, state in waited.outcomes.items() if name.startswith("test_wrong")]
    assert wrong == ["passed"] * 7, waited


def test_shows_no_output_of_tests_that_pass(waited: Session) -> None:
    assert "Captured output" not in waited.output, waited
    assert "it is (up)!" not in waited.output, waited


# --- what a failure shows -------------------------------------------------------------------------

FAILS = f"""{START}
def test_exits_early(interruptible):
    code = "print('early output'); import sys; sys.exit(5)"
    wait(interruptible, [sys.executable, "-c", code], ready="up")

def test_time_is_up(interruptible):
    process = wait(interruptible, program("", "late", "late output"), ready="late")
    process.wait_for("late output", HANG_LIMIT)
    process.wait_for("up", timeout=0)

def test_says_nothing(interruptible):
    interruptible(program(""), ready=free_port(), timeout=0)

def test_function_raises(interruptible):
    interruptible(program(""), ready=lambda: open("is not there"), timeout=0)

def test_port_is_taken(interruptible):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        interruptible(program(""), ready=listener.getsockname()[1])

def test_fails_later(interruptible):
    wait(interruptible, program("", "output of the failing"), ready="output of the failing")
    assert False

@pytest.fixture
def broken(interruptible):
    wait(interruptible, program("", "output of the broken"), ready="output of the broken")
    raise ValueError("broken")

def test_set_up_fails(broken): pass

def test_skipped(interruptible):
    wait(interruptible, program("", "output of the skipped"), ready="output of the skipped")
    pytest.skip("as it is")

@pytest.fixture(scope="module")
def server(module_interruptible):
    return wait(module_interruptible, program("", "output of all"), ready="output of all")

def test_uses_a_server_first(server): pass

def test_uses_a_server_and_fails(server):
    assert False

def test_uses_none_and_fails():
    assert False

@pytest.fixture
def broken_at_the_end():
    yield
    raise ValueError("broken")

def test_tear_down_fails(broken_at_the_end, interruptible):
    code = "try: print('up', flush=True); stay()\\nexcept KeyboardInterrupt: print('cleaned up')"
    code = f"from inside import stay\\n{{code}}"
    wait(interruptible, [sys.executable, "-c", code], ready="up", grace=HANG_LIMIT)
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session of FAILS."""
    inner = Pytester(tmp_path_factory.mktemp("fails"))
    inner.write("program.py", PROGRAM)
    inner.write("test_fails.py", FAILS)
    return inner.run()


def section(session: Session, test: str) -> str:
    """What pytest says of one test."""
    _, _, text = session.output.partition(f" {test} __")
    assert text, session
    return text.partition("\n____")[0].partition("\n====")[0]


@pytest.mark.parametrize(
    ("test", "texts"),
    [
        (
            "test_exits_early",
            ["exited with exit code 5 before it was ready: 'up' is in no line", "early output"],
        ),
        ("test_time_is_up", ["was not ready within 0 seconds: 'up' is in no", "late output"]),
        ("test_says_nothing", ["was not ready within 0 seconds: port", "has written nothing"]),
        ("test_function_raises", ["FileNotFoundError", "is not there"]),
        ("test_port_is_taken", ["was not started: something listens at port"]),
        ("test_fails_later", ["assert False", "Captured output of", "output of the failing"]),
        ("ERROR at setup of test_set_up_fails", ["broken", "output of the broken"]),
        ("ERROR at teardown of test_tear_down_fails", ["broken", "cleaned up"]),
    ],
)
def test_failure_says(failed: Session, test: str, texts: list[str]) -> None:
    found = section(failed, test)
    for text in texts:
        assert text in found


@pytest.mark.parametrize("test", ["test_exits_early", "test_time_is_up"])
def test_output_is_not_shown_twice(failed: Session, test: str) -> None:
    assert "Captured output" not in section(failed, test)


@pytest.mark.parametrize("test", ["test_uses_a_server_and_fails", "test_uses_none_and_fails"])
def test_output_that_came_before_a_test_is_not_shown(failed: Session, test: str) -> None:
    assert "output of all" not in section(failed, test)


def test_outcomes_are_those_of_the_tests(failed: Session) -> None:
    others = {
        "test_set_up_fails": "error",
        "test_tear_down_fails": "error",
        "test_skipped": "skipped",
        "test_uses_a_server_first": "passed",
    }
    names = [name for name in failed.outcomes if name not in others]
    assert failed.outcomes == {**dict.fromkeys(names, "failed"), **others}, failed
    assert "output of the skipped" not in failed.output


# --- the end --------------------------------------------------------------------------------------

# Takes the time that it needs for its clean-up, and says in which order that was.
GENTLE = """
import sys
from inside import stay
try:
    print("up", flush=True)
    stay()
except KeyboardInterrupt:
    with open("order", "a") as file:
        print(sys.argv[1], file=file)
"""

# Writes down each Ctrl+C, and goes on.
STUBBORN = """
import os, signal
from inside import stay
signal.signal(signal.SIGINT, lambda *_: os.close(os.open("asked", os.O_CREAT | os.O_WRONLY)))
with open("pid", "w") as file:
    file.write(str(os.getpid()))
print("up", flush=True)
stay()
"""

ENDS = f"""{START}
def test_gentle(interruptible):
    for name in ("first", "second", "third"):
        wait(interruptible, [sys.executable, "gentle.py", name], ready="up", grace=HANG_LIMIT)

def test_stubborn(interruptible):
    wait(interruptible, [sys.executable, "stubborn.py"], ready="up", grace=0.5)

def test_afterwards():
    with open("order") as file:
        assert file.read().split() == ["third", "second", "first"]
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pytester, Session]:
    """A session of ENDS, and where it was."""
    inner = Pytester(tmp_path_factory.mktemp("ends"))
    inner.write("gentle.py", GENTLE)
    inner.write("stubborn.py", STUBBORN)
    inner.write("test_ends.py", ENDS)
    return inner, inner.run("-s")


def test_children_clean_up_and_the_last_started_first(ended: tuple[Pytester, Session]) -> None:
    _, session = ended
    assert session.outcomes.get("test_afterwards") == "passed", session


def test_stubborn_child_is_ended(ended: tuple[Pytester, Session]) -> None:
    inner, session = ended
    assert session.outcomes.get("test_stubborn") == "passed", session
    assert not is_alive(int((inner.folder / "pid").read_text()))


def test_no_event_reaches_another_process(ended: tuple[Pytester, Session]) -> None:
    _, session = ended
    assert session.heard == (), session


def test_output_is_shown_at_once_where_nothing_is_captured(
    ended: tuple[Pytester, Session],
) -> None:
    _, session = ended
    assert session.output.count("up\n") == 4, session


# --- the user's Ctrl+C ----------------------------------------------------------------------------

STAYS = f"""{START}
from inside import stay

def test_it(interruptible):
    # Else, on Windows, the child is taken to have heard what pytest has heard.
    options = dict(ready="up", grace=HANG_LIMIT, keyboard=False)
    wait(interruptible, [sys.executable, "stubborn.py"], **options)
    open("running", "w").close()
    stay()
"""


def test_second_interrupt_ends_at_once_what_is_being_stopped(session: Pytester) -> None:
    session.write("stubborn.py", STUBBORN)
    session.write("test_stays.py", STAYS)
    with session.started(session.command()) as process:
        session.wait_for("running")
        process.interrupt(HANG_LIMIT)
        session.wait_for("asked")
        process.interrupt(HANG_LIMIT)
        output = process.communicate(timeout=HANG_LIMIT)[0]
    assert process.returncode != 0, output
    pid = int((session.folder / "pid").read_text())
    wait_until(lambda: not is_alive(pid), "the end of the child")


# Writes down each Ctrl+C, and whether the other child had ended by then. Stays for a moment after
# the first that comes after that end, in which a second would be heard.
LISTENS = """
import json, os, signal, time
from inside import stay

heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(os.path.exists("order")))
print("up", flush=True)
deadline = time.monotonic() + HANG_LIMIT
while True not in heard and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(1)
with open("heard", "w") as file:
    json.dump(heard, file)
"""

PRESSED = f"""{START}
from inside import stay

def test_it(interruptible):
    # The second is stopped first.
    options = dict(ready="up", grace=HANG_LIMIT, keyboard=False)
    wait(interruptible, [sys.executable, "listens.py"], **options)
    wait(interruptible, [sys.executable, "gentle.py", "second"], **options)
    open("running", "w").close()
    stay()
"""


@pytest.mark.bitness
def test_child_hears_one_event_for_a_key(session: Pytester) -> None:
    """From the fixture alone, when its turn has come: not the key that reaches pytest."""
    session.write("listens.py", LISTENS)
    session.write("gentle.py", GENTLE)
    session.write("test_pressed.py", PRESSED)
    with Terminal(session.command(), session.folder, session.environment) as terminal:
        session.wait_for("running")
        terminal.press_ctrl_c()
        status = terminal.wait()
    assert status == 2, terminal.text
    assert json.loads((session.folder / "heard").read_text()) == [True], terminal.text


# Writes down how often it has heard a Ctrl+C, a moment after the first: by then pytest tears down.
# On a busy machine it may not: then the test shows less, but it does not fail.
COUNTS = """
import signal, time

heard = []
signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
print("up", flush=True)
deadline = time.monotonic() + HANG_LIMIT
while not heard and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(1)
with open("heard", "w") as file:
    file.write(str(len(heard)))
"""

PRESSED_FOR_BOTH = f"""{START}
from inside import stay

def test_it(interruptible):
    command = [sys.executable, "counts.py"]
    wait(interruptible, command, ready="up", grace=HANG_LIMIT)
    open("running", "w").close()
    stay()
"""


def test_child_that_hears_the_key_is_not_asked_as_well(session: Pytester) -> None:
    session.write("counts.py", COUNTS)
    session.write("test_pressed.py", PRESSED_FOR_BOTH)
    with Terminal(session.command(), session.folder, session.environment) as terminal:
        session.wait_for("running")
        terminal.press_ctrl_c()
        status = terminal.wait()
    assert status == 2, terminal.text
    assert (session.folder / "heard").read_text() == "1", terminal.text
