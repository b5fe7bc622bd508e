"""The verbs that start processes: `Popen` and `create_process`, on Windows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from . import _send
from ._facts import write_ignores_ctrl_c
from ._types import CtrlEvent
from ._win32 import system
from ._win32.boundary import Startup
from ._win32.constants import CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._win32.boundary import Created, System

    # At run time, subprocess.Popen takes no type argument before Python 3.9's end.
    _Popen = subprocess.Popen[Any]
else:
    _Popen = subprocess.Popen


class Popen(_Popen):
    """A `subprocess.Popen` whose child leads a process group of its own and hears Ctrl+C.

    Takes every argument of `subprocess.Popen`, and `console`: "inherit" (the default), the console
    of the caller; or "own", a hidden console of its own, so that no event of the child's reaches
    the caller either.

    With CREATE_NEW_PROCESS_GROUP alone a child ignores Ctrl+C. This one is created suspended, made
    to hear it, and resumed: it never runs an instruction in the other state, and needs no code of
    its own for it. If that fails, the child is ended, everything closed, and the error raised.

    With `shell=True`, and for a .bat or .cmd file, the child is cmd.exe. It gets the Ctrl+C too,
    and waits for the end of the program that it runs; in a batch file it then asks on its stdin
    whether to terminate the batch job, and does so unasked if there is nothing to read
    (`stdin=DEVNULL`).

    Raises what `subprocess.Popen` raises; `ValueError` for another `console`; `PermissionError` if
    the child may not be changed (one that is protected, or runs as another user).

    Source: CREATE_NEW_PROCESS_GROUP (learn.microsoft.com, "Process Creation Flags"), and as for
    `ignore_ctrl_c`.
    """

    def __init__(
        self,
        args: Any,
        bufsize: int = -1,
        executable: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        preexec_fn: Any = None,
        close_fds: bool = True,
        shell: bool = False,
        cwd: Any = None,
        env: Any = None,
        universal_newlines: bool | None = None,
        startupinfo: Any = None,
        creationflags: int = 0,
        restore_signals: bool = True,
        start_new_session: bool = False,
        pass_fds: Any = (),
        *,
        console: str = "inherit",
        **named: Any,
    ) -> None:
        if console not in ("inherit", "own"):
            raise ValueError(f'console must be "inherit" or "own", not {console!r}')
        stays_suspended = creationflags & CREATE_SUSPENDED
        creationflags |= CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED
        if console == "own":
            creationflags |= CREATE_NO_WINDOW
        try:
            super().__init__(
                args,
                bufsize,
                executable,
                stdin,
                stdout,
                stderr,
                preexec_fn,
                close_fds,
                shell,
                cwd,
                env,
                universal_newlines,
                startupinfo,
                creationflags,
                restore_signals,
                start_new_session,
                pass_fds,
                **named,
            )
            windows = system()
            handle = int(self._handle)  # type: ignore[attr-defined]  # typeshed leaves it out
            self._prepare(windows, handle)
            if not stays_suspended:
                windows.NtResumeProcess(handle)
        except BaseException:  # KeyboardInterrupt too: nobody else would ever resume the child
            self._abandon()
            raise

    def _abandon(self) -> None:
        """End the child, if there is one already, and close everything."""
        handle = getattr(self, "_handle", None)
        if handle is None:
            return
        with contextlib.ExitStack() as closing:
            closing.callback(handle.Close)
            for stream in (self.stdin, self.stdout, self.stderr):
                if stream is not None:
                    closing.callback(stream.close)
            self.kill()
            self.wait()

    def _prepare(self, windows: System, handle: int) -> None:
        """What is done to the child before its first instruction."""
        write_ignores_ctrl_c(windows, handle, False)

    @property
    def pgid(self) -> int:
        """The id of the child's process group, which is the child's pid."""
        return self.pid

    def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send Ctrl+C to the child's group: `killpg(self.pgid, CTRL_C_EVENT, timeout=timeout)`.

        Does nothing when the child has ended. Raises what `killpg` raises.
        """
        self._signal(CtrlEvent.CTRL_C_EVENT, timeout)

    def send_signal(self, sig: int) -> None:
        """Send a signal to the child's group: `killpg(self.pgid, sig)`.

        So SIGINT is a Ctrl+C here, and SIGTERM ends the whole group; `terminate()` and `kill()` end
        the child alone. Does nothing when the child has ended. Raises what `killpg` raises.
        """
        self._signal(sig, 5.0)

    def _signal(self, sig: int, timeout: float | None) -> None:
        if self.poll() is not None:
            return
        try:
            _send.killpg(self.pid, sig, timeout=timeout)
        except ProcessLookupError:
            if self.poll() is None:
                raise


