"""`Half`: what each half of the package does for the face, on its system.

The face has checked the arguments already. A pid 0 is the caller. What each does and raises is said
by the docstring of the public name; here stands only what is not said there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from ._arguments import Action, Options
    from ._patience import Patience, Presses
    from ._types import CtrlEvent, Delivery, Preview, ProcessInfo

    # The process, its output and its errors, and what has broken it off (or None).
    RunResult = tuple[Any, Any, Any, "BaseException | None"]


class Half(Protocol):
    events_sent: Mapping[int, CtrlEvent]
    """The numbers that `kill` takes for an event, but for 0."""
    events_heard: Mapping[int, CtrlEvent]
    """The members of `signal.Signals` that stand for an event of `handler`."""

    def killpg(self, pgid: int, action: Action, options: Options) -> None: ...
    def kill(self, pid: int, action: Action, options: Options) -> Delivery: ...
    def os_kill(self, pid: int, event: CtrlEvent, options: Options) -> None: ...
    def preview_killpg(self, pgid: int, action: Action, options: Options) -> Preview: ...
    def preview_kill(self, pid: int, action: Action, options: Options) -> Preview: ...
    def broadcast(self, event: CtrlEvent, console_of: int) -> None: ...

    def getpgid(self, pid: int) -> int: ...
    def ignores_ctrl_c(self, pid: int) -> bool: ...
    def console_processes(self) -> tuple[ProcessInfo, ...]: ...
    def process_tree(self, pid: int) -> tuple[ProcessInfo, ...]:
        """A process and its live descendants on whatever console, in whatever group."""
        ...

    def stopping(self, pid: int) -> Stopping: ...

    def ignore_ctrl_c(self, ignore: bool, pid: int) -> bool: ...
    def registration(
        self, events: frozenset[CtrlEvent], take: Callable[[int], bool]
    ) -> Registration:
        """`take` gets an event, maybe not of these, and says whether it took it."""
        ...

    def guard(self, every: float | None) -> ConsoleGuard: ...
    def guard_pids(self) -> set[int]:
        """Of the processes of the guards that this process has."""
        ...

    def start(
        self, named: dict[str, Any], console: str, keyboard: bool, tree: Tree | None
    ) -> Start:
        """Change the keywords of `subprocess.Popen` so that its child leads a group."""
        ...

    def tree(self, contain: bool) -> Tree:
        """Not contained, it is the child's process group."""
        ...

    def whole(self, function: Callable[[], object]) -> None:
        """Call a function; a KeyboardInterrupt comes when it has ended."""

    def interrupt(self, pgid: int, options: Options, *, is_deaf: bool, deafens: bool) -> None:
        """Ctrl+C to the group of a child.

        `is_deaf`: as `Start` says. `deafens`: no key reaches the group after this.
        """

    def wait(self, process: Any, timeout: float | None, plain: Callable[..., int]) -> int:
        """`plain`: that of `subprocess.Popen`."""
        ...

    def end_child(self, process: Any, terminate: Callable[[], None], signal_name: str) -> None:
        """End the child of a `Popen` alone, on POSIX with that signal. Nothing if it has exited.

        `terminate`: that of `subprocess.Popen`.
        """

    def process_start(
        self, method: str, leads_group: bool, hears_keyboard: bool
    ) -> ProcessStart: ...
    def further_patches(
        self, popen_class: Callable[[], type[Any]], os_kill: Callable[[int, int], None]
    ) -> list[tuple[Any, ...]]:
        """What `patch_os` changes besides `os`: the arguments of `_patch_os._Patch` for each.

        `popen_class` returns the class whose methods are patched.
        """
        ...

    def loop_child(
        self, named: dict[str, Any], console: str, keyboard: bool, takes_process_group: bool
    ) -> LoopChild:
        """Change the keywords of `loop.subprocess_exec` so that its child leads a group.

        `takes_process_group`: whether the loop knows that keyword of `subprocess.Popen`.
        """
        ...

    def create_process(self, owner: Any, **named: Any) -> None:
        """The keywords of the public function, as `_create_process.checked` makes them.

        `owner`: a `CreatedProcess`, whose `take` gets the handles of the process and of its first
        thread, and their ids.
        """

    def abandon_process(self, owner: Any) -> None:
        """End what was created for this owner, if it is there already, and close its handles."""

    def resume_thread(self, handle: int) -> None: ...
    def close_process(self, owner: Any) -> None:
        """Close the handles of a `CreatedProcess`, which are 0 from then on."""

    def terminal(self, columns: int, rows: int) -> Terminal: ...
    def escapes(self, fd: int) -> AbstractContextManager[bool]:
        """Let the console behind `fd` take escape sequences; false if there is no such console."""
        ...

    # These two get the class of the face that starts the command: `_popen.Popen`, contained,, and
    # `_pseudo_console.PseudoConsole`.
    def run(
        self,
        contained: Callable[..., Any],
        args: Any,
        input: Any,
        named: dict[str, Any],
        patience: Patience,
        presses: Presses,
        inject: bool,
    ) -> RunResult: ...
    def run_on_terminal(
        self,
        pseudo_console: Callable[..., Any],
        args: Any,
        input: Any,
        capture_output: bool,
        named: dict[str, Any],
        patience: Patience,
        presses: Presses,
        inject: bool,
    ) -> RunResult: ...


