"""The measurements on Windows: `python -m tests.bench.on_windows FILE [SHARE]`.

Makes consoles with as many processes as are wanted, has their subjects measure in small batches by
turns, and writes all samples to the file. Sends nothing itself.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import sys
from typing import Any, Callable

from tests.windows.harness import NEW_GROUP, Actor, Console, bed_program

from . import importing, subject
from .interleaved import Samples, merge

SIZES = (2, 16, 64, 256)
BATCHES = 10

IMPORTS = {
    "ctrlevent": "import ctrlevent",
    "standard": "import ctypes, subprocess, signal",
    "killpg": "from ctrlevent import killpg",
}


def main() -> None:
    file, share = sys.argv[1], float((*sys.argv[2:], "1")[0])

    def times(rounds: int) -> int:
        return max(2, round(rounds * share))

    samples: dict[str, Samples] = {}
    _say("imports")
    samples["import"] = importing.measure(IMPORTS, times(25))
    native = bed_program("native")
    with contextlib.ExitStack() as stack:
        consoles = {size: stack.enter_context(Console()) for size in SIZES}
        subjects = {size: console.parent for size, console in consoles.items()}
        small, *larger = SIZES
        leaders = {small: _fill(subjects[small], native, small)}

        # First what needs no crowd: all processes there are can matter to an event elsewhere.
        alone: Callable[..., Samples] = subjects[small].call
        _say("kill(self)")
        samples["kill self"] = alone(subject.measure_kill_self, times(500))
        _say("Popen")
        samples["Popen"] = alone(subject.measure_popen, native, times(100))
        elsewhere = alone(subject.start_elsewhere, native)
        _say("another console, first")
        samples["elsewhere, first"] = alone(subject.measure_first, elsewhere, times(15))
        _say("another console, again")
        samples["elsewhere, again"] = alone(subject.measure_repeated, elsewhere, times(20))

        def by_turns(name: str, function: Any, sizes: Any, rounds: int) -> None:
            _say(name)
            for _ in range(BATCHES):
                for size in sizes:
                    batch = times(rounds // BATCHES)
                    found = subjects[size].call(function, leaders[size], batch)
                    merge(samples.setdefault(f"{name} {size}", {}), found)

        by_turns("getpgid", subject.measure_getpgid, [small], 500)
        leaders.update({size: _fill(subjects[size], native, size) for size in larger})
        by_turns("killpg", subject.measure_killpg, SIZES, 200)
        by_turns("console_processes", subject.measure_console_processes, larger, 100)
    with open(file, "w", encoding="utf-8") as stream:
        json.dump({"about": _about(), "samples": samples}, stream)


def _fill(parent: Actor, native: str, size: int) -> int:
    """So many processes on the console, the leader of a group among them, whose pid is returned."""
    leader = parent.call(subject.start_leader, native)
    if size > 2:
        _say(f"a console with {size} processes")
        crowd = parent.spawn(NEW_GROUP)
        crowd.call(subject.start_crowd, size - 3)  # without parent, leader, and itself
    parent.call(subject.wait_for_console, size)
    return leader


def _about() -> dict[str, str]:
    return {
        "python": f"{platform.python_version()}, {platform.machine()}",
        "windows": platform.platform(),
        **{name: importlib.metadata.version(name) for name in ("psutil", "console-ctrl")},
    }


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
