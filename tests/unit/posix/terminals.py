"""Programs on a pseudo-terminal, and what they show."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if sys.platform == "win32":
    raise ImportError("tests.unit.posix is for POSIX")

from ctrlevent._posix import processes
from tests.children import is_alive
from tests.waiting import HANG_LIMIT, wait_until

if TYPE_CHECKING:
    from ctrlevent import PseudoConsole

# Says what it hears, and its name, until it hears SIGTERM.
HEARS = """
import os, signal, sys, time
def hear(number, _):
    os.write(1, f"{sys.argv[1]} hears {signal.Signals(number).name}.\\n".encode())
for name in sys.argv[2:] or ["SIGINT", "SIGQUIT"]:
    signal.signal(getattr(signal, name), hear)
os.write(1, f"{sys.argv[1]} is up\\n".encode())
while True:
    time.sleep(0.01)
"""

# Puts its terminal into the mode in which every key is read, and says which it reads.
RAW = """
import os, tty
tty.setraw(0)
os.write(1, b"up")
os.write(1, b"read %r." % os.read(0, 1))
"""

# Starts a child, in the same group unless told otherwise, and says its pid; then goes on or exits.
STARTS = """
import os, subprocess, sys, time
named = {"session": {"start_new_session": True}, "group": {"preexec_fn": os.setpgrp}}
ignores = "trap '' HUP; " if "nohup" in sys.argv else ""
child = subprocess.Popen(
    ["/bin/sh", "-c", ignores + "echo child $$.; while :; do sleep 1; done"],
    **named.get(sys.argv[1], {}),
)
if "exit" not in sys.argv:
    time.sleep(600)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-c", code, *arguments]


def runs(pid: int) -> bool:
    """Not if it has exited and no process has waited for it yet: an orphan may stay so for long."""
    if not is_alive(pid):
        return False
    try:
        return processes.name_of(pid) is not None or not os.path.exists(f"/proc/{pid}")
    except ProcessLookupError:
        return False


class Screen:
    """All that a console has shown."""

    def __init__(self, console: PseudoConsole) -> None:
        self.console = console
        self.text = ""

    def wait_for(self, text: str) -> None:
        def shown() -> bool:
            self.text += self.console.read(0.05)
            return text in self.text

        wait_until(shown, f"{text!r} on the screen", HANG_LIMIT)

    def rest(self) -> str:
        """All, once the console is closed."""
        while text := self.console.read(HANG_LIMIT):
            self.text += text
        return self.text

    def number_after(self, text: str) -> int:
        self.wait_for(text)
        self.wait_for(".")
        return int(self.text.partition(text)[2].partition(".")[0])


def settings(console: PseudoConsole) -> Any:
    terminal: Any = console._terminal
    return terminal._settings()
