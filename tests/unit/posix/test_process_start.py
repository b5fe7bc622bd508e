"""Children of a `multiprocessing_context` on POSIX, with real processes, by each start method."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("this is how it is done on POSIX", allow_module_level=True)

METHODS = ["fork", "spawn", "forkserver"]
each_method = pytest.mark.parametrize("method", METHODS)
each_kind = pytest.mark.parametrize(
    ("group", "keyboard"), [(g, k) for g in ("own", "inherit") for k in (True, False)]
)

# From Python 3.12 on, `fork` of a process with threads warns, and pytest-timeout has a thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def describe(pipe: Any) -> None:
    pipe.send((os.getpid(), os.getpgid(0), signal.getsignal(signal.SIGINT) == signal.SIG_IGN))


def wait_for_sigint(pipe: Any) -> None:
    try:
        pipe.send("up")
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        pipe.send("interrupted")
        sys.exit(33)


def square(number: int) -> int:
    return number * number


class Heard:
    """A child that waits for SIGINT."""

    def __init__(self, context: Any) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=wait_for_sigint, args=(theirs,))
        self.process.start()
        theirs.close()
        assert self.pipe.recv() == "up"

    def is_interrupted(self) -> bool:
        return bool(self.pipe.recv() == "interrupted")


@pytest.fixture
def ignoring() -> Iterator[None]:
    """In this test, the caller ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@each_method
@each_kind
def test_its_group_and_whether_it_ignores(method: str, group: str, keyboard: bool) -> None:
    context = ctrlevent.multiprocessing_context(method, group=group, keyboard=keyboard)
    ours, theirs = context.Pipe()
    process = context.Process(target=describe, args=(theirs,))
    process.start()
    pgid = process.pid if group == "own" else os.getpgid(0)
    if group == "own":  # when start() has returned, the caller can rely on it
        assert process.pid
        assert os.getpgid(process.pid) == pgid
    ignores = group == "inherit" and not keyboard
    assert ours.recv() == (process.pid, pgid, ignores)
    assert process.pgid == pgid
    process.join(HANG_LIMIT)
    assert process.exitcode == 0
    process.close()


@each_method
@pytest.mark.parametrize("group", ["own", "inherit"])
@pytest.mark.usefixtures("ignoring")
def test_it_hears_though_the_caller_ignores_sigint(method: str, group: str) -> None:
    child = Heard(ctrlevent.multiprocessing_context(method, group=group))
    child.process.interrupt()
    assert child.is_interrupted()
    child.process.join(HANG_LIMIT)
    assert child.process.exitcode == 33


@each_method
@each_kind
def test_interrupt_reaches_this_child_alone(method: str, group: str, keyboard: bool) -> None:
    context = ctrlevent.multiprocessing_context(method, group=group, keyboard=keyboard)
    other, child = Heard(context), Heard(context)
    if group == "inherit" and not keyboard:
        with pytest.raises(ctrlevent.CtrlCIgnored, match="shall not hear the key"):
            child.process.interrupt()
        child.process.terminate()
    else:
        child.process.interrupt()
        assert child.is_interrupted()
    child.process.join(HANG_LIMIT)
    assert child.process.exitcode in (33, -signal.SIGTERM)
    child.process.interrupt()  # it has exited: nothing
    assert not other.pipe.poll()
    other.process.kill()
    other.process.join(HANG_LIMIT)
    assert other.process.exitcode == -signal.SIGKILL


def test_interrupt_before_the_start() -> None:
    with pytest.raises(ValueError, match="not been started"):
        ctrlevent.multiprocessing_context().Process().interrupt()
    assert ctrlevent.multiprocessing_context().Process().pgid is None


@each_method
def test_pools_and_managers(method: str) -> None:
    context = ctrlevent.multiprocessing_context(method, keyboard=False)
    with context.Pool(2) as pool:
        assert pool.map(square, range(4)) == [0, 1, 4, 9]
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        assert list(executor.map(square, range(4))) == [0, 1, 4, 9]
    with context.Manager() as manager:
        shared = manager.list([1])
        shared.append(2)
        assert list(shared) == [1, 2]


@each_method
def test_its_names_are_those_of_multiprocessing(method: str) -> None:
    context = ctrlevent.multiprocessing_context(method)
    theirs: Any = multiprocessing.get_context(method)
    name = context.Process().name.partition("-")[0]
    assert name == theirs.Process().name.partition("-")[0]
    assert context.get_start_method() == method
    assert context.get_context() is context
    other = context.get_context("spawn")
    assert other.get_start_method() == "spawn"


