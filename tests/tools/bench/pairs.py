"""What is compared with what, and what is to be reached: from samples to results.

A `Result` is one line of the table: two medians, their ratio, the limit, and whether it is reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .summary import Ratio, Summary, percentile, ratio, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .interleaved import Samples

# How much slower than the same system calls in plain ctypes Python code may be that explains its
# errors.
_PLAIN = 1.3
_SIZES = (2, 16, 64, 256)


class Result(NamedTuple):
    """One comparison. Times in seconds."""

    what: str
    against: str
    ours: Summary
    theirs: Summary
    ratio: Ratio
    limit: float | None
    """What the ratio is to be at most; None: told for information."""

    @property
    def reached(self) -> bool | None:
        return None if self.limit is None else self.ratio.value <= self.limit


def compare(
    what: str, ours: Sequence[float], against: str, theirs: Sequence[float], limit: float | None
) -> Result:
    return Result(what, against, summarise(ours), summarise(theirs), ratio(ours, theirs), limit)


def on_host(samples: Mapping[str, Samples]) -> Iterator[Result]:
    found = samples["import"]
    standard, text = found["standard"], "`import subprocess, signal`"
    yield compare("`import ctrlevent`", found["ctrlevent"], text, standard, 1.25)
    yield compare("`from ctrlevent import killpg`", found["killpg"], text, standard, 1.25)
    yield compare(
        "`import pytest, ctrlevent.pytest_plugin`",
        found["plugin"],
        "`import pytest`",
        found["pytest"],
        None,
    )


def started(samples: Mapping[str, Samples]) -> Iterator[Result]:
    """Of what starts a thread or a process that runs beside the caller."""
    found = samples["kill self"]
    ours = found["ctrlevent"]
    yield _kill_self(ours, found["os.kill"], "until KeyboardInterrupt", 1.0)
    yield tail("the same, its 99th percentile", ours, 3.0)

    for when, limit in (("first", 0.4), ("again", 1 / 20)):
        found = samples[f"elsewhere, {when}"]
        what = f"`killpg` of a group on another console, {when}"
        yield compare(what, found["ctrlevent"], "console-ctrl", found["console-ctrl"], limit)

    found = samples["Popen"]
    text = "`subprocess.Popen` with the same flags"
    yield compare("`Popen(...)`", found["ctrlevent"], text, found["subprocess"], 1.1)

    found = samples["run"]
    text = "`subprocess.run` with a console of its own"
    yield compare("`run(...)`", found["ctrlevent"], text, found["subprocess"], 1.15)
    ours, text = found["shared"], "`subprocess.run`"
    what = '`run(..., console="shared")`'
    yield compare(what, ours, text, found["subprocess, shared"], None)

    found = samples["command line"]
    ours, nothing = found["run"], found["pass"]
    what = "`python -m ctrlevent run -- python -c pass`"
    yield compare(what, ours, "`python -c pass`", nothing, 3.0)
    # No program that starts another can be faster, in Python, by `-m`.
    both = [first + second for first, second in zip(found["-m"], nothing)]
    yield compare(what, ours, "`python -m this`, then `python -c pass`", both, None)
    ours, text = found["--own-console"], "the session itself"
    yield compare("`pytest --own-console`", ours, text, found["pytest"], None)

    found = samples["at once"]
    text = "`subprocess.Popen`, until it is on the console, and the bare call"
    yield compare("`Popen(...)` and `interrupt()`", found["interrupt"], text, found["bare"], None)
    what, text = "a start in the caller's group, and `kill`", "a start, until it is on the console"
    yield compare(what, found["kill"], text, found["connected"], None)

    found = samples["guard"]
    nothing, text = found["nothing"], "a line to another Python and back"
    yield compare("`Guard.clear()`, nothing pending", nothing, text, found["echo"], None)
    what = "a wrong call and `Guard.clear()`"
    yield compare(what, found["Ctrl+C"], "`Guard.clear()`, nothing pending", nothing, None)


def called(samples: Mapping[str, Samples]) -> Iterator[Result]:
    """Of what calls Windows and comes back."""
    found = samples["import"]
    standard, text = found["standard"], "`import ctypes, subprocess, signal`"
    yield compare("`import ctrlevent`", found["ctrlevent"], text, standard, 1.25)
    yield compare("`from ctrlevent import killpg`", found["killpg"], text, standard, 1.25)

    found = samples["getpgid 2"]
    ours = found["ctrlevent"]
    yield compare(
        "`getpgid(pid)`", ours, "its system calls in plain ctypes", found["plain"], _PLAIN
    )
    yield compare("`getpgid(pid)`", ours, "psutil, `Process(pid).ppid()`", found["psutil"], 1.0)

    for size in _SIZES:
        found = samples[f"killpg {size}"]
        what = f"`killpg(leader, CTRL_C_EVENT)`, {size} processes on the console"
        ours, checked, bare = found["ctrlevent"], found["checked"], found["bare"]
        yield compare(what, ours, "bare GenerateConsoleCtrlEvent", bare, None)
        more, checks = (_more_than(bare, seconds) for seconds in (ours, checked))
        text = "the checks' own system calls in plain ctypes"
        what = f"the same with {size}: how much more than the bare call"
        yield compare(what, more, text, checks, _PLAIN)
    few, many = (samples[f"killpg {size}"]["ctrlevent"] for size in (_SIZES[0], _SIZES[-1]))
    yield compare("the same with 256, in all", many, "with 2", few, 1.2)

    for size in _SIZES[1:]:
        found = samples[f"console_processes {size}"]
        each = [seconds / size for seconds in found["ctrlevent"]]
        what = f"`console_processes()` of {size}, for each process"
        yield compare(what, each, "`getpgid(pid)`", found["getpgid"], 1.5)
    few, many = (
        [seconds / size for seconds in samples[f"console_processes {size}"]["ctrlevent"]]
        for size in (_SIZES[1], _SIZES[-1])
    )
    yield compare("the same of 256, for each process", many, "of 16: linear", few, 1.2)

    found = samples["kill self"]
    yield _kill_self(found["ctrlevent"], found["os.kill"], "where nothing can run beside it", None)


def _kill_self(
    ours: Sequence[float], theirs: Sequence[float], until: str, limit: float | None
) -> Result:
    what = f"`kill(self, CTRL_C_EVENT)` {until}"
    return compare(what, ours, "`os.kill`, then `time.sleep(1)`", theirs, limit)


def _more_than(bare: Sequence[float], samples: Sequence[float]) -> list[float]:
    """Round by round. An event takes one of two times: the process that hears it runs before the
    caller goes on, or after. Between two medians, that difference would count as the checks'.
    """
    return [seconds - without for seconds, without in zip(samples, bare)]


def tail(what: str, samples: Sequence[float], limit: float) -> Result:
    """How far the slowest of a hundred is from the median. Its spread: of halves of the samples."""
    middle, slow = summarise(samples), percentile(samples, 99)
    halves = [samples[::2], samples[1::2]]
    ratios = [percentile(half, 99) / summarise(half).median for half in halves]
    value = Ratio(slow / middle.median, min(ratios), max(ratios))
    return Result(what, "its median", middle._replace(median=slow), middle, value, limit)
