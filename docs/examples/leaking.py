"""The tutorial's first try. No test_*.py, so pytest runs it only where it can do no harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

SERVER = [sys.executable, str(Path(__file__).with_name("server.py"))]
CTRL_C = getattr(signal, "CTRL_C_EVENT", signal.SIGINT)


def test_ctrl_c_makes_the_server_clean_up() -> None:
    server = subprocess.Popen(SERVER, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    said = {server.stdout.readline().strip() for _ in range(2)}
    assert said == {"server is up", "worker is up"}

    os.kill(server.pid, CTRL_C)

    output, _ = server.communicate(timeout=2)
    assert sorted(output.splitlines()) == ["server cleans up", "worker cleans up"]
