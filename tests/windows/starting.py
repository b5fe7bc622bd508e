"""What actors are told to do in the tests of what starts processes. All of this runs in actors."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, Optional

import ctrlevent
from ctrlevent import _run
from tests.waiting import HANG_LIMIT, wait_until

from . import leaks
from .actor import kernel32

NEW_GROUP, OWN_CONSOLE, SUSPENDED = 0x200, 0x0800_0000, 0x4

_children: dict[int, ctrlevent.Popen] = {}
_said: dict[int, list[str]] = {}


# --- children of ctrlevent.Popen ------------------------------------------------------------------


def popen(command: Any, environment: Optional[dict[str, str]] = None, **options: Any) -> int:
    """Starts an actor, or a program that says nothing; returns the pid of what was started."""
    if environment is not None:
        options["env"] = {**os.environ, **environment}
    streams: dict[str, Any] = {
        "stdin": subprocess.DEVNULL, "stdout": sys.stderr, "stderr": sys.stderr
    }  # fmt: skip
    child = ctrlevent.Popen(command, **{**streams, **options})
    _children[child.pid] = child
    return child.pid


def popen_program(command: Any, flags: int = 0, **options: Any) -> int:
    """Starts a program that talks through pipes; keeps what it says. Passes `flags` by position."""
    pipe = subprocess.PIPE
    positional: Any = [-1, None, pipe, pipe, None, None, True, False, None, None, None, None, flags]
    if options:
        child = ctrlevent.Popen(command, stdin=pipe, stdout=pipe, creationflags=flags, **options)
    else:
        child = ctrlevent.Popen(command, *positional)
    _children[child.pid] = child
    _said[child.pid] = []
    threading.Thread(target=_listen, args=(child,), daemon=True).start()
    return child.pid


def _listen(child: ctrlevent.Popen) -> None:
    assert child.stdout
    for line in child.stdout:
        _said[child.pid].append(line.decode(errors="replace").strip())


def said(pid: int) -> list[str]:
    return _said[pid][:]


def close_input(pid: int) -> None:
    stdin = _children[pid].stdin
    assert stdin
    stdin.close()


def interrupt(pid: int, timeout: float = HANG_LIMIT) -> None:
    _children[pid].interrupt(timeout)


def send_signal(pid: int, sig: int) -> None:
    _children[pid].send_signal(sig)


def terminate(pid: int) -> None:
    _children[pid].terminate()


def pgid(pid: int) -> int:
    return _children[pid].pgid


def returncode(pid: int) -> Optional[int]:
    """As the Popen knows it, without a poll."""
    code: Optional[int] = _children[pid].returncode
    return code


def wait(pid: int) -> int:
    code: int = _children[pid].wait(HANG_LIMIT)
    return code


def resume(pid: int) -> None:
    handle = int(_children[pid]._handle)  # type: ignore[attr-defined, unused-ignore]
    getattr(ctypes, "WinDLL")("ntdll").NtResumeProcess(ctypes.c_void_p(handle))  # noqa: B009


def wait_in_asyncio(pid: int) -> bool:
    """Interrupts a child, and waits on its handle as asyncio does; true when it has exited."""

    async def wait() -> bool:
        loop: Any = asyncio.get_running_loop()
        handle = int(_children[pid]._handle)  # type: ignore[attr-defined, unused-ignore]
        ended = loop._proactor.wait_for_handle(handle)
        _children[pid].interrupt(HANG_LIMIT)
        return bool(await asyncio.wait_for(ended, HANG_LIMIT))

    policy: Any = importlib.import_module("asyncio").ProactorEventLoop
    loop = policy()
    try:
        result: bool = loop.run_until_complete(wait())
        return result
    finally:
        loop.close()


class End(NamedTuple):
    """How a child that was interrupted has exited."""

    delay: float
    exit_code: Optional[int]
    """None: it was stuck, and `kill` terminated it."""
    output: str
    errors: str


def interrupt_at_random(command: list[str], seed: int, times: int) -> list[End]:
    """Starts children that wait for ever, and interrupts each at once, or after up to 500 ms."""
    chance = random.Random(seed)
    ends = []
    for _ in range(times):
        delay = chance.choice((0.0, chance.uniform(0, 0.5)))
        with ctrlevent.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout
            assert child.stderr
            # Not for luck: any moment will do, and the more of them the better.
            time.sleep(delay)
            child.interrupt(HANG_LIMIT)
            code = child.wait(HANG_LIMIT)
            ends.append(End(delay, code, child.stdout.read(), child.stderr.read()))
    return ends


def with_pipes(command: list[str], data: str) -> tuple[str, str, int]:
    with ctrlevent.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        output, errors = child.communicate(data, timeout=HANG_LIMIT)
    return output, errors, child.returncode


def interrupted_after_timeout(command: list[str]) -> tuple[bool, str, int]:
    """communicate with a timeout, then an interrupt, then communicate again.

    The child makes the file that is its last argument when it is up.
    """
    with ctrlevent.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        timed_out = False
        try:
            child.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            timed_out = True
        wait_until(lambda: os.path.exists(command[-1]), "the child being up")
        child.interrupt(HANG_LIMIT)
        output, _ = child.communicate(timeout=HANG_LIMIT)
    return timed_out, output, child.returncode


def phantoms() -> list[int]:
    """The pids on the list of the console that belong to no live process."""
    pids = (ctypes.c_uint32 * 64)()
    count = kernel32.GetConsoleProcessList(pids, 64)
    live = {process.pid for process in ctrlevent.console_processes()}
    return sorted(set(pids[:count]) - live)


def handles_of_popens(command: list[str], times: int) -> str:
    """The handles that so many children leave open; "" for none."""

    def one() -> None:
        with ctrlevent.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            child.interrupt(HANG_LIMIT)
            child.communicate(timeout=HANG_LIMIT)

    return leaks.left(one, times)


# --- steps of a start that fail -------------------------------------------------------------------


class Failed(NamedTuple):
    error: str
    child_ended: bool
    more_handles: str


def failing_start(command: list[str], step: str, contained: bool = False) -> Failed:
    """Starts a child while a method of the boundary fails; returns what is left of it."""
    from ctrlevent._win32 import system

    windows: Any = system()
    names = {
        "write": ("WriteProcessMemory", "NtWow64WriteVirtualMemory64"),
        "interrupted": ("NtResumeProcess",),
    }.get(step, (step,))
    seen: list[int] = []

    def fail(*arguments: Any) -> None:
        handle = arguments[1 if step == "AssignProcessToJobObject" else 0]
        if not seen:  # a write that fails is tried again for a moment
            seen.append(_another_handle(handle))
        # A new error each time: its traceback keeps alive what the error came through.
        raise KeyboardInterrupt if step == "interrupted" else OSError(0, "fails", None, 5)

    def one() -> BaseException:
        try:
            ctrlevent.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, contain=contained
            )
        except BaseException as raised:
            return raised
        raise AssertionError("it did not fail")

    for name in names:
        setattr(windows, name, fail)
    try:
        raised = one()
        ended = _ended(seen.pop())

        def again() -> None:
            one()
            _ended(seen.pop())

        more = leaks.left(again, 5)
    finally:
        for name in names:
            delattr(windows, name)
    return Failed(type(raised).__name__, ended, more)


def _another_handle(process: int) -> int:
    """A handle of our own, which pins the pid and shows the exit."""
    handle = _open(kernel32.GetProcessId(ctypes.c_void_p(process)))
    assert handle
    return handle


def _open(pid: int) -> Optional[int]:
    kernel32.OpenProcess.restype = ctypes.c_void_p
    synchronize, query_limited_information = 0x0010_0000, 0x1000
    handle: Optional[int] = kernel32.OpenProcess(
        synchronize | query_limited_information, False, pid
    )
    return handle


def _ended(handle: int) -> bool:
    ended = kernel32.WaitForSingleObject(ctypes.c_void_p(handle), 0) == 0
    kernel32.CloseHandle(ctypes.c_void_p(handle))
    return bool(ended)


# --- ignore_ctrl_c --------------------------------------------------------------------------------


def ignores_of_new_child(command: list[str]) -> bool:
    """Whether a child of plain subprocess ignores Ctrl+C."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        assert child.stdin
        ignores: bool = ctrlevent.ignores_ctrl_c(child.pid)
        child.stdin.close()
        child.wait(HANG_LIMIT)
    return ignores


