"""What actors are told to do for test_console: bare calls of the console API, without ctrlevent."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Any, Callable

from tests.waiting import HANG_LIMIT

from . import actor

ATTACH_PARENT_PROCESS = 0xFFFF_FFFF
ENABLE_PROCESSED_INPUT, ENABLE_ECHO_INPUT = 1, 4
OUTPUT = -11  # STD_OUTPUT_HANDLE
UTF_8 = 65001

kernel32 = actor.kernel32


def last_error() -> int:
    return int(getattr(ctypes, "get_last_error")())  # noqa: B009


def generate(event: int, group: int) -> int:
    """GenerateConsoleCtrlEvent: 0, or its error."""
    return 0 if kernel32.GenerateConsoleCtrlEvent(event, group) else last_error()


def processes() -> list[int]:
    """The pids on the console; of a process without a console none."""
    pids = (ctypes.c_uint32 * 64)()
    count = kernel32.GetConsoleProcessList(pids, 64)
    return list(pids)[:count]


def attach(pid: int) -> tuple[int, list[int]]:
    """AttachConsole: 0 or its error, and the pids on the console that the process then has."""
    error = 0 if kernel32.AttachConsole(ctypes.c_uint32(pid)) else last_error()
    return error, processes()


def leave_and_attach(pid: int) -> tuple[int, list[int]]:
    kernel32.FreeConsole()
    return attach(pid)


def allocate() -> tuple[int, list[int]]:
    """AllocConsole, as `attach`."""
    error = 0 if kernel32.AllocConsole() else last_error()
    return error, processes()


def leave() -> list[int]:
    """FreeConsole twice, which succeeds; the pids on the console after that."""
    assert kernel32.FreeConsole()
    assert kernel32.FreeConsole()
    return processes()


def exit_code(pid: int) -> int:
    """Of a child of this process; waits for it."""
    return actor.exit_code_of(pid)


def resume(pid: int) -> None:
    """Lets a child go on that was started suspended."""
    process: Any = actor._children[pid]._handle  # type: ignore[attr-defined, unused-ignore]
    getattr(ctypes, "WinDLL")("ntdll").NtResumeProcess(ctypes.c_void_p(int(process)))  # noqa: B009


def start_suspended(program: str) -> int:
    suspended = 0x4
    child = subprocess.Popen(
        [program, "hear"], creationflags=suspended, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    actor._children[child.pid] = child
    return child.pid


# --- what a console shows, and is told ------------------------------------------------------------


def _console_file(name: str) -> Any:
    """A handle of CONIN$ or CONOUT$."""
    generic_read_write, share_read_write, open_existing = 0xC000_0000, 3, 3
    kernel32.CreateFileW.restype = ctypes.c_void_p
    handle = kernel32.CreateFileW(
        name, ctypes.c_uint32(generic_read_write), share_read_write, None, open_existing, 0, None
    )
    assert handle != ctypes.c_void_p(-1).value, last_error()
    return ctypes.c_void_p(handle)


def set_title(title: str) -> None:
    assert kernel32.SetConsoleTitleW(title), last_error()


def title() -> str:
    text = ctypes.create_unicode_buffer(200)
    kernel32.GetConsoleTitleW(text, 200)
    return text.value


def set_input_mode(mode: int) -> None:
    handle = _console_file("CONIN$")
    assert kernel32.SetConsoleMode(handle, mode), last_error()
    kernel32.CloseHandle(handle)


def input_mode() -> int:
    handle, mode = _console_file("CONIN$"), ctypes.c_uint32()
    assert kernel32.GetConsoleMode(handle, ctypes.byref(mode)), last_error()
    kernel32.CloseHandle(handle)
    return mode.value


def code_pages() -> tuple[int, int]:
    return kernel32.GetConsoleCP(), kernel32.GetConsoleOutputCP()


def set_output_code_page(number: int) -> None:
    assert kernel32.SetConsoleOutputCP(number), last_error()


def show(way: str, text: str) -> None:
    """Writes to the console: by WriteConsoleW, by WriteFile, or as Python's own file does."""
    handle, written = _console_file("CONOUT$"), ctypes.c_uint32()
    if way == "WriteConsoleW":
        assert kernel32.WriteConsoleW(handle, text, len(text), ctypes.byref(written), None)
        assert written.value == len(text)
    elif way == "WriteFile":
        data = text.encode("ascii")
        assert kernel32.WriteFile(handle, data, len(data), ctypes.byref(written), None)
        assert written.value == len(data)
    else:
        with open("CONOUT$", "w", encoding="utf-8") as console:
            assert console.isatty()
            console.write(text)
    kernel32.CloseHandle(handle)


def screen(rows: int) -> list[str]:
    """The first rows of what the console shows."""
    handle, count = _console_file("CONOUT$"), ctypes.c_uint32()
    shown = []
    for row in range(rows):
        text = ctypes.create_unicode_buffer(81)
        at = ctypes.c_uint32(row << 16)  # COORD: column, row
        assert kernel32.ReadConsoleOutputCharacterW(handle, text, 80, at, ctypes.byref(count))
        shown.append(text.value.rstrip())
    kernel32.CloseHandle(handle)
    return shown


def put_keys(text: str) -> None:
    """Puts keys into the console's input, as WriteConsoleInputW does."""
    from ctrlevent._win32.structures import INPUT_RECORD

    records = (INPUT_RECORD * len(text))(
        *(
            INPUT_RECORD(EventType=1, bKeyDown=1, wRepeatCount=1, UnicodeChar=ord(character))
            for character in text
        )
    )
    handle, written = _console_file("CONIN$"), ctypes.c_uint32()
    assert kernel32.WriteConsoleInputW(handle, records, len(text), ctypes.byref(written))
    kernel32.CloseHandle(handle)


def wait_for_input() -> int:
    """The answer of WaitForSingleObject for a handle of the input: 0, when there is input."""
    handle = _console_file("CONIN$")
    answer: int = kernel32.WaitForSingleObject(handle, int(HANG_LIMIT * 1000))
    kernel32.CloseHandle(handle)
    return answer


def read_line(way: str) -> str:
    handle, count = _console_file("CONIN$"), ctypes.c_uint32()
    text = ctypes.create_unicode_buffer(100)
    read: Callable[..., int] = getattr(kernel32, way)
    room = 100 if way == "ReadConsoleW" else 200
    assert read(handle, text, room, ctypes.byref(count), None), last_error()
    kernel32.CloseHandle(handle)
    if way == "ReadConsoleW":
        return text.value
    return bytes(text)[: count.value].decode("ascii")


def file_types() -> list[int]:
    """GetFileType of a new handle of the console, and of a pipe: 2 is a console, 3 a pipe."""
    import msvcrt

    ends = os.pipe()
    handle = _console_file("CONOUT$")
    pipe = ctypes.c_void_p(getattr(msvcrt, "get_osfhandle")(ends[0]))  # noqa: B009
    types = [kernel32.GetFileType(handle), kernel32.GetFileType(pipe)]
    kernel32.CloseHandle(handle)
    for end in ends:
        os.close(end)
    return types


def standard_streams_of_child(flags: int) -> str:
    """What a child without given streams finds: whether each is a console."""
    code = (
        "import sys; open(sys.argv[1], 'w').write("
        "' '.join(str(stream.isatty()) for stream in (sys.stdin, sys.stdout, sys.stderr)))"
    )
    file = f"{os.environ['TEMP']}\\streams-{os.getpid()}"
    subprocess.run([sys.executable, "-c", code, file], creationflags=flags, check=True)
    with open(file, encoding="utf-8") as answer:
        return answer.read()
