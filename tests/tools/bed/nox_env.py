"""A virtual environment with nox, for a machine that has Python and pip only.

Debian's Python refuses `pip install` into the system, and has no ensurepip to put a pip into a
virtual environment. It has the module venv, and its pip can install for another Python.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from . import cache
from .report import BedError, say, step

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOX = "nox>=2024.4.15"
_BIN = "Scripts" if os.name == "nt" else "bin"


def main(noxfile: Path, arguments: Sequence[str]) -> int:
    """Run nox with these arguments. Returns its exit status."""
    try:
        python = ensure()
    except (BedError, OSError) as error:
        print(f"nox: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    command = [str(python), "-m", "nox", "-f", str(noxfile), *arguments]
    _hear_ctrl_c()
    with subprocess.Popen(command) as nox:
        _end_as_by_ctrl_c(nox)
        while True:
            try:
                return nox.wait()
            except KeyboardInterrupt:
                pass  # it has had the Ctrl+C too, and ends what it runs


def _hear_ctrl_c() -> None:
    """A shell has what it runs in the background ignore SIGINT, and nox would inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_as_by_ctrl_c(nox: subprocess.Popen[bytes]) -> None:
    """On SIGTERM. nox ends what it runs on SIGINT, and leaves it running on SIGTERM."""
    if os.name != "nt":  # where a process that is ended is not asked before
        signal.signal(signal.SIGTERM, lambda _number, _frame: nox.send_signal(signal.SIGINT))


def ensure() -> Path:
    """The Python of the environment, which is made if there is none."""
    # The running Python is in the key, as an environment is bound to it.
    name = cache.key(cache.recipe("nox_env.py"), sys.version, sys.executable)
    folder = cache.root() / f"nox-{name}"
    python = folder / _BIN / Path(sys.executable).name
    complete = folder / "complete"  # an environment cannot be renamed into place when it is
    if not complete.exists():
        with cache.lock():
            if not complete.exists():
                say(f"nox is installed into {folder}")
                with step("downloading and installing nox"):
                    _make(folder, python)
                complete.touch()
    return python


def _make(folder: Path, python: Path) -> None:
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    venv.EnvBuilder(clear=True, with_pip=has_ensurepip).create(folder)
    pip = [str(python), "-m", "pip"]
    if not has_ensurepip:
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", _NOX],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BedError(
            f"pip could not install nox:\n{done.stderr.strip()}\nInstall pip 22.3 or later, and"
            " have a look at the network; or install nox yourself and use `nox` in place of"
            " `python noxfile.py`"
        )
