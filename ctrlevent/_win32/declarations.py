"""Every foreign function that this package calls: one declaration each, and nowhere else.

A declaration says the DLL, the types, when the call has failed, and the C prototype that they
were written from (processthreadsapi.h, memoryapi.h, wincon.h, psapi.h, libloaderapi.h of the SDK;
winternl.h and phnt's ntpsapi.h and ntwow64.h for ntdll). A HANDLE is passed as a Python int.
"""

from __future__ import annotations

from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p, c_wchar_p

from .foreign import Function, all_ones, cannot_fail, hresult, null
from .structures import PROCESS_INFORMATION

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

BOOL = c_int32
DWORD = c_uint32
HANDLE = c_void_p
HRESULT = c_int32
NTSTATUS = c_int32
SIZE_T = c_size_t

# --- errors of ntdll -----------------------------------------------------------------------------

RtlNtStatusToDosError = Function(
    "ntdll", DWORD, "RtlNtStatusToDosError", NTSTATUS, fails=cannot_fail,
    prototype="ULONG RtlNtStatusToDosError(NTSTATUS Status)",
)  # fmt: skip


def _ntstatus(result: Any) -> int | None:
    """A negative NTSTATUS is failure, and is itself the reason."""
    if result >= 0:
        return None
    winerror: int = RtlNtStatusToDosError(result)
    return winerror


# --- processes ----------------------------------------------------------------------------------

OpenProcess = Function(
    "kernel32", HANDLE, "OpenProcess", DWORD, BOOL, DWORD, fails=null,
    prototype="HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId)",
)  # fmt: skip

CloseHandle = Function(
    "kernel32", BOOL, "CloseHandle", HANDLE, fails=null,
    prototype="BOOL CloseHandle(HANDLE hObject)",
)  # fmt: skip

GetProcessId = Function(
    "kernel32", DWORD, "GetProcessId", HANDLE, fails=null,
    prototype="DWORD GetProcessId(HANDLE Process)",
)  # fmt: skip

GetProcessInformation = Function(
    "kernel32", BOOL, "GetProcessInformation", HANDLE, c_uint32, c_void_p, DWORD, fails=null,
    prototype="BOOL GetProcessInformation(HANDLE hProcess,"
    " PROCESS_INFORMATION_CLASS ProcessInformationClass, LPVOID ProcessInformation,"
    " DWORD ProcessInformationSize)",
)  # fmt: skip

GetProcessTimes = Function(
    "kernel32", BOOL, "GetProcessTimes", HANDLE,
    POINTER(c_uint64), POINTER(c_uint64), POINTER(c_uint64), POINTER(c_uint64), fails=null,
    prototype="BOOL GetProcessTimes(HANDLE hProcess, LPFILETIME lpCreationTime,"
    " LPFILETIME lpExitTime, LPFILETIME lpKernelTime, LPFILETIME lpUserTime)",
)  # fmt: skip

GetSystemTimeAsFileTime = Function(
    "kernel32", None, "GetSystemTimeAsFileTime", POINTER(c_uint64), fails=cannot_fail,
    prototype="void GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime)",
)  # fmt: skip

IsWow64Process = Function(
    "kernel32", BOOL, "IsWow64Process", HANDLE, POINTER(BOOL), fails=null,
    prototype="BOOL IsWow64Process(HANDLE hProcess, PBOOL Wow64Process)",
)  # fmt: skip

K32EnumProcesses = Function(
    "kernel32", BOOL, "K32EnumProcesses", POINTER(DWORD), DWORD, POINTER(DWORD), fails=null,
    prototype="BOOL K32EnumProcesses(DWORD *lpidProcess, DWORD cb, LPDWORD lpcbNeeded)",
)  # fmt: skip

QueryFullProcessImageNameW = Function(
    "kernel32", BOOL, "QueryFullProcessImageNameW", HANDLE, DWORD, c_wchar_p, POINTER(DWORD),
    fails=null,
    prototype="BOOL QueryFullProcessImageNameW(HANDLE hProcess, DWORD dwFlags, LPWSTR lpExeName,"
    " PDWORD lpdwSize)",
)  # fmt: skip

