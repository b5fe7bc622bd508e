"""The experiment of `python -m ctrlevent demo`: what plain `os.kill` reaches, and what ctrlevent.

Four processes on a hidden console of their own, so that nothing can reach yours:

    shell -+- bystander
           +- launcher, the leader of a new group --- program, a Python that sends

The shell stands for yours, or for a CI agent. The launcher stands for everything that starts Python
as its child: py.exe, pytest.exe, a venv's python.exe. So the program's pid is not the id of its
group, which is what goes wrong with plain `os.kill`. After each call of the program the bystander
prints a line to the console, as any process may at any time: that lets loose what the console has
parked. Before and after it, each process is asked how many events it has got.

The events are counted by Python's own signal handlers, as in any program: what counts has nothing
to do with what is measured. The processes are asked through pipes, which are no call of a console.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Callable, NamedTuple

from ._errors import unsupported
from ._half import half

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    Ask = Callable[[str, str, str], Any]  # a role, what it is to do, with what; returns its answer

PACKAGE = __name__.rpartition(".")[0]  # whatever it is vendored as

# subprocess has them on Windows only.
CREATE_NEW_PROCESS_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
CREATE_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)

# The processes that listen. The launcher gets each event of its group too, and ignores it.
PROGRAM, BYSTANDER, SHELL = "program", "bystander", "shell"

Roles = tuple[str, ...]
ROLES: Roles = (PROGRAM, BYSTANDER, SHELL)


class Row(NamedTuple):
    """One call that the program makes."""

    code: str
    meant: Roles
    """The roles for which the caller means the event. A call of ctrlevent reaches these."""
    on_windows: tuple[Roles, Roles] | None = None
    """Which roles os.kill reaches on Windows: at once, and after a print."""
    error: str | None = None
    in_call: bool = False
    """Whether KeyboardInterrupt must be raised by the call itself."""
    about: str = ""

    @property
    def is_ours(self) -> bool:
        return self.on_windows is None

    @property
    def expected(self) -> tuple[Roles, Roles]:
        return self.on_windows or (self.meant, ())

    @property
    def shown(self) -> str:
        return self.code.replace("signal.", "")


LEAK = Row("os.kill(os.getpid(), signal.CTRL_C_EVENT)", (PROGRAM,), ((), ROLES))
INSTEAD = Row("ctrlevent.kill(os.getpid(), signal.CTRL_C_EVENT)", (PROGRAM,), in_call=True)
REFUSED = Row("ctrlevent.killpg(os.getpid(), signal.CTRL_C_EVENT)", (), error="NotAGroupLeader")
OTHERS = (
    Row("os.kill(os.getppid(), 0)", (), ((PROGRAM,), ()), about="on POSIX, 0 only asks"),
    Row("ctrlevent.kill(os.getppid(), 0)", (), about="0 only asks"),
    Row(
        "ctrlevent.killpg(ctrlevent.getpgrp(), signal.CTRL_C_EVENT)",
        (PROGRAM,),
        about="its group, no other",
    ),
)
ROWS = (LEAK, INSTEAD, REFUSED, *OTHERS)


class Result(NamedTuple):
    """What became of a call: its answer, and how many events each role has got."""

    answer: Mapping[str, Any]
    at_once: Mapping[str, int]
    afterwards: Mapping[str, int]
    """After the bystander has printed."""

    @property
    def reached(self) -> Roles:
        got = {*_reached(self.at_once), *_reached(self.afterwards)}
        return tuple(role for role in ROLES if role in got)


def _reached(counts: Mapping[str, int]) -> Roles:
    return tuple(role for role in ROLES if counts[role])


def _is_kept(row: Row, result: Result) -> bool:
    return (
        (_reached(result.at_once), _reached(result.afterwards)) == row.expected
        and max(result.at_once.values()) <= 1
        and result.answer["error"] == row.error
        and (result.answer["in_call"] or not row.in_call)
    )


# Seconds: how long an event that should come is waited for; how long it must not come, which is
# also the time to read a line; and how long the whole experiment may take.
PATIENCE = 10.0
QUIET = 0.4
LIMIT = 120.0


# --- the watcher ----------------------------------------------------------------------------------


def main(launcher: str | None, console_name: str | None = None) -> int:
    """Runs the experiment, and shows it as it goes. 0 if every call of ours kept the promise.

    `launcher`: a program that takes Python's arguments and starts Python as its child.
    `console_name`: of the console that it runs on, where that is not Windows' own.
    """
    if sys.platform != "win32":
        raise unsupported("the demo needs the console events of Windows; on Linux, the project's"
                          " `nox -s demo` runs it on Wine")  # fmt: skip
    launcher = launcher or _launcher()
    start = time.perf_counter()
    with _colours(sys.stdout, os.environ) as coloured:
        page = Page(coloured)
        page.title(console_name or _console_of(sys.getwindowsversion()))
        shell = _start(sys.executable, SHELL, CREATE_NO_WINDOW, launcher)
        watchdog = threading.Timer(LIMIT, shell.kill)
        watchdog.start()
        try:
            pids = _hear(shell)
            kept = tell(pids, lambda role, word, code: _ask(shell, (role, word, code)), page)
        finally:
            watchdog.cancel()
            shell.communicate()  # closes its input, at which it and the others end
        page.end(kept, time.perf_counter() - start)
    return 0 if all(kept) else 1


def _launcher() -> str:
    """A launcher that this system has: the venv's python.exe, or py.exe."""
    import shutil

    if sys.prefix != sys.base_prefix:
        return sys.executable
    found = shutil.which("py")
    if found is None:
        raise unsupported("there is no py.exe here to stand for a launcher: name one with"
                          " --launcher, such as the python.exe of a venv")  # fmt: skip
    return found


