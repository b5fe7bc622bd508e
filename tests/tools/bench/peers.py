"""What a peer needs to be imported on the bed. It was installed by the nox session."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def link_stable_abi(folder: Path, python: Path) -> None:
    """psutil asks for python3.dll, the door to the stable ABI. The bed's Python has no such file.

    All that it leads to is in python3XX.dll too. Wine recognizes a file that it has loaded under
    another name: it is the same module. So a link is enough.
    """
    dll = next(python.parent.glob("python3[0-9]*.dll"))
    link = folder / "psutil" / "python3.dll"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(dll)
    except OSError:  # another module, then, and psutil does not load: which is said
        shutil.copy(dll, link)