def test_default_method_is_that_of_multiprocessing_and_stays_open() -> None:
    code = """
import multiprocessing, ctrlevent
made = ctrlevent.multiprocessing_context().get_start_method()
multiprocessing.set_start_method("spawn")  # else RuntimeError
print(made, ctrlevent.multiprocessing_context().get_start_method())
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split() == [multiprocessing.get_all_start_methods()[0], "spawn"]


def test_arguments() -> None:
    with pytest.raises(ValueError, match="group must be"):
        ctrlevent.multiprocessing_context(group="mine")
    with pytest.raises(ValueError, match="cannot find context"):
        ctrlevent.multiprocessing_context("thread")


BASE: Any = ctrlevent.multiprocessing_context("spawn").Process


class Derived(BASE):  # type: ignore[misc]  # typed as any
    """A class of the user's, which the child imports."""

    def run(self) -> None:
        sys.exit(11)


def test_class_of_the_users() -> None:
    process = Derived()
    process.start()
    process.join(HANG_LIMIT)
    assert process.exitcode == 11


def exec_a_leader(pipe: Any) -> None:
    pipe.close()
    os.execv("/bin/sleep", ["sleep", "600"])


def test_forked_child_that_executes_a_program_at_once() -> None:
    """setpgid of the caller's may come after the exec, and is refused then."""
    context = ctrlevent.multiprocessing_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=exec_a_leader, args=(theirs,))
    process.start()
    assert process.pid
    assert os.getpgid(process.pid) == process.pid
    process.terminate()
    process.join(HANG_LIMIT)
    assert process.exitcode == -signal.SIGTERM
    ours.close()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_child_whose_arguments_cannot_be_pickled_is_never_there(method: str) -> None:
    context = ctrlevent.multiprocessing_context(method)
    process = context.Process(target=lambda: None)
    before = dict(vars(process))
    for _ in range(2):
        with pytest.raises(Exception, match="lambda"):
            process.start()
        assert vars(process) == before  # it can be started again
    assert process not in multiprocessing.active_children()


@each_method
def test_a_second_start_leaves_the_first_alone(method: str) -> None:
    child = Heard(ctrlevent.multiprocessing_context(method))
    with pytest.raises(AssertionError):
        child.process.start()
    assert child.process.is_alive()
    assert child.process in multiprocessing.active_children()
    child.process.interrupt()
    child.process.join(HANG_LIMIT)
    assert child.process.exitcode == 33
    assert connection.wait([child.process.sentinel], HANG_LIMIT)  # soon, not in the same moment


def test_key_on_a_terminal() -> None:
    """Of a program and its children, by kind of context, those in the terminal's group hear it."""
    import fcntl
    import pty
    import termios

    code = "from tests.unit.posix import test_process_start as this; this.on_terminal()"
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=terminal,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    ) as process:
        os.close(terminal)
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        os.write(master, b"\x03")
        assert process.stdout.readline() == b"the caller\n"
        heard = process.stdout.read().decode().splitlines()
    os.close(master)
    assert heard == [f"{method} inherit True" for method in METHODS]


def on_terminal() -> None:
    """The program of the test before."""
    keys: list[int] = []
    children = {
        f"{method} {group} {keyboard}": Heard(
            ctrlevent.multiprocessing_context(method, group=group, keyboard=keyboard)
        )
        for method in METHODS
        for group in ("own", "inherit")
        for keyboard in (True, False)
    }
    signal.signal(signal.SIGINT, lambda *_: keys.append(1))
    print("up", flush=True)
    wait_until(lambda: keys, "the key")
    print("the caller", flush=True)
    # What the key shall not reach is interrupted then: each hears once, or exits by SIGTERM.
    for name, child in children.items():
        if name.endswith("inherit True"):
            assert child.is_interrupted()
            print(name, flush=True)
        else:
            assert not child.pipe.poll(), name
    for name, child in children.items():
        if "own" in name:
            child.process.interrupt()
            assert child.is_interrupted()
        elif name.endswith("False"):
            child.process.terminate()
        child.process.join()
        assert child.process.exitcode in (33, -15)
        assert not any(iter_messages(child.pipe)), name


def iter_messages(pipe: Any) -> Iterator[Any]:
    while pipe.poll():
        try:
            yield pipe.recv()
        except EOFError:
            return
