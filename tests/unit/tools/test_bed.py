"""The pure parts of the test bed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.bed import bed, cache, debian, probes, programs, wine
from tests.tools.bed.report import BedError
from tests.waiting import HANG_LIMIT, wait_until

TOP = Path(__file__).parents[3]

DEB822 = """\
# the archive
Types: deb deb-src
# a comment inside a stanza does not end it
URIs: mirror+file:/etc/apt/mirrors/debian.list
 http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://debian.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
"""

LIST = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian/ bookworm main # and why
deb-src http://one.example/debian/ bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://tools.example/apt nodistro main
"""


def test_deb822_sources() -> None:
    found = list(debian.parse_deb822(DEB822))
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert found[0] == debian.Source(
        "mirror+file:/etc/apt/mirrors/debian.list", "bookworm", ("main", "contrib"), keyring
    )
    assert [source.suite for source in found] == [
        "bookworm",
        "bookworm-updates",
        "bookworm",
        "bookworm-updates",
        "bookworm-security",
    ]


def test_list_sources() -> None:
    found = list(debian.parse_list(LIST))
    assert found[0] == debian.Source("http://one.example/debian/", "bookworm", ("main",), "/k.gpg")
    assert [source.uri for source in found[1:]] == ["cdrom:[Debian]/", "http://tools.example/apt"]


def test_the_main_archive_comes_first_and_security_not_at_all() -> None:
    sources = [*debian.parse_deb822(DEB822), *debian.parse_list(LIST)]
    assert [source.uri for source in debian.archives(sources)] == [
        "http://second.example/debian",
        "http://one.example/debian/",
        "mirror+file:/etc/apt/mirrors/debian.list",
    ]


# Stands for apt-get: reads a suite if it has the file of that name, in which its codename is.
APT_GET = """#!/bin/sh
suite=$(sed "s/ main//; s/.* //" sources.list)
echo "$1 $suite" >> asked
case $1 in
    update) test -e "{0}/$suite" ;;
    indextargets) cat "{0}/$suite" ;;
esac
"""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the suites that can be read, each a file with the release's codename."""
    programs, suites = tmp_path / "bin", tmp_path / "suites"
    for folder in (programs, suites):
        folder.mkdir()
    for name in ("apt-get", "apt-config", "dpkg", "dpkg-deb"):
        (programs / name).write_text(APT_GET.format(suites) if name == "apt-get" else "#!/bin/sh")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    source = debian.Source("http://mirror.example/debian", "bookworm", ("main",), None)
    monkeypatch.setattr(debian, "machine_sources", lambda: [source])
    return suites


NO_APT = pytest.mark.skipif(sys.platform == "win32", reason="what stands for apt-get is a script")


@NO_APT
@pytest.mark.parametrize(
    ("suites", "asked"),
    [
        ({"trixie": "trixie"}, ["update trixie", "indextargets trixie"]),
        ({"stable": "trixie"}, ["update trixie", "update stable", "indextargets stable"]),
        (
            {"stable": "forky", "oldstable": "trixie"},
            [
                *("update trixie", "update stable", "indextargets stable"),
                *("update oldstable", "indextargets oldstable"),
            ],
        ),
    ],
)
def test_release_is_read_under_the_first_name_that_fits(
    mirror: Path, tmp_path: Path, suites: dict[str, str], asked: list[str]
) -> None:
    for suite, codename in suites.items():
        (mirror / suite).write_text(f"{codename}\n{codename}\n")
    debian.Apt(tmp_path / "state", "trixie", ["amd64"])
    assert (tmp_path / "state" / "asked").read_text().splitlines() == asked


@NO_APT
@pytest.mark.parametrize("suites", [{}, {"stable": "forky"}])
def test_release_that_is_under_no_name_is_an_error(
    mirror: Path, tmp_path: Path, suites: dict[str, str]
) -> None:
    for suite, codename in suites.items():
        (mirror / suite).write_text(codename)
    with pytest.raises(BedError, match="could not read Debian trixie"):
        debian.Apt(tmp_path / "state", "trixie", ["amd64"])


