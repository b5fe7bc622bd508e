"""The classes of `subprocess`, whatever stands in their places there by now.

A test that replaces `subprocess.Popen` by a mock may be the first to use `ctrlevent.Popen`, which
then would be derived from that mock, for good. gevent puts a class of its own there. The class of
`subprocess` is still to be found: among the subclasses of its base class.
"""

from __future__ import annotations

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import CalledProcessError as CalledProcessError  # noqa: PLC0414
    from subprocess import CompletedProcess as CompletedProcess  # noqa: PLC0414
    from subprocess import Popen as Popen  # noqa: PLC0414
    from subprocess import TimeoutExpired as TimeoutExpired  # noqa: PLC0414
else:
    import subprocess
    import sys

    def _class(name, *bases):
        """The class of that name that was defined in `subprocess`."""
        kinds = [kind for base in bases for kind in type.__subclasses__(base)]
        found = [kind for kind in kinds if kind.__name__ == name and _is_of_subprocess(kind)]
        # There are several if the module was loaded again.
        standing_there = [kind for kind in found if kind is getattr(subprocess, name, None)]
        return (standing_there or found)[0]

    def _is_of_subprocess(kind):
        """By the module in which its methods look names up."""
        names = [getattr(value, "__globals__", {}) for value in vars(kind).values()]
        return any(globals_.get("__name__") == "subprocess" for globals_ in names)

    def _mend():
        """Put back what gevent has taken out of the module, as its own class has no use for it."""
        if sys.platform == "win32":  # to look for what is not there takes as long as an import
            return
        import _posixsubprocess

        names = {"_posixsubprocess": _posixsubprocess, "_fork_exec": _posixsubprocess.fork_exec}
        for name, real in names.items():
            if vars(subprocess).get(name, real) is None:
                setattr(subprocess, name, real)

    _mend()
    _errors = [kind for kind in Exception.__subclasses__() if kind.__module__ == "subprocess"]
    Popen = _class("Popen", object)
    CompletedProcess = _class("CompletedProcess", object)
    CalledProcessError = _class("CalledProcessError", *_errors)
    TimeoutExpired = _class("TimeoutExpired", *_errors)

# Numbers that mean the same to each `Popen`; subprocess documents them by these names.
PIPE, DEVNULL = -1, -3
