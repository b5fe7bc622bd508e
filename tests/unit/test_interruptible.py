"""What the fixture `interruptible` says of a process. What it does: tests/plugin."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from ctrlevent._interruptible import Watch, _name, _told
from ctrlevent._ready import Condition

NEVER = Condition(lambda: None, "it is not there")


class Failed(Exception):
    pass


def fail(text: str) -> NoReturn:
    raise Failed(text)


def said(output: Any, status: int | None = None, awaited: Condition = NEVER) -> str:
    watch = Watch("program", 5.0, output, fail)
    watch.unreported()
    if output is not None:
        output.text = lambda: "before\nafter\n"
    process: Any = SimpleNamespace(poll=lambda: status)
    with pytest.raises(Failed) as failed:
        watch.wait(process, awaited, 0)
    return str(failed.value)


def test_says_what_came_since_it_was_last_said() -> None:
    text = said(SimpleNamespace(text=lambda: "before\n"))
    assert text == (
        "program was not ready within 0 seconds: it is not there.\nIts output:\nafter\n"
    )


def test_says_that_nothing_more_came() -> None:
    text = said(SimpleNamespace(text=lambda: "before\nafter\n"), 1)
    assert text == (
        "program exited with exit code 1 before it was ready: it is not there."
        "\nIt has written nothing more."
    )


def test_says_that_output_is_not_collected() -> None:
    assert "Its output is not collected" in said(None)


def test_says_why_a_function_was_not_ready() -> None:
    awaited = Condition(lambda: open("not there"), "function returned nothing true")  # noqa: SIM115
    assert "returned nothing true: FileNotFoundError: " in said(None, awaited=awaited)


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["/usr/bin/python", "-m", "uvicorn"], "python -m uvicorn"),
        ([Path("folder") / "program", b"one", "two words"], 'program one "two words"'),
        ("a shell command", "a shell command"),
        (Path("program"), "program"),
        (["python", "-c", "import a\nimport b"], 'python -c "import a import b"'),
        (["x" * 70], f"{'x' * 60}..."),
        ([], ""),
    ],
)
def test_name_of_a_command(args: Any, name: str) -> None:
    assert _name(args) == name


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0, "exit code 0"),
        (5, "exit code 5"),
        (-9, "signal 9"),
        (0xC000013A, "exit code 0xC000013A"),
    ],
)
def test_exit_codes_as_they_are_looked_up(status: int, told: str) -> None:
    assert _told(status) == told
