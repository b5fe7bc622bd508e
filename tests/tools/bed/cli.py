"""The commands."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bed, cache, consoles, probes, programs, running
from .report import BedError, say

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Runs programs on a real CPython for Windows: on Windows the running Python,
elsewhere an official CPython on a private Wine 10, without root.
Start with `setup`; then `run -- python -m pytest ...`.
"""

_LIST_PACKAGES = """
import importlib.metadata, json
found = ((item.metadata["Name"], item.version) for item in importlib.metadata.distributions())
print(json.dumps(sorted(f"{name} {version}" for name, version in found)))
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BedError as error:
        print(f"bed: error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"bed: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except running.Stopped:
        return 143


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.bed",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    setup = commands.add_parser(
        "setup", help="download and build what is missing; may be interrupted and repeated"
    )
    setup.add_argument(
        "--arch", choices=("x64", "x86", "all"), default="all", help="default: %(default)s"
    )
    setup.add_argument(
        "--consoles",
        action="store_true",
        help=f"every build of Microsoft's console server, not {consoles.NEWEST} alone",
    )
    setup.set_defaults(command=_setup)

    run = commands.add_parser(
        "run",
        help="run a command in the bed",
        description="The exit status is the command's own, 124 on --timeout.",
    )
    run.add_argument("--arch", choices=("x64", "x86"), default="x64", help="default: %(default)s")
    run.add_argument(
        "--console",
        choices=bed.CONSOLES,
        default=bed.CONHOST,
        help="Microsoft's, or Wine's own; on Windows there is no choice (default: %(default)s)",
    )
    run.add_argument(
        "--path", action="append", default=[], metavar="DIR", help="put DIR on PYTHONPATH"
    )
    run.add_argument(
        "--env", action="append", default=[], metavar="K=V", help="set an environment variable"
    )
    run.add_argument("--cwd", metavar="DIR", help="start in DIR")
    run.add_argument(
        "--timeout",
        type=float,
        metavar="S",
        help="end the command and its children after S seconds",
    )
    run.add_argument(
        "words",
        nargs="+",
        metavar="CMD",
        help="python, launcher, native, native_gui or a program; then its arguments",
    )
    run.set_defaults(command=_run)

    info = commands.add_parser(
        "info", help="say what the bed consists of and what its Windows can do"
    )
    info.add_argument("--json", action="store_true", help="the same as JSON")
    info.set_defaults(command=_info)

    clean = commands.add_parser("clean", help="delete parts that the present recipes do not use")
    clean.add_argument("--all", action="store_true", help="delete the whole cache")
    clean.set_defaults(command=_clean)
    return parser


def _setup(options: argparse.Namespace) -> int:
    ready = bed.setup(bed.archs_of(options.arch))
    versions = ", ".join(
        f"{version} {arch}" for arch, version in ready.description["python_version"].items()
    )
    say(
        f"ready: CPython {versions} on {ready.wine.version if ready.wine else 'Windows'}; "
        f"cache: {cache.root()}"
    )
    if options.consoles:
        for version in consoles.BUILDS:
            bed.console(version)
        say(f"ready: conhost {', '.join(consoles.BUILDS)}")
    return 0


def _loaded(arch: str) -> bed.Bed:
    ready = bed.load(bed.archs_of(arch))
    if ready is None:
        raise BedError("not set up: run `python -m tests.tools.bed setup` first")
    return ready


def _run(options: argparse.Namespace) -> int:
    environ: dict[str, str] = {}
    for pair in options.env:
        name, equals, value = pair.partition("=")
        if not equals:
            say(f"--env {pair}: K=V expected")
            return 2
        environ[name] = value
    return _loaded(options.arch).run(
        options.words,
        bed.archs_of(options.arch)[0],
        environ=environ,
        console=options.console,
        paths=options.path,
        cwd=options.cwd,
        timeout=options.timeout,
    )


def _info(options: argparse.Namespace) -> int:
    ready = bed.load(programs.ARCHS[:1] if not bed.ON_WINDOWS else bed.archs_of("all"))
    if ready is None:
        raise BedError("not set up: run `python -m tests.tools.bed setup` first")
    facts: dict[str, Any] = {
        "cache": str(cache.root()),
        "description": str(ready.file),
        **ready.description,
    }
    facts["packages"] = json.loads(ready.ask(ready.archs[0], "-c", _LIST_PACKAGES))
    probe = programs.windows_path(Path(probes.__file__))
    # Asked of the running Python itself, not of what was downloaded.
    facts["python_says"] = {
        arch: ready.ask(arch, "-c", "import sys; print(sys.version)") for arch in ready.archs
    }
    facts["probes"] = {arch: json.loads(ready.ask(arch, probe)) for arch in ready.archs}
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    print(f"cache       {facts['cache']}")
    print(f"Wine        {facts['wine'] or 'none: this is Windows'}")
    print(f"console     {facts['conhost'] or 'of Windows'}")
    for arch in ready.archs:
        print(f"Python {arch}  {facts['python_says'][arch]}")
    print("packages    " + ", ".join(facts["packages"]))
    print("\nprobe" + " " * 31 + "  ".join(f"{arch:>10}" for arch in ready.archs))
    for name in facts["probes"][ready.archs[0]]:
        answers = "  ".join(f"{_shown(facts['probes'][arch][name]):>10}" for arch in ready.archs)
        print(f"  {name:<34}{answers}")
    return 0


def _shown(answer: object) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return hex(answer) if isinstance(answer, int) and answer > 255 else str(answer)


def _clean(options: argparse.Namespace) -> int:
    bed.clean(everything=options.all)
    return 0
