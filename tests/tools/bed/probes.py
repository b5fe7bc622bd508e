"""Questions about the Windows that runs this, answered by trying.

Tests ask these instead of the name of the system, so a Wine that has learned
something is simply found to know it.  Events go astray in most experiments;
each therefore runs in a process and on a console of its own, and the answer
is remembered.  Nothing here uses the package that is being tested.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import subprocess
import sys
import sysconfig
import threading
from typing import Any, Callable

CTRL_C, CTRL_BREAK = 0, 1
_NEW_GROUP, _NO_WINDOW = 0x00000200, 0x08000000
_STDIN_ENDED = 7  # native.exe's exit status when it was left alone
# Seconds in which an event arrives, if it arrives at all, on a machine that has other work to do.
# Only the answer "no" takes as long.
_PATIENCE = 10.0
_LIMIT = 180  # seconds that only stop a hang

# This module is imported everywhere, though it answers on Windows only.
_WinDLL: Any = getattr(ctypes, "WinDLL", None)
_WINFUNCTYPE: Any = getattr(ctypes, "WINFUNCTYPE", None)


def architecture() -> str:
    """The architecture of the running Python, which may be emulated: x64, x86 or arm64."""
    names = {"win-amd64": "x64", "win32": "x86", "win-arm64": "arm64"}
    return names[sysconfig.get_platform()]


def handlers_run_on_group_break() -> bool:
    """Whether Ctrl+Break sent to a group runs its members' handlers."""
    return bool(_answer("handlers_run_on_group_break"))


def group_zero_reaches_all() -> bool:
    """Whether an event to group 0 reaches other groups on the console too."""
    return bool(_answer("group_zero_reaches_all"))


def parks_events_for_non_leader() -> bool:
    """Whether an event to a pid that leads no group later reaches the whole console."""
    return bool(_answer("parks_events_for_non_leader"))


def keeps_phantoms() -> bool:
    """Whether an event to a child without a console puts it on the console's list."""
    return bool(_answer("keeps_phantoms"))


def reports_missing_pid() -> bool:
    """Whether an event to a pid that does not exist is an error."""
    return bool(_answer("reports_missing_pid"))


def default_handler_exit_code(event: int = CTRL_C) -> int:
    """The exit status of a program that does nothing about the event."""
    return int(_answer("break_exit_code" if event == CTRL_BREAK else "ctrl_c_exit_code"))


def ctrl_routine_exit_code() -> int:
    """The exit code of a thread at CtrlRoutine if a handler took the event."""
    return int(_answer("ctrl_routine_exit_code"))


def has_process_console_host() -> bool:
    """Whether a process can be asked which console host it is attached to."""
    return bool(_answer("has_process_console_host"))


def system_is_wines() -> bool:
    """Whether processes and threads are Wine's, whatever console there is.

    By an export of its ntdll. (On the bed's copy with Microsoft's console there is no
    wine_get_version, which programs take for a sign of Wine's own console.)
    """
    return sys.platform == "win32" and hasattr(_WinDLL("ntdll"), "wine_nt_to_unix_file_name")


def counts_handles() -> bool:
    """Whether GetProcessHandleCount tells anything."""
    return bool(_answer("counts_handles"))


def pseudo_console_ctrl_c() -> bool:
    """Whether \\x03 written to a pseudo console is Ctrl+C to the program in it."""
    return bool(_answer("pseudo_console_ctrl_c"))


def everything() -> dict[str, Any]:
    return {name: _answer(name) for name in EXPERIMENTS}


@functools.cache
def _answer(name: str) -> Any:
    result = subprocess.run(
        [sys.executable, os.path.abspath(__file__), name],
        creationflags=_NO_WINDOW,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_LIMIT,
    )
    if result.returncode != 0:
        raise RuntimeError(
            f"probe {name} failed ({result.returncode}): {result.stderr.decode(errors='replace')}"
        )
    return json.loads(result.stdout)


# From here on: in the process that does the experiment.


def _program(name: str) -> str:
    with open(os.environ["CTRLEVENT_BED"], encoding="utf-8") as file:
        return str(json.load(file)[name][architecture()])