TerminateProcess = Function(
    "kernel32", BOOL, "TerminateProcess", HANDLE, DWORD, fails=null,
    prototype="BOOL TerminateProcess(HANDLE hProcess, UINT uExitCode)",
)  # fmt: skip

GetExitCodeProcess = Function(
    "kernel32", BOOL, "GetExitCodeProcess", HANDLE, POINTER(DWORD), fails=null,
    prototype="BOOL GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode)",
)  # fmt: skip

NtResumeProcess = Function(
    "ntdll", NTSTATUS, "NtResumeProcess", HANDLE, fails=_ntstatus,
    prototype="NTSTATUS NtResumeProcess(HANDLE ProcessHandle)",
)  # fmt: skip

CreateProcessW = Function(
    "kernel32", BOOL, "CreateProcessW", c_wchar_p, c_wchar_p, c_void_p, c_void_p, BOOL, DWORD,
    c_wchar_p, c_wchar_p, c_void_p, POINTER(PROCESS_INFORMATION), fails=null,
    prototype="BOOL CreateProcessW(LPCWSTR lpApplicationName, LPWSTR lpCommandLine,"
    " LPSECURITY_ATTRIBUTES lpProcessAttributes, LPSECURITY_ATTRIBUTES lpThreadAttributes,"
    " BOOL bInheritHandles, DWORD dwCreationFlags, LPVOID lpEnvironment,"
    " LPCWSTR lpCurrentDirectory, LPSTARTUPINFOW lpStartupInfo,"
    " LPPROCESS_INFORMATION lpProcessInformation)",
)  # fmt: skip

# Called once with NULL, only to learn the size; that call fails by design, so it has no rule.
InitializeProcThreadAttributeList = Function(
    "kernel32", BOOL, "InitializeProcThreadAttributeList", c_void_p, DWORD, DWORD, POINTER(SIZE_T),
    fails=null,
    prototype="BOOL InitializeProcThreadAttributeList("
    "LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList, DWORD dwAttributeCount, DWORD dwFlags,"
    " PSIZE_T lpSize)",
)  # fmt: skip

UpdateProcThreadAttribute = Function(
    "kernel32", BOOL, "UpdateProcThreadAttribute", c_void_p, DWORD, SIZE_T, c_void_p, SIZE_T,
    c_void_p, POINTER(SIZE_T), fails=null,
    prototype="BOOL UpdateProcThreadAttribute(LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList,"
    " DWORD dwFlags, DWORD_PTR Attribute, PVOID lpValue, SIZE_T cbSize, PVOID lpPreviousValue,"
    " PSIZE_T lpReturnSize)",
)  # fmt: skip

DeleteProcThreadAttributeList = Function(
    "kernel32", None, "DeleteProcThreadAttributeList", c_void_p, fails=cannot_fail,
    prototype="void DeleteProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST lpAttributeList)",
)  # fmt: skip

# --- jobs ---------------------------------------------------------------------------------------

CreateJobObjectW = Function(
    "kernel32", HANDLE, "CreateJobObjectW", c_void_p, c_wchar_p, fails=null,
    prototype="HANDLE CreateJobObjectW(LPSECURITY_ATTRIBUTES lpJobAttributes, LPCWSTR lpName)",
)  # fmt: skip

SetInformationJobObject = Function(
    "kernel32", BOOL, "SetInformationJobObject", HANDLE, c_uint32, c_void_p, DWORD, fails=null,
    prototype="BOOL SetInformationJobObject(HANDLE hJob,"
    " JOBOBJECTINFOCLASS JobObjectInformationClass, LPVOID lpJobObjectInformation,"
    " DWORD cbJobObjectInformationLength)",
)  # fmt: skip

QueryInformationJobObject = Function(
    "kernel32", BOOL, "QueryInformationJobObject", HANDLE, c_uint32, c_void_p, DWORD,
    POINTER(DWORD), fails=null,
    prototype="BOOL QueryInformationJobObject(HANDLE hJob,"
    " JOBOBJECTINFOCLASS JobObjectInformationClass, LPVOID lpJobObjectInformation,"
    " DWORD cbJobObjectInformationLength, LPDWORD lpReturnLength)",
)  # fmt: skip

