"""`python -m ctrlevent patched`: a program runs as with `python` alone, but patched."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import ctrlevent
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

# Says what a program can see of how it was started.
PROGRAM = """
import os, sys
import ctrlevent

def fail():
    raise KeyError("on purpose")

if __name__ == "__main__":
    main = sys.modules["__main__"]
    spec = __spec__ and __spec__.name
    print(__file__, sys.argv, sys.path[0], __package__, spec, vars(main) is globals())
    print(os.kill is ctrlevent.os_kill)
    end = sys.argv[-1]
    if end == "fail": fail()
    if end == "exit": sys.exit(5)
    if end == "says": sys.exit("says why")
    if end == "interrupt": raise KeyboardInterrupt
    if end == "OSError": open("no such file")
"""

# What runs when the last line has run: a thread, and a child that imports this anew.
GOES_ON = """
import multiprocessing, sys, threading, time

def child(queue):
    queue.put(__name__)

def later():
    threading.main_thread().join()
    sys.stdout.write(f"{sys.modules['__main__'].__file__ == __file__}\\n")

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    print(queue.get())
    process.join()
    threading.Thread(target=later).start()
"""


class Ran(NamedTuple):
    status: int
    output: str
    errors: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "goes_on.py").write_text(GOES_ON)
    (tmp_path / "broken.py").write_text("x = (\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "__main__.py").write_text(PROGRAM)
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.writestr("__main__.py", PROGRAM)
    subprocess.run(
        [sys.executable, "-c", "import py_compile as p; p.compile('program.py', 'program.pyc')"],
        cwd=tmp_path,
        check=True,
    )
    (tmp_path / "elsewhere").mkdir()
    if sys.platform != "win32":
        os.symlink(tmp_path / "program.py", tmp_path / "elsewhere" / "link.py")
    return tmp_path


def run(folder: Path, *words: str) -> Ran:
    package = str(Path(ctrlevent.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_LIMIT,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def patched(folder: Path, *words: str) -> Ran:
    return run(folder, "-m", "ctrlevent", "patched", *words)


PROGRAMS: dict[str, Sequence[str]] = {
    "script": ["program.py"],
    "script in a folder": ["package/__main__.py"],
    "link": ["elsewhere/link.py"],
    "compiled": ["program.pyc"],
    "module": ["-m", "program"],
    "package": ["-m", "package"],
    "folder": ["package"],
    "archive": ["archive.pyz"],
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_sees_what_it_sees_with_python_alone(
    folder: Path, program: Sequence[str]
) -> None:
    arguments = ["-m", "x", "--", "--help", "-h"]
    plain, own = run(folder, *program, *arguments), patched(folder, *program, *arguments)
    assert own.status == plain.status == 0, own
    assert own.errors == plain.errors == ""
    assert own.output.replace("True\nTrue", "True\nFalse") == plain.output
    assert own.output.endswith("True\n")


@pytest.mark.parametrize("program", [["program.py"], ["-m", "program"]], ids=["script", "module"])
@pytest.mark.parametrize("end", ["fail", "exit", "says", "interrupt", "OSError"])
def test_it_ends_as_with_python_alone(folder: Path, program: Sequence[str], end: str) -> None:
    plain, own = run(folder, *program, end), patched(folder, *program, end)
    assert own.status == plain.status
    # `python -m` shows the frames of runpy; without them it is shorter.
    frames = [line for line in plain.errors.splitlines(True) if "<frozen runpy>" not in line]
    frames = [line for line in frames if "runpy.py" not in line and "return _run_code" not in line]
    assert "ctrlevent" not in own.errors
    assert own.errors.splitlines()[-1:] == plain.errors.splitlines()[-1:]
    if program == ["program.py"]:
        assert own.errors == plain.errors
    else:
        assert len(own.errors.splitlines()) <= len(frames)


def test_a_script_with_a_syntax_error(folder: Path) -> None:
    plain, own = run(folder, "broken.py"), patched(folder, "broken.py")
    assert (own.status, own.errors) == (plain.status, plain.errors)


@pytest.mark.parametrize("program", [["no_such.py"], ["-m", "no_such"]], ids=["script", "module"])
def test_a_program_that_is_not_there(folder: Path, program: Sequence[str]) -> None:
    plain, own = run(folder, *program), patched(folder, *program)
    assert (own.status, own.errors) == (plain.status, plain.errors)


def test_what_runs_after_the_last_line_finds_the_program(folder: Path) -> None:
    own = patched(folder, "goes_on.py")
    assert (own.status, own.output) == (0, "__mp_main__\nTrue\n"), own


def test_two_dashes_before_the_script(folder: Path) -> None:
    assert patched(folder, "--", "program.py", "exit").status == 5


@pytest.mark.parametrize("words", [[], ["-x"], ["--no-such", "program.py"], ["-m"]])
def test_wrong_usage(folder: Path, words: Sequence[str]) -> None:
    own = patched(folder, *words)
    assert own.status == 2
    assert own.errors.startswith("usage: python -m ctrlevent patched [-h] (-m MODULE | SCRIPT)")


def test_help(folder: Path) -> None:
    own = patched(folder, "--help")
    assert own.status == 0
    assert "The processes that it starts are not patched." in " ".join(own.output.split())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P came with Python 3.11")
@pytest.mark.parametrize("program", [["program.py"], ["package"], ["-m", "ctrlevent", "--help"]])
def test_a_safe_import_path_stays_so(folder: Path, program: Sequence[str]) -> None:
    plain = run(folder, "-P", *program)
    own = run(folder, "-P", "-m", "ctrlevent", "patched", *program)
    assert own.status == plain.status == 0, own
    assert own.output.replace("True\nTrue", "True\nFalse") == plain.output


def test_it_patches_the_children_of_such_a_program_if_they_are_started_so(folder: Path) -> None:
    own = patched(folder, "-m", "ctrlevent", "patched", "program.py")
    assert own.output.endswith("True\n"), own
