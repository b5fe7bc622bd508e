"""How a foreign function is bound, called, checked and waited for: the only place to load a DLL.

- The DLLs are loaded privately (`WinDLL(..., use_last_error=True)`), never taken from the
  `ctypes.windll` that the whole process shares: there, any module may set other argument types.
- `WinDLL`, because it releases the GIL for the call: a handler that runs on another thread while
  a call of ours waits for it needs the GIL.
- The failure rule belongs to the declaration, so no call site can forget it.
"""

from __future__ import annotations

import ctypes
import errno
import math
import sys

from .._late import importing
from .._typing import TYPE_CHECKING
from .._unpatched import monotonic, system_calls

if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    # From what a function returned to the Windows error code that it means; None: no failure.
    FailureRule = Callable[[Any], Optional[int]]

ERROR_INVALID_HANDLE, ERROR_PROC_NOT_FOUND = 6, 127  # winerror.h

# What is called by way of `_winapi`: see `wait`, `read_available`.
BY_WINAPI = ("WaitForSingleObject", "WaitForMultipleObjects", "PeekNamedPipe")

if sys.platform == "win32":
    import _winapi
    import msvcrt

    _loaded: dict[str, ctypes.CDLL] = {}

    def _load(dll: str) -> ctypes.CDLL:
        if dll not in _loaded:
            with importing:  # ctypes does, each time
                _loaded[dll] = ctypes.WinDLL(dll, use_last_error=True)
        return _loaded[dll]

    def wait(hHandle: int, dwMilliseconds: int) -> int:
        """WaitForSingleObject which a Ctrl+C breaks off, if it waits in the main thread.

        As with `time.sleep`: the handler that Python has for SIGINT runs at once, and if it raises
        nothing the wait goes on. The interpreter has the event that tells it of a SIGINT, and waits
        for that too in this function of `_winapi`, its own module for subprocess and
        multiprocessing. (Where there is nothing to wait for, `_winapi` is merely faster than
        ctypes. Its failure rule is that of the documentation: WAIT_FAILED is the OSError of
        GetLastError().)
        """
        if dwMilliseconds == 0:
            return _winapi.WaitForSingleObject(hHandle, 0)
        deadline = monotonic() + dwMilliseconds / 1000
        left = dwMilliseconds
        while True:
            try:
                return _winapi.WaitForMultipleObjects([hHandle], False, left)
            except OSError as error:
                if error.winerror == ERROR_INVALID_HANDLE:
                    # The handle, or the interpreter's event, which is closed when it ends.
                    return _winapi.WaitForSingleObject(hHandle, left)
                if not isinstance(error, InterruptedError):
                    raise
                left = max(0, math.ceil((deadline - monotonic()) * 1000))

    def read_available(fd: int) -> bytes | None:
        """What can be read from a pipe at once; None: nothing yet; b"": its end has come."""
        try:
            # The first number is how many bytes there are. (Its type is that of a longer answer.)
            available = int(_winapi.PeekNamedPipe(get_osfhandle(fd), 0)[0])
        except BrokenPipeError:
            return b""
        return system_calls.read(fd, available) if available else None

    get_osfhandle = msvcrt.get_osfhandle
    get_handle_inheritable = system_calls.get_handle_inheritable

    # BOOL WINAPI HandlerRoutine(DWORD dwCtrlType), PHANDLER_ROUTINE of consoleapi.h.
    handler_routine = ctypes.WINFUNCTYPE(ctypes.c_int32, ctypes.c_uint32)

    def last_error() -> int:
        """GetLastError() as it was right after this thread's last foreign call."""
        return ctypes.get_last_error()

    def windows_error(winerror: int, function: str) -> OSError:
        """The OSError that Python has for a Windows error code: PermissionError for 5, ..."""
        return OSError(0, f"{ctypes.FormatError(winerror).strip()} ({function})", None, winerror)

else:

    def _load(dll: str) -> ctypes.CDLL:
        raise OSError(errno.ENOSYS, f"{dll}.dll exists on Windows only")

    def wait(hHandle: int, dwMilliseconds: int) -> int:
        raise OSError(errno.ENOSYS, f"no handle {hHandle} can be waited for {dwMilliseconds} ms")

    def read_available(fd: int) -> bytes | None:
        """What can be read from a pipe at once; None: nothing yet; b"": its end has come."""
        system_calls.set_blocking(fd, False)
        try:
            return system_calls.read(fd, 1 << 16)
        except BlockingIOError:
            return None

    def get_osfhandle(fd: int) -> int:
        raise OSError(errno.ENOSYS, f"there is no handle behind file descriptor {fd}")

    def get_handle_inheritable(handle: int, /) -> bool:
        raise OSError(errno.ENOSYS, f"there is no handle {handle}")

    handler_routine = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint32)

    def last_error() -> int:
        return 0

    def windows_error(winerror: int, function: str) -> OSError:
        """The same where OSError knows no winerror: there, only a fake boundary fails like this."""
        number = {5: errno.EACCES, 6: errno.EBADF}.get(winerror, errno.EINVAL)
        if 19 <= winerror <= 36:  # CPython, PC/errmap.h
            number = errno.EACCES
        error = OSError(number, f"Windows error {winerror} ({function})")
        setattr(error, "winerror", winerror)  # noqa: B010  # typeshed has it on win32 only
        return error


