"""The boundary as Windows itself: each method one declared function, in Python values."""

from __future__ import annotations

import os.path
import sys
from ctypes import (
    byref,
    c_char,
    c_int32,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    create_unicode_buffer,
    sizeof,
)

from .. import _unpatched
from .._late import importing
from .._typing import TYPE_CHECKING
from . import declarations as api
from .constants import (
    CREATE_UNICODE_ENVIRONMENT,
    CURRENT_PROCESS,
    ERROR_INSUFFICIENT_BUFFER,
    EXTENDED_STARTUPINFO_PRESENT,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation,
)
from .foreign import get_handle_inheritable, get_osfhandle, handler_routine, wait
from .structures import (
    INPUT_RECORD,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    PROCESS_INFORMATION,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ctypes import Structure
    from typing import Any, Callable, ClassVar

    from .boundary import Created, PythonProcess, Startup
    from .python_process import Python


class Native:
    """Implements `boundary.System`."""

    pointer_size = sizeof(c_void_p)

    # Those that take and return nothing else than the foreign function.
    CloseHandle: Any = api.CloseHandle
    NtResumeProcess: Any = api.NtResumeProcess
    TerminateProcess: Any = api.TerminateProcess
    AssignProcessToJobObject: Any = api.AssignProcessToJobObject
    TerminateJobObject: Any = api.TerminateJobObject
    GenerateConsoleCtrlEvent: Any = api.GenerateConsoleCtrlEvent
    AttachConsole: Any = api.AttachConsole
    FreeConsole: Any = api.FreeConsole
    SetConsoleMode: Any = api.SetConsoleMode
    ClosePseudoConsole: Any = api.ClosePseudoConsole
    TerminateThread: Any = api.TerminateThread
    ResumeThread: Any = api.ResumeThread

    # Of the class, as they have to outlive any instance.
    _routines: ClassVar[dict[Callable[[int], bool], Any]] = {}

    def __init__(self) -> None:
        # What stays the same as long as the calling process lives.
        self.version = _windows_version()
        self._own_is_wow64: bool | None = None
        self._addresses: dict[tuple[str, str], int] = {}
        """Of exports of the system's DLLs, which are never unloaded."""
        # What is imported when it is needed: the helper process, say, starts nothing.
        self._python_process: type[Python] | None = None
        self._creating: tuple[Any, Any] | None = None

    # --- the calling process --------------------------------------------------------------------

    def GetCurrentProcessId(self) -> int:
        return _unpatched.system_calls.getpid()

    @property
    def build(self) -> int:
        if sys.platform == "win32":
            # Of kernel32.dll. The other numbers depend on what the program says of itself, in its
            # manifest: without any, Windows claims to be Windows 8.
            return sys.getwindowsversion().platform_version[2]
        return 0

    def monotonic(self) -> float:
        return _unpatched.monotonic()

    def GetSystemTimeAsFileTime(self) -> int:
        time_of_day = c_uint64()
        api.GetSystemTimeAsFileTime(byref(time_of_day))
        return time_of_day.value

    def sleep(self, seconds: float) -> None:
        # Python's sleep and not kernel32's: in the main thread, Ctrl+C breaks it off.
        _unpatched.sleep(seconds)

    def get_osfhandle(self, fd: int) -> int:
        return get_osfhandle(fd)

    def get_handle_inheritable(self, hObject: int) -> bool:
        return get_handle_inheritable(hObject)

    # --- another Python -------------------------------------------------------------------------

    def python(self) -> str | None:
        # In a frozen program sys.executable is the program itself.
        name = os.path.basename(sys.executable or "").lower()
        if getattr(sys, "frozen", False) or not name.startswith("python"):
            return None
        # A venv's python.exe on Windows only starts the real Python.
        return getattr(sys, "_base_executable", None) or sys.executable

    def start_python(
        self, code: str, modules: Mapping[str, str], *, on_console: bool = False
    ) -> PythonProcess:
        if self._python_process is None:
            with importing:
                from .python_process import Python
            self._python_process = Python
        python = self.python()
        assert python is not None
        if on_console and python.lower().endswith("pythonw.exe"):
            python = f"{python[:-5]}.exe"  # pythonw is a GUI program, which gets no console
        held = [self._python_process(python, code, modules, on_console=on_console)]
        try:
            held[0].start()
            return held.pop()  # and no variable has it: then it ends if it is lost here
        except BaseException:
            if held:
                held[0].close()
            raise

    # --- processes ------------------------------------------------------------------------------

    def OpenProcess(self, dwDesiredAccess: int, dwProcessId: int) -> int:
        return api.OpenProcess(dwDesiredAccess, False, dwProcessId)

    def GetProcessId(self, hProcess: int) -> int:
        return api.GetProcessId(hProcess)

    def GetProcessInformation(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = create_string_buffer(size)
        api.GetProcessInformation(hProcess, information, buffer, size)
        return buffer.raw

    def GetProcessTimes(self, hProcess: int) -> int:
        creation, other = c_uint64(), c_uint64()
        api.GetProcessTimes(hProcess, byref(creation), byref(other), byref(other), byref(other))
        return creation.value

    def IsWow64Process(self, hProcess: int) -> bool:
        if hProcess == CURRENT_PROCESS and self._own_is_wow64 is not None:
            return self._own_is_wow64
        answer = c_int32()
        api.IsWow64Process(hProcess, byref(answer))
        if hProcess == CURRENT_PROCESS:
            self._own_is_wow64 = bool(answer)
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
        if self._creating is None:
            with importing:
                from .boundary import Created
                from .startup import startup_info
            self._creating = Created, startup_info
        make, startup_info = self._creating
        created = PROCESS_INFORMATION()
        with startup_info(startup) as info:
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
        return make(created.hProcess, created.hThread, created.dwProcessId, created.dwThreadId)

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

    def GetExitCodeProcess(self, hProcess: int) -> int:
        code = api.DWORD()
        api.GetExitCodeProcess(hProcess, byref(code))
        return code.value

    def WaitForSingleObject(self, hHandle: int, dwMilliseconds: int) -> int:
        return wait(hHandle, dwMilliseconds)

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

    def QueryInformationJobObject(self, hJob: int) -> int:
        accounting = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION()
        api.QueryInformationJobObject(
            hJob,
            JobObjectBasicAccountingInformation,
            byref(accounting),
            sizeof(accounting),
            None,
        )
        return accounting.ActiveProcesses

    # --- what they are made of ------------------------------------------------------------------

    def NtQueryInformationProcess(self, hProcess: int, information: int, size: int) -> bytes:
        buffer = (c_char * size)()
        api.NtQueryInformationProcess(hProcess, information, buffer, size, None)
        return buffer.raw

    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes:
        buffer, done = (c_char * nSize)(), c_size_t()
        api.ReadProcessMemory(hProcess, lpBaseAddress, buffer, nSize, byref(done))
        return buffer.raw[: done.value]

    def own_structure(self, kind: type[Structure], address: int) -> Any:
        return kind.from_address(address)

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

    def ReadConsole(self, hConsoleInput: int, nNumberOfCharsToRead: int) -> str:
        buffer, count = (c_char * (2 * nNumberOfCharsToRead))(), api.DWORD()
        api.ReadConsoleW(hConsoleInput, buffer, nNumberOfCharsToRead, byref(count), None)
        return buffer.raw[: 2 * count.value].decode("utf-16-le", "surrogatepass")

    def PeekConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:
        records, count = (INPUT_RECORD * nLength)(), api.DWORD()
        api.PeekConsoleInputW(hConsoleInput, records, nLength, byref(count))
        return records[: count.value]

    def ReadConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:
        records, count = (INPUT_RECORD * nLength)(), api.DWORD()
        api.ReadConsoleInputW(hConsoleInput, records, nLength, byref(count))
        return records[: count.value]

    def WriteConsoleInput(self, hConsoleInput: int, records: Sequence[Any]) -> None:
        written = api.DWORD()
        array = (INPUT_RECORD * len(records))(*records)
        api.WriteConsoleInputW(hConsoleInput, array, len(records), byref(written))

    # --- pseudo consoles ------------------------------------------------------------------------

    def CreatePseudoConsole(self, columns: int, rows: int, hInput: int, hOutput: int) -> int:
        console = api.HANDLE()
        api.CreatePseudoConsole(columns | rows << 16, hInput, hOutput, 0, byref(console))
        return console.value or 0

    def ResizePseudoConsole(self, hPC: int, columns: int, rows: int) -> None:
        api.ResizePseudoConsole(hPC, columns | rows << 16)

    # --- threads --------------------------------------------------------------------------------

    def GetProcAddress(self, module: str, lpProcName: str) -> int:
        known = self._addresses.get((module, lpProcName))
        if known is not None:
            return known
        address: int = api.GetProcAddress(api.GetModuleHandleW(module), lpProcName.encode("ascii"))
        self._addresses[module, lpProcName] = address
        return address

    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int:
        return api.CreateRemoteThread(
            hProcess, None, 0, lpStartAddress, lpParameter, dwCreationFlags, None
        )

    def NtGetNextThread(self, hProcess: int, hThread: int, dwDesiredAccess: int) -> int:
        handle = c_void_p()
        api.NtGetNextThread(hProcess, hThread or None, dwDesiredAccess, 0, 0, byref(handle))
        return handle.value or 0

    def NtQueryInformationThread(self, hThread: int, information: int, size: int) -> bytes:
        buffer = (c_char * size)()
        api.NtQueryInformationThread(hThread, information, buffer, size, None)
        return buffer.raw

    def GetExitCodeThread(self, hThread: int) -> int:
        code = api.DWORD()
        api.GetExitCodeThread(hThread, byref(code))
        return code.value


def _windows_version() -> tuple[int, int]:
    if sys.platform == "win32":
        windows = sys.getwindowsversion()
        return windows.major, windows.minor
    return 0, 0  # none
