"""`python -m ctrlevent patched`: a script or module, run as `python` runs it, within `patch_os()`.

What does not work: `runpy.run_path` and `runpy.run_module` put another `__main__` in place for as
long as the code runs. What runs afterwards (threads, atexit functions, the children that
multiprocessing starts from them) would find the `__main__` of this package there.
"""

from __future__ import annotations

import builtins
import io
import os
import pkgutil
import runpy
import sys
import types
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

from ._patch_os import patch_os

if TYPE_CHECKING:
    from collections.abc import Sequence

# The exit status of `python SCRIPT` if the script cannot be opened.
CANNOT_OPEN = 2


def run_module(name: str, arguments: Sequence[str]) -> int:
    """What `python -m NAME ARGUMENTS` does."""
    sys.argv[:] = ["-m", *arguments]
    _become_main()
    if not _is_safe_path():
        sys.path[0] = os.getcwd()
    patch_os().start()
    _run_as_main(name, True)
    return 0


def run_script(script: str, arguments: Sequence[str]) -> int:
    """What `python SCRIPT ARGUMENTS` does: for a file, a folder, or an archive of modules."""
    sys.argv[:] = [script, *arguments]
    main = _become_main()
    if pkgutil.get_importer(script) is not None:
        if _is_safe_path():
            sys.path.insert(0, os.path.abspath(script))
        else:
            sys.path[0] = os.path.abspath(script)
        patch_os().start()
        _run_as_main("__main__", False)
        return 0
    path = os.path.abspath(script)
    try:
        code = _code(path)
    except OSError as error:
        print(
            f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        return CANNOT_OPEN
    if not _is_safe_path():
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    vars(main).update(__file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path))
    patch_os().start()
    exec(code, vars(main))
    return 0


def _become_main() -> types.ModuleType:
    """An empty `__main__`, as a program has it; and tracebacks that begin there."""
    main = types.ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    # The `__main__` before is this package's, whose code is running.
    sys.modules["__main__"], main_before = main, sys.modules["__main__"]
    found = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        # The hook of Python shows the traceback that the exception has, whatever it is given.
        trace = _of_program(trace, vars(main), vars(main_before))
        found(kind, error.with_traceback(trace), trace)

    sys.excepthook = hook
    return main


def _of_program(trace: Any, main: dict[str, Any], package: dict[str, Any]) -> Any:
    """The traceback without what has started the program: this package, and `runpy`."""
    own = __name__.rpartition(".")[0]
    while trace is not None:
        names = trace.tb_frame.f_globals
        name = str(names.get("__name__"))
        is_of_others = name == "runpy" or name.rpartition(".")[0] == own
        if names is main or not (names is package or is_of_others):
            return trace
        trace = trace.tb_next
    return None


def _is_safe_path() -> bool:
    """Whether Python puts nothing in front of the import path: -P and -I, since 3.11 and before."""
    return bool(getattr(sys.flags, "safe_path", sys.flags.isolated))


def _run_as_main(name: str, alter_argv: bool) -> None:
    # Not public, and what `python -m` itself calls, in every version.
    getattr(runpy, "_run_module_as_main")(name, alter_argv)  # noqa: B009


def _code(path: str) -> Any:
    with io.open_code(path) as file:
        code = getattr(pkgutil, "read_code")(file)  # noqa: B009  # as runpy: None if it is no .pyc
    if code is None:
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    return code
