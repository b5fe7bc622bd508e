"""The boundary: everything that this package asks of Windows, as a Protocol.

`native.Native` is Windows itself. Tests put a model in its place, on any system (see
`_win32.system`). Methods are named like the SDK functions they stand for and take Python values;
a HANDLE is an int. Whatever fails raises the OSError of its Windows error code, with `winerror`.
The clock, its sleep and the Python that runs as the helper process come through here too.
No method knows why it is called: the policy decides which processes may be sent what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ctypes import Structure


class Created(NamedTuple):
    """What CreateProcess gives: two handles, which the caller closes, and two ids."""

    hProcess: int
    hThread: int
    dwProcessId: int
    dwThreadId: int


class Startup(NamedTuple):
    """STARTUPINFOEX, as far as it says something."""

    standard_handles: tuple[int, int, int] | None = None
    """stdin, stdout and stderr of the child; None: what Windows gives it by itself."""
    show_window: int | None = None
    handle_list: tuple[int, ...] = ()
    """The only handles that the child inherits; empty: every inheritable handle."""
    job_list: tuple[int, ...] = ()
    pseudo_console: int | None = None


class PythonProcess(Protocol):
    """Another Python process, which exchanges messages with this one through two pipes."""

    @property
    def pid(self) -> int: ...
    def is_alive(self) -> bool: ...
    def send(self, message: bytes) -> None:
        """Raises OSError when it does not read any more."""

    def receive(self, seconds: float) -> Any:
        """The next value that it has marshalled; None at the end of its output.

        Raises TimeoutError when there is none within that time.
        """
        ...

    def exit_code(self) -> int:
        """Waits for its exit."""
        ...

    def close(self) -> None:
        """Ends it, and closes the pipes."""


class System(Protocol):
    # --- the calling process --------------------------------------------------------------------

    @property
    def pointer_size(self) -> int:
        """4 or 8: the bytes of a pointer of the calling process."""
        ...

    @property
    def version(self) -> tuple[int, int]:
        """(major, minor) of Windows: (6, 2) is Windows 8."""
        ...

    @property
    def build(self) -> int:
        """The build number of Windows, or a lower one of the same system: 26100 is 24H2."""
        ...

    def GetCurrentProcessId(self) -> int: ...
    def monotonic(self) -> float:
        """Seconds on a clock that is never set back."""
        ...

    def GetSystemTimeAsFileTime(self) -> int:
        """The time of day, as a FILETIME: units of 100 ns since 1601."""
        ...

    def sleep(self, seconds: float) -> None: ...
    def get_osfhandle(self, fd: int) -> int:
        """The handle behind a file descriptor."""
        ...

    def get_handle_inheritable(self, hObject: int) -> bool: ...

    # --- another Python -------------------------------------------------------------------------

    def python(self) -> str | None:
        """The Python that can run code of ours; None in a frozen program, which has none."""
        ...

    def start_python(
        self, code: str, modules: Mapping[str, str], *, on_console: bool = False
    ) -> PythonProcess:
        """Run code in that Python, as the leader of a group of its own.

        `modules`: those that it is sent, by their names there; with their names here. The code
        reads them from its standard input, before anything else: a marshalled bytes object, which
        is a marshalled dict of each module's code, its file, and the folders of a package or None.
        `on_console`: on the caller's console; else on none.
        """
        ...

    # --- processes ------------------------------------------------------------------------------

    def OpenProcess(self, dwDesiredAccess: int, dwProcessId: int) -> int: ...
    def CloseHandle(self, hObject: int) -> None: ...
    def GetProcessId(self, hProcess: int) -> int: ...
    def GetProcessInformation(self, hProcess: int, information: int, size: int) -> bytes: ...
    def GetProcessTimes(self, hProcess: int) -> int:
        """The creation time alone, as a FILETIME."""
        ...

    def IsWow64Process(self, hProcess: int) -> bool:
        """True for a 32-bit process on a 64-bit Windows."""
        ...

    def EnumProcesses(self) -> tuple[int, ...]: ...
    def CreateProcess(
        self,
        lpApplicationName: str | None,
        lpCommandLine: str | None,
        bInheritHandles: bool,
        dwCreationFlags: int,
        lpEnvironment: str | None,
        lpCurrentDirectory: str | None,
        startup: Startup,
    ) -> Created: ...
    def NtResumeProcess(self, hProcess: int) -> None: ...
    def QueryFullProcessImageName(self, hProcess: int) -> str: ...
    def TerminateProcess(self, hProcess: int, uExitCode: int) -> None: ...
    def GetExitCodeProcess(self, hProcess: int) -> int:
        """259 while the process runs, but that is a legal exit code too."""
        ...

    def WaitForSingleObject(self, hHandle: int, dwMilliseconds: int) -> int:
        """WAIT_OBJECT_0 or WAIT_TIMEOUT."""
        ...

    # --- jobs -----------------------------------------------------------------------------------

    def CreateJobObject(self) -> int:
        """A job that ends all its processes when its last handle is closed."""
        ...

    def AssignProcessToJobObject(self, hJob: int, hProcess: int) -> None: ...
    def TerminateJobObject(self, hJob: int, uExitCode: int) -> None: ...
    def QueryInformationJobObject(self, hJob: int) -> int:
        """How many processes of the job are active."""
        ...

    # --- what they are made of ------------------------------------------------------------------

    def NtQueryInformationProcess(self, hProcess: int, information: int, size: int) -> bytes: ...
    def ReadProcessMemory(self, hProcess: int, lpBaseAddress: int, nSize: int) -> bytes: ...
    def own_structure(self, kind: type[Structure], address: int) -> Any:
        """It lies in the memory of the calling process, and shows what is there at any time.

        Nothing checks the address.
        """
        ...

    def WriteProcessMemory(self, hProcess: int, lpBaseAddress: int, buffer: bytes) -> None: ...
    def NtWow64QueryInformationProcess64(
        self, hProcess: int, information: int, size: int
    ) -> bytes: ...
    def NtWow64ReadVirtualMemory64(
        self, hProcess: int, BaseAddress: int, BufferLength: int
    ) -> bytes: ...
    def NtWow64WriteVirtualMemory64(
        self, hProcess: int, BaseAddress: int, buffer: bytes
    ) -> None: ...

    # --- the console of the calling process -----------------------------------------------------

    def GetConsoleProcessList(self) -> tuple[int, ...]: ...
    def GenerateConsoleCtrlEvent(self, dwCtrlEvent: int, dwProcessGroupId: int) -> None: ...
    def AttachConsole(self, dwProcessId: int) -> None: ...
    def FreeConsole(self) -> None: ...
    def SetConsoleCtrlHandler(
        self, HandlerRoutine: Callable[[int], bool] | None, Add: bool
    ) -> None:
        """With None, it sets or clears the calling process's own ignore-Ctrl+C bit.

        A handler gets the event, on a thread of its own, and returns whether it took it. It must
        let nothing escape.
        """

    def GetConsoleMode(self, hConsoleHandle: int) -> int: ...
    def SetConsoleMode(self, hConsoleHandle: int, dwMode: int) -> None: ...
    def ReadConsole(self, hConsoleInput: int, nNumberOfCharsToRead: int) -> str:
        """Waits for a line, in the mode in which consoles are as a rule; "" at a Ctrl+C."""
        ...

    def PeekConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:
        """The first INPUT_RECORDs that wait there, as many as that at most; perhaps none."""
        ...

    def ReadConsoleInput(self, hConsoleInput: int, nLength: int) -> Sequence[Any]:
        """The same, and takes them; waits for the first record."""
        ...

    def WriteConsoleInput(self, hConsoleInput: int, records: Sequence[Any]) -> None:
        """Puts INPUT_RECORDs behind those that wait there."""

    # --- pseudo consoles ------------------------------------------------------------------------

    def CreatePseudoConsole(self, columns: int, rows: int, hInput: int, hOutput: int) -> int:
        """Before Windows 10 1809 there is none: ERROR_PROC_NOT_FOUND."""
        ...

    def ResizePseudoConsole(self, hPC: int, columns: int, rows: int) -> None: ...
    def ClosePseudoConsole(self, hPC: int) -> None:
        """Blocks, before Windows 11 24H2, until its output has been read to the end."""

    # --- threads --------------------------------------------------------------------------------

    def GetProcAddress(self, module: str, lpProcName: str) -> int:
        """The address of an export of a DLL that is loaded in the calling process."""
        ...

    def CreateRemoteThread(
        self, hProcess: int, lpStartAddress: int, lpParameter: int, dwCreationFlags: int
    ) -> int: ...
    def ResumeThread(self, hThread: int) -> None: ...
    def TerminateThread(self, hThread: int, dwExitCode: int) -> None: ...
    def GetExitCodeThread(self, hThread: int) -> int: ...
    def NtGetNextThread(self, hProcess: int, hThread: int, dwDesiredAccess: int) -> int:
        """A handle of the thread of a process that comes after another; of the first after 0.

        Raises OSError, ERROR_NO_MORE_ITEMS, behind the last.
        """
        ...

    def NtQueryInformationThread(self, hThread: int, information: int, size: int) -> bytes: ...
