"""A process that the tests drive: what runs inside of it.

The test runs functions in it (`harness.Python.call`), and it writes down every event that reaches
it. The test makes two named pipes, for requests and for answers, so it drives any descendant
itself, whichever process has started that. A request names a thread:

- "main": the main thread, one request after the other. It does what a test is about.
- "now": the thread that reads the requests. It answers while the main thread is busy.

This process exits when the test closes the pipes.

Started as `python -c "from tests.windows import actor; actor.main()" ADDRESS [hears]`.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from typing import Any, Callable, Optional

from tests.waiting import HANG_LIMIT

# (number, function, arguments, keyword arguments)
Request = tuple[int, Callable[..., Any], tuple[Any, ...], dict[str, Any]]

# Private: all code in a process shares ctypes.windll, and the argument types set on it.
kernel32: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009
HANDLER_ROUTINE: Any = getattr(ctypes, "WINFUNCTYPE")(ctypes.c_int32, ctypes.c_uint32)  # noqa: B009

MAIN_THREAD_ENDED = 98

#: The events that have reached this process, oldest first.
heard: list[int] = []

#: While set, events go on to Python's own handler, and so to `signal`.
passing_on = threading.Event()

_children: dict[int, subprocess.Popen[bytes]] = {}
_said: dict[int, list[str]] = {}
_listening: dict[int, threading.Thread] = {}
_inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()
_answering = threading.Lock()
_answers: Any = None


@HANDLER_ROUTINE  # type: ignore[untyped-decorator, unused-ignore]
def _write_down(event: int) -> int:
    heard.append(event)
    return 0 if passing_on.is_set() else 1


def main() -> None:
    global _answers  # noqa: PLW0603
    address, *options = sys.argv[1:]
    kernel32.SetConsoleCtrlHandler(_write_down, True)
    if "hears" in options:
        kernel32.SetConsoleCtrlHandler(None, False)
    requests = open(f"{address}-requests", "rb")  # noqa: SIM115
    _answers = open(f"{address}-answers", "wb", buffering=0)  # noqa: SIM115
    _answer((0, True, os.getpid()))
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    threading.Thread(target=_end_with, args=(threading.get_ident(),), daemon=True).start()
    while True:
        _serve(_inbox.get())


def _end_with(thread_id: int) -> None:
    """Exits the process when its main thread has ended.

    Wine 10 makes a SIGQUIT of a Ctrl+Break to a group, which ends the main thread alone: a process
    with one thread exits, a process with more threads runs on. This process exits all the same.
    """
    synchronize, infinite = 0x0010_0000, 0xFFFF_FFFF
    kernel32.OpenThread.restype = ctypes.c_void_p
    thread = kernel32.OpenThread(synchronize, False, thread_id)
    kernel32.WaitForSingleObject(ctypes.c_void_p(thread), infinite)
    os._exit(MAIN_THREAD_ENDED)


def _read(requests: Any) -> None:
    try:
        while True:
            thread, request = pickle.load(requests)
            if thread == "main":
                _inbox.put(request)
            else:
                _serve(request)
    except EOFError:
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(99)


def _serve(request: Request) -> None:
    number, function, arguments, keywords = request
    try:
        answer = (number, True, function(*arguments, **keywords))
    except BaseException as error:
        attributes = dict(vars(error))
        if isinstance(error, OSError):  # not in vars(), and not in what pickle would keep
            attributes["winerror"] = getattr(error, "winerror", None)
        answer = (number, False, (type(error), error.args, attributes, traceback.format_exc()))
    _answer(answer)


def _answer(answer: tuple[int, bool, Any]) -> None:
    message = pickle.dumps(answer)
    with _answering:
        _answers.write(message)


# --- what the harness has done in it --------------------------------------------------------------


def take_heard() -> list[int]:
    """The events since the last time."""
    taken = heard[:]
    del heard[: len(taken)]
    return taken


def count_heard() -> int:
    return len(heard)


def settle() -> None:
    """Makes a console call, at which the console sends an event that it has parked."""
    kernel32.GetConsoleProcessList((ctypes.c_uint32 * 64)(), 64)


def ignore_ctrl_c(ignore: bool) -> None:
    if not kernel32.SetConsoleCtrlHandler(None, ignore):
        raise OSError("SetConsoleCtrlHandler failed")


def leave(exit_code: int) -> None:
    os._exit(exit_code)


def start(command: list[str], flags: int, environment: dict[str, str]) -> int:
    """Starts an actor; returns the pid of the program that was started."""
    child = subprocess.Popen(
        command,
        creationflags=flags,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    _children[child.pid] = child
    return child.pid


def exit_code_of(pid: int) -> int:
    """Waits for the exit of a child."""
    return _children[pid].wait(HANG_LIMIT)


def start_program(command: list[str], flags: int) -> int:
    """Starts a program that talks through pipes, and keeps what it says."""
    child = subprocess.Popen(
        command, creationflags=flags, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    _children[child.pid] = child
    _said[child.pid] = []
    _listening[child.pid] = threading.Thread(target=_listen, args=(child,), daemon=True)
    _listening[child.pid].start()
    return child.pid


def _listen(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout
    for line in child.stdout:
        _said[child.pid].append(line.decode().strip())


def said(pid: int) -> list[str]:
    """What a program has said so far; all of it, if the program has exited."""
    if _children[pid].poll() is not None:
        _listening[pid].join(HANG_LIMIT)
    return _said[pid][:]


def close_input(pid: int) -> None:
    """Asks a program to exit by itself."""
    stdin = _children[pid].stdin
    assert stdin
    stdin.close()


def forget(pid: int) -> None:
    """Closes this process's handles of a child, so that its pid is no longer held."""
    child = _children.pop(pid)
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
    child.wait()
    child._handle.Close()  # type: ignore[attr-defined, unused-ignore]


