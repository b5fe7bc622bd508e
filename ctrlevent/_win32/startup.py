"""STARTUPINFOEX and its attributes, out of a `Startup`: what CreateProcessW is told of a child."""

from __future__ import annotations

import contextlib
from ctypes import addressof, byref, c_size_t, c_void_p, create_string_buffer, sizeof
from typing import TYPE_CHECKING, Any

from . import declarations as api
from .constants import (
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_JOB_LIST,
    PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE,
    STARTF_USESHOWWINDOW,
    STARTF_USESTDHANDLES,
)
from .structures import STARTUPINFOEXW

if TYPE_CHECKING:
    from collections.abc import Generator

    from .boundary import Startup


@contextlib.contextmanager
def startup_info(startup: Startup) -> Generator[Any]:
    info: Any = STARTUPINFOEXW()
    info.StartupInfo.cb = sizeof(info)
    if startup.standard_handles is not None:
        info.StartupInfo.dwFlags |= STARTF_USESTDHANDLES
        info.StartupInfo.hStdInput, info.StartupInfo.hStdOutput, info.StartupInfo.hStdError = (
            startup.standard_handles
        )
    if startup.show_window is not None:
        info.StartupInfo.dwFlags |= STARTF_USESHOWWINDOW
        info.StartupInfo.wShowWindow = startup.show_window
    attributes: list[tuple[int, Any, int]] = []
    for attribute, handles in (
        (PROC_THREAD_ATTRIBUTE_HANDLE_LIST, startup.handle_list),
        (PROC_THREAD_ATTRIBUTE_JOB_LIST, startup.job_list),
    ):
        if handles:
            values = (c_void_p * len(handles))(*handles)
            attributes.append((attribute, values, sizeof(values)))
    if startup.pseudo_console is not None:
        # Unlike the others, this attribute's value is the handle itself, not a pointer to it.
        console = c_void_p(startup.pseudo_console)
        attributes.append((PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console, sizeof(console)))
    if not attributes:
        yield info
        return
    size = c_size_t()
    # The first call only asks for the size, and "fails" with ERROR_INSUFFICIENT_BUFFER.
    with contextlib.suppress(OSError):
        api.InitializeProcThreadAttributeList(None, len(attributes), 0, byref(size))
    buffer = create_string_buffer(size.value)
    api.InitializeProcThreadAttributeList(buffer, len(attributes), 0, byref(size))
    try:
        for attribute, value, value_size in attributes:
            api.UpdateProcThreadAttribute(buffer, 0, attribute, value, value_size, None, None)
        info.lpAttributeList = addressof(buffer)
        yield info
    finally:
        api.DeleteProcThreadAttributeList(buffer)
