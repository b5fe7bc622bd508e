"""Structures of another process's memory, each as a 32-bit and a 64-bit twin.

A process may be of the other bitness than its reader, so neither `ctypes.wintypes` nor `c_void_p`
will do: their size is the reader's. (On Linux `wintypes.DWORD` is even 8 bytes.) Every field here
has a fixed width, and both twins come from one list, so they cannot drift apart, and the layouts
are the same, and are tested, on every system.

Layouts: the phnt headers of System Informer (ntpebteb.h, ntrtl.h, ntpsapi.h), which agree with
winternl.h in the parts that Microsoft documents. tests/unit/test_structures.py asserts every offset
that is relied on; tests/windows asserts them against live processes.
"""

from __future__ import annotations

from ctypes import (
    Structure,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
    c_wchar_p,
    sizeof,
)

from .._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class UNICODE_STRING64(Structure):
    _fields_ = [("Length", c_uint16), ("MaximumLength", c_uint16), ("Buffer", c_uint64)]


class UNICODE_STRING32(Structure):
    _fields_ = [("Length", c_uint16), ("MaximumLength", c_uint16), ("Buffer", c_uint32)]


class RTL_DRIVE_LETTER_CURDIR64(Structure):
    _fields_ = [
        ("Flags", c_uint16),
        ("Length", c_uint16),
        ("TimeStamp", c_uint32),
        ("DosPath", UNICODE_STRING64),
    ]


class RTL_DRIVE_LETTER_CURDIR32(Structure):
    _fields_ = [
        ("Flags", c_uint16),
        ("Length", c_uint16),
        ("TimeStamp", c_uint32),
        ("DosPath", UNICODE_STRING32),
    ]


def _process_basic_information(pointer: Any) -> list[Any]:
    return [
        ("ExitStatus", c_int32),
        ("PebBaseAddress", pointer),
        ("AffinityMask", pointer),
        ("BasePriority", c_int32),
        ("UniqueProcessId", pointer),
        ("InheritedFromUniqueProcessId", pointer),
    ]


def _peb(pointer: Any) -> list[Any]:
    """The PEB as far as ImageSubsystem, the last field that is read."""
    return [
        ("InheritedAddressSpace", c_uint8),
        ("ReadImageFileExecOptions", c_uint8),
        ("BeingDebugged", c_uint8),
        ("BitField", c_uint8),
        ("Mutant", pointer),
        ("ImageBaseAddress", pointer),
        ("Ldr", pointer),
        ("ProcessParameters", pointer),
        ("SubSystemData", pointer),
        ("ProcessHeap", pointer),
        ("FastPebLock", pointer),
        ("AtlThunkSListPtr", pointer),
        ("IFEOKey", pointer),
        ("CrossProcessFlags", c_uint32),
        ("KernelCallbackTable", pointer),
        ("SystemReserved", c_uint32),
        ("AtlThunkSListPtr32", c_uint32),
        ("ApiSetMap", pointer),
        ("TlsExpansionCounter", c_uint32),
        ("TlsBitmap", pointer),
        ("TlsBitmapBits", c_uint32 * 2),
        ("ReadOnlySharedMemoryBase", pointer),
        ("SharedData", pointer),
        ("ReadOnlyStaticServerData", pointer),
        ("AnsiCodePageData", pointer),
        ("OemCodePageData", pointer),
        ("UnicodeCaseTableData", pointer),
        ("NumberOfProcessors", c_uint32),
        ("NtGlobalFlag", c_uint32),
        ("CriticalSectionTimeout", c_uint64),
        ("HeapSegmentReserve", pointer),
        ("HeapSegmentCommit", pointer),
        ("HeapDeCommitTotalFreeThreshold", pointer),
        ("HeapDeCommitFreeBlockThreshold", pointer),
        ("NumberOfHeaps", c_uint32),
        ("MaximumNumberOfHeaps", c_uint32),
        ("ProcessHeaps", pointer),
        ("GdiSharedHandleTable", pointer),
        ("ProcessStarterHelper", pointer),
        ("GdiDCAttributeList", c_uint32),
        ("LoaderLock", pointer),
        ("OSMajorVersion", c_uint32),
        ("OSMinorVersion", c_uint32),
        ("OSBuildNumber", c_uint16),
        ("OSCSDVersion", c_uint16),
        ("OSPlatformId", c_uint32),
        ("ImageSubsystem", c_uint32),
    ]


def _process_parameters(pointer: Any, string: Any, directory: Any) -> list[Any]:
    """RTL_USER_PROCESS_PARAMETERS as far as ProcessGroupId, the last field that is read.

    What follows it (LoaderThreads, ...) came with later versions of Windows and is not read, so
    nothing here needs to know how long the structure is on the system at hand. Its own Length
    field could not say: it counts the strings that are stored behind the structure.
    """
    return [
        ("MaximumLength", c_uint32),
        ("Length", c_uint32),
        ("Flags", c_uint32),
        ("DebugFlags", c_uint32),
        ("ConsoleHandle", pointer),
        ("ConsoleFlags", c_uint32),
        ("StandardInput", pointer),
        ("StandardOutput", pointer),
        ("StandardError", pointer),
        ("CurrentDirectoryDosPath", string),
        ("CurrentDirectoryHandle", pointer),
        ("DllPath", string),
        ("ImagePathName", string),
        ("CommandLine", string),
        ("Environment", pointer),
        ("StartingX", c_uint32),
        ("StartingY", c_uint32),
        ("CountX", c_uint32),
        ("CountY", c_uint32),
        ("CountCharsX", c_uint32),
        ("CountCharsY", c_uint32),
        ("FillAttribute", c_uint32),
        ("WindowFlags", c_uint32),
        ("ShowWindowFlags", c_uint32),
        ("WindowTitle", string),
        ("DesktopInfo", string),
        ("ShellInfo", string),
        ("RuntimeData", string),
        ("CurrentDirectories", directory * 32),
        ("EnvironmentSize", pointer),
        ("EnvironmentVersion", pointer),
        ("PackageDependencyData", pointer),
        ("ProcessGroupId", c_uint32),
    ]


