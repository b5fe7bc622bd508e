"""The experiment of `python -m ctrlevent demo`: what plain `os.kill` reaches, and what ctrlevent.

Four processes on a hidden console of their own, so that nothing can reach yours:

    parent ─┬─ bystander
            └─ launcher, the leader of a new group ── program, a Python that sends

The launcher stands for everything that starts Python as its child: py.exe, pytest.exe, a venv's
python.exe. So the program's pid is not the id of its group, which is what goes wrong with plain
`os.kill`. The parent hands one call after the other to the program, then asks each process which
events they got.

The events are counted by Python's own signal handlers, as in any program: what counts has nothing
to do with what is measured.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO, Any, NamedTuple

from ._errors import unsupported

PACKAGE = __name__.rpartition(".")[0]  # whatever it is vendored as

# subprocess has them on Windows only.
CREATE_NEW_PROCESS_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
CREATE_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Row(NamedTuple):
    """One call that the program makes."""

    code: str
    reached: tuple[str, ...]
    """The roles that get the event: by the promise, or for os.kill on Windows."""
    error: str | None = None
    in_call: bool = False
    """Whether KeyboardInterrupt must be raised by the call itself."""

    @property
    def is_ours(self) -> bool:
        return not self.code.startswith("os.")


ROLES = ("program", "bystander", "parent")
ROWS = (
    Row("os.kill(os.getpid(), signal.CTRL_C_EVENT)", ("program", "bystander", "parent")),
    Row("os.kill(os.getppid(), signal.CTRL_C_EVENT)", ("program",)),
    Row("os.kill(os.getppid(), 0)", ("program",)),
    Row("ctrlevent.kill(os.getpid(), signal.CTRL_C_EVENT)", ("program",), in_call=True),
    Row("ctrlevent.killpg(ctrlevent.getpgrp(), signal.CTRL_C_EVENT)", ("program",)),
    Row("ctrlevent.killpg(os.getpid(), signal.CTRL_C_EVENT)", (), error="NotAGroupLeader"),
    Row("ctrlevent.kill(os.getppid(), 0)", ()),
)

# Seconds: how long an event that should come is waited for; how long it must not come; and how long
# the whole experiment may take.
PATIENCE = 10.0
QUIET = 0.3
LIMIT = 120.0


# --- the watcher ----------------------------------------------------------------------------------


def main(launcher: str | None) -> int:
    """Runs the experiment and prints its table. 0 if every call of ours kept the promise.

    `launcher`: a program that takes Python's arguments and starts Python as its child.
    """
    if sys.platform != "win32":
        raise unsupported("the demo needs the console events of Windows; on Linux, the project's"
                          " `nox -s demo` runs it on Wine")  # fmt: skip
    start = time.perf_counter()
    parent = _start(sys.executable, "parent", CREATE_NO_WINDOW, launcher or _launcher())
    watchdog = threading.Timer(LIMIT, parent.kill)
    watchdog.start()
    kept = 0
    try:
        _print_head(_hear(parent))
        for row in ROWS:
            result = _ask(parent, row.code)
            _print_row(row, result)
            kept += row.is_ours and _is_kept(row, result)
    finally:
        watchdog.cancel()
        parent.communicate()  # closes its input, at which it and the others end
    ours = sum(row.is_ours for row in ROWS)
    print(f"\n{kept} of {ours} calls of ctrlevent kept the promise", end="")
    print(f" ({time.perf_counter() - start:.1f} s).")
    return 0 if kept == ours else 1


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


def _print_head(ready: dict[str, Any]) -> None:
    print("parent -+- bystander")
    print(f"        +- launcher (process {ready['pgid']}, leader of its group)", end="")
    print(f" -- program (process {ready['pid']})\n")
    print(f"{'What the program calls':60}{'Reached by a Ctrl+C':>30}{'after':>12}")


def _print_row(row: Row, result: dict[str, Any]) -> None:
    reached = _reached(result)
    milliseconds = f"{result['ms']:.1f} ms" if result["ms"] is not None else "-"
    print(f"{row.code.replace('signal.', ''):60}{', '.join(reached) or 'no process':>30}", end="")
    print(f"{milliseconds:>12}", flush=True)
    if result["error"]:
        print(f"    {result['error']}: {result['message']}")
    if row.is_ours and not _is_kept(row, result):
        print(
            f"    PROMISE BROKEN: should have reached {', '.join(row.reached) or 'no process'}",
            end="",
        )
        print(f", error {row.error}" if row.error else "")
    if not row.is_ours and reached != row.reached:
        print(f"    (not as on Windows, where it reaches {', '.join(row.reached)})")


def _reached(result: dict[str, Any]) -> tuple[str, ...]:
    return tuple(role for role in ROLES if result[role])


def _is_kept(row: Row, result: dict[str, Any]) -> bool:
    return (
        _reached(result) == row.reached
        and max(result[role] for role in ROLES) <= 1
        and result["error"] == row.error
        and (result["in_call"] or not row.in_call)
    )


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
    """What the processes of the experiment do: answer one line for each line, until the end."""
    {"parent": _parent, "bystander": _bystander, "program": _program}[role](launcher or "")
    return 0


def _parent(launcher: str) -> None:
    counter = _Counter()
    bystander = _start(sys.executable, "bystander")
    program = _start(launcher, "program", CREATE_NEW_PROCESS_GROUP)
    _hear(bystander)
    _say(_hear(program))
    for line in sys.stdin:
        result = _ask(program, json.loads(line))
        _console_call()
        result["bystander"] = _ask(bystander, "count")
        result["parent"] = counter.take()
        _say(result)


def _bystander(_: str) -> None:
    counter = _Counter()
    _say("ready")
    for _line in sys.stdin:
        _console_call()
        _say(counter.take())


def _program(_: str) -> None:
    counter = _Counter()
    ctrlevent = importlib.import_module(PACKAGE)
    ctrlevent.ignore_ctrl_c(False)  # as the child of a leader of a new group it inherited that
    if ctrlevent.getpgrp() == os.getpid():
        raise SystemExit("the launcher is none: the program that it started leads its own group")
    _say({"pid": os.getpid(), "pgid": ctrlevent.getpgrp()})
    names = {"ctrlevent": ctrlevent, "os": os, "signal": signal}
    rows = {row.code: row for row in ROWS}
    for line in sys.stdin:
        row = rows[json.loads(line)]
        patience = PATIENCE if row.is_ours and row.reached else QUIET
        _say(_measure(counter, row.code, names, patience))


def _measure(
    counter: _Counter, code: str, names: dict[str, Any], patience: float
) -> dict[str, Any]:
    result: dict[str, Any] = {"error": None, "message": None, "ms": None, "in_call": True}
    start = time.perf_counter()
    try:
        counter.armed = True
        try:
            eval(code, names)  # one of ROWS
        except OSError as error:
            result["error"], result["message"] = type(error).__name__, error.strerror
        result["in_call"] = False
        _wait(patience)
        _console_call()  # where a parked event is let loose
        _wait(QUIET)
        counter.armed = False
    except KeyboardInterrupt:
        result["ms"] = (time.perf_counter() - start) * 1000
    result["program"] = counter.take()
    return result


def _wait(seconds: float) -> None:
    # In short sleeps: a Ctrl+C that comes just before a sleep does not break it off.
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        time.sleep(0.01)


def _console_call() -> None:
    importlib.import_module(PACKAGE).console_processes()


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
