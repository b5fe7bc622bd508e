"""Debian packages of another suite, without root and without touching the system.

apt accepts a private state: its own lists, its own (empty) list of installed
packages, its own single source.  It then checks signatures as it always does.
Wine itself is taken apart from the rest of the machine with `dpkg -x`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .report import BedError, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_APT = Path("/etc/apt")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Other names of a release on a mirror, as time goes by.
_ALIASES = ("stable", "oldstable")
_ARCHIVE_SUITES = {
    "stable",
    "testing",
    "unstable",
    "oldstable",
    "bookworm",
    "bullseye",
    "trixie",
    "forky",
    "sid",
}


@dataclass(frozen=True)
class Source:
    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None


def parse_deb822(text: str) -> Iterator[Source]:
    """Sources of a .sources file: stanzas of fields, with continuation lines."""
    for stanza in re.split(r"\n[ \t]*\n", _without_comments(text)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in " \t":
                fields[name] = fields.get(name, "") + "\n" + line.strip()
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if (
            "deb" not in fields.get("types", "").split()
            or fields.get("enabled", "yes").lower() == "no"
        ):
            continue
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                # A key may also be given in full instead of by its path.
                keyring = signed_by if signed_by.startswith("/") else None
                yield Source(uri, suite, tuple(fields.get("components", "").split()), keyring)


def parse_list(text: str) -> Iterator[Source]:
    """Sources of a .list file: one per line, options in brackets."""
    for line in _without_comments(text).splitlines():
        found = re.match(
            r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)", line.split("#")[0].strip()
        )
        if found:
            options, uri, suite, components = found.groups()
            keyring = re.search(r"signed-by=(/[^\s,]+)", options or "")
            yield Source(
                uri, suite, tuple(components.split()), keyring.group(1) if keyring else None
            )


def _without_comments(text: str) -> str:
    # A comment does not end a stanza: drop the line, leave no empty line.
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#")
    )


def archives(sources: Iterable[Source]) -> list[Source]:
    """Those that look like the main Debian archive, likeliest first.

    Others may look so too; the signature check is what decides.
    """
    seen: dict[str, Source] = {}
    for source in sources:
        if (
            source.suite in _ARCHIVE_SUITES
            and "main" in source.components
            and not source.uri.startswith("cdrom:")
        ):
            seen.setdefault(source.uri, source)
    return sorted(seen.values(), key=lambda source: not source.uri.rstrip("/").endswith("/debian"))


def machine_sources() -> list[Source]:
    parts = _APT / "sources.list.d"
    found: list[Source] = []
    for path in [
        _APT / "sources.list",
        *sorted(parts.glob("*.list")),
        *sorted(parts.glob("*.sources")),
    ]:
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found += parse_deb822(text) if path.suffix == ".sources" else parse_list(text)
    return found


class Apt:
    """apt-get on one release of Debian, on the machine's own mirror."""

    def __init__(self, state: Path, codename: str, architectures: Sequence[str]) -> None:
        self._state = state
        self._codename = codename
        if not all(shutil.which(tool) for tool in ("apt-get", "apt-config", "dpkg", "dpkg-deb")):
            raise BedError(
                "this is not a Debian machine: install Wine 10 or later, then run setup again"
            )
        candidates = archives(machine_sources())
        if not candidates:
            raise BedError(
                "no Debian mirror in /etc/apt: install Wine 10 or later, or add the mirror's source"
            )
        for folder in ("lists/partial", "archives/partial", "parts"):
            (state / folder).mkdir(parents=True)
        (state / "status").touch()
        self._configure(architectures)
        say(f"reading the package lists of Debian {codename} from its mirror (20 MB)")
        # A mirror that is being brought up to date has lists that its signed index does not fit.
        # It may be so for days, but as a rule for one of the release's names at a time.
        tries = [(source, suite) for source in candidates for suite in (codename, *_ALIASES)]
        if not any(self._update(source, suite) for source, suite in tries):
            raise BedError(
                f"apt could not read Debian {codename} (its reasons are above): check the network "
                'and the package debian-archive-keyring; if apt says "Mirror sync in progress?", '
                "wait a while or name another mirror in /etc/apt; then run setup again"
            )

    def _configure(self, architectures: Sequence[str]) -> None:
        # Only how to reach the network comes from the machine's settings;
        # its hooks and preferences are for its own packages.
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, check=False
        ).stdout
        lines = [line for line in dump.splitlines() if line.startswith("Acquire::")]
        settings = {
            "Dir::State": self._state,
            "Dir::State::status": self._state / "status",
            "Dir::State::lists": self._state / "lists",
            "Dir::Cache": self._state,
            "Dir::Etc::sourcelist": self._state / "sources.list",
            "Dir::Etc::sourceparts": self._state / "parts",
            "Dir::Etc::preferencesparts": self._state / "parts",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::parts": self._state / "parts",
            "Dir::Etc::main": "/dev/null",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        lines += [f'{name} "{value}";' for name, value in settings.items()]
        names = " ".join(f'"{name}";' for name in architectures)
        lines.append(f"APT::Architectures {{ {names} }};")
        (self._state / "apt.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _update(self, source: Source, suite: str) -> bool:
        """Whether this suite of the mirror could be read, and is of the release that is meant."""
        keyring = source.signed_by or (str(_KEYRING) if _KEYRING.exists() else None)
        option = f"[signed-by={keyring}] " if keyring else ""
        line = f"deb {option}{source.uri} {suite} main\n"
        (self._state / "sources.list").write_text(line, encoding="utf-8")
        # Without the option a failed download is only a warning.
        if self._run("update", "-o", "APT::Update::Error-Mode=any") is None:
            say(f"{source.uri} has no {suite} that could be used")
            return False
        found = self._run("indextargets", "--format", "$(CODENAME)", capture=True) or ""
        codenames = set(found.split())
        if codenames != {self._codename}:
            say(f"{source.uri} has {', '.join(sorted(codenames)) or 'nothing'} as {suite}")
        return codenames == {self._codename}

    def download(self, packages: Iterable[str]) -> list[Path]:
        """The .deb files, checked by apt."""
        names = list(packages)
        uris = self._run("download", "--print-uris", *names, capture=True) or ""
        size = sum(int(number) for number in re.findall(r"\.deb (\d+) ", uris)) // 1_000_000
        say(f"fetching {len(names)} signed packages ({size} MB) from this machine's mirror")
        if self._run("download", *names) is None:
            raise BedError(
                "apt could not fetch the packages (its reason is above): run setup again"
            )
        return sorted(self._state.glob("*.deb"))

    def _run(self, *arguments: str, capture: bool = False) -> str | None:
        result = subprocess.run(
            ["apt-get", *arguments],
            cwd=self._state,
            env={**os.environ, "APT_CONFIG": str(self._state / "apt.conf"), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else sys.stderr,
            text=True,
            check=False,
        )
        return (result.stdout or "") if result.returncode == 0 else None


def unpack(package: Path, folder: Path, *members: str) -> None:
    """Unpacks a package, or only some of its folders, and deletes the package."""
    folder.mkdir(parents=True, exist_ok=True)
    if members:
        tar = ["tar", "-x", "-C", str(folder), *members]
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
        ) as reader:
            failed = (
                subprocess.run(tar, stdin=reader.stdout, check=False).returncode or reader.wait()
            )
    else:
        failed = subprocess.run(["dpkg", "-x", str(package), str(folder)], check=False).returncode
    if failed:
        raise BedError(f"unpacking {package.name} failed: is the disk full?")
    package.unlink()
