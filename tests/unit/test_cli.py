"""The command line on every system: how `run` is read, and what it imports."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctrlevent import _cli, _commands

from .test_names import imported_by

OPTIONS = {
    "--console": ["own", "pty", "shared", "elsewhere"],
    "--timeout": ["5", "0.5", "-1", "nan", "soon", "inf", "", "1e3"],
    "--grace": ["5", "0", "-0", " 7 ", "--"],
    "--no-inject": [],
    "--guard": [],
}
VALUES = [value for values in OPTIONS.values() for value in values]
WRITTEN_OUT = st.sampled_from([*OPTIONS]).flatmap(
    lambda flag: st.sampled_from([[flag, value] for value in OPTIONS[flag]] or [[flag]])
)
OTHERS = ["run", "x", "--", "-", "-h", "--help", "--gr", "--con", "--grace=1", "-x", "a b"]
WORDS = st.one_of(WRITTEN_OUT, st.sampled_from([*OTHERS, *OPTIONS, *VALUES]).map(lambda one: [one]))


def read(options: Any) -> dict[str, Any]:
    names = ("command", "console", "timeout", "grace", "no_inject", "guard", "is_program")
    return {name: getattr(options, name) for name in names}


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=5))
def test_a_plain_run_means_to_argparse_what_it_means_without(parts: list[list[str]]) -> None:
    words = ["run", *(word for part in parts for word in part)]
    plain = _cli._plain_run(words)
    if plain is not None:
        assert read(plain) == read(_commands.parsed(words, _cli.RUN_OPTIONS, _cli.run))


@pytest.mark.parametrize(
    "words",
    [
        ["run", "x"], ["run", "--", "x", "--grace"], ["run", "--console", "pty", "x", "--help"],
        ["run", "--timeout", "5", "--grace", "0.5", "--no-inject", "--", "x"],
        ["run", "--console", "shared", "--guard", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_most_runs_are_plain(words: list[str]) -> None:
    assert _cli._plain_run(words) is not None


@pytest.mark.parametrize(
    "words",
    [
        [], ["ps"], ["run"], ["run", "-h"], ["run", "--grace=1", "x"], ["run", "--gr", "1", "x"],
        ["run", "--timeout"], ["run", "--timeout", "soon", "x"], ["run", "--grace", "-1", "x"],
        ["run", "--console", "elsewhere", "x"], ["run", "--console", "--", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_plain_is_left_to_argparse(words: list[str]) -> None:
    assert _cli._plain_run(words) is None


# --- what a run imports ---------------------------------------------------------------------------

RUN = "from ctrlevent._cli import main; main(['run', '--', sys.executable, '-S', '-c', 'pass'])"


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return imported_by(RUN)


def test_a_run_imports_what_it_needs(imported: set[str]) -> None:
    """Shows that the next tests look at the right thing."""
    assert {"ctrlevent._run", "ctrlevent._popen", "subprocess"} <= imported


def test_a_run_imports_no_more_of_the_standard_library_than_it_takes(imported: set[str]) -> None:
    """What `python -m` and a child take, and ctypes on Windows, but for what is built in."""
    needed = imported_by("import runpy, subprocess" + "; import ctypes" * (sys.platform == "win32"))
    more = {name for name in imported - needed if not name.startswith("ctrlevent")}
    # math is a part of the interpreter on Windows.
    assert more <= {*sys.builtin_module_names, "__future__", "math"}


@pytest.mark.parametrize(
    "module",
    [
        "_commands", "_signals", "_pseudo_console", "_create_process", "_guard", "_stop",
        "_communication", "_windows.dispatch", "_windows.policy", "_windows.keyboard",
        "_windows.group", "_windows.helper_route", "_windows.thread_route", "_windows.stopping",
        "_windows.run_on_terminal", "_posix.stopping",
    ],
)  # fmt: skip
def test_a_run_does_not_import_what_only_others_need(imported: set[str], module: str) -> None:
    assert f"ctrlevent.{module}" not in imported


def test_a_run_with_wrong_words_says_what_argparse_says() -> None:
    command = [sys.executable, "-m", "ctrlevent", "run", "--timeout", "soon", "--", "x"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"argument --timeout: not a number of seconds: soon" in done.stderr
