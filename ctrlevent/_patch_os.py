"""`patch_os`: code that cannot be changed finds in `os` and `subprocess` what POSIX has there."""

from __future__ import annotations

import contextlib
import functools
import os
import warnings
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ._half import half
from ._os_patch import os_kill
from ._queries import getpgid, getpgrp
from ._signals import killpg
from ._typing import public
from ._unpatched import allocate_lock

if TYPE_CHECKING:
    from collections.abc import Generator

Decorated = TypeVar("Decorated")

_MISSING = object()

# Guards `_active`, and what stands in the patched places.
_lock = allocate_lock()
_active: list[_Patch] = []
"""Each attribute that is patched now, the latest last."""


@public
class patch_os:  # noqa: N801
    """While it is in force, `os` and `subprocess` do on Windows what POSIX code expects of them.

    - `os.kill` is `os_kill`; `os` has `killpg`, `getpgid` and `getpgrp`; `signal` has SIGKILL (9).
    - `subprocess.Popen` with `start_new_session=True`, `process_group=0` or
      CREATE_NEW_PROCESS_GROUP: the child leads a process group of its own, and hears Ctrl+C as a
      child of `ctrlevent.Popen` does. Other children are started as without the patch. So it is for
      asyncio, and for all classes that are derived from `subprocess.Popen`.
    - `send_signal` of these classes takes every number that `os_kill` takes: SIGINT is a Ctrl+C.
      Does nothing when the child has exited.

    On POSIX only the four functions of `os` are replaced: the rest is true there already.

    For code that cannot be changed. Three ways to use it:

    - `with patch_os():`
    - a decorator, `@patch_os()`: of a function, coroutine function or generator function; of a
      class, it is that of each of its methods whose name begins with `test`;
    - `start()` and `stop()`, as `unittest.mock` has them.

    It covers code that looks these names up when it calls them. It does not cover a reference from
    before (`from os import kill`), other processes, and code that calls Windows itself. The whole
    process is affected, all its threads. Several may be in force at once; each puts back what it
    found.

    Raises `RuntimeError` for `stop()` without `start()`; `TypeError` for what it cannot decorate.
    A patch_os() that is never used warns when it is deleted (RuntimeWarning): it had no effect.
    """

    def __init__(self) -> None:
        self._used = False
        self._started: list[list[_Patch]] = []

    def start(self) -> patch_os:
        """Put it in force, until `stop()`. Returns itself."""
        self._used = True
        with _lock:
            self._started.append(_apply())
        return self

    def stop(self) -> None:
        """Put back what was there before.

        Raises `RuntimeError` if it was stopped more often than started.
        """
        with _lock:
            if not self._started:
                raise RuntimeError("this patch_os() was stopped more often than started")
            _undo(self._started.pop())

    def __enter__(self) -> patch_os:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __call__(self, decorated: Decorated) -> Decorated:
        self._used = True
        decorated_so: Decorated = _decorate(decorated)
        return decorated_so

    def __del__(self) -> None:
        if not getattr(self, "_used", True):
            warnings.warn(
                "patch_os() was never entered; use `with patch_os():`, .start(), or as a decorator",
                RuntimeWarning,
                stacklevel=2,
            )


def _decorate(decorated: Any) -> Any:
    import inspect  # is slow to import, and seldom needed

    if isinstance(decorated, type):
        return _decorate_tests(decorated)
    if inspect.isasyncgenfunction(decorated) or not callable(decorated):
        raise TypeError(f"patch_os() cannot decorate {decorated!r}; use `with patch_os():` inside")
    if inspect.iscoroutinefunction(decorated):

        async def coroutine(*arguments: Any, **named: Any) -> Any:
            with patch_os():
                return await decorated(*arguments, **named)

        return functools.wraps(decorated)(coroutine)
    if inspect.isgeneratorfunction(decorated):
        return _decorate_generator(decorated)

    def function(*arguments: Any, **named: Any) -> Any:
        with patch_os():
            return decorated(*arguments, **named)

    return functools.wraps(decorated)(function)


def _decorate_generator(decorated: Callable[..., Generator[Any, Any, Any]]) -> Any:
    def generator(*arguments: Any, **named: Any) -> Generator[Any, Any, Any]:
        with patch_os():
            return (yield from decorated(*arguments, **named))

    return functools.wraps(decorated)(generator)


def _decorate_tests(kind: type) -> type:
    import inspect

    names = [name for name in dir(kind) if name.startswith("test")]
    methods = {name: inspect.getattr_static(kind, name) for name in names}
    functions = {name: value for name, value in methods.items() if inspect.isfunction(value)}
    if not functions:
        raise TypeError(
            f"{kind!r} has no method test...; decorate the methods that need patch_os()"
        )
    for name, function in functions.items():
        setattr(kind, name, _decorate(function))
    return kind


class _Patch:
    """An attribute, with what stood there before.

    `make`: makes the value, out of a function that returns what the value stands in front of.
    `undone`: is called when the attribute is as before.
    """

    def __init__(
        self,
        target: Any,
        name: str,
        make: Callable[[Callable[[], Any]], Any],
        undone: Callable[[], None] | None = None,
    ) -> None:
        self.place = (target, name)
        self._undone = undone
        self.found = getattr(target, name, _MISSING)
        self._value = make(lambda: self.found)
        setattr(target, name, self._value)

    def undo(self, later: list[_Patch]) -> None:
        """`later`: those in force that came after this."""
        target, name = self.place
        for other in later:
            # It found what this patch had put there, and must not put that back later.
            if other.place == self.place and other.found is self._value:
                other.found = self.found
                return
        if self.found is not _MISSING:
            setattr(target, name, self.found)
        else:
            with contextlib.suppress(AttributeError):  # other code has removed it
                delattr(target, name)
        if self._undone is not None:
            self._undone()


def _replaced_by(function: Any, _found: Callable[[], Any]) -> Any:
    return function


def _apply() -> list[_Patch]:
    in_os = {"kill": os_kill, "killpg": killpg, "getpgid": getpgid, "getpgrp": getpgrp}
    places: list[tuple[Any, ...]] = [
        (os, name, functools.partial(_replaced_by, function)) for name, function in in_os.items()
    ]
    applied: list[_Patch] = []
    try:
        for place in [*places, *half.further_patches(_popen_class, os_kill)]:
            applied.append(_Patch(*place))
            _active.append(applied[-1])
    except BaseException:
        _undo(applied)
        raise
    return applied


def _undo(patches: list[_Patch]) -> None:
    for patch in reversed(patches):
        index = _active.index(patch)
        del _active[index]
        patch.undo(_active[index:])


def _popen_class() -> type[Any]:
    from ._subprocess import Popen

    return Popen
