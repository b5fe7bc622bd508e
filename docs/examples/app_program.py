"""A command line program that works until it is interrupted. See test_servers.py."""

from __future__ import annotations

import time


def work() -> None:
    print("at work", flush=True)
    while True:
        time.sleep(0.1)  # short: Windows may notice a Ctrl+C only when a sleep ends


def clean_up() -> None:
    print("cleaned up", flush=True)


if __name__ == "__main__":
    try:
        work()
    except KeyboardInterrupt:
        clean_up()