AssignProcessToJobObject = Function(
    "kernel32", BOOL, "AssignProcessToJobObject", HANDLE, HANDLE, fails=null,
    prototype="BOOL AssignProcessToJobObject(HANDLE hJob, HANDLE hProcess)",
)  # fmt: skip

TerminateJobObject = Function(
    "kernel32", BOOL, "TerminateJobObject", HANDLE, DWORD, fails=null,
    prototype="BOOL TerminateJobObject(HANDLE hJob, UINT uExitCode)",
)  # fmt: skip

# --- memory of processes ------------------------------------------------------------------------

ReadProcessMemory = Function(
    "kernel32", BOOL, "ReadProcessMemory", HANDLE, c_void_p, c_void_p, SIZE_T, POINTER(SIZE_T),
    fails=null,
    prototype="BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer,"
    " SIZE_T nSize, SIZE_T *lpNumberOfBytesRead)",
)  # fmt: skip

WriteProcessMemory = Function(
    "kernel32", BOOL, "WriteProcessMemory", HANDLE, c_void_p, c_void_p, SIZE_T, POINTER(SIZE_T),
    fails=null,
    prototype="BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress, LPCVOID lpBuffer,"
    " SIZE_T nSize, SIZE_T *lpNumberOfBytesWritten)",
)  # fmt: skip

NtQueryInformationProcess = Function(
    "ntdll", NTSTATUS, "NtQueryInformationProcess", HANDLE, c_uint32, c_void_p, c_uint32,
    POINTER(c_uint32), fails=_ntstatus,
    prototype="NTSTATUS NtQueryInformationProcess(HANDLE ProcessHandle,"
    " PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,"
    " ULONG ProcessInformationLength, PULONG ReturnLength)",
)  # fmt: skip

# The doors from a 32-bit process to a 64-bit one; exported by the 32-bit ntdll only.
NtWow64QueryInformationProcess64 = Function(
    "ntdll", NTSTATUS, "NtWow64QueryInformationProcess64", HANDLE, c_uint32, c_void_p, c_uint32,
    POINTER(c_uint32), fails=_ntstatus,
    prototype="NTSTATUS NtWow64QueryInformationProcess64(HANDLE ProcessHandle,"
    " PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,"
    " ULONG ProcessInformationLength, PULONG ReturnLength)",
)  # fmt: skip

NtWow64ReadVirtualMemory64 = Function(
    "ntdll", NTSTATUS, "NtWow64ReadVirtualMemory64", HANDLE, c_uint64, c_void_p, c_uint64,
    POINTER(c_uint64), fails=_ntstatus,
    prototype="NTSTATUS NtWow64ReadVirtualMemory64(HANDLE ProcessHandle, ULONGLONG BaseAddress,"
    " PVOID Buffer, ULONGLONG BufferLength, PULONGLONG ReturnLength)",
)  # fmt: skip

NtWow64WriteVirtualMemory64 = Function(
    "ntdll", NTSTATUS, "NtWow64WriteVirtualMemory64", HANDLE, c_uint64, c_void_p, c_uint64,
    POINTER(c_uint64), fails=_ntstatus,
    prototype="NTSTATUS NtWow64WriteVirtualMemory64(HANDLE ProcessHandle, ULONGLONG BaseAddress,"
    " PVOID Buffer, ULONGLONG BufferLength, PULONGLONG ReturnLength)",
)  # fmt: skip

# --- the console --------------------------------------------------------------------------------

AttachConsole = Function(
    "kernel32", BOOL, "AttachConsole", DWORD, fails=null,
    prototype="BOOL AttachConsole(DWORD dwProcessId)",
)  # fmt: skip

FreeConsole = Function(
    "kernel32", BOOL, "FreeConsole", fails=null,
    prototype="BOOL FreeConsole(void)",
)  # fmt: skip

