"""The parts put together, and the description that tests read.

The description is a JSON file, written last: where it is, everything it
names is complete.  CTRLEVENT_BED names it to every program in the bed:

    {"python": {"x64": exe, "x86": exe}, "python_version": {...},
     "launcher": {...}, "native": {...}, "native_gui": {...}, "native_launcher": {...},
     "wine": version or null, "conhost": version or null}

All paths are as Windows sees them.

Programs run on Microsoft's console server (conhost.py), or with `console=WINES` on Wine's own.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import cache, conhost, consoles, cpython, probes, programs, running, wine
from .report import BedError, say, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .wine import Wine

ON_WINDOWS = sys.platform == "win32"

# Fails if anything that tests lean on is missing; fills the bytecode caches.
_SMOKE_TEST = """
import asyncio, ctypes, hashlib, json, multiprocessing, pytest, signal, socket, ssl, subprocess
import platform
processes = (ctypes.c_uint32 * 8)()
assert ctypes.WinDLL("kernel32").GetConsoleProcessList(processes, 8) >= 1, "no console"
print(platform.python_version())
"""


# The consoles that there are here.
CONHOST, WINES = "conhost", "wine"
CONSOLES = (CONHOST, WINES)


@dataclass(frozen=True)
class Bed:
    wine: Wine | None
    """With Microsoft's console; on Windows there is none."""
    wines: Wine | None
    """With its own."""
    archs: tuple[str, ...]
    file: Path
    description: Mapping[str, Any]

    def run(self, command: Sequence[str], arch: str | None = None, **options: Any) -> int:
        """Runs a command; see `running.run` for the options.  Returns its exit status.

        The first word may be python, launcher, native or native_gui.  `console`: one of CONSOLES.
        """
        arch = arch or self.archs[0]
        console = options.pop("console", CONHOST)
        chosen = self.wines if console == WINES else self.wine
        program = str(self.description.get(command[0], {}).get(arch, command[0]))
        environ = dict(options.pop("environ", {}))
        environ["CTRLEVENT_BED"] = programs.windows_path(self.file)
        if self.wine is not None:
            # So that a test can say that the console is another.
            environ["CTRLEVENT_CONSOLE"] = console
            # CPython's own tests, which the bed's Python has left out
            environ["CTRLEVENT_STDLIB"] = programs.windows_path(cpython.standard_library())
        return running.run(chosen, [program, *command[1:]], environ=environ, **options)

    def ask(self, arch: str, *arguments: str) -> str:
        """What the bed's Python prints."""
        output, errors = io.BytesIO(), io.BytesIO()
        status = self.run(["python", *arguments], arch, stdout=output, stderr=errors, timeout=120)
        if status != 0:
            text = errors.getvalue().decode(errors="replace")
            raise BedError(f"Python for Windows ({arch}) failed with exit status {status}:\n{text}")
        return output.getvalue().decode("utf-8").strip()


def archs_of(name: str) -> tuple[str, ...]:
    """The architectures that --arch NAME means here."""
    if ON_WINDOWS:
        # There is only the running Python.
        return (probes.architecture(),)
    return programs.ARCHS if name == "all" else (name,)


def load(archs: Sequence[str]) -> Bed | None:
    """The bed with at least these architectures, if it has been set up."""
    for candidate in (tuple(archs),) if ON_WINDOWS else (programs.ARCHS, tuple(archs)):
        description = _description_file(candidate)
        if description.exists() and all(part.exists() for part in _parts(candidate)):
            found = None if ON_WINDOWS else conhost.find(candidate)
            plain = None if ON_WINDOWS else wine.find(candidate)
            if ON_WINDOWS or (found and plain):
                return Bed(
                    found,
                    plain,
                    candidate,
                    description,
                    json.loads(description.read_text(encoding="utf-8")),
                )
    return None


def setup(archs: Sequence[str]) -> Bed:
    """Makes what is missing.  Safe to interrupt, to repeat and to run twice at once."""
    ready = load(archs)
    if ready:
        return ready
    with cache.lock():
        _remove_leftovers()
        # Another set-up may have finished while we waited.
        return load(archs) or _make(tuple(archs))


def console(version: str = consoles.NEWEST) -> tuple[wine.Wine, Path]:
    """Microsoft's console server: the Wine that it runs on, and its folder. Set up if need be.

    On Windows there is none: the console there is Windows' own.
    """
    if ON_WINDOWS:
        raise BedError("the console server of the bed runs on Wine; this is Windows")
    # No Python is needed for it.
    found = wine.find(programs.ARCHS) or wine.find(programs.ARCHS[:1])
    if found is None or not consoles.part(version).exists():
        with cache.lock():
            found = _programs_and_wine(programs.ARCHS[:1])
            consoles.ensure(version)
    return found, consoles.part(version)


