"""A copy of the private Wine whose programs have Microsoft's console, not Wine's.

What is Microsoft's: OpenConsole.exe, the console server, unmodified (consoles.py), and
ucrtbase.dll, the C runtime of python.exe for x64 (cpython.py). What is ours: the driver and csrss
(native/condrv.c), and the console's side of kernelbase (native/conclnt), into which Wine's
kernelbase.dll is made to lead (kernelbase.py). All else is Wine's.

Wine itself stays as it is: the copy consists of hard links but for the files that differ. It has a
prefix, and so a wineserver, of its own.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from . import cache, consoles, fetch, kernelbase, programs, wine
from .report import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = f"conhost {consoles.NEWEST}"
PREFIX = "prefix"
_CONSOLE = "prefix/drive_c/console"  # conclnt starts OpenConsole.exe from there
# The registry's file of the user. In a program whose name is not python.exe Wine's own C runtime
# stays: what Wine itself consists of is made for that.
_USER_REGISTRY = "prefix/user.reg"
_NATIVE_C_RUNTIME = """
[Software\\\\Wine\\\\AppDefaults\\\\python.exe\\\\DllOverrides] 1
"ucrtbase"="native,builtin"
"""


def part(archs: Sequence[str]) -> Path:
    recipe = cache.recipe("conhost.py", "kernelbase.py", "pins/pefile.txt")
    made_of = [programs.part().name, consoles.part(consoles.NEWEST).name]
    made_of += [wine.private(archs).prefix.name, *wine.trees()]
    return cache.root() / f"conhost-{wine.kind(archs)}-{cache.key(recipe, *made_of)}"


def find(archs: Sequence[str]) -> wine.Wine | None:
    """That Wine, if it is all there."""
    folder = part(archs)
    return _described(folder, archs) if folder.exists() else None


def ensure(archs: Sequence[str]) -> wine.Wine:
    """The caller holds the lock of the cache, and has the native programs (`programs.ensure`)."""
    target = part(archs)
    if not target.exists():
        original = wine.ensure_private(archs)
        console = consoles.ensure(consoles.NEWEST)
        with cache.building(target) as folder, step("Wine with Microsoft's console"):
            _copy(wine.tree(), folder / "wine", wine.links_of_tree())
            _copy(original.prefix, folder / "prefix", {})
            _edit(folder, archs)
            _add_console(console, folder)
    return _described(target, archs)


def _described(folder: Path, archs: Sequence[str]) -> wine.Wine:
    original = wine.private(archs)
    inside = original.loader.relative_to(wine.tree())
    return wine.Wine(
        folder / "wine" / inside,
        (folder / "wine" / inside).with_name("wineserver"),
        f"{NAME} on {original.version}",
        folder / PREFIX,
        needs_terminal=False,
    )


def _copy(source: Path, target: Path, instead: dict[Path, Path]) -> None:
    """By hard links. A link in `instead` becomes a copy of the folder that it is to lead to."""
    for at, folders, files in os.walk(source):
        here = target / os.path.relpath(at, source)
        here.mkdir(parents=True, exist_ok=True)
        for name in (*folders, *files):
            original = source / os.path.relpath(at, source) / name
            if original in instead:
                _copy(instead[original], here / name, {})
            elif original.is_symlink():
                (here / name).symlink_to(os.readlink(original))
            elif original.is_file():
                os.link(original, here / name)


def _edit(folder: Path, archs: Sequence[str]) -> None:
    with cache.scratch("pefile") as module:
        fetch.wheels("pefile.txt", "pefile (1 MB)", module, unpack=True, quiet=True)
        for arch in archs if "x64" in archs else ("x64", *archs):
            dlls, system = wine.dlls(arch), wine.system_folder(arch)
            client = programs.dll(kernelbase.CLIENT, arch).read_bytes()
            before = (wine.tree() / dlls / "kernelbase.dll").read_bytes()
            edited = kernelbase.edit(before, client, module)
            ntdll = (wine.tree() / dlls / "ntdll.dll").read_bytes()
            ntdll = kernelbase.without_wine_get_version(ntdll, module)
            _replace(folder / "wine" / dlls / "kernelbase.dll", edited.kernelbase)
            _replace(folder / "wine" / dlls / "ntdll.dll", ntdll)
            _replace(folder / "prefix" / system / kernelbase.CLIENT, edited.client)
    for registry in (folder / "prefix").glob("*.reg"):
        _replace(registry, registry.read_bytes())
    user = folder / _USER_REGISTRY
    user.write_text(user.read_text(encoding="utf-8") + _NATIVE_C_RUNTIME, encoding="utf-8")


def _add_console(console: Path, folder: Path) -> None:
    target = folder / _CONSOLE
    target.mkdir()
    os.link(console / consoles.PROGRAM, target / consoles.PROGRAM)
    shutil.copy(programs.dll("condrv.dll"), target / consoles.API_SET)


def _replace(file: Path, data: bytes) -> None:
    """Not through a hard link, which would write into the original as well."""
    file.unlink(missing_ok=True)
    file.write_bytes(data)
