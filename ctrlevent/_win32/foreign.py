"""How a foreign function is bound, called and checked: the only place that loads a DLL.

- The DLLs are loaded privately (`WinDLL(..., use_last_error=True)`), never taken from the
  `ctypes.windll` that the whole process shares: there, anybody may set other argument types.
- `WinDLL`, because it releases the GIL for the call: a handler that runs on another thread while
  a call of ours waits for it needs the GIL.
- The failure rule belongs to the declaration, so no call site can forget it.
"""

from __future__ import annotations

import ctypes
import errno
import sys
from typing import Any, Callable, Optional

ERROR_PROC_NOT_FOUND = 127  # winerror.h

if sys.platform == "win32":

    def _load(dll: str) -> ctypes.CDLL:
        return ctypes.WinDLL(dll, use_last_error=True)

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


# From what a function returned to the Windows error code that it means; None: it did not fail.
FailureRule = Callable[[Any], Optional[int]]


def null(result: Any) -> int | None:
    """NULL or FALSE is failure; the reason is in GetLastError()."""
    return None if result else last_error()


def all_ones(result: Any) -> int | None:
    """(DWORD)-1, such as WAIT_FAILED, is failure; the reason is in GetLastError()."""
    return last_error() if result == 0xFFFF_FFFF else None


def hresult(result: Any) -> int | None:
    """A negative HRESULT is failure; one made of a Windows error code (0x8007xxxx) is that code."""
    if result >= 0:
        return None
    return result & 0xFFFF if result >> 16 & 0xFFFF == 0x8007 else int(result)


def cannot_fail(_result: Any) -> int | None:
    return None


class Function:
    """One foreign function. Calling it calls the DLL, and raises OSError by its failure rule.

    The DLL is looked up at the first call: what is never called costs nothing, and a function
    that a version of Windows lacks is an error only for those who need it.
    """

    def __init__(
        self, dll: str, result: Any, name: str, *arguments: Any, fails: FailureRule, prototype: str
    ) -> None:
        self.dll = dll
        self.result = result
        self.name = name
        self.arguments = arguments
        self.fails = fails
        self.prototype = prototype
        self._bound: Any = None

    def __repr__(self) -> str:
        return f"<{self.dll}.dll: {self.prototype}>"

    def __call__(self, *arguments: Any) -> Any:
        result = (self._bound or self._bind())(*arguments)
        winerror = self.fails(result)
        if winerror is not None:
            raise windows_error(winerror, self.name)
        return result

    def _bind(self) -> Any:
        try:
            function = getattr(_load(self.dll), self.name)
        except AttributeError:
            raise windows_error(ERROR_PROC_NOT_FOUND, f"{self.dll}.dll, {self.name}") from None
        function.restype = self.result
        function.argtypes = self.arguments
        self._bound = function
        return function
