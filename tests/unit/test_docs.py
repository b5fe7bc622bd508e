"""The documentation: what is made from the code is right, and nothing it names is missing.

That its pages can be built, and that links between them hold, is what `nox -s docs` asks.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import ctrlevent
from ctrlevent import _errors
from ctrlevent._win32.foreign import null
from docs._sphinx import docstrings, tables
from tests.tools.release import pages
from tests.waiting import HANG_LIMIT

PACKAGE = Path(ctrlevent.__file__).parent  # of the wheel, which need not be beside the tests
TOP = Path(__file__).parents[2]
PUBLIC_NAMES = set(vars(ctrlevent)["__all__"])
DOCS = TOP / "docs"
EXAMPLES = DOCS / "examples"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}


def rows(table: str) -> dict[str, list[str]]:
    """The cells of a Markdown table, by the first cell of each row."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {line[0]: line[1:] for line in lines}


def own_errors() -> list[str]:
    """The names of the errors that the package defines."""
    return [
        name
        for name, one in vars(_errors).items()
        if isinstance(one, type) and issubclass(one, OSError) and not name.startswith("_")
    ]


# --- public names ---------------------------------------------------------------------------------


def test_every_public_name_stands_in_the_reference() -> None:
    events = {name for name in PUBLIC_NAMES if name.startswith("CTRL_")}
    documented = set(re.findall(r"auto\w+:: ctrlevent\.(\w+)", PAGES["reference.md"]))
    parts = {"_asyncio", "_create_process", "_multiprocessing_context", "_protocol"}
    assert documented - parts == PUBLIC_NAMES - events


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sig", "meaning"),
    [
        ("0", "nothing is sent"),
        ("CTRL_C_EVENT", "Ctrl+C"),
        ("signal.SIGINT", "Ctrl+C"),
        ("2", "Ctrl+C"),
        ("1", "Ctrl+Break"),
        ("21 (SIGBREAK)", "Ctrl+Break"),
        ("9", "exit code 9"),
        ("0xFFFFFFFF", "exit code 4294967295"),
        ("0x100000000", "OverflowError"),
        ("-1", "ValueError"),
        ("True", "TypeError"),
        ("CTRL_CLOSE_EVENT", "ValueError"),
    ],
)
def test_table_of_signals(sig: str, meaning: str) -> None:
    assert meaning in rows(tables.signals())[f"`{sig}`"][0]


def test_table_of_events_says_which_can_be_sent() -> None:
    can_be_sent = {name for name, (_, sent) in rows(tables.events()).items() if sent == "yes"}
    assert can_be_sent == {"`CTRL_C_EVENT`", "`CTRL_BREAK_EVENT`"}
    assert len(rows(tables.events())) == len(ctrlevent.CtrlEvent)


def test_table_of_errors_has_every_error_of_the_package() -> None:
    assert {f"`{name}`" for name in own_errors()} <= set(rows(tables.errors()))


@pytest.mark.parametrize(
    ("error", "verb"),
    [
        ("NotAGroupLeader", "killpg"),
        ("NoConsole", "broadcast"),
        ("CtrlCIgnored", "deliver"),
        ("WouldReachOthers", "kill"),
        ("TimeoutError", "deliver"),
        ("ProcessLookupError", "getpgid"),
    ],
)
def test_table_of_errors_says_who_raises_them(error: str, verb: str) -> None:
    assert f"`{verb}`" in rows(tables.errors())[f"`{error}`"][-1]


def test_table_of_errors_has_the_errno_of_posix() -> None:
    found = rows(tables.errors())
    assert found["`TimeoutError`"][1] == "`ETIMEDOUT`"
    assert found["`NotAGroupLeader`"][:2] == ["`ProcessLookupError`", "`ESRCH`"]
    assert found["`TypeError`"][1] == "-"


def test_nobody_is_said_to_raise_what_only_a_source_names() -> None:
    assert tables.raised_by("GenerateConsoleCtrlEvent") == []


def test_table_of_offsets() -> None:
    table = tables.offsets()
    for field, on_64, on_32 in [
        ("ProcessParameters", 0x20, 0x10),
        ("ConsoleFlags", 0x18, 0x14),
        ("ProcessGroupId", 0x408, 0x29C),
    ]:
        assert f"`{field}` | `0x{on_64:X}` | `0x{on_32:X}` |" in table


def test_table_of_failures_has_every_declaration_and_its_rule() -> None:
    found = rows(tables.failures())
    assert set(found) == {f"`{name}`" for name in tables.functions()}
    assert all(rule for _, rule in found.values())
    assert found["`OpenProcess`"] == ["`kernel32.dll`", tables.failure(null)]
    assert found["`RtlNtStatusToDosError`"][1] == "never"
    assert "NTSTATUS" in found["`NtQueryInformationProcess`"][1]


def test_prototypes_are_those_of_the_declarations() -> None:
    text = "".join(tables.prototypes().split())
    for function in tables.functions().values():
        assert "".join(function.prototype.split()) + ";" in text


