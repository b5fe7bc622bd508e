"""What is played for each drawing. The console says what comes of it."""

from __future__ import annotations

from typing import Callable, NamedTuple

import ctrlevent
from ctrlevent._types import CtrlEvent
from ctrlevent._win32 import constants as c
from tests.fakes.windows import CTRL_C, Console, FakeWindows, Process

from .recording import Recorder, Recording

C = CtrlEvent.CTRL_C_EVENT


class Scenario(NamedTuple):
    title: str
    order: tuple[str, ...]
    """The processes and the console, from left to right."""
    meant: tuple[str, ...]
    """The processes that the sender meant."""
    steps: Callable[[Recorder], None]

    def play(self, new_console: Callable[[FakeWindows], Console] = Console) -> Recording:
        """Play it on the model of a console, or on another console."""
        recorder = Recorder(new_console)
        self.steps(recorder)
        return recorder.recording(self.order)


def _new_group(recorder: Recorder, parent: Process) -> Process:
    """A child that leads a group of its own and hears Ctrl+C."""
    child = recorder.create(parent, c.CREATE_NEW_PROCESS_GROUP)
    child.ignores = False
    return child


def _launched(recorder: Recorder) -> tuple[Process, Process]:
    """A shell, and a Python that a launcher has started there: the launcher leads the group."""
    shell = recorder.named("shell", recorder.caller)
    launcher = recorder.named("launcher", _new_group(recorder, shell))
    python = recorder.named("python", recorder.create(launcher))
    recorder.steps.clear()  # starting these processes is no step of the scenario
    return shell, python


def _group(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.os_kill(shell, python.group, CTRL_C)


def _leak(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.os_kill(python, python.pid, CTRL_C)
    recorder.prints(shell)


def _hang(recorder: Recorder) -> None:
    _, python = _launched(recorder)
    recorder.os_kill(python, python.pid, CTRL_C)
    recorder.waits(python, 60)
    recorder.prints(python)


def _cleared(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    guard = recorder.named("guard", _new_group(recorder, shell))
    recorder.steps.clear()
    recorder.os_kill(python, python.pid, CTRL_C)
    recorder.clears(guard)
    recorder.prints(shell)


def _phantom(recorder: Recorder) -> None:
    parent = recorder.named("parent", recorder.caller)
    child = recorder.create(parent, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    recorder.named("child", child)
    recorder.os_kill(parent, child.pid, CTRL_C)
    child.start()


def _ignored(recorder: Recorder) -> None:
    parent = recorder.named("parent", recorder.caller)
    child = recorder.named("child", recorder.create(parent, c.CREATE_NEW_PROCESS_GROUP))
    recorder.steps.clear()
    recorder.os_kill(parent, child.pid, CTRL_C)


def _heard(recorder: Recorder) -> None:
    parent = recorder.named("parent", recorder.caller)
    child = recorder.named("child", recorder.create(parent, c.CREATE_NEW_PROCESS_GROUP))
    recorder.steps.clear()
    recorder.verb(
        parent, "ignore_ctrl_c(False, child)", lambda: ctrlevent.ignore_ctrl_c(False, child.pid)
    )
    recorder.os_kill(parent, child.pid, CTRL_C)


def _kill_self(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.verb(python, "kill(os.getpid(), SIGINT)", lambda: ctrlevent.kill(python.pid, C))
    recorder.prints(shell)


def _kill(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.sleep(1.0)  # none of them has just been started
    recorder.verb(shell, f"kill({python.pid}, SIGINT)", lambda: ctrlevent.kill(python.pid, C))
    recorder.prints(shell)


def _killpg(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.verb(
        shell, f"killpg({python.group}, SIGINT)", lambda: ctrlevent.killpg(python.group, C)
    )
    recorder.prints(shell)


def _refused(recorder: Recorder) -> None:
    shell, python = _launched(recorder)
    recorder.sleep(1.0)
    recorder.verb(shell, f"killpg({python.pid}, SIGINT)", lambda: ctrlevent.killpg(python.pid, C))
    recorder.prints(shell)


def _waited_for(recorder: Recorder) -> None:
    parent = recorder.named("parent", recorder.caller)
    child = recorder.create(parent, c.CREATE_NEW_PROCESS_GROUP, starts=False)
    child.ignores = False
    recorder.named("child", child)
    recorder.after(0.03, child.start)
    recorder.verb(parent, "killpg(child, SIGINT)", lambda: ctrlevent.killpg(child.pid, C))


# The sender stands first: in a narrow window the reader must scroll to the rest.
BY_SHELL = ("shell", "console", "launcher", "python")
BY_PYTHON = ("python", "console", "launcher", "shell")
BY_GUARD = ("python", "console", "guard", "launcher", "shell")
BY_PARENT = ("parent", "console", "child")

SCENARIOS = {
    "group": Scenario(
        "Ctrl+C to a group that the console knows", BY_SHELL, ("launcher", "python"), _group
    ),
    "leak": Scenario(
        "Ctrl+C to a process that leads no group, and somebody prints",
        BY_PYTHON, ("python",), _leak,
    ),
    "hang": Scenario(
        "The same, and nobody prints for a while", BY_PYTHON, ("python",), _hang
    ),
    "cleared": Scenario(
        "The leak, and a guard that clears the event before a process prints",
        BY_GUARD, ("guard",), _cleared,
    ),
    "phantom": Scenario(
        "Ctrl+C to a child that has not connected yet",
        BY_PARENT, ("child",), _phantom,
    ),
    "ignored": Scenario(
        "Ctrl+C to a child started with CREATE_NEW_PROCESS_GROUP", BY_PARENT, ("child",), _ignored
    ),
    "heard": Scenario(
        "The same, after its ignore bit was cleared", BY_PARENT, ("child",), _heard
    ),
    "kill-self": Scenario(
        "ctrlevent.kill to oneself", BY_PYTHON, ("python",), _kill_self
    ),
    "kill": Scenario(
        "ctrlevent.kill to a process that shares its group", BY_SHELL, ("python",), _kill
    ),
    "killpg": Scenario(
        "ctrlevent.killpg", BY_SHELL, ("launcher", "python"), _killpg
    ),
    "refused": Scenario(
        "ctrlevent.killpg with the pid of a process that leads no group", BY_SHELL, (), _refused
    ),
    "waited-for": Scenario(
        "ctrlevent.killpg to a child that has not connected yet", BY_PARENT, ("child",), _waited_for
    ),
}  # fmt: skip

PROBLEM = "leak"
"""The scenario that the README shows."""