def asyncio_child_hears(command: list[str]) -> tuple[bool, int, bytes]:
    """Starts a child with asyncio in a new group, makes it hear Ctrl+C, and sends it a Ctrl+C."""

    async def play() -> tuple[bool, int, bytes]:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=NEW_GROUP,
        )
        assert child.stdout
        await asyncio.wait_for(child.stdout.readline(), HANG_LIMIT)
        before = ctrlevent.ignore_ctrl_c(False, child.pid)
        ctrlevent.killpg(child.pid, ctrlevent.CTRL_C_EVENT, timeout=HANG_LIMIT)
        output = await asyncio.wait_for(child.stdout.read(), HANG_LIMIT)
        return before, await asyncio.wait_for(child.wait(), HANG_LIMIT), output

    return asyncio.run(play())


# --- run ------------------------------------------------------------------------------------------


class Ran(NamedTuple):
    """What became of a `run`."""

    error: Optional[str]
    returncode: Optional[int]
    output: Any
    """None, or text, or bytes."""
    errors: Any


# Longer than a test waits for an actor: a command that runs as long fails the test.
NEVER = 10 * HANG_LIMIT


def give_time_to_end(grace: float = NEVER) -> None:
    """In this process, `run` gives commands so many seconds after a Ctrl+C, and not 3.

    It also waits as long as it takes until all of them are gone.
    """
    from ctrlevent import _patience
    from ctrlevent._windows import popen, run

    setattr(popen, "GONE_WITHIN", NEVER)  # noqa: B010
    setattr(run, "SEND_WITHIN", NEVER)  # noqa: B010
    setattr(_patience, "UNSENT", NEVER)  # noqa: B010
    setattr(_run, "GRACE", grace)  # noqa: B010


