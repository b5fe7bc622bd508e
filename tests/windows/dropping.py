"""What actors do with `os_kill` and `patch_os`."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
import types
import unittest
from typing import TYPE_CHECKING, Any, Callable

import ctrlevent
from tests.waiting import HANG_LIMIT

from . import actor
from .actor import interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence


def _be_patient() -> None:
    """os.kill has no timeout, and a busy machine takes long to start the helper or a handler."""
    for verb in (ctrlevent.kill, ctrlevent.killpg):
        verb.__kwdefaults__ = {**(verb.__kwdefaults__ or {}), "timeout": HANG_LIMIT}
    vars(importlib.import_module("ctrlevent._os_patch"))["_START_SECONDS"] = HANG_LIMIT


def patched(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    _be_patient()
    with ctrlevent.patch_os():
        return function(*arguments, **named)


def os_kill(pid: int, sig: int) -> None:
    """By the name that code which was not written for this library looks up."""
    os.kill(pid, sig)


def os_kill_often(pid: int, sig: int, times: int) -> None:
    for _ in range(times):
        os.kill(pid, sig)


def interrupted_by_own_os_kill_often(times: int) -> int:
    return sum(interrupted_by_own_os_kill() for _ in range(times))


def call_of_os(name: str, *arguments: Any) -> Any:
    return getattr(os, name)(*arguments)


def names_in_os() -> list[str]:
    return [name for name in ("kill", "killpg", "getpgid", "getpgrp") if hasattr(os, name)]


def restores_os_kill() -> bool:
    before = os.kill
    with ctrlevent.patch_os():
        if os.kill is not ctrlevent.os_kill:
            return False
    return os.kill is before


def interrupted_by_own_os_kill() -> bool:
    """Whether KeyboardInterrupt comes from the call itself."""
    with interruptible(), ctrlevent.patch_os():
        try:
            os.kill(os.getpid(), signal.CTRL_C_EVENT)  # type: ignore[attr-defined,unused-ignore]
        except KeyboardInterrupt:
            return True
    return False


def send_signal(pid: int, event: int) -> None:
    """By the `subprocess.Popen` with which this actor has started another actor."""
    actor._children[pid].send_signal(event)


def end_by_os_kill(sig: int) -> int:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with ctrlevent.patch_os():
            os.kill(child.pid, sig)
        return child.wait(HANG_LIMIT)


def _growing_time() -> Any:
    """A module `time`: CPython's tests look 100 times, with 0.1 s between, whether a child is up.

    Each sleep here is a little longer than the last; all 100 together are as long as HANG_LIMIT.
    """
    slept = 0.01

    def sleep(_seconds: float) -> None:
        nonlocal slept
        slept *= 1.077
        time.sleep(slept)

    module = types.ModuleType("time")
    vars(module).update({**vars(time), "sleep": sleep})
    return module


def unittests(folder: str, name: str, patch: bool, left_out: Sequence[str]) -> dict[str, str]:
    """Runs a class of CPython's own tests; what became of each of its tests."""
    # A child that measures its coverage takes longer to start on Wine.
    os.environ.pop("COVERAGE_PROCESS_START", None)
    sys.path.insert(0, folder)
    os.chdir(folder)  # they leave files where they are
    # On import, test_os makes a symbolic link, to see whether it can: Wine 10 says that it has made
    # the link, and then does not find it.
    vars(importlib.import_module("test.support.os_helper"))["_can_symlink"] = False
    vars(importlib.import_module("test.support"))["SHORT_TIMEOUT"] = HANG_LIMIT
    module_name, _, case = name.rpartition(".")
    module = importlib.import_module(module_name)
    vars(module)["time"] = _growing_time()
    loader = unittest.defaultTestLoader
    names = set(loader.getTestCaseNames(getattr(module, case))) - set(left_out)
    suite = unittest.TestSuite(map(getattr(module, case), sorted(names)))
    outcome: dict[str, str] = {}

    class Result(unittest.TestResult):
        def startTest(self, test: unittest.TestCase) -> None:
            super().startTest(test)
            outcome[test.id().rpartition(".")[2]] = "passed"

        def addError(self, test: unittest.TestCase, err: Any) -> None:
            self._note(test, "error", err)

        def addFailure(self, test: unittest.TestCase, err: Any) -> None:
            self._note(test, "failed", err)

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: ARG002
            outcome[test.id().rpartition(".")[2]] = "skipped"

        def _note(self, test: unittest.TestCase, what: str, err: Any) -> None:
            super().addError(test, err)
            outcome[test.id().rpartition(".")[2]] = f"{what}: {self.errors[-1][1]}"

    if patch:
        _be_patient()
        with ctrlevent.patch_os():
            suite.run(Result())
    else:
        suite.run(Result())
    return outcome
