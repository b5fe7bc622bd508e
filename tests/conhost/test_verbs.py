"""The verbs of this package, and plain os.kill, on Microsoft's console server.

The scenarios are those of `tests/model`: anything happens at any time. Everything but the console
is the model there; the console is the server, held against the model at each message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, ClassVar

import pytest
from hypothesis import seed

from tests.fakes.console import CTRL_C
from tests.fakes.windows import FakeWindows
from tests.model.laws import Broken, Hang, Leak, Phantom
from tests.model.test_control import PlainOsKill
from tests.model.world import World, run

from .both import COUNTS, Both, on_the_server
from .conftest import profile_of

if TYPE_CHECKING:
    from tests.fakes.profiles import Profile
    from tests.fakes.windows import Console

    from .conftest import ServersOf, Share
    from .servers import Servers


class OnTheServer(World):
    servers: ClassVar[Servers]
    named: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.consoles: list[Both] = []

    def new_console(self, windows: FakeWindows) -> Console:
        self.consoles.append(Both(windows, self.servers))
        return self.consoles[-1]

    def judge(self) -> None:
        """The laws; and where nothing is pending by the model, the server has nothing either."""
        super().judge()
        for console in self.consoles:
            present = [entry.process for entry in console.entries if entry.process]
            if present and not console.parked:
                console.call(present[0])
                console.process_list(present[0])

    def teardown(self) -> None:
        super().teardown()
        for console in self.consoles:
            console.leave()
        COUNTS[f"scenarios of {self.named} on {self.servers.build}"] += 1


class OurVerbs(OnTheServer):
    named = "our verbs"


class OsKill(PlainOsKill, OnTheServer):
    named = "plain os.kill"


@pytest.mark.timeout(3600)
def test_our_verbs_park_nothing_and_make_no_phantom(share: Share, servers_of: ServersOf) -> None:
    @seed(share.seed)
    class Machine(OurVerbs):
        profile = profile_of(share.build)
        servers = servers_of(share.build)

    try:
        run(Machine, max(30, share.histories // 10), shortest=False)
    finally:
        Machine.servers.drop_taken()


@pytest.mark.parametrize("bug", [Leak, Hang, Phantom])
def test_plain_os_kill_does(bug: type[Broken], servers: Servers, profile: Profile) -> None:
    @seed(8)  # from which also the leak, of the three the rarest, comes soon
    class Machine(OsKill):
        looks_for = (bug,)

    Machine.servers, Machine.profile = servers, profile
    with pytest.raises(bug):
        run(Machine, 2000, shortest=False)


def test_how_the_hang_becomes_the_leak(servers: Servers, profile: Profile) -> None:
    """What the machine finds, once by hand."""

    def play(new_console: Callable[[FakeWindows], Console]) -> None:
        windows = FakeWindows(profile=profile, new_console=new_console)
        launcher = windows.create(windows.caller)
        python = windows.create(launcher)
        with windows.somebody_else(python):
            windows.GenerateConsoleCtrlEvent(CTRL_C, python.pid)
        assert windows.received == [], "it succeeds, and no process gets it"
        windows.console.call(windows.caller, "WriteConsole")
        assert windows.heard(CTRL_C) == [windows.caller.pid, launcher.pid, python.pid]

    on_the_server(servers, play)
