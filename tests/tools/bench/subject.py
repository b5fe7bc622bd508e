"""What is measured inside of a process on Windows: an actor of the tests, or a new Python.

Every function here is called in an actor's main thread (`tests.windows.harness.Actor.call`), which
is on a console of its own.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import ctrlevent
from tests.waiting import wait_until
from tests.windows.actor import interruptible

from .interleaved import Samples, interleaved
from .plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEW_GROUP, OWN_CONSOLE = 0x200, 0x0800_0000
CTRL_C = 0

_LONG = "100000"  # seconds that a program stays at most, if no process ends it
_SLEEP = 1.0  # the wait that users write behind os.kill

_children: dict[int, subprocess.Popen[bytes]] = {}
_idle: list[Any] = []


# --- the programs on the console ------------------------------------------------------------------


def start_leader(native: str, flags: int = NEW_GROUP) -> int:
    """A program that leads a group, hears Ctrl+C, and says so."""
    child = subprocess.Popen(
        [native, "hear", _LONG], creationflags=flags, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    _children[child.pid] = child
    assert child.stdout
    child.stdout.readline()
    return child.pid


def start_crowd(count: int) -> None:
    """Programs in groups of their own, which wait for input that never comes."""
    source, sink = os.pipe()
    _idle.append(sink)
    command = [os.path.join(os.environ["SYSTEMROOT"], "system32", "cmd.exe"), "/d", "/q", "/k"]
    for _ in range(count):
        _idle.append(
            subprocess.Popen(
                command,
                creationflags=NEW_GROUP,
                stdin=source,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    os.close(source)


def wait_for_console(count: int) -> None:
    """Until so many processes are on the console."""
    there = ctrlevent.console_processes
    wait_until(lambda: len(there()) == count, f"{count} processes on the console", 120)


# --- pairs in one process -------------------------------------------------------------------------


def measure_getpgid(pid: int, rounds: int) -> Samples:
    import psutil  # type: ignore[import-untyped, import-not-found, unused-ignore]

    process: Any = psutil.Process
    plain = Plain()
    return interleaved(
        {
            "ctrlevent": lambda: ctrlevent.getpgid(pid),
            "plain": lambda: plain.getpgid(pid),
            "psutil": lambda: process(pid).ppid(),
        },
        rounds,
    )


def _threads_end(pid: int) -> Callable[[object], None]:
    """Waits until a process has no more threads than now, when it is at rest.

    The thread that has heard an event still has to end. That takes as long as what is measured, and
    the next call would pay for it.
    """
    import psutil

    process: Any = psutil.Process(pid)
    at_rest = process.num_threads()

    def wait(_returned: object) -> None:
        wait_until(lambda: process.num_threads() <= at_rest, f"process {pid} at rest")

    return wait


def measure_killpg(leader: int, rounds: int) -> Samples:
    """The wait for each event is not measured. Without it Wine 10 would drop the next event."""
    heard = _children[leader].stdout
    assert heard
    plain = Plain()

    def until_it_is_over(_returned: object) -> None:
        heard.readline()
        # The thread that heard the event ends beside what runs next. So unmeasured calls run next,
        # which also leave in the caches what the measured calls need.
        for _ in range(4):
            plain.getpgid(leader)
            ctrlevent.getpgid(leader)

    return interleaved(
        {
            "ctrlevent": lambda: ctrlevent.killpg(leader, ctrlevent.CTRL_C_EVENT),
            "checked": lambda: plain.killpg(CTRL_C, leader),
            "bare": lambda: plain.generate(CTRL_C, leader),
        },
        rounds,
        until_it_is_over,
    )


def measure_console_processes(pid: int, rounds: int) -> Samples:
    return interleaved(
        {
            "ctrlevent": ctrlevent.console_processes,
            "getpgid": lambda: ctrlevent.getpgid(pid),
        },
        rounds,
    )


def measure_kill_self(rounds: int) -> Samples:
    """Until KeyboardInterrupt. The caller leads its group: else os.kill would reach the console."""
    own = os.getpid()

    def with_ctrlevent() -> KeyboardInterrupt:
        try:
            ctrlevent.kill(own, ctrlevent.CTRL_C_EVENT)
        except KeyboardInterrupt as interrupt:
            return interrupt
        raise AssertionError("no KeyboardInterrupt")

    def with_os_kill() -> KeyboardInterrupt | None:
        try:
            os.kill(own, CTRL_C)
            time.sleep(_SLEEP)
        except KeyboardInterrupt as interrupt:
            return interrupt
        return None  # lost: see tests/windows/test_self_event.py

    assert ctrlevent.getpgrp() == own
    with interruptible():
        ways = {"ctrlevent": with_ctrlevent, "os.kill": with_os_kill}
        return interleaved(ways, rounds, _threads_end(own))


def measure_popen(native: str, rounds: int) -> Samples:
    command = [native, "default", "0"]

    def end(child: Any) -> None:
        child.kill()
        child.wait()

    return interleaved(
        {
            "ctrlevent": lambda: ctrlevent.Popen(command, stdin=subprocess.DEVNULL),
            "subprocess": lambda: subprocess.Popen(
                command, creationflags=NEW_GROUP, stdin=subprocess.DEVNULL
            ),
        },
        rounds,
        end,
    )


def measure_run(native: str, rounds: int) -> Samples:
    """A command that exits at once, contained, and started bare on a console of its own."""
    command = [native, "default", "0"]
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    flags = NEW_GROUP | OWN_CONSOLE
    return interleaved(
        {
            "ctrlevent": lambda: ctrlevent.run(command, **streams),
            "subprocess": lambda: subprocess.run(
                command, creationflags=flags, check=False, **streams
            ),
            "shared": lambda: ctrlevent.run(command, console="shared", **streams),
            "subprocess, shared": lambda: subprocess.run(
                command, creationflags=NEW_GROUP, check=False, **streams
            ),
        },
        rounds,
    )


_PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest"]


def measure_command_line(folder: str, rounds: int) -> Samples:
    """`run` on the command line, and `pytest --own-console` of a test that does nothing."""
    test = os.path.join(folder, "test_nothing.py")
    with open(test, "w", encoding="utf-8") as file:
        file.write("def test_nothing(): pass\n")
    nothing = [sys.executable, "-c", "pass"]
    session = [*_PYTEST, "-p", "ctrlevent.pytest_plugin", "--rootdir", folder, test]
    ways = {
        "pass": nothing,
        "-m": [sys.executable, "-m", "this"],
        "run": [sys.executable, "-m", "ctrlevent", "run", "--", *nothing],
        "pytest": session,
        "--own-console": [*session, "--own-console"],
    }

    def start(command: list[str]) -> int:
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        return subprocess.run(command, check=True, **pipes).returncode

    return interleaved(
        {name: functools.partial(start, command) for name, command in ways.items()}, rounds
    )


def measure_at_once(native: str, rounds: int) -> Samples:
    """A start and an event behind it, beside the least that must be waited for: the connection."""
    command = [native, "default", _LONG]
    plain = Plain()
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}

    def in_a_group() -> Any:
        child = ctrlevent.Popen(command, **streams)
        child.interrupt(60)
        return child

    def beside_others() -> Any:
        child = subprocess.Popen(command, **streams)
        ctrlevent.kill(child.pid, CTRL_C, timeout=60)
        return child

    def until_connected(flags: int = 0) -> Any:
        child = subprocess.Popen(command, creationflags=flags, **streams)
        while not plain.is_on_console(child.pid):
            time.sleep(0.001)
        return child

    def and_sent() -> Any:
        child = until_connected(NEW_GROUP)
        plain.generate(CTRL_C, child.pid)
        return child

    def end(child: Any) -> None:
        child.kill()
        child.wait()

    ways = {
        "interrupt": in_a_group, "bare": and_sent, "kill": beside_others,
        "connected": until_connected,
    }  # fmt: skip
    return interleaved(ways, rounds, end)


_ECHO = """
import sys
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
"""


def measure_guard(native: str, rounds: int) -> Samples:
    """The wrong call is measured together with the clearing of what it leaves pending."""
    member = start_leader(native, flags=0)  # in the caller's group, so it leads none
    echo = subprocess.Popen(
        [sys.executable, "-S", "-c", _ECHO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    to_echo: Any = echo.stdin
    from_echo: Any = echo.stdout
    plain = Plain()

    def round_trip() -> None:
        to_echo.write(b"x\n")
        from_echo.readline()

    with ctrlevent.Guard() as guard:

        def with_ctrl_c() -> None:
            plain.generate(CTRL_C, member)
            assert guard.clear(60)

        ways = {"nothing": lambda: guard.clear(60), "Ctrl+C": with_ctrl_c, "echo": round_trip}
        found = interleaved(ways, rounds)
    for child in (echo, _children.pop(member)):
        child.kill()
        child.communicate()
    return found


# --- on another console ---------------------------------------------------------------------------


def start_elsewhere(native: str) -> int:
    """A leader that is alone on its console."""
    pid = start_leader(native, OWN_CONSOLE | NEW_GROUP)
    stream = _children[pid].stdout
    assert stream
    threading.Thread(target=stream.read, daemon=True).start()
    return pid


def measure_repeated(pid: int, rounds: int) -> Samples:
    return interleaved({name: functools.partial(send, pid) for name, send in _ways()}, rounds)


def measure_first(pid: int, rounds: int) -> Samples:
    """The first time in its life that a process sends there; each in a new Python."""
    code = "from tests.tools.bench import subject; subject.send_first()"

    def first(name: str) -> float:
        command = [sys.executable, "-c", code, name, str(pid)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    samples: Samples = {name: [] for name, _ in _ways()}
    for number in range(rounds):
        for name in sorted(samples, reverse=bool(number % 2)):
            samples[name].append(first(name))
    return samples


def send_first() -> None:
    """In that new Python."""
    name, pid = sys.argv[1], int(sys.argv[2])
    send = dict(_ways())[name]
    start = time.perf_counter()
    send(pid)
    print(time.perf_counter() - start, flush=True)


def _ways() -> Iterator[tuple[str, Callable[[int], None]]]:
    import console_ctrl  # type: ignore[import-untyped, import-not-found, unused-ignore]

    peer: Any = console_ctrl
    killpg, event = ctrlevent.killpg, ctrlevent.CTRL_C_EVENT
    yield "ctrlevent", lambda pid: killpg(pid, event, timeout=60)
    yield "console-ctrl", peer.send_ctrl_c
