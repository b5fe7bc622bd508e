"""Runs tiers side by side, says how far they are, and what became of them."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from . import estimate, times
from .printing import Screen, clock, closing, status
from .processes import Command
from .progress import Progress, Tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NO_TESTS = 5  # pytest's exit status if it has collected none, or deselected all
_POLL = 0.2


@dataclass(frozen=True)
class Step:
    """A command that some tiers need to have succeeded. Its output is seen as it comes."""

    name: str
    command: Sequence[str]
    cwd: Path


@dataclass(frozen=True)
class Tier:
    name: str
    start: Sequence[str]
    """The command up to Python, after which `-m pytest` follows."""
    arguments: Sequence[str]
    """For pytest."""
    cwd: Path
    workers: int
    """Processes of xdist; 0 is pytest without xdist, one test after the other."""
    environ: Mapping[str, str] | None = None
    needs: Step | None = None
    path: Callable[[Path], str] = str
    """How the tier's Python is told a path."""


@dataclass
class Result:
    """What became of a tier. `problem` is empty if all is well."""

    name: str
    problem: str = ""
    no_tests: bool = False
    seconds: float = 0.0
    progress: Progress = field(default_factory=Progress)


@dataclass
class _Running:
    tier: Tier
    command: Command
    log: Path
    tail: Tail
    last: times.Times
    result: Result
    started: float = field(default_factory=time.monotonic)

    def look(self, screen: Screen) -> None:
        for name in self.result.progress.feed(self.tail.read()):
            screen.say(f"{self.tier.name}: FAILED {name}")

    def status(self) -> str:
        progress, elapsed = self.result.progress, time.monotonic() - self.started
        left = estimate.remaining(self.last, progress.collected or (), progress.finished, elapsed)
        return status(self.tier.name, progress, left)


@dataclass(frozen=True)
class Options:
    folder: Path
    """For logs and for what the tiers tell; emptied at the start."""
    times: Path | None = None
    """The file with the times of the last run. This run's times replace them, unless it repeats
    tests. None: not kept."""
    selection: bool = False
    """The user has selected tests: a tier without any is fine if another has some."""
    repeat: int = 1
    until: float | None = None
    """By the clock of time.time(): no test is started after it. The tests left over are no failure,
    and their number is said."""


def run(tiers: Sequence[Tier], options: Options) -> list[Result]:
    """Run all of them. However it ends, Ctrl+C and SIGTERM included, nothing is left running."""
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    screen = Screen()
    with _signals():
        results = _run(tiers, options, screen)
    if options.selection and any(result.progress.outcomes for result in results):
        for result in results:
            if result.no_tests:
                result.problem = ""
    for result in results:
        what = result.problem or ("no test selected" if result.no_tests else "passed")
        screen.say(f"{result.name}: {what}, {clock(result.seconds)}")
    return results


def _run(tiers: Sequence[Tier], options: Options, screen: Screen) -> list[Result]:
    waiting = list(tiers)
    steps: dict[Step, Command] = {}
    running: list[_Running] = []
    results = {tier.name: Result(tier.name) for tier in tiers}
    ready: set[Step | None] = {None}
    try:
        for step in dict.fromkeys(tier.needs for tier in tiers):
            if step is not None:
                screen.say(f"{step.name} ...")
                steps[step] = Command(step.command, log=None, cwd=step.cwd)
        while waiting or running:
            for tier in [tier for tier in waiting if tier.needs in ready]:
                waiting.remove(tier)
                began = _begin(tier, options, results[tier.name], screen)
                if began is not None:
                    running.append(began)
            for step, command in list(steps.items()):
                ended = command.poll()
                if ended is None:
                    continue
                del steps[step]
                if ended == 0:
                    ready.add(step)
                    continue
                for tier in [tier for tier in waiting if tier.needs == step]:
                    waiting.remove(tier)
                    results[tier.name].problem = f"not run: {step.name}: exit status {ended}"
                    screen.say(f"{tier.name}: {results[tier.name].problem}")
            for tier_running in list(running):
                # Asked before the look, so that the look sees all that was written.
                ended = tier_running.command.poll()
                tier_running.look(screen)
                if ended is not None:
                    running.remove(tier_running)
                    _finish(tier_running, ended, options, screen)
            if running and not steps:  # the steps print lines of their own
                screen.update(" | ".join(one.status() for one in running))
            time.sleep(_POLL)
    except BaseException:
        with _no_interruption():
            screen.say("ending all tiers")
            for command in [*steps.values(), *(one.command for one in running)]:
                command.end()
        raise
    return list(results.values())


