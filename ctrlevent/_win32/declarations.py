"""Every foreign function that this package calls through ctypes: one declaration each.

A declaration is the DLL, the C prototype, out of which `foreign` makes the types, and the rule by
which the call has failed. The prototypes are those of processthreadsapi.h, memoryapi.h, wincon.h,
psapi.h, libloaderapi.h of the SDK; for ntdll, of winternl.h and phnt's ntpsapi.h and ntwow64.h. A
HANDLE is passed as a Python int.
"""

from __future__ import annotations

from ctypes import c_uint32, c_void_p

from .._typing import TYPE_CHECKING
from .foreign import all_ones, cannot_fail, hresult, kernel32, ntdll, null

if TYPE_CHECKING:
    from typing import Any

DWORD = c_uint32
HANDLE = c_void_p

# --- errors of ntdll -----------------------------------------------------------------------------

RtlNtStatusToDosError = ntdll("ULONG RtlNtStatusToDosError(NTSTATUS Status)", cannot_fail)


def _ntstatus(result: Any) -> int | None:
    """A negative NTSTATUS is failure, and is itself the reason."""
    if result >= 0:
        return None
    winerror: int = RtlNtStatusToDosError(result)
    return winerror


# --- processes ----------------------------------------------------------------------------------

OpenProcess = kernel32(
    "HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId)", null
)
CloseHandle = kernel32("BOOL CloseHandle(HANDLE hObject)", null)
GetProcessId = kernel32("DWORD GetProcessId(HANDLE Process)", null)
GetProcessInformation = kernel32(
    "BOOL GetProcessInformation(HANDLE hProcess, PROCESS_INFORMATION_CLASS"
    " ProcessInformationClass, LPVOID ProcessInformation, DWORD ProcessInformationSize)",
    null,
)
GetProcessTimes = kernel32(
    "BOOL GetProcessTimes(HANDLE hProcess, LPFILETIME lpCreationTime, LPFILETIME lpExitTime,"
    " LPFILETIME lpKernelTime, LPFILETIME lpUserTime)",
    null,
)
GetSystemTimeAsFileTime = kernel32(
    "void GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime)", cannot_fail
)
IsWow64Process = kernel32("BOOL IsWow64Process(HANDLE hProcess, PBOOL Wow64Process)", null)
K32EnumProcesses = kernel32(
    "BOOL K32EnumProcesses(DWORD *lpidProcess, DWORD cb, LPDWORD lpcbNeeded)", null
)
QueryFullProcessImageNameW = kernel32(
    "BOOL QueryFullProcessImageNameW(HANDLE hProcess, DWORD dwFlags, LPWSTR lpExeName, PDWORD"
    " lpdwSize)",
    null,
)
TerminateProcess = kernel32("BOOL TerminateProcess(HANDLE hProcess, UINT uExitCode)", null)
GetExitCodeProcess = kernel32("BOOL GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode)", null)
NtResumeProcess = ntdll("NTSTATUS NtResumeProcess(HANDLE ProcessHandle)", _ntstatus)
CreateProcessW = kernel32(
    "BOOL CreateProcessW(LPCWSTR lpApplicationName, LPWSTR lpCommandLine, LPSECURITY_ATTRIBUTES"
    " lpProcessAttributes, LPSECURITY_ATTRIBUTES lpThreadAttributes, BOOL bInheritHandles, DWORD"
    " dwCreationFlags, LPVOID lpEnvironment, LPCWSTR lpCurrentDirectory, LPSTARTUPINFOW"
    " lpStartupInfo, LPPROCESS_INFORMATION lpProcessInformation)",
    null,
)
# The first call, with NULL, asks for the size, and fails by design: `startup` expects that.
InitializeProcThreadAttributeList = kernel32(
    "BOOL InitializeProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList, DWORD"
    " dwAttributeCount, DWORD dwFlags, PSIZE_T lpSize)",
    null,
)
UpdateProcThreadAttribute = kernel32(
    "BOOL UpdateProcThreadAttribute(LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList, DWORD dwFlags,"
    " DWORD_PTR Attribute, PVOID lpValue, SIZE_T cbSize, PVOID lpPreviousValue, PSIZE_T"
    " lpReturnSize)",
    null,
)
DeleteProcThreadAttributeList = kernel32(
    "void DeleteProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList)", cannot_fail
)

# --- jobs ---------------------------------------------------------------------------------------

CreateJobObjectW = kernel32(
    "HANDLE CreateJobObjectW(LPSECURITY_ATTRIBUTES lpJobAttributes, LPCWSTR lpName)", null
)
SetInformationJobObject = kernel32(
    "BOOL SetInformationJobObject(HANDLE hJob, JOBOBJECTINFOCLASS JobObjectInformationClass,"
    " LPVOID lpJobObjectInformation, DWORD cbJobObjectInformationLength)",
    null,
)
QueryInformationJobObject = kernel32(
    "BOOL QueryInformationJobObject(HANDLE hJob, JOBOBJECTINFOCLASS JobObjectInformationClass,"
    " LPVOID lpJobObjectInformation, DWORD cbJobObjectInformationLength, LPDWORD lpReturnLength)",
    null,
)
AssignProcessToJobObject = kernel32(
    "BOOL AssignProcessToJobObject(HANDLE hJob, HANDLE hProcess)", null
)
TerminateJobObject = kernel32("BOOL TerminateJobObject(HANDLE hJob, UINT uExitCode)", null)

# --- memory of processes ------------------------------------------------------------------------