def _console_of(version: Any) -> str:
    """The console of a Windows, which has the version of its Windows."""
    name = f"Windows {11 if version.build >= 22000 else version.major}"
    if version.product_type != 1:  # VER_NT_WORKSTATION (winnt.h)
        name = "Windows Server"
    return f"the console of {name}, build {version.build}"


@contextlib.contextmanager
def _colours(output: Any, environ: Mapping[str, str]) -> Generator[bool]:
    """Whether there are colours, by the rules that Python itself has from 3.13 on.

    On Windows a console shows them while it is told to.
    """
    is_wanted = not environ.get("NO_COLOR")
    is_forced = is_wanted and bool(environ.get("FORCE_COLOR"))
    is_wanted = is_wanted and (is_forced or environ.get("TERM") != "dumb")
    if not is_wanted or not output.isatty():
        yield is_forced
        return
    with half.escapes(output.fileno()) as are_taken:
        yield is_forced or are_taken


# --- the story ------------------------------------------------------------------------------------


def tell(pids: Mapping[str, int], ask: Ask, page: Page) -> list[bool]:
    """The experiment from its first call to its last: whether each call of ours has kept its word.

    `ask` lets a process do something; `page` shows what came of it.
    """
    page.tree(pids)
    kept: list[bool] = []

    def play(row: Row, *, briefly: bool = False) -> None:
        page.call(row, briefly)
        answer = ask(PROGRAM, "call", row.code)
        at_once = _counts(ask, row.expected[0])
        if not briefly:
            page.answer(row, answer, at_once)
        ask(BYSTANDER, "print", "")
        late = [role for at in row.expected for role in at if not at_once[role]]
        result = Result(answer, at_once, _counts(ask, tuple(late)))
        if briefly:
            page.outcome(row, result.reached, row.about)
        else:
            page.afterwards(row, result)
        page.verdict(row, result)
        if row.is_ours:
            kept.append(_is_kept(row, result))

    page.act("1. Plain os.kill")
    play(LEAK)
    page.act("2. The same with ctrlevent")
    play(INSTEAD)
    page.line()
    play(REFUSED)
    page.act("3. Is the launcher alive? And the whole group")
    for row in OTHERS:
        play(row, briefly=True)
    return kept


def _counts(ask: Ask, expected: Roles) -> dict[str, int]:
    """How many events each role gets, once the expected have come and QUIET is over."""
    counts = dict.fromkeys(ROLES, 0)
    start = time.perf_counter()
    while True:
        for role in ROLES:
            counts[role] += ask(role, "count", "")
        passed = time.perf_counter() - start
        if passed >= (QUIET if all(counts[role] for role in expected) else PATIENCE):
            return counts
        time.sleep(0.02)