def _begin(tier: Tier, options: Options, result: Result, screen: Screen) -> _Running | None:
    told = options.folder / f"{tier.name}.progress"
    log = options.folder / f"{tier.name}.log"
    of_last = times.load(options.times, tier.name) if options.times else times.Times()
    last = times.repeated(of_last, options.repeat)
    # A copy, as every worker has to see the same, while other runs may write theirs.
    known = options.folder / f"{tier.name}.times"
    known.write_text(json.dumps(dict(last.tests)), encoding="utf-8")
    command = [
        *(*tier.start, "-m", "pytest", "-p", "tests.tools.tiers.plugin"),
        # xdist replaces a worker that a test has crashed, but not for ever: that costs seconds.
        *("-n", str(tier.workers), "--dist", "loadgroup", "--max-worker-restart=4"),
        # With `=`: pytest takes a separate word for a path of tests, before it knows the option.
        *(f"--tier-times={tier.path(known)}", f"--tier-progress={tier.path(told)}"),
        *([f"--tier-repeat={options.repeat}"] if options.repeat != 1 else []),
        *([f"--tier-until={options.until}"] if options.until is not None else []),
        *tier.arguments,
    ]
    try:
        started = Command(command, log=log, cwd=tier.cwd, environ=tier.environ)
    except OSError as error:
        result.problem = f"could not be started: {error}"
        screen.say(f"{tier.name}: {result.problem}")
        return None
    screen.say(f"{tier.name}: started, {max(1, tier.workers)} at once; log: {log}")
    return _Running(tier, started, log, Tail(told), last, result)


def _finish(one: _Running, ended: int, options: Options, screen: Screen) -> None:
    result, progress = one.result, one.result.progress
    result.seconds = time.monotonic() - one.started
    result.no_tests = ended == NO_TESTS
    left = not_started(progress) if options.until is not None else 0
    if left and progress.outcomes:
        screen.say(f"{one.tier.name}: {left} of {len(progress.collected or ())} left: time is up")
    result.problem = problem(ended, progress, options.repeat, left)
    log = one.log.read_bytes().decode("utf-8", errors="replace")
    screen.say(f"{one.tier.name}: ended after {clock(result.seconds)}")
    screen.show(closing(log, good=not result.problem))
    if options.times and progress.seconds and options.repeat == 1:
        whole = not options.selection and not result.problem
        new = times.merged(one.last, progress.seconds, result.seconds, whole)
        times.store(options.times, one.tier.name, new)


def not_started(progress: Progress) -> int:
    return len(set(progress.collected or ()) - progress.finished)


def problem(ended: int, progress: Progress, repeat: int = 1, left: int = 0) -> str:
    """What is wrong with a tier that has ended by this exit status; nothing: "".

    `left`: so many tests were not started, as the time was up.
    """
    if left and not progress.outcomes:
        return "FAILED: the time was up before it had started its first test"
    if ended == NO_TESTS or (ended == 0 and not progress.outcomes):
        return "FAILED: it ran no test"
    if ended != 0:
        return f"FAILED: {progress.failures} failed, exit status {ended}"
    there = (len(progress.collected or ()) - left) * repeat
    if len(progress.outcomes) < there:
        return f"FAILED: it ran {len(progress.outcomes)} of {there} tests"
    if progress.failures:
        return f"FAILED: {progress.failures} failed, yet the exit status is 0"
    return ""


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM is as Ctrl+C; and no tier ignores the signals of the keyboard.

    A shell has what it runs in the background ignore these, and so would everything that the tiers
    start: programs whose tests send them SIGINT.
    """

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    handlers: dict[int, Any] = {signal.SIGTERM: interrupt}
    for name, default in (("SIGINT", signal.default_int_handler), ("SIGQUIT", signal.SIG_DFL)):
        keyboard = getattr(signal, name, None)
        if keyboard is not None and signal.getsignal(keyboard) == signal.SIG_IGN:
            handlers[keyboard] = default
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _no_interruption() -> Iterator[None]:
    """For the time that it takes to end all: a second Ctrl+C must not leave the rest running."""
    both: dict[signal.Signals, Any] = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, before in both.items():
            signal.signal(number, before)
