"""The two worlds that the suite runs in. A process is whatever the world says it is."""

from __future__ import annotations

import itertools
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ctrlevent._win32 import constants as c
from tests.fakes.profiles import WINDOWS, WINE, Profile
from tests.fakes.windows import FakeWindows, install

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest


class World(ABC):
    """One console with a process on it, `caller`, that does what a test asks for."""

    profile: Profile
    caller: Any

    @abstractmethod
    def spawn(self, flags: int = 0, *, parent: Any = None, hears: bool = True) -> Any:
        """A program that takes events, on its console. `hears`: it clears its ignore bit."""

    @abstractmethod
    def spawn_gui(self, flags: int = 0) -> Any:
        """A GUI program."""

    @abstractmethod
    def ignore(self, process: Any, ignores: bool) -> None:
        """By SetConsoleCtrlHandler(NULL, ...), in that process."""

    @abstractmethod
    def end(self, process: Any, *, held: bool) -> None:
        """Has it exit. `held`: its starter keeps a handle of it, as a Popen does."""

    @abstractmethod
    def generate(self, event: int, group: int) -> int:
        """GenerateConsoleCtrlEvent by the caller: 0, or its error."""

    @abstractmethod
    def facts(self, process: Any) -> tuple[int, bool]:
        """Its group and whether it ignores Ctrl+C, as its PEB says."""

    @abstractmethod
    def listed(self) -> set[int]:
        """The pids on the caller's console."""

    @abstractmethod
    def assert_heard(self, expected: Mapping[Any, Sequence[int]]) -> None:
        """These processes have got these events since the last time, and no other process any.

        All processes make a console call before that.
        """


class Fake(World):
    def __init__(self, profile: Profile, patch: pytest.MonkeyPatch) -> None:
        self.profile = profile
        self.windows = install(patch, FakeWindows(profile=profile))
        self.caller = self.windows.caller

    def spawn(self, flags: int = 0, *, parent: Any = None, hears: bool = True) -> Any:
        process = self.windows.create(parent or self.caller, flags)
        if hears:
            process.ignores = False
        return process

    def spawn_gui(self, flags: int = 0) -> Any:
        return self.windows.create(self.caller, flags, gui=True)

    def ignore(self, process: Any, ignores: bool) -> None:
        process.ignores = ignores

    def end(self, process: Any, *, held: bool) -> None:
        process.held = held
        process.exit()

    def generate(self, event: int, group: int) -> int:
        try:
            self.windows.GenerateConsoleCtrlEvent(event, group)
        except OSError as error:
            return int(getattr(error, "winerror"))  # noqa: B009
        return 0

    def facts(self, process: Any) -> tuple[int, bool]:
        import ctrlevent

        return ctrlevent.getpgid(process.pid), ctrlevent.ignores_ctrl_c(process.pid)

    def listed(self) -> set[int]:
        return set(self.windows.GetConsoleProcessList())

    def assert_heard(self, expected: Mapping[Any, Sequence[int]]) -> None:
        for console in self.windows.consoles:
            if console.entries:
                console.call(console.entries[0].process or self.windows.caller)
        heard: dict[int, list[int]] = {}
        for pid, event in self.windows.received:
            heard.setdefault(pid, []).append(event)
        del self.windows.received[:]
        assert heard == {process.pid: list(events) for process, events in expected.items()}


class Real(World):
    def __init__(self, console: Any, profile: Profile | None = None) -> None:
        self.profile = profile or (WINE if is_wine() else WINDOWS)
        self.console = console
        self.caller = console.parent

    def spawn(self, flags: int = 0, *, parent: Any = None, hears: bool = True) -> Any:
        return (parent or self.caller).spawn(flags, hears=hears)

    def spawn_gui(self, flags: int = 0) -> Any:
        return self.caller.native("hear", flags=flags, gui=True)

    def ignore(self, process: Any, ignores: bool) -> None:

        process.ignore_ctrl_c(ignores)

    def end(self, process: Any, *, held: bool) -> None:
        process.leave()
        if not held:
            process.forget()

    def generate(self, event: int, group: int) -> int:
        return int(self.caller.call(generate, event, group))

    def facts(self, process: Any) -> tuple[int, bool]:
        import ctrlevent

        call = self.caller.call
        return call(ctrlevent.getpgid, process.pid), call(ctrlevent.ignores_ctrl_c, process.pid)

    def listed(self) -> set[int]:
        return set(self.caller.call(listed))

    def assert_heard(self, expected: Mapping[Any, Sequence[int]]) -> None:
        self.console.assert_heard(expected)


# --- what the real caller is told to do -----------------------------------------------------------


def is_wine() -> bool:
    from ctrlevent._win32 import system
    from ctrlevent._windows.wine import is_wine

    return sys.platform == "win32" and is_wine(system())


def generate(event: int, group: int) -> int:
    from tests.windows import actor

    return 0 if actor.kernel32.GenerateConsoleCtrlEvent(event, group) else last_error()


def last_error() -> int:
    import ctypes

    return int(getattr(ctypes, "get_last_error")())  # noqa: B009


def listed() -> list[int]:
    from ctrlevent._win32 import system

    return list(system().GetConsoleProcessList())


# --- flags ----------------------------------------------------------------------------------------

CONSOLES = {
    "inherited": 0,
    "NEW_CONSOLE": c.CREATE_NEW_CONSOLE,
    "NO_WINDOW": c.CREATE_NO_WINDOW,
    "DETACHED": c.DETACHED_PROCESS,
}
GROUP = c.CREATE_NEW_PROCESS_GROUP
BIRTHS = {
    name + (" + NEW_PROCESS_GROUP" if group else ""): flags | group
    for (name, flags), group in itertools.product(CONSOLES.items(), (0, GROUP))
}
