"""What both halves do for `run` on a terminal, whose ends are the caller's streams."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from ._subprocess import TimeoutExpired

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Callable

STDIN, STDOUT = 0, 1
_SIZE = 120, 30
_CHUNK = 1 << 12


def options(named: dict[str, Any]) -> bool:
    """Take the options of `subprocess.run` out that `start` does not take.

    Returns whether text is wanted, as `subprocess` has it. It is always UTF-8. Raises ValueError.
    """
    for name in ("stdin", "stdout", "stderr"):
        if named.pop(name, None) is not None:
            raise ValueError(f'{name} is the terminal, with console="pty"')
    wants_text = ("text", "universal_newlines", "encoding", "errors")
    return bool([name for name in wants_text if named.pop(name, None)])


def size(otherwise: tuple[int, int] = _SIZE) -> tuple[int, int]:
    """The size of the caller's terminal; `otherwise` if there is none, or it has none."""
    try:
        columns, rows = os.get_terminal_size(STDOUT)
    except OSError:
        return otherwise
    return (columns, rows) if columns and rows else otherwise


@contextlib.contextmanager
def shown_on_stdout() -> Generator[Callable[[str], None]]:
    """How to show something on the caller's stdout, be that what it may."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    try:
        stdout = open(STDOUT, "wb", buffering=0, closefd=False)  # noqa: SIM115
    except OSError:  # a program without standard streams, such as pythonw
        yield lambda _text: None
        return

    def show(text: str) -> None:
        data = text.encode()
        while data:
            data = data[stdout.write(data) :]

    with stdout:
        yield show


def copy_screen(console: Any, show: Callable[[str], None]) -> None:
    with contextlib.suppress(OSError):  # its reader is gone
        while True:
            text = console.read()
            if not text:
                return
            show(text)


def captured(shown: list[str], is_text: bool, broken_off: BaseException | None) -> Any:
    """The output, for the result; and for the TimeoutExpired that has broken `run` off."""
    text = "".join(shown)
    found = text if is_text else text.encode()
    if isinstance(broken_off, TimeoutExpired):
        broken_off.output = found
    return found


def stdin() -> Any:
    """That of the caller, as a file; None if there is none."""
    try:
        return open(STDIN, "rb", buffering=0, closefd=False)
    except OSError:
        return None


def copy_stream(stream: Any, console: Any, stop: list[None]) -> None:
    """Type what comes from a stream that is no terminal, until its end or `stop`."""
    with contextlib.suppress(OSError):
        while not stop:
            data = stream.read(_CHUNK)
            if not data:
                return
            console.write_bytes(data)
