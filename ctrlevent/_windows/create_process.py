"""CreateProcessW, out of arguments that the face has checked."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from .._win32 import system
from .._win32.boundary import Startup
from .._win32.constants import CREATE_SUSPENDED
from .._win32.whole import whole
from .standing_guards import clear_first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._win32.boundary import Created

# Milliseconds that a process may take to be gone after TerminateProcess.
_GONE_WITHIN = 5000


def create_process(owner: Any, **named: Any) -> None:
    # Suspended, so that a process that is abandoned has not run.
    whole(partial(_give, owner, named))
    if not named["creationflags"] & CREATE_SUSPENDED:
        resume_thread(owner.thread_handle)


def _give(owner: Any, named: dict[str, Any]) -> None:
    owner.take(*create_suspended(**named))


def abandon_process(owner: Any) -> None:
    whole(partial(_end, owner))


def _end(owner: Any) -> None:
    end_process(*_taken_from(owner))


def close_process(owner: Any) -> None:
    whole(lambda: close_handles(_taken_from(owner)))


def _taken_from(owner: Any) -> tuple[int, int]:
    handles = owner.process_handle, owner.thread_handle
    owner.process_handle = owner.thread_handle = 0
    return handles


def end_process(process_handle: int, thread_handle: int) -> None:
    """End a process that was just created, if it is there, and close its handles."""
    windows = system()
    try:
        if process_handle:
            # Refused if it has just exited by itself.
            with contextlib.suppress(PermissionError):
                windows.TerminateProcess(process_handle, 1)
            windows.WaitForSingleObject(process_handle, _GONE_WITHIN)
    finally:
        close_handles((process_handle, thread_handle))


def create_suspended(
    *,
    executable: str | None,
    command_line: str,
    env: Mapping[str, str] | None,
    folder: str | None,
    creationflags: int,
    standard_handles: tuple[int, int, int] | None = None,
    handle_list: Sequence[int] = (),
    job_list: Sequence[int] = (),
    pseudo_console: int | None = None,
    show_window: int | None = None,
) -> Created:
    windows = system()
    # Without 0, which stands for none: with bInheritHandles and an empty handle list, Windows would
    # hand on every inheritable handle there is.
    asked_for: list[int] = [*(standard_handles or ()), *handle_list]
    inherited = tuple(handle for handle in dict.fromkeys(asked_for) if handle)
    for handle in inherited:
        if not windows.get_handle_inheritable(handle):
            raise ValueError(f"handle {handle} is not inheritable; os.set_handle_inheritable it")
    return windows.CreateProcess(
        executable,
        command_line,
        bool(inherited),
        creationflags | CREATE_SUSPENDED,
        None if env is None else environment_block(env),
        folder,
        Startup(
            standard_handles=standard_handles,
            show_window=show_window,
            handle_list=inherited,
            job_list=tuple(job_list),
            pseudo_console=pseudo_console,
        ),
    )


def environment_block(env: Mapping[str, str]) -> str:
    """What CreateProcessW takes for an environment: NAME=value, each ended by a NUL, sorted.

    Windows looks names up without regard to case, and expects them sorted like that.
    """
    pairs = sorted(env.items(), key=lambda pair: pair[0].upper())
    return "".join(f"{name}={value}\0" for name, value in pairs) or "\0"


def resume_thread(handle: int) -> None:
    clear_first()
    system().ResumeThread(handle)


def close_handles(handles: Sequence[int]) -> None:
    """Close all of them, even if one of them cannot be closed. A handle 0 is none."""
    with contextlib.ExitStack() as closing:
        for handle in handles:
            if handle:
                closing.callback(system().CloseHandle, handle)
