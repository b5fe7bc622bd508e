"""What POSIX does not have. Each function raises OSError (ENOSYS), and says what to use instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import unsupported

if TYPE_CHECKING:
    from typing import Callable, NoReturn


def _missing(message: str) -> Callable[..., Any]:
    def function(*_arguments: Any, **_named: Any) -> NoReturn:
        raise unsupported(message)

    return function


broadcast = _missing("there is no console to broadcast through; use killpg() for a group")
create_process = _missing("create_process is CreateProcessW; use subprocess.Popen")
abandon_process = resume_thread = close_process = _missing("handles are of Windows")
escapes = _missing("a terminal takes escape sequences without being told to")
