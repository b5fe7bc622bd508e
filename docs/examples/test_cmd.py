"""How to interrupt a batch file: the pieces of a how-to page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is a part of Windows")

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]


@pytest.mark.usefixtures("no_stray_events")
def test_a_batch_file(interruptible: Callable[..., Any], tmp_path: Path) -> None:
    batch = tmp_path / "start.bat"
    batch.write_text(f"@{subprocess.list2cmdline(WORKER)}\n", encoding="utf-8")
    shell = interruptible([str(batch)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert shell.stdout.readline() == "worker is up\n"
    shell.interrupt()
    output, _ = shell.communicate(timeout=180)
    assert "worker cleans up" in output