class Registration(Protocol):
    """A handler that is registered between `add` and `remove`."""

    def add(self) -> None: ...
    def remove(self) -> None:
        """Also if it was not added, or only in part."""


class ConsoleGuard(Protocol):
    """What a `Guard` is made of."""

    @property
    def pid(self) -> int | None:
        """Of its process; None where there is none."""
        ...

    is_needed: bool
    """Whether the console leaves events pending, once it has started."""

    def start(self) -> None: ...
    def clear(self, seconds: float) -> bool | None: ...
    def found(self) -> int:
        """How often it has found a Ctrl+C pending."""
        ...

    def stop(self) -> None:
        """Also if it has not started, or only in part."""


class Stopping(Protocol):
    """A process, not the caller and no child of it, and what `os_kill` means by its pid.

    Held within a `with` block. Entering it finds them, and raises what `os_kill` raises for the
    pid, and PermissionError if the process may not be ended.
    """

    def __enter__(self) -> Stopping: ...
    def __exit__(self, *exc_info: object) -> None: ...
    @property
    def named(self) -> tuple[int, bool]:
        """The arguments by which `kill` means them: the pid or minus the group, and `tree`."""
        ...

    @property
    def exit_code(self) -> int | None:
        """Of the process, if it has exited and the system tells it."""
        ...

    def interrupt(self, options: Options) -> None:
        """Ctrl+C to them. Raises what `os_kill` raises."""

    def is_running(self) -> bool:
        """The process itself."""
        ...

    def wait(self, seconds: float) -> bool:
        """Whether all of them are gone; waits for that. A KeyboardInterrupt breaks it off."""
        ...

    def end(self) -> None:
        """All that are left. They may take a moment to be gone."""


class Tree(Protocol):
    """A child with all that it starts, or with its process group."""

    def wait(self, process: Any, end: float) -> bool:
        """Whether they have exited; waits for that until then, by `_unpatched.monotonic`."""
        ...

    def end(self, process: Any) -> None:
        """End them, and wait until they are gone. A second call does nothing."""


class Start(Protocol):
    """The start of the child of a `subprocess.Popen`."""

    is_deaf: bool
    """Whether no Ctrl+C reaches its group, but what `interrupt` of the half sends."""
    hears_keys: bool
    """Whether the user's Ctrl+C reaches it, beside the caller."""

    def run(self, process: Any, create: Callable[[], None]) -> None:
        """`create`: the `__init__` of `subprocess.Popen`, with all its arguments."""

    def abandon(self, process: Any) -> None:
        """End the child and close everything.

        The start has failed, or was interrupted, maybe before there was a child, maybe at its end.
        """


class LoopChild(Protocol):
    """A child that an event loop starts. The loop has its `subprocess.Popen`, and waits for it."""

    is_deaf: bool
    hears_keys: bool
    """Both as of a `Start`."""
    sends_at_once: bool
    """Whether sending to its group takes so little time that a loop may stand still for it."""

    @property
    def starts_at_once(self) -> bool:
        """The same of `let_run`."""
        ...

    def create(self, begin: Callable[[], object]) -> None:
        """Call `begin`, which creates the child, so that no KeyboardInterrupt breaks it off."""

    def let_run(self, pid: int, process: Any) -> None:
        """Once there is a transport. `process`: its `subprocess.Popen`, if the loop gives it."""

    def has_exited(self) -> bool:
        """Maybe before the loop knows it. False where the system cannot tell."""
        ...

    def is_gone(self) -> bool:
        """When the child has exited: whether the rest of its group has exited too."""
        ...

    def end(self) -> None:
        """End the child, and what is left of its group. Not a child that has not run yet."""

    def clear_first(self) -> None:
        """Before the child is ended: see `_windows.standing_guards`."""


class ProcessStart(Protocol):
    """The start of the child of a `multiprocessing.Process`."""

    def run(self, process: Any) -> Any:
        """Start it; returns what multiprocessing calls a `Popen`, which has `interrupt(options)`.

        On POSIX a forked child calls `_begin` of the process first, if that is there.
        """

    def abandon(self) -> None:
        """End the child and close everything, as that of `Start`."""


class TerminalProcess(Protocol):
    """A process on a `PseudoConsole`, like a `subprocess.Popen` without pipes."""

    args: Any
    pid: int
    returncode: Any
    """Its exit status, once it is known: an int."""

    def poll(self) -> Any:
        """Its exit status; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit; returns its exit status. Raises `subprocess.TimeoutExpired`."""
        ...

    def wait_until(self, deadline: float) -> bool: ...
    def kill(self) -> None:
        """End it: with exit status 1, on POSIX with SIGKILL. Does nothing when it has exited."""


class Terminal(Protocol):
    """What a `PseudoConsole` is made of.

    `start`: the arguments as they were given, and as `Half.create_process` gets them.
    """

    is_open: bool
    """From the end of `open` to that of `close`."""

    def open(self) -> None: ...

    def start(self, args: Any, creationflags: int = 0, **named: Any) -> TerminalProcess: ...
    def read(self, seconds: float) -> str: ...
    def write_bytes(self, data: bytes) -> None: ...
    def press_ctrl_c(self) -> None: ...
    def resize(self, columns: int, rows: int) -> None: ...
    def close(self) -> None: ...
    def end_processes(self) -> None: ...
