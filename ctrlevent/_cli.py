"""The command line: `python -m ctrlevent ps | kill | killpg | stop | run | patched | demo`.

Exit status: the command's own for `run`, or 124 when its time was up; the program's own for
`patched`; else 0 done, 1 refused or failed, with one line on stderr, 2 wrong usage.

`run` stands before programs that are started again and again, so it must cost no more than it does:
here are `run` and its options, and the rest is in `_commands`, which is only imported for it. There
argparse reads the words. A `run` whose options are all written out needs no argparse to be
understood: `_plain_run` reads it from the same table, and leaves everything else to argparse.
"""

from __future__ import annotations

import sys

from . import _arguments
from ._typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ._guard import Guard

PACKAGE = __name__.rpartition(".")[0]  # whatever it is vendored as

TIMED_OUT = 124  # as timeout(1) has it

# In seconds: the pause of `run --guard` after each clearing.
_GUARD_PAUSE = 0.005

# In seconds: how long the guard may take to say what it has found, on a busy machine.
_GUARD_ANSWERS_WITHIN = 30.0


class RunOption(NamedTuple):
    """An option of `run`."""

    flag: str
    kind: Any
    """The words that it may be followed by; `float`: a number of seconds; `bool`: by none."""
    default: Any
    help: str


RUN_OPTIONS = (
    RunOption(
        "--console",
        ("own", "pty", "shared"),
        "own",
        "own (default): a hidden one; pty: a terminal, within this one; shared: this one, only"
        " group and job are its own",
    ),
    RunOption(
        "--timeout",
        float,
        None,
        "after S seconds, Ctrl+C, and 3 seconds (or --grace) later the end (default: no limit)",
    ),
    RunOption(
        "--grace",
        float,
        None,
        "end it, with all that it started, S seconds after a Ctrl+C (default: never)",
    ),
    RunOption(
        "--no-inject",
        bool,
        False,
        "never start a thread in another process to pass a Ctrl+C on",
    ),
    RunOption(
        "--guard",
        bool,
        False,
        "with --console shared: clear every few milliseconds what a wrong call of CMD leaves"
        " pending on this console, and say at the end how often there was something",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    options: Any = _plain_run(words)
    if options is None:
        from ._commands import parsed

        options = parsed(words, RUN_OPTIONS, run)
    status: int
    if options.is_program:  # what the program raises is not for this module
        status = options.perform(options)
        return status
    try:
        status = options.perform(options)
    except (OSError, ValueError, OverflowError) as error:
        print(f"{PACKAGE}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1
    return status


class _Plain:
    """What argparse makes of the words of a `run`."""

    is_program = False
    command: Sequence[str]

    def __init__(self) -> None:
        self.perform = run
        for option in RUN_OPTIONS:
            setattr(self, _attribute(option), option.default)


def _attribute(option: RunOption) -> str:
    return option.flag[2:].replace("-", "_")


def _plain_run(words: Sequence[str]) -> _Plain | None:
    """A `run` with options that are written out, each value a word of its own. Else None."""
    if words[:1] != ["run"]:
        return None
    known = {option.flag: option for option in RUN_OPTIONS}
    found = _Plain()
    left = iter(range(1, len(words)))
    for at in left:
        word = words[at]
        option = known.get(word)
        if option is None:
            if word.startswith("-") and word != "--":
                return None
            found.command = words[at:]
            return found
        value: Any = True
        if option.kind is not bool:
            value = words[next(left, at)]
            if option.kind is float:
                try:
                    value = _arguments.seconds(float(value))
                except ValueError:  # an option, too
                    return None
            elif value not in option.kind:
                return None
        setattr(found, _attribute(option), value)
    return None  # without a command


def run(options: Any) -> int:
    """Perform `run`."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        print(f"{PACKAGE}: run: the command is missing: run [options] -- CMD ...", file=sys.stderr)
        return 2
    if options.guard and options.console != "shared":
        print(
            f"{PACKAGE}: run: --guard is for --console shared: what a command leaves pending on a"
            " console of its own reaches no other process",
            file=sys.stderr,
        )
        return 2
    from ._run import stand_for
    from ._subprocess import TimeoutExpired

    def report(why: OSError) -> None:
        if not isinstance(why, ProcessLookupError):  # it has just exited
            reason = why.strerror or why
            print(f"{PACKAGE}: run: Ctrl+C could not be passed on: {reason}", file=sys.stderr)

    def perform() -> Any:
        try:
            return stand_for(
                command,
                options.console,
                _arguments.seconds(options.timeout),
                grace=options.grace,
                inject=not options.no_inject,
                report=report,
            )
        except OSError as error:  # which does not say what could not be started
            raise OSError(error.errno, f"run: {command[0]}: {error.strerror}") from error

    if options.guard:
        from ._guard import Guard

        with Guard(every=_GUARD_PAUSE) as guard:
            outcome = perform()
            print(f"{PACKAGE}: run: {_guarded(guard)}", file=sys.stderr)
    else:
        outcome = perform()
    if isinstance(outcome.broken_off, TimeoutExpired):
        print(f"{PACKAGE}: run: ended after {options.timeout:g} s", file=sys.stderr)
        return TIMED_OUT
    status: int = outcome.process.returncode
    # What the system takes as an exit status: on Windows 32 bits, as a C int; on POSIX, the shell's
    # convention for a signal.
    if sys.platform == "win32":
        return status - (1 << 32) if status >= 1 << 31 else status
    return status if status >= 0 else 128 - status


def _guarded(guard: Guard) -> str:
    """What it has found, in words. Clears for the last time, as the words are printed next."""
    try:
        is_known = guard.clear(_GUARD_ANSWERS_WITHIN) is not None
        found = guard.found()
    except OSError as error:  # which is not to change the exit status
        return f"the guard does not say what it has found: {error.strerror or error}"
    if not is_known:
        return "the guard has cleared this console; how often there was something it cannot tell"
    times = "once" if found == 1 else f"{found} times"
    return f"the guard has found a Ctrl+C pending {times}" + (", and cleared it" if found else "")
