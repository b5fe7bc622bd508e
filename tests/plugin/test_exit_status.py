"""A session has the same exit status with `--own-console` as without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Pair
from .inner import OWN

if TYPE_CHECKING:
    from .conftest import Pytester

# What runs no test, and the exit status that pytest has for it. (Of sessions with tests:
# test_own_console.py.)
WITHOUT_TESTS = {
    "an unknown option": (["--no-such-option"], 4),
    "a file that is not there": (["no_such_file.py"], 4),
    "no test chosen": (["-k", "nothing"], 5),
    "help": (["-h"], 0),
}


@pytest.fixture(scope="module")
def without_tests(shared: Pytester) -> dict[str, Pair]:
    """What becomes of WITHOUT_TESTS, by calls of pytest.main in one process."""
    shared.write("test_it.py", "def test_it(): pass")
    commands = [arguments for arguments, _ in WITHOUT_TESTS.values()]
    plain = shared.calls(*commands)
    own = shared.calls(*([*arguments, OWN] for arguments in commands))
    return {name: Pair(*pair) for name, *pair in zip(WITHOUT_TESTS, plain, own)}


@pytest.mark.parametrize("what", WITHOUT_TESTS)
def test_exit_status_of_sessions_without_tests(without_tests: dict[str, Pair], what: str) -> None:
    pair, status = without_tests[what], WITHOUT_TESTS[what][1]
    assert (pair.plain.status, pair.own.status) == (status, status)


@pytest.mark.parametrize("what", WITHOUT_TESTS)
def test_errors_of_sessions_without_tests(without_tests: dict[str, Pair], what: str) -> None:
    assert without_tests[what].own.errors == without_tests[what].plain.errors


@pytest.mark.parametrize("code", [3, pytest.param(0xC000_0005, marks=pytest.mark.windows)])
def test_exit_status_of_a_session_that_is_ended(session: Pytester, code: int) -> None:
    signed = code - (1 << 32) if code >> 31 else code
    session.write("test_it.py", f"import os\ndef test_it(): os._exit({signed})")
    assert session.run(OWN).status == code


@pytest.mark.posix
def test_exit_status_of_a_session_that_a_signal_ended(session: Pytester) -> None:
    session.write("test_it.py", "import os\ndef test_it(): os.kill(os.getpid(), 9)")
    assert session.run(OWN).status == 128 + 9
