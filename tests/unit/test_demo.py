"""What the demo makes of its measurements, and of a system that has no launcher.

The demo itself is shown in tests/windows.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ctrlevent import _demo
from ctrlevent._demo import INSTEAD, LEAK, OTHERS, REFUSED, ROLES, ROWS, Page, Result, Row
from ctrlevent._half import half
from tests.fakes.demo import PIDS, Played

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ASKED = OTHERS[0]


def result(
    at_once: Mapping[str, int] | None = None,
    afterwards: Mapping[str, int] | None = None,
    **answer: Any,
) -> Result:
    nothing = dict.fromkeys(ROLES, 0)
    answered = {"error": None, "message": None, "ms": 12.34, "in_call": False, **answer}
    return Result(answered, {**nothing, **(at_once or {})}, {**nothing, **(afterwards or {})})


ALL = dict.fromkeys(ROLES, 1)

# --- the promise ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "found", "is_kept"),
    [
        (INSTEAD, result({"program": 1}, in_call=True), True),
        (INSTEAD, result({"program": 1}), False),
        (INSTEAD, result({"program": 2}, in_call=True), False),
        (INSTEAD, result({"program": 1, "bystander": 1}, in_call=True), False),
        (INSTEAD, result({"program": 1}, {"shell": 1}, in_call=True), False),
        (INSTEAD, result({"program": 1}, {"program": 1}, in_call=True), False),
        (INSTEAD, result(in_call=True), False),
        (INSTEAD, result({"program": 1}, in_call=True, error="OSError"), False),
        (REFUSED, result(error="NotAGroupLeader"), True),
        (REFUSED, result(error="ProcessLookupError"), False),
        (REFUSED, result({"shell": 1}, error="NotAGroupLeader"), False),
        (REFUSED, result({}, {"shell": 1}, error="NotAGroupLeader"), False),
    ],
)
def test_promise_is_kept(row: Row, found: Result, is_kept: bool) -> None:
    assert _demo._is_kept(row, found) is is_kept


def verdict(row: Row, found: Result, capsys: pytest.CaptureFixture[str]) -> str:
    Page(coloured=False).verdict(row, found)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "should"),
    [(INSTEAD, "program\n"), (REFUSED, "no process, error NotAGroupLeader\n")],
)
def test_broken_promise_is_said(row: Row, should: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = verdict(row, result({"bystander": 1}), capsys)
    assert said.endswith(f"PROMISE BROKEN: should have reached {should}")


def test_kept_promise_needs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(INSTEAD, result({"program": 1}, in_call=True), capsys) == ""


@pytest.mark.parametrize("found", [result({}, ALL), result(ALL), result({"program": 1}, ALL)])
def test_leak_is_explained_whenever_it_comes(
    found: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(LEAK, found, capsys) == f"\n{Page.WHY}\n"


@pytest.mark.parametrize("found", [result(), result({"program": 1})])
def test_leak_that_does_not_come_is_said(found: Result, capsys: pytest.CaptureFixture[str]) -> None:
    """As it does not on Wine's own console."""
    said = verdict(LEAK, found, capsys)
    assert said == "   (not as on Windows, where it reaches program, bystander, shell)\n"


def test_other_calls_of_os_kill_are_compared_with_windows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert verdict(ASKED, result({"program": 1}), capsys) == ""
    said = verdict(ASKED, result(), capsys)
    assert said == "   (not as on Windows, where it reaches program)\n"


# --- the whole of it ------------------------------------------------------------------------------


