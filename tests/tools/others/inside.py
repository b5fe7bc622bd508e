"""Runs in the bed: `python -m tests.tools.others.inside RUNS OUTCOMES`, both names of JSON files.

One test after the other, each in a pytest of its own, in a group of its own.  This process is on
the same console, in another group: what it hears was meant for another group.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ctrlevent

# Tests that pass need a third of it, on a machine that is busy.
LIMIT = 120.0

# A test that fails is run again, with either call: some of them race.  A test that hangs is not.
TRIES = 3

# pytest's exit status after a KeyboardInterrupt.
_INTERRUPTED = 2


def main(runs: str, outcomes: str) -> int:
    heard: list[str] = []

    def hear(event: ctrlevent.CtrlEvent) -> bool:
        heard.append(event.name)
        return True

    found: list[dict[str, Any]] = []
    ctrlevent.ignore_ctrl_c(False)
    with ctrlevent.handler(hear, ctrlevent.CTRL_C_EVENT, ctrlevent.CTRL_BREAK_EVENT):
        for run in json.loads(Path(runs).read_text(encoding="utf-8")):
            heard.clear()
            tries: list[str] = []
            while len(tries) < TRIES and not {"passed", "hung"} & {*tries}:
                outcome, detail = _outcome(run)
                tries.append(outcome)
                said = " ".join(str(part) for part in [*run["about"].values(), outcome, *heard])
                print(said, f"({detail})" if detail else "", flush=True)
            found.append({**run["about"], "tries": tries, "strays": [*heard]})
    Path(outcomes).write_text(json.dumps(found), encoding="utf-8")
    return 0


def _outcome(run: dict[str, Any]) -> tuple[str, str]:
    environment = {**os.environ, **run["environment"], "PYTHONPATH": ";".join(run["paths"])}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.xml"
        command = [*run["command"], f"--junitxml={report}", f"--basetemp={folder}\\tests"]
        try:
            done = ctrlevent.run(
                command,
                console="shared",
                timeout=LIMIT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                cwd=run["cwd"],
            )
        except subprocess.TimeoutExpired:
            return "hung", f"no end within {LIMIT:g} s"
        return _read(report, done)


def _read(report: Path, done: subprocess.CompletedProcess[bytes]) -> tuple[str, str]:
    cases: list[ElementTree.Element] = []
    # Not written, or not to its end: an event may have ended pytest before, even a parked one late.
    with contextlib.suppress(FileNotFoundError, ElementTree.ParseError):
        cases = ElementTree.parse(report).findall(".//testcase")
    for case in cases:
        for kind, word in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
            problem = case.find(kind)
            if problem is not None:
                return word, problem.get("message", "").partition("\n")[0]
    if done.returncode == 0 and cases:
        return "passed", ""
    if done.returncode == _INTERRUPTED and cases:
        return "interrupted", "pytest itself got KeyboardInterrupt"
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    return "no result", f"exit status {done.returncode:#x}: {said[-200:]}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
