"""Structures in C, each made a ctypes Structure; those of other processes as 32- and 64-bit twins.

Another process may be of the other bitness than its reader, so neither `ctypes.wintypes` nor
`c_void_p` will do: their size is the reader's. (On Linux `wintypes.DWORD` is even 8 bytes.) So
every type here has a fixed width, but for PVOID and ULONG_PTR, which have the width of the target.
Both twins come from one text, and their layouts are the same, and are tested, on every system.

Layouts: the phnt headers of System Informer (ntpebteb.h, ntrtl.h, ntpsapi.h), which agree with
winternl.h in the parts that Microsoft documents. tests/unit/win32/test_structures.py asserts every
offset that is relied on; tests/windows asserts them against live processes.
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

_TYPES: dict[str, Any] = {
    "UCHAR": c_uint8,
    "USHORT": c_uint16,
    "WORD": c_uint16,
    "LONG": c_int32,
    "ULONG": c_uint32,
    "DWORD": c_uint32,
    "LARGE_INTEGER": c_int64,
    "ULONGLONG": c_uint64,
}


def _structure(name: str, text: str, types: dict[str, Any]) -> type[Structure]:
    """A structure out of declarations in C: `ULONG Flags, Handles[4];`"""
    fields: list[tuple[str, Any]] = []
    for declaration in text.split(";")[:-1]:
        kind, names = declaration.split(None, 1)
        for field in names.split(","):
            field_name, _, count = field.strip(" \n]").partition("[")
            fields.append((field_name, types[kind] * int(count) if count else types[kind]))
    return type(name, (Structure,), {"_fields_": fields})


# --- of another process: the parts up to the last field that is read ------------------------------

_UNICODE_STRING = "USHORT Length, MaximumLength; PVOID Buffer;"

_RTL_DRIVE_LETTER_CURDIR = "USHORT Flags, Length; ULONG TimeStamp; UNICODE_STRING DosPath;"

_PROCESS_BASIC_INFORMATION = """
    LONG ExitStatus;
    PVOID PebBaseAddress;
    ULONG_PTR AffinityMask;
    LONG BasePriority;
    ULONG_PTR UniqueProcessId, InheritedFromUniqueProcessId;
"""

# In the 32-bit PEB too the 8-byte CriticalSectionTimeout is aligned to 8 (it stands at 0x70), as
# the Windows ABI wants. The i386 System V ABI would align it to 4, but only a 32-bit Linux Python
# would use that, and nothing reads a PEB there.
_PEB = """
    UCHAR InheritedAddressSpace, ReadImageFileExecOptions, BeingDebugged, BitField;
    PVOID Mutant, ImageBaseAddress, Ldr, ProcessParameters, SubSystemData, ProcessHeap;
    PVOID FastPebLock, AtlThunkSListPtr, IFEOKey;
    ULONG CrossProcessFlags;
    PVOID KernelCallbackTable;
    ULONG SystemReserved, AtlThunkSListPtr32;
    PVOID ApiSetMap;
    ULONG TlsExpansionCounter;
    PVOID TlsBitmap;
    ULONG TlsBitmapBits[2];
    PVOID ReadOnlySharedMemoryBase, SharedData, ReadOnlyStaticServerData;
    PVOID AnsiCodePageData, OemCodePageData, UnicodeCaseTableData;
    ULONG NumberOfProcessors, NtGlobalFlag;
    ULONGLONG CriticalSectionTimeout;
    ULONG_PTR HeapSegmentReserve, HeapSegmentCommit;
    ULONG_PTR HeapDeCommitTotalFreeThreshold, HeapDeCommitFreeBlockThreshold;
    ULONG NumberOfHeaps, MaximumNumberOfHeaps;
    PVOID ProcessHeaps, GdiSharedHandleTable, ProcessStarterHelper;
    ULONG GdiDCAttributeList;
    PVOID LoaderLock;
    ULONG OSMajorVersion, OSMinorVersion;
    USHORT OSBuildNumber, OSCSDVersion;
    ULONG OSPlatformId, ImageSubsystem;
"""

_RTL_CRITICAL_SECTION = """
    PVOID DebugInfo;
    LONG LockCount, RecursionCount;
    PVOID OwningThread, LockSemaphore;
    ULONG_PTR SpinCount;
"""

# To its list of modules. Each module begins with a LIST_ENTRY, which has the links to the next and
# to the previous module; the fields of each LIST_ENTRY stand here by themselves.
_PEB_LDR_DATA = """
    ULONG Length;
    UCHAR Initialized;
    PVOID SsHandle, InLoadOrderFlink, InLoadOrderBlink;
"""

_LDR_DATA_TABLE_ENTRY = """
    PVOID InLoadOrderFlink, InLoadOrderBlink, InMemoryOrderFlink, InMemoryOrderBlink;
    PVOID InInitializationOrderFlink, InInitializationOrderBlink;
    PVOID DllBase, EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName, BaseDllName;
    ULONG Flags;