class Page:
    """What is shown, a line at a time, each as soon as it is known. ASCII: any pipe takes it."""

    STYLES: Mapping[str, str] = {
        "head": "1",
        "faint": "2",
        "bad": "1;31",
        "good": "1;32",
        "missed": "1;33",
        "role": "36",
    }
    WIDTH = 90
    INDENT = 14
    """Where the words after a role begin."""
    ARROW = 56
    """Where the roles that are reached stand."""
    WHY = """\
   The program leads no group, so the console keeps the event, and sends it to every process
   when any process prints: to the shell, or a CI agent, too."""

    def __init__(self, coloured: bool) -> None:
        self.coloured = coloured

    def paint(self, style: str, text: str) -> str:
        return f"\x1b[{self.STYLES[style]}m{text}\x1b[0m" if self.coloured else text

    def line(self, text: str = "", end: str = "\n") -> None:
        print(text, end=end, flush=True)

    def title(self, console: str) -> None:
        self.line(self.paint("head", "Ctrl+C behind a launcher: which processes get it?"))
        self.line(self.paint("faint", "On a hidden console, so that nothing reaches yours:"))
        self.line(self.paint("faint", console))

    def tree(self, pids: Mapping[str, int]) -> None:
        self.line()
        for branch, role, about in (
            ("", SHELL, "your shell or CI agent, played by a Python"),
            ("+- ", BYSTANDER, "another program on the console"),
            ("+- ", "launcher", "py.exe, pytest.exe, a venv's python.exe; leads a group"),
            ("   +- ", PROGRAM, "the Python that the launcher has started"),
        ):
            words = f"{about:56}process {pids[role]}"
            space = " " * (17 - len(branch) - len(role))
            self.line(f"   {branch}{self.paint('role', role)}{space}{self.paint('faint', words)}")

    def act(self, title: str) -> None:
        words = f"{title:{self.ARROW}}Ctrl+C reaches"
        self.line(f"\n{self.paint('head', words)}\n")

    def call(self, row: Row, briefly: bool) -> None:
        if briefly:
            self.line(f"   {row.shown:{self.ARROW - 3}}", end="")
        else:
            self._role(PROGRAM)
            self.line(row.shown)

    def answer(self, row: Row, answer: Mapping[str, Any], counts: Mapping[str, int]) -> None:
        words = "returns: success"
        if answer["error"]:
            words = f"raises {answer['error']}"
        elif answer["in_call"]:
            words = f"raises KeyboardInterrupt, {answer['ms']:.1f} ms"
        self.line(f"{'':{self.INDENT}}{words:{self.ARROW - self.INDENT}}", end="")
        self.outcome(row, _reached(counts))
        what, colon, instead = (answer["message"] or "").partition(": ")
        for part in (what + colon.rstrip(), instead):
            for line in textwrap.wrap(part, self.WIDTH - self.INDENT):
                self.line(f"{'':{self.INDENT}}{self.paint('faint', line)}")
        self._role(BYSTANDER)
        self.line(f"{'prints a line to the console':{self.ARROW - self.INDENT}}", end="")

    def afterwards(self, row: Row, result: Result) -> None:
        reached = _reached(result.afterwards)
        if reached or not result.reached:
            self.outcome(row, reached)
        else:
            self.line(f"-> {self.paint('faint', 'no further process')}")

    def outcome(self, row: Row, reached: Roles, about: str = "") -> None:
        roles = [self.paint("good" if role in row.meant else "bad", role) for role in reached]
        if not roles:
            roles = [self.paint("missed" if row.meant else "good", "no process")]
        space = " " * (12 - len(", ".join(reached) or "no process"))
        more = f"{space}{self.paint('faint', about)}" if about else ""
        self.line(f"-> {', '.join(roles)}{more}")

    def verdict(self, row: Row, result: Result) -> None:
        if row.is_ours and not _is_kept(row, result):
            words = f"PROMISE BROKEN: should have reached {', '.join(row.meant) or 'no process'}"
            words += f", error {row.error}" if row.error else ""
            self.line(f"   {self.paint('bad', words)}")
        on_windows = {*row.expected[0], *row.expected[1]}
        if not row.is_ours and {*result.reached} != on_windows:
            names = ", ".join(role for role in ROLES if role in on_windows)
            self.line(f"   (not as on Windows, where it reaches {names})")
        elif row is LEAK:
            self.line(f"\n{self.WHY}")

    def end(self, kept: list[bool], seconds: float) -> None:
        words = f"{sum(kept)} of {len(kept)} calls of ctrlevent kept the promise"
        words = self.paint("good" if all(kept) else "bad", words)
        self.line(f"\n{words} ({seconds:.1f} s).")

    def _role(self, role: str) -> None:
        self.line(f"   {self.paint('role', role)}{'':{self.INDENT - 3 - len(role)}}", end="")


