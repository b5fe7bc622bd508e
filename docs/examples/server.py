"""A server with a worker, which cleans up when it is interrupted. See test_server.py."""

from __future__ import annotations

import subprocess
import sys
import time


def work(name: str) -> None:
    try:
        print(f"{name} is up", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        print(f"{name} cleans up", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        work("worker")
    else:
        with subprocess.Popen([sys.executable, __file__, "worker"]):
            work("server")
