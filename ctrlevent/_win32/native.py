"""The boundary as Windows itself: each method one declared function, in Python values."""

from __future__ import annotations

import os
import sys
import time
from ctypes import (
    byref,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    create_unicode_buffer,
    sizeof,
)

from . import declarations as api
from .constants import ERROR_INSUFFICIENT_BUFFER


class Native:
    """Implements `boundary.System`."""

    pointer_size = sizeof(c_void_p)

    @property
    def version(self) -> tuple[int, int]:
        if sys.platform == "win32":
            windows = sys.getwindowsversion()
            return windows.major, windows.minor
        raise OSError("not a Windows")

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

    def WaitForSingleObject(self, hHandle: int, dwMilliseconds: int) -> int:
        result: int = api.WaitForSingleObject(hHandle, dwMilliseconds)
        return result

    # --- what they are made of ------------------------------------------------------------------

    def NtQueryInformationProcess(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = create_string_buffer(size)
        api.NtQueryInformationProcess(hProcess, information, buffer, size, None)
        return buffer.raw

    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        buffer, done = create_string_buffer(nSize), c_size_t()
        api.ReadProcessMemory(hProcess, lpBaseAddress, buffer, nSize, byref(done))
        return buffer.raw[: done.value]

    def WriteProcessMemory(self, hProcess: int, lpBaseAddress: int, buffer: bytes) -> None:
        api.WriteProcessMemory(hProcess, lpBaseAddress, buffer, len(buffer), None)

    def NtWow64QueryInformationProcess64(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = create_string_buffer(size)
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
        room = 64
        while True:
            pids = (api.DWORD * room)()
            count: int = api.GetConsoleProcessList(pids, room)
            if count <= room:
                return tuple(pids[:count])
            room = count + 16  # a buffer too small stays empty, and the needed count is returned

    def GenerateConsoleCtrlEvent(self, dwCtrlEvent: int, dwProcessGroupId: int) -> None:
        api.GenerateConsoleCtrlEvent(dwCtrlEvent, dwProcessGroupId)

    def SetConsoleCtrlHandler(self, HandlerRoutine: None, Add: bool) -> None:
        api.SetConsoleCtrlHandler(HandlerRoutine, Add)

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

    def GetExitCodeThread(self, hThread: int) -> int:
        code = api.DWORD()
        api.GetExitCodeThread(hThread, byref(code))
        return code.value