ReadProcessMemory = kernel32(
    "BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer, SIZE_T"
    " nSize, SIZE_T *lpNumberOfBytesRead)",
    null,
)
WriteProcessMemory = kernel32(
    "BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress, LPCVOID lpBuffer, SIZE_T"
    " nSize, SIZE_T *lpNumberOfBytesWritten)",
    null,
)
NtQueryInformationProcess = ntdll(
    "NTSTATUS NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS"
    " ProcessInformationClass, PVOID ProcessInformation, ULONG ProcessInformationLength, PULONG"
    " ReturnLength)",
    _ntstatus,
)
# The doors from a 32-bit to a 64-bit process; exported by the 32-bit ntdll only.
NtWow64QueryInformationProcess64 = ntdll(
    "NTSTATUS NtWow64QueryInformationProcess64(HANDLE ProcessHandle, PROCESSINFOCLASS"
    " ProcessInformationClass, PVOID ProcessInformation, ULONG ProcessInformationLength, PULONG"
    " ReturnLength)",
    _ntstatus,
)
NtWow64ReadVirtualMemory64 = ntdll(
    "NTSTATUS NtWow64ReadVirtualMemory64(HANDLE ProcessHandle, ULONGLONG BaseAddress, PVOID"
    " Buffer, ULONGLONG BufferLength, PULONGLONG ReturnLength)",
    _ntstatus,
)
NtWow64WriteVirtualMemory64 = ntdll(
    "NTSTATUS NtWow64WriteVirtualMemory64(HANDLE ProcessHandle, ULONGLONG BaseAddress, PVOID"
    " Buffer, ULONGLONG BufferLength, PULONGLONG ReturnLength)",
    _ntstatus,
)

# --- the console --------------------------------------------------------------------------------

AttachConsole = kernel32("BOOL AttachConsole(DWORD dwProcessId)", null)
FreeConsole = kernel32("BOOL FreeConsole(void)", null)
GenerateConsoleCtrlEvent = kernel32(
    "BOOL GenerateConsoleCtrlEvent(DWORD dwCtrlEvent, DWORD dwProcessGroupId)", null
)
GetConsoleProcessList = kernel32(
    "DWORD GetConsoleProcessList(LPDWORD lpdwProcessList, DWORD dwProcessCount)", null
)
SetConsoleCtrlHandler = kernel32(
    "BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add)", null
)
GetConsoleMode = kernel32("BOOL GetConsoleMode(HANDLE hConsoleHandle, LPDWORD lpMode)", null)
SetConsoleMode = kernel32("BOOL SetConsoleMode(HANDLE hConsoleHandle, DWORD dwMode)", null)
ReadConsoleW = kernel32(
    "BOOL ReadConsoleW(HANDLE hConsoleInput, LPVOID lpBuffer, DWORD nNumberOfCharsToRead, LPDWORD"
    " lpNumberOfCharsRead, PCONSOLE_READCONSOLE_CONTROL pInputControl)",
    null,
)
PeekConsoleInputW = kernel32(
    "BOOL PeekConsoleInputW(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength, LPDWORD"
    " lpNumberOfEventsRead)",
    null,
)
ReadConsoleInputW = kernel32(
    "BOOL ReadConsoleInputW(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength, LPDWORD"
    " lpNumberOfEventsRead)",
    null,
)
WriteConsoleInputW = kernel32(
    "BOOL WriteConsoleInputW(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength, LPDWORD"
    " lpNumberOfEventsWritten)",
    null,
)

# --- pseudo consoles, from Windows 10 1809 on ---------------------------------------------------
# A COORD, two SHORTs, X in the lower half, is passed like one DWORD in every calling convention.

CreatePseudoConsole = kernel32(
    "HRESULT CreatePseudoConsole(COORD size, HANDLE hInput, HANDLE hOutput, DWORD dwFlags, HPCON"
    " *phPC)",
    hresult,
)
ResizePseudoConsole = kernel32("HRESULT ResizePseudoConsole(HPCON hPC, COORD size)", hresult)
ClosePseudoConsole = kernel32("void ClosePseudoConsole(HPCON hPC)", cannot_fail)

# --- threads ------------------------------------------------------------------------------------

CreateRemoteThread = kernel32(
    "HANDLE CreateRemoteThread(HANDLE hProcess, LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T"
    " dwStackSize, LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD"
    " dwCreationFlags, LPDWORD lpThreadId)",
    null,
)
ResumeThread = kernel32("DWORD ResumeThread(HANDLE hThread)", all_ones)
TerminateThread = kernel32("BOOL TerminateThread(HANDLE hThread, DWORD dwExitCode)", null)
GetExitCodeThread = kernel32("BOOL GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode)", null)
NtGetNextThread = ntdll(
    "NTSTATUS NtGetNextThread(HANDLE ProcessHandle, HANDLE ThreadHandle, ACCESS_MASK DesiredAccess,"
    " ULONG HandleAttributes, ULONG Flags, PHANDLE NewThreadHandle)",
    _ntstatus,
)
NtQueryInformationThread = ntdll(
    "NTSTATUS NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS"
    " ThreadInformationClass, PVOID ThreadInformation, ULONG ThreadInformationLength, PULONG"
    " ReturnLength)",
    _ntstatus,
)
GetModuleHandleW = kernel32("HMODULE GetModuleHandleW(LPCWSTR lpModuleName)", null)
GetProcAddress = kernel32("FARPROC GetProcAddress(HMODULE hModule, LPCSTR lpProcName)", null)