class _Program:
    """A native.exe, and what it has said."""

    def __init__(self, mode: str, flags: int = 0, name: str = "native") -> None:
        self.process = subprocess.Popen(
            [_program(name), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=flags,
        )
        assert self.process.stdout
        self.process.stdout.readline()
        self.pid = self.process.pid
        self._said: list[bytes] = []
        self._spoke = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._said.append(line)
            self._spoke.set()
        self._spoke.set()

    def heard(self) -> bool:
        """Whether its handler has run; waits for that."""
        self._spoke.wait(_PATIENCE)
        return bool(self._said)

    def exit_code(self) -> int:
        """Its exit code after an event; if no event ends it, after we close its input."""
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            assert self.process.stdin
            self.process.stdin.close()
        return self.process.wait(_LIMIT)


class _Laboratory:
    """Our own console: hears Ctrl+C, counts what arrives, and survives it."""

    def __init__(self) -> None:
        self.kernel32: Any = _WinDLL("kernel32", use_last_error=True)
        self._arrived = threading.Semaphore(0)
        self._handler = _WINFUNCTYPE(ctypes.c_int, ctypes.c_uint32)(self._on_event)
        self.kernel32.SetConsoleCtrlHandler(None, 0)
        self.kernel32.SetConsoleCtrlHandler(self._handler, 1)

    def _on_event(self, _event: int) -> int:
        self._arrived.release()
        return 1

    def arrives(self) -> bool:
        """Whether one more event arrives here; waits for it."""
        return self._arrived.acquire(timeout=_PATIENCE)

    def send(self, event: int, group: int) -> bool:
        return bool(self.kernel32.GenerateConsoleCtrlEvent(event, group))

    def attached(self) -> list[int]:
        pids = (ctypes.c_uint32 * 64)()
        count = self.kernel32.GetConsoleProcessList(pids, 64)  # fills them
        return list(pids)[:count]


def _handlers_run_on_group_break(lab: _Laboratory) -> bool:
    leader = _Program("trap", _NEW_GROUP)
    lab.send(CTRL_BREAK, leader.pid)
    return leader.heard()


def _group_zero_reaches_all(lab: _Laboratory) -> bool:
    other = _Program("hear", _NEW_GROUP)
    lab.send(CTRL_C, 0)
    return other.heard()


def _parks_events_for_non_leader(lab: _Laboratory) -> bool:
    member = _Program("hear")
    lab.send(CTRL_C, member.pid)
    # Any message to the console lets a parked event go.
    lab.attached()
    return lab.arrives()


def _keeps_phantoms(lab: _Laboratory) -> bool:
    window = _Program("default", name="native_gui")
    lab.send(CTRL_C, window.pid)
    return window.pid in lab.attached()


def _reports_missing_pid(lab: _Laboratory) -> bool:
    # Pids are multiples of four, and far smaller.
    return not lab.send(CTRL_C, 0x7FFFFFF0)


def _break_exit_code(lab: _Laboratory) -> int:
    leader = _Program("default", _NEW_GROUP)
    lab.send(CTRL_BREAK, leader.pid)
    return leader.exit_code()


def _ctrl_c_exit_code(lab: _Laboratory) -> int:
    member = _Program("default")
    lab.send(CTRL_C, 0)
    return member.exit_code()


def _ctrl_routine_exit_code(lab: _Laboratory) -> int:
    kernel32 = lab.kernel32
    for function in (kernel32.GetModuleHandleW, kernel32.GetProcAddress, kernel32.CreateThread):
        function.restype = ctypes.c_void_p
    kernel32.GetProcAddress.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    kernel32.CreateThread.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_void_p] * 4]
    kernel32.WaitForSingleObject.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    kernel32.GetExitCodeThread.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    # Looked up in kernelbase first: kernel32 may only forward to it.
    routine = kernel32.GetProcAddress(kernel32.GetModuleHandleW("kernelbase.dll"), b"CtrlRoutine")
    routine = routine or kernel32.GetProcAddress(
        kernel32.GetModuleHandleW("kernel32.dll"), b"CtrlRoutine"
    )
    thread = kernel32.CreateThread(None, 0, routine, CTRL_C, 0, None)
    kernel32.WaitForSingleObject(thread, _LIMIT * 1000)
    code = ctypes.c_uint32()
    kernel32.GetExitCodeThread(thread, ctypes.byref(code))
    assert lab.arrives(), "CtrlRoutine did not run the handler"
    return code.value


def _has_process_console_host(_lab: _Laboratory) -> bool:
    query = _WinDLL("ntdll").NtQueryInformationProcess
    query.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
    ]
    current_process, process_console_host_process = -1, 49
    host = ctypes.c_size_t()
    status = query(
        current_process, process_console_host_process, ctypes.byref(host), ctypes.sizeof(host), None
    )
    return bool(status == 0 and host.value)


