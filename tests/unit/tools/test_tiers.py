"""The tiers side by side: order, estimates, what a pytest tells, and what becomes of a tier."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.tiers import busy, choice, estimate, order, printing, progress, running, times
from tests.waiting import HANG_LIMIT, wait_until

TOP = Path(__file__).parents[3]


def test_longest_first_and_unknown_before_all() -> None:
    members: list[order.Member] = [("a/short", None), ("a/new", None), ("a/long", None)]
    assert order.longest_first(members, {"a/short": 1, "a/long": 9}) == [1, 2, 0]


def test_tests_that_share_a_fixture_stay_together_and_count_as_their_sum() -> None:
    members: list[order.Member] = [("a/1", "u"), ("a/2", None), ("a/3", "u"), ("a/4", None)]
    seconds = {"a/1": 2, "a/2": 3, "a/3": 2, "a/4": 5}
    assert order.longest_first(members, seconds) == [3, 0, 2, 1]


@pytest.mark.parametrize(
    ("name", "own"),
    [("f::t@unit", "f::t"), ("f::t[a@b]", "f::t[a@b]"), ("f::t[a@b]@u", "f::t[a@b]")],
)
def test_name_without_the_unit(name: str, own: str) -> None:
    assert order.without_unit(name) == own


def test_estimate_goes_from_the_last_pace_to_the_own() -> None:
    last = times.Times({"a": 10, "b": 10}, pace=0.5)
    assert estimate.remaining(last, "ab", "", 3) == estimate.Estimate(10.0, True)
    # Half is done, in 10 seconds, twice as many as last time: half way between both paces.
    assert estimate.remaining(last, "ab", "a", 10) == estimate.Estimate(7.5, True)


def test_estimate_without_a_last_run_says_so() -> None:
    assert estimate.remaining(times.Times(), "abcd", "", 3) is None
    assert estimate.remaining(times.Times(), "abcd", "a", 3) == estimate.Estimate(9.0, False)


def test_estimate_of_repeated_tests_counts_each_time() -> None:
    last = times.repeated(times.Times({"a": 10, "b": 10}, pace=0.5), 3)
    assert estimate.remaining(last, "ab", "", 3) == estimate.Estimate(30.0, True)


def test_the_last_line_is_read_when_its_end_is_there() -> None:
    told = progress.Progress()
    assert told.feed(b'{"collected": ["a", "b"]}\n{"test": "a", "outco') == []
    assert (told.collected, told.outcomes) == (("a", "b"), [])
    assert told.feed(b'me": "failed", "seconds": 1}\n') == ["a"]
    assert (told.failures, told.seconds) == (1, {})


def test_times_are_merged_and_a_whole_run_forgets_what_is_gone(tmp_path: Path) -> None:
    old = times.Times({"gone": 1.0, "a": 1.0}, 0.5)
    assert times.merged(old, {"a": 4.0}, 4.0, whole=False).tests == {"gone": 1.0, "a": 4.0}
    assert times.merged(old, {"a": 4.0}, 4.0, whole=True) == times.Times({"a": 4.0}, 1.0)
    file = tmp_path / "folder" / "times"
    times.store(file, "host", old)
    times.store(file, "x64", times.Times({"b": 2.0}, None))
    assert (times.load(file, "host"), times.load(file, "x86")) == (old, times.Times())
    file.write_text('{"host": [', encoding="utf-8")
    assert times.load(file, "host") == times.Times()


def test_closest_is_the_test_of_that_name_then_what_names_or_imports_it(tmp_path: Path) -> None:
    for name, text in {
        "pkg/__init__.py": "from . import _policy, _other",
        "pkg/_policy.py": "",
        "pkg/_other.py": "",
        "tests/__init__.py": "",
        "tests/test_policy.py": "import pkg",
        "tests/test_near.py": "from pkg import _policy",
        "tests/test_far.py": "import pkg",
        "tests/test_none.py": "import os",
        "tests/plugin/__init__.py": "",
        "tests/plugin/conftest.py": "ARGUMENTS = ['-p', 'pkg._policy']",
        "tests/plugin/test_sessions.py": "import os",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    known = choice.modules(tmp_path, ["pkg", "tests"])
    tests = [path for path in known.values() if "test_" in path]
    found = choice.closest(tmp_path, ["pkg/_policy.py"], tests, known)
    assert [(close.distance, close.file) for close in found] == [
        (1, "tests/test_policy.py"),
        (2, "tests/plugin/test_sessions.py"),
        (2, "tests/test_near.py"),
        (3, "tests/test_far.py"),
    ]


def test_choice_takes_the_closest_files_that_fit_and_their_shortest_tests() -> None:
    ordered = [choice.Close(n, f"tests/test_{n}.py", "") for n in (1, 2, 3)]
    one, two, three = (close.file for close in ordered)
    seconds = {f"{one}::t": 1.0, f"{two}::t": 1.0, f"{two}::slow": 9.0, f"{three}::t": 5.0}
    chosen, nothing = choice.fitting(ordered, seconds, 4.0)
    assert choice.words(chosen) == [one, two, "--deselect", f"{two}::slow"]
    assert [close.file for close in nothing] == [three]


def test_choice_shares_what_is_left_between_files_that_are_equally_far() -> None:
    far = [choice.Close(3, f"tests/test_{name}.py", "") for name in "abc"]
    seconds = {f"{close.file}::{n}": 1.0 for close in far for n in range(9)}
    chosen, nothing = choice.fitting(far, seconds, 6.0)
    assert [(9 - len(item.left_out), item.seconds) for item in chosen] == [(2, 2.0)] * 3
    assert nothing == []


def test_closing_lines_and_failures() -> None:
    log = "dots\n=== FAILURES ===\nwhy\n=== short test summary info ===\nFAILED a\n=== 1 failed ==="
    assert printing.closing(log, good=False).startswith("=== FAILURES")
    assert printing.closing(log, good=True).startswith("=== short")
    assert printing.closing("dots\n=== 2 passed in 1s ===\n", good=True) == "=== 2 passed in 1s ==="
    assert printing.closing("no\npytest", good=False) == "no\npytest"


def tier(folder: Path, text: str, *arguments: str, name: str = "tiny") -> running.Tier:
    (folder / name).mkdir()
    (folder / name / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / name / "test_it.py").write_text(text, encoding="utf-8")
    paths = os.pathsep.join([str(TOP), os.environ.get("PYTHONPATH", "")])
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environ["PYTHONPATH"] = paths
    words = ["-p", "no:cacheprovider", "-p", "no:ctrlevent", *arguments]
    return running.Tier(name, [sys.executable], words, folder / name, 2, environ)


def ran(tmp_path: Path, *tiers: running.Tier, **options: object) -> list[running.Result]:
    chosen = running.Options(tmp_path / "run", **options)  # type: ignore[arg-type]
    return running.run(tiers, chosen)


GOOD = "import pytest\n@pytest.mark.parametrize('n', range(5))\ndef test_n(n): pass\n"
SHARED = """
import os, pytest
@pytest.fixture(scope="module")
def shared(): return os.getpid()
@pytest.mark.parametrize("n", range(6))
def test_shared(shared, n): assert shared == os.getpid()
def test_other(): pass
"""


def test_good_tier_keeps_its_times_and_shows_pytests_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "times"
    (result,) = ran(tmp_path, tier(tmp_path, SHARED), times=file)
    assert result.problem == ""
    assert result.progress.finished == set(result.progress.collected or ())
    assert set(times.load(file, "tiny").tests) == result.progress.finished
    assert all("@" not in name for name in result.progress.finished)
    assert "7 passed" in capsys.readouterr().out


def test_repeated_tests_are_counted(tmp_path: Path) -> None:
    flaky = "import itertools\nn = itertools.count()\ndef test_flaky(): assert next(n) != 1\n"
    results = ran(tmp_path, tier(tmp_path, flaky), repeat=3)
    table = busy.repeated(results)
    assert table == [("tiny: test_it.py::test_flaky", 2, 3)]
    assert busy.bad(table)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def test_bad(): assert 0\n", "FAILED: 1 failed"),
        ("import nothing_of_this_name\n", "FAILED: 0 failed"),
        ("", "FAILED: it ran no test"),
        ("import os\ndef test_crash(): os._exit(3)\n", "FAILED: 1 failed"),
    ],
    ids=["fails", "cannot be collected", "no test", "crashes"],
)
def test_bad_tier(tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = ran(tmp_path, tier(tmp_path, text), tier(tmp_path, GOOD, name="good"))
    assert bad.problem.startswith(told)
    assert good.problem == ""
    assert "tiny: FAILED" in capsys.readouterr().out


# Its first test takes the plugin's clock beyond any time.
LATE = """
import types
import tests.tools.tiers.plugin
def test_first(): tests.tools.tiers.plugin.time = types.SimpleNamespace(time=lambda: float("inf"))
def test_second(): assert False, "is not started"
def test_third(): assert False, "is not started"
"""


def test_no_test_is_started_when_the_time_is_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_worker = dataclasses.replace(tier(tmp_path, LATE), workers=1)
    (result,) = ran(tmp_path, one_worker, until=time.time() + HANG_LIMIT)
    assert result.progress.outcomes == [("test_it.py::test_first", "passed")]
    assert result.problem == ""
    assert "tiny: 2 of 3 left: time is up" in capsys.readouterr().out


def test_tier_that_had_no_time_for_a_test_has_failed(tmp_path: Path) -> None:
    (result,) = ran(tmp_path, tier(tmp_path, GOOD), until=0.0)
    assert result.problem.startswith("FAILED: the time was up")


def test_tier_that_cannot_start_or_be_set_up_has_failed(tmp_path: Path) -> None:
    missing = running.Tier("missing", [str(tmp_path / "no python")], [], tmp_path, 1)
    step = running.Step("set-up", (sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
    behind = running.Tier("behind", [sys.executable], [], tmp_path, 1, needs=step)
    not_started, not_set_up = ran(tmp_path, missing, behind)
    assert not_started.problem.startswith("could not be started")
    assert not_set_up.problem == "not run: set-up: exit status 3"


def test_selection_may_leave_a_tier_without_tests_but_not_all(tmp_path: Path) -> None:
    one = tier(tmp_path, GOOD, "-k", "test_n")
    other = tier(tmp_path, GOOD, "-k", "nothing", name="other")
    assert [result.problem for result in ran(tmp_path, one, other, selection=True)] == ["", ""]
    (alone,) = ran(tmp_path, other, selection=True)
    assert alone.problem


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
def test_sigterm_leaves_nothing_running(tmp_path: Path) -> None:
    child = tmp_path / "child"
    text = f"""
