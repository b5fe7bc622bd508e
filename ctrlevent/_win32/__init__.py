"""Windows, and the only place that imports ctypes. Knows no policy.

| module | what lives there |
|---|---|
| `native`, `startup`, `python_process` | `System` as Windows itself |
| `boundary` | the Protocol `System`: what Windows is asked, in Python values |
| `whole` | what is done as a whole or not at all, in a thread that no Ctrl+C breaks off |
| `declarations` | one declaration per foreign function |
| `foreign` | how a DLL is loaded, a function called, a failure raised |
| `structures` | PEB and process parameters, as 32- and 64-bit twins |
| `constants` | the SDK's numbers, with their sources |
"""

from __future__ import annotations

from .._late import importing
from .._typing import TYPE_CHECKING
from .._unpatched import allocate_lock

if TYPE_CHECKING:
    from .boundary import System

_system: System | None = None
_making = allocate_lock()


def system() -> System:
    """The system that every verb works on: Windows, or what a test has put in its place."""
    global _system  # noqa: PLW0603  # the one seam: tests replace it
    if _system is None:
        with importing:
            from .native import Native
        with _making:
            if _system is None:
                _system = Native()
    return _system
