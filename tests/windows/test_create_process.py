"""create_process: CreateProcessW itself, in what `subprocess` cannot say."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Optional

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT, wait_until

from . import leaks
from .actor import kernel32
from .harness import OWN_CONSOLE, SUSPENDED, bed_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_winapi: Any = importlib.import_module("_winapi")

PYTHON = bed_program("python")
NATIVE = bed_program("native")

# Nothing that a test starts shares a console with the test session.
FLAGS = OWN_CONSOLE

# The exit codes of a native program that was sent nothing: no input, or its time is up.
ENDS = (7, 8)

SHOW = "import json, os, sys; sys.stdout.write(json.dumps({}) + '\\n')"


class Pipe:
    """A pipe whose writing end is for a child."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        msvcrt: Any = importlib.import_module("msvcrt")
        own: int = msvcrt.get_osfhandle(writing)
        process = _winapi.GetCurrentProcess()
        same_access = 2
        self.handle: int = _winapi.DuplicateHandle(process, own, process, 0, True, same_access)
        os.close(writing)

    def close_writing(self) -> None:
        if self.handle:
            _winapi.CloseHandle(self.handle)
            self.handle = 0

    def close(self) -> None:
        self.close_writing()
        os.close(self._reading)

    def read(self) -> bytes:
        """All that was written. Waits until no process has the writing end any more."""
        self.close_writing()
        found: list[bytes] = []

        def body() -> None:
            while data := os.read(self._reading, 1 << 12):
                found.append(data)
            found.append(b"")

        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        wait_until(lambda: found[-1:] == [b""], "the end of a pipe")
        thread.join()
        return b"".join(found)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def wait(created: Any) -> int:
    assert _winapi.WaitForSingleObject(created.process_handle, int(HANG_LIMIT * 1000)) == 0
    return int(_winapi.GetExitCodeProcess(created.process_handle))


def is_running(created: Any) -> bool:
    return bool(_winapi.WaitForSingleObject(created.process_handle, 0) != 0)


def shown(pipe: Pipe, what: str, *arguments: str, **options: Any) -> Any:
    """What a Python in the child makes of an expression."""
    command = [PYTHON, "-S", "-c", SHOW.replace("{}", f"({what})"), *arguments]
    streams = (0, pipe.handle, 0)
    with ctrlevent.create_process(
        command, creationflags=FLAGS, standard_handles=streams, **options
    ) as child:
        output = pipe.read()
        assert wait(child) == 0
    return json.loads(output)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["plain"],
        ["with spaces", "a\ttab"],
        [""],
        ['"', '""', 'say "hello"', "a'b"],
        ["\\", "\\\\", "C:\\folder\\", "C:\\a folder\\"],
        ['\\"', 'a\\\\"b', '\\\\"'],
        ["ünïcödé", "日本語", "\N{GRINNING FACE}"],
        ["%PATH%", "^", "&", "|", "<", ">", "*"],
    ],
)
def test_arguments_arrive_as_they_are(pipe: Pipe, arguments: list[str]) -> None:
    assert shown(pipe, "sys.argv[1:]", *arguments) == arguments


def test_a_command_line_is_taken_as_it_is(pipe: Pipe) -> None:
    command = f'"{PYTHON}" -S -c "{SHOW.replace("{}", "sys.argv[1:]")}" one  "two three"'
    streams = (0, pipe.handle, 0)
    with ctrlevent.create_process(command, creationflags=FLAGS, standard_handles=streams) as child:
        assert json.loads(pipe.read()) == ["one", "two three"]
        assert wait(child) == 0


def test_the_program_may_be_another_than_the_first_argument(pipe: Pipe) -> None:
    streams = (0, pipe.handle, 0)
    command = ["something", "-S", "-c", SHOW.replace("{}", "sys.orig_argv[0]")]
    if sys.version_info < (3, 10):
        command[-1] = SHOW.replace("{}", "'something'")
    with ctrlevent.create_process(
        command, executable=PYTHON, creationflags=FLAGS, standard_handles=streams
    ) as child:
        assert json.loads(pipe.read()) == "something"
        assert wait(child) == 0


def test_cwd(pipe: Pipe, tmp_path: Path) -> None:
    folder = tmp_path / "söme folder"
    folder.mkdir()
    assert os.path.samefile(shown(pipe, "os.getcwd()", cwd=folder), folder)


