"""The results page, and what is printed: made of the document alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .pairs import Result
    from .result import Calls, Document

VERDICTS = {True: "reached", False: "missed", None: ""}

_INTRODUCTION = """\
# Benchmarks

Made by `nox -s bench`, from [benchmarks.json](benchmarks.json), which it made too. To repeat it:

```
python3 noxfile.py -s bench
```

The results are put into `build/bench`; with `-- --output docs`, here. These are benchmarks, not
tests: a target that is missed is said, and fails nothing. What is compared is run by turns, in one
process where that is possible, and the peers are installed at their newest version. Times are
medians, with the quartiles; ratios are ratios of medians, with the interval that 95 % of them are
in when the samples are drawn again (bootstrap). Lines without a target are for information.

![Ratios with their spread, and the targets](benchmarks.svg)
"""

_NOTES = """\
## What to know

- **Two runs.** First, on all processors, the verbs that start something which runs beside the
  caller: a thread, a process. Then those that only call and come back, and the imports; on Wine,
  on one processor. There, nearly every system call is a question to another process, wineserver.
  With several processors it is chance whether another processor must be woken for an answer, so
  that the same call takes 10 µs or 50, and the ratios of one and the same program differ by a half
  (`tests/tools/bench/processor.py`). The last line shows what one processor makes of a thread that
  could run beside the caller.
- On Windows a call takes less than 1 µs as a rule. So the ratios to plain ctypes would be
  greater there, and the times smaller.
- "Its system calls in plain ctypes" are the same calls with the same sizes, written straight
  down (`tests/tools/bench/plain.py`). For `killpg`, "the checks" are what must be seen before an
  event may be sent: the leader, alive, on the console, leading its group. No call is left out
  there, so what is more is Python's. The limit that `getpgid` has is taken for the checks of
  `killpg` too.
- These are calls in a row, with what they need in the processor's caches. A first call after a
  pause takes longer, ours and the plain call: `killpg` some 0.1 ms more than in the table, seen
  on Wine.
- Each is called behind each other call equally often. Each event of `killpg` is heard, and the
  thread that heard it has time to end, before the next is sent; neither is measured. The
  bare call takes longer on one processor, as the process that hears the event may run before
  the caller goes on.
- "Until KeyboardInterrupt" ends where it is caught. A thread's handle is closed after that.
- console-ctrl sends to group 0. On Wine 10 that is the helper's own group, so it reaches no other
  process; on Windows, every process on that console. Its time is that of the call.
- "First" is in a new Python that has imported what it calls: it includes the start of the helper
  process.
- "`Popen(...)` and `interrupt()`" is a native program that gets the event as soon as it has
  connected. What any sender has to wait for is in the time of the line's other side too: the start,
  and the look whether the process is on the console, each millisecond.
- A load average above the number of processors says that others were at work there meanwhile:
  times and spreads are larger by that, and a ratio near its limit may fall to either side of it.
- Imports are measured in a new Python without `site`, with the bytecode written before.
"""

_CALLS = """\
## System calls

What does not depend on the machine. "At the boundary" are the calls that the library makes
(`ctrlevent/_win32/boundary.py`); "of ntdll" the `Nt...` functions that these end in, as Wine's
relay trace has them (`WINEDEBUG=+relay`; what ntdll calls of itself is not in it). Each verb was
called before, so that nothing is bound, loaded or started, and two processes are on the console.

| verb | at the boundary | of ntdll | which |
|---|---|---|---|
"""


def page(document: Document) -> str:
    lines = [_INTRODUCTION, "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in document.about.items()]
    for section in document.sections:
        lines += ["", f"## {section.where}", ""]
        lines += ["| what | median | against | median | ratio | target | |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_row(result) for result in section.results]
    lines += ["", _NOTES]
    if document.calls:
        lines += [_CALLS + "\n".join(_calls(document.calls)), ""]
    return "\n".join(lines)


def text(document: Document) -> Iterator[str]:
    """The same, to be printed."""
    for name, value in document.about.items():
        yield f"{name}: {value}"
    for section in document.sections:
        yield f"\n{section.where}"
        for one in section.results:
            yield (
                f"  {_bare(one.what)}: {duration(one.ours.median)}; {_bare(one.against)}:"
                f" {duration(one.theirs.median)}; {_ratio(one)} {_target(one)}"
            ).rstrip()
    yield "\nsystem calls (at the boundary, of ntdll)"
    for calls in document.calls:
        yield f"  {calls.verb}: {sum(calls.boundary.values())}, {sum(calls.system.values())}"


def _row(result: Result) -> str:
    ours, theirs = (
        f"{duration(one.median)} ({duration(one.p25)} to {duration(one.p75)}, n={one.n})"
        for one in (result.ours, result.theirs)
    )
    limit = "" if result.limit is None else f"{result.limit:g}"
    verdict = f"**{VERDICTS[result.reached]}**" if result.reached is not None else ""
    cells = (result.what, ours, result.against, theirs, _ratio(result), limit, verdict)
    return f"| {' | '.join(cells)} |"


def _ratio(result: Result) -> str:
    value, low, high = (number(one) for one in result.ratio)
    return f"{value} ({low} to {high})"


def _target(result: Result) -> str:
    return "" if result.limit is None else f"<= {result.limit:g}: {VERDICTS[result.reached]}"


def _calls(calls: Iterable[Calls]) -> Iterator[str]:
    for one in calls:
        which = ", ".join(
            name if count == 1 else f"{count} {name}" for name, count in one.system.items()
        )
        ours = str(sum(one.boundary.values()) or "")
        yield f"| {one.verb} | {ours} | {sum(one.system.values()) or ''} | {which} |"


def _bare(markdown: str) -> str:
    return markdown.replace("`", "")


def number(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """With three digits, in the unit that fits."""
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