GenerateConsoleCtrlEvent = Function(
    "kernel32", BOOL, "GenerateConsoleCtrlEvent", DWORD, DWORD, fails=null,
    prototype="BOOL GenerateConsoleCtrlEvent(DWORD dwCtrlEvent, DWORD dwProcessGroupId)",
)  # fmt: skip

GetConsoleProcessList = Function(
    "kernel32", DWORD, "GetConsoleProcessList", POINTER(DWORD), DWORD, fails=null,
    prototype="DWORD GetConsoleProcessList(LPDWORD lpdwProcessList, DWORD dwProcessCount)",
)  # fmt: skip

SetConsoleCtrlHandler = Function(
    "kernel32", BOOL, "SetConsoleCtrlHandler", c_void_p, BOOL, fails=null,
    prototype="BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add)",
)  # fmt: skip

GetConsoleMode = Function(
    "kernel32", BOOL, "GetConsoleMode", HANDLE, POINTER(DWORD), fails=null,
    prototype="BOOL GetConsoleMode(HANDLE hConsoleHandle, LPDWORD lpMode)",
)  # fmt: skip

SetConsoleMode = Function(
    "kernel32", BOOL, "SetConsoleMode", HANDLE, DWORD, fails=null,
    prototype="BOOL SetConsoleMode(HANDLE hConsoleHandle, DWORD dwMode)",
)  # fmt: skip

# --- pseudo consoles, from Windows 10 1809 on ---------------------------------------------------
# A COORD, two SHORTs, X in the lower half, is passed like one DWORD in every calling convention.

CreatePseudoConsole = Function(
    "kernel32", HRESULT, "CreatePseudoConsole", DWORD, HANDLE, HANDLE, DWORD, POINTER(HANDLE),
    fails=hresult,
    prototype="HRESULT CreatePseudoConsole(COORD size, HANDLE hInput, HANDLE hOutput,"
    " DWORD dwFlags, HPCON *phPC)",
)  # fmt: skip

ResizePseudoConsole = Function(
    "kernel32", HRESULT, "ResizePseudoConsole", HANDLE, DWORD, fails=hresult,
    prototype="HRESULT ResizePseudoConsole(HPCON hPC, COORD size)",
)  # fmt: skip

ClosePseudoConsole = Function(
    "kernel32", None, "ClosePseudoConsole", HANDLE, fails=cannot_fail,
    prototype="void ClosePseudoConsole(HPCON hPC)",
)  # fmt: skip

# --- threads ------------------------------------------------------------------------------------

CreateRemoteThread = Function(
    "kernel32", HANDLE, "CreateRemoteThread", HANDLE, c_void_p, SIZE_T, c_void_p, c_void_p, DWORD,
    POINTER(DWORD), fails=null,
    prototype="HANDLE CreateRemoteThread(HANDLE hProcess, LPSECURITY_ATTRIBUTES lpThreadAttributes,"
    " SIZE_T dwStackSize, LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter,"
    " DWORD dwCreationFlags, LPDWORD lpThreadId)",
)  # fmt: skip

ResumeThread = Function(
    "kernel32", DWORD, "ResumeThread", HANDLE, fails=all_ones,
    prototype="DWORD ResumeThread(HANDLE hThread)",
)  # fmt: skip

TerminateThread = Function(
    "kernel32", BOOL, "TerminateThread", HANDLE, DWORD, fails=null,
    prototype="BOOL TerminateThread(HANDLE hThread, DWORD dwExitCode)",
)  # fmt: skip

GetExitCodeThread = Function(
    "kernel32", BOOL, "GetExitCodeThread", HANDLE, POINTER(DWORD), fails=null,
    prototype="BOOL GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode)",
)  # fmt: skip

GetModuleHandleW = Function(
    "kernel32", HANDLE, "GetModuleHandleW", c_wchar_p, fails=null,
    prototype="HMODULE GetModuleHandleW(LPCWSTR lpModuleName)",
)  # fmt: skip

GetProcAddress = Function(
    "kernel32", c_void_p, "GetProcAddress", HANDLE, c_char_p, fails=null,
    prototype="FARPROC GetProcAddress(HMODULE hModule, LPCSTR lpProcName)",
)  # fmt: skip
