"""The interpreter's own clock, threads, system calls, and the classes of `subprocess`."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any
from unittest import mock

import pytest

from ctrlevent import _subprocess, _unpatched
from ctrlevent._unpatched import Event, Thread
from tests.waiting import HANG_LIMIT


def test_clock_is_the_interpreter_s_and_no_name_that_other_code_knows() -> None:
    before, now, after = time.monotonic(), _unpatched.monotonic(), time.monotonic()
    assert before <= now <= after
    assert _unpatched.monotonic is not time.monotonic
    assert _unpatched.sleep is not time.sleep


def test_modules_of_other_code_are_left_alone() -> None:
    assert sys.modules["time"] is time
    assert _unpatched._time is not time


def test_lock_is_an_ordinary_one() -> None:
    lock = _unpatched.allocate_lock()
    with lock:
        assert not lock.acquire(timeout=0)


def test_system_calls_are_those_of_no_mock() -> None:
    with mock.patch("os.getpid"):
        pid = _unpatched.system_calls.getpid()
    assert pid == os.getpid()


# --- a thread -------------------------------------------------------------------------------------


def test_thread_runs_the_function_with_its_arguments_and_is_joined() -> None:
    found: list[Any] = []
    thread = Thread(found.extend, (1, 2))
    assert thread.join(HANG_LIMIT)
    assert thread.join()
    assert found == [1, 2]


@pytest.mark.limits
def test_thread_that_runs_on_is_not_waited_for_any_longer() -> None:
    go_on = Event()
    thread = Thread(go_on.wait)
    assert not thread.join(0.01)
    go_on.set()
    assert thread.join(HANG_LIMIT)


def test_thread_ends_though_its_function_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(repr(what.exc_value)))
    assert Thread(lambda: 1 // 0).join(HANG_LIMIT)


@pytest.mark.parametrize("how", ["the interpreter ends", "no thread is left"])
def test_thread_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def refuse(*_given: Any) -> None:
        raise RuntimeError("can't start new thread")

    if how == "the interpreter ends":
        monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    else:
        monkeypatch.setattr(_unpatched, "start_new_thread", refuse)
    with pytest.raises(
        OSError, match=r"needs a thread, and Python starts none: .*; call it before"
    ):
        Thread(print)


def test_thread_is_traced_as_those_of_threading_are() -> None:
    """Or what it does would never be covered, and no debugger would stop in it."""
    seen: list[str] = []

    def trace(frame: Any, _event: str, _argument: Any) -> None:
        seen.append(frame.f_code.co_name)

    def traced() -> None:
        """Nothing to do."""

    before = getattr(threading, "_trace_hook", None)
    threading.settrace(trace)
    try:
        assert Thread(traced).join(HANG_LIMIT)
    finally:
        threading.settrace(before)
    assert "traced" in seen


# --- an event -------------------------------------------------------------------------------------


@pytest.mark.limits
def test_event_that_has_happened_is_not_waited_for() -> None:
    event = Event()
    assert not event.is_set()
    assert not event.wait(0.01)
    event.set()
    event.set()
    assert event.is_set()
    assert event.wait()
    assert event.wait(0)


def test_event_wakes_each_thread_that_waits() -> None:
    event = Event()
    threads = [Thread(event.wait) for _ in range(5)]
    event.set()
    assert all(thread.join(HANG_LIMIT) for thread in threads)


def test_event_is_set_by_several_threads_at_once() -> None:
    for _ in range(100):
        event = Event()
        threads = [Thread(event.set) for _ in range(3)]
        assert event.wait(HANG_LIMIT)
        assert all(thread.join(HANG_LIMIT) for thread in threads)


# --- the classes of subprocess --------------------------------------------------------------------

NAMES = ["Popen", "CompletedProcess", "CalledProcessError", "TimeoutExpired"]


@pytest.mark.parametrize("name", NAMES)
def test_class_is_that_of_subprocess(name: str) -> None:
    assert getattr(_subprocess, name) is getattr(subprocess, name)


def test_numbers_are_those_of_subprocess() -> None:
    assert (subprocess.PIPE, subprocess.DEVNULL) == (_subprocess.PIPE, _subprocess.DEVNULL)


@pytest.mark.parametrize("stands_there", ["a mock", "a subclass", "another class", "nothing"])
def test_class_is_found_whatever_stands_in_its_place(
    monkeypatch: pytest.MonkeyPatch, stands_there: str
) -> None:
    expected = {name: getattr(subprocess, name) for name in NAMES}
    for name, real in expected.items():
        if stands_there == "a mock":
            monkeypatch.setattr(subprocess, name, mock.MagicMock(real))
        elif stands_there == "a subclass":
            monkeypatch.setattr(subprocess, name, type(name, (real,), {}))
        elif stands_there == "another class":  # as gevent has it
            monkeypatch.setattr(subprocess, name, type(name, (), {"wait": lambda _self: 0}))
        else:
            monkeypatch.delattr(subprocess, name)
    try:
        again = importlib.reload(_subprocess)
        assert {name: getattr(again, name) for name in NAMES} == expected
    finally:
        monkeypatch.undo()
        importlib.reload(_subprocess)


def test_class_of_a_module_that_was_loaded_twice_is_the_one_that_stands_there() -> None:
    code = (
        "import importlib, json, subprocess; subprocess = importlib.reload(subprocess);"
        " import ctrlevent; print(json.dumps(ctrlevent.Popen.__mro__[1] is subprocess.Popen))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout) is True


@pytest.mark.skipif(sys.platform == "win32", reason="gevent takes nothing from there")
def test_module_that_gevent_has_emptied_starts_children_all_the_same() -> None:
    """gevent 26 takes out what its own class has no use for."""
    code = (
        "import subprocess, sys; subprocess._fork_exec = subprocess._posixsubprocess = None;"
        " real, subprocess.Popen = subprocess.Popen, None; import ctrlevent;"
        " print(ctrlevent.run([sys.executable, '-c', 'print(7)'], capture_output=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"b'7\\n'"]
