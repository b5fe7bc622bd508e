"""How the helper process is started, asked and replaced: real processes, but none sends anything.

What stands for the helper here is a program that answers as told; the real one is shown in
tests/windows.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest

from ctrlevent import CtrlCIgnored, CtrlEvent, NoConsole, _helper, _helper_main
from ctrlevent._errors import winerror_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.windows import FakeWindows

C = CtrlEvent.CTRL_C_EVENT

ANSWERS = "import sys; [print({!r}, flush=True) for line in sys.stdin]"
SENT_TO_7 = ANSWERS.format('{"sent_to": [7]}')
GOES = f"raise SystemExit({_helper_main.IDLE_EXIT_CODE})"
GOES_WHEN_ASKED = f"import sys; sys.stdin.readline(); {GOES}"
IS_ENDED = "import sys; sys.stdin.readline(); raise SystemExit(1)"
LEAVES_ITS_OUTPUT_TO_A_CHILD = """
import subprocess, sys
sys.stdin.readline()
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print('{"sent_to": [%d]}' % child.pid, flush=True)
sys.stdin.readline()
"""
STANDS_STILL = "import time; print(flush=True, end=''); time.sleep(600)"

Use = Callable[..., "list[subprocess.Popen[bytes]]"]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Has these programs, one after the other, be the helper. Returns those that were started."""
    started: list[subprocess.Popen[bytes]] = []
    programs: list[str] = []
    real = subprocess.Popen

    def popen(command: list[str], *, creationflags: int, **named: Any) -> Any:
        assert command[1:4] == ["-I", "-S", "-c"]
        assert creationflags
        process: Any = real([sys.executable, "-S", "-c", programs.pop(0)], **named)
        started.append(process)
        return started[-1]

    def use(*new: str) -> list[subprocess.Popen[bytes]]:
        programs[:] = new
        return started

    monkeypatch.setattr(_helper, "_running", None)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", popen)
        yield use
    _helper._discard()
    assert all(process.poll() is not None for process in started)


def send(timeout: float = 20.0) -> list[int]:
    return _helper.send(7, 7, C, timeout)


def test_one_helper_for_all(use: Use) -> None:
    started = use(SENT_TO_7)
    assert [send(), send(), send()] == [[7]] * 3
    assert len(started) == 1


def test_one_that_has_gone_for_want_of_work_is_replaced(use: Use) -> None:
    """Before it is asked, or just when it is."""
    started = use(SENT_TO_7, SENT_TO_7)
    send()
    started[0].terminate()
    started[0].wait()
    assert send() == [7]
    assert len(started) == 2


@pytest.mark.parametrize("goes", [GOES, GOES_WHEN_ASKED])
def test_one_that_goes_while_it_is_asked_is_asked_again(use: Use, goes: str) -> None:
    started = use(goes, SENT_TO_7)
    assert send() == [7]
    assert len(started) == 2


def test_ones_that_always_go_are_an_error(use: Use) -> None:
    started = use(GOES, GOES)
    with pytest.raises(OSError, match="ends as soon as it is started"):
        send()
    assert len(started) == 2


def test_request_to_one_that_has_closed_its_input_is_made_again(use: Use) -> None:
    """It cannot have read it."""
    closes = "import os, time; os.close(0); print('{}', flush=True); time.sleep(600)"
    started = use(closes, SENT_TO_7)
    helper = _helper._helper()
    helper._replies.get(timeout=20)  # so it is closed
    assert send() == [7]
    assert len(started) == 2


def test_one_that_is_ended_while_it_sends_may_have_sent(use: Use) -> None:
    started = use(IS_ENDED, SENT_TO_7)
    with pytest.raises(OSError, match="ended while it was sending; it may have sent"):
        send()
    assert len(started) == 1  # it is not sent a second time
    assert send() == [7]


def test_one_that_does_not_answer_in_time_is_ended(use: Use) -> None:
    """Or its late answer would be taken for that to the next request."""
    started = use(STANDS_STILL, SENT_TO_7)
    with pytest.raises(TimeoutError, match="may or may not have been sent"):
        send(timeout=0.1)
    assert started[0].poll() is not None
    assert send() == [7]


def test_one_whose_output_somebody_else_keeps_open_is_replaced_all_the_same(use: Use) -> None:
    started = use(LEAVES_ITS_OUTPUT_TO_A_CHILD, SENT_TO_7)
    (pid,) = send()
    try:
        started[0].kill()
        started[0].wait()
        assert send() == [7]
    finally:
        os.kill(pid, signal.SIGTERM)


def test_one_that_was_not_waited_for_is_ended(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    started = use(SENT_TO_7, SENT_TO_7)

    def interrupt(_helper: object, _deadline: float) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_helper._Helper, "_reply", interrupt)
        with pytest.raises(KeyboardInterrupt):
            send()
    assert started[0].poll() is not None
    assert send() == [7]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ProcessLookupError", ProcessLookupError),
        ("PermissionError", PermissionError),
        ("NoConsole", NoConsole),
        ("CtrlCIgnored", CtrlCIgnored),
        ("OSError", OSError),
        ("SomethingElse", OSError),
    ],
)
@pytest.mark.parametrize("winerror", [5, None])
def test_error_of_the_helper_is_raised_here(
    use: Use, name: str, kind: type[OSError], winerror: int | None
) -> None:
    reply = json.dumps({"error": name, "message": "for a reason", "winerror": winerror})
    use(ANSWERS.format(reply))
    with pytest.raises(OSError, match="for a reason") as error:
        send()
    assert type(error.value) is kind
    assert winerror_of(error.value) == winerror


# --- in the helper process ------------------------------------------------------------------------


def test_a_line_for_each_line(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.caller.detach()
    request = {"console_of": 99, "pgid": 99, "event": 0, "alone": False, "together": []}
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{json.dumps(request)}\n" * 2))
    before = threading.enumerate()
    _helper_main.main()
    replies = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [reply["error"] for reply in replies] == ["ProcessLookupError"] * 2
    for thread in set(threading.enumerate()) - set(before):
        thread.join(20)  # the timers end, as they were called off
    assert windows.received == []


def test_it_goes_for_want_of_work() -> None:
    code = (
        "from ctrlevent import _helper_main as it;"
        "it.system = lambda: None; it.IDLE_SECONDS = 0.01; it.main()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe) as process:
        assert process.wait(20) == _helper_main.IDLE_EXIT_CODE
