"""`os_kill` and `patch_os` where no event is sent: what is put in place, and put back. On POSIX."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

import ctrlevent

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
