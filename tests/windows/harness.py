"""Real processes, on consoles of their own, driven by the tests.

    with Console() as console:
        leader = console.parent.spawn(NEW_GROUP)
        member = leader.spawn()
        console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C)
        console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})  # and no other process

Every scenario has a console of its own, which the test process is not on, so that no event can
reach the test process or any process outside. Closing the console terminates all that was started.

An actor is a process that hears events, starts children and exits as the test says. `spawn` starts
a native program, which is up ten times as fast as a Python. `python` starts a Python, which also
runs functions of this package (`call`). A test needs a Python where an actor calls the library, and
where it is about Python programs.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from abc import ABC, abstractmethod
from multiprocessing.connection import Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

import pytest

from tests.tools.bed.probes import architecture
from tests.waiting import HANG_LIMIT, wait_until

from . import actor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")

# winbase.h. What a child gets: nothing for its creator's console and group.
SUSPENDED, DETACHED, NEW_CONSOLE, NEW_GROUP = 0x4, 0x8, 0x10, 0x200
OWN_CONSOLE = 0x0800_0000  # CREATE_NO_WINDOW: a hidden console

CTRL_C, CTRL_BREAK = 0, 1  # as handlers get them, and as logs have them
CONTROL_C_EXIT = 0xC000_013A

ARCH = architecture()
OTHER_ARCH = "x64" if ARCH == "x86" else "x86"  # of the other bitness

#: The exit code of an actor whose main thread has ended by itself (see actor.py, told.c).
MAIN_THREAD_ENDED = actor.MAIN_THREAD_ENDED

# Only what coverage measures depends on it: of a suspended actor, nothing is measured.
EXIT_TAKES_AT_MOST = 10.0

_MAIN = "from tests.windows import actor; actor.main()"
_ROOT = Path(__file__).resolve().parents[2]
_winapi: Any = importlib.import_module("_winapi")
_ntdll: Any = getattr(ctypes, "WinDLL")("ntdll")  # noqa: B009


class Interrupted(Exception):
    """An actor's KeyboardInterrupt: here, that very class would end the test session."""


class Gone(Exception):
    """The actor that was asked something has exited."""


def bed_program(kind: str, arch: str = ARCH) -> str:
    """A program of the bed: "python", "launcher", "native", "native_gui" or "native_launcher"."""
    programs: dict[str, Any] = {}
    if "CTRLEVENT_BED" in os.environ:
        programs = json.loads(Path(os.environ["CTRLEVENT_BED"]).read_text(encoding="utf-8"))
    program = programs.get(kind, {}).get(arch)
    if kind == "python" and arch == ARCH:
        # In a virtual environment sys.executable may be a program that starts the real Python.
        program = getattr(sys, "_base_executable", None) or sys.executable
    if program is None:
        pytest.skip(f"CTRLEVENT_BED names no {arch} program for {kind!r}")
    return str(program)


def python_environment() -> dict[str, str]:
    # The tests, and where the package that is tested comes from: an unpacked wheel, say.
    path = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    if getattr(sys, "_base_executable", sys.executable) != sys.executable:
        environment["__PYVENV_LAUNCHER__"] = sys.executable
    return environment


class Process:
    """A process that a test knows of. The test holds a handle of it, so its pid stays its own."""

    def __init__(self, console: Console, pid: int, starter: Optional[Actor]) -> None:
        self.console = console
        self.pid = pid
        self.starter = starter
        self.ended = False
        synchronize, query_limited_information = 0x0010_0000, 0x1000
        self._handle: Optional[int] = _winapi.OpenProcess(
            synchronize | query_limited_information, False, pid
        )

    def is_running(self) -> bool:
        wait_timeout = 0x102
        return bool(_winapi.WaitForSingleObject(self._handle, 0) == wait_timeout)

    def exit_code(self) -> int:
        """Waits for its exit. From then on the test expects nothing more of it."""
        wait_until(lambda: not self.is_running(), f"the exit of {self}")
        self.ended = True
        return int(_winapi.GetExitCodeProcess(self._handle))

    def release(self) -> None:
        """Lets go of its pid; for that, its starter must as well."""
        if self._handle is not None:
            _winapi.CloseHandle(self._handle)
            self._handle = None


