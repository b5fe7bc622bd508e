"""`os_kill` and `patch_os` where no event is sent: what is put in place, and put back. On POSIX."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

import ctrlevent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

if sys.platform == "win32":
    pytest.skip("on Windows, these are tests/windows/test_drop_in.py", allow_module_level=True)

NAMES = ("kill", "killpg", "getpgid", "getpgrp")


def in_os() -> list[object]:
    return [getattr(os, name) for name in NAMES]


def test_within_the_context_os_has_the_library_s_functions() -> None:
    with ctrlevent.patch_os():
        assert in_os() == [
            ctrlevent.os_kill,
            ctrlevent.killpg,
            ctrlevent.getpgid,
            ctrlevent.getpgrp,
        ]


def test_afterwards_os_is_as_before() -> None:
    before = in_os()
    with ctrlevent.patch_os():
        pass
    assert in_os() == before


def test_after_an_exception_os_is_as_before() -> None:
    before = in_os()
    with pytest.raises(KeyError), ctrlevent.patch_os():
        raise KeyError
    assert in_os() == before


def test_what_another_has_put_there_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = object()
    monkeypatch.setattr(os, "kill", mine)
    with ctrlevent.patch_os():
        pass
    assert os.kill is mine


def test_a_name_that_was_not_there_is_gone_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, which has no killpg."""
    monkeypatch.delattr(os, "killpg")
    with ctrlevent.patch_os():
        assert os.killpg is ctrlevent.killpg
    assert not hasattr(os, "killpg")


def test_contexts_are_nested() -> None:
    with ctrlevent.patch_os():
        with ctrlevent.patch_os():
            pass
        assert os.kill is ctrlevent.os_kill


@pytest.mark.parametrize("first_out", [0, 1])
def test_contexts_that_overlap(first_out: int) -> None:
    """As of two threads: whichever ends first, the other is in force, and nothing is left."""
    before = in_os()
    patches = [ctrlevent.patch_os().start(), ctrlevent.patch_os().start()]
    patches.pop(first_out).stop()
    assert os.kill is ctrlevent.os_kill
    patches.pop().stop()
    assert in_os() == before


def test_overlapping_on_what_another_has_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = object()
    monkeypatch.setattr(os, "kill", mine)
    first, second = ctrlevent.patch_os().start(), ctrlevent.patch_os().start()
    first.stop()
    second.stop()
    assert os.kill is mine


def test_what_was_removed_meanwhile_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "killpg")
    with ctrlevent.patch_os():
        del os.killpg
    assert not hasattr(os, "killpg")


def test_start_and_stop() -> None:
    before = os.kill
    patch = ctrlevent.patch_os()
    assert patch.start() is patch
    assert os.kill is ctrlevent.os_kill
    patch.stop()
    assert os.kill is before


def test_one_can_be_started_again() -> None:
    patch = ctrlevent.patch_os()
    for _ in range(2):
        with patch:
            assert os.kill is ctrlevent.os_kill
    assert os.kill is not ctrlevent.os_kill


@pytest.mark.parametrize("started", [0, 1])
def test_stopped_more_often_than_started(started: int) -> None:
    before = os.kill
    patch = ctrlevent.patch_os()
    for _ in range(started):
        patch.start().stop()
    with pytest.raises(RuntimeError, match="stopped more often than started"):
        patch.stop()
    assert os.kill is before
    patch.start().stop()  # so that it does not warn


def test_one_that_is_never_used_warns() -> None:
    with pytest.warns(
        RuntimeWarning, match=r"never entered; use `with patch_os\(\):`, .start"
    ) as seen:
        ctrlevent.patch_os()
    assert [warning.filename for warning in seen] == [__file__]  # where it was made


def test_one_that_is_used_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    ctrlevent.patch_os().start().stop()
    with ctrlevent.patch_os():
        pass
    ctrlevent.patch_os()(in_os)
    assert list(recwarn) == []


def test_it_takes_no_function_for_an_argument() -> None:
    """`@patch_os` without parentheses is an error at once, and does not warn."""
    with pytest.raises(TypeError):
        ctrlevent.patch_os(in_os)  # type: ignore[call-arg, unused-ignore]