# --- the watched ----------------------------------------------------------------------------------


class _Counter:
    """Counts the Ctrl+C that this process gets; raises KeyboardInterrupt only while `armed`."""

    def __init__(self) -> None:
        self.count = 0
        self.armed = False
        signal.signal(signal.SIGINT, self._on_sigint)

    def _on_sigint(self, *_: object) -> None:
        self.count += 1
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt

    def take(self) -> int:
        count, self.count = self.count, 0
        return count


def play(role: str, launcher: str | None) -> int:
    """What a process of the experiment does: answer one line for each line, until the end.

    A line is a question of `Ask`. The shell hands on what is for another role.
    """
    counter = _Counter()
    children: dict[str, subprocess.Popen[str]] = {}
    ready = {role: os.getpid()}
    if role == SHELL:
        children[BYSTANDER] = _start(sys.executable, BYSTANDER)
        children[PROGRAM] = _start(launcher or "", PROGRAM, CREATE_NEW_PROCESS_GROUP)
        for child in children.values():
            ready.update(_hear(child))
    if role == PROGRAM:
        ready["launcher"] = _group()
    _say(ready)
    for line in sys.stdin:
        whose, word, argument = question = json.loads(line)
        if whose in children:
            _say(_ask(children[whose], question))
        elif word == "call":
            _say(_call(counter, argument))
        elif word == "print":
            _print()
            _say(None)
        else:
            _say(counter.take())
    return 0


def _group() -> int:
    """The launcher's pid, which is the id of the group."""
    ctrlevent = importlib.import_module(PACKAGE)
    ctrlevent.ignore_ctrl_c(False)  # as the child of a leader of a new group it inherited that
    group: int = ctrlevent.getpgrp()
    if group == os.getpid():
        raise SystemExit("the launcher is none: the program that it started leads its own group")
    return group


def _call(counter: _Counter, code: str) -> dict[str, Any]:
    """The answer of a call: its error, or after how long it has raised KeyboardInterrupt."""
    names = {"ctrlevent": importlib.import_module(PACKAGE), "os": os, "signal": signal}
    answer: dict[str, Any] = {"error": None, "message": None, "ms": None, "in_call": False}
    start = time.perf_counter()
    try:
        counter.armed = True
        try:
            eval(code, names)  # of one of ROWS
        except OSError as error:
            answer["error"], answer["message"] = type(error).__name__, error.strerror
        except KeyboardInterrupt:
            answer["in_call"] = True
            answer["ms"] = (time.perf_counter() - start) * 1000
        counter.armed = False
    except KeyboardInterrupt:  # it came after the call, and is counted
        pass
    return answer


def _print() -> None:
    with open("CONOUT$", "w", encoding="utf-8") as console:
        console.write("a line of the bystander\n")


# --- how they talk --------------------------------------------------------------------------------


def _start(
    python: str, role: str, creationflags: int = 0, launcher: str | None = None
) -> subprocess.Popen[str]:
    command = [python, "-m", PACKAGE, "demo", "--role", role]
    if launcher:
        command += ["--launcher", launcher]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONIOENCODING="utf-8")
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=creationflags,
        env=environment,
        encoding="utf-8",
    )


def _ask(process: subprocess.Popen[str], question: Any) -> Any:
    _say(question, process.stdin)
    return _hear(process)


def _say(answer: Any, to: IO[str] | None = None) -> None:
    print(json.dumps(answer), file=to or sys.stdout, flush=True)


def _hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise OSError(0, f"a process of the experiment has ended, with {process.wait()}")
    return json.loads(line)