def null(result: Any) -> int | None:
    """NULL or FALSE is failure; the reason is in GetLastError()."""
    return None if result else last_error()


def all_ones(result: Any) -> int | None:
    """(DWORD)-1, such as WAIT_FAILED, is failure; the reason is in GetLastError()."""
    return last_error() if result == 0xFFFF_FFFF else None


def hresult(result: Any) -> int | None:
    """A negative HRESULT is failure; 0x8007xxxx is made of the Windows error code xxxx."""
    if result >= 0:
        return None
    return result & 0xFFFF if result >> 16 & 0xFFFF == 0x8007 else int(result)


def cannot_fail(_result: Any) -> int | None:
    return None


# What the C types are to ctypes. Every other type is a pointer or a handle: see `_POINTERS`.
_TYPES: dict[str, Any] = {
    "void": None,
    **dict.fromkeys(("BOOL", "NTSTATUS", "HRESULT"), ctypes.c_int32),
    **dict.fromkeys(("DWORD", "UINT", "ULONG", "COORD"), ctypes.c_uint32),
    **dict.fromkeys(("PROCESSINFOCLASS", "THREADINFOCLASS", "ACCESS_MASK"), ctypes.c_uint32),
    "PROCESS_INFORMATION_CLASS": ctypes.c_uint32,
    "JOBOBJECTINFOCLASS": ctypes.c_uint32,
    "ULONGLONG": ctypes.c_uint64,
    **dict.fromkeys(("SIZE_T", "DWORD_PTR"), ctypes.c_size_t),
    **dict.fromkeys(("LPWSTR", "LPCWSTR"), ctypes.c_wchar_p),
    "LPCSTR": ctypes.c_char_p,
}
_POINTERS = ("P", "LP", "HANDLE", "HMODULE", "HPCON", "FARPROC")


def _ctype(name: str) -> Any:
    if name in _TYPES:
        return _TYPES[name]
    if not name.endswith("*") and not name.startswith(_POINTERS):
        raise TypeError(f"what a {name} is to ctypes is not known: add it to foreign._TYPES")
    return ctypes.c_void_p


class Function:
    """One foreign function. Calling it calls the DLL, and raises OSError by its failure rule.

    The DLL is looked up at the first call: what is never called costs nothing, and if a version of
    Windows lacks a function, only its callers get an error.
    """

    def __init__(self, dll: str, prototype: str, fails: FailureRule) -> None:
        self.dll = dll
        self.prototype = prototype
        self.name = prototype.partition("(")[0].rpartition(" ")[2]
        self.fails = fails
        self._bound: Any = None

    def types(self) -> tuple[Any, list[Any]]:
        """The ctypes of the result and of the parameters."""
        result, _, rest = self.prototype.partition(" ")
        parameters = rest.partition("(")[2].rstrip(")")
        kinds = [
            kind.strip() + "*" * name.startswith("*")
            for kind, _, name in (one.rpartition(" ") for one in parameters.split(", "))
            if kind
        ]
        return _ctype(result), [_ctype(kind) for kind in kinds]

    def __repr__(self) -> str:
        return f"<{self.dll}.dll: {self.prototype}>"

    def __call__(self, *arguments: Any) -> Any:
        result = (self._bound or self._bind())(*arguments)
        if result and self.fails is null:  # the rule of most: it says what is known already
            return result
        winerror = self.fails(result)
        if winerror is not None:
            raise windows_error(winerror, self.name)
        return result

    def _bind(self) -> Any:
        try:
            function = getattr(_load(self.dll), self.name)
        except AttributeError:
            raise windows_error(ERROR_PROC_NOT_FOUND, f"{self.dll}.dll, {self.name}") from None
        function.restype, function.argtypes = self.types()
        self._bound = function
        return function


def kernel32(prototype: str, fails: FailureRule) -> Function:
    return Function("kernel32", prototype, fails)


def ntdll(prototype: str, fails: FailureRule) -> Function:
    return Function("ntdll", prototype, fails)
