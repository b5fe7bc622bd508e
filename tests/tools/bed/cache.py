"""Folders that are complete or absent.

Each part of the bed is built in a folder with a temporary name and renamed
into place when it is complete, so an interruption at any point leaves either
the whole part or a folder that is never used.  The name carries a key made
from everything the part is built from: a changed recipe is another folder,
never a mixture.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .report import BedError, say

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).resolve().parent
_PARTIAL = ".partial-"


def root() -> Path:
    """The cache folder: outside the repository, and the user may move it."""
    chosen = os.environ.get("CTRLEVENT_BED_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "ctrlevent-bed"


def key(*inputs: str) -> str:
    """Twelve digits that change with any of the inputs."""
    digest = hashlib.sha256()
    for text in inputs:
        # The length keeps ("ab", "c") apart from ("a", "bc").
        digest.update(f"{len(text)}:{text}".encode())
    return digest.hexdigest()[:12]


def recipe(*names: str) -> str:
    """The text of files of this folder, as an input for `key`."""
    return key(*((_HERE / name).read_text(encoding="utf-8") for name in names))


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder for the duration of the block."""
    folder = root() / f"{name}{_PARTIAL}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A folder to build `target` in; becomes `target` if the block succeeds."""
    with scratch(target.name) as partial:
        yield partial
        partial.rename(target)


def write(target: Path, text: str) -> None:
    """Writes a file in one step: readers see the old text or the new text."""
    partial = target.with_name(f"{target.name}{_PARTIAL}{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)


def partial_folders() -> list[Path]:
    """What interrupted builds left behind; valid only while holding the lock."""
    return sorted(root().glob(f"*{_PARTIAL}*"))


def require_space(megabytes: int) -> None:
    root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root()).free // 1_000_000
    if free < megabytes:
        raise BedError(
            f"{root()} has {free} MB left, the bed needs {megabytes} MB: free some, "
            "or set CTRLEVENT_BED_CACHE to a folder on another disk"
        )


@contextmanager
def lock() -> Iterator[None]:
    """Held by the one set-up that may write; the system drops it if we die."""
    root().mkdir(parents=True, exist_ok=True)
    # Python opens files so that children do not inherit them: a child that
    # outlives us cannot keep the lock.
    with (root() / "lock").open("a+b") as file:
        if not _try_lock(file.fileno()):
            say("another set-up is at work on the same cache; waiting for it")
            _wait_for_lock(file.fileno())
        yield


if sys.platform == "win32":
    import msvcrt
    import time

    def _try_lock(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_for_lock(fd: int) -> None:
        # LK_LOCK gives up after ten tries.
        while not _try_lock(fd):
            time.sleep(0.2)

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_for_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)
