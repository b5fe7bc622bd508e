"""A program that uses this package while other code has replaced what Python has.

It prints what became of each use. "mocks": mocks stand for classes and functions. "frozen": a clock
that stands still is in the place of each reference to the clocks, as freezegun puts it there.
"early": that is done before the package is imported; "late": after everything was used once.
"""

from __future__ import annotations

from .children import WAITS
from .waiting import HANG_LIMIT

HOW = ["mocks early", "mocks late", "frozen early", "frozen late"]

_PROGRAM = """
import contextlib, os, queue, select, selectors, signal, subprocess, sys, threading, time
from unittest import mock

real_popen, waits = subprocess.Popen, WAITS

def use():
    import ctrlevent
    command = [sys.executable, "-S", "-c", waits]
    with ctrlevent.Popen(command, console="own", stdout=-1, stdin=-3) as child:
        child.stdout.readline()
        child.interrupt(timeout=LIMIT)
        yield "interrupt", child.wait()
    yield "Popen", ctrlevent.Popen.__mro__[1] is real_popen
    try:
        ctrlevent.run(command, timeout=1, stdout=-3)
    except Exception as error:
        yield "run", type(error).__name__
    taken = []
    with ctrlevent.handler(lambda event: taken.append(event) or True):
        ctrlevent.kill(own, ctrlevent.CTRL_C_EVENT, timeout=LIMIT)
        while not taken:
            pass
    yield "handler", taken[0].name

@contextlib.contextmanager
def mocks():
    with contextlib.ExitStack() as stack:
        for name in (
            "subprocess.Popen", "time.monotonic", "time.sleep", "time.time", "threading.Thread",
            "threading.Event", "threading.Condition", "threading.Lock", "queue.Queue",
            "queue.SimpleQueue", "signal.signal", "signal.getsignal", "os.kill", "os.killpg",
            "os.getpid", "os.getpgid", "builtins.open",
        ):
            stack.enter_context(mock.patch(name, create=True))
        yield

@contextlib.contextmanager
def frozen():
    clocks = (time.monotonic, time.time, time.perf_counter)
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "") in ("threading", "queue"):
            continue  # as freezegun does: other code could not wait at all
        for name, value in list(vars(module).items()):
            if any(value is clock for clock in clocks):
                setattr(module, name, lambda: 1000.0)
    yield

own = os.getpid()
how, when = sys.argv[1:]
if when == "late":
    list(use())
with {"mocks": mocks, "frozen": frozen}[how]():
    for what, found in use():
        os.write(1, f"{what} {found}\\n".encode())
"""

PROGRAM = _PROGRAM.replace("WAITS", repr(WAITS)).replace("LIMIT", repr(HANG_LIMIT))

SAYS = ["interrupt 33", "Popen True", "run TimeoutExpired", "handler CTRL_C_EVENT"]
