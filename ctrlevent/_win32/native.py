"""The boundary as Windows itself: each method one declared function, in Python values."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from ctypes import (
    addressof,
    byref,
    c_char,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    create_unicode_buffer,
    sizeof,
)
from typing import TYPE_CHECKING, Any, Callable, ClassVar

from . import declarations as api
from .boundary import Created, Startup
from .constants import (
    CREATE_UNICODE_ENVIRONMENT,
    ERROR_INSUFFICIENT_BUFFER,
    EXTENDED_STARTUPINFO_PRESENT,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_JOB_LIST,
    PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE,
    STARTF_USESHOWWINDOW,
    STARTF_USESTDHANDLES,
    JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation,
)
from .foreign import handler_routine
from .structures import (
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    PROCESS_INFORMATION,
    STARTUPINFOEXW,
)

if TYPE_CHECKING:
    from collections.abc import Generator


class Native:
    """Implements `boundary.System`."""

    pointer_size = sizeof(c_void_p)

    # Of the class, as they have to outlive any instance.
    _routines: ClassVar[dict[Callable[[int], bool], Any]] = {}

    @property
    def version(self) -> tuple[int, int]:
        return _version()

    # --- the calling process --------------------------------------------------------------------

    def GetCurrentProcessId(self) -> int:
        return os.getpid()

    def monotonic(self) -> float:
        return time.monotonic()

    def GetSystemTimeAsFileTime(self) -> int:
        time_of_day = c_uint64()
        api.GetSystemTimeAsFileTime(byref(time_of_day))
        return time_of_day.value

    def sleep(self, seconds: float) -> None:
        # Python's sleep and not kernel32's: in the main thread, Ctrl+C breaks it off.
        time.sleep(seconds)

    # --- processes ------------------------------------------------------------------------------

    def OpenProcess(self, dwDesiredAccess: int, dwProcessId: int) -> int:
        handle: int = api.OpenProcess(dwDesiredAccess, False, dwProcessId)
        return handle

    def CloseHandle(self, hObject: int) -> None:
        api.CloseHandle(hObject)

    def GetProcessId(self, hProcess: int) -> int:
        pid: int = api.GetProcessId(hProcess)
        return pid

    def GetProcessInformation(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = create_string_buffer(size)
        api.GetProcessInformation(hProcess, information, buffer, size)
        return buffer.raw

    def GetProcessTimes(self, hProcess: int) -> int:
        creation, other = c_uint64(), c_uint64()
        api.GetProcessTimes(hProcess, byref(creation), byref(other), byref(other), byref(other))
        return creation.value

    def IsWow64Process(self, hProcess: int) -> bool:
        answer = api.BOOL()
        api.IsWow64Process(hProcess, byref(answer))
        return bool(answer)

    def EnumProcesses(self) -> tuple[int, ...]:
        room = 1024
        while True:
            pids, size = (api.DWORD * room)(), api.DWORD()
            api.K32EnumProcesses(pids, sizeof(pids), byref(size))
            if size.value < sizeof(pids):  # a full buffer may have been too small: no error says so
                return tuple(pids[: size.value // sizeof(api.DWORD)])
            room *= 2

    def CreateProcess(
        self,
        lpApplicationName: str | None,
        lpCommandLine: str | None,
        bInheritHandles: bool,
        dwCreationFlags: int,
        lpEnvironment: str | None,
        lpCurrentDirectory: str | None,
        startup: Startup,
    ) -> Created:
        created = PROCESS_INFORMATION()
        with _startup_info(startup) as info:
            api.CreateProcessW(
                lpApplicationName,
                # CreateProcessW may write into the command line: it must not be a Python str.
                None if lpCommandLine is None else create_unicode_buffer(lpCommandLine),
                None,
                None,
                bInheritHandles,
                dwCreationFlags | EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT,
                None if lpEnvironment is None else create_unicode_buffer(lpEnvironment),
                lpCurrentDirectory,
                byref(info),
                byref(created),
            )
        return Created(created.hProcess, created.hThread, created.dwProcessId, created.dwThreadId)

    def NtResumeProcess(self, hProcess: int) -> None:
        api.NtResumeProcess(hProcess)

    def QueryFullProcessImageName(self, hProcess: int) -> str:
        room = 260  # MAX_PATH; a long path takes a second try
        while True:
            path, size = create_unicode_buffer(room), api.DWORD(room)
            try:
                api.QueryFullProcessImageNameW(hProcess, 0, path, byref(size))
            except OSError as error:
                if getattr(error, "winerror", None) != ERROR_INSUFFICIENT_BUFFER or room > 0x10000:
                    raise
                room *= 4
            else:
                return path.value

    def TerminateProcess(self, hProcess: int, uExitCode: int) -> None:
        api.TerminateProcess(hProcess, uExitCode)

    def GetExitCodeProcess(self, hProcess: int) -> int:
        code = api.DWORD()
        api.GetExitCodeProcess(hProcess, byref(code))
        return code.value

    def WaitForSingleObject(self, hHandle: int, dwMilliseconds: int) -> int:
        result: int = api.WaitForSingleObject(hHandle, dwMilliseconds)
        return result

    # --- jobs -----------------------------------------------------------------------------------

    def CreateJobObject(self) -> int:
        job: int = api.CreateJobObjectW(None, None)
        limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION()
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        try:
            api.SetInformationJobObject(
                job, JobObjectExtendedLimitInformation, byref(limits), sizeof(limits)
            )
        except BaseException:
            api.CloseHandle(job)
            raise
        return job

    def AssignProcessToJobObject(self, hJob: int, hProcess: int) -> None:
        api.AssignProcessToJobObject(hJob, hProcess)

    def TerminateJobObject(self, hJob: int, uExitCode: int) -> None:
        api.TerminateJobObject(hJob, uExitCode)

    def QueryInformationJobObject(self, hJob: int) -> int:
        accounting = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION()
        api.QueryInformationJobObject(
            hJob,
            JobObjectBasicAccountingInformation,
            byref(accounting),
            sizeof(accounting),
            None,
        )
        active: int = accounting.ActiveProcesses
        return active

    # --- what they are made of ------------------------------------------------------------------

    def NtQueryInformationProcess(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = (c_char * size)()
        api.NtQueryInformationProcess(hProcess, information, buffer, size, None)
        return buffer.raw

    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        buffer, done = (c_char * nSize)(), c_size_t()
        api.ReadProcessMemory(hProcess, lpBaseAddress, buffer, nSize, byref(done))
        return buffer.raw[: done.value]

    def WriteProcessMemory(self, hProcess: int, lpBaseAddress: int, buffer: bytes) -> None:
        api.WriteProcessMemory(hProcess, lpBaseAddress, buffer, len(buffer), None)

    def NtWow64QueryInformationProcess64(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = (c_char * size)()
        api.NtWow64QueryInformationProcess64(hProcess, information, buffer, size, None)
        return buffer.raw

    def NtWow64ReadVirtualMemory64(
        self, hProcess: int, BaseAddress: int, BufferLength: int
    ) -> bytes:
        buffer, done = create_string_buffer(BufferLength), c_uint64()
        api.NtWow64ReadVirtualMemory64(hProcess, BaseAddress, buffer, BufferLength, byref(done))
        return buffer.raw[: done.value]

    def NtWow64WriteVirtualMemory64(self, hProcess: int, BaseAddress: int, buffer: bytes) -> None:
        api.NtWow64WriteVirtualMemory64(hProcess, BaseAddress, buffer, len(buffer), None)

    # --- the console of the calling process -----------------------------------------------------

    def GetConsoleProcessList(self) -> tuple[int, ...]:
        room = 1024  # more than on any console as a rule: asking twice costs more than the room
        while True:
            pids = (api.DWORD * room)()
            count: int = api.GetConsoleProcessList(pids, room)
            if count <= room:
                return tuple(pids[:count])
            room = count + 16  # a buffer too small stays empty, and the needed count is returned

    def GenerateConsoleCtrlEvent(self, dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        api.GenerateConsoleCtrlEvent(dwCtrlEvent, dwProcessGroupId)

    def AttachConsole(self, dwProcessId: int) -> None:
        api.AttachConsole(dwProcessId)

    def FreeConsole(self) -> None:
        api.FreeConsole()

    def SetConsoleCtrlHandler(
        self, HandlerRoutine: Callable[[int], bool] | None, Add: bool
    ) -> None:
        if HandlerRoutine is None:
            api.SetConsoleCtrlHandler(None, Add)
            return
        # Kept for ever: Windows may be about to call it at any time, even after it was removed.
        routine = self._routines.get(HandlerRoutine)
        if routine is None:
            routine = self._routines[HandlerRoutine] = handler_routine(HandlerRoutine)
        api.SetConsoleCtrlHandler(routine, Add)

    def GetConsoleMode(self, hConsoleHandle: int) -> int:
        mode = api.DWORD()
        api.GetConsoleMode(hConsoleHandle, byref(mode))
        return mode.value

    def SetConsoleMode(self, hConsoleHandle: int, dwMode: int) -> None:
        api.SetConsoleMode(hConsoleHandle, dwMode)

    # --- pseudo consoles ------------------------------------------------------------------------

    def CreatePseudoConsole(self, columns: int, rows: int, hInput: int, hOutput: int) -> int:
        console = api.HANDLE()
        api.CreatePseudoConsole(columns | rows << 16, hInput, hOutput, 0, byref(console))
        return console.value or 0

    def ResizePseudoConsole(self, hPC: int, columns: int, rows: int) -> None:
        api.ResizePseudoConsole(hPC, columns | rows << 16)

    def ClosePseudoConsole(self, hPC: int) -> None:
        api.ClosePseudoConsole(hPC)

    # --- threads --------------------------------------------------------------------------------

    def GetProcAddress(self, module: str, lpProcName: str) -> int:
        address: int = api.GetProcAddress(api.GetModuleHandleW(module), lpProcName.encode("ascii"))
        return address

    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int:
        handle: int = api.CreateRemoteThread(
            hProcess, None, 0, lpStartAddress, lpParameter, dwCreationFlags, None
        )
        return handle

    def ResumeThread(self, hThread: int) -> None:
        api.ResumeThread(hThread)

    def TerminateThread(self, hThread: int, dwExitCode: int) -> None:
        api.TerminateThread(hThread, dwExitCode)

    def GetExitCodeThread(self, hThread: int) -> int:
        code = api.DWORD()
        api.GetExitCodeThread(hThread, byref(code))
        return code.value


@functools.cache
def _version() -> tuple[int, int]:
    if sys.platform == "win32":
        windows = sys.getwindowsversion()
        return windows.major, windows.minor
    raise OSError("not a Windows")


@contextlib.contextmanager
def _startup_info(startup: Startup) -> Generator[STARTUPINFOEXW]:
    info = STARTUPINFOEXW()
    info.StartupInfo.cb = sizeof(info)
    if startup.standard_handles is not None:
        info.StartupInfo.dwFlags |= STARTF_USESTDHANDLES
        info.StartupInfo.hStdInput, info.StartupInfo.hStdOutput, info.StartupInfo.hStdError = (
            startup.standard_handles
        )
    if startup.show_window is not None:
        info.StartupInfo.dwFlags |= STARTF_USESHOWWINDOW
        info.StartupInfo.wShowWindow = startup.show_window
    attributes: list[tuple[int, Any, int]] = []
    for attribute, handles in (
        (PROC_THREAD_ATTRIBUTE_HANDLE_LIST, startup.handle_list),
        (PROC_THREAD_ATTRIBUTE_JOB_LIST, startup.job_list),
    ):
        if handles:
            values = (c_void_p * len(handles))(*handles)
            attributes.append((attribute, values, sizeof(values)))
    if startup.pseudo_console is not None:
        # Unlike the others, this attribute's value is the handle itself, not a pointer to it.
        console = c_void_p(startup.pseudo_console)
        attributes.append((PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console, sizeof(console)))
    if not attributes:
        yield info
        return
    size = c_size_t()
    # The first call only asks for the size, and "fails" with ERROR_INSUFFICIENT_BUFFER.
    with contextlib.suppress(OSError):
        api.InitializeProcThreadAttributeList(None, len(attributes), 0, byref(size))
    buffer = create_string_buffer(size.value)
    api.InitializeProcThreadAttributeList(buffer, len(attributes), 0, byref(size))
    try:
        for attribute, value, value_size in attributes:
            api.UpdateProcThreadAttribute(buffer, 0, attribute, value, value_size, None, None)
        info.lpAttributeList = addressof(buffer)
        yield info
    finally:
        api.DeleteProcThreadAttributeList(buffer)
