"""A server with a worker, which cleans up when it is interrupted. See test_server.py."""

from __future__ import annotations

import subprocess
import sys
import time


def say(line: str) -> None:
    # In one piece, as the server and the worker write to the same pipe: with PYTHONUNBUFFERED set,
    # print() writes the end of the line by itself, perhaps behind the other's line.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def work(name: str) -> None:
    try:
        say(f"{name} is up")
        while True:
            time.sleep(0.1)  # short: Windows may notice a Ctrl+C only when a sleep ends
    except KeyboardInterrupt:
        say(f"{name} cleans up")


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        work("worker")
    else:
        with subprocess.Popen([sys.executable, __file__, "worker"]):
            work("server")
