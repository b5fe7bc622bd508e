"""How processes of `multiprocessing` and `concurrent.futures` stop: the pieces of a how-to page."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import ctrlevent

POOL = [sys.executable, str(Path(__file__).with_name("pool.py"))]
# Where the package is, as the program is started by the path of its file.
_PATH = [str(Path(ctrlevent.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _PATH))}
KINDS = ["executor", "pool", "simple"]


def wait_for(pipe: Any) -> None:
    """In a child. It cleans up when it is interrupted."""
    try:
        pipe.send("up")
        while not pipe.poll(0.1):
            pass
        pipe.recv()
    except KeyboardInterrupt:
        pipe.send("cleans up")


@pytest.mark.usefixtures("no_stray_events")
def test_start_and_interrupt() -> None:
    context = ctrlevent.multiprocessing_context("spawn", keyboard=False)
    ours, theirs = context.Pipe()
    process = context.Process(target=wait_for, args=(theirs,))
    process.start()
    assert ours.recv() == "up"
    assert process.pgid == process.pid  # it leads a group
    process.interrupt()  # Ctrl+C to it and its children, no other process
    assert ours.recv() == "cleans up"
    process.join()
    assert process.exitcode == 0


@pytest.mark.usefixtures("no_stray_events")
def test_stop_several_in_order() -> None:
    context = ctrlevent.multiprocessing_context("spawn", keyboard=False)
    pipes = [context.Pipe() for _ in range(3)]
    processes = [context.Process(target=wait_for, args=(theirs,)) for _, theirs in pipes]
    for process in processes:
        process.start()
    for ours, _ in pipes:
        assert ours.recv() == "up"
    for process, (ours, _) in reversed([*zip(processes, pipes)]):  # the last first
        process.interrupt()
        process.join(180)
        if process.is_alive():
            process.terminate()
        assert ours.recv() == "cleans up"
        assert not ours.poll()
    assert [process.exitcode for process in processes] == [0, 0, 0]


# --- pools, on a terminal on which the key is pressed ---------------------------------------------


class OnTerminal:
    """A program on a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        if sys.platform == "win32":
            self._console = ctrlevent.PseudoConsole()
            self._process: Any = self._console.start(command, env=ENVIRONMENT)
        else:
            import fcntl
            import pty
            import termios

            self._master, terminal = pty.openpty()
            self._process = subprocess.Popen(
                command,
                env=ENVIRONMENT,
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            )
            os.close(terminal)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def press_ctrl_c(self) -> None:
        if sys.platform == "win32":
            self._console.press_ctrl_c()
        else:
            os.write(self._master, b"\x03")

    def end(self) -> tuple[int, str]:
        """Waits for its exit; returns its exit code and all that it has shown."""
        code = self._process.wait(180)
        if sys.platform == "win32":
            with self._console:
                pass
            shown = ""
            while more := self._console.read(0.1):
                shown += more
            return code, shown
        output = b""
        while True:
            try:
                more = os.read(self._master, 4096)
            except OSError:  # so Linux says that nothing has the terminal any more
                more = b""
            if not more:
                os.close(self._master)
                return code, output.decode()
            output += more


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def wait_until_two_tasks_run(program: OnTerminal, file: Path) -> None:
    while len(lines(file)) < 2:
        assert program.is_running(), program.end()
        time.sleep(0.01)
    assert sorted(lines(file)) == ["0 begins", "1 begins"]


@pytest.mark.usefixtures("no_stray_events", "press")
@pytest.mark.parametrize("kind", KINDS)
def test_the_key_stops_a_pool(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "said"
    program = OnTerminal([*POOL, kind, "600", str(file)])
    wait_until_two_tasks_run(program, file)
    program.press_ctrl_c()
    code, shown = program.end()
    cleaned_up = [] if kind == "simple" else ["0 cleans up", "1 cleans up"]
    assert sorted(lines(file)[2:]) == [*cleaned_up, "stopped"]
    assert "Traceback" not in shown
    assert code == 33


@pytest.fixture
def press() -> None:
    """Skips a test where a console takes no key from a program: on that of Wine's own."""
    if sys.platform == "win32":
        from tests.tools.bed import probes

        if not probes.pseudo_console_ctrl_c():
            pytest.skip(r"\x03 is no Ctrl+C on this pseudo console")


@pytest.mark.usefixtures("no_stray_events")
@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_that_is_left_alone(kind: str, tmp_path: Path) -> None:
    command = [*POOL, kind, "0", str(tmp_path / "said")]
    done = subprocess.run(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True, timeout=180
    )
    assert done.stdout == "[0, 1, 4, 9, 16, 25]\n"
