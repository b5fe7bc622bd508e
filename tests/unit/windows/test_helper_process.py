"""How the helper process is started, asked and replaced: real processes, but none sends anything.

A program that answers as told stands for the helper here; tests/windows shows the real helper.
"""

from __future__ import annotations

import io
import marshal
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest

from ctrlevent import CtrlCIgnored, CtrlEvent, NoConsole
from ctrlevent._errors import winerror_of
from ctrlevent._unpatched import system_calls
from ctrlevent._win32 import python_process
from ctrlevent._win32.native import Native
from ctrlevent._windows import helper_process, helper_route
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.windows import FakeWindows

C = CtrlEvent.CTRL_C_EVENT

PIPES = """
import marshal, os, sys
def get():
    return marshal.load(sys.stdin.buffer)
def put(reply):
    sys.stdout.buffer.write(marshal.dumps(reply))
    sys.stdout.flush()
"""


def answers(reply: dict[str, Any]) -> str:
    return f"{PIPES}\nwhile get():\n    put({reply!r})"


SENT_TO_7 = answers({"sent_to": [7]})
GOES = f"raise SystemExit({helper_process.IDLE_EXIT_CODE})"
GOES_WHEN_ASKED = f"{PIPES}\nget(); {GOES}"
IS_ENDED = f"{PIPES}\nget(); raise SystemExit(1)"
IS_ENDED_IN_ITS_REPLY = f"""{PIPES}
get()
sys.stdout.buffer.write(marshal.dumps({{"sent_to": [7]}})[:-3])
sys.stdout.flush()
raise SystemExit(1)
"""
LEAVES_ITS_OUTPUT_TO_A_CHILD = f"""{PIPES}
import subprocess
get()
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
put({{"sent_to": [child.pid]}})
get()
"""
ANSWERS_IN_PIECES = f"""{PIPES}
import time
get()
for byte in marshal.dumps({{"sent_to": [7]}}):
    os.write(1, bytes([byte]))
    time.sleep(0.002)
get()
"""
STANDS_STILL = "import time; print(flush=True, end=''); time.sleep(600)"

Use = Callable[..., "list[subprocess.Popen[bytes]]"]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Has these programs, in turn, be the helper. Returns those that were started."""
    started: list[subprocess.Popen[bytes]] = []
    programs: list[str] = []
    real = subprocess.Popen

    def popen(command: list[str], *, creationflags: int, **named: Any) -> Any:
        assert command[1:6] == ["-I", "-S", "-X", "utf8", "-c"]
        assert creationflags
        code = f"import marshal, sys; marshal.load(sys.stdin.buffer)\n{programs.pop(0)}"
        process: Any = real([sys.executable, "-S", "-c", code], **named)
        started.append(process)
        return started[-1]

    def use(*new: str) -> list[subprocess.Popen[bytes]]:
        programs[:] = new
        return started

    monkeypatch.setattr(helper_route, "_running", None)
    with monkeypatch.context() as patch:
        patch.setattr(python_process, "Popen", popen)
        yield use
    helper_route._discard()
    assert all(process.poll() is not None for process in started)


def send(timeout: float = HANG_LIMIT) -> list[int]:
    windows = Native()
    return helper_route.ask(windows, 7, 7, C, windows.monotonic() + timeout)


def test_one_helper_for_all(use: Use) -> None:
    started = use(SENT_TO_7)
    assert [send(), send(), send()] == [[7]] * 3
    assert len(started) == 1


def test_one_that_has_gone_for_want_of_work_is_replaced(use: Use) -> None:
    """It has gone before the request."""
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
    with pytest.raises(OSError, match="exits as soon as it is started"):
        send()
    assert len(started) == 2


def test_request_to_one_that_has_closed_its_input_is_made_again(use: Use) -> None:
    """The helper cannot have read the request."""
    closes = "os.close(0); put({}); import time; time.sleep(600)"
    started = use(f"{PIPES}\n{closes}", SENT_TO_7)
    helper = helper_route._helper(Native())
    helper.receive(HANG_LIMIT)  # so its input is closed
    assert send() == [7]
    assert len(started) == 2


@pytest.mark.parametrize("is_ended", [IS_ENDED, IS_ENDED_IN_ITS_REPLY])
def test_one_that_is_ended_while_it_sends_may_have_sent(use: Use, is_ended: str) -> None:
    started = use(is_ended, SENT_TO_7)
    with pytest.raises(OSError, match="ended while it was sending; it may have sent"):
        send()
    assert len(started) == 1  # it is not sent a second time
    assert send() == [7]


@pytest.mark.limits
def test_one_that_does_not_answer_in_time_is_ended(use: Use) -> None:
    """Or its late answer would be taken for the answer to the next request."""
    started = use(STANDS_STILL, SENT_TO_7)
    with pytest.raises(TimeoutError, match="may or may not have been sent"):
        send(timeout=0.1)
    assert started[0].poll() is not None
    assert send() == [7]


def test_one_whose_output_another_process_keeps_open_is_replaced_all_the_same(use: Use) -> None:
    """The end of its output does not come, however long it is waited for."""
    started = use(LEAVES_ITS_OUTPUT_TO_A_CHILD, SENT_TO_7)
    (pid,) = send()
    try:
        started[0].kill()
        started[0].wait()
        assert send() == [7]
    finally:
        os.kill(pid, signal.SIGTERM)


def test_one_that_exits_when_asked_while_another_process_keeps_its_output_open(use: Use) -> None:
    use(LEAVES_ITS_OUTPUT_TO_A_CHILD)
    (pid,) = send()
    try:
        with pytest.raises(OSError, match="ended while it was sending; it may have sent"):
            send()
    finally:
        os.kill(pid, signal.SIGTERM)


def test_answer_may_come_in_pieces(use: Use) -> None:
    use(ANSWERS_IN_PIECES)
    assert send() == [7]


def test_one_that_was_not_waited_for_is_ended(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    started = use(SENT_TO_7, SENT_TO_7)

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(helper_route, "_reply", interrupt)
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
    use(answers({"error": name, "errno": 5, "message": "for a reason", "winerror": winerror}))
    with pytest.raises(OSError, match="for a reason") as error:
        send()
    assert type(error.value) is kind
    assert winerror_of(error.value) == winerror


def test_error_of_the_helper_that_is_not_in_the_table_is_said_to_be_from_there(use: Use) -> None:
    use(answers({"error": "OSError", "errno": 38, "message": "no groups", "winerror": None}))
    with pytest.raises(
        OSError, match=r"the helper process failed with OSError: no groups"
    ) as error:
        send()
    assert error.value.errno == 38


@pytest.mark.limits
def test_lock_of_another_thread_is_not_waited_for_longer_than_the_timeout(use: Use) -> None:
    """Nothing is sent, and the error says so."""
    started = use(SENT_TO_7)
    refused = pytest.raises(TimeoutError, match=r"another thread.*nothing was sent")
    with helper_route._lock, refused:
        send(timeout=0.1)
    assert started == []
    assert send() == [7]


# --- in the helper process ------------------------------------------------------------------------


def test_a_reply_for_each_request(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    windows.caller.detach()
    request = {"console_of": 99, "pgid": 99, "event": 0, "alone": False, "together": []}
    requests, replies = io.BytesIO(marshal.dumps(request) * 2), io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(requests))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(replies))
    monkeypatch.setattr(helper_process, "Thread", lambda *_: None)  # it would exit
    helper_process.main()
    written = io.BytesIO(replies.getvalue())
    assert [marshal.load(written)["error"] for _ in range(2)] == ["ProcessLookupError"] * 2
    assert written.read() == b""
    assert windows.received == []


def in_a_process(answer: str) -> subprocess.Popen[bytes]:
    """A helper that exits as soon as it is idle. `answer` stands for what it does for a request."""
    code = f"""