@NO_APT
@pytest.mark.parametrize("architectures", [["amd64"], ["amd64", "i386"]])
def test_only_the_architectures_that_are_needed_are_asked_for(
    mirror: Path, tmp_path: Path, architectures: list[str]
) -> None:
    (mirror / "trixie").write_text("trixie")
    debian.Apt(tmp_path / "state", "trixie", architectures)
    configured = (tmp_path / "state" / "apt.conf").read_text()
    assert ('"i386"' in configured) is ("i386" in architectures)


@pytest.mark.parametrize("archs", [("x64",), ("x64", "x86")])
def test_bed_promises_no_program_that_its_wine_does_not_run(archs: tuple[str, ...]) -> None:
    description = bed._describe_wine(wine.Wine(Path("wine"), None, "", Path("prefix")), archs)
    kinds = ("python", "launcher", "native", "native_gui")
    assert {kind: tuple(description[kind]) for kind in kinds} == dict.fromkeys(kinds, archs)


def test_key_depends_on_where_inputs_are_cut() -> None:
    assert cache.key("ab", "c") != cache.key("a", "bc")
    assert cache.key("a", "b") == cache.key("a", "b")


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTRLEVENT_BED_CACHE", str(tmp_path))

    def fail() -> None:
        with cache.building(tmp_path / "part") as folder:
            (folder / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_build_appears_when_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTRLEVENT_BED_CACHE", str(tmp_path))
    with cache.building(tmp_path / "part") as folder:
        (folder / "file").touch()
        assert not (tmp_path / "part").exists()
        assert cache.partial_folders() == [folder]
    assert [path.name for path in tmp_path.rglob("*")] == ["part", "file"]


def test_too_small_a_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTRLEVENT_BED_CACHE", str(tmp_path))
    with pytest.raises(BedError, match="CTRLEVENT_BED_CACHE"):
        cache.require_space(10**12)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows paths are what they are")
def test_windows_path() -> None:
    assert programs.windows_path(Path("/a b/c")) == "Z:\\a b\\c"


@pytest.mark.parametrize(
    ("platform", "architecture"), [("win-amd64", "x64"), ("win32", "x86"), ("win-arm64", "arm64")]
)
def test_architecture_is_that_of_the_running_python(
    monkeypatch: pytest.MonkeyPatch, platform: str, architecture: str
) -> None:
    monkeypatch.setattr("sysconfig.get_platform", lambda: platform)
    assert probes.architecture() == architecture


def test_wine_is_spared_what_speaks_to_others_or_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "WINEPREFIX", "DISPLAY", "TMPDIR", "SPARED"):
        monkeypatch.setenv(name, "value")
    environ = wine.Wine(Path("wine"), None, "", Path("prefix")).environ()
    assert not {"PYTHONPATH", "DISPLAY", "TMPDIR"} & set(environ)
    assert (environ["WINEPREFIX"], environ["SPARED"]) == ("prefix", "value")


# As nox: heard is Ctrl+C alone, and what it then returns is its own.
NOX = """
import pathlib, time
try:
    pathlib.Path("started").touch()
    while True: time.sleep(0.01)
except KeyboardInterrupt:
    raise SystemExit(77)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_ends_nox_as_ctrl_c_does_in_the_background_of_a_shell_too(tmp_path: Path) -> None:
    (tmp_path / "nox.py").write_text(NOX, encoding="utf-8")
    code = f"""
import pathlib, signal, sys
sys.path.append({str(TOP)!r})
from tests.tools.bed import nox_env
signal.signal(signal.SIGINT, signal.SIG_IGN)
nox_env.ensure = lambda: pathlib.Path(sys.executable)
sys.exit(nox_env.main(pathlib.Path("noxfile.py"), []))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as door:
        wait_until((tmp_path / "started").exists, "nox has started")
        door.send_signal(signal.SIGTERM)
        assert door.wait(HANG_LIMIT) == 77