class Program(Process):
    """A native program of the test bed (tests/tools/bed/native) that a Python actor has started."""

    starter: Python

    def __repr__(self) -> str:
        return f"<program {self.pid}>"

    def said(self) -> list[str]:
        """The lines that it has written, without the first, which says that it is ready."""
        return self.starter.now(actor.said, self.pid)[1:]

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.starter.now(actor.said, self.pid), f"{self} being ready")

    def resume(self) -> None:
        """Resumes a program that was started suspended."""
        suspend_resume = 0x0800
        handle = _winapi.OpenProcess(suspend_resume, False, self.pid)
        _ntdll.NtResumeProcess(ctypes.c_void_p(handle))
        _winapi.CloseHandle(handle)

    def close_input(self) -> None:
        """Closes its standard input, at the end of which it exits."""
        self.starter.call(actor.close_input, self.pid)


class Pending:
    """A call that an actor has not answered yet."""

    def __init__(self, actor_: Python, number: int) -> None:
        self._actor = actor_
        self._number = number

    def result(self) -> Any:
        return self._actor._answer_to(self._number)


class Actor(Process, ABC):
    """A process that does what it is told, with the events that it has heard."""

    def __init__(
        self, console: Console, name: str, pipes: _Pipes, starter: Optional[Actor], started: int
    ) -> None:
        self.console = console  # whose log is shown if there is no first answer
        self.name = name
        self.started = started
        """The pid of the program that was started: that of the launcher, if there is any."""
        self._pipes = pipes
        super().__init__(console, self._first_answer(), starter)
        console.actors.append(self)

    def __repr__(self) -> str:
        return f"<{self.name}, process {self.pid}>"

    @abstractmethod
    def _first_answer(self) -> int:
        """The pid, which the actor sends when it is up."""

    @abstractmethod
    def settle(self) -> None:
        """Makes a console call, at which the console sends an event that it has parked."""

    @abstractmethod
    def count_heard(self) -> int:
        """How many events it has heard since they were last taken."""

    @abstractmethod
    def take_heard(self) -> list[int]:
        """The events that it has heard since the last time, oldest first."""

    @abstractmethod
    def ignore_ctrl_c(self, ignore: bool) -> None:
        """SetConsoleCtrlHandler(NULL, ignore)."""

    @abstractmethod
    def forget_child(self, pid: int) -> None:
        """Closes its handles of a child that has exited."""

    @abstractmethod
    def _start(self, command: Sequence[str], flags: int) -> int:
        """Starts a program that inherits its standard streams; returns the pid."""

    @abstractmethod
    def _tell_to_exit(self, exit_code: int) -> None: ...

    def spawn(
        self,
        flags: int = 0,
        *,
        name: str = "",
        arch: str = ARCH,
        hears: bool = True,
        behind_launcher: bool = False,
    ) -> Native:
        """Has it start a native actor. `hears`: the child stops ignoring Ctrl+C, if it does."""
        pipes = _Pipes()
        program = bed_program("native_launcher" if behind_launcher else "native", arch)
        command = [program, "told", pipes.address, *(["hears"] if hears else [])]
        return Native(self.console, self._named(name), pipes, self, self._start(command, flags))

    def python(
        self,
        flags: int = 0,
        *,
        name: str = "",
        arch: str = ARCH,
        hears: bool = True,
        behind_launcher: bool = False,
    ) -> Python:
        """As `spawn`; the actor is a Python, which can call functions."""
        pipes = _Pipes()
        program = bed_program("launcher" if behind_launcher else "python", arch)
        command = [program, "-c", _MAIN, pipes.address, *(["hears"] if hears else [])]
        return Python(self.console, self._named(name), pipes, self, self._start(command, flags))

    def _named(self, name: str) -> str:
        return name or f"actor {len(self.console.actors)}"

    def spawn_wrapped(self, wrapper: Sequence[str], *, flags: int = 0, name: str = "") -> Native:
        """As `spawn`, behind a wrapper, which gets the native program as its last arguments.

        `started` is the pid of the wrapper.
        """
        pipes = _Pipes()
        command = [*wrapper, bed_program("native"), "told", pipes.address]
        started = self._start(command, flags)
        return Native(self.console, self._named(name), pipes, self, started)

    def forget(self) -> None:
        """After its exit: no process has a handle of it any more."""
        assert self.starter
        self.starter.forget_child(self.started)
        self.release()

    def wait_until_heard(self, count: int) -> None:
        wait_until(lambda: self.count_heard() >= count, f"{count} events at {self}")

    def leave(self, exit_code: int = 0) -> None:
        """Has it exit, at once."""
        self._tell_to_exit(exit_code)
        self.exit_code()

    def _receive(self) -> Any:
        """The next message of its pipe."""
        try:
            message = self._pipes.receive(time.monotonic() + HANG_LIMIT)
        except (EOFError, OSError):
            raise self._gone() from None
        if message is None:
            raise AssertionError(f"{self.name} does not answer\n{self.console.log()}")
        return message

    def _send(self, message: bytes) -> None:
        try:
            self._pipes.send(message)
        except OSError:
            raise self._gone() from None

    def _gone(self) -> Gone:
        return Gone(f"{self.name} has exited\n{self.console.log()}")


