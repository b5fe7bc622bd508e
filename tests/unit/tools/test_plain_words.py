"""The check that no pronoun stands for a process in comments and docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.plain_words import check

if TYPE_CHECKING:
    from pathlib import Path


def python(text: str) -> list[tuple[int, str]]:
    return list(check.pronouns(text, python=True))


def markdown(text: str) -> list[tuple[int, str]]:
    return list(check.pronouns(text, python=False))


class Tree:
    """A repository with a single page, and its list of allowed lines."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.page = top / "docs" / "page.md"
        self.page.parent.mkdir()
        self.page.write_text("# A page\n\nSomebody | ends.\n", encoding="utf-8")
        self.allowed = top / "allowed.txt"

    def check(self, allowed: str, *paths: Path) -> list[str]:
        self.allowed.write_text(allowed, encoding="utf-8")
        return check.check(paths, self.top, self.allowed)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_comment() -> None:
    assert python("# A process.\nx = 1  # Nobody waits.\n") == [(2, "nobody")]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""Of a module.\n\nSomebody ends.\n"""\n', 3),
        ('class C:\n    """Somebody"""\n', 2),
        ("def f():\n    r'somebody ends'\n", 2),
        ('class C:\n    x = 1\n    """Somebody\'s."""\n', 3),
    ],
)
def test_docstring(source: str, line: int) -> None:
    assert python(source) == [(line, "somebody")]


@pytest.mark.parametrize(
    "source",
    [
        "who = somebody(everybody)\n",
        'who = "somebody"\n',
        'f("""\nSomebody ends.\n""")\n',
        'f(f"nobody {who} ends")\n',
        '"""\n>>> somebody\n"""\n',
        '"""Returns `somebody`, or "nobody"."""\n',
        "# ``who == 1``, of 'who'\n",
    ],
)
def test_code_is_no_prose_in_python(source: str) -> None:
    assert python(source) == []


def test_prose_in_markdown() -> None:
    text = "# Who\n\n- *Everyone* ends, and **whoever** [of whom](who.md)\n"
    assert markdown(text) == [(1, "who"), (3, "everyone"), (3, "whoever"), (3, "whom")]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nwho\n```\n",
        "- a\n\n  ~~~\n  who\n  ~~~\n",
        "`who`, ``who ` who`` and `the\nwho`\n",
        "[a link](who.md), <https://example.org/who>\n\n[label]: who.md\n",
        "<!-- who\nwho -->\n",
    ],
)
def test_code_is_no_prose_in_markdown(text: str) -> None:
    assert markdown(text) == []


def test_prose_goes_on_after_a_code_block() -> None:
    assert markdown("```\nwho\n```\n\nwho\n\n```\nwho\n```\n") == [(5, "who")]


@pytest.mark.parametrize("text", ["A user who reads.", "Readers who ask, and maintainers who do."])
def test_person_may_be_a_who(text: str) -> None:
    assert markdown(text) == []


@pytest.mark.parametrize("text", ["The caller who waits.", "Those who end."])
def test_process_may_not(text: str) -> None:
    assert markdown(text) == [(1, "who")]


@pytest.mark.parametrize(
    "text",
    [
        "Only that one.",
        "One that ends.",
        "The one which is younger",
        "This one ends first.",
        "Another one (of the group).",
        "A 32-bit one has none.",
        "The one after the other is asked.",
        "It starts one, one of two.",
        "**One** is left.",
    ],
)
def test_pronoun_one(text: str) -> None:
    assert markdown(text) == [(1, "one")]


@pytest.mark.parametrize(
    "text",
    [
        "One process.",
        "The one process that is meant.",
        "One `Popen` ends.",
        "Waits for\none\nprocess.",
        "One 'small' process, one [process](a.md) and **one** process.",
        "One of them, one per group, or one or more.",
        "They end one by one, one at a time, one after the other.",
        "At one address, one-way, one event's handlers, one process, one status, one Windows.",
        "Exactly one.",
    ],
)
def test_number_one(text: str) -> None:
    assert markdown(text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [("No one ends.", "no one"), ("The older ones end.", "ones"), ("One's own process.", "one")],
)
def test_other_forms_of_one(text: str, word: str) -> None:
    assert markdown(text) == [(1, word)]


def test_sentence_goes_on_in_the_next_comment() -> None:
    assert python("# This ends one\n# process.\n") == []
    assert python("x = 1  # this ends one\ny = 2  # process\n") == [(1, "one")]


def test_finding_is_reported_with_its_line(tree: Tree) -> None:
    assert tree.check("") == ["docs/page.md:3: somebody: Somebody | ends."]


def test_allowed_line_passes(tree: Tree) -> None:
    assert tree.check("# a comment\n\ndocs/page.md | Somebody | ends | a quotation\n") == []


def test_useless_entry_is_an_error(tree: Tree) -> None:
    tree.page.write_text("A process ends.\n", encoding="utf-8")
    entry = "docs/page.md | Somebody ends"
    error = f"allowed.txt:1: not needed any more: {entry}"
    assert tree.check(f"{entry} | a quotation\n") == [error]
    assert tree.check(f"{entry} | a quotation\n", tree.page) == [error]


def test_entry_of_a_file_that_is_not_read_is_no_error(tree: Tree) -> None:
    other = tree.top / "other.md"
    other.write_text("A process ends.\n", encoding="utf-8")
    assert tree.check("docs/page.md | Nobody ends | a quotation\n", other) == []


@pytest.mark.parametrize("end", ["", " |", " | "])
def test_entry_without_a_reason_is_an_error(tree: Tree, end: str) -> None:
    entry = f"docs/page.md | Somebody{end}"
    error, finding = tree.check(entry)
    assert error == f"allowed.txt:1: no PATH | TEXT | REASON: {entry}"
    assert finding.startswith("docs/page.md:3: somebody: ")


def test_files_of_a_folder(tmp_path: Path) -> None:
    for name in ["a.py", "b.md", "c.txt", "d/e.md", ".nox/f.md", "_build/g.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [file.relative_to(tmp_path).as_posix() for file in check.files([tmp_path])]
    assert found == ["a.py", "b.md", "d/e.md"]
    assert list(check.files([tmp_path / "a.py"])) == [tmp_path / "a.py"]


def test_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("A process ends.\n", encoding="utf-8")
    assert check.main([str(page)]) == 0
    assert capsys.readouterr().out == "0 found\n"
    page.write_text("Nobody ends.\n", encoding="utf-8")
    assert check.main([str(page)]) == 1
    assert capsys.readouterr().out == f"{page}:1: nobody: Nobody ends.\n1 found\n"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        check.main(["missing.md"])
    assert error.value.code == 2