from ctrlevent._windows import helper_process as it
import sys, time
it.IDLE_SECONDS = 0.01
it.answer = lambda windows, request: {answer}
it.main()
"""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe)


class Ended(Exception):
    """Raised where the process would exit."""


@pytest.fixture
def idle(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> helper_process._Idle:
    """Of a helper that is idle from now on, by the clock of the fake Windows."""
    found = helper_process._Idle(windows)

    def end(code: int) -> None:
        assert code == helper_process.IDLE_EXIT_CODE
        assert found.not_now.locked()
        raise Ended

    monkeypatch.setattr(system_calls, "_exit", end)
    return found


def ends_after(windows: FakeWindows, idle: helper_process._Idle) -> float:
    """In how many seconds the helper exits. Its thread runs here as a function."""
    start = windows.now
    with pytest.raises(Ended):
        idle.watch()
    return windows.now - start


def test_it_ends_after_the_time_without_work(
    windows: FakeWindows, idle: helper_process._Idle
) -> None:
    assert ends_after(windows, idle) == helper_process.IDLE_SECONDS


def test_its_time_counts_from_the_last_answer(
    windows: FakeWindows, idle: helper_process._Idle
) -> None:
    windows.after(10.0, lambda: setattr(idle, "since", windows.now))
    assert ends_after(windows, idle) == 10.0 + helper_process.IDLE_SECONDS


class AnswersFirst:
    """The lock `not_now`. Just before it is taken the first time, a request is answered."""

    def __init__(self, windows: FakeWindows, idle: helper_process._Idle) -> None:
        self._windows, self._idle = windows, idle
        self._lock = idle.not_now
        self._has_answered = False
        self.locked = self._lock.locked

    def __enter__(self) -> None:
        if not self._has_answered:
            self._has_answered = True
            self._idle.since = self._windows.now
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_an_answer_that_comes_right_before_it_ends_is_given(
    windows: FakeWindows, idle: Any
) -> None:
    """The time is up, and then a request comes before the exit."""
    idle.not_now = AnswersFirst(windows, idle)
    assert ends_after(windows, idle) == 2 * helper_process.IDLE_SECONDS


@pytest.mark.limits
def test_it_goes_for_want_of_work() -> None:
    with in_a_process("None") as process:
        assert process.wait(HANG_LIMIT) == helper_process.IDLE_EXIT_CODE


@pytest.mark.limits
def test_it_does_not_go_while_it_works() -> None:
    """Its answer takes longer than its idle time. If it exits before the request: try again."""
    while True:
        with in_a_process('time.sleep(0.5) or {"sent_to": [7]}') as process:
            replies, _ = process.communicate(marshal.dumps({}), timeout=HANG_LIMIT)
            if replies:
                assert marshal.loads(replies) == {"sent_to": [7]}
                return
            assert process.returncode == helper_process.IDLE_EXIT_CODE  # it was gone before
