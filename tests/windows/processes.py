"""What actors, and their children, are told to do for test_multiprocessing."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, spawn
from pathlib import Path
from typing import Any, Callable

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.waiting import HANG_LIMIT, wait_until

from . import leaks
from .actor import interruptible

# --- in the children


def hear(pipe: Any) -> None:
    """Counts each Ctrl+C, until it is told with which code to exit."""
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    pipe.send((os.getpid(), ctrlevent.getpgid(0), ctrlevent.ignores_ctrl_c()))
    while True:
        time.sleep(0.002)
        try:
            if pipe.poll():
                request = pipe.recv()
                if isinstance(request, int):
                    sys.exit(request)
                pipe.send(len(heard))
        except InterruptedError:  # by a Ctrl+C, whose handler raises nothing
            pass


def square(number: int) -> int:
    return number * number


def go_on(path: str) -> None:
    Path(path).touch()
    while True:
        time.sleep(0.01)


def say_what_it_is(pipe: Any) -> None:
    pipe.send((sys.executable, os.getpid()))


# --- in actors


_children: list[tuple[Any, Any]] = []


def start(count: int, group: str, keyboard: bool) -> list[tuple[int, int, bool]]:
    """Starts children; returns the pid, the group and the ignore bit of each, as each sees them."""
    context = ctrlevent.multiprocessing_context(group=group, keyboard=keyboard)
    new = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=hear, args=(theirs,))
        process.start()
        theirs.close()
        new.append((process, ours))
    _children.extend(new)
    facts = [pipe.recv() for _, pipe in new]
    assert [pid for pid, _, _ in facts] == [process.pid for process, _ in new]
    assert [pgid for _, pgid, _ in facts] == [process.pgid for process, _ in new]
    return facts


def heard() -> list[int]:
    """How many Ctrl+C each child has heard so far."""
    for _, pipe in _children:
        pipe.send("heard")
    return [pipe.recv() for _, pipe in _children]


def wait_until_heard(index: int, count: int) -> None:
    wait_until(lambda: heard()[index] >= count, f"{count} Ctrl+C at a child")


def wait_until_all_have_heard(count: int) -> None:
    for index in range(len(_children)):
        wait_until_heard(index, count)


def interrupt(index: int) -> None:
    """Returns when the child has heard it."""
    before = heard()[index]
    _children[index][0].interrupt(HANG_LIMIT)
    wait_until_heard(index, before + 1)


def end(code: int) -> list[int]:
    """The exit codes."""
    codes = []
    for process, pipe in _children:
        pipe.send(code)
        process.join(HANG_LIMIT)
        codes.append(process.exitcode)
        process.close()
        pipe.close()
    _children.clear()
    return codes


def terminate() -> tuple[bool, int, bool]:
    """Whether it was alive, its exit code, and whether its sentinel was ready then, not before."""
    process, pipe = _children.pop()
    was_alive = process.is_alive()
    was_ready = connection.wait([process.sentinel], 0)
    process.terminate()
    process.join(HANG_LIMIT)
    is_ready = connection.wait([process.sentinel], 0)
    pipe.close()
    return was_alive, process.exitcode, not was_ready and bool(is_ready)


def supervise(file: str, group: str, keyboard: str, count: str) -> None:
    """A program on a console. What it and its children hear of the key, and of `interrupt`."""
    keys: list[int] = []
    start(int(count), group, keyboard == "True")
    signal.signal(signal.SIGINT, lambda *_: keys.append(1))
    print("up", flush=True)
    wait_until(lambda: keys, "the key")
    if keyboard == "True":
        wait_until(lambda: all(heard()), "the key at the children")
    of_the_key = heard()
    for index in range(int(count)):
        interrupt(index)
    wait_until(lambda: sum(heard()) >= sum(of_the_key) + int(count), "an interrupt at each child")
    Path(file).write_text(json.dumps([len(keys), of_the_key, heard()]), encoding="utf-8")
    end(0)


def on_a_console(file: str, group: str, keyboard: bool, count: int) -> Any:
    """Runs `supervise` on a console on which Ctrl+C is pressed."""
    from .terminals import Screen

    code = "import sys; from tests.windows import processes; processes.supervise(*sys.argv[1:])"
    with ctrlevent.PseudoConsole() as console:
        child = console.start([sys.executable, "-c", code, file, group, str(keyboard), str(count)])
        Screen(console).wait_for("up")
        console.press_ctrl_c()
        assert child.wait(HANG_LIMIT) == 0
    return json.loads(Path(file).read_text(encoding="utf-8"))


def join_is_broken_off(limit: Any) -> tuple[str, bool]:
    """What `join` of a child that goes on raises, and whether the child is alive then."""
    process, _ = _children[-1]
    raised = ""

    def send() -> None:
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT, timeout=HANG_LIMIT)

    with interruptible():
        thread = threading.Thread(target=send)
        try:
            thread.start()
            process.join(limit)
        except KeyboardInterrupt:
            raised = "KeyboardInterrupt"
        thread.join()
    return raised, process.is_alive()


def pools(group: str, keyboard: bool) -> list[Any]:
    context = ctrlevent.multiprocessing_context(group=group, keyboard=keyboard)
    with context.Pool(2) as pool:
        found: list[Any] = [pool.map(square, range(4))]
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        found.append(list(executor.map(square, range(4))))
    with context.Manager() as manager:
        shared = manager.list([1])
        shared.append(2)
        found.append(list(shared))
    found.append(len(multiprocessing.active_children()))
    return found


def cannot_be_pickled() -> tuple[bool, list[str], int]:
    """Whether that is the error; what it has changed; and how many children there are then."""
    context = ctrlevent.multiprocessing_context()
    process = context.Process(target=lambda: None)
    before = dict(vars(process))
    try:
        process.start()
    except Exception as error:
        changed = [name for name, value in vars(process).items() if before.get(name) != value]
        is_of_pickle = isinstance(error, (pickle.PicklingError, AttributeError))  # by its version
        return is_of_pickle, changed, len(multiprocessing.active_children())
    raise AssertionError("it was started")


def left_of(what: str, times: int) -> str:
    """The handles that are left of so many starts."""
    context = ctrlevent.multiprocessing_context()

    def run() -> None:
        process = context.Process(target=square, args=(1,))
        process.start()
        process.join()
        process.close()

    def fail() -> None:
        cannot_be_pickled()

    calls: dict[str, Callable[[], None]] = {"run": run, "fail": fail}
    return leaks.left(calls[what], times)


def in_a_virtual_environment(folder: str) -> tuple[str, bool]:
    """What `sys.executable` is in a child, and whether the child is the process that was started.

    There is no program at that path, so a launcher cannot have been started.
    """
    real, python = sys.executable, os.path.join(folder, "Scripts", "python.exe")
    sys.executable = python
    spawn.set_executable(python)
    try:
        context = ctrlevent.multiprocessing_context()
        ours, theirs = context.Pipe()
        process = context.Process(target=say_what_it_is, args=(theirs,))
        process.start()
        executable, pid = ours.recv()
        process.join(HANG_LIMIT)
        return executable, pid == process.pid
    finally:
        sys.executable = real
        spawn.set_executable(real)
