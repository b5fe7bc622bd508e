"""A server with a worker, which cleans up when it is interrupted. See test_server.py."""

from __future__ import annotations

import subprocess
import sys
import time


def work(name: str) -> None:
    try:
        print(f"{name} is up", flush=True)
        while True:
            time.sleep(0.1)  # short: Windows may notice a Ctrl+C only when a sleep ends
    except KeyboardInterrupt:
        print(f"{name} cleans up", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        work("worker")
    else:
        with subprocess.Popen([sys.executable, __file__, "worker"]):
            work("server")
