"""handler on POSIX: over signals, in the main thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest

from ctrlevent import CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CtrlEvent, handler
from ctrlevent._unpatched import signal_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("signals of POSIX", allow_module_level=True)


@pytest.fixture(autouse=True)
def heard() -> Iterator[list[str]]:
    """What reaches the handlers from before the test, which must be in place after it."""
    names: list[str] = []
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def hear(number: int, _frame: Any) -> None:
        names.append(signal.Signals(number).name)

    for number in numbers:
        signal.signal(number, hear)
    try:
        yield names
        assert [signal.getsignal(number) for number in numbers] == [hear] * 4
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def asking(names: list[str], name: str) -> Callable[[CtrlEvent], bool]:
    """A callback that writes down that it was asked, and takes nothing."""

    def callback(_event: CtrlEvent) -> bool:
        names.append(name)
        return False

    return callback


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def test_signals_are_events(heard: list[str]) -> None:
    events: list[CtrlEvent] = []

    def callback(event: CtrlEvent) -> bool:
        events.append(event)
        return True

    with handler(callback):
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
            send(number)
    names = ["CTRL_C_EVENT", "CTRL_BREAK_EVENT", "CTRL_CLOSE_EVENT", "CTRL_SHUTDOWN_EVENT"]
    assert [event.name for event in events] == names
    assert not heard


def test_only_the_events_that_it_is_for(heard: list[str]) -> None:
    with handler(lambda _event: True, CTRL_CLOSE_EVENT, signal.SIGQUIT):
        send(signal.SIGINT)
        send(signal.SIGQUIT)
        send(signal.SIGHUP)
    assert heard == ["SIGINT"]


def test_the_last_is_asked_first_and_what_is_not_taken_goes_on(heard: list[str]) -> None:
    asked: list[str] = []
    outer = handler(asking(asked, "outer"))
    inner = handler(asking(asked, "inner"))
    with outer, inner:
        send(signal.SIGINT)
    assert asked == ["inner", "outer"]
    assert heard == ["SIGINT"]


def test_removed_out_of_order(heard: list[str]) -> None:
    asked: list[str] = []
    handlers = [handler(asking(asked, name), CTRL_C_EVENT) for name in "abc"]
    for one in handlers:
        one.__enter__()
    for index in (1, 2, 0):
        handlers[index].__exit__(None, None, None)
        send(signal.SIGINT)
        asked.append("-")
    assert asked == ["c", "a", "-", "a", "-", "-"]
    assert heard == ["SIGINT"] * 3


def test_left_while_somebody_else_is_in_front(heard: list[str]) -> None:
    asked: list[str] = []
    one = handler(asking(asked, "it"), CTRL_C_EVENT)
    one.__enter__()
    mine: Any = signal.getsignal(signal.SIGINT)

    def in_front(number: int, frame: Any) -> None:
        mine(number, frame)

    signal.signal(signal.SIGINT, in_front)
    one.__exit__(None, None, None)
    send(signal.SIGINT)
    assert (asked, heard) == ([], ["SIGINT"])
    signal.signal(signal.SIGINT, mine._before)


def test_ignored_before(heard: list[str]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    with handler(lambda _event: False, CTRL_C_EVENT):
        send(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert not heard
    signal.signal(signal.SIGINT, before)


def test_the_systems_default() -> None:
    code = (
        "import os, signal, ctrlevent;"
        "ctrlevent.handler(lambda e: print(e.name, flush=True)).__enter__();"
        "os.kill(os.getpid(), signal.SIGTERM); print('still there')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "CTRL_SHUTDOWN_EVENT\n")


def test_the_systems_default_of_a_blocked_signal_waits_and_the_handler_stays() -> None:
    """As when another library's handler in front calls it while the signal is blocked."""
    code = (
        "import signal, ctrlevent;"
        "ctrlevent.handler(lambda e: None, ctrlevent.CTRL_SHUTDOWN_EVENT).__enter__();"
        "ours = signal.getsignal(signal.SIGTERM);"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"
        "ours(signal.SIGTERM, None);"
        "print(signal.sigpending(), signal.getsignal(signal.SIGTERM) is ours)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{ {signal.SIGTERM} } True\n")


def test_one_that_cannot_be_entered_leaves_nothing(
    heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = signal_calls.signal

    def refuse(number: int, action: Any) -> Any:
        if number == signal.SIGQUIT and not isinstance(action, int):
            raise OSError("on purpose")
        return real(number, action)

    before = signal.getsignal(signal.SIGINT)
    asked: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(signal_calls, "signal", refuse)
        with pytest.raises(OSError, match="on purpose"):
            handler(asking(asked, "it")).__enter__()
    assert signal.getsignal(signal.SIGINT) is before
    send(signal.SIGINT)
    assert (asked, heard) == ([], ["SIGINT"])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_it_raises_is_unraisable_and_not_taken(
    heard: list[str], monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    told: list[Any] = []

    def raises(_event: CtrlEvent) -> bool:
        raise error("on purpose")

    def hook(unraisable: Any) -> None:
        told.extend([repr(unraisable.exc_value), repr(unraisable.object)])

    monkeypatch.setattr(sys, "unraisablehook", hook)
    with handler(raises):
        send(signal.SIGINT)
    assert told == [repr(error("on purpose")), f"<ctrlevent handler {raises!r}>"]
    assert heard == ["SIGINT"]


def test_entered_twice_is_asked_twice_and_left_twice(heard: list[str]) -> None:
    asked: list[str] = []
    one = handler(asking(asked, "it"))
    with one, one:
        send(signal.SIGINT)
    assert len(asked) == 2
    with pytest.raises(RuntimeError, match="more often"):
        one.__exit__(None, None, None)
    assert heard == ["SIGINT"]


def test_decorator(heard: list[str]) -> None:
    @handler(lambda _event: True, CTRL_C_EVENT, CTRL_BREAK_EVENT)
    def function() -> str:
        send(signal.SIGINT)
        return "result"

    assert function() == "result"
    send(signal.SIGINT)
    assert heard == ["SIGINT"]


def refused_in_another_thread(call: Callable[[], object]) -> bool:
    """Whether it raises ValueError there: `signal.signal` works in the main thread alone."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return len(errors) == 1


def test_main_thread_only() -> None:
    assert refused_in_another_thread(lambda: handler(lambda _event: True).__enter__())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((None,), TypeError), ((len, 2), TypeError), ((len, signal.SIGUSR1), ValueError)],
)
def test_refused_arguments(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        handler(*arguments)


def test_left_in_another_thread_it_stays_entered(heard: list[str]) -> None:
    one = handler(lambda _event: True, CTRL_C_EVENT)
    one.__enter__()
    assert refused_in_another_thread(lambda: one.__exit__(None, None, None))
    send(signal.SIGINT)
    assert heard == []
    one.__exit__(None, None, None)
    send(signal.SIGINT)
    assert heard == ["SIGINT"]
