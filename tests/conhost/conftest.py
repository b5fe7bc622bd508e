"""Which builds, how many histories, from which seed; and the report of how many were played."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Callable, NamedTuple

import pytest

from tests.fakes.profiles import CONHOST_1_20, NEWEST, Profile
from tests.tally import Tally
from tests.tools.bed import bed, consoles

from .both import COUNTS
from .scene import Scene
from .servers import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_DEFAULT = 250
AT_ONCE = 500
"""Histories in one test: more tests are spread over more processors."""


ServersOf = Callable[[str], Servers]


class Share(NamedTuple):
    """Histories to be played in one test."""

    build: str
    histories: int
    seed: int


def profile_of(build: str) -> Profile:
    """The profile that was measured on this build."""
    return CONHOST_1_20 if build.startswith(("1.19.", "1.20.")) else NEWEST


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conhost")
    group.addoption(
        "--histories", type=int, metavar="N", help=f"on each build; default: {BY_DEFAULT}"
    )
    group.addoption(
        "--build",
        action="append",
        metavar="B",
        help=f"of the console server: {', '.join(consoles.BUILDS)}, or all; "
        f"may be repeated; default: {consoles.NEWEST}",
    )
    group.addoption(
        "--seed", type=int, metavar="S", help="of the histories; default: by chance, in CI always 0"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tally("played on Microsoft's console server", COUNTS))
    if getattr(config.option, "seed", 0) is None:  # before workers of xdist get their options
        config.option.seed = 0 if "CI" in os.environ else random.randrange(1 << 30)
    unknown = set(config.getoption("build", None) or ()) - {*consoles.BUILDS, "all"}
    if unknown:
        raise pytest.UsageError(f"--build {', '.join(sorted(unknown))}: not one of "
                                f"{', '.join(consoles.BUILDS)}, all")  # fmt: skip


def pytest_report_header(config: pytest.Config) -> str:
    return f"conhost: {', '.join(_builds(config))}; seed {config.getoption('seed', 0)}"


def _builds(config: pytest.Config) -> list[str]:
    named = config.getoption("build", None) or [consoles.NEWEST]
    return list(consoles.BUILDS) if "all" in named else list(named)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    config = metafunc.config
    builds = _builds(config)
    if "share" in metafunc.fixturenames:
        count = config.getoption("histories", None) or BY_DEFAULT
        seed = int(config.getoption("seed", 0) or 0)
        shares = [
            Share(build, min(AT_ONCE, count - begin), seed + begin)
            for build in builds
            for begin in range(0, count, AT_ONCE)
        ]
        ids = [f"{share.build}-{share.seed - seed}" for share in shares]
        metafunc.parametrize("share", shares, ids=ids)
    elif "build" in metafunc.fixturenames:
        metafunc.parametrize("build", builds, scope="session")


@pytest.fixture(scope="session")
def servers_of() -> Iterator[ServersOf]:
    """The servers of a build, which start when a test needs the first."""
    if bed.ON_WINDOWS:
        pytest.skip("the console server of the bed runs on Wine; here the console is Windows' own")
    started: dict[str, Servers] = {}

    def of(build: str) -> Servers:
        if build not in started:
            started[build] = Servers(build)
        return started[build]

    yield of
    for servers in started.values():
        servers.drop_all()


@pytest.fixture
def servers(servers_of: ServersOf, build: str) -> Iterator[Servers]:
    """Of the build of this test."""
    servers = servers_of(build)
    yield servers
    servers.drop_taken()


@pytest.fixture
def profile(build: str) -> Profile:
    return profile_of(build)


@pytest.fixture
def scene(servers: Servers) -> Iterator[Scene]:
    scene = Scene(servers)
    yield scene
    scene.leave()
