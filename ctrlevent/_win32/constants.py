"""Numbers of the Windows SDK, each group with the header or page that defines it."""

from __future__ import annotations

from .._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

# Console control events (wincon.h). `ctrlevent.CtrlEvent` has all of them, for users.
CTRL_C_EVENT: Final = 0
CTRL_BREAK_EVENT: Final = 1

# Process access rights (winnt.h; learn.microsoft.com, "Process Security and Access Rights").
# QUERY_LIMITED_INFORMATION instead of QUERY_INFORMATION: it is granted for processes of a
# higher integrity level too, and it is all that NtQueryInformationProcess needs here.
PROCESS_TERMINATE: Final = 0x0001
PROCESS_CREATE_THREAD: Final = 0x0002
PROCESS_VM_OPERATION: Final = 0x0008
PROCESS_VM_READ: Final = 0x0010
PROCESS_VM_WRITE: Final = 0x0020
PROCESS_QUERY_INFORMATION: Final = 0x0400
PROCESS_QUERY_LIMITED_INFORMATION: Final = 0x1000
SYNCHRONIZE: Final = 0x0010_0000

# GetCurrentProcess() (processthreadsapi.h): a pseudo handle, always (HANDLE)-1, never closed.
CURRENT_PROCESS: Final = -1

# WaitForSingleObject (winbase.h).
WAIT_OBJECT_0: Final = 0x0000_0000
WAIT_TIMEOUT: Final = 0x0000_0102
INFINITE: Final = 0xFFFF_FFFF

# Process creation flags (winbase.h).
CREATE_NEW_CONSOLE: Final = 0x0000_0010
CREATE_NEW_PROCESS_GROUP: Final = 0x0000_0200
CREATE_NO_WINDOW: Final = 0x0800_0000
DETACHED_PROCESS: Final = 0x0000_0008

CREATE_UNICODE_ENVIRONMENT: Final = 0x0000_0400
EXTENDED_STARTUPINFO_PRESENT: Final = 0x0008_0000

# STARTUPINFO.dwFlags (winbase.h).
STARTF_USESHOWWINDOW: Final = 0x0000_0001
STARTF_USESTDHANDLES: Final = 0x0000_0100

# UpdateProcThreadAttribute (winbase.h, ProcThreadAttributeValue).
PROC_THREAD_ATTRIBUTE_HANDLE_LIST: Final = 0x0002_0002
PROC_THREAD_ATTRIBUTE_JOB_LIST: Final = 0x0002_000D
PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE: Final = 0x0002_0016

# Job objects (winnt.h, JOBOBJECTINFOCLASS and limit flags).
JobObjectBasicAccountingInformation: Final = 1
JobObjectExtendedLimitInformation: Final = 9
JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE: Final = 0x0000_2000

# CreateProcess and CreateThread alike (winbase.h).
CREATE_SUSPENDED: Final = 0x0000_0004

# Modes of a console's input and output (consoleapi.h; "SetConsoleMode").
ENABLE_PROCESSED_OUTPUT: Final = 0x0001
ENABLE_WRAP_AT_EOL_OUTPUT: Final = 0x0002
ENABLE_VIRTUAL_TERMINAL_PROCESSING: Final = 0x0004
DISABLE_NEWLINE_AUTO_RETURN: Final = 0x0008
ENABLE_VIRTUAL_TERMINAL_INPUT: Final = 0x0200

# A record of console input, and two keys (wincontypes.h, winuser.h).
KEY_EVENT: Final = 0x0001
VK_RETURN: Final = 0x0D
VK_MENU: Final = 0x12

# Exit code of a process whose handlers did not take an event (ntstatus.h).
STATUS_CONTROL_C_EXIT: Final = 0xC000_013A

# Error codes (winerror.h).
ERROR_ACCESS_DENIED: Final = 5
ERROR_INVALID_HANDLE: Final = 6
ERROR_BAD_FORMAT: Final = 11
ERROR_GEN_FAILURE: Final = 31
ERROR_INVALID_PARAMETER: Final = 87
ERROR_INSUFFICIENT_BUFFER: Final = 122
ERROR_PROC_NOT_FOUND: Final = 127
ERROR_NO_MORE_ITEMS: Final = 259
ERROR_PARTIAL_COPY: Final = 299
ERROR_NOACCESS: Final = 998

# PROCESSINFOCLASS (winternl.h).
ProcessBasicInformation: Final = 0
ProcessWow64Information: Final = 26
# The pid of the console server of a process, as a number of the caller's pointer size; the two low
# bits are flags (phnt, ntpsapi.h). Wine 10 does not know it.
ProcessConsoleHostProcess: Final = 49

# THREADINFOCLASS (phnt, ntpsapi.h): the address that a thread was started at.
ThreadQuerySetWin32StartAddress: Final = 9
THREAD_QUERY_INFORMATION: Final = 0x0040  # winnt.h

# PROCESS_INFORMATION_CLASS of GetProcessInformation (processthreadsapi.h), since Windows 11. The
# answer is a PROCESS_MACHINE_INFORMATION: 8 bytes, of which the first two are the machine.
ProcessMachineTypeInfo: Final = 9

# IMAGE_OPTIONAL_HEADER.Subsystem (winnt.h), which PEB.ImageSubsystem repeats.
IMAGE_SUBSYSTEM_WINDOWS_GUI: Final = 2
IMAGE_SUBSYSTEM_WINDOWS_CUI: Final = 3

# LDR_DATA_TABLE_ENTRY.Flags (phnt, ntldr.h: ProcessAttachCalled).
LDRP_PROCESS_ATTACH_CALLED: Final = 0x0008_0000

# RTL_USER_PROCESS_PARAMETERS.ConsoleFlags (phnt, ntrtl.h). The only bit that children inherit.
CONSOLE_IGNORE_CTRL_C: Final = 0x1

# RTL_USER_PROCESS_PARAMETERS.ConsoleHandle, where it is no handle (phnt, ntrtl.h): what the creator
# asked for, as a number of the target's pointer size. Wine 10 has other numbers for the same, from
# -1 to -3 as well. All of them mean that it will not be on the console of its creator.
CONSOLE_DETACHED_PROCESS: Final = -1
CONSOLE_NEW_CONSOLE: Final = -2
CONSOLE_CREATE_NO_WINDOW: Final = -3

# The first Windows whose process parameters end with a ProcessGroupId (phnt: "since WIN8").
WINDOWS_8: Final = (6, 2)
