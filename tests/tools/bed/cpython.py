"""The recipe for CPython for Windows: the host interpreter's own minor version.

The DLLs are python.org's, unmodified, out of a wheel that carries them for
embedding.  The standard library is the host's own: its modules are the same
on every system.  Layout: as python.org's installer makes it.  Beside python.exe
for x64 lies Microsoft's C runtime, for the copy of Wine that has Microsoft's
console (conhost.py). No package is known that brings it for x86.
"""

from __future__ import annotations

import shutil
import sysconfig
import zipfile
from pathlib import Path

from . import cache, fetch, programs
from .report import BedError, step

_PLATFORM = {"x64": "win_amd64", "x86": "win32"}
_OF_WIN64 = ["--platform", "win_amd64", "--implementation", "py", "--abi", "none"]
# Not needed, large, or only for the system they came from.
_NOT_FROM_LIB = (
    "site-packages",
    "dist-packages",
    "__pycache__",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
)
_NOT_FROM_LIB_PATTERNS = (
    "config-*",
    "lib-dynload",
    "lib2to3",
    "_sysconfigdata*",
    "*.so",
    "EXTERNALLY-MANAGED",
)


def part(arch: str) -> Path:
    recipe = cache.recipe("cpython.py", "pins/cpython.txt", "pins/windows.txt", "pins/ucrt.txt")
    name = cache.key(recipe, programs.part().name, str(standard_library()))
    return cache.root() / f"cpython-{programs.MINOR}-{arch}-{name}"


def standard_library() -> Path:
    # Of the base installation, also when the host runs in a virtual environment.
    return Path(sysconfig.get_path("stdlib"))


def ensure(arch: str) -> Path:
    target = part(arch)
    if not target.exists():
        with cache.building(target) as folder:
            _build(arch, folder)
    return target


def _build(arch: str, folder: Path) -> None:
    wheel = folder / "wheel"
    options = [
        "--platform",
        _PLATFORM[arch],
        "--implementation",
        "cp",
        "--python-version",
        programs.MINOR,
    ]
    fetch.wheels(
        "cpython.txt",
        f"CPython {programs.MINOR} for Windows, {arch} (65 MB)",
        wheel,
        *options,
        unpack=False,
    )
    with step(f"laying out CPython {programs.MINOR}, {arch}"):
        _unpack_dlls(next(wheel.glob("*.whl")), folder)
        shutil.rmtree(wheel)
        ignore = shutil.ignore_patterns(*_NOT_FROM_LIB, *_NOT_FROM_LIB_PATTERNS)
        shutil.copytree(standard_library(), folder / "Lib", ignore=ignore)
        shutil.copy(programs.part() / arch / "python.exe", folder)
    packages = folder / "Lib" / "site-packages"
    fetch.wheels(
        "windows.txt",
        "what tests import on the Windows side (6 MB)",
        packages,
        *options,
        unpack=True,
        quiet=True,
    )
    if arch == "x64":
        _add_c_runtime(folder)
    launcher = programs.launcher(arch, _launched_python(arch))
    (folder / "launcher.exe").write_bytes(launcher)


def _add_c_runtime(folder: Path) -> None:
    with cache.scratch("ucrt") as scratch:
        what = "Microsoft's C runtime (31 MB)"
        fetch.wheels("ucrt.txt", what, scratch, *_OF_WIN64, unpack=False, quiet=True)
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as archive:
            member = next(name for name in archive.namelist() if name.endswith("/ucrtbase.dll"))
            (folder / "ucrtbase.dll").write_bytes(archive.read(member))


def _launched_python(arch: str) -> str:
    return programs.windows_path(part(arch) / "python.exe")


def _unpack_dlls(wheel: Path, folder: Path) -> None:
    (folder / "DLLs").mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            parent, _, name = member.rpartition("/")
            # Wine has the api-ms-win-* DLLs itself, and Tk would need more files.
            if parent != "deploy_libs" or name.startswith(("api-ms-win-", "tcl", "tk", "_tkinter")):
                continue
            top = name.lower().startswith(("python3", "vcruntime"))
            target = (folder if top else folder / "DLLs") / name
            target.write_bytes(archive.read(member))
    if not (folder / programs.DLL).exists():
        raise BedError(f"{wheel.name} has no {programs.DLL}: its pins are wrong")
