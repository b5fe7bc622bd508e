"""`Guard` seen from its caller: how its process is started, asked and started again.

The rest of Windows is a fake. Programs that answer as told stand for the guard: real processes, of
which none sends anything. tests/windows shows the real guard.
"""

from __future__ import annotations

import contextlib
import errno
import math
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Callable

import pytest

import ctrlevent
from ctrlevent import Guard, NoConsole
from ctrlevent._errors import winerror_of
from ctrlevent._half import half
from ctrlevent._win32 import constants as c
from ctrlevent._win32 import python_process
from ctrlevent._win32.foreign import read_available
from ctrlevent._win32.python_process import Python
from ctrlevent._windows import standing_guards
from ctrlevent._windows.guard import ConsoleGuard
from tests.fakes.profiles import WINE
from tests.fakes.windows import FakeWindows, install
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM = """
import marshal, os, sys
def get():
    return marshal.load(sys.stdin.buffer)
def put(reply):
    sys.stdout.buffer.write(marshal.dumps(reply))
    sys.stdout.flush()
def answer(request, **found):
    put({"number": request["number"], "found": 0, **found})
put({"ready": os.getpid()})
"""


def answers(**found: Any) -> str:
    return f"{PROGRAM}\nwhile True:\n    answer(get(), **{found!r})"


ANSWERS = answers(pending=False)
GOES_AT_ONCE = "raise SystemExit(1)"
GOES_WHEN_ASKED = f"{PROGRAM}\nget()"
CLOSES_ITS_INPUT = f"{PROGRAM}\nos.close(0); put({{}}); import time; time.sleep(600)"
STANDS_STILL = f"{PROGRAM}\nimport time; time.sleep(600)"
ANSWERS_LATE = f"""{PROGRAM}
first = get()
second = get()
answer(first, pending=True, found=1)
answer(second, pending=False, found=1)
while True:
    answer(get(), pending=False, found=1)
"""

Use = Callable[..., "list[subprocess.Popen[bytes]]"]


class Caller(FakeWindows):
    """A Windows on which another Python is a real process, and takes real time."""

    has_python = True

    def python(self) -> str | None:
        return sys.executable if self.has_python else None

    def start_python(
        self, code: str, modules: Mapping[str, str], *, on_console: bool = False
    ) -> Python:
        assert on_console
        process = Python(sys.executable, code, modules, on_console=on_console)
        process.start()
        return process

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Caller:
    caller = Caller()
    install(monkeypatch, caller)
    return caller


@pytest.fixture
def commands() -> list[str]:
    """The code of each guard that was started."""
    return []


