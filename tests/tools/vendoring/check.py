"""`python check.py NAME...`: are these copies of the package as good as the package itself?

Run with nothing installed that is called ctrlevent; on a console of its own, where it sends events
to itself and its children.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from typing import Any

# As in tests/waiting.py, which is not there where this runs.
HANG_LIMIT = 180.0

CHILD = """
import time
try:
    print("up", flush=True)
    while True:
        time.sleep(0.01)  # see tests/children.py
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def main(names: list[str]) -> None:
    assert importlib.util.find_spec("ctrlevent") is None, "there is another one"
    copies = [importlib.import_module(name) for name in names]
    # The session that runs this may have been started ignoring Ctrl+C.
    copies[0].ignore_ctrl_c(False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, copy in zip(names, copies):
        is_imported_as_a_whole(copy, name)
        its_licence_is_there(copy, name)
        interrupts_itself(copy)
        interrupts_a_child(copy, "inherit")
        interrupts_a_child(copy, "own")  # by the helper process, on Windows
        contains_a_command(copy)
        has_a_command_line(name)
        is_a_pytest_plugin(name)
    if len(copies) > 1:
        they_get_on(copies)
    print("fine:", *names, flush=True)


def is_imported_as_a_whole(copy: Any, name: str) -> None:
    for module in list(sys.modules):
        assert not module.startswith("ctrlevent"), module
    assert copy.__name__ == name
    for public in copy.__all__:
        assert getattr(copy, public) is not None


def its_licence_is_there(copy: Any, name: str) -> None:
    data = copy.__loader__.get_data(os.path.join(os.path.dirname(copy.__file__), "LICENSE"))
    assert b"MIT License" in data, name


def interrupts_itself(copy: Any) -> None:
    try:
        copy.kill(os.getpid(), copy.CTRL_C_EVENT)
    except KeyboardInterrupt:
        return
    raise AssertionError("no KeyboardInterrupt")


def interrupts_a_child(copy: Any, console: str) -> None:
    with copy.Popen(
        [sys.executable, "-c", CHILD], console=console, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "up\n"
        assert copy.getpgid(child.pid) == child.pid
        child.interrupt(timeout=HANG_LIMIT)
        assert child.communicate(timeout=HANG_LIMIT)[0] == "interrupted\n"


def contains_a_command(copy: Any) -> None:
    command = [sys.executable, "-c", "print(5)"]
    ran = copy.run(command, capture_output=True, text=True, timeout=HANG_LIMIT)
    assert (ran.returncode, ran.stdout) == (0, "5\n"), ran


def has_a_command_line(name: str) -> None:
    command = [sys.executable, "-m", name, "ps", "--json"]
    listed = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert os.getpid() in [one["pid"] for one in listed]


def is_a_pytest_plugin(name: str) -> None:
    options = ["-p", f"{name}.pytest_plugin", "-p", "no:cacheprovider", "--own-console", "-q"]
    command = [sys.executable, "-m", "pytest", *options, "no_such_file.py"]
    no_tests = subprocess.run(command, capture_output=True, check=False)
    assert no_tests.returncode == 4, no_tests
    assert b"file or directory not found" in no_tests.stderr, no_tests


def they_get_on(copies: list[Any]) -> None:
    """Handlers of several copies are asked one after the other; their patches are nested."""
    heard: list[str] = []
    first, second = copies

    def take(_event: int) -> bool:
        heard.append("first")
        return True

    def leave(_event: int) -> bool:
        heard.append("second")
        return False

    with first.handler(take), second.handler(leave):
        second.kill(os.getpid(), second.CTRL_C_EVENT)
        first.kill(os.getpid(), first.CTRL_C_EVENT)
    assert heard == ["second", "first"] * 2, heard
    before = os.kill
    with first.patch_os(), second.patch_os():
        os.kill(os.getpid(), 0)
        patched: Any = os  # which has it on Windows too, now
        assert patched.getpgid(os.getpid()) == first.getpgrp() == second.getpgrp()
    assert os.kill is before


if __name__ == "__main__":
    main(sys.argv[1:])
