"""What the demo makes of its measurements, and of a system that has no launcher.

The demo itself is shown in tests/windows.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from typing import Any

import pytest

from ctrlevent import _demo
from ctrlevent._demo import Row

OURS = Row("ctrlevent.kill(os.getpid(), signal.CTRL_C_EVENT)", ("program",), in_call=True)
REFUSED = Row("ctrlevent.killpg(os.getpid(), signal.CTRL_C_EVENT)", (), error="NotAGroupLeader")
PLAIN = Row("os.kill(os.getpid(), signal.CTRL_C_EVENT)", ("program", "bystander", "parent"))


def result(**named: Any) -> dict[str, Any]:
    """As of a call that has reached no process."""
    nothing = {"program": 0, "bystander": 0, "parent": 0, "ms": None}
    return {**nothing, "error": None, "message": None, "in_call": False, **named}


@pytest.mark.parametrize(
    ("row", "found", "is_kept"),
    [
        (OURS, result(program=1, in_call=True), True),
        (OURS, result(program=1, in_call=False), False),
        (OURS, result(program=2, in_call=True), False),
        (OURS, result(program=1, bystander=1, in_call=True), False),
        (OURS, result(in_call=True), False),
        (OURS, result(program=1, in_call=True, error="OSError"), False),
        (REFUSED, result(error="NotAGroupLeader"), True),
        (REFUSED, result(error="ProcessLookupError"), False),
        (REFUSED, result(error="NotAGroupLeader", parent=1), False),
    ],
)
def test_promise_is_kept(row: Row, found: dict[str, Any], is_kept: bool) -> None:
    assert _demo._is_kept(row, found) is is_kept


def test_row_of_a_kept_promise(capsys: pytest.CaptureFixture[str]) -> None:
    _demo._print_row(OURS, result(program=1, in_call=True, ms=12.34))
    line = capsys.readouterr().out
    assert line.split() == ["ctrlevent.kill(os.getpid(),", "CTRL_C_EVENT)", "program", "12.3", "ms"]


@pytest.mark.parametrize(
    ("row", "should"),
    [(OURS, "program\n"), (REFUSED, "no process, error NotAGroupLeader\n")],
)
def test_broken_promise_is_said(row: Row, should: str, capsys: pytest.CaptureFixture[str]) -> None:
    _demo._print_row(row, result(bystander=1))
    assert capsys.readouterr().out.endswith(f"PROMISE BROKEN: should have reached {should}")


@pytest.mark.parametrize("reached", [PLAIN.reached, ()])
def test_plain_os_kill_that_is_not_as_on_windows_is_said(
    reached: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is not on Wine 10."""
    _demo._print_row(PLAIN, result(**dict.fromkeys(reached, 1)))
    assert ("not as on Windows" in capsys.readouterr().out) == (reached != PLAIN.reached)


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


def test_counter_interrupts_once_when_armed_and_counts_always() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        counter = _demo._Counter()
    finally:
        signal.signal(signal.SIGINT, before)
    counter._on_sigint()
    counter.armed = True
    with pytest.raises(KeyboardInterrupt):
        counter._on_sigint()
    counter._on_sigint()
    assert (counter.take(), counter.take()) == (3, 0)