@pytest.mark.parametrize("command", ["ps", "kill", "killpg", "run", "patched", "demo"])
def test_command_line_has_every_command(command: str) -> None:
    assert re.search(rf"^usage: .* {command}\b", tables.command_line(), re.MULTILINE)


def test_every_table_stands_on_a_page() -> None:
    used = {name for page in PAGES.values() for name in re.findall(r"{from-code} (\S+)", page)}
    assert used == set(tables.TABLES)


# --- docstrings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("see `killpg`", "see :py:obj:`killpg <ctrlevent.killpg>`"),
        ("`Delivery.SENT`.", ":py:obj:`Delivery.SENT <ctrlevent.Delivery.SENT>`."),
        ("`CTRL_C_EVENT`", ":py:obj:`CTRL_C_EVENT <ctrlevent.CtrlEvent.CTRL_C_EVENT>`"),
        ("`getpgid(0)`", "``getpgid(0)``"),
        ("`kill()`, the method", "``kill()``, the method"),
        ("see `docs/drop-in.md`", "see :doc:`docs/drop-in.md </drop-in>`"),
        ("several `Popen`s", r"several :py:obj:`Popen <ctrlevent.Popen>`\ s"),
        ("an SW_ constant", r"an SW\_ constant"),
        ("a_b and `x\n  y`", "a_b and ``x y``"),
        ("Alias for field number 3", ""),
    ],
)
def test_names_in_docstrings_become_links(text: str, becomes: str) -> None:
    assert "\n".join(docstrings.with_links(text.split("\n"))) == becomes


# --- By symptom -----------------------------------------------------------------------------------

HEADINGS = set(re.findall(r"^##+ (.+)$", PAGES["symptoms.md"], re.MULTILINE))
ROWS_OF_ERRORS = pages.table(PAGES["symptoms.md"], "error")


@pytest.mark.parametrize("error", own_errors())
def test_help_on_an_error_names_headings_of_the_page(error: str) -> None:
    docstring = " ".join(str(getattr(_errors, error).__doc__).split())
    _, page, pointer = docstring.partition("`docs/symptoms.md`")
    named = re.findall(r'"([^"]+)"', pointer)
    assert page
    assert named
    assert set(named) <= HEADINGS


def test_page_has_a_row_for_each_error() -> None:
    assert {f"`{name}`" for name in own_errors()} <= {row[0] for row in ROWS_OF_ERRORS}


def test_messages_that_the_page_quotes_are_those_of_the_package() -> None:
    quoted = {text for row in ROWS_OF_ERRORS for text in re.findall(r'"([^"]+)"', row[1])}
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    # A message may be broken in the source: between two strings.
    messages = re.sub(r'"\s+f?"', "", "\n".join(sources))
    assert quoted
    assert [text for text in quoted if text not in messages] == []


# --- pages ----------------------------------------------------------------------------------------


def test_every_page_but_the_first_is_in_a_table_of_contents() -> None:
    contents = set(re.findall(r"^([\w-]+)$", PAGES["index.md"], re.MULTILINE))
    assert set(PAGES) - {"index.md"} == {f"{name}.md" for name in contents}


PAGES_OF_EXAMPLES = [
    "tutorial.md",
    "subprocess.md",
    "asyncio.md",
    "launchers.md",
    "drop-in.md",
    "special-cases.md",
    "servers.md",
]


@pytest.mark.parametrize("page", PAGES_OF_EXAMPLES)
def test_python_on_these_pages_comes_from_files_that_are_executed(page: str) -> None:
    assert "```python" not in PAGES[page]
    included = re.findall(r"{literalinclude} (\S+)", PAGES[page])
    assert included
    executed = " ".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("test_*.py"))
    for name in included:
        file = DOCS / name
        # Or a program of theirs, by the name of its file or its module: "app:make".
        named = rf'"{file.stem}(\.py)?[":]'
        assert file.name.startswith("test_") or re.search(named, executed)


@pytest.mark.parametrize("page", PAGES)
def test_python_on_every_page_is_python(page: str) -> None:
    for block in re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL):
        ast.parse(block)


def test_links_of_the_readme_lead_somewhere() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"", readme)
    local = [one or other for one, other in links if "://" not in (one or other)]
    assert {"docs/problem.svg", "docs/demo.svg"} <= {*local}
    assert [link for link in local if not (TOP / link).exists()] == []


def test_each_line_of_the_server_and_its_worker_is_one_write() -> None:
    """Or their lines get mixed in the pipe that both write to."""
    if sys.platform == "win32":
        pytest.skip("no pair of sockets there tells one write from the next")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(EXAMPLES / "server.py")]
    with (
        ours,
        theirs,
        subprocess.Popen(
            command, stdout=theirs.fileno(), env=unbuffered, start_new_session=True
        ) as server,
    ):
        try:
            ours.settimeout(HANG_LIMIT)
            writes = {ours.recv(100) for _ in range(2)}
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # the worker as well
    assert writes == {b"server is up\n", b"worker is up\n"}