import subprocess, sys
def test_waits():
    code = "import time; [time.sleep(0.01) for _ in iter(int, 1)]"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as process:
        with open({str(child)!r} + "~", "w") as file: file.write(str(process.pid))
        import os; os.replace({str(child)!r} + "~", {str(child)!r})
"""
    waits = tier(tmp_path, text)
    code = f"""
import os
from pathlib import Path
from tests.tools.tiers import running
folder = Path({str(tmp_path)!r})
tier = running.Tier("tiny", {list(waits.start)!r}, {list(waits.arguments)!r}, folder / "tiny", 2)
running.run([tier], running.Options(folder / "run"))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=TOP, env=waits.environ) as runner:
        wait_until(child.exists, "the test has started its child")
        runner.terminate()
        assert runner.wait(HANG_LIMIT) != 0
    if Path("/proc").exists():
        # It was killed before the runner exited. It is there until init has taken notice.
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{child.read_text(encoding='utf-8')}/stat")
            assert ") Z " in status.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_no_tier_ignores_the_signals_of_the_keyboard(tmp_path: Path) -> None:
    """As it would in the background of a shell."""
    text = (
        "import signal\n"
        "def test_int(): assert signal.getsignal(signal.SIGINT) == signal.default_int_handler\n"
        "def test_quit(): assert signal.getsignal(signal.SIGQUIT) == signal.SIG_DFL\n"
    )
    numbers = (signal.SIGINT, getattr(signal, "SIGQUIT"))  # noqa: B009  # not on Windows
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        (result,) = ran(tmp_path, tier(tmp_path, text))
        assert [signal.getsignal(number) for number in numbers] == [signal.SIG_IGN] * 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert result.problem == ""


def test_loops_end_with_the_block_and_with_their_input() -> None:
    with busy.loops(2) as (one, other):
        assert (one.poll(), other.poll()) == (None, None)
        assert one.stdin is not None
        one.stdin.close()
        assert one.wait(HANG_LIMIT) == 0
    assert other.returncode not in (None, 0)