class PROCESS_BASIC_INFORMATION64(Structure):
    _fields_ = _process_basic_information(c_uint64)


class PROCESS_BASIC_INFORMATION32(Structure):
    _fields_ = _process_basic_information(c_uint32)


class PEB64(Structure):
    _fields_ = _peb(c_uint64)


class PEB32(Structure):
    # In the 32-bit PEB too the 8-byte CriticalSectionTimeout is aligned to 8 (it stands at 0x70),
    # as the Windows ABI wants. The i386 System V ABI would align it to 4, but only a 32-bit Linux
    # Python would use that, and nothing reads a PEB there.
    _fields_ = _peb(c_uint32)


class RTL_USER_PROCESS_PARAMETERS64(Structure):
    _fields_ = _process_parameters(c_uint64, UNICODE_STRING64, RTL_DRIVE_LETTER_CURDIR64)


class RTL_USER_PROCESS_PARAMETERS32(Structure):
    _fields_ = _process_parameters(c_uint32, UNICODE_STRING32, RTL_DRIVE_LETTER_CURDIR32)


# --- structures of the calling process: its own pointer size is right for them --------------------


class STARTUPINFOW(Structure):
    _fields_ = [
        ("cb", c_uint32),
        ("lpReserved", c_wchar_p),
        ("lpDesktop", c_wchar_p),
        ("lpTitle", c_wchar_p),
        ("dwX", c_uint32),
        ("dwY", c_uint32),
        ("dwXSize", c_uint32),
        ("dwYSize", c_uint32),
        ("dwXCountChars", c_uint32),
        ("dwYCountChars", c_uint32),
        ("dwFillAttribute", c_uint32),
        ("dwFlags", c_uint32),
        ("wShowWindow", c_uint16),
        ("cbReserved2", c_uint16),
        ("lpReserved2", c_void_p),
        ("hStdInput", c_void_p),
        ("hStdOutput", c_void_p),
        ("hStdError", c_void_p),
    ]


class STARTUPINFOEXW(Structure):
    _fields_ = [("StartupInfo", STARTUPINFOW), ("lpAttributeList", c_void_p)]


class PROCESS_INFORMATION(Structure):
    _fields_ = [
        ("hProcess", c_void_p),
        ("hThread", c_void_p),
        ("dwProcessId", c_uint32),
        ("dwThreadId", c_uint32),
    ]


class JOBOBJECT_BASIC_LIMIT_INFORMATION(Structure):
    _fields_ = [
        ("PerProcessUserTimeLimit", c_int64),
        ("PerJobUserTimeLimit", c_int64),
        ("LimitFlags", c_uint32),
        ("MinimumWorkingSetSize", c_size_t),
        ("MaximumWorkingSetSize", c_size_t),
        ("ActiveProcessLimit", c_uint32),
        ("Affinity", c_size_t),
        ("PriorityClass", c_uint32),
        ("SchedulingClass", c_uint32),
    ]


class JOBOBJECT_EXTENDED_LIMIT_INFORMATION(Structure):
    _fields_ = [
        ("BasicLimitInformation", JOBOBJECT_BASIC_LIMIT_INFORMATION),
        ("IoInfo", c_uint64 * 6),
        ("ProcessMemoryLimit", c_size_t),
        ("JobMemoryLimit", c_size_t),
        ("PeakProcessMemoryUsed", c_size_t),
        ("PeakJobMemoryUsed", c_size_t),
    ]


class JOBOBJECT_BASIC_ACCOUNTING_INFORMATION(Structure):
    _fields_ = [
        ("TotalUserTime", c_int64),
        ("TotalKernelTime", c_int64),
        ("ThisPeriodTotalUserTime", c_int64),
        ("ThisPeriodTotalKernelTime", c_int64),
        ("TotalPageFaultCount", c_uint32),
        ("TotalProcesses", c_uint32),
        ("ActiveProcesses", c_uint32),
        ("TotalTerminatedProcesses", c_uint32),
    ]


# --- the twins, put together ----------------------------------------------------------------------


class Layout:
    """The structures of a process of one bitness."""

    def __init__(
        self, basic: type[Structure], peb: type[Structure], parameters: type[Structure]
    ) -> None:
        self.process_basic_information = basic
        self.peb = peb
        self.process_parameters = parameters


size = sizeof

LAYOUT64 = Layout(PROCESS_BASIC_INFORMATION64, PEB64, RTL_USER_PROCESS_PARAMETERS64)
LAYOUT32 = Layout(PROCESS_BASIC_INFORMATION32, PEB32, RTL_USER_PROCESS_PARAMETERS32)


def parse(kind: type[Structure], data: bytes) -> Any:
    """The structure that the bytes are; None when they are too few for it."""
    return kind.from_buffer_copy(data) if len(data) >= sizeof(kind) else None
