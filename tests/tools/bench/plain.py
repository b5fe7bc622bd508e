"""The system calls of a verb, straight in ctypes: no code with the same checks can be faster.

No error is explained, nothing is shared, no other system is thought of. For a target of the
caller's own architecture.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

from ctrlevent._win32.constants import (
    CURRENT_PROCESS,
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_VM_READ,
    SYNCHRONIZE,
    ProcessBasicInformation,
    ProcessWow64Information,
)
from ctrlevent._win32.structures import LAYOUT32, LAYOUT64

_READ = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE | PROCESS_VM_READ
_IS_64BIT = struct.calcsize("P") == 8
_LAYOUT = LAYOUT64 if _IS_64BIT else LAYOUT32
_ROOM = 1024

_WinDLL: Any = getattr(ctypes, "WinDLL", None)


class Plain:
    """The functions, bound once, as any caller would."""

    def __init__(self) -> None:
        handle, number, pointer = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p
        self._kernel32 = kernel32 = _WinDLL("kernel32", use_last_error=True)
        ntdll = _WinDLL("ntdll")
        kernel32.OpenProcess.restype = handle
        kernel32.OpenProcess.argtypes = [number, ctypes.c_int32, number]
        kernel32.IsWow64Process.argtypes = [handle, pointer]
        kernel32.WaitForSingleObject.argtypes = [handle, number]
        kernel32.CloseHandle.argtypes = [handle]
        size = ctypes.c_size_t
        kernel32.ReadProcessMemory.argtypes = [handle, pointer, pointer, size, pointer]
        kernel32.GetConsoleProcessList.argtypes = [pointer, number]
        kernel32.GenerateConsoleCtrlEvent.argtypes = [number, number]
        self._query = ntdll.NtQueryInformationProcess
        self._query.argtypes = [handle, number, pointer, number, pointer]

    def getpgid(self, pid: int) -> int:
        kernel32 = self._kernel32
        process = kernel32.OpenProcess(_READ, False, pid)
        if not process:
            raise OSError("OpenProcess")
        try:
            answer = ctypes.c_uint64()
            if _IS_64BIT:
                self._query(process, ProcessWow64Information, ctypes.byref(answer), 8, None)
            else:
                kernel32.IsWow64Process(CURRENT_PROCESS, ctypes.byref(answer))
                kernel32.IsWow64Process(process, ctypes.byref(answer))
            basic: Any = _LAYOUT.process_basic_information()
            size = ctypes.sizeof(basic)
            if self._query(process, ProcessBasicInformation, ctypes.byref(basic), size, None):
                raise OSError("NtQueryInformationProcess")
            if basic.UniqueProcessId != pid:
                raise OSError("it is another process")
            peb: Any = _LAYOUT.peb()
            self._read(process, basic.PebBaseAddress, peb)
            parameters: Any = _LAYOUT.process_parameters()
            self._read(process, peb.ProcessParameters, parameters)
            if not kernel32.WaitForSingleObject(process, 0):
                raise OSError("it has ended")
            return parameters.ProcessGroupId or pid
        finally:
            kernel32.CloseHandle(process)

    def _read(self, process: int, address: int, into: Any) -> None:
        done = ctypes.c_size_t()
        size = ctypes.sizeof(into)
        read = self._kernel32.ReadProcessMemory
        if not read(process, address, ctypes.byref(into), size, ctypes.byref(done)):
            raise OSError("ReadProcessMemory")

    def is_on_console(self, pid: int) -> bool:
        pids = (ctypes.c_uint32 * _ROOM)()
        return pid in pids[: self._kernel32.GetConsoleProcessList(pids, _ROOM)]

    def generate(self, event: int, pgid: int) -> None:
        """The bare call."""
        if not self._kernel32.GenerateConsoleCtrlEvent(event, pgid):
            raise OSError("GenerateConsoleCtrlEvent")

    def killpg(self, event: int, pgid: int) -> None:
        """The bare call, after a check that the leader is alive and on the console."""
        pids = (ctypes.c_uint32 * _ROOM)()
        count = self._kernel32.GetConsoleProcessList(pids, _ROOM)
        if pgid not in pids[:count] or self.getpgid(pgid) != pgid:
            raise OSError("it does not lead a group here")
        self.generate(event, pgid)

    def mark(self, number: int) -> None:
        """A system call that does nothing, to be found in a trace."""
        self._kernel32.CloseHandle(number)
