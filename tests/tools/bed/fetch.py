"""Pinned wheels, through pip.

pip brings what a tool of the standard library alone would have to write anew:
the user's package index, proxies and certificates, progress, retries, a cache
that checks itself.  Every wheel is named with its hashes in pins/, and pip
refuses anything else.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .report import BedError, say

_PINS = Path(__file__).resolve().parent / "pins"


@functools.cache
def _pip() -> tuple[str, ...]:
    # A virtual environment may have no pip of its own (uv makes them so).
    base = getattr(sys, "_base_executable", None)
    for python in (sys.executable, base, shutil.which("python3"), shutil.which("python")):
        command = (python, "-m", "pip") if python else ()
        if (
            command
            and subprocess.run([*command, "--version"], capture_output=True, check=False).returncode
            == 0
        ):
            return command
    raise BedError("no pip found: install it for this Python (python -m ensurepip) and try again")


def wheels(
    pins: str, what: str, folder: Path, *options: str, unpack: bool, quiet: bool = False
) -> None:
    """Puts the wheels of pins/`pins` into `folder`, as files or unpacked."""
    say(f"fetching {what}: pinned wheels from pip's package index")
    action = ["install", "--no-compile", "--target"] if unpack else ["download", "--dest"]
    command = [*_pip(), *action, str(folder), "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", "--no-input", *options, "-r", str(_PINS / pins)]
    # Twenty lines for a few small files would hide what matters.
    command += ["--quiet"] if quiet else []
    # pip writes into the folder it is told, never into the system: its advice
    # on that does not apply.
    environ = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # pip talks on stdout; ours is for answers.
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environ, check=False
    )
    if result.returncode != 0:
        raise BedError(
            f"pip could not fetch {what} (exit status {result.returncode}, its reason is above): "
            "check the network and pip's index settings, then run setup again"
        )
