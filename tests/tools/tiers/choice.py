"""Which tests `nox -s quick` runs after a change: the closest to it that fit into some seconds.

How close a test file is to a changed file is derived: from the names of both, from the imports, and
from the text of the test file and its conftest.py, which may name the other. Nothing is kept by
hand.
"""

from __future__ import annotations

import ast
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

# Seconds of a test whose time is not known: it has not been run yet.
_UNKNOWN = 1.0

# A test file at this distance does not test what has changed, it only uses it.
_FAR = 2


@dataclass(frozen=True, order=True)
class Close:
    """A test file, and how close it is: 0 is the changed file itself."""

    distance: int
    file: str
    why: str


@dataclass(frozen=True)
class Choice:
    close: Close
    left_out: tuple[str, ...]
    """Tests of the file that did not fit; of a file that runs whole: none."""
    seconds: float


def modules(root: Path, folders: Iterable[str]) -> dict[str, str]:
    """The Python files in these folders: dotted name -> path, relative to `root`."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            parts = relative.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = relative.as_posix()
    return found


def imports(source: str, name: str, is_package: bool, known: Mapping[str, str]) -> set[str]:
    """The files of `known` that this module imports, inside of functions as well."""
    package = name if is_package else name.rpartition(".")[0]
    named: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            submodules = {f"{base}.{alias.name}" for alias in node.names} & known.keys()
            named |= submodules or {base}
    return {known[module] for module in named if module in known}


def closest(
    root: Path, changed: Collection[str], tests: Collection[str], known: Mapping[str, str]
) -> list[Close]:
    """The files of `tests` that have to do with a changed file, the closest first."""
    sources = {path: (root / path).read_text(encoding="utf-8") for path in known.values()}
    graph = {
        path: imports(sources[path], name, path.endswith("/__init__.py"), known)
        for name, path in known.items()
    }
    dotted = {path: name for name, path in known.items()}
    words = {
        path: (path.rpartition("/")[2], dotted.get(path, path))
        for path in changed
        if not path.endswith("__init__.py")
    }
    found: list[Close | None] = []
    for test in tests:
        # pytest loads the conftest.py of its folder, and of those above, with a test.
        conftests = {
            path for path in sources
            if path.endswith("conftest.py") and test.startswith(path[: -len("conftest.py")])
        }  # fmt: skip
        graph[test] = graph.get(test, set()) | conftests
        text = "".join(sources[path] for path in (test, *conftests))
        named = [path for path, its in words.items() if any(word in text for word in its)]
        found.append(_close(test, changed, graph, named))
    return sorted(close for close in found if close is not None)


def _close(
    test: str, changed: Collection[str], graph: Mapping[str, set[str]], named: Sequence[str]
) -> Close | None:
    if test in changed:
        return Close(0, test, "changed")
    subject = _stem(test)[len("test_") :]
    for path in changed:
        if path.endswith(".py") and _stem(path).strip("_") == subject:
            return Close(1, test, f"tests {path}, by its name")
    if named:
        return Close(2, test, f"names {named[0]}")
    # 2 and more: as many steps as there are from import to import.
    reached, following = {test}, deque([(test, 1)])
    while following:
        path, steps = following.popleft()
        for imported in graph.get(path, ()):
            if imported in changed:
                return Close(steps + 1, test, f"imports {imported} in {steps} steps")
            if imported not in reached:
                reached.add(imported)
                following.append((imported, steps + 1))
    return None


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def fitting(
    ordered: Sequence[Close], seconds: Mapping[str, float], budget: float
) -> tuple[list[Choice], list[Close]]:
    """What fits into `budget` seconds of tests, and the files of which nothing does.

    Of a file that does not fit whole: the shortest tests, and always the tests whose time is not
    known, since these are new and the change may be about them. Files that are equally far away (2
    and more) have equal shares of what is left.
    """
    by_file: dict[str, dict[str, float]] = {}
    for name, time in seconds.items():
        by_file.setdefault(name.partition("::")[0], {})[name] = time
    chosen: list[Choice] = []
    nothing: list[Close] = []
    left = budget
    for position, close in enumerate(ordered):
        as_far = sum(other.distance == close.distance for other in ordered[position:])
        share = left / as_far if close.distance >= _FAR else left
        known = by_file.get(close.file, {})
        used, out = 0.0 if known else _UNKNOWN, []
        for name in sorted(known, key=lambda name: known[name]):
            if used + known[name] <= share:
                used += known[name]
            else:
                out.append(name)
        if close.distance > 0 and (used > share or (known and len(out) == len(known))):
            nothing.append(close)
            continue
        chosen.append(Choice(close, tuple(out), used))
        left -= used
    return chosen, nothing


def words(chosen: Iterable[Choice]) -> list[str]:
    """The arguments for pytest."""
    found: list[str] = []
    for choice in chosen:
        found.append(choice.close.file)
        for name in choice.left_out:
            found += ["--deselect", name]
    return found


def told(chosen: Sequence[Choice], nothing: Sequence[Close]) -> str:
    """What runs and why, and what does not."""
    lines = [
        f"  {choice.close.file}: {choice.close.why}"
        + (f"; {len(choice.left_out)} longer tests left out" if choice.left_out else "")
        for choice in chosen
    ]
    if nothing:
        lines.append(f"  left out: {', '.join(close.file for close in nothing)}")
    return "\n".join(lines)
