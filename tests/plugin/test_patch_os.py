"""`--patch-os`: the whole session runs within `patch_os()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .inner import OWN

if TYPE_CHECKING:
    from .conftest import Pytester, Session

IS_PATCHED = """
import os
import ctrlevent

in_module = os.kill is ctrlevent.os_kill

def test_conftest():
    import conftest
    assert conftest.in_conftest

def test_module():
    assert in_module

def test_call():
    assert os.kill is ctrlevent.os_kill
"""

CONFTEST = """
import os
import ctrlevent

in_conftest = os.kill is ctrlevent.os_kill
"""

# A session that ends leaves the process as it was.
AFTERWARDS = """
import os, sys
import pytest
before = os.kill
status = pytest.main(sys.argv[1:])
assert os.kill is before
sys.exit(status)
"""

SESSIONS = {
    "option": (["--patch-os"], "", ()),
    "ini": ([], "patch_os = true", ()),
    "own console": (["--patch-os", OWN], "", ()),
    "own console by ini": ([OWN], "patch_os = true", ()),
    "xdist": (["--patch-os", "-n", "1"], "", ("xdist.plugin",)),
    "xdist by ini": (["-n", "1"], "patch_os = true", ("xdist.plugin",)),
}


def ran(inner: Pytester, arguments: list[str], ini: str, plugins: tuple[str, ...]) -> Session:
    inner.plugins += plugins
    inner.write("pytest.ini", f"[pytest]\n{ini}\n")
    inner.write("conftest.py", CONFTEST)
    inner.write("test_it.py", IS_PATCHED)
    return inner.run(*arguments)


@pytest.mark.parametrize(("arguments", "ini", "plugins"), SESSIONS.values(), ids=SESSIONS)
def test_the_session_is_patched(
    session: Pytester, arguments: list[str], ini: str, plugins: tuple[str, ...]
) -> None:
    seen = ran(session, arguments, ini, plugins)
    assert seen.outcomes.get("test_call") == "passed", seen
    assert seen.outcomes.get("test_module") == "passed", seen
    # A worker of pytest-xdist reads the first conftest.py before it has a plugin given by -p.
    expected = {"passed", "failed"} if plugins else {"passed"}
    assert seen.outcomes.get("test_conftest") in expected, seen


def test_without_it_the_session_is_not(session: Pytester) -> None:
    seen = ran(session, [], "", ())
    assert set(seen.outcomes.values()) == {"failed"}, seen


@pytest.mark.parametrize("arguments", [["--patch-os"], ["--patch-os", OWN]])
def test_afterwards_the_process_is_as_before(session: Pytester, arguments: list[str]) -> None:
    session.write("main.py", AFTERWARDS)
    session.write("conftest.py", CONFTEST)
    session.write("test_it.py", IS_PATCHED)
    words = session.command(*arguments)
    words[1:3] = ["main.py"]
    seen = session.watch(words)
    assert seen.status == 0, seen
