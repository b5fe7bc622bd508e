"""What `nox -s release` refuses, and what `nox -s report` says."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.tools.release import archives, pages, summary
from tests.tools.release.summary import Outcome

if TYPE_CHECKING:
    from pathlib import Path

TRACKED = ["ctrlevent/__init__.py", "ctrlevent/LICENSE", ".github/x.yml", "tests/test_a.py"]
WHEEL = {
    "ctrlevent/__init__.py": b'__version__ = "1.2.3"\n',
    "ctrlevent/LICENSE": b"MIT",
    "ctrlevent-1.2.3.dist-info/licenses/LICENSE": b"MIT",
    "ctrlevent-1.2.3.dist-info/METADATA": b"Metadata-Version: 2.4\nVersion: 1.2.3\n\nText\n",
}


def test_wheel_as_it_should_be() -> None:
    assert list(archives.wrong_with_wheel(WHEEL, TRACKED)) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"tests/test_a.py": b""}, "tests/test_a.py: not of the package"),
        ({"ctrlevent/x.pyc": b""}, "ctrlevent/x.pyc: not tracked by git"),
        ({"ctrlevent/__pycache__/x.py": b""}, "ctrlevent/__pycache__/x.py: not tracked by git"),
        ({"ctrlevent/LICENSE": None}, "ctrlevent/LICENSE: missing"),
        ({"ctrlevent/LICENSE": b"GPL"}, "LICENSE: not the same"),
        ({"ctrlevent-1.2.3.dist-info/licenses/LICENSE": None}, "LICENSE: has to be in the package"),
        ({"ctrlevent/__init__.py": b'__version__ = "2"\n'}, "but __version__ is '2'"),
        ({"ctrlevent-1.2.3.dist-info/METADATA": None}, r"METADATA: version \[\]"),
    ],
)
def test_wheel_that_is_refused(changes: dict[str, bytes | None], complaint: str) -> None:
    files = {name: data for name, data in {**WHEEL, **changes}.items() if data is not None}
    with pytest.raises(AssertionError, match=complaint):
        assert list(archives.wrong_with_wheel(files, TRACKED)) == []


def test_sdist_has_all_that_git_knows() -> None:
    files = ["PKG-INFO", *TRACKED]
    assert list(archives.wrong_with_sdist(files, TRACKED)) == []
    assert list(archives.wrong_with_sdist([*files[:-1], "left.orig"], TRACKED)) == [
        "tests/test_a.py: missing",
        "left.orig: not tracked by git",
    ]


@pytest.mark.parametrize(
    ("tag", "changelog", "complaints"),
    [
        ("v1.2.3", "## 1.2.3 - 2030-12-31\n", []),
        ("v1.2.4", "## 1.2.3 - 2030-12-31\n", ["tag v1.2.4: the version is 1.2.3"]),
        ("1.2.3", "## 1.2.3 - 2030-12-31\n", ["tag 1.2.3: the version is 1.2.3"]),
        ("v1.2.3", "## 1.2.3 - unreleased\n", ["changelog: has no dated section of 1.2.3"]),
        ("v1.2.3", "## 1x2.3 - 2030-12-31\n", ["changelog: has no dated section of 1.2.3"]),
    ],
)
def test_tag_names_the_version_and_the_changelog_has_it(
    tag: str, changelog: str, complaints: list[str]
) -> None:
    assert list(archives.wrong_with_tag(tag, "1.2.3", changelog)) == complaints


def test_version_is_the_literal() -> None:
    assert archives.version('"""Text."""\nimport os\n__version__ = "1.2.3"\n') == "1.2.3"
    assert archives.version("version = 1\n") is None


def test_files_of_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("ctrlevent/a.py", b"a")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as sdist:
        folder = tarfile.TarInfo("ctrlevent-1/ctrlevent")
        folder.type = tarfile.DIRTYPE
        sdist.addfile(folder)
        file = tarfile.TarInfo("ctrlevent-1/ctrlevent/a.py")
        file.size = 1
        sdist.addfile(file, io.BytesIO(b"a"))
    assert archives.wheel_files(tmp_path / "a.whl") == {"ctrlevent/a.py": b"a"}
    assert archives.sdist_files(tmp_path / "a.tar.gz") == {"ctrlevent/a.py": b"a"}


def test_times_and_modes_are_disturbed_and_contents_are_not(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    file.write_bytes(b"a")
    before = file.stat()
    archives.disturb(tmp_path)
    after = file.stat()
    assert after.st_mtime != before.st_mtime
    assert after.st_mode & stat.S_IXUSR == before.st_mode & stat.S_IXUSR
    assert file.read_bytes() == b"a"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bits for a group and for others")
@pytest.mark.parametrize(("mode", "disturbed"), [(0o755, 0o700), (0o644, 0o600)])
def test_what_is_a_program_stays_one(tmp_path: Path, mode: int, disturbed: int) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    archives.disturb(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == disturbed


# --- the report -----------------------------------------------------------------------------------

JUNIT = """\
<testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="test_1"/>
<testcase classname="tests.a" name="test_2"><failure message="1 == 2">long</failure></testcase>
<testcase classname="tests.a" name="test_3"><error message="at setup">long</error></testcase>
<testcase classname="tests.a" name="test_4"><skipped message="why">long</skipped></testcase>
<testcase classname="tests.a" name="test_5"><failure message="the test">long</failure></testcase>
<testcase classname="tests.a" name="test_5"><error message="its teardown">long</error></testcase>
<testcase classname="tests.a" name="test_6"/>
<testcase classname="tests.a" name="test_6"><error message="its teardown">long</error></testcase>
</testsuite></testsuites>
"""

PASSED, FAILED, SKIPPED = (Outcome(status) for status in ("passed", "failed", "skipped"))


def test_outcomes_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(JUNIT, encoding="utf-8")
    assert summary.outcomes(file) == {
        "tests.a.test_1": Outcome("passed"),
        "tests.a.test_2": Outcome("failed", "1 == 2"),
        "tests.a.test_3": Outcome("failed", "at setup"),
        "tests.a.test_4": Outcome("skipped", "why"),
        "tests.a.test_5": Outcome("failed", "the test"),
        "tests.a.test_6": Outcome("failed", "its teardown"),
    }


def test_run_that_broke_off_has_failed(tmp_path: Path) -> None:
    found = summary.outcomes(tmp_path / "none.xml")
    assert found == {}
    assert summary.failed(found)


@pytest.mark.parametrize(
    ("found", "failed"),
    [
        ({"a": PASSED, "b": SKIPPED}, False),
        ({"a": PASSED, "b": FAILED}, True),
    ],
)
def test_run_has_failed_if_a_test_has(found: summary.Found, failed: bool) -> None:
    assert summary.failed(found) is failed


def test_report_has_each_test_that_does_not_meet_every_profile() -> None:
    held_to = {
        "Windows": {"same": PASSED, "differs": PASSED, "neither": FAILED},
        "Wine 10": {"same": PASSED, "differs": Outcome("failed", "a | b\nc"), "neither": FAILED},
        "broken off": {"same": PASSED},
    }
    text = summary.markdown("Title", {"Python": "3"}, held_to, {"a": PASSED})
    profiles = pages.table(text, "profile")
    assert profiles == [
        ["Windows", "2", "1", "0"],
        ["Wine 10", "1", "2", "0"],
        ["broken off", "1", "0", "0"],
    ]
    assert pages.table(text, "test") == [
        ["differs", "passed", "failed", "not run"],
        ["neither", "failed", "failed", "not run"],
    ]
    assert "| differs | Wine 10 | a \\| b c |" in text


def test_report_says_so_if_every_profile_is_met() -> None:
    text = summary.markdown("Title", {}, {"Windows": {"a": PASSED}}, {"a": PASSED})
    assert "Every test passes with every profile." in text


def test_report_has_the_reason_of_each_test_that_did_not_pass() -> None:
    tests = {"a": PASSED, "b": Outcome("failed", "x" * 1000), "c": Outcome("skipped", "no `1`")}
    text = summary.markdown("Title", {}, {}, tests)
    assert pages.table(text, "passed") == [["1", "1", "1"]]
    assert f"| b | {'x' * 300} ... |" in text
    assert "| c | no \\`1\\` |" in text
