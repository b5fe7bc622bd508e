"""A supervisor: it alone hears the user's Ctrl+C, and stops its children in its own order."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import ctrlevent

WORKER = [sys.executable, str(Path(__file__).with_name("server.py")), "worker"]


def main() -> None:
    with contextlib.ExitStack() as stack:
        workers: list[ctrlevent.Popen] = []
        for name in ("first", "second", "third"):
            worker = ctrlevent.Popen(WORKER, keyboard=False, stdout=subprocess.PIPE)
            stack.callback(worker.communicate)
            stack.callback(stop, worker, name)
            workers.append(worker)
        for worker in workers:
            assert worker.stdout
            worker.stdout.readline()
        print(len(workers), "workers are up", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            workers[0].wait()  # a Ctrl+C breaks it off


def stop(worker: ctrlevent.Popen, name: str) -> None:
    worker.stop(grace=180)
    print(name, flush=True)


if __name__ == "__main__":
    main()