@pytest.fixture
def no_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is played comes at once, or never."""
    monkeypatch.setattr(_demo, "QUIET", 0)
    monkeypatch.setattr(_demo, "PATIENCE", 0)


@pytest.mark.usefixtures("no_quiet")
@pytest.mark.parametrize("parks", [True, False])
def test_demo_tells_what_the_processes_say(parks: bool, capsys: pytest.CaptureFixture[str]) -> None:
    kept = _demo.tell(PIDS, Played(parks=parks), Page(coloured=False))
    output = capsys.readouterr().out
    assert kept == [True] * sum(row.is_ours for row in ROWS)
    assert ("not as on Windows" in output) is not parks
    first, second = reached_in_act(output, 1)
    assert first == "no process"
    assert second == ("program, bystander, shell" if parks else "no process")
    assert reached_in_act(output, 2) == [
        *("program", "no further process"),
        *("no process", "no process"),
    ]
    assert [words.split("  ")[0] for words in reached_in_act(output, 3)] == [
        *("program", "no process", "program")
    ]


def reached_in_act(output: str, number: int) -> list[str]:
    act = re.split(r"^\d\. ", output, flags=re.MULTILINE)[number]
    return re.findall(r"-> (.*)", act)


@pytest.mark.usefixtures("no_quiet")
def test_call_that_breaks_its_promise_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    played = Played(parks=True, broken={INSTEAD.code})
    kept = _demo.tell(PIDS, played, Page(coloured=False))
    assert kept == [False, True, True, True]
    Page(coloured=False).end(kept, 1.25)
    assert capsys.readouterr().out.endswith(
        "\n3 of 4 calls of ctrlevent kept the promise (1.2 s).\n"
    )


@pytest.mark.parametrize(("expected", "asked"), [((), 1), (("shell",), 3)])
def test_expected_event_is_waited_for(
    expected: tuple[str, ...], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_demo, "QUIET", 0)
    answers = {role: iter([0, 0, 1, 0]) for role in ROLES}
    counts = _demo._counts(lambda role, _word, _code: next(answers[role]), expected)
    assert counts == dict.fromkeys(ROLES, int(asked == 3))


def test_quiet_is_kept_although_all_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_demo, "QUIET", 0.1)
    answers = {role: iter([1, 1, *[0] * 100]) for role in ROLES}
    counts = _demo._counts(lambda role, _word, _code: next(answers[role]), ROLES)
    assert counts == dict.fromkeys(ROLES, 2)


# --- the page -------------------------------------------------------------------------------------


def test_text_in_colours_is_the_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    for coloured in (False, True):
        page = Page(coloured)
        page.title("a console")
        page.tree(PIDS)
        page.act("1. An act")
        for row in ROWS:
            page.call(row, briefly=False)
            page.answer(row, Played(parks=True)("program", "call", row.code), ALL)
            page.afterwards(row, result({}, ALL))
    plain, in_colours = capsys.readouterr().out, ""
    half = plain.index("\x1b")
    plain, in_colours = plain[:half], plain[half:]
    assert re.sub(r"\x1b\[[\d;]*m", "", in_colours) == plain
    assert max(map(len, plain.splitlines())) <= Page.WIDTH


@pytest.mark.parametrize(
    ("row", "reached", "said"),
    [
        (LEAK, ROLES, "-> {good}program{end}, {bad}bystander{end}, {bad}shell{end}\n"),
        (LEAK, (), "-> {missed}no process{end}\n"),
        (REFUSED, (), "-> {good}no process{end}\n"),
        (REFUSED, ("program",), "-> {bad}program{end}\n"),
    ],
)
def test_colour_of_a_role_says_whether_it_was_meant(
    row: Row, reached: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Page(coloured=True).outcome(row, reached)
    codes = {style: f"\x1b[{code}m" for style, code in Page.STYLES.items()}
    assert capsys.readouterr().out == said.format(**codes, end="\x1b[0m")


class Output:
    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal

    def fileno(self) -> int:
        return 1


class Case(NamedTuple):
    environ: dict[str, str]
    is_terminal: bool
    takes_escapes: bool
    coloured: bool


@pytest.mark.parametrize(
    "case",
    [
        Case({}, is_terminal=True, takes_escapes=True, coloured=True),
        Case({}, is_terminal=True, takes_escapes=False, coloured=False),
        Case({}, is_terminal=False, takes_escapes=True, coloured=False),
        Case({"NO_COLOR": "1"}, is_terminal=True, takes_escapes=True, coloured=False),
        Case({"NO_COLOR": ""}, is_terminal=True, takes_escapes=True, coloured=True),
        Case({"FORCE_COLOR": "1"}, is_terminal=False, takes_escapes=False, coloured=True),
        Case({"FORCE_COLOR": "1"}, is_terminal=True, takes_escapes=False, coloured=True),
        Case({"FORCE_COLOR": ""}, is_terminal=False, takes_escapes=True, coloured=False),
        Case(
            {"NO_COLOR": "1", "FORCE_COLOR": "1"},
            is_terminal=True,
            takes_escapes=True,
            coloured=False,
        ),
        Case({"TERM": "dumb"}, is_terminal=True, takes_escapes=True, coloured=False),
        Case(
            {"TERM": "dumb", "FORCE_COLOR": "1"},
            is_terminal=True,
            takes_escapes=True,
            coloured=True,
        ),
    ],
)
def test_colours_are_for_terminals_unless_the_environment_says_otherwise(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    @contextlib.contextmanager
    def escapes(fd: int) -> Generator[bool]:
        asked.append(fd)
        yield case.takes_escapes

    monkeypatch.setattr(half, "escapes", escapes, raising=False)
    with _demo._colours(Output(case.is_terminal), case.environ) as coloured:
        assert coloured is case.coloured
    assert asked in ([], [1])
    assert not asked or case.is_terminal


class Version(NamedTuple):
    major: int
    build: int
    product_type: int


@pytest.mark.parametrize(
    ("version", "console"),
    [
        (Version(10, 19045, 1), "the console of Windows 10, build 19045"),
        (Version(10, 22000, 1), "the console of Windows 11, build 22000"),
        (Version(10, 26100, 3), "the console of Windows Server, build 26100"),
    ],
)
def test_console_has_the_version_of_its_windows(version: Version, console: str) -> None:
    assert _demo._console_of(version) == console


# --- processes ------------------------------------------------------------------------------------


def test_launcher_of_a_venv_is_its_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "elsewhere")
    assert _demo._launcher() == sys.executable


def test_launcher_elsewhere_is_py(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    monkeypatch.setattr(shutil, "which", lambda name: f"C:\\Windows\\{name}.exe")
    assert _demo._launcher() == "C:\\Windows\\py.exe"


def test_without_a_launcher_the_error_says_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(OSError, match="--launcher"):
        _demo._launcher()


def test_process_that_has_ended_is_an_error_with_its_status() -> None:
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    refusal = pytest.raises(OSError, match="has ended, with 7")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, refusal:
        _demo._hear(process)


@pytest.fixture
def counter() -> Generator[_demo._Counter]:
    before = signal.getsignal(signal.SIGINT)
    try:
        yield _demo._Counter()
    finally:
        signal.signal(signal.SIGINT, before)


def test_counter_interrupts_once_when_armed_and_counts_always(counter: _demo._Counter) -> None:
    counter._on_sigint()
    counter.armed = True
    with pytest.raises(KeyboardInterrupt):
        counter._on_sigint()
    counter._on_sigint()
    assert (counter.take(), counter.take()) == (3, 0)


class Disarmed(_demo._Counter):
    """Gets an event as it is disarmed: when the call is over."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "armed" and not value and getattr(self, "armed", False):
            super().__setattr__(name, value)
            self.count += 1
            raise KeyboardInterrupt
        super().__setattr__(name, value)


def test_event_that_comes_after_the_call_is_not_its_own(counter: _demo._Counter) -> None:
    late = Disarmed()
    assert _demo._call(late, "0")["in_call"] is False
    assert (counter.take(), late.take(), late.armed) == (0, 1, False)


def test_event_that_comes_in_the_call_is_its_own(counter: _demo._Counter) -> None:
    answer = _demo._call(counter, "signal.raise_signal(signal.SIGINT)")
    assert answer["in_call"] is True
    assert answer["ms"] > 0
    assert (counter.take(), counter.armed) == (1, False)


def test_error_of_a_call_is_its_answer(counter: _demo._Counter) -> None:
    answer = _demo._call(counter, "os.stat('/no/such/file')")
    assert (answer["error"], answer["in_call"]) == ("FileNotFoundError", False)
    assert answer["message"]
    assert not counter.armed