class CreatedProcess:
    """A process that `create_process` has made. Its two handles are the caller's to close."""

    def __init__(self, created: Created) -> None:
        self.pid: int = created.dwProcessId
        self.tid: int = created.dwThreadId
        """The id of its first thread."""
        self.process_handle: int = created.hProcess
        self.thread_handle: int = created.hThread

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    def __enter__(self) -> CreatedProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def resume(self) -> None:
        """Let it run, if it was created with CREATE_SUSPENDED. Raises OSError."""
        system().ResumeThread(self.thread_handle)

    def close(self) -> None:
        """Close both handles, which are 0 from then on. The process goes on."""
        handles = self.process_handle, self.thread_handle
        self.process_handle = self.thread_handle = 0
        with contextlib.ExitStack() as closing:
            for handle in handles:
                if handle:
                    closing.callback(system().CloseHandle, handle)


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

    Raises `OSError` with `winerror` when Windows refuses (`FileNotFoundError`, `PermissionError`,
    ...), `ValueError` for text with a NUL, for a name in `env` that is empty or has "=" in it, and
    for a handle that is not inheritable. Nothing is left open then.

    Source: CreateProcessW (processthreadsapi.h), UpdateProcThreadAttribute.
    """
    command_line = args if isinstance(args, str) else subprocess.list2cmdline(args)
    folder = None if cwd is None else os.fspath(cwd)
    for text in (command_line, executable or "", folder or ""):
        if "\0" in text:
            raise ValueError("a NUL ends text on Windows, so there can be none in it")
    block = None if env is None else environment_block(env)
    # Without 0, which stands for none: with bInheritHandles and an empty handle list, Windows would
    # hand on every inheritable handle there is.
    asked_for: list[int] = [*(standard_handles or ()), *handle_list]
    inherited = tuple(handle for handle in dict.fromkeys(asked_for) if handle)
    for handle in inherited:
        if not _is_inheritable(handle):
            raise ValueError(f"handle {handle} is not inheritable; os.set_handle_inheritable it")
    created = system().CreateProcess(
        executable,
        command_line,
        bool(inherited),
        creationflags,
        block,
        folder,
        Startup(
            standard_handles=standard_handles,
            show_window=show_window,
            handle_list=inherited,
            job_list=tuple(job_list),
            pseudo_console=pseudo_console,
        ),
    )
    return CreatedProcess(created)


def environment_block(env: Mapping[str, str]) -> str:
    """What CreateProcessW takes for an environment: NAME=value, each ended by a NUL, sorted.

    Windows looks names up without regard to case, and expects them sorted like that.
    """
    for name, value in env.items():
        # A name may begin with "=": cmd.exe keeps the folders of drives as "=C:".
        if not name or "=" in name[1:] or "\0" in name + value:
            raise ValueError(f"not a variable that an environment can have: {name!r}")
    pairs = sorted(env.items(), key=lambda pair: pair[0].upper())
    return "".join(f"{name}={value}\0" for name, value in pairs) or "\0"


def _is_inheritable(handle: int) -> bool:
    if sys.platform == "win32":
        return os.get_handle_inheritable(handle)
    return True  # on a fake boundary
