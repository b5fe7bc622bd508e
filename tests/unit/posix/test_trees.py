"""`kill(tree=True)` on POSIX, with real processes: a launcher, what it starts, and neighbours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT, _signals

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("on Windows, this is tests/windows/test_trees.py", allow_module_level=True)
if not os.path.exists("/proc/self/stat"):
    pytest.skip("tree=True needs Linux's /proc", allow_module_level=True)

# Starts `depth` more processes, each a child of that before, the last with its own group if
# "apart" is given. Each writes its pid, and later the signals that it gets, to the same pipe.
PROGRAM = """
import os, signal, subprocess, sys

code, depth, apart = sys.argv[1], int(sys.argv[2]), sys.argv[3:]

def report(number, frame):
    os.write(1, b"%d got %d\\n" % (os.getpid(), number))

signal.signal(signal.SIGINT, report)
if depth:
    subprocess.Popen(
        [sys.executable, "-c", code, code, str(depth - 1), *apart],
        preexec_fn=os.setpgrp if apart and depth == 1 else None,
    )
os.write(1, b"%d\\n" % os.getpid())
while sys.stdin.read(1):
    pass
"""


class Tree:
    """A launcher, its program, and the program's child; all exit at the end of their input."""

    def __init__(self, *apart: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, PROGRAM, "2", *apart],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.pids = {int(self.process.stdout.readline()) for _ in range(3)}

    def said(self) -> list[str]:
        """What they have written, each line once all have exited."""
        return sorted(self.process.communicate()[0].splitlines())

    def until_all_have(self, count: int) -> list[str]:
        assert self.process.stdout
        return sorted(self.process.stdout.readline().strip() for _ in range(count))


@pytest.fixture
def neighbour() -> Iterator[Tree]:
    """In the same group as the test process and the tree."""
    tree = Tree()
    yield tree
    tree.said()


@pytest.fixture(params=["", "apart"])
def tree(request: pytest.FixtureRequest) -> Iterator[Tree]:
    tree = Tree(*filter(None, [request.param]))
    yield tree
    if tree.process.poll() is None:
        tree.said()


def in_group(tree: Tree) -> set[int]:
    return {pid for pid in tree.pids if os.getpgid(pid) == os.getpgrp()}


def test_each_in_the_group_gets_it_and_no_neighbour(tree: Tree, neighbour: Tree) -> None:
    meant = in_group(tree)
    ctrlevent.kill(tree.process.pid, CTRL_C_EVENT, tree=True)
    got = tree.until_all_have(len(meant))
    assert got == sorted(f"{pid} got {int(signal.SIGINT)}" for pid in meant)
    assert tree.said() == []
    assert neighbour.said() == []


def test_each_in_the_group_is_ended_and_no_neighbour(tree: Tree, neighbour: Tree) -> None:
    apart = tree.pids - in_group(tree)
    ctrlevent.kill(tree.process.pid, signal.SIGKILL, tree=True)
    assert tree.process.wait() == -signal.SIGKILL
    for pid in apart:
        os.kill(pid, 0)
    tree.said()
    assert neighbour.process.poll() is None


def test_preview_names_the_same(tree: Tree) -> None:
    preview = _signals.preview_kill(tree.process.pid, CTRL_C_EVENT, tree=True)
    assert {target.pid for target in preview.targets} == in_group(tree)
    assert tree.said() == []


def test_process_that_is_not_there() -> None:
    with pytest.raises(ProcessLookupError, match="there is no process 99999999"):
        ctrlevent.kill(99999999, CTRL_C_EVENT, tree=True)


def test_probe_looks_at_the_process_alone(tree: Tree) -> None:
    ctrlevent.kill(tree.process.pid, 0, tree=True)
    assert tree.said() == []


def test_unignore_has_no_counterpart() -> None:
    with pytest.raises(OSError, match="only a process itself"):
        ctrlevent.killpg(os.getpgrp(), CTRL_C_EVENT, unignore=True)
