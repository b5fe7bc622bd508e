"""Real processes, on consoles of their own, driven by the tests.

    with Console() as console:
        leader = console.parent.spawn(NEW_GROUP)
        member = leader.spawn()
        console.parent.call(ctrlevent.killpg, leader.pid, CTRL_C)
        console.assert_heard({leader: [CTRL_C], member: [CTRL_C]})  # and nobody else

Every scenario has a console of its own, which the test process is not on, so that no event can
reach the test process or anybody outside. Everything that was started ends with the console.
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
from multiprocessing.connection import Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

import pytest

from tests.bed.probes import architecture
from tests.waiting import wait_until

from . import actor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")

# winbase.h. What a child gets: nothing for its creator's console and group.
SUSPENDED, DETACHED, NEW_CONSOLE, NEW_GROUP = 0x4, 0x8, 0x10, 0x200
OWN_CONSOLE = 0x0800_0000  # CREATE_NO_WINDOW: a hidden one

CTRL_C, CTRL_BREAK = 0, 1  # as handlers get them, and as logs have them
CONTROL_C_EXIT = 0xC000_013A

ARCH = architecture()
OTHER_ARCH = "x64" if ARCH == "x86" else "x86"  # the one of the other bitness

# How long an answer, a start or an end may take; nothing takes nearly as long.
PATIENCE = 60.0
ENDING_TAKES_AT_MOST = 10.0  # of one that does not: it is suspended, say

_MAIN = "from tests.windows import actor; actor.main()"
_ROOT = Path(__file__).resolve().parents[2]
_winapi: Any = importlib.import_module("_winapi")
_ntdll: Any = getattr(ctypes, "WinDLL")("ntdll")  # noqa: B009


class Interrupted(Exception):
    """An actor's KeyboardInterrupt: here, that very class would end the test session."""


class Gone(Exception):
    """An actor has ended that was asked something."""


def bed_program(kind: str, arch: str = ARCH) -> str:
    """A program of the test bed: "python", "launcher", "native" or "native_gui"."""
    programs: dict[str, Any] = {}
    if "CTRLEVENT_BED" in os.environ:
        programs = json.loads(Path(os.environ["CTRLEVENT_BED"]).read_text(encoding="utf-8"))
    program = programs.get(kind, {}).get(arch)
    if kind == "python" and arch == ARCH:
        # In a virtual environment sys.executable may be a program that starts the real one.
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
        """Waits for its end. From then on nothing more is expected of it."""
        wait_until(lambda: not self.is_running(), f"the end of {self}", PATIENCE)
        self.ended = True
        return int(_winapi.GetExitCodeProcess(self._handle))

    def release(self) -> None:
        """Lets go of its pid; for that, its starter must as well."""
        if self._handle is not None:
            _winapi.CloseHandle(self._handle)
            self._handle = None


class Program(Process):
    """A native program of the test bed (tests/bed/native)."""

    def __repr__(self) -> str:
        return f"<program {self.pid}>"

    def said(self) -> list[str]:
        """The lines that it has written, without the first, which says that it is ready."""
        assert self.starter
        return self.starter.now(actor.said, self.pid)[1:]

    def wait_until_ready(self) -> None:
        starter = self.starter
        assert starter
        wait_until(lambda: starter.now(actor.said, self.pid), f"{self} being ready", PATIENCE)

    def resume(self) -> None:
        """For one that was started suspended."""
        suspend_resume = 0x0800
        handle = _winapi.OpenProcess(suspend_resume, False, self.pid)
        _ntdll.NtResumeProcess(ctypes.c_void_p(handle))
        _winapi.CloseHandle(handle)

    def close_input(self) -> None:
        """It ends then."""
        assert self.starter
        self.starter.call(actor.close_input, self.pid)


class Pending:
    """A call that an actor has not answered yet."""

    def __init__(self, actor_: Actor, number: int) -> None:
        self._actor = actor_
        self._number = number

    def result(self) -> Any:
        return self._actor._answer_to(self._number)


