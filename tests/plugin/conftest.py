"""pytest sessions that tests run: each in a folder and on a console of its own.

An event that is sent in such an inner session stays there, and reaches neither the tests nor the
process that runs the tests.

A start of pytest takes seconds, so tests share inner sessions: a fixture with the scope of its
module runs pytest and returns a `Session`, and each test checks one thing of that.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT, wait_until

from .inner import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PLUGIN = "ctrlevent.pytest_plugin"

# Seconds after which a test gives up an inner session. Longer than the waits inside the session, so
# that these say first what they have waited for; and shorter than the limit of pytest-timeout.
SESSION_LIMIT = 4 * HANG_LIMIT

# The folder to import the package from, which may be vendored in another package.
ROOT = Path(ctrlevent.__file__).parents[ctrlevent.__name__.count(".") + 1]

# Runs a command on its own console and in its own group, as a shell would, and writes down which
# events reach the watcher itself meanwhile: those are stray.
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

# Calls pytest.main more than once, each time with standard streams that are files.
_CALLER = """
import json, os, sys
import pytest

statuses = []
for number, (arguments, plugins) in enumerate(CALLS):
    for fd in (1, 2):
        with open(f"call{number}.{fd}", "wb") as file:
            os.dup2(file.fileno(), fd)
    statuses.append(int(pytest.main([*arguments, f"--junitxml=call{number}.xml"], plugins)))
    sys.stdout.flush()
    sys.stderr.flush()
with open("statuses.json", "w") as file:
    json.dump(statuses, file)
"""


@dataclass(frozen=True)
class Session:
    status: int
    output: str
    errors: str
    outcomes: Mapping[str, str]
    """Of each test: passed, failed, error or skipped; by what junit's file says."""
    heard: tuple[str, ...]
    """The events that reached the process that has started pytest."""
    facts: Any
    """What the session has written into the file facts.json."""

    def __str__(self) -> str:
        return f"status {self.status}, heard {self.heard}\n{self.output}\n{self.errors}"

    def outcomes_of(self, names: Mapping[str, str]) -> dict[str, str | None]:
        """Of the tests with these names, to be compared with `names` itself."""
        return {name: self.outcomes.get(name) for name in names}


@dataclass(frozen=True)
class Pair:
    """The same session without and with `--own-console`."""

    plain: Session
    own: Session


class Pytester:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Else pytest would take a pytest.ini from a folder above, which may be the project's.
        self.write("pytest.ini", "[pytest]\n")
        self.write("inside.py", INSIDE)
        self.plugins: tuple[str, ...] = (PLUGIN,)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def write(self, name: str, text: str) -> None:
        """HANG_LIMIT in the text becomes the number of seconds."""
        text = text.replace("HANG_LIMIT", repr(HANG_LIMIT))
        (self.folder / name).write_text(text, encoding="utf-8")

    def wait_for(self, name: str) -> None:
        """Waits for a file that the session writes."""
        wait_until((self.folder / name).exists, f"a file {name!r}")

    def command(self, *arguments: str, python: Sequence[str] = ()) -> list[str]:
        words = ["-m", "pytest", "-p", "no:cacheprovider", *self._plugin_words(), *arguments]
        return [sys.executable, *python, *words]

    def _plugin_words(self) -> list[str]:
        return [word for plugin in self.plugins for word in ("-p", plugin)]

    def run(self, *arguments: str) -> Session:
        return self.watch(self.command("--junitxml=junit.xml", *arguments))

    def watch(self, command: list[str]) -> Session:
        ran = ctrlevent.run(
            self.watched(command),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            input="",
            encoding="utf-8",
            errors="replace",
            timeout=SESSION_LIMIT,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return self.finished(ran.stdout, ran.stderr)

    def watched(self, command: list[str]) -> list[str]:
        """The command that runs `command` and writes down what it hears, which `finished` reads."""
        for name in ("answer.json", "junit.xml", "facts.json"):  # of the session before
            (self.folder / name).unlink(missing_ok=True)
        return [sys.executable, "-c", _WATCHER, str(self.folder / "answer.json"), *command]

    def finished(self, output: str, errors: str) -> Session:
        answer = self._json("answer.json")
        return Session(
            status=answer["status"],
            output=output,
            errors=errors,
            outcomes=outcomes(self.folder / "junit.xml"),
            heard=tuple(answer["heard"]),
            facts=self._json("facts.json") if (self.folder / "facts.json").exists() else None,
        )

    def calls(
        self, *calls: Sequence[str], plugins: Mapping[int, str] | None = None
    ) -> list[Session]:
        """Sessions that one process runs with `pytest.main`: a session for each list of arguments.

        A session has the plugins of `self.plugins`; or, if `plugins` has its number, the plugins
        that stand there as the text of a Python list. The process hears events for all sessions:
        each `Session` has the same `heard`.
        """
        own_plugins = plugins or {}
        texts = []
        for number, given in enumerate(calls):
            words = [] if number in own_plugins else self._plugin_words()
            arguments = ["-p", "no:cacheprovider", *words, *given]
            texts.append(f"({arguments!r}, {own_plugins.get(number, 'None')}),")
        self.write("main.py", _CALLER.replace("CALLS", f"[{' '.join(texts)}]"))
        process = self.watch([sys.executable, "main.py"])
        assert process.status == 0, process
        return [
            Session(
                status=status,
                output=self._text(f"call{number}.1"),
                errors=self._text(f"call{number}.2"),
                outcomes=outcomes(self.folder / f"call{number}.xml"),
                heard=process.heard,
                facts=process.facts,
            )
            for number, status in enumerate(self._json("statuses.json"))
        ]

    @contextlib.contextmanager
    def started(self, command: list[str], stdin: int = subprocess.DEVNULL) -> Iterator[Any]:
        """A command on another console and in a group of its own, to be interrupted from here."""
        with ctrlevent.Popen(
            command,
            console="own",
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()  # or the end of the block would wait for it
                raise

    def _text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")

    def _json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


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
    """For the inner session of one test."""
    return Pytester(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Pytester:
    """For the fixtures of a module whose inner sessions many tests look at."""
    return Pytester(tmp_path_factory.mktemp("shared"))
