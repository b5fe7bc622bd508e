"""`python -m tests.tools.bench`: measures here and on Windows, and writes and prints the results.

--output FOLDER   where benchmarks.json, .svg and .md go
--peers FOLDER    where the peers are, for the Windows side
--path FOLDER     what the Windows side imports (repeated)
--arch ARCH       x64 (the default) or x86
--share SHARE     of the usual number of rounds: 0.1 is quick and rough
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import ctrlevent
from tests.tools.bed import bed as test_bed
from tests.tools.bed import programs
from tests.tools.bed.report import say

from . import calls, importing, pairs, peers, processor
from .page import page, text
from .picture import picture
from .result import Calls, Document, Section, about_host, to_json

HOST_IMPORTS = {
    "ctrlevent": "import ctrlevent",
    "standard": "import subprocess, signal",
    "killpg": "from ctrlevent import killpg",
    "pytest": "import pytest",
    "plugin": "import pytest, ctrlevent.pytest_plugin",
}


def main() -> int:
    options = _options()
    sections: list[Section] = []
    about = {"ctrlevent": ctrlevent.__version__, **about_host()}
    bed = test_bed.setup(test_bed.archs_of(options.arch))
    if not test_bed.ON_WINDOWS:
        say("imports on this system")
        found = importing.measure(HOST_IMPORTS, max(2, round(40 * options.share)))
        sections.append(Section("On this system", tuple(pairs.on_host({"import": found}))))
        peers.link_stable_abi(options.peers, _python(bed, options.arch))
    started = _measure_on_windows(bed, options, "started")
    one = processor.keep_to_one(bed.wine) if bed.wine else "all of them, as on any Windows"
    called = _measure_on_windows(bed, options, "called")
    about.update({f"Windows: {name}": value for name, value in called["about"].items()})
    about["Wine"] = bed.description["wine"] or "none: this is Windows"
    about["processors for what only calls"] = one
    name = f"On Windows, {options.arch}" + (", which is Wine here" if bed.wine else "")
    results = [*pairs.started(started["samples"]), *pairs.called(called["samples"])]
    sections.append(Section(name, tuple(results)))
    document = Document(about, tuple(sections), tuple(_count_calls(bed, options)))
    print("\n".join(text(document)))
    _write(document, options.output)
    return 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--path", type=Path, action="append", default=[])
    parser.add_argument("--arch", choices=programs.ARCHS, default=test_bed.archs_of("x64")[0])
    parser.add_argument("--share", type=float, default=1.0)
    return parser.parse_args()


def _python(bed: test_bed.Bed, arch: str) -> Path:
    path: str = bed.description["python"][arch]
    return Path(path[2:].replace("\\", "/"))  # behind Wine's drive Z:


def _run(bed: test_bed.Bed, options: Any, module: str, *arguments: str, **more: Any) -> Any:
    """What a module, run on Windows, writes into the file that is its first argument, as JSON."""
    paths = [str(path.resolve()) for path in (options.peers, *options.path)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "written.json"
        command = ["python", "-m", module, programs.windows_path(file), *arguments]
        status = bed.run(command, options.arch, paths=paths, **more)
        if status != 0:
            sys.exit(f"{module} failed with exit status {status}")
        return json.loads(file.read_text(encoding="utf-8"))


def _measure_on_windows(bed: test_bed.Bed, options: Any, part: str) -> Any:
    return _run(bed, options, "tests.tools.bench.on_windows", part, str(options.share))


def _count_calls(bed: test_bed.Bed, options: Any) -> list[Calls]:
    say("counting system calls")
    stdout, stderr = io.BytesIO(), io.BytesIO()
    environ = {"WINEDEBUG": "+relay"} if bed.wine else {}
    streams = {"stdout": stdout, "stderr": stderr}
    verbs = _run(bed, options, "tests.tools.bench.traced", environ=environ, **streams)
    lines = stderr.getvalue().decode(errors="replace").splitlines()
    traced = calls.in_relay_trace(lines)
    return [
        Calls(verb, boundary, traced.get(number, {}))
        for number, (verb, boundary) in enumerate(verbs)
    ]


def _write(document: Document, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("benchmarks.json", to_json(document) + "\n"),
        ("benchmarks.svg", picture(document)),
        ("benchmarks.md", page(document)),
    ):
        (folder / name).write_text(content, encoding="utf-8")
    say(f"written to {folder}")


if __name__ == "__main__":
    sys.exit(main())
