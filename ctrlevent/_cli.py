"""The command line: `python -m ctrlevent ps | kill | killpg | run | patched | demo`.

Exit status: the command's own for `run`, or 124 when its time was up; the program's own for
`patched`; else 0 done, 1 refused or
failed, with one line on stderr, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

from . import _arguments, _signals
from ._subprocess import TimeoutExpired
from ._types import CtrlEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._guard import Guard
    from ._types import Preview, ProcessInfo

PACKAGE = __name__.rpartition(".")[0]  # whatever it is vendored as

TIMED_OUT = 124  # as timeout(1) has it

# In seconds: the pause of `run --guard` after each clearing.
_GUARD_PAUSE = 0.005

# In seconds: how long the guard may take to say what it has found, on a busy machine.
_GUARD_ANSWERS_WITHIN = 30.0

_NAMED = {
    "CTRL_C": CtrlEvent.CTRL_C_EVENT,
    "CTRL_BREAK": CtrlEvent.CTRL_BREAK_EVENT,
    # Known everywhere by the names they have where they exist.
    "BREAK": CtrlEvent.CTRL_BREAK_EVENT,
    "SIGBREAK": CtrlEvent.CTRL_BREAK_EVENT,
    "KILL": 9,
    "SIGKILL": 9,
}

SIGNALS = """\
SIG: INT or CTRL_C (Ctrl+C), BREAK or CTRL_BREAK (Ctrl+Break), TERM, KILL or a number; on Windows
every number except 2 (Ctrl+C), 21 and 1 (Ctrl+Break) ends the process with that exit code, and 0
only looks whether it is alive. Default: INT."""


def main(arguments: Sequence[str] | None = None) -> int:
    words, of_program = _split(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    status: int
    if options.run is _patched:  # what the program raises is not for this module
        status = _patched(options, of_program)
        return status
    try:
        status = options.run(options)
    except (OSError, ValueError, OverflowError) as error:
        print(f"{PACKAGE}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1
    return status


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The words for argparse, and those that `patched` hands to the program as they are.

    Argparse cannot do it: REMAINDER does not begin with a word that looks like an option.
    """
    if words[:1] != ["patched"]:
        return words, []
    end = 3 if words[1:2] in (["-m"], ["--"]) else 2
    return words[:end], words[end:]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {PACKAGE}",
        description="Ctrl+C on Windows, as dependable as a signal on POSIX.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    ps = commands.add_parser(
        "ps",
        help="list the processes on this console",
        description="List the processes on this console as a tree: process, group ('*': leads it),"
        " whether it ignores Ctrl+C, and the program. '?': may not be read.",
    )
    ps.add_argument("--json", action="store_true", help="as a JSON list of objects")
    ps.set_defaults(run=_ps)

    kill = commands.add_parser(
        "kill",
        help="send to exactly one process",
        description="Send to exactly one process.",
        epilog=SIGNALS,
    )
    kill.add_argument("pid", type=_pid, help="the process; 0: the own group")
    kill.add_argument(
        "--tree",
        action="store_true",
        help="and to its descendants in its group, as behind a launcher: to all of them or to none",
    )
    kill.set_defaults(run=_kill)

    killpg = commands.add_parser(
        "killpg",
        help="send to a process group",
        description="Send to every process of a group, and to no other process.",
        epilog=SIGNALS,
    )
    killpg.add_argument("pgid", type=_pid, help="the group: the pid of its leader")
    killpg.set_defaults(run=_killpg)

    killpg.add_argument(
        "--unignore",
        action="store_true",
        help="make the members that ignore Ctrl+C hear it first (not with --dry-run)",
    )

    for command in (kill, killpg):
        command.add_argument(
            "--no-inject",
            action="store_true",
            help="never start a thread in another process; refuse instead",
        )
        command.add_argument("sig", metavar="SIG", nargs="?", type=_signal, default="INT")
        command.add_argument(
            "--dry-run",
            action="store_true",
            help="say which processes would get it, and how; send nothing",
        )
        command.add_argument(
            "--timeout",
            type=_seconds,
            default=5.0,
            metavar="S",
            help="seconds to wait (default: 5)",
        )

    run = commands.add_parser(
        "run",
        help="run a command so that no event of it gets out",
        description="Run a command in a console, a group and a job of its own: whatever events it"
        " sends stay inside, and when it ends, all that it started ends too. Exit status: the"
        " command's own, or 124 when it ran longer than --timeout.",
        epilog="Each Ctrl+C is passed on to the command once, and the command decides what to do"
        " about it: `run` waits for as long as it lives. With --grace it is ended S seconds after"
        " the first. On Windows, Ctrl+Break ends `run`, and with it the command, at once.",
    )
    run.add_argument(
        "--console",
        choices=("own", "pty", "shared"),
        default="own",
        help="own (default): a hidden one; pty: a terminal, within this one; shared: this one, only"
        " group and job are its own",
    )
    run.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help="after S seconds, Ctrl+C, and 3 seconds (or --grace) later the end (default: no"
        " limit)",
    )
    run.add_argument(
        "--grace",
        type=_seconds,
        metavar="S",
        help="end it, with all that it started, S seconds after a Ctrl+C (default: never)",
    )
    run.add_argument(
        "--no-inject",
        action="store_true",
        help="never start a thread in another process to pass a Ctrl+C on",
    )
    run.add_argument(
        "--guard",
        action="store_true",
        help="with --console shared: clear every few milliseconds what a wrong call of CMD leaves"
        " pending on this console, and say at the end how often there was something",
    )
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    run.set_defaults(run=_run)

    patched = commands.add_parser(
        "patched",
        usage=f"python -m {PACKAGE} patched [-h] (-m MODULE | SCRIPT) [ARGS ...]",
        help="run a Python program within patch_os()",
        description="Run a script or module as `python` runs it, with os.kill, os.killpg and"
        " subprocess as POSIX code expects them: see patch_os. Exit status: the program's own.",
        epilog="The processes that it starts are not patched. If they are Pythons, start them in"
        " this way as well.",
    )
    program = patched.add_mutually_exclusive_group(required=True)
    program.add_argument(
        "-m", dest="module", metavar="MODULE", help="a module, as python -m has it"
    )
    program.add_argument("script", metavar="SCRIPT", nargs="?", help="a file, folder or archive")
    patched.set_defaults(run=_patched)

    demo = commands.add_parser(
        "demo",
        help="show what plain os.kill does on Windows, and what ctrlevent does",
        description="Run plain os.kill and ctrlevent side by side, on a hidden console of its own,"
        " and show what each reaches, at once and after another process has printed. Exit status 0"
        " only if every call of ctrlevent kept its word.",
    )
    demo.add_argument(
        "--launcher",
        metavar="EXE",
        help="a program that takes Python's arguments and starts Python as its child (default: the"
        " python.exe of the venv at hand, or py.exe)",
    )
    demo.add_argument(
        "--console-name",
        metavar="TEXT",
        help="the console that it runs on, as the head of its output names it (default: the build"
        " of this Windows)",
    )
    demo.add_argument("--role", choices=("shell", "bystander", "program"), help=argparse.SUPPRESS)
    demo.set_defaults(run=_demo)
    return parser


