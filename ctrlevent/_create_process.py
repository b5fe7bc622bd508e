"""`create_process`: CreateProcessW, for what `subprocess` cannot say."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from ._calls import Call
from ._half import half
from ._typing import public

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CreatedProcess:
    """A process that `create_process` has made. The caller closes its two handles."""

    tid: int
    """The id of its first thread."""

    process_handle = thread_handle = 0

    def __init__(
        self, process_handle: int = 0, thread_handle: int = 0, pid: int = 0, tid: int = 0
    ) -> None:
        self._call = Call()
        self.take(process_handle, thread_handle, pid, tid)

    def take(self, process_handle: int, thread_handle: int, pid: int, tid: int) -> None:
        self.pid = pid
        self.tid = tid
        self.process_handle = process_handle
        self.thread_handle = thread_handle

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    def __enter__(self) -> CreatedProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self.process_handle and self._call.lost_its_object():
            half.abandon_process(self)

    def resume(self) -> None:
        """Let it run, if it was created with CREATE_SUSPENDED. Raises OSError."""
        half.resume_thread(self.thread_handle)

    def close(self) -> None:
        """Close both handles, which are 0 from then on. The process goes on."""
        half.close_process(self)


@public
def create_process(
    args: str | Sequence[str],
    *,
    executable: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    creationflags: int = 0,
    standard_handles: tuple[int, int, int] | None = None,
    handle_list: Sequence[int] = (),
    job_list: Sequence[int] = (),
    pseudo_console: int | None = None,
    show_window: int | None = None,
) -> CreatedProcess:
    """Create a process with CreateProcessW, for what `subprocess` cannot say.

    `args`: the command line, or the arguments, quoted as the C runtime of the child will take them
    apart. `executable`: the program, if not the first of them. `cwd`: the folder it starts in.
    `env`: its whole environment; None, the default: the caller's.

    `creationflags`: of "Process Creation Flags", such as CREATE_SUSPENDED (4).

    `standard_handles`: the handles of its stdin, stdout and stderr, 0 for none. `handle_list`: the
    handles that it inherits, besides those; without either it inherits none. All of them must be
    inheritable (`os.set_handle_inheritable`). `job_list`: handles of jobs that it is put into
    before it runs (Windows 10). `pseudo_console`: the handle of the pseudo console that it gets
    (Windows 10 1809). `show_window`: an SW_ constant.

    Whatever interrupts the call, a KeyboardInterrupt at any instruction included: either the caller
    has the object, or the process is gone and its handles are closed.

    Raises `OSError` with `winerror` when Windows refuses (`FileNotFoundError`, `PermissionError`,
    ...), `ValueError` for text with a NUL, for a name in `env` that is empty or has "=" in it, and
    for a handle that is not inheritable. Nothing is left open then. On POSIX always `OSError`
    (ENOSYS): use `subprocess`.

    Source: CreateProcessW (processthreadsapi.h), UpdateProcThreadAttribute.
    """
    held = [CreatedProcess()]
    try:
        half.create_process(
            held[0],
            **checked(args, executable, cwd, env),
            creationflags=creationflags,
            standard_handles=standard_handles,
            handle_list=handle_list,
            job_list=job_list,
            pseudo_console=pseudo_console,
            show_window=show_window,
        )
        return held.pop()  # and no variable has it: see `_calls`
    except BaseException:
        if held and held[0].process_handle:
            half.abandon_process(held[0])
        raise


def checked(
    args: str | Sequence[str],
    executable: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The arguments in the form in which `Half.create_process` takes them. Raises ValueError."""
    command_line = args if isinstance(args, str) else subprocess.list2cmdline(args)
    folder = None if cwd is None else os.fspath(cwd)
    for text in (command_line, executable or "", folder or ""):
        if "\0" in text:
            raise ValueError("a NUL ends text for the system, so there can be none in it")
    for name, value in (env or {}).items():
        # A name may begin with "=": cmd.exe keeps the folders of drives as "=C:".
        if not name or "=" in name[1:] or "\0" in name + value:
            raise ValueError(f"not a variable that an environment can have: {name!r}")
    return {"executable": executable, "command_line": command_line, "env": env, "folder": folder}