"""

# What follows ProcessGroupId (LoaderThreads, ...) came with later versions of Windows and is not
# read, so nothing here needs to know how long the structure is on the system at hand. Its own
# Length field could not say: it counts the strings that are stored behind the structure.
_RTL_USER_PROCESS_PARAMETERS = """
    ULONG MaximumLength, Length, Flags, DebugFlags;
    PVOID ConsoleHandle;
    ULONG ConsoleFlags;
    PVOID StandardInput, StandardOutput, StandardError;
    UNICODE_STRING CurrentDirectoryDosPath;
    PVOID CurrentDirectoryHandle;
    UNICODE_STRING DllPath, ImagePathName, CommandLine;
    PVOID Environment;
    ULONG StartingX, StartingY, CountX, CountY, CountCharsX, CountCharsY, FillAttribute;
    ULONG WindowFlags, ShowWindowFlags;
    UNICODE_STRING WindowTitle, DesktopInfo, ShellInfo, RuntimeData;
    RTL_DRIVE_LETTER_CURDIR CurrentDirectories[32];
    ULONG_PTR EnvironmentSize, EnvironmentVersion;
    PVOID PackageDependencyData;
    ULONG ProcessGroupId;
"""


class Layout:
    """The structures of a process of one bitness."""

    def __init__(self, bits: int, pointer: Any) -> None:
        types = {**_TYPES, "PVOID": pointer, "ULONG_PTR": pointer}

        def make(name: str, text: str) -> type[Structure]:
            made = types[name] = _structure(f"{name}{bits}", text, types)
            return made

        make("UNICODE_STRING", _UNICODE_STRING)
        make("RTL_DRIVE_LETTER_CURDIR", _RTL_DRIVE_LETTER_CURDIR)
        basic = make("PROCESS_BASIC_INFORMATION", _PROCESS_BASIC_INFORMATION)
        self.process_basic_information = basic
        self.peb = make("PEB", _PEB)
        self.critical_section = make("RTL_CRITICAL_SECTION", _RTL_CRITICAL_SECTION)
        self.peb_ldr_data = make("PEB_LDR_DATA", _PEB_LDR_DATA)
        self.ldr_data_table_entry = make("LDR_DATA_TABLE_ENTRY", _LDR_DATA_TABLE_ENTRY)
        parameters = make("RTL_USER_PROCESS_PARAMETERS", _RTL_USER_PROCESS_PARAMETERS)
        self.process_parameters = parameters


LAYOUT64 = Layout(64, c_uint64)
LAYOUT32 = Layout(32, c_uint32)

size = sizeof


def parse(kind: type[Structure], data: bytes) -> Any:
    """The structure that the bytes are; None when they are too few for it."""
    return kind.from_buffer_copy(data) if len(data) >= sizeof(kind) else None


# --- of the calling process: its own pointer size is right for them -------------------------------

_OWN: dict[str, Any] = {**_TYPES, "HANDLE": c_void_p, "LPWSTR": c_wchar_p, "SIZE_T": c_size_t}

STARTUPINFOW = _OWN["STARTUPINFOW"] = _structure("STARTUPINFOW", """
    DWORD cb;
    LPWSTR lpReserved, lpDesktop, lpTitle;
    DWORD dwX, dwY, dwXSize, dwYSize, dwXCountChars, dwYCountChars, dwFillAttribute, dwFlags;
    WORD wShowWindow, cbReserved2;
    HANDLE lpReserved2, hStdInput, hStdOutput, hStdError;
""", _OWN)  # fmt: skip

STARTUPINFOEXW = _structure(
    "STARTUPINFOEXW", "STARTUPINFOW StartupInfo; HANDLE lpAttributeList;", _OWN
)

PROCESS_INFORMATION = _structure(
    "PROCESS_INFORMATION", "HANDLE hProcess, hThread; DWORD dwProcessId, dwThreadId;", _OWN
)

_OWN["JOBOBJECT_BASIC_LIMIT_INFORMATION"] = _structure("JOBOBJECT_BASIC_LIMIT_INFORMATION", """
    LARGE_INTEGER PerProcessUserTimeLimit, PerJobUserTimeLimit;
    DWORD LimitFlags;
    SIZE_T MinimumWorkingSetSize, MaximumWorkingSetSize;
    DWORD ActiveProcessLimit;
    SIZE_T Affinity;
    DWORD PriorityClass, SchedulingClass;
""", _OWN)  # fmt: skip

JOBOBJECT_EXTENDED_LIMIT_INFORMATION = _structure("JOBOBJECT_EXTENDED_LIMIT_INFORMATION", """
    JOBOBJECT_BASIC_LIMIT_INFORMATION BasicLimitInformation;
    ULONGLONG IoInfo[6];
    SIZE_T ProcessMemoryLimit, JobMemoryLimit, PeakProcessMemoryUsed, PeakJobMemoryUsed;
""", _OWN)  # fmt: skip

# Of its union the KEY_EVENT_RECORD, which has its whole size.
INPUT_RECORD = _structure("INPUT_RECORD", """
    WORD EventType;
    LONG bKeyDown;
    WORD wRepeatCount, wVirtualKeyCode, wVirtualScanCode, UnicodeChar;
    DWORD dwControlKeyState;
""", _OWN)  # fmt: skip

JOBOBJECT_BASIC_ACCOUNTING_INFORMATION = _structure("JOBOBJECT_BASIC_ACCOUNTING_INFORMATION", """
    LARGE_INTEGER TotalUserTime, TotalKernelTime, ThisPeriodTotalUserTime;
    LARGE_INTEGER ThisPeriodTotalKernelTime;
    DWORD TotalPageFaultCount, TotalProcesses, ActiveProcesses, TotalTerminatedProcesses;
""", _OWN)  # fmt: skip