# --- what scenarios are made of -------------------------------------------------------------------


class interruptible:  # noqa: N801
    """In this block, in the main thread, Ctrl+C is KeyboardInterrupt as in any Python program."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, signal.default_int_handler)
        passing_on.set()

    def __exit__(self, *_: object) -> None:
        passing_on.clear()
        signal.signal(signal.SIGINT, self._before)


def handle_count() -> int:
    """How many handles this process has open.

    Not GetProcessHandleCount, which Wine 10 always answers with 0.
    """
    query: Any = getattr(ctypes, "WinDLL")("ntdll").NtQuerySystemInformation  # noqa: B009
    extended_handle_information, too_small = 64, 0xC000_0004
    pointer = ctypes.sizeof(ctypes.c_void_p)
    room = 1 << 20
    while True:
        buffer = ctypes.create_string_buffer(room)
        status = query(extended_handle_information, buffer, room, None) & 0xFFFF_FFFF
        if status != too_small:
            break
        room *= 2
    if status:
        raise OSError(f"NtQuerySystemInformation: {status:#x}")

    # SYSTEM_HANDLE_INFORMATION_EX: count, reserved, and entries of three pointers and four
    # numbers of 16 bytes together; the owner's pid is the second of the pointers.
    def number(offset: int) -> int:
        return int.from_bytes(buffer.raw[offset : offset + pointer], "little")

    data = buffer.raw
    entry = 3 * pointer + 16
    own = os.getpid().to_bytes(pointer, "little")
    first = 2 * pointer + pointer
    return sum(
        data[at : at + pointer] == own for at in range(first, first + number(0) * entry, entry)
    )


def thread_result(
    function: Callable[[], Any], timeout: float = HANG_LIMIT
) -> Optional[BaseException]:
    """Runs a function in a thread of its own and waits for its end; returns what it raised."""
    outcome: list[Optional[BaseException]] = []

    def body() -> None:
        try:
            function()
        except BaseException as error:
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise AssertionError(f"{function} has not ended within {timeout:g} seconds")
    return outcome[0]