def test_if_one_place_cannot_be_patched_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = in_os()

    def refuse(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("ctrlevent._patch_os.half.further_patches", refuse, raising=False)
    patch = ctrlevent.patch_os()
    with pytest.raises(KeyError):
        patch.start()
    assert in_os() == before


# --- as a decorator -------------------------------------------------------------------------------


@ctrlevent.patch_os()
def decorated(*arguments: object, name: str) -> tuple[bool, object, str]:
    """Its docstring."""
    return os.kill is ctrlevent.os_kill, arguments, name


def test_a_function() -> None:
    assert os.kill is not ctrlevent.os_kill
    assert decorated(1, 2, name="x") == (True, (1, 2), "x")
    assert os.kill is not ctrlevent.os_kill
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Its docstring.")


def test_a_function_that_raises() -> None:
    @ctrlevent.patch_os()
    def fail() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert os.kill is not ctrlevent.os_kill


def test_a_coroutine_function() -> None:
    @ctrlevent.patch_os()
    async def coroutine() -> bool:
        await asyncio.sleep(0)
        return os.kill is ctrlevent.os_kill

    assert inspect.iscoroutinefunction(coroutine)
    created = coroutine()
    assert os.kill is not ctrlevent.os_kill
    assert asyncio.run(created)
    assert os.kill is not ctrlevent.os_kill


def test_a_generator_function() -> None:
    """A fixture, say: it is in force between the values, and is undone when it is closed."""

    @ctrlevent.patch_os()
    def generator() -> Iterator[bool]:
        yield os.kill is ctrlevent.os_kill

    created = generator()
    assert next(created)
    assert os.kill is ctrlevent.os_kill
    created.close()  # type: ignore[attr-defined, unused-ignore]
    assert os.kill is not ctrlevent.os_kill


def test_a_class_of_tests() -> None:
    @ctrlevent.patch_os()
    class Case:
        def test_it(self) -> bool:
            return os.kill is ctrlevent.os_kill

        def helper(self) -> bool:
            return os.kill is ctrlevent.os_kill

    assert (Case().test_it(), Case().helper()) == (True, False)


async def async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("thing", [async_generator, 5, type("NoTests", (), {})])
def test_what_cannot_be_decorated(thing: object) -> None:
    with pytest.raises(TypeError, match="patch_os"):
        ctrlevent.patch_os()(thing)


def test_on_posix_subprocess_is_left_alone() -> None:
    before = subprocess.Popen.__init__, subprocess.Popen.send_signal, signal.SIGKILL
    with ctrlevent.patch_os():
        now = subprocess.Popen.__init__, subprocess.Popen.send_signal, signal.SIGKILL
    assert now == before


def test_all_threads_are_affected() -> None:
    seen: list[object] = []
    with ctrlevent.patch_os():
        thread = threading.Thread(target=lambda: seen.append(os.kill))
        thread.start()
        thread.join()
    assert seen == [ctrlevent.os_kill]


def test_send_signal_of_subprocess_goes_through_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with ctrlevent.patch_os():
            child.send_signal(signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM


def test_os_kill_takes_what_kill_takes() -> None:
    ctrlevent.os_kill(os.getpid(), 0)
    with pytest.raises(TypeError, match="pid must be an integer, not bool"):
        ctrlevent.os_kill(True, 0)
    with pytest.raises(ctrlevent.WouldReachOthers):
        ctrlevent.os_kill(-1, signal.SIGTERM)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGQUIT])
def test_os_kill_reaches_the_leader_alone(sig: signal.Signals) -> None:
    """On POSIX, code that calls os.kill means that process."""
    child = "print('up', flush=True); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    pipe = subprocess.PIPE
    with ctrlevent.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as leader:
        assert leader.stdout
        assert leader.stdout.readline() == b"up\n"
        ctrlevent.os_kill(leader.pid, sig)
        assert leader.wait() == -sig
        ctrlevent.killpg(leader.pid, 0)  # its child is alive
        ctrlevent.killpg(leader.pid, signal.SIGKILL)
