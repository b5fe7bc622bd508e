"""A console with a few processes that have names, on the server alone: no model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from tests.fakes.console import CTRL_BREAK, CTRL_C
from tests.tools.conhost import messages
from tests.tools.conhost.server import State, win32_error

if TYPE_CHECKING:
    from .servers import Servers


class Scene:
    """A shell, which has started a neighbour and, in a group of its own, a launcher.

    The launcher has started `python`, which therefore leads no group.
    """

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.server, self._next_pid = servers.take()
        self._names: dict[int, str] = {}
        self._parents: dict[int, int] = {}
        self._pids: list[int] = []
        self.outsider = self.process("outsider", 0)
        self.shell = self.start("shell", self.outsider, leads=True)
        self.neighbour = self.start("neighbour", self.shell, self.shell)
        self.launcher = self.start("launcher", self.shell, leads=True)
        self.python = self.start("python", self.launcher, self.launcher)
        self.nobody = self._pid()
        self.told()

    def leave(self) -> None:
        self._servers.give_back(self.server, self._pids)

    def _pid(self) -> int:
        self._next_pid += 4
        self._pids.append(self._next_pid)
        return self._next_pid

    def process(self, name: str, parent: int) -> int:
        """A process that is not on this console."""
        pid = self._pid()
        self._names[pid], self._parents[pid] = name, parent
        self.server.process(pid, parent, State.ALIVE)
        return pid

    def start(self, name: str, parent: int, group: int = 0, *, leads: bool = False) -> int:
        """A process on the console; `leads`: a group of its own."""
        pid = self.process(name, parent)
        assert self.connect(pid, pid if leads else group)
        return pid

    def connect(self, pid: int, group: int, *, starts: bool = True) -> bool:
        return self.server.connect(pid, group, starts=starts) == 0

    def exit(self, pid: int, *, held: bool = False) -> None:
        """`held`: a process has a handle of it."""
        state = State.DEAD_AND_OPEN if held else State.GONE
        self.server.process(pid, self._parents[pid], state)
        if pid in self.server.attached:
            self.server.disconnect(pid)

    def generate(self, by: int, event: int, group: int) -> int:
        """GenerateConsoleCtrlEvent; returns the error, 0 for success."""
        return win32_error(self.server.generate(by, event, group))

    def park(self, event: int = CTRL_C) -> None:
        """What a plain os.kill(os.getpid(), event) does behind a launcher."""
        assert self.generate(self.python, event, self.python) == 0
        assert self.told() == []

    def told(self) -> list[tuple[str, int]]:
        """What csrss was asked since this was asked last: (name, event), in order."""
        return [(self._names[pid], event) for pid, event in self.server.taken()]

    def heard(self) -> dict[int, set[str]]:
        """The same without the order; each process at most once by each event."""
        told = self.told()
        assert len(set(told)) == len(told)
        return {
            event: {name for name, of in told if of == event} for event in {of for _, of in told}
        }

    def listed(self, by: int = 0) -> list[str]:
        """GetConsoleProcessList, without the phantoms of earlier tests."""
        pids = self.server.process_list(by or self.shell, 2000)
        return [self._names[pid] for pid in pids if pid in self._names]

    def prints(self, by: int = 0) -> None:
        self.server.call(by or self.shell, messages.write("x"))


ALL = {"shell", "neighbour", "launcher", "python"}

# What releases a parked event; each with what it needs to have been done before the event.
Way = Callable[[Scene], object]


def _connects(scene: Scene) -> None:
    scene.start("newcomer", scene.shell, scene.shell)


def _is_refused(scene: Scene) -> None:
    phantom = scene.process("phantom", scene.python)
    scene.generate(scene.shell, CTRL_BREAK, phantom)
    scene.told()
    scene.park()
    assert not scene.connect(phantom, scene.launcher)


def _opens_and_closes(scene: Scene) -> None:
    handle = scene.server.open_handle(scene.shell)
    scene.park()
    scene.server.close_handle(scene.shell, handle)


RELEASES: dict[str, Way] = {
    "WriteConsole": lambda scene: scene.prints(scene.neighbour),
    "WriteFile": lambda scene: scene.server.raw(scene.neighbour, messages.RAW_WRITE, b"x"),
    "GetConsoleMode": lambda scene: scene.server.call(scene.neighbour, messages.get_mode()),
    "GetConsoleCP": lambda scene: scene.server.call(scene.neighbour, messages.get_cp()),
    "GetConsoleProcessList": lambda scene: scene.listed(scene.neighbour),
    "GetConsoleProcessList without room": lambda scene: scene.server.process_list(scene.shell, 1),
    "FlushConsoleInputBuffer": lambda scene: scene.server.raw(scene.shell, messages.RAW_FLUSH),
    "CreateFile of CONOUT$": lambda scene: scene.server.open_handle(scene.shell),
    "GenerateConsoleCtrlEvent that fails": lambda scene: scene.generate(
        scene.neighbour, CTRL_BREAK, scene.nobody
    ),
    "a process connects": _connects,
    "a key": lambda scene: scene.server.type(b"a"),
    "the focus": lambda scene: scene.server.type(messages.FOCUS),
    "a new size of the window": lambda scene: scene.server.resize(90, 30),
}
PARKS_ITSELF: dict[str, Way] = {
    "a process is refused": _is_refused,
    "CloseHandle of CONOUT$": _opens_and_closes,
}
