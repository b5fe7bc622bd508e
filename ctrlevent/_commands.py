"""The words of the command line as argparse reads them, and all commands but `run`."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from . import _arguments
from ._types import CtrlEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._cli import RunOption
    from ._types import Preview, ProcessInfo

PACKAGE = __name__.rpartition(".")[0]

# The exit status after a Ctrl+C, as Python itself has it: STATUS_CONTROL_C_EXIT, as a C int; on
# POSIX, the shell's for SIGINT.
BROKEN_OFF = 0xC000_013A - (1 << 32) if sys.platform == "win32" else 128 + 2

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


def parsed(
    words: Sequence[str],
    run_options: Sequence[RunOption],
    run: Callable[[argparse.Namespace], int],
) -> argparse.Namespace:
    """What the words ask for, as `perform` of the result does it. Exits with 2 if it is wrong.

    `run`: performs the command of that name, which has these options.
    """
    words, of_program = _split(words)
    options = parser(run_options, run).parse_args(words)
    options.of_program = of_program
    return options


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The words for argparse, and those that `patched` hands to the program as they are.

    Argparse cannot do it: REMAINDER does not begin with a word that looks like an option.
    """
    if words[:1] != ["patched"]:
        return words, []
    end = 3 if words[1:2] in (["-m"], ["--"]) else 2
    return words[:end], words[end:]


def parser(
    run_options: Sequence[RunOption], run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """See `parsed`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {PACKAGE}",
        description="Ctrl+C on Windows, as dependable as a signal on POSIX.",
    )
    parser.set_defaults(is_program=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    ps = commands.add_parser(
        "ps",
        help="list the processes on this console, or those of a program",
        description="List the processes on this console as a tree: process, group ('*': leads it),"
        " whether it ignores Ctrl+C, and the program. '?': may not be read.",
    )
    ps.add_argument(
        "--tree",
        type=_pid,
        metavar="PID",
        help="this process and its descendants instead, on whatever console and in whatever group",
    )
    ps.add_argument("--json", action="store_true", help="as a JSON list of objects")
    ps.set_defaults(perform=_ps)

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
    kill.set_defaults(perform=_kill)

    killpg = commands.add_parser(
        "killpg",
        help="send to a process group",
        description="Send to every process of a group, and to no other process.",
        epilog=SIGNALS,
    )
    killpg.add_argument("pgid", type=_pid, help="the group: the pid of its leader")
    killpg.set_defaults(perform=_killpg)

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

    stop = commands.add_parser(
        "stop",
        help="ask a program to exit, and end it if it does not",
        description="Send Ctrl+C, wait until the program has exited, and end what is left of it"
        " when the time is up. The program is the group that PID leads; if it leads none, or that"
        " of this command, PID and its descendants in its group, as behind a launcher. Says what it"
        " was. Exit status: 0 if nothing of it is left, however it has exited.",
        epilog="A program that gets no Ctrl+C, as it ignores that or has only windows, is ended at"
        " once. A Ctrl+C of yours breaks the wait off; the program is not ended then.",
    )
    stop.add_argument("pid", metavar="PID", type=_pid, help="the process; not its child")
    stop.add_argument(
        "--grace",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="seconds to wait for the exit (default: 5)",
    )
    stop.add_argument(
        "--no-inject",
        action="store_true",
        help="never start a thread in another process; refuse, and end nothing, instead",
    )
    stop.add_argument(
        "--dry-run",
        action="store_true",
        help="say which processes would get the Ctrl+C, and how; send and end nothing",
    )
    stop.set_defaults(perform=_stop)

    run_parser = commands.add_parser(
        "run",
        help="run a command so that no event of it gets out",
        description="Run a command in a console, a group and a job of its own: whatever events it"
        " sends stay inside, and when it ends, all that it started ends too. Exit status: the"
        " command's own, or 124 when it ran longer than --timeout.",
        epilog="Each Ctrl+C is passed on to the command once, and the command decides what to do"
        " about it: `run` waits for as long as it lives. With --grace it is ended S seconds after"
        " the first. On Windows, Ctrl+Break ends `run`, and with it the command, at once.",
    )
    for option in run_options:
        keywords: dict[str, Any] = {"action": "store_true"}
        if option.kind is float:
            keywords = {"type": _seconds, "metavar": "S", "default": option.default}
        elif option.kind is not bool:
            keywords = {"choices": option.kind, "default": option.default}
        run_parser.add_argument(option.flag, help=option.help, **keywords)
    run_parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    run_parser.set_defaults(perform=run)

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
    patched.set_defaults(perform=_patched, is_program=True)

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
    demo.set_defaults(perform=_demo)
    return parser


def _signal(text: str) -> int:
    name = text.upper()
    number: object = _NAMED.get(name.removesuffix("_EVENT"))
    if number is None:
        number = getattr(signal, name if name.startswith("SIG") else f"SIG{name}", None)
        if not isinstance(number, signal.Signals):  # SIG_DFL and the like are none
            number = None
    if number is None:
        with suppress(ValueError):
            number = int(text)
    if not isinstance(number, int):
        raise argparse.ArgumentTypeError(f"unknown signal: {text}")
    return number


def _pid(text: str) -> int:
    with suppress(ValueError):
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
    from . import _signals

    inject = not options.no_inject
    arguments = {"timeout": options.timeout, "tree": options.tree, "inject": inject}
    if options.dry_run:
        return _show(_signals.preview_kill(options.pid, options.sig, **arguments))
    _library().kill(options.pid, options.sig, **arguments)
    return 0


def _killpg(options: argparse.Namespace) -> int:
    from . import _signals

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


def _stop(options: argparse.Namespace) -> int:
    from . import _stop as stop

    named, inject = f"process {options.pid}", not options.no_inject
    if options.dry_run:
        return _show(stop.preview(options.pid, inject=inject))
    try:
        stopped = stop.stop(options.pid, options.grace, inject=inject)
    except KeyboardInterrupt:
        print(f"{PACKAGE}: stop: broken off; {named} was not ended", file=sys.stderr)
        return BROKEN_OFF
    if stopped.unasked is not None:
        why = stopped.unasked.strerror
        print(f"{named} was ended at once, as no Ctrl+C can reach it: {why}")
    elif stopped.was_ended:
        print(f"{named} was ended after {options.grace:g} s")
    else:
        code = stopped.exit_code
        known = "" if code is None else f", with exit code {code}"
        rest = f"; what was left of it was ended after {options.grace:g} s"
        print(f"{named} has exited after Ctrl+C{known}{rest if stopped.rest_was_ended else ''}")
    return 0


def _patched(options: argparse.Namespace) -> int:
    from . import _patched_program

    if options.module is not None:
        return _patched_program.run_module(options.module, options.of_program)
    return _patched_program.run_script(options.script, options.of_program)


def _demo(options: argparse.Namespace) -> int:
    from . import _demo as demo

    if options.role:
        return demo.play(options.role, options.launcher)
    return demo.main(options.launcher, options.console_name)


def _ps(options: argparse.Namespace) -> int:
    processes: tuple[ProcessInfo, ...]
    if options.tree is None:
        processes = _library().console_processes()
    else:
        from ._half import half

        processes = half.process_tree(options.tree)
    if options.json:
        import json

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
