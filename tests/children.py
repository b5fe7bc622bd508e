"""Programs that tests start as a child, and whether a process is still alive.

They sleep in small pieces: Python notices a Ctrl+C that comes just as `time.sleep` is entered only
at the end of the sleep (bpo-30151). No sender can change that.
"""

from __future__ import annotations

import ctrlevent

# Says that it is up, and exits with 33 when it is interrupted.
WAITS = """
import sys, time
try:
    print("up", flush=True)
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(33)
"""

# Says that it is up, and that it has been interrupted, and goes on.
WILL_NOT_END = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print("caught", flush=True))
print("up", flush=True)
while True:
    time.sleep(0.01)
"""

# Prints, waits for the file that is its argument, reads its input, prints more.
GOES_ON = """
import os, sys, time
sys.stdout.write("before\\n" * 1000)
sys.stdout.flush()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.002)
data = sys.stdin.buffer.read()
sys.stdout.write("after %d\\n" % len(data))
sys.stderr.write("errors\\n")
sys.exit(3)
"""


def is_alive(pid: int) -> bool:
    try:
        ctrlevent.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
