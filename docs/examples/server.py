"""A server with a worker, which cleans up when it is interrupted. See test_server.py."""

from __future__ import annotations

import subprocess
import sys
import time


def work(name: str) -> None:
    try:
        print(f"{name} is up", flush=True)
        while True:
            time.sleep(0.1)  # a longer one might begin just when Ctrl+C comes, and go on
    except KeyboardInterrupt:
        print(f"{name} cleans up", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        work("worker")
    else:
        with subprocess.Popen([sys.executable, __file__, "worker"]):
            work("server")
