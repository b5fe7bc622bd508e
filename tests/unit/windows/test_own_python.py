"""A Python that runs a module of this package: it is sent what it imports."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from ctrlevent._win32 import declarations, native, python_process
from ctrlevent._win32.python_process import Python
from ctrlevent._windows import helper_route, own_python
from tests.waiting import HANG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a caller has loaded that starts the helper: its code is found for these.
LOADED = (helper_route, native, declarations)

PACKAGE = Path(ctrlevent.__file__).parent


class Windows:
    """Starts that Python on any system. It runs some code in place of the `main` of a module."""

    def __init__(self, code: str) -> None:
        self._code = code

    def start_python(self, code: str, modules: Mapping[str, str], *, on_console: bool) -> Python:
        setup, _, main = code.rpartition("\n")
        assert main.endswith("import main; main()")
        process = Python(sys.executable, f"{setup}\n{self._code}", modules, on_console=on_console)
        process.start()
        return process


@pytest.fixture(autouse=True)
def popen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Not every system has creation flags."""
    real = subprocess.Popen

    def popen(command: list[str], *, creationflags: int, **named: Any) -> Any:
        assert creationflags
        return real(command, **named)

    with monkeypatch.context() as patch:
        patch.setattr(python_process, "Popen", popen)
        yield


def start(code: str, module: str = "helper_process") -> Any:
    windows: Any = Windows(code)
    return own_python.start(windows, module)


def answer(expression: str, code: str = "", module: str = "helper_process") -> Any:
    """What an expression is there, after some code."""
    said = f"import marshal; marshal.dump({expression}, sys.stdout.buffer); sys.stdout.flush()"
    process = start(f"{code}\n{said}; sys.stdin.read()", module)
    try:
        return process.receive(HANG_LIMIT)
    finally:
        process.close()


IMPORTS = """
before = set(sys.modules)
import ctrlevent._windows.{module}, ctrlevent._win32.native
specs = {{name: sys.modules[name].__spec__ for name in set(sys.modules) - before}}
looked_for = [
    name for name, spec in specs.items()
    if spec.has_location and spec.loader is not Sent and spec.origin.endswith(".py")
]
"""


@pytest.mark.parametrize("module", ["helper_process", "guard_process"])
def test_it_is_sent_each_module_that_it_imports(module: str) -> None:
    """But its own, if that is not loaded here. Of the standard library what it imports depends on
    the version, and no version imports all.
    """
    looked_for = answer("looked_for", IMPORTS.format(module=module), module)
    library = {*own_python._LIBRARY, *own_python._LIBRARY_FOR.get(module, ())}
    own = {f"ctrlevent.{name}" for name in own_python._PACKAGE}
    assert (own | library).isdisjoint(looked_for)
    if sys.version_info[:2] == (3, 11):
        assert set(looked_for) <= {f"ctrlevent._windows.{module}"}


def test_helper_is_sent_none_of_the_package_that_it_does_not_import() -> None:
    left = answer("sorted(Sent.modules)", IMPORTS.format(module="helper_process"))
    # What the interface to Windows imports when it is used first.
    assert set(left) <= {"ctrlevent._win32.declarations", "ctrlevent._win32.foreign"}


def test_modules_know_where_they_are() -> None:
    found = answer(
        "[ctrlevent.__file__, *ctrlevent._windows.__path__]", "import ctrlevent._windows"
    )
    assert found == [str(PACKAGE / "__init__.py"), str(PACKAGE / "_windows")]


def test_what_is_not_sent_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As no code is found for it here, or it is a part of the interpreter."""
    monkeypatch.setattr(own_python, "_LIBRARY", ("no.such.module", "sys", "types"))
    monkeypatch.setattr(own_python, "_PACKAGE", ("", "_no_such_module", "_windows"))
    found = answer("found.__file__", "import ctrlevent._types as found")
    assert found == str(PACKAGE / "_types.py")
    sent = ["ctrlevent", "ctrlevent._windows", "ctrlevent._windows.helper_process", "types"]
    assert answer("sorted(Sent.modules)") == sent


def test_module_is_sent_whatever_has_loaded_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest's own loader, which gives no code."""
    import ctrlevent._types as found

    spec: Any = found.__spec__
    monkeypatch.setattr(spec, "loader", object())
    monkeypatch.setattr(own_python, "_PACKAGE", ("", "_types"))
    assert "ctrlevent._types" in answer("sorted(Sent.modules)")


ECHO = """
while True:
    marshal.dump(marshal.load(sys.stdin.buffer), sys.stdout.buffer)
    sys.stdout.flush()
"""


def test_messages_that_are_sent_at_once_come_behind_the_modules_in_their_order() -> None:
    process = start(ECHO)
    try:
        for number in range(3):
            process.send(marshal.dumps({"number": number}))
        replies = [process.receive(HANG_LIMIT) for _ in range(3)]
        process.send(marshal.dumps("later"))
        assert [*replies, process.receive(HANG_LIMIT)] == [
            {"number": 0}, {"number": 1}, {"number": 2}, "later",
        ]  # fmt: skip
    finally:
        process.close()


def test_process_that_reads_nothing_holds_up_no_caller() -> None:
    """The modules are more than fits into a pipe."""
    modules = {str(number): "subprocess" for number in range(40)}
    process = Python(sys.executable, "import time; time.sleep(600)", modules, on_console=False)
    process.start()
    process.send(b"request")
    with pytest.raises(TimeoutError):
        process.receive(0.01)
    process.close()


def test_interpreter_that_is_ending_sends_no_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts no thread any more, and the process looks for them."""

    def no_thread(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(python_process, "Thread", no_thread)
    assert answer("sorted(Sent.modules)") == []


def test_vendored_package_is_sent_under_the_last_of_its_names(tmp_path: Path) -> None:
    vendor = tmp_path / "outer" / "_vendor"
    vendor.mkdir(parents=True)
    for folder in (vendor, vendor.parent):
        (folder / "__init__.py").touch()
    (vendor / "events").symlink_to(PACKAGE, target_is_directory=True)
    program = textwrap.dedent("""
        from outer._vendor.events._windows import own_python
        class Windows:
            def start_python(self, code, modules, on_console):
                print(*map(modules.get, ("events", "events._windows.helper_process", "struct")))
        own_python.start(Windows(), "helper_process")
    """)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    name = "outer._vendor.events"
    assert said.stdout.split() == [name, f"{name}._windows.helper_process", "struct"]
