"""The model of a console, and Microsoft's console server, in step.

`Both` is the model (`tests/fakes/console.py`). After each message it plays the same message on the
server, and compares: the answer, the error code, the processes that are told, in their order. It
keeps the story, and raises `Disagreement` with it.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Callable, TypeVar

from ctrlevent._errors import winerror_of
from tests.fakes.console import CTRL_BREAK, CTRL_C, CTRL_CLOSE, Console, Message, Told
from tests.tools.conhost import messages
from tests.tools.conhost.server import MODE_AT_START, Server, State, win32_error

if TYPE_CHECKING:
    from tests.fakes.windows import FakeWindows, Process

    from .servers import Servers

T = TypeVar("T")

ROOM = 2000
"""For pids in a process list: a server may list the phantoms of earlier histories, too."""

KEYS = {
    "the key a": b"a",
    "the key Ctrl+C": messages.CTRL_C_KEY,
    "the key Ctrl+Break": messages.CTRL_BREAK_KEY,
    "focus": messages.FOCUS,
}
COUNTS: collections.Counter[str] = collections.Counter()
"""What was really played, for the report."""

REFUSED = 1
"""ERROR_INVALID_FUNCTION, for a connection: the server makes it of S_FALSE (AllocProcessData)."""

EVENTS = {CTRL_C: "Ctrl+C", CTRL_BREAK: "Ctrl+Break", CTRL_CLOSE: "CLOSE"}


class Disagreement(AssertionError):
    """The model and the server do not do the same. With the story so far."""


class Both(Console):
    """A console of the model that is held against a server."""

    def __init__(self, windows: FakeWindows, servers: Servers) -> None:
        super().__init__(windows)
        self._servers = servers
        self.server, self._first_pid = servers.take()
        self._known: dict[int, tuple[int, State]] = {}
        self._handles: dict[int, list[int]] = {}
        self._columns = 80
        self.served = 0
        """How many messages both have served."""
        self._plays: dict[str, Callable[[int, Message], object]] = {
            "connect": self._connect,
            "disconnect": self._disconnect,
            "GenerateConsoleCtrlEvent": self._generate_there,
            "GetConsoleProcessList": self._list,
            "open a console handle": self._open,
            "close a console handle": self._close,
            "SetConsoleMode": self._set_mode,
        }
        self.story: list[str] = []

    def leave(self) -> None:
        """Give the server back, for another history."""
        self._servers.give_back(self.server, map(self._pid, self._known))

    # --- what the model calls ---------------------------------------------------------------------

    def _served(self, message: Message, answer: object, told: list[Told]) -> None:
        COUNTS[f"messages on {self._servers.build}"] += 1
        self.served += 1
        self._tell_of_processes()
        self.server.taken()
        theirs = self._play(message)
        ours = winerror_of(answer) if isinstance(answer, OSError) else answer or 0
        if message.name == "connect":
            ours = 0 if answer else REFUSED
        told_by_model = [(one.pid, one.event) for one in told]
        told_by_server = [(self._model_pid(one.pid), one.event) for one in self.server.taken()]
        agree = (ours, told_by_model) == (theirs, told_by_server)
        self._tell(message, _shown(ours, told_by_model), _shown(theirs, told_by_server))
        if not agree:
            raise Disagreement("\n" + "\n".join(self.story))

    def check_pid(self, process: Process) -> None:
        """Whether a process id is free: not while the console has a handle of the process."""
        self._tell_of_processes()
        ours = self.windows.exists(process)
        theirs = self._is_held_elsewhere(process) or self.server.holds(self._pid(process.pid)) > 0
        message = Message(f"OpenProcess({process.pid})")
        self._tell(message, str(ours), str(theirs))
        if ours != theirs:
            raise Disagreement("\n" + "\n".join(self.story))

    # --- the server -------------------------------------------------------------------------------

    def _play(self, message: Message) -> object:
        """What the server answers: the error, 0, or what the model answers."""
        if message.process is None:
            return self._play_terminal(message.name)
        pid = self._pid(message.process.pid)
        if message.name in CALLS:
            return CALLS[message.name](self.server, pid)
        return self._plays[message.name](pid, message)

    def _connect(self, pid: int, message: Message) -> int:
        assert message.process
        group = self._pid(message.process.group)
        return win32_error(self.server.connect(pid, group, starts=bool(message.arguments[0])))

    def _disconnect(self, pid: int, _: Message) -> int:
        return win32_error(self.server.disconnect(pid))

    def _generate_there(self, pid: int, message: Message) -> int:
        event, group = message.arguments
        return win32_error(self.server.generate(pid, event, self._pid(group) if group else 0))

    def _list(self, pid: int, _: Message) -> tuple[int, ...]:
        pids = (self._model_pid(one) for one in self.server.process_list(pid, ROOM))
        return tuple(one for one in pids if one)

    def _open(self, pid: int, _: Message) -> int:
        self._handles.setdefault(pid, []).append(self.server.open_handle(pid))
        return 0

    def _close(self, pid: int, _: Message) -> int:
        return win32_error(self.server.close_handle(pid, self._handles[pid].pop()))

    def _set_mode(self, pid: int, message: Message) -> int:
        mode = MODE_AT_START & ~messages.ENABLE_PROCESSED_INPUT | message.arguments[0]
        return win32_error(self.server.call(pid, messages.set_mode(mode)).status)

    def _play_terminal(self, name: str) -> int:
        if name == "resize":
            self._columns = 200 - self._columns  # the same size would be no news
            self.server.resize(self._columns, 25)
        elif name == "close":
            self.server.close_terminal()
        else:
            self.server.type(KEYS[name])
        return 0

    def _pid(self, pid: int) -> int:
        return (pid - 1000 + self._first_pid) % (1 << 32)

    def _model_pid(self, pid: int) -> int:
        return pid - self._first_pid + 1000 if pid >= self._first_pid else 0

    def _is_held_elsewhere(self, process: Process) -> bool:
        """Whether there is a handle of it that is not this console's."""
        others = [one for one in self.windows.consoles if one is not self]
        return self.windows.is_held(process) or any(process.pid in one.phantoms for one in others)

    def _tell_of_processes(self) -> None:
        for process in self.windows.processes.values():
            state = (
                State.ALIVE if process.is_alive
                else State.DEAD_AND_OPEN if self._is_held_elsewhere(process)
                else State.GONE
            )  # fmt: skip
            known = process.ppid, state
            if self._known.get(process.pid) != known:
                self._known[process.pid] = known
                parent = self._pid(process.ppid) if process.ppid >= 1000 else 0
                self.server.process(self._pid(process.pid), parent, state)

    # --- the story --------------------------------------------------------------------------------

    def note(self, line: str) -> None:
        """What happens that is no message."""
        self.story.append(line)

    def _tell(self, message: Message, model: str, server: str) -> None:
        who = f"{message.process.pid}: " if message.process else ""
        arguments = f"({', '.join(map(str, message.arguments))})" if message.arguments else ""
        line = f"{who}{message.name}{arguments}"
        if model == server:
            self.story.append(f"{line:50} -> {model}")
        else:
            self.story += [f"{line:50} -> model:  {model}", f"{'':50}    server: {server}"]


