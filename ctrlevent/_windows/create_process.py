"""CreateProcessW, out of arguments that the face has checked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._win32 import system
from .._win32.boundary import Startup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._win32.boundary import Created


def create_process(
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
        creationflags,
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
    system().ResumeThread(handle)


def close_handles(handles: Sequence[int]) -> None:
    """Close all of them, even if one of them cannot be closed. A handle 0 is none."""
    with contextlib.ExitStack() as closing:
        for handle in handles:
            if handle:
                closing.callback(system().CloseHandle, handle)
