"""The recipe for our own Windows programs, and for launchers.

native/*.c become, for each architecture, python.exe, native.exe and
native-gui.exe, and the DLLs that stand around Microsoft's console server;
distlib gives the stub of a console-script launcher, one of which starts
native.exe.  The compiler is large
and needed for seconds only, so it is thrown away again.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from . import cache, fetch
from .report import BedError, step

ARCHS = ("x64", "x86")  # what Wine runs here; Windows may be arm64, too
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
DLL = f"python{sys.version_info[0]}{sys.version_info[1]}.dll"

_NATIVE = Path(__file__).resolve().parent / "native"
_TARGET = {
    "x64": "x86_64-windows-gnu",
    "x86": "x86-windows-gnu",
    "arm64": "aarch64-windows-gnu",
}
_STUB = {"x64": "t64.exe", "x86": "t32.exe", "arm64": "t64-arm.exe"}
_CONCLNT = ("attach.c", "calls.c", "connection.c", "files.c", "handlers.c", "pseudo.c")
_SOURCES = (
    "native/freestanding.h", "native/python.c", "native/native.c", "native/told.c",
    "native/console.h", "native/openconsole.h", "native/openconsole.c", "native/condrv.c",
    "native/played.c", "native/icu.c", "native/conclnt/nt.h", "native/conclnt/client.h",
    *(f"native/conclnt/{name}" for name in _CONCLNT),
)  # fmt: skip
# name of the program: its sources and what is special about it
_PROGRAMS = {
    "python.exe": (["python.c"], [f'-DPYTHON_DLL=L"{DLL}"', "-lkernel32"]),
    "native.exe": (["native.c", "told.c"], ["-lkernel32"]),
    "native-gui.exe": (["native.c", "told.c"], ["-Wl,--subsystem,windows", "-lkernel32"]),
}
# In programs of both bitnesses on Wine (conhost.py). It has no other DLL than ntdll.
_CLIENT = {"conclnt.dll": ([f"conclnt/{name}" for name in _CONCLNT], ["-shared", "-lntdll"])}
# In the console server, of which there is no other than x64 (consoles.py).
_SERVER = {
    "condrv.dll": (["condrv.c", "openconsole.c"], ["-shared", "-lkernel32", "-lntdll"]),
    "played.dll": (["played.c", "openconsole.c"], ["-shared", "-lkernel32", "-lntdll"]),
    "icu.dll": (["icu.c"], ["-shared", "-lkernel32"]),
}
_DLL_FOLDER = "dlls"
NATIVE_LAUNCHER = "native-launcher.exe"

# Behaves like python behind a launcher: SCRIPT, -c CODE or -m MODULE.
_LAUNCHED = """\
import os, runpy, sys

def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["-c"]:
        sys.argv = ["-c", *arguments[2:]]
        sys.path[0] = ""
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    elif arguments[:1] == ["-m"]:
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")

main()
"""


def part() -> Path:
    """The folder of the programs: one folder per architecture in it."""
    return (
        cache.root()
        / f"programs-{cache.key(cache.recipe('programs.py', 'pins/build.txt', *_SOURCES), DLL)}"
    )


def dll(name: str, arch: str = "x64") -> Path:
    """Where a DLL of ours is."""
    return part() / _DLL_FOLDER / arch / name


def ensure() -> Path:
    target = part()
    if not target.exists():
        with cache.building(target) as folder:
            _build(folder)
    return target


def _build(folder: Path) -> None:
    tools = folder / "tools"
    # A Windows of any architecture runs the x64 compiler. No other is pinned for it.
    platform = ["--platform", "win_amd64"] if sys.platform == "win32" else []
    what = "a C compiler and launcher stubs (80 MB)"
    fetch.wheels("build.txt", what, tools, *platform, unpack=True)
    with step("compiling the native test programs"):
        for arch in _TARGET:
            (folder / arch).mkdir()
            for program, (sources, options) in _PROGRAMS.items():
                _compile(tools, arch, sources, options, folder / arch / program)
            dlls = (_CLIENT if arch in ARCHS else {}) | (_SERVER if arch == "x64" else {})
            for dll, (sources, options) in dlls.items():
                # Not beside the programs, which would load them from there.
                (folder / _DLL_FOLDER / arch).mkdir(parents=True, exist_ok=True)
                _compile(tools, arch, sources, options, folder / _DLL_FOLDER / arch / dll)
            stub = (tools / "distlib" / _STUB[arch]).read_bytes()
            (folder / arch / "launcher-stub.exe").write_bytes(stub)
            # The folder is renamed to part() when it is complete.
            program = windows_path(part() / arch / "native.exe")
            launched = _launcher(stub, program, " behind", "")
            (folder / arch / NATIVE_LAUNCHER).write_bytes(launched)
    shutil.rmtree(tools)


def _compile(tools: Path, arch: str, sources: list[str], options: list[str], program: Path) -> None:
    zig = tools / "ziglang" / ("zig.exe" if sys.platform == "win32" else "zig")
    headers = zig.parent / "lib" / "libc" / "include" / "any-windows-any"
    command = [str(zig), "cc", "-target", _TARGET[arch], "-std=c99", "-Os"]
    command += ["-Wall", "-Wextra", "-Werror", *options]
    # -nostdlib takes the headers away as well: name them.
    command += ["-nostdlib", "-isystem", str(headers), "-Wl,--entry=entry"]
    command += [*(str(_NATIVE / source) for source in sources), "-o", str(program)]
    scratch = str(tools / "scratch")
    environ = {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch}
    result = subprocess.run(
        command, env={**_essential(), **environ}, stderr=subprocess.PIPE, text=True, check=False
    )
    if result.returncode != 0:
        raise BedError(f"compiling {program.name} for {arch} failed:\n{result.stderr}")


def _essential() -> dict[str, str]:
    # Compiler options in the user's environment must not reach the build.
    names = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LOCALAPPDATA", "USERPROFILE")
    return {name: os.environ[name] for name in names if name in os.environ}


def windows_path(path: Path) -> str:
    """The name by which Windows programs open a file: Wine's drive Z: is /."""
    text = str(path.absolute())
    return text if sys.platform == "win32" else "Z:" + text.replace("/", "\\")


def launcher(arch: str, python: str, script: str = _LAUNCHED) -> bytes:
    """A console-script launcher, as pip writes them, for any python.exe.

    `python` is the path as Windows sees it.  Without `script`, the launcher
    takes python's own arguments: SCRIPT, -c CODE or -m MODULE, and theirs.
    """
    return _launcher((part() / arch / "launcher-stub.exe").read_bytes(), python, "", script)


def _launcher(stub: bytes, program: str, options: str, script: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", script)
    quoted = f'"{program}"' if " " in program else program
    return stub + f"#!{quoted}{options}\n".encode() + archive.getvalue()
