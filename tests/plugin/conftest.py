"""pytest sessions that tests run: each in a folder and on a console of its own.

Whatever is sent in them stays there, and reaches neither the tests nor who runs the tests.
"""

from __future__ import annotations

import json
import os
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN = "ctrlevent.pytest_plugin"
PATIENCE = 120.0

# What to import the package from, which may be vendored in another one.
ROOT = Path(ctrlevent.__file__).parents[ctrlevent.__name__.count(".") + 1]

# Runs a command on its own console and in its own group, as a shell would, and writes down what
# events reach it itself meanwhile: those are astray.
_WATCHER = """
import contextlib, json, subprocess, sys
import ctrlevent
answer, command = sys.argv[1], sys.argv[2:]
heard = []
def hear(event):
    heard.append(event.name)
    return True
with ctrlevent.handler(hear, ctrlevent.CTRL_C_EVENT, ctrlevent.CTRL_BREAK_EVENT):
    status = subprocess.call(command)
    with contextlib.suppress(OSError):  # a console call, which lets go of what Windows has parked
        ctrlevent.console_processes()
with open(answer, "w", encoding="utf-8") as file:
    json.dump({"status": status, "heard": heard}, file)
"""


@dataclass(frozen=True)
class Session:
    status: int
    output: str
    errors: str
    outcomes: Mapping[str, str]
    """Of each test: passed, failed, error or skipped; by what junit's file says."""
    heard: tuple[str, ...]
    """What reached the process that has started pytest."""

    def __str__(self) -> str:
        return f"status {self.status}, heard {self.heard}\n{self.output}\n{self.errors}"


class Pytester:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Or pytest would look for one in the folders above, of which one may be the project's.
        self.write("pytest.ini", "[pytest]\n")
        self.plugins: tuple[str, ...] = (PLUGIN,)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        plugins = [word for plugin in self.plugins for word in ("-p", plugin)]
        words = ["-m", "pytest", "-p", "no:cacheprovider", *plugins, *arguments]
        return [sys.executable, *words]

    def run(self, *arguments: str, input: str = "") -> Session:
        return self.watch(self.command("--junitxml=junit.xml", *arguments), input)

    def watch(self, command: list[str], input: str = "") -> Session:
        answer, junit = self.folder / "answer.json", self.folder / "junit.xml"
        for file in (answer, junit):
            file.unlink(missing_ok=True)
        ran = ctrlevent.run(
            [sys.executable, "-c", _WATCHER, str(answer), *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            input=input,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        found = json.loads(answer.read_text(encoding="utf-8"))
        return Session(
            found["status"], ran.stdout, ran.stderr, outcomes(junit), tuple(found["heard"])
        )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "windows: for Windows only")
    config.addinivalue_line("markers", "posix: for POSIX only")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for system, is_here in (("windows", os.name == "nt"), ("posix", os.name != "nt")):
        if item.get_closest_marker(system) and not is_here:
            pytest.skip(f"for {system} only")


def outcomes(junit: Path) -> dict[str, str]:
    if not junit.exists():
        return {}
    states = {"failure": "failed", "error": "error", "skipped": "skipped"}
    return {
        str(case.get("name")): next((states[e.tag] for e in case if e.tag in states), "passed")
        for case in ET.parse(junit).iter("testcase")
    }


@pytest.fixture
def session(tmp_path: Path) -> Pytester:
    return Pytester(tmp_path)