def main_that_gives_time(grace: float = NEVER) -> list[str]:
    """What `python -m ctrlevent` is, in a process that gives commands time to end."""
    code = (
        f"import sys; from tests.windows import starting; starting.give_time_to_end({grace});"
        " from ctrlevent import _cli; sys.exit(_cli.main())"
    )
    return [sys.executable, "-c", code]


# A Python that hears Ctrl+C although it leads a group, and runs the module that is named to it.
HEARS_AND_RUNS = """
import ctypes, runpy, sys
ctypes.WinDLL("kernel32").SetConsoleCtrlHandler(None, False)
sys.argv = sys.argv[sys.argv.index("-m") + 1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def generate(event: int, pgid: int) -> None:
    """GenerateConsoleCtrlEvent itself."""
    assert kernel32.GenerateConsoleCtrlEvent(event, pgid)


def run(command: Any, grace: float = NEVER, **options: Any) -> Ran:
    give_time_to_end(grace)
    try:
        done = ctrlevent.run(command, grace=grace, **options)
    except subprocess.TimeoutExpired as error:
        return Ran("TimeoutExpired", None, error.output, error.stderr)
    except subprocess.CalledProcessError as error:
        return Ran("CalledProcessError", error.returncode, error.output, error.stderr)
    return Ran(None, done.returncode, done.stdout, done.stderr)


class Watched(NamedTuple):
    """What became of a `run`, and of processes of it that were looked at while it ran."""

    ran: Ran
    before: list[bool]
    """Whether each was running when it was first seen; shorter if not all were up in time."""
    after: list[bool]
    """Whether each was running when `run` had returned."""


def run_and_watch(command: list[str], folder: str, names: list[str], **options: Any) -> Watched:
    """Runs a command, and watches the processes whose pids it writes into files.

    `names`: of these files in the folder. The command gets a file `go` when all pids were seen.
    """
    handles: list[int] = []
    before: list[bool] = []
    over = threading.Event()

    def watch() -> None:
        for name in names:
            while not over.is_set():
                pid = _content(os.path.join(folder, name))
                if pid.endswith("\n"):
                    handle = _open(int(pid))
                    if handle:
                        handles.append(handle)
                        before.append(_is_running(handle))
                    break
                over.wait(0.01)
        Path(folder, "go").touch()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        ran = run(command, **options)
        after = [_is_running(handle) for handle in handles]
    finally:
        over.set()
        watching.join()
        for handle in handles:
            kernel32.CloseHandle(ctypes.c_void_p(handle))
    return Watched(ran, before, after)


def _is_running(handle: int) -> bool:
    return bool(kernel32.WaitForSingleObject(ctypes.c_void_p(handle), 0) != 0)


def run_for_error(command: Any, **options: Any) -> None:
    """Raises ValueError for a UnicodeError, which does not come through to the test as it is."""
    try:
        ctrlevent.run(command, **options)
    except UnicodeError as error:
        raise ValueError(str(error)) from None


class Done(NamedTuple):
    """A process that has exited."""

    exit_code: int
    output: bytes
    errors: bytes


def execute(
    command: list[str],
    *,
    data: Optional[bytes] = None,
    flags: int = 0,
    cwd: Optional[str] = None,
    environment: Optional[dict[str, str]] = None,
) -> Done:
    """Plain subprocess: a program with pipes, its input given at once."""
    done = subprocess.run(
        command,
        input=data if data is not None else b"",
        capture_output=True,
        creationflags=flags,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        timeout=HANG_LIMIT,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def execute_with_files(command: list[str], data: bytes) -> Done:
    """Plain subprocess: the three standard streams are files."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(data)
        files[0].seek(0)
        code = subprocess.call(command, stdin=files[0], stdout=files[1], stderr=files[2])
        for file in files:
            file.seek(0)
        return Done(code, files[1].read(), files[2].read())


_started: dict[int, subprocess.Popen[bytes]] = {}


def start(command: list[str], flags: int, output: str) -> int:
    """Plain subprocess, its output in a file."""
    with open(output, "wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, creationflags=flags
        )
    _started[process.pid] = process
    return process.pid


def end_of(pid: int) -> int:
    return _started[pid].wait(HANG_LIMIT)


def handles_of_runs(command: list[str], times: int) -> str:
    return leaks.left(lambda: ctrlevent.run(command, capture_output=True), times)


def wait_for_file(path: str) -> str:
    """Waits for a line in a file; returns what the file contains."""
    wait_until(lambda: _content(path).endswith("\n"), f"a line in {path}")
    return _content(path)


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
