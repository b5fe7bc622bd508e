"""`multiprocessing_context`: multiprocessing's children, in what group, and whether they hear.

The context is of multiprocessing's own kind (`BaseContext`), so pools, managers, queues and
`concurrent.futures` take it as it is. It has a `Process` class of its own, which is all by which
a context starts children.

What does not work:

- To give multiprocessing creation flags: its `Popen` for Windows has none to give
  (python/cpython#140970).
- To put something else in the place of what that `Popen` calls (`_winapi` in the module
  `popen_spawn_win32`), for the time of a start: other threads start children by it meanwhile.
- A `Process` class that the child would have to import: the child cannot import this package before
  it has the caller's `sys.path`, and need not have it at all. So the child gets multiprocessing's
  own class (`__reduce_ex__`).
- A function as `context.Process`: users derive classes from it.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import process as _process
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, ClassVar, cast

from . import _arguments
from ._half import half
from ._typing import public
from ._unpatched import system_calls

if TYPE_CHECKING:
    from ._protocol import ProcessStart


class ContextProcess(BaseProcess):
    """A child of a `multiprocessing_context`: a `multiprocessing.Process`, with two things more."""

    _plain: ClassVar[type[BaseProcess]]
    """The class of multiprocessing that this is, but for its start."""
    _leads_group: ClassVar[bool]
    _hears_keyboard: ClassVar[bool]
    _start_method: ClassVar[str]

    @property
    def pgid(self) -> int | None:
        """The id of the child's process group; None before its start.

        It is the child's pid with `group="own"`, else the id of the caller's group.
        """
        return self.pid if self._leads_group or self.pid is None else half.getpgid(0)

    def interrupt(self, timeout: float | None = 5.0) -> None:
        """Send Ctrl+C to the child: to its group if it leads a group, else to the child alone.

        With `keyboard=False` too, as long as the child leads a group or this is Windows. `timeout`:
        seconds, as in `killpg`.

        Does nothing when the child has exited. Raises what `killpg` or `kill` raises; `ValueError`
        before the start; `CtrlCIgnored` on POSIX with `group="inherit", keyboard=False`.

        (Since Python 3.14 multiprocessing has a method of that name, for POSIX:
        python/cpython#131913.)
        """
        options = _arguments.options(timeout, True)
        if self.pid is None:
            raise ValueError("the process has not been started")
        if self.is_alive():
            popen: Any = vars(self)["_popen"]
            try:
                popen.interrupt(options)
            except ProcessLookupError:
                if self.is_alive():
                    raise

    def start(self) -> None:
        """Start the child. Whatever breaks it off: the child runs, or is gone and can be started.

        Raises what `multiprocessing.Process.start` raises, and `PermissionError` if the child may
        not be changed. If its arguments cannot be pickled, it has not run an instruction on Windows
        and there is no child on POSIX.
        """
        before = dict(vars(self))
        start = half.process_start(self._start_method, self._leads_group, self._hears_keyboard)
        try:
            vars(self)["_starting"] = start
            super().start()
        except BaseException:  # KeyboardInterrupt too: no other code would end the child
            if system_calls.getpid() != before["_parent_pid"]:
                system_calls._exit(1)  # noqa: SLF001  # a forked child that has not begun yet
            start.abandon()
            if before["_popen"] is None:
                _running().discard(self)
                vars(self).clear()
                vars(self).update(before)
            raise

    @staticmethod
    def _Popen(process: BaseProcess) -> Any:
        start: ProcessStart = vars(process).pop("_starting")
        return start.run(process)

    def _bootstrap(self, *arguments: Any, **named: Any) -> Any:
        """In the child. What a forked child has to do before all else comes first."""
        begin = vars(self).pop("_begin", None)
        if begin is not None:  # pragma: no cover - in the child
            begin()
        theirs: Any = super()
        return theirs._bootstrap(*arguments, **named)  # noqa: SLF001

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(protocol)
        if vars(type(self)).get("_plain") is None:
            return reduced  # a class of the user's, which the child imports
        return (object.__new__, (self._plain,), *reduced[2:])


def _running() -> set[Any]:
    """The children of this process that multiprocessing has not seen exit yet."""
    children: set[Any] = vars(_process)["_children"]
    return children


class Context(BaseContext):
    """A context of multiprocessing, made by `multiprocessing_context`."""

    Process: type[ContextProcess]
    """The class of its children."""

    def __init__(self, method: str, leads_group: bool, hears_keyboard: bool) -> None:
        plain: Any = vars(type(multiprocessing.get_context(method)))["Process"]
        self._name = method
        self._leads_group = leads_group
        self._hears_keyboard = hears_keyboard
        # With multiprocessing's name for it, which is a part of the names of its processes.
        self.Process = cast(
            "type[ContextProcess]",
            type(
                plain.__name__,
                (ContextProcess, plain),
                {
                    "__doc__": ContextProcess.__doc__,
                    "__module__": plain.__module__,
                    "_plain": plain,
                    "_leads_group": leads_group,
                    "_hears_keyboard": hears_keyboard,
                },
            ),
        )

    def __reduce__(self) -> Any:
        return Context, (self._name, self._leads_group, self._hears_keyboard)

    def get_context(self, method: str | None = None) -> Any:
        """Return this context, or the same with another start method. Raises ValueError."""
        if method in (None, self._name):
            return self
        return Context(str(method), self._leads_group, self._hears_keyboard)


def _method_of_the_program() -> str:
    """Not by `multiprocessing.get_context()`, which settles it for good."""
    settled: str | None = multiprocessing.get_start_method(allow_none=True)
    return settled or multiprocessing.get_all_start_methods()[0]  # the default is the first


@public
def multiprocessing_context(
    method: str | None = None, *, group: str = "own", keyboard: bool = True
) -> Context:
    """A `multiprocessing` context: which group its children are in, and whether they hear the key.

    Use it as any context: its `Process`, `Pool`, `Queue`, `Manager` and so on, and
    `concurrent.futures.ProcessPoolExecutor(mp_context=context)`.

    `method`: "spawn", "fork" or "forkserver", as in `multiprocessing.get_context`; None, the
    default: what multiprocessing uses in this program.

    `group`: "own", the default: each child leads a process group of its own; its pid is the id.
    "inherit": the children are in the caller's group, as those of multiprocessing itself.

    `keyboard`: whether a Ctrl+C that the user presses reaches the children.

    - True, the default: it does; but on POSIX not with `group="own"`, as the key is for the group
      of the terminal.
    - False: it does not. A child on Windows ignores Ctrl+C, and a child on POSIX that is in the
      caller's group ignores SIGINT.

    No code in the child has a part in it, and the child never runs an instruction of the user's in
    another state. With `keyboard=True` the child hears Ctrl+C even if the caller ignores it.

    The children have two things more than a `multiprocessing.Process`: `pgid`, and
    `interrupt(timeout=5.0)`, a Ctrl+C to this child. It reaches a child with `keyboard=False` too,
    which hears this one event; while it does so, for some tenths of a second, a child on Windows
    would hear the key as well. But a child on POSIX that is in the caller's group and ignores
    SIGINT cannot be made to hear from outside: `interrupt()` raises `CtrlCIgnored`, and
    `terminate()` is left. `killpg` and `kill` are the same events, except that they refuse a child
    on Windows that ignores Ctrl+C (`CtrlCIgnored`).

    To share a group of their own, apart from the caller's, is not offered: a process of Windows
    gets its group from its creator or leads a new group.

    Whatever interrupts `start()` of a child, a KeyboardInterrupt at any instruction included:
    either the child runs, or it is gone, and all that was opened is closed. (On POSIX, a second
    SIGINT breaks off a start that hangs.) On Windows `join()` is broken off by a Ctrl+C at once, as
    on POSIX.

    Raises `ValueError` for another `method` or `group`, and for a method that this system does not
    have.

    Source: CREATE_NEW_PROCESS_GROUP (learn.microsoft.com, "Process Creation Flags"); the Python
    documentation, "multiprocessing", "Contexts and start methods".
    """
    if group not in ("own", "inherit"):
        raise ValueError(f'group must be "own" or "inherit", not {group!r}')
    if method is None:
        method = _method_of_the_program()
    return Context(method, group == "own", bool(keyboard))