def _signal(text: str) -> int:
    name = text.upper()
    number: object = _NAMED.get(name.removesuffix("_EVENT"))
    if number is None:
        number = getattr(signal, name if name.startswith("SIG") else f"SIG{name}", None)
        if not isinstance(number, signal.Signals):  # SIG_DFL and the like are none
            number = None
    if number is None:
        with contextlib.suppress(ValueError):
            number = int(text)
    if not isinstance(number, int):
        raise argparse.ArgumentTypeError(f"unknown signal: {text}")
    return number


def _pid(text: str) -> int:
    with contextlib.suppress(ValueError):
        number = int(text)
        if number >= 0:
            return number
    # `kill -9 PID`, as it is written elsewhere, would be process group 9 to `kill`.
    raise argparse.ArgumentTypeError(
        f"not a process id: {text} (the signal comes last; for a group there is killpg)"
    )


def _seconds(text: str) -> float:
    try:
        return _arguments.seconds(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number of seconds: {text}") from None


def _library() -> Any:
    # The public functions, as any user has them; imported late, as `--help` needs none.
    return importlib.import_module(PACKAGE)


def _kill(options: argparse.Namespace) -> int:
    inject = not options.no_inject
    arguments = {"timeout": options.timeout, "tree": options.tree, "inject": inject}
    if options.dry_run:
        return _show(_signals.preview_kill(options.pid, options.sig, **arguments))
    _library().kill(options.pid, options.sig, **arguments)
    return 0


def _killpg(options: argparse.Namespace) -> int:
    arguments = {"timeout": options.timeout, "inject": not options.no_inject}
    if options.dry_run:
        if options.unignore:
            raise ValueError("--unignore changes the members, so there is no --dry-run of it")
        return _show(_signals.preview_killpg(options.pgid, options.sig, **arguments))
    _library().killpg(options.pgid, options.sig, unignore=options.unignore, **arguments)
    return 0


def _show(preview: Preview) -> int:
    for process in preview.targets:
        print(f"process {process.pid} ({process.name or '?'}): {preview.how}")
    return 0


def _run(options: argparse.Namespace) -> int:
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
    from ._guard import Guard
    from ._run import stand_for

    def report(why: OSError) -> None:
        if not isinstance(why, ProcessLookupError):  # it has just exited
            reason = why.strerror or why
            print(f"{PACKAGE}: run: Ctrl+C could not be passed on: {reason}", file=sys.stderr)

    with contextlib.ExitStack() as stack:
        guard = stack.enter_context(Guard(every=_GUARD_PAUSE)) if options.guard else None
        try:
            outcome = stand_for(
                command,
                options.console,
                _arguments.seconds(options.timeout),
                grace=options.grace,
                inject=not options.no_inject,
                report=report,
            )
        except OSError as error:  # which does not say what could not be started
            raise OSError(error.errno, f"run: {command[0]}: {error.strerror}") from error
        if guard is not None:
            print(f"{PACKAGE}: run: {_guarded(guard)}", file=sys.stderr)
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


def _patched(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    from . import _patched_program

    if options.module is not None:
        return _patched_program.run_module(options.module, arguments)
    return _patched_program.run_script(options.script, arguments)


def _demo(options: argparse.Namespace) -> int:
    from . import _demo as demo

    if options.role:
        return demo.play(options.role, options.launcher)
    return demo.main(options.launcher, options.console_name)


def _ps(options: argparse.Namespace) -> int:
    processes: tuple[ProcessInfo, ...] = _library().console_processes()
    if options.json:
        print(json.dumps([process._asdict() for process in processes], indent=2))
        return 0
    print(f"{'PID':>8} {'GROUP':>9}  {'CTRL+C':<8} PROGRAM")
    for depth, process in _tree(processes):
        group = (
            "?" if process.pgid is None else f"{process.pgid}{'*' if process.is_leader else ' '}"
        )
        ignores = {None: "?", True: "ignores", False: "hears"}[process.ignores_ctrl_c]
        print(f"{process.pid:>8} {group:>9}  {ignores:<8} {'  ' * depth}{process.name or '?'}")
    return 0


def _tree(processes: Sequence[ProcessInfo]) -> list[tuple[int, ProcessInfo]]:
    """Children below their parents; without a parent on the console, a process is at the top."""
    pids = {process.pid for process in processes}
    rows: list[tuple[int, ProcessInfo]] = []

    def add(process: ProcessInfo, depth: int) -> None:
        rows.append((depth, process))
        for child in processes:
            if child.ppid == process.pid and child.pid not in {row.pid for _, row in rows}:
                add(child, depth + 1)

    for process in processes:
        if process.ppid not in pids or process.ppid == process.pid:
            add(process, 0)
    shown = {row.pid for _, row in rows}
    rows += [(0, process) for process in processes if process.pid not in shown]
    return rows
