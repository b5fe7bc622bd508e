"""What shows that the package can be vendored: see `nox -s vendored`.

What a project has that vendors the package: a copy, `their._vendor.events`; and, to try it, this
project's tests, which import that. Nothing there is called ctrlevent.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

COPY = "their._vendor.events"

# What a project that uses PyPI's `vendoring` has in its pyproject.toml.
TOOL_CONFIGURATION = """
[tool.vendoring]
destination = "their/_vendor/"
requirements = "their/_vendor/vendor.txt"
namespace = "their._vendor"
protected-files = ["__init__.py", "vendor.txt"]
transformations.drop = ["bin/", "*.dist-info"]
"""

_IGNORE = shutil.ignore_patterns("__pycache__")
_FROM = re.compile(r"\bfrom ctrlevent\b")
_IMPORT = re.compile(r"(\bimport (?:[\w.]+, )*)ctrlevent\b(?![.\w])")
_MODULES = re.compile(r"(?<=\bimport )ctrlevent[.\w]+(?:, ctrlevent[.\w]+)*")
_NAMES = {
    '"ctrlevent.pytest_plugin"': f'"{COPY}.pytest_plugin"',
    '"-m", "ctrlevent"': f'"-m", "{COPY}"',
}


def make_package(source: Path, target: Path, name: str = COPY) -> None:
    """A package in `target` that has a copy of `source` in it, under another name."""
    folder = target.joinpath(*name.split("."))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=_IGNORE)
    while folder.parent != target:
        folder = folder.parent
        (folder / "__init__.py").touch()


def check_script() -> Path:
    return Path(__file__).with_name("check.py")


def make_zip(folder: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder).as_posix())


def make_tests(source: Path, target: Path) -> None:
    """The tests, which import the copy by its name."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=_IGNORE)
    for path in target.rglob("*.py"):
        path.write_text(renamed(path.read_text(encoding="utf-8")), encoding="utf-8")


def renamed(text: str) -> str:
    text = _FROM.sub(f"from {COPY}", text)
    text = _MODULES.sub(lambda match: match[0].replace("ctrlevent", COPY), text)
    text = _IMPORT.sub(rf"\1{COPY} as ctrlevent", text)
    for name, new in _NAMES.items():
        text = text.replace(name, new)
    return text