@pytest.fixture
def use(caller: Caller, commands: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Has these programs, in turn, be the guard. Returns those that were started."""
    del caller
    started: list[subprocess.Popen[bytes]] = []
    programs: list[str] = []
    real = subprocess.Popen

    def popen(command: list[str], *, creationflags: int, **named: Any) -> Any:
        assert command[1:6] == ["-I", "-S", "-X", "utf8", "-c"]
        assert creationflags == c.CREATE_NEW_PROCESS_GROUP
        commands.append(command[6])
        code = f"import marshal, sys; marshal.load(sys.stdin.buffer)\n{programs.pop(0)}"
        process: Any = real([sys.executable, "-S", "-c", code], **named)
        started.append(process)
        return process

    def use(*new: str) -> list[subprocess.Popen[bytes]]:
        programs[:] = new
        return started

    with monkeypatch.context() as patch:
        patch.setattr(python_process, "Popen", popen)
        yield use
    assert standing_guards.standing == []
    assert half.guard_pids() == set()
    assert all(process.poll() is not None for process in started)


# --- while all goes well --------------------------------------------------------------------------


@pytest.mark.parametrize("pending", [True, False, None])
def test_it_says_what_its_process_has_found(use: Use, pending: bool | None) -> None:
    use(answers(pending=pending))
    with Guard() as guard:
        assert guard.clear(HANG_LIMIT) is pending


def test_one_process_for_all(use: Use) -> None:
    started = use(ANSWERS)
    with Guard() as guard:
        assert [guard.clear(HANG_LIMIT), guard.clear(None), guard.found()] == [False, False, 0]
        assert len(started) == 1


def test_found(use: Use) -> None:
    use(answers(pending=True, found=3))
    with Guard() as guard:
        assert guard.found() == 3


def test_it_stands_from_the_beginning_of_the_context_to_its_end(use: Use) -> None:
    started = use(ANSWERS)
    with Guard() as guard:
        assert half.guard_pids() == {started[0].pid}
        assert guard.leaves_events_pending
    assert started[0].poll() is not None
    assert half.guard_pids() == set()


def test_it_stands_again_in_another_context(use: Use) -> None:
    started = use(ANSWERS, ANSWERS)
    guard = Guard()
    for _ in range(2):
        with guard:
            assert guard.clear(HANG_LIMIT) is False
    assert len(started) == 2


def test_it_ends_with_a_context_that_an_error_ends(use: Use) -> None:
    started = use(ANSWERS)
    with contextlib.suppress(KeyError), Guard():
        raise KeyError
    assert started[0].poll() is not None


@pytest.mark.parametrize(("every", "call"), [(None, "main()"), (0.25, "main(0.25)")])
def test_its_process_is_told_to_clear_by_itself(
    use: Use, commands: list[str], every: float | None, call: str
) -> None:
    use(ANSWERS)
    with Guard(every=every):
        pass
    assert commands[0].endswith(f"from ctrlevent._windows.guard_process import main; {call}")


# --- what befalls its process ---------------------------------------------------------------------


def test_one_that_has_exited_is_started_again(use: Use) -> None:
    started = use(ANSWERS, answers(pending=True))
    with Guard() as guard:
        started[0].terminate()
        started[0].wait()
        assert guard.clear(HANG_LIMIT) is True
        assert len(started) == 2


@pytest.mark.parametrize("goes", [GOES_WHEN_ASKED, CLOSES_ITS_INPUT], ids=["exits", "closes"])
def test_one_that_goes_when_it_is_asked_is_started_and_asked_again(use: Use, goes: str) -> None:
    started = use(goes, answers(pending=True))
    with Guard() as guard:
        assert guard.clear(HANG_LIMIT) is True
        assert len(started) == 2


def test_one_that_an_event_ends_at_its_very_start_is_started_again(use: Use) -> None:
    started = use(GOES_AT_ONCE, GOES_AT_ONCE, ANSWERS)
    with Guard() as guard:
        assert guard.clear(HANG_LIMIT) is False
        assert len(started) == 3


def test_ones_that_always_go_are_an_error(use: Use) -> None:
    started = use(*[GOES_AT_ONCE] * 3)
    with pytest.raises(OSError, match="exits as soon as it is started"), Guard():
        pass
    assert len(started) == 3


def test_what_an_earlier_process_has_found_still_counts(use: Use) -> None:
    started = use(answers(pending=True, found=2), answers(pending=True, found=1))
    with Guard() as guard:
        guard.clear(HANG_LIMIT)
        started[0].terminate()
        started[0].wait()
        assert guard.found() == 3


def test_error_of_its_process_is_raised_here(use: Use) -> None:
    use(answers(error=(13, "for a reason"), winerror=c.ERROR_ACCESS_DENIED))
    with Guard() as guard:
        with pytest.raises(PermissionError, match="for a reason") as caught:
            guard.clear(HANG_LIMIT)
        assert winerror_of(caught.value) == c.ERROR_ACCESS_DENIED


def test_error_of_its_process_without_a_number_of_windows(use: Use) -> None:
    use(answers(error=(errno.EIO, "for a reason"), winerror=None))
    with Guard() as guard:
        with pytest.raises(OSError, match="could not clear the console: for a reason") as caught:
            guard.clear(HANG_LIMIT)
        assert (caught.value.errno, winerror_of(caught.value)) == (errno.EIO, None)


def test_its_process_that_has_exited_is_no_error_at_the_end(use: Use) -> None:
    started = use(ANSWERS)
    with Guard():
        started[0].terminate()
        started[0].wait()


def test_error_of_its_process_is_none_at_the_end(use: Use) -> None:
    use(answers(error=(13, "for a reason"), winerror=None))
    with Guard():
        pass


# --- what takes too long, and what breaks a wait off ----------------------------------------------


@pytest.mark.limits
def test_one_that_does_not_answer_in_time(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctrlevent._windows.guard._LAST", 0.01)
    use(STANDS_STILL)
    with Guard() as guard:
        with pytest.raises(TimeoutError, match=r"may not have been cleared; give it more time"):
            guard.clear(0.1)
        with pytest.raises(TimeoutError):
            guard.clear(0)


@pytest.mark.limits
def test_late_answer_is_not_taken_for_that_to_the_next_request(use: Use) -> None:
    started = use(ANSWERS_LATE)
    with Guard() as guard:
        with pytest.raises(TimeoutError):
            guard.clear(0.1)
        assert guard.clear(HANG_LIMIT) is False
        assert len(started) == 1


def test_answers_that_come_together_are_taken_one_by_one(use: Use) -> None:
    """The caller does not look before both are there."""
    use(f"{PROGRAM}\nget(); put({{'earlier': 1}}); put({{'number': 1, 'found': 7}})\nget()")
    with Guard() as guard:
        real = read_available
        seen = bytearray()

        def read(fd: int) -> bytes | None:
            data = real(fd)
            seen.extend(data or b"")
            return bytes(seen) if b"found" in seen and data else None

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(python_process, "read_available", read)
            assert guard.found() == 7


@pytest.mark.limits
def test_one_that_was_too_slow_to_start_answers_the_next_request(use: Use) -> None:
    """Its message that it is there is not taken for the answer."""
    slow = ANSWERS.replace('put({"ready"', 'import time; time.sleep(0.3); put({"ready"')
    started = use(ANSWERS, slow)
    with Guard() as guard:
        started[0].terminate()
        started[0].wait()
        with pytest.raises(TimeoutError):
            guard.clear(0.01)
        assert guard.clear(HANG_LIMIT) is False
        assert len(started) == 2


@pytest.mark.limits
def test_another_thread_that_uses_it_is_waited_for_no_longer_than_the_timeout(use: Use) -> None:
    use(ANSWERS)
    with Guard() as guard:
        inner: Any = guard._guard
        with inner._using, pytest.raises(TimeoutError, match="another thread"):
            guard.clear(0.1)
        assert guard.clear(HANG_LIMIT) is False


def test_threads_use_it_one_after_the_other(use: Use) -> None:
    started = use(ANSWERS)
    said: list[bool | None] = []
    with Guard() as guard:
        threads = [
            threading.Thread(target=lambda: said.append(guard.clear(HANG_LIMIT))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANG_LIMIT)
    assert (said, len(started)) == ([False] * 8, 1)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_keyboard_interrupt_leaves_it_usable(use: Use) -> None:
    """The answer that was not waited for is not taken for the next."""
    started = use(ANSWERS_LATE)
    with Guard() as guard:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ConsoleGuard, "_receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                guard.clear(HANG_LIMIT)
        assert guard.clear(HANG_LIMIT) is False
        assert len(started) == 1


def test_keyboard_interrupt_while_it_starts_leaves_no_process(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = use(ANSWERS)
    monkeypatch.setattr(ConsoleGuard, "_receive", interrupt)
    with pytest.raises(KeyboardInterrupt), Guard():
        pass
    assert len(started) == 1  # and `use` looks that it has exited


def test_keyboard_interrupt_while_it_clears_for_the_last_time_leaves_no_process(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ANSWERS)
    guard = Guard()
    guard.__enter__()
    monkeypatch.setattr(ConsoleGuard, "_receive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        guard.__exit__()


# --- where it cannot stand, and where it need not -------------------------------------------------


def test_caller_without_a_console(use: Use, caller: Caller) -> None:
    started = use(ANSWERS)
    caller.caller.detach()
    with pytest.raises(NoConsole), Guard():
        pass
    assert started == []


def test_frozen_program(use: Use, caller: Caller) -> None:
    started = use(ANSWERS)
    caller.has_python = False
    with pytest.raises(OSError, match="frozen") as caught, Guard():
        pass
    assert caught.value.errno == errno.ENOSYS
    assert started == []


@pytest.fixture
def wine(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """It has no Python to start: the fake would complain."""
    return install(monkeypatch, FakeWindows(profile=WINE))


@pytest.mark.usefixtures("wine")
def test_on_wine_nothing_is_ever_pending_and_nothing_is_started() -> None:
    with Guard() as guard:
        assert (guard.clear(), guard.found(), guard.leaves_events_pending) == (False, 0, False)
        assert half.guard_pids() == set()


def test_on_wine_verbs_send_nothing_more(wine: FakeWindows) -> None:
    with Guard():
        ctrlevent.broadcast(ctrlevent.CTRL_C_EVENT)
    assert wine.calls.count("GenerateConsoleCtrlEvent") == 1


# --- how it is called -----------------------------------------------------------------------------


@pytest.mark.usefixtures("wine")
@pytest.mark.parametrize("stood_before", [False, True])
def test_outside_of_its_context(stood_before: bool) -> None:
    guard = Guard()
    if stood_before:
        with guard:
            pass
    for call in (guard.clear, guard.found, lambda: guard.leaves_events_pending):
        with pytest.raises(RuntimeError, match="inside of its with statement"):
            call()


@pytest.mark.usefixtures("wine")
def test_entered_twice() -> None:
    with Guard() as guard:
        with pytest.raises(RuntimeError, match="stands already"):
            guard.__enter__()
        assert guard.clear() is False


@pytest.mark.parametrize("every", [True, "1", b"1", [1]])
def test_every_that_is_no_number(every: Any) -> None:
    with pytest.raises(TypeError, match="every must be a number of seconds"):
        Guard(every=every)


@pytest.mark.parametrize("every", [0, -1, math.nan, math.inf])
def test_every_that_is_no_pause(every: float) -> None:
    with pytest.raises(ValueError, match="every must be"):
        Guard(every=every)


@pytest.mark.usefixtures("wine")
@pytest.mark.parametrize(
    ("timeout", "error"),
    [(True, TypeError), ("1", TypeError), (-1, ValueError), (math.nan, ValueError)],
)
def test_timeout_that_is_none(timeout: Any, error: type[Exception]) -> None:
    with Guard() as guard, pytest.raises(error, match="timeout must be"):
        guard.clear(timeout)