@pytest.mark.parametrize(
    "arguments",
    [
        {"args": "a\0b"},
        {"args": ["program", "a\0b"]},
        {"args": "a", "executable": "a\0b"},
        {"args": "a", "cwd": "a\0b"},
        {"args": "a", "env": {"NAME": "a\0b"}},
    ],
    ids=["line", "argument", "executable", "cwd", "env"],
)
def test_a_nul_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"NUL|not a variable"):
        ctrlevent.create_process(**arguments)


# --- the environment ------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def test_the_environment_is_the_one_given(pipe: Pipe) -> None:
    env = environment(CTRLEVENT_ONE="1", CTRLEVENT_UNICODE="ünï 日本 \N{GRINNING FACE}")
    env.pop("CTRLEVENT_BED", None)
    names = "[os.environ.get(n) for n in ('CTRLEVENT_ONE', 'CTRLEVENT_UNICODE', 'CTRLEVENT_BED')]"
    values = shown(pipe, names, env=env)
    assert values == ["1", "ünï 日本 \N{GRINNING FACE}", None]


def test_without_one_it_is_the_callers(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTRLEVENT_CALLERS", "yes")
    assert shown(pipe, "os.environ.get('CTRLEVENT_CALLERS')") == "yes"


def test_an_empty_value_and_a_value_with_an_equals_sign(pipe: Pipe) -> None:
    env = environment(CTRLEVENT_EQUALS="a=b=c")
    assert shown(pipe, "os.environ.get('CTRLEVENT_EQUALS')", env=env) == "a=b=c"


def test_a_name_may_begin_with_an_equals_sign(pipe: Pipe) -> None:
    """As in the variables in which cmd.exe keeps the folders of the drives."""
    env = {**environment(), "=X:": "X:\\folder"}
    read = "__import__('ctypes').windll.kernel32.GetEnvironmentVariableW('=X:', None, 0)"
    assert shown(pipe, read, env=env) == len("X:\\folder") + 1


@pytest.mark.bitness
def test_an_empty_environment(pipe: Pipe) -> None:
    streams = (0, pipe.handle, 0)
    with ctrlevent.create_process(
        [NATIVE, "default", "1"], env={}, creationflags=FLAGS, standard_handles=streams
    ) as child:
        assert pipe.read() == f"ready {child.pid}\n".encode()
        assert wait(child) in ENDS


@pytest.mark.parametrize("env", [{"": "x"}, {"A=B": "x"}, {"A\0B": "x"}, {"=C:=": "x"}], ids=repr)
def test_names_that_no_variable_can_have(env: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match="not a variable"):
        ctrlevent.create_process([NATIVE], env=env)


# --- what is inherited ----------------------------------------------------------------------------


@pytest.mark.bitness
def test_only_listed_handles_are_inherited() -> None:
    """A pipe ends when no process has its writing end: neither the test, nor the child."""
    listed, other = Pipe(), Pipe()
    with ctrlevent.create_process(
        [NATIVE, "default"],
        creationflags=FLAGS | SUSPENDED,
        handle_list=[listed.handle],
    ) as child:
        assert other.read() == b""
        assert is_running(child)
        listed.close_writing()
        # While the child has it, the pipe is not at its end: nothing to read, but no end either.
        assert _winapi.PeekNamedPipe(listed_handle(listed), 0)[1] == 0
        kernel32.TerminateProcess(ctypes.c_void_p(child.process_handle), 5)
        assert wait(child) == 5
    assert listed.read() == b""
    listed.close()
    other.close()


def listed_handle(pipe: Pipe) -> int:
    msvcrt: Any = importlib.import_module("msvcrt")
    handle: int = msvcrt.get_osfhandle(pipe._reading)
    return handle


@pytest.mark.bitness
@pytest.mark.parametrize("streams", [None, (0, 0, 0)])
def test_without_a_list_nothing_is_inherited(
    pipe: Pipe, streams: Optional[tuple[int, int, int]]
) -> None:
    with ctrlevent.create_process(
        [NATIVE, "default"], creationflags=FLAGS | SUSPENDED, standard_handles=streams
    ) as child:
        assert pipe.read() == b""
        assert is_running(child)
        kernel32.TerminateProcess(ctypes.c_void_p(child.process_handle), 5)


def test_a_handle_that_is_not_inheritable_is_refused(pipe: Pipe) -> None:
    with pytest.raises(ValueError, match="not inheritable"):
        ctrlevent.create_process([NATIVE], handle_list=[listed_handle(pipe)])


# --- the rest of STARTUPINFOEX --------------------------------------------------------------------


@pytest.mark.bitness
def test_it_is_in_its_jobs_before_it_runs() -> None:
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    job = kernel32.CreateJobObjectW(None, None)
    try:
        with ctrlevent.create_process(
            [NATIVE, "default"], creationflags=FLAGS | SUSPENDED, job_list=[job]
        ) as child:
            kernel32.TerminateJobObject(ctypes.c_void_p(job), 9)
            assert wait(child) == 9
    finally:
        kernel32.CloseHandle(ctypes.c_void_p(job))


@pytest.mark.bitness
def test_show_window(pipe: Pipe) -> None:
    """As the child finds it in its own STARTUPINFO."""
    hidden, use_show_window, handles = 0, 1, 0x100
    read = (
        "(lambda c, i: (c.windll.kernel32.GetStartupInfoW(i),"
        " [int.from_bytes(i.raw[o:o + 4], 'little') for o in ((60, 64) if len(i) > 90 else"
        " (44, 48))])[1])(__import__('ctypes'),"
        " __import__('ctypes').create_string_buffer(104 if sys.maxsize > 2**32 else 68))"
    )
    flags, show = shown(pipe, read, show_window=hidden)
    assert flags & (use_show_window | handles) == use_show_window | handles
    assert show & 0xFFFF == hidden


# --- its beginning and its end --------------------------------------------------------------------


@pytest.mark.bitness
def test_suspended_until_it_is_resumed(pipe: Pipe) -> None:
    streams = (0, pipe.handle, 0)
    with ctrlevent.create_process(
        [NATIVE, "default", "1"], creationflags=FLAGS | SUSPENDED, standard_handles=streams
    ) as child:
        with subprocess.Popen(
            [NATIVE, "default", "0"],
            creationflags=FLAGS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as later:
            assert later.wait(HANG_LIMIT) == 8  # its time is up
        assert is_running(child)
        child.resume()
        assert pipe.read() == f"ready {child.pid}\n".encode()
        assert wait(child) in ENDS


@pytest.mark.bitness
def test_its_ids_are_those_of_the_process() -> None:
    with ctrlevent.create_process([NATIVE, "default"], creationflags=FLAGS | SUSPENDED) as child:
        assert kernel32.GetProcessId(ctypes.c_void_p(child.process_handle)) == child.pid
        assert kernel32.GetThreadId(ctypes.c_void_p(child.thread_handle)) == child.tid
        kernel32.TerminateProcess(ctypes.c_void_p(child.process_handle), 5)


def test_closing_twice_closes_once() -> None:
    child = ctrlevent.create_process([NATIVE, "default"], creationflags=FLAGS | SUSPENDED)
    kernel32.TerminateProcess(ctypes.c_void_p(child.process_handle), 5)
    child.close()
    assert (child.process_handle, child.thread_handle) == (0, 0)
    child.close()


@pytest.mark.parametrize(
    ("arguments", "kind", "winerror"),
    [
        ({"args": ["no such program"]}, FileNotFoundError, 2),
        ({"args": [NATIVE, "default"], "cwd": "Z:\\no such folder"}, OSError, 267),
        ({"args": [__file__]}, OSError, 193),
    ],
    ids=["program", "folder", "no program"],
)
def test_a_refusal_of_windows_is_an_oserror(
    arguments: dict[str, Any], kind: type[OSError], winerror: int
) -> None:
    with pytest.raises(kind) as error:
        ctrlevent.create_process(**arguments)
    assert getattr(error.value, "winerror", None) == winerror


@pytest.mark.limits
@pytest.mark.parametrize("fails", [False, True])
def test_no_handle_is_left(fails: bool) -> None:
    def one() -> None:
        pipe = Pipe()
        try:
            with ctrlevent.create_process(
                ["no such program"] if fails else [NATIVE, "default"],
                creationflags=FLAGS | SUSPENDED,
                standard_handles=(0, pipe.handle, pipe.handle),
            ) as child:
                kernel32.TerminateProcess(ctypes.c_void_p(child.process_handle), 5)
                wait(child)
        except FileNotFoundError:
            assert fails
        finally:
            pipe.close()

    assert leaks.left(one, 5) == ""
