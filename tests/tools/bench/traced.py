"""Each verb once, between marks, under Wine's relay trace.

`python -m tests.tools.bench.traced FILE`.

Writes, as JSON, the verbs in their order, each with what it called at the boundary.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import ctrlevent
from ctrlevent import CTRL_C_EVENT, _win32
from tests.windows.harness import bed_program

from . import subject
from .calls import MARK, Counting
from .plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    os.environ["WINEDEBUG"] = "-all"  # of the others there is nothing to see
    native = bed_program("native")
    plain = Plain()
    leader = subject.start_leader(native)
    elsewhere = subject.start_elsewhere(native)
    verbs: dict[str, Callable[[], object]] = {
        "getpgid(pid)": lambda: ctrlevent.getpgid(leader),
        "getpgid, plain": lambda: plain.getpgid(leader),
        "killpg(pgid, CTRL_C_EVENT)": lambda: ctrlevent.killpg(leader, CTRL_C_EVENT),
        "killpg, plain with the same checks": lambda: plain.killpg(0, leader),
        "GenerateConsoleCtrlEvent, bare": lambda: plain.generate(0, leader),
        "kill(self, CTRL_C_EVENT)": _kill_self,
        "console_processes() of 2": ctrlevent.console_processes,
        "killpg on another console, repeated": lambda: ctrlevent.killpg(elsewhere, CTRL_C_EVENT),
        "Popen": lambda: _end(ctrlevent.Popen([native, "default", "0"])),
        "subprocess.Popen": lambda: _end(
            subprocess.Popen([native, "default", "0"], creationflags=subject.NEW_GROUP)
        ),
    }
    for verb in verbs.values():  # what is bound, loaded and started once
        verb()
    for number, verb in enumerate(verbs.values()):
        plain.mark(MARK + 2 * number)
        verb()
        plain.mark(MARK + 2 * number + 1)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump([[name, _at_the_boundary(verb)] for name, verb in verbs.items()], file)


def _at_the_boundary(verb: Callable[[], object]) -> dict[str, int]:
    real = _win32.system()
    counting: Any = Counting(real)
    _win32._system = counting
    try:
        verb()
    finally:
        _win32._system = real
    return dict(counting.counts)


def _kill_self() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT)


def _end(child: Any) -> None:
    _ended.append(child)  # in the end


_ended: list[Any] = []


if __name__ == "__main__":
    main()
