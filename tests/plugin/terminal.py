"""A terminal for an inner session, on which a test presses Ctrl+C."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import ctrlevent
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Its standard input is what is typed, its output what is shown.
_ON_POSIX = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


class Terminal:
    """Runs a command on a terminal of its own; `text` is what it has shown when it has ended."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.text = ""
        self._console: Any = None
        self._process: Any = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        if sys.platform == "win32":
            self._console = ctrlevent.PseudoConsole()
            self._process = self._console.start(command, cwd=folder, env=environment)
            self._reader.start()
        else:
            self._process = ctrlevent.Popen(
                [sys.executable, "-c", _ON_POSIX, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                contain=True,
            )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._console is not None:
            if self._process.poll() is None:
                self._console.end_processes()
            self._console.close()
        else:
            self._process.__exit__(*exc_info)

    def _read(self) -> None:
        while shown := self._console.read():
            self.text += shown

    def press_ctrl_c(self) -> None:
        if self._console is not None:
            self._console.press_ctrl_c()
        else:
            self._process.stdin.write(b"\x03")
            self._process.stdin.flush()

    def wait(self) -> int:
        """Its exit status, when it has ended."""
        if self._console is None:
            self.text = self._process.communicate(timeout=HANG_LIMIT)[0].decode()
            return int(self._process.returncode)
        status = int(self._process.wait(HANG_LIMIT))
        self._console.close()
        self._reader.join(HANG_LIMIT)
        return status