def on_the_server(servers: Servers, play: Callable[[Callable[[FakeWindows], Console]], T]) -> T:
    """Play it with consoles that are held against servers."""
    consoles: list[Both] = []

    def new_console(windows: FakeWindows) -> Console:
        consoles.append(Both(windows, servers))
        return consoles[-1]

    played = play(new_console)
    for console in consoles:
        console.leave()
    return played


# Each returns its status: 0 is success.
CALLS: dict[str, Callable[[Server, int], int]] = {
    "GetConsoleMode": lambda server, pid: server.call(pid, messages.get_mode()).status,
    "GetConsoleCP": lambda server, pid: server.call(pid, messages.get_cp()).status,
    "WriteConsole": lambda server, pid: server.call(pid, messages.write("x")).status,
    "WriteFile": lambda server, pid: server.raw(pid, messages.RAW_WRITE, b"x"),
    "flush": lambda server, pid: server.raw(pid, messages.RAW_FLUSH),
    "no such call": lambda server, pid: server.call(pid, messages.unknown()).status,
}


def _shown(answer: object, told: list[tuple[int, int]]) -> str:
    said = str(answer)
    if isinstance(answer, int):
        said = f"error {answer}" if answer else "success"
    whom = ", ".join(f"{EVENTS.get(event, event)} to {pid}" for pid, event in told)
    return f"{said}; {whom or 'no process is told'}"
