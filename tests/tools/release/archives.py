"""What a wheel and an sdist of this project must hold, beyond what twine and others check."""

from __future__ import annotations

import ast
import email
import os
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

PACKAGE = "ctrlevent"
LICENCE = "LICENSE"

_ADDED_TO_SDIST = {"PKG-INFO"}  # by hatchling


def wheel_files(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sdist_files(path: Path) -> dict[str, bytes]:
    """By their names in the checkout: without the folder that all are in."""
    files = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                files[member.name.partition("/")[2]] = content.read()
    return files


def wrong_with_wheel(files: Mapping[str, bytes], tracked: Iterable[str]) -> Iterator[str]:
    """`tracked`: the files of the checkout that git knows. Yields what is wrong, if anything."""
    in_package = {name for name in files if name.startswith(f"{PACKAGE}/")}
    expected = {name for name in tracked if name.startswith(f"{PACKAGE}/")}
    yield from _differences(in_package, expected)
    metadata = {name for name in files if re.match(rf"{PACKAGE}-[^/]+\.dist-info/", name)}
    yield from (f"{name}: not of the package" for name in files.keys() - in_package - metadata)
    licences = {name for name in files if name.rpartition("/")[2] == LICENCE}
    if not (licences & in_package and licences & metadata):
        yield f"{LICENCE}: has to be in the package, which may be vendored, and in the metadata"
    if len({files[name] for name in licences}) > 1:
        yield f"{LICENCE}: not the same in the package and in the metadata"
    stated = [
        str(email.message_from_bytes(files[name])["Version"])
        for name in metadata
        if name.endswith("/METADATA")
    ]
    literal = version(files.get(f"{PACKAGE}/__init__.py", b"").decode())
    if stated != [literal]:
        yield f"METADATA: version {stated}, but __version__ is {literal!r}"


def wrong_with_sdist(files: Iterable[str], tracked: Iterable[str]) -> Iterator[str]:
    """Yields what is wrong, if anything: it should be the whole commit, whose tests pass."""
    yield from _differences(set(files) - _ADDED_TO_SDIST, set(tracked))


def wrong_with_tag(tag: str, released: str, changelog: str) -> Iterator[str]:
    """`released`: the version that the tag is put on."""
    if tag != f"v{released}":
        yield f"tag {tag}: the version is {released}"
    if not re.search(rf"^## {re.escape(released)} - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        yield f"changelog: has no dated section of {released}"


def version(source: str) -> str | None:
    """The literal that __version__ is."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return str(ast.literal_eval(node.value))
    return None


def disturb(folder: Path) -> None:
    """Change what must not show in an archive: the times of the files, and others' access to them.

    Git knows whether a file is a program, so that stays.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            os.chmod(path, path.stat().st_mode & 0o700)
            os.utime(path, (1_500_000_000, 1_500_000_000))


def _differences(found: set[str], expected: set[str]) -> Iterator[str]:
    yield from (f"{name}: missing" for name in sorted(expected - found))
    yield from (f"{name}: not tracked by git" for name in sorted(found - expected))