def _counts_handles(lab: _Laboratory) -> bool:
    count = ctypes.c_uint32()
    lab.kernel32.GetProcessHandleCount.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return bool(lab.kernel32.GetProcessHandleCount(-1, ctypes.byref(count)) and count.value)


class _StartupInfo(ctypes.Structure):
    """STARTUPINFOEXW, with what lies between its first and last fields left at 0."""

    _fields_ = [
        ("cb", ctypes.c_uint32),
        ("strings", ctypes.c_void_p * 3),
        ("numbers", ctypes.c_uint32 * 7),
        ("dwFlags", ctypes.c_uint32),
        ("show", ctypes.c_uint16 * 2),
        ("reserved", ctypes.c_void_p),
        ("handles", ctypes.c_void_p * 3),
        ("attributes", ctypes.c_void_p),
    ]


class _ProcessInfo(ctypes.Structure):
    _fields_ = [
        ("process", ctypes.c_void_p),
        ("thread", ctypes.c_void_p),
        ("ids", ctypes.c_uint32 * 2),
    ]


def _pseudo_console_ctrl_c(lab: _Laboratory) -> bool:
    kernel32 = lab.kernel32
    if not hasattr(kernel32, "CreatePseudoConsole"):
        return False
    import msvcrt

    handle_of: Any = getattr(msvcrt, "get_osfhandle", None)
    key_in, keys = os.pipe()
    screen, screen_out = os.pipe()
    # The screen must be read, or the console stops.
    threading.Thread(target=_read_all, args=(screen,), daemon=True).start()
    create = kernel32.CreatePseudoConsole
    create.argtypes = [
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
    ]
    console = ctypes.c_void_p()
    if (
        create(80 | 25 << 16, handle_of(key_in), handle_of(screen_out), 0, ctypes.byref(console))
        != 0
    ):
        return False
    # The program talks through pipes: what reaches the screen comes as drawing.
    its_input, _ = os.pipe()
    output, its_output = os.pipe()
    os.set_inheritable(its_input, True)
    os.set_inheritable(its_output, True)
    process = _start_in_console(kernel32, console, handle_of(its_input), handle_of(its_output))
    os.close(its_output)
    with os.fdopen(output, "rb") as said:
        said.readline()
        # The program reports the event, or the timer ends it.
        ending = threading.Timer(_PATIENCE, kernel32.TerminateProcess, (process, 0))
        ending.start()
        os.write(keys, b"\x03")
        heard = bool(said.readline())
        kernel32.TerminateProcess(process, 0)
        return heard


def _start_in_console(
    kernel32: Any, console: ctypes.c_void_p, its_input: int, its_output: int
) -> ctypes.c_void_p:
    pseudo_console, extended, use_std_handles = 0x00020016, 0x00080000, 0x00000100
    kernel32.UpdateProcThreadAttribute.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ] + [ctypes.c_void_p] * 2
    size = ctypes.c_size_t()
    kernel32.InitializeProcThreadAttributeList(None, 1, 0, ctypes.byref(size))
    attributes = ctypes.create_string_buffer(size.value)
    kernel32.InitializeProcThreadAttributeList(attributes, 1, 0, ctypes.byref(size))
    kernel32.UpdateProcThreadAttribute(
        attributes, 0, pseudo_console, console, ctypes.sizeof(console), None, None
    )
    start = _StartupInfo(cb=ctypes.sizeof(_StartupInfo), dwFlags=use_std_handles)
    start.handles[:] = [its_input, its_output, its_output]
    start.attributes = ctypes.addressof(attributes)
    line = ctypes.create_unicode_buffer(f'"{_program("native")}" hear')
    started = _ProcessInfo()
    created = kernel32.CreateProcessW(
        None, line, None, None, 1, extended, None, None, ctypes.byref(start), ctypes.byref(started)
    )
    assert created, "CreateProcessW failed"
    return ctypes.c_void_p(started.process)


def _read_all(fd: int) -> None:
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        pass


EXPERIMENTS: dict[str, Callable[[_Laboratory], Any]] = {
    experiment.__name__[1:]: experiment
    for experiment in (
        _handlers_run_on_group_break,
        _group_zero_reaches_all,
        _parks_events_for_non_leader,
        _keeps_phantoms,
        _reports_missing_pid,
        _ctrl_c_exit_code,
        _break_exit_code,
        _ctrl_routine_exit_code,
        _has_process_console_host,
        _counts_handles,
        _pseudo_console_ctrl_c,
    )
}


def main(name: str | None) -> None:
    answer = everything() if name is None else EXPERIMENTS[name](_Laboratory())
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # A pseudo console may wait for its reader at the exit: skip all clean-up.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