class Actor(Process):
    """A Python process that does what it is told (`actor`), with the events that it has heard."""

    def __init__(
        self, console: Console, name: str, pipes: _Pipes, starter: Optional[Actor], started: int
    ) -> None:
        self.name = name
        self.started = started
        """The pid of the program that was started: the launcher's, where there is one."""
        self._pipes = pipes
        self._numbers = itertools.count(1)
        self._answers: dict[int, tuple[bool, Any]] = {}
        super().__init__(console, self._answer_to(0), starter)
        console.actors.append(self)

    def __repr__(self) -> str:
        return f"<{self.name}, process {self.pid}>"

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

    def spawn(
        self,
        flags: int = 0,
        *,
        name: str = "",
        arch: str = ARCH,
        hears: bool = True,
        behind_launcher: bool = False,
    ) -> Actor:
        """Has it start another actor. `hears`: that one stops ignoring Ctrl+C, if it does."""
        pipes = _Pipes()
        program = bed_program("launcher" if behind_launcher else "python", arch)
        command = [program, "-c", _MAIN, pipes.address, *(["hears"] if hears else [])]
        started = self.call(actor.start, command, flags, python_environment())
        name = name or f"actor {len(self.console.actors)}"
        return Actor(self.console, name, pipes, self, started)

    def native(
        self,
        mode: str,
        *arguments: str,
        flags: int = 0,
        arch: str = ARCH,
        gui: bool = False,
        ready: bool = True,
    ) -> Program:
        """Has it start a native program of the bed; `ready`: waits until that is set up."""
        program = bed_program("native_gui" if gui else "native", arch)
        pid = self.call(actor.start_program, [program, mode, *arguments], flags)
        started = Program(self.console, pid, self)
        self.console.programs.append(started)
        if ready:
            started.wait_until_ready()
        return started

    def forget(self) -> None:
        """After its end: nobody holds a handle of it any more."""
        assert self.starter
        self.starter.call(actor.forget, self.started)
        self.release()

    def wait_until_heard(self, count: int) -> None:
        wait_until(lambda: self.now(actor.count_heard) >= count, f"{count} events at {self}")

    def leave(self, exit_code: int = 0) -> None:
        """Has it end, at once."""
        self._ask("now", actor.leave, (exit_code,), {})
        self.exit_code()

    def _ask(
        self, thread: str, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Pending:
        number = next(self._numbers)
        try:
            self._pipes.send((thread, (number, function, arguments, keywords)))
        except OSError:
            raise Gone(f"{self} has ended\n{self.console.log()}") from None
        return Pending(self, number)

    def _answer_to(self, number: int) -> Any:
        deadline = time.monotonic() + PATIENCE
        while number not in self._answers:
            try:
                answer = self._pipes.receive(deadline)
            except (EOFError, OSError):
                raise Gone(f"{self.name} has ended\n{self.console.log()}") from None
            if answer is None:
                raise AssertionError(f"{self.name} does not answer\n{self.console.log()}")
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
            # It starts nothing before it is told to, so everything is in the job.
            self._job.add(int(self._process._handle))  # type: ignore[attr-defined, unused-ignore]
            self.parent = Actor(self, "parent", pipes, None, self._process.pid)
        except BaseException:
            self._job.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "COVERAGE_PROCESS_START" in os.environ:
            self._let_end()
        self._job.close()  # ends everybody
        self._process.wait(PATIENCE)
        for process in (*self.actors, *self.programs):
            process.release()
        for one in self.actors:
            one._pipes.close()
        self._log.close()

    def _let_end(self) -> None:
        """Has the actors end by themselves: only so they write down which lines they have run."""
        living = [one for one in self.actors if not one.ended and one._handle is not None]
        for one in living:
            one._pipes.close()
        deadline = time.monotonic() + ENDING_TAKES_AT_MOST
        while any(one.is_running() for one in living) and time.monotonic() < deadline:
            time.sleep(0.01)

    def log(self) -> str:
        """What the actors have written to stderr: nothing, or how they died."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def assert_heard(self, expected: Mapping[Actor, Sequence[int]]) -> None:
        """These have heard these events since the last look, and nobody else has heard any."""
        for one, events in expected.items():
            one.wait_until_heard(len(events))
        living = [one for one in self.actors if not one.ended]
        # Twice: a first console call makes Windows send what it has parked, and when all have
        # answered for the second time, it has been sent.
        for _ in range(2):
            for one in living:
                one.now(actor.settle)
        heard = {one: one.now(actor.take_heard) for one in living}
        assert heard == {one: list(expected.get(one, ())) for one in living}

    def assert_untouched(self) -> None:
        """Nobody has heard anything or has ended, of those who were not expected to."""
        self.assert_heard({})
        died = [p for p in (*self.actors, *self.programs) if not p.ended and not p.is_running()]
        assert not died


class _Pipes:
    """The two named pipes of an actor, on the test's side: one for requests, one for answers.

    Two, because the actor has them open as plain files, where a read would keep a write waiting.
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

    def send(self, message: Any) -> None:
        self._ends["requests"].send_bytes(pickle.dumps(message))

    def receive(self, deadline: float) -> Optional[tuple[int, bool, Any]]:
        """None if nothing has come by then."""
        for thread in self._accepting:
            thread.join(max(0.0, deadline - time.monotonic()))
        answers = self._ends.get("answers")
        if answers is None or not answers.poll(max(0.0, deadline - time.monotonic())):
            return None
        message: tuple[int, bool, Any] = pickle.loads(answers.recv_bytes())
        return message

    def close(self) -> None:
        for end in self._ends.values():
            end.close()


class _Job:
    """A job object: those in it, and those whom they start, end when it is closed."""

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