def _programs_and_wine(archs: Sequence[str]) -> wine.Wine:
    """Side by side, as the one mostly computes and the other mostly fetches."""
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(programs.ensure)
        found = wine.ensure(archs)
        compiled.result()
    return found


def _parts(archs: Sequence[str]) -> tuple[Path, ...]:
    if ON_WINDOWS:
        return (programs.part(),)
    pythons = tuple(cpython.part(arch) for arch in archs)
    return (programs.part(), *pythons, consoles.part(consoles.NEWEST), conhost.part(archs))


def _description_file(archs: Sequence[str]) -> Path:
    # Wine's own recipe is its parts' key; a virtual environment is no difference.
    recipe = cache.recipe("bed.py", "wine.py", "debian.py")
    interpreter = _base_python() if ON_WINDOWS else ""
    name = cache.key(recipe, interpreter, *(part.name for part in _parts(archs)))
    return cache.root() / f"bed-{name}.json"


def _base_python() -> str:
    # In a virtual environment on Windows sys.executable is itself a launcher.
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _make(archs: tuple[str, ...]) -> Bed:
    description = _description_file(archs)
    if ON_WINDOWS:
        programs.ensure()
        bed = Bed(None, None, archs, description, _describe_native(archs))
    else:
        found = _programs_and_wine(archs)
        for arch in archs:
            cpython.ensure(arch)
        with_console = conhost.ensure(archs)
        bed = Bed(with_console, found, archs, description, _describe_wine(found, archs))
    versions = {}
    for arch in archs:
        # The programs of the check get the variable too, but do not read it.
        with step(f"checking Python for Windows, {arch}"):
            versions[arch] = bed.ask(arch, "-c", _SMOKE_TEST)
    complete = {**bed.description, "python_version": versions}
    cache.write(description, json.dumps(complete, indent=2) + "\n")
    return Bed(bed.wine, bed.wines, archs, description, complete)


def _describe_wine(found: wine.Wine, archs: Sequence[str]) -> dict[str, Any]:
    homes = {arch: cpython.part(arch) for arch in archs}
    return {
        "wine": found.version,
        "conhost": conhost.NAME,
        "python": {
            arch: programs.windows_path(home / "python.exe") for arch, home in homes.items()
        },
        "launcher": {
            arch: programs.windows_path(home / "launcher.exe") for arch, home in homes.items()
        },
        **_describe_programs(archs),  # a prefix for x64 alone does not run the others
    }


def _describe_native(archs: Sequence[str]) -> dict[str, Any]:
    python = _base_python()
    launcher = programs.part() / f"launcher-{cache.key(python)}.exe"
    launcher.write_bytes(programs.launcher(archs[0], python))
    return {
        "wine": None,
        "conhost": None,
        "python": {archs[0]: python},
        "launcher": {archs[0]: str(launcher)},
        # A Windows on ARM64 runs the others as well, but none of the others runs ARM64's.
        **_describe_programs(dict.fromkeys((*archs, *programs.ARCHS))),
    }


def _describe_programs(archs: Iterable[str]) -> dict[str, Any]:
    folder = programs.part()
    return {
        name: {arch: programs.windows_path(folder / arch / file) for arch in archs}
        for name, file in (
            ("native", "native.exe"),
            ("native_gui", "native-gui.exe"),
            ("native_launcher", programs.NATIVE_LAUNCHER),
        )
    }


def _remove_leftovers() -> None:
    for folder in cache.partial_folders():
        say(f"removing {folder.name}, left by an interrupted set-up")
        _end_programs_of(folder)
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink()


def _end_programs_of(folder: Path) -> None:
    for prefix in (folder, folder / conhost.PREFIX):
        running.end_processes(f"WINEPREFIX={prefix}", shared=True)


def clean(everything: bool = False) -> None:
    """Deletes parts of older recipes, or all of the cache."""
    keep = set()
    if not everything:
        for archs in (("x64",), ("x86",), programs.ARCHS):
            found = wine.find(archs)
            keep |= {path.name for path in (*_parts(archs), _description_file(archs))}
            keep |= {found.prefix.name, *wine.trees()} if found else set()
    keep |= {consoles.part(version).name for version in consoles.BUILDS}
    with cache.lock():
        for path in sorted(cache.root().iterdir()):
            if path.name == "lock" or path.name in keep:
                continue
            say(f"removing {path.name}")
            _end_programs_of(path)
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else os.unlink(path)
