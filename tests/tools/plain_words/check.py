"""Finds pronouns in prose: `python -m tests.tools.plain_words.check [PATHS...]`.

A pronoun never stands for a process: name the process. The check reports `who`, `somebody` and
the like, and `one` without a noun after it.

Prose is the comments and docstrings of .py files, and the text of .md files. The check skips code
blocks, code in backticks, single words in quotes, link targets, URLs and HTML comments.

An entry of allowed.txt lets lines of a file pass: `PATH | TEXT | REASON`, with TEXT from the line.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOP = Path(__file__).resolve().parents[3]
ALLOWED = Path(__file__).with_name("allowed.txt")
DEFAULT = ("ctrlevent", "tests", "docs", "noxfile.py", "README.md")
SKIPPED = re.compile(r"\..+|_build|__pycache__|node_modules")

PRONOUN = re.compile(r"who(?:m|ever|mever)?|(?:some|no|any|every)body|(?:some|any|every)one|ones?")
# Directly after these nouns, `who` stands for a person.
PERSON = re.compile(r"(?:user|reader|contributor|maintainer|author)s?")

# What follows a pronoun `one`: a sign, a word of this list, or a verb in -s.
FOLLOWS = re.compile(
    r"\W*|that|which|who|whom|whose|had|did|do|can|cannot|could|may|might|must|will|would|shall"
    r"|should|are|were|be|been|have|for|in|on|at|from|to|with|without|by|than|into|onto|behind"
    r"|above|below|of|and|or|but|so|if|when|where|while|before|after|until|unless|since|because"
    r"|though|there|here|then|now|yet|already|again|too|either|ever|meanwhile|each|it|they|we|you"
    r"|he|the|an?|not|only|else|left|made|sent|removed|included|off|[a-z]*(?:as|is|[^sui']s)"
)
# The number `one`, although no noun follows it.
NUMBER = re.compile(
    r"\b(?:exactly|zero|at least|at most|more than|less than|one by) ONE"
    r"|(?<!the )(?<!this )(?<!that )(?<!other )(?<!first )(?<!last )ONE (?:of|per|to|by one"
    r"|at a time|after the other|after another|and the same|and a half"
    r"|or (?:more|two|both|several))\b"
)

_BREAK = "\0"  # stands for code, and ends a sentence
# A word or a sign. Opening quotes, emphasis and the brackets of links are neither.
_TOKEN = re.compile(r"\n[ \t]*(?=\n)|\w+(?:['.-]\w+)*|[^\w\s*\[\]\"']|(?<=\w)[\"']")


def _fill(pattern: str, filler: str, text: str) -> str:
    """Overwrite each match; line breaks stay."""
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", filler, found[0]), text)


def _without_code(text: str) -> str:
    """Overwrite what is no prose in Markdown, docstrings and comments."""
    text = _fill(r"(?m)^([ \t]*)(```+|~~~+)[^\0]*?^\1\2`*[ \t]*$", _BREAK, text)
    text = _fill(r"<!--[^\0]*?-->", " ", text)
    text = _fill(r"(?m)^[ \t]*(?:>>>|\.\.\.)(?: .*)?$", _BREAK, text)
    # Code in backticks and a word in quotes read like a noun.
    text = _fill(r"(`+)(?!`)(?:(?!\n[ \t]*\n)[^\0])+?(?<!`)\1(?!`)", "x", text)
    text = _fill(r"(?m)(?<=\])\([^()\s]*\)|^\[[^\]\n]+\]:.*$|https?://[^\s)>\]]+", " ", text)
    return _fill(r"(?<!\w)([\"'])[^\"'\s\0]+\1(?!\w)", "x", text)


def _without_statements(source: str) -> str:
    """Overwrite what is no comment and no docstring in Python."""
    lines = [re.sub(r"\S", _BREAK, line) for line in source.split("\n")]
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)]
    docstrings = {
        (node.lineno, node.col_offset)
        for node in statements
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = _fill(r"^#+:?", " ", token.string)
        elif token.type == tokenize.STRING and token.start in docstrings:
            text = _fill(r"^\w*(\"\"\"|'''|[\"'])|(\"\"\"|'''|[\"'])$", _BREAK, token.string)
        else:
            continue
        row, column = token.start
        for number, piece in enumerate(text.split("\n"), row - 1):
            line = lines[number]
            lines[number] = line[:column] + piece + line[column + len(piece) :]
            column = 0
    return "\n".join(lines)


def pronouns(text: str, *, python: bool) -> Iterator[tuple[int, str]]:
    """The line number and the word of each pronoun in the text of a file."""
    prose = _without_code(_without_statements(text) if python else text)
    found = [*_TOKEN.finditer(prose)]
    tokens = ["", "", *(match[0].strip() for match in found), "", "", ""]
    lower = [token.lower() for token in tokens]
    for place, match in enumerate(found, 2):
        word = re.sub(r"'s$", "", lower[place])
        if word in {"who", "whom"}:
            hit = not PERSON.fullmatch(lower[place - 1])
        elif lower[place] == "one":
            phrase = " ".join([*lower[place - 2 : place], "ONE", *lower[place + 1 : place + 4]])
            hit = bool(FOLLOWS.fullmatch(tokens[place + 1])) and not NUMBER.search(phrase)
            word = "no one" if lower[place - 1] == "no" else word
        else:
            hit = PRONOUN.fullmatch(word) is not None
        if hit:
            yield prose.count("\n", 0, match.start()) + 1, word


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """The .py and .md files among the paths, and those in the folders among them."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            skipped = any(SKIPPED.fullmatch(part) for part in file.relative_to(path).parts)
            if file.suffix in {".py", ".md"} and file.is_file() and not skipped:
                yield file


def check(paths: Sequence[Path], top: Path = TOP, allowed: Path = ALLOWED) -> list[str]:
    """What is wrong in these files, or without paths in the whole tree."""
    report: list[str] = []
    entries: dict[tuple[str, str], int] = {}  # (path, text): line number
    for number, line in enumerate(allowed.read_text(encoding="utf-8").splitlines(), 1):
        name, _, rest = line.partition("|")
        part, _, reason = rest.rpartition("|")
        if name.strip() and part.strip() and reason.strip() and not line.startswith("#"):
            entries[name.strip(), part.strip()] = number
        elif line.strip() and not line.startswith("#"):
            report.append(f"{allowed.name}:{number}: no PATH | TEXT | REASON: {line}")
    useless = dict(entries)
    read: set[str] = set()
    for file in files(paths or [top / name for name in DEFAULT]):
        full = file.resolve()
        name = full.relative_to(top).as_posix() if full.is_relative_to(top) else str(file)
        read.add(name)
        text = file.read_text(encoding="utf-8")
        for number, word in pronouns(text, python=file.suffix == ".py"):
            line = text.split("\n")[number - 1].strip()
            fits = [entry for entry in entries if entry[0] == name and entry[1] in line]
            for entry in fits:
                useless.pop(entry, None)
            if not fits:
                report.append(f"{name}:{number}: {word}: {line}")
    for (name, part), number in useless.items():
        if name in read or not paths:
            report.append(f"{allowed.name}:{number}: not needed any more: {name} | {part}")
    return report


def main(arguments: Sequence[str]) -> int:
    """Print the report, and return the exit status."""
    parser = argparse.ArgumentParser(description="Finds pronouns in comments and docs.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    paths: list[Path] = parser.parse_args(arguments).paths
    if missing := [path for path in paths if not path.exists()]:
        parser.error(f"no such file or folder: {missing[0]}")
    report = check(paths)
    print(*report, f"{len(report)} found", sep="\n")
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
