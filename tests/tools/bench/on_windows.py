"""The measurements on Windows: `python -m tests.tools.bench.on_windows FILE PART SHARE`.

PART: "started", of verbs that start something which runs beside the caller; "called", of those that
only call, and how much an import takes. See `processor` for why there are two.

Makes consoles with as many processes as are wanted, has their subjects measure in small batches by
turns, and writes all samples to the file. Sends nothing itself.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from tests.windows.harness import NEW_GROUP, Console, Python, bed_program

from . import importing, subject
from .interleaved import Samples, merge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIZES = (2, 16, 64, 256)
BATCHES = 10

IMPORTS = {
    "ctrlevent": "import ctrlevent",
    "standard": "import ctypes, subprocess, signal",
    "killpg": "from ctrlevent import killpg",
}


def main() -> None:
    file, part, share = sys.argv[1], sys.argv[2], float(sys.argv[3])

    def times(rounds: int) -> int:
        return max(2, round(rounds * share))

    samples: dict[str, Samples] = {}
    if part == "called":
        _say("imports")
        samples["import"] = importing.measure(IMPORTS, times(25))
    native = bed_program("native")
    with contextlib.ExitStack() as stack:
        consoles = {size: stack.enter_context(Console()) for size in SIZES}
        subjects = {size: console.parent for size, console in consoles.items()}
        small, *larger = SIZES
        leaders = {small: _fill(subjects[small], native, small)}

        def by_turns(
            name: str, function: Any, arguments: Mapping[str, tuple[Any, ...]], rounds: int
        ) -> None:
            """In batches, as an actor has to answer in time."""
            _say(name)
            batches = min(BATCHES, times(rounds) // 2)
            for _ in range(batches):
                for label, given in arguments.items():
                    call: Any = subjects[int(label or small)].call
                    found = call(function, *given, times(rounds) // batches)
                    merge(samples.setdefault(f"{name} {label}".strip(), {}), found)

        def at_leader(sizes: Sequence[int]) -> dict[str, tuple[Any, ...]]:
            return {str(size): (leaders[size],) for size in sizes}

        by_turns("kill self", subject.measure_kill_self, {"": ()}, 500)
        if part == "started":
            by_turns("Popen", subject.measure_popen, {"": (native,)}, 100)
            by_turns("run", subject.measure_run, {"": (native,)}, 60)
            with tempfile.TemporaryDirectory() as folder:
                by_turns("command line", subject.measure_command_line, {"": (folder,)}, 20)
            by_turns("at once", subject.measure_at_once, {"": (native,)}, 100)
            by_turns("guard", subject.measure_guard, {"": (native,)}, 200)
            elsewhere = subjects[small].call(subject.start_elsewhere, native)
            subjects[small].call(subject.measure_first, elsewhere, 2)  # the bytecode is written
            by_turns("elsewhere, first", subject.measure_first, {"": (elsewhere,)}, 20)
            by_turns("elsewhere, again", subject.measure_repeated, {"": (elsewhere,)}, 20)
            return _write(file, samples)
        by_turns("getpgid", subject.measure_getpgid, at_leader([small]), 500)
        leaders.update({size: _fill(subjects[size], native, size) for size in larger})
        by_turns("killpg", subject.measure_killpg, at_leader(SIZES), 600)
        by_turns("console_processes", subject.measure_console_processes, at_leader(larger), 100)
    return _write(file, samples)


def _write(file: str, samples: Mapping[str, Samples]) -> None:
    with open(file, "w", encoding="utf-8") as stream:
        json.dump({"about": _about(), "samples": samples}, stream)


def _fill(parent: Python, native: str, size: int) -> int:
    """So many processes on the console, the leader of a group among them, whose pid is returned."""
    leader = parent.call(subject.start_leader, native)
    if size > 2:
        _say(f"a console with {size} processes")
        crowd = parent.python(NEW_GROUP)
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
