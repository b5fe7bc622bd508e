"""What `Native` makes of answers that a real Windows rarely gives, with functions that stand for
those of its DLLs. tests/windows shows what it makes of the usual answers.
"""

from __future__ import annotations

import ctypes
import errno
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ctrlevent._errors import winerror_of
from ctrlevent._win32 import constants as c
from ctrlevent._win32 import declarations, foreign
from ctrlevent._win32.native import Native
from ctrlevent._win32.structures import LAYOUT64

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def dll(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`dll(NAME=function, ...)`: these are called in the place of what DLLs export."""

    def dll(**functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            monkeypatch.setattr(getattr(declarations, name), "_bound", function)

    return dll


@pytest.fixture
def last_error(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    """Sets the last error, and returns what a failed function returns."""

    def fail(winerror: int) -> int:
        monkeypatch.setattr(foreign, "last_error", lambda: winerror)
        return 0

    return fail


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 5000])
def test_console_of_any_number_of_processes(dll: Callable[..., None], count: int) -> None:
    def get_list(pids: Any, room: int) -> int:
        if count <= room:
            pids[:count] = range(4, 4 + count)
        return count  # docs: as many as are needed, and nothing is stored if there is less room

    dll(GetConsoleProcessList=get_list)
    assert Native().GetConsoleProcessList() == tuple(range(4, 4 + count))


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 5000])
def test_system_of_any_number_of_processes(dll: Callable[..., None], count: int) -> None:
    def enumerate_processes(pids: Any, size: int, used: Any) -> int:
        stored = min(count, size // 4)
        pids[:stored] = range(4, 4 + stored)
        used._obj.value = stored * 4  # docs: a buffer that was too small is no error
        return 1

    dll(K32EnumProcesses=enumerate_processes)
    assert Native().EnumProcesses() == tuple(range(4, 4 + count))


@pytest.mark.parametrize("length", [1, 259, 260, 5000, 32_000])
def test_image_name_of_any_length(
    dll: Callable[..., None], last_error: Callable[[int], int], length: int
) -> None:
    def query(_process: int, _flags: int, name: Any, size: Any) -> int:
        if length + 1 > size._obj.value:
            return last_error(c.ERROR_INSUFFICIENT_BUFFER)
        name.value = "x" * length
        return 1

    dll(QueryFullProcessImageNameW=query)
    assert Native().QueryFullProcessImageName(8) == "x" * length


@pytest.mark.parametrize(
    ("winerror", "calls_at_most"), [(c.ERROR_INSUFFICIENT_BUFFER, 8), (c.ERROR_ACCESS_DENIED, 1)]
)
def test_image_name_that_is_not_to_be_had(
    dll: Callable[..., None],
    last_error: Callable[[int], int],
    winerror: int,
    calls_at_most: int,
) -> None:
    calls: list[object] = []

    def query(*arguments: object) -> int:
        calls.append(arguments)
        return last_error(winerror)

    dll(QueryFullProcessImageNameW=query)
    with pytest.raises(OSError, match="QueryFullProcessImageNameW") as error:
        Native().QueryFullProcessImageName(8)
    assert winerror_of(error.value) == winerror
    assert len(calls) <= calls_at_most


def test_job_that_cannot_be_limited_is_closed(
    dll: Callable[..., None], last_error: Callable[[int], int]
) -> None:
    closed: list[int] = []

    def close(handle: int) -> int:
        closed.append(handle)
        return 1

    dll(
        CreateJobObjectW=lambda *_: 8,
        SetInformationJobObject=lambda *_: last_error(c.ERROR_ACCESS_DENIED),
        CloseHandle=close,
    )
    with pytest.raises(PermissionError):
        Native().CreateJobObject()
    assert closed == [8]


@pytest.mark.skipif(sys.platform == "win32", reason="there are those DLLs")
def test_elsewhere_a_call_is_a_clear_error() -> None:
    with pytest.raises(OSError, match=r"kernel32\.dll exists on Windows only") as error:
        Native().GetConsoleProcessList()
    assert error.value.errno == errno.ENOSYS
    with pytest.raises(OSError, match="no handle 8 can be waited for") as error:
        Native().WaitForSingleObject(8, 0)
    assert error.value.errno == errno.ENOSYS
    assert Native().version < c.WINDOWS_8  # so that nothing is read of a process
    assert foreign.null(0) == 0  # there is no last error


# --- what stays the same as long as the calling process lives -------------------------------------


@pytest.mark.parametrize(("process", "times"), [(c.CURRENT_PROCESS, 1), (0x44, 2)])
@pytest.mark.parametrize("is_wow64", [True, False])
def test_of_which_bitness_the_own_process_is_is_asked_once(
    dll: Callable[..., None], process: int, times: int, is_wow64: bool
) -> None:
    asked: list[int] = []

    def ask(process: int, answer: Any) -> int:
        asked.append(process)
        answer._obj.value = int(is_wow64)
        return 1

    dll(IsWow64Process=ask)
    windows = Native()
    assert [windows.IsWow64Process(process) for _ in range(2)] == [is_wow64] * 2
    assert asked == [process] * times


def test_structure_in_the_own_memory_shows_what_is_there_now() -> None:
    memory = LAYOUT64.peb(ImageSubsystem=2)
    shown = Native().own_structure(LAYOUT64.peb, ctypes.addressof(memory))
    assert shown.ImageSubsystem == 2
    memory.ImageSubsystem = 3
    assert shown.ImageSubsystem == 3


def test_address_of_an_export_is_looked_up_once(
    dll: Callable[..., None], last_error: Callable[[int], int]
) -> None:
    asked: list[bytes] = []

    def look_up(_module: int, name: bytes) -> int:
        asked.append(name)
        return 0x7000 if name == b"CtrlRoutine" else last_error(c.ERROR_PROC_NOT_FOUND)

    dll(GetModuleHandleW=lambda _name: 0x1000, GetProcAddress=look_up)
    windows = Native()
    assert [windows.GetProcAddress("kernel32", "CtrlRoutine") for _ in range(2)] == [0x7000] * 2
    assert asked == [b"CtrlRoutine"]
    for _ in range(2):  # and what is not there is not there, each time
        with pytest.raises(OSError, match="GetProcAddress"):
            windows.GetProcAddress("kernel32", "CtrlRoutines")


# --- the Python that runs as the helper process ---------------------------------------------------


@pytest.mark.parametrize(
    ("executable", "frozen", "found"),
    [
        ("/x/python3.11", False, True),
        ("/x/PYTHON.EXE", False, True),
        ("/x/python.exe", True, False),
        ("/x/program.exe", False, False),
        (None, False, False),
    ],
)
def test_python_that_can_run_code_of_ours(
    monkeypatch: pytest.MonkeyPatch, executable: Any, frozen: bool, found: bool
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(sys, "_base_executable", "", raising=False)
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    assert Native().python() == (executable if found else None)


@pytest.mark.skipif(sys.platform == "win32", reason="there Windows answers")
@pytest.mark.parametrize("ask", [Native.get_osfhandle, Native.get_handle_inheritable])
def test_handles_are_of_windows(ask: Any) -> None:
    with pytest.raises(OSError, match="there is no handle") as error:
        ask(Native(), 1)
    assert error.value.errno == errno.ENOSYS