class Native(Actor):
    """A native program that does what it is told (tests/tools/bed/native/told.c)."""

    def _first_answer(self) -> int:
        return int(self._receive())

    def settle(self) -> None:
        self._ask("settle")

    def count_heard(self) -> int:
        return int(self._ask("count"))

    def take_heard(self) -> list[int]:
        return [int(event) for event in self._ask("heard").split()]

    def ignore_ctrl_c(self, ignore: bool) -> None:
        self._ask(f"ignore {int(ignore)}")

    def forget_child(self, pid: int) -> None:
        self._ask(f"forget {pid}")

    def _start(self, command: Sequence[str], flags: int) -> int:
        answer = self._ask(f"start {flags} {subprocess.list2cmdline(command)}")
        assert answer.isdigit(), f"CreateProcessW: {answer}"
        return int(answer)

    def _tell_to_exit(self, exit_code: int) -> None:
        self._send(f"exit {exit_code}\n".encode())

    def _ask(self, request: str) -> str:
        self._send(f"{request}\n".encode())
        return bytes(self._receive()).decode()


class Python(Actor):
    """A Python process that does what it is told (`actor`)."""

    def __init__(
        self, console: Console, name: str, pipes: _Pipes, starter: Optional[Actor], started: int
    ) -> None:
        self._numbers = itertools.count(1)
        self._answers: dict[int, tuple[bool, Any]] = {}
        super().__init__(console, name, pipes, starter, started)

    def _first_answer(self) -> int:
        return int(self._answer_to(0))

    def call(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Runs a function of a module in the actor's main thread.

        Returns what it returns, raises what it raises.
        """
        result: T = self._ask("main", function, arguments, keywords).result()
        return result

    def now(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """The same at once, in another thread, even while the main thread is busy."""
        result: T = self._ask("now", function, arguments, keywords).result()
        return result

    def begin(
        self, function: Callable[P, Any], *arguments: P.args, **keywords: P.kwargs
    ) -> Pending:
        """As `call`, without waiting for the end."""
        return self._ask("main", function, arguments, keywords)

    def settle(self) -> None:
        self.now(actor.settle)

    def count_heard(self) -> int:
        return self.now(actor.count_heard)

    def take_heard(self) -> list[int]:
        return self.now(actor.take_heard)

    def ignore_ctrl_c(self, ignore: bool) -> None:
        self.now(actor.ignore_ctrl_c, ignore)

    def forget_child(self, pid: int) -> None:
        self.call(actor.forget, pid)

    def native(
        self,
        mode: str,
        *arguments: str,
        flags: int = 0,
        arch: str = ARCH,
        gui: bool = False,
        ready: bool = True,
    ) -> Program:
        """Has it start a native program of the bed. `ready`: waits until the program is set up."""
        program = bed_program("native_gui" if gui else "native", arch)
        pid = self.call(actor.start_program, [program, mode, *arguments], flags)
        started = Program(self.console, pid, self)
        self.console.programs.append(started)
        if ready:
            started.wait_until_ready()
        return started

    def _start(self, command: Sequence[str], flags: int) -> int:
        return self.call(actor.start, list(command), flags, python_environment())

    def _tell_to_exit(self, exit_code: int) -> None:
        self._ask("now", actor.leave, (exit_code,), {})

    def _ask(
        self, thread: str, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Pending:
        number = next(self._numbers)
        self._send(pickle.dumps((thread, (number, function, arguments, keywords))))
        return Pending(self, number)

    def _answer_to(self, number: int) -> Any:
        while number not in self._answers:
            answer: tuple[int, bool, Any] = pickle.loads(self._receive())
            self._answers[answer[0]] = answer[1:]
        fine, result = self._answers.pop(number)
        if fine:
            return result
        kind, arguments, attributes, trace = result
        error: BaseException = Interrupted(trace) if kind is KeyboardInterrupt else kind(*arguments)
        for key, value in attributes.items():
            setattr(error, key, value)
        raise error


class Console:
    """A console, the actor that came with it (`parent`), and all that was started there."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.programs: list[Program] = []

    def __enter__(self) -> Console:
        self._log = tempfile.TemporaryFile()
        self._job = _Job()
        try:
            pipes = _Pipes()
            self._process = subprocess.Popen(
                [bed_program("python"), "-c", _MAIN, pipes.address, "hears"],
                creationflags=OWN_CONSOLE | NEW_GROUP,
                env={**os.environ, **python_environment()},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
            )
            # The actor starts nothing before a test asks for it, so the job has all its children.
            self._job.add(int(self._process._handle))  # type: ignore[attr-defined, unused-ignore]
            self.parent = Python(self, "parent", pipes, None, self._process.pid)
        except BaseException:
            self._job.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "COVERAGE_PROCESS_START" in os.environ:
            self._let_end()
        self._job.close()  # terminates every process on the console
        self._process.wait(HANG_LIMIT)
        for process in (*self.actors, *self.programs):
            process.release()
        for one in self.actors:
            one._pipes.close()
        self._log.close()

    def _let_end(self) -> None:
        """Has the Pythons exit by themselves: only then they write down which lines they have run.

        An actor that a test has suspended does not exit. The job terminates it.
        """
        pythons = [one for one in self.actors if isinstance(one, Python)]
        living = [one for one in pythons if not one.ended and one._handle is not None]
        for one in living:
            one._pipes.close()
        deadline = time.monotonic() + EXIT_TAKES_AT_MOST
        while any(one.is_running() for one in living) and time.monotonic() < deadline:
            time.sleep(0.01)

    def log(self) -> str:
        """What the actors have written to stderr: nothing, or how they died."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def assert_heard(self, expected: Mapping[Actor, Sequence[int]]) -> None:
        """These actors have heard these events since the last look, and no other actor any.

        First of all, and again at the end, every actor makes a console call: what is parked then
        reaches every process on the console (on Windows nothing else may make a call for hours).
        """
        living = [one for one in self.actors if not one.ended]
        for one in living:
            one.settle()
        for one, events in expected.items():
            one.wait_until_heard(len(events))
        for one in living:
            one.settle()
        heard = {one: one.take_heard() for one in living}
        assert heard == {one: list(expected.get(one, ())) for one in living}

    def assert_untouched(self) -> None:
        """No process has heard an event or has exited, but for those that the test let exit."""
        self.assert_heard({})
        died = [p for p in (*self.actors, *self.programs) if not p.ended and not p.is_running()]
        assert not died


class _Pipes:
    """The test's ends of the two named pipes of an actor, for requests and for answers.

    Two, because the actor opens them as plain files, where a read would keep a write waiting.
    """

    def __init__(self) -> None:
        self.address = rf"\\.\pipe\ctrlevent-{uuid.uuid4().hex}"
        self._ends: dict[str, Any] = {}
        self._accepting = []
        for end in ("requests", "answers"):
            listener = Listener(f"{self.address}-{end}", "AF_PIPE")
            thread = threading.Thread(target=self._accept, args=(end, listener), daemon=True)
            thread.start()
            self._accepting.append(thread)

    def _accept(self, end: str, listener: Listener) -> None:
        with listener:
            self._ends[end] = listener.accept()

    def send(self, message: bytes) -> None:
        self._ends["requests"].send_bytes(message)

    def receive(self, deadline: float) -> Optional[bytes]:
        """None if nothing has come by then."""
        for thread in self._accepting:
            thread.join(max(0.0, deadline - time.monotonic()))
        answers = self._ends.get("answers")
        if answers is None or not answers.poll(max(0.0, deadline - time.monotonic())):
            return None
        message: bytes = answers.recv_bytes()
        return message

    def close(self) -> None:
        for end in self._ends.values():
            end.close()


class _Job:
    """A job object. Closing it terminates the processes in it, and those that they started."""

    _kernel32: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009

    def __init__(self) -> None:
        self._kernel32.CreateJobObjectW.restype = ctypes.c_void_p
        self._handle: Optional[int] = self._kernel32.CreateJobObjectW(None, None)
        # JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h): LimitFlags stands behind two 64-bit
        # times; all else is 0.
        extended_limit_information, kill_on_job_close = 9, 0x2000
        limits = bytearray(112 if ARCH == "x86" else 144)
        limits[16:20] = kill_on_job_close.to_bytes(4, "little")
        self._check(
            self._kernel32.SetInformationJobObject(
                ctypes.c_void_p(self._handle), extended_limit_information, bytes(limits),
                len(limits),
            )
        )  # fmt: skip

    def add(self, process: int) -> None:
        self._check(
            self._kernel32.AssignProcessToJobObject(
                ctypes.c_void_p(self._handle), ctypes.c_void_p(process)
            )
        )

    def close(self) -> None:
        if self._handle is not None:
            self._kernel32.CloseHandle(ctypes.c_void_p(self._handle))
            self._handle = None

    @staticmethod
    def _check(result: int) -> None:
        if not result:
            raise OSError("a job object refused", getattr(ctypes, "get_last_error")())  # noqa: B009
