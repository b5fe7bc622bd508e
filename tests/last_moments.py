"""A program that uses this package when its interpreter ends. It says what became of each call."""

from __future__ import annotations

import re
import sys

#: What it calls, by the public name. `child` has a group, and on Windows a console, of its own.
CALLS = {
    "getpgid": "getpgid(child.pid)",
    "getpgrp": "getpgrp()",
    "ignores_ctrl_c": "ignores_ctrl_c(child.pid)",
    "console_processes": "console_processes()",
    "ignore_ctrl_c": "ignore_ctrl_c(False, child.pid)",
    "kill": "kill(child.pid, CTRL_C_EVENT)",
    "deliver": "deliver(child.pid, CTRL_C_EVENT)",
    "killpg": "killpg(child.pid, CTRL_C_EVENT)",
    "os_kill": "os_kill(child.pid, 0)",
    "broadcast": "broadcast(CTRL_C_EVENT, console_of=child.pid)",
    "handler": "handler(print).__enter__().__exit__()",
    "patch_os": "patch_os",
    "Popen": "Popen(command).wait()",
    # Without a loop: an awaitable that no code awaits.
    "create_subprocess_exec": "create_subprocess_exec(*command).close()",
    "create_subprocess_shell": "create_subprocess_shell('exit').close()",
    "multiprocessing_context": "multiprocessing_context()",
    "run": "run(command)",
    "create_process": "create_process(command).close()",
    "PseudoConsole": "PseudoConsole().close()",
}

#: How it is prepared: the package is imported; the names are; or each call was made once already.
HOW = ["module", "name", "used"]

#: When it calls.
WHERE = ["atexit", "__del__"]

NO_IMPORT = r"OSError: \[Errno \d+\] the interpreter is ending and imports nothing any more"
NO_THREAD = r"OSError: \[Errno \d+\] this needs a thread, and Python starts none: "
NO_HANDLER = r"OSError: \[Errno \d+\] the interpreter is ending, so no handler can be registered"
NO_COUNTERPART = r"OSError: \[Errno \d+\] .*\(on \w+\)"

_PROGRAM = """
import atexit, os, signal, subprocess, sys
import ctrlevent

how, where, *names = sys.argv[1:]
calls = CALLS
group = {"creationflags": 0x08000200} if sys.platform == "win32" else {"start_new_session": True}
child = subprocess.Popen(
    [sys.executable, "-S", "-c", WAITS],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    **group,
)
child.stdout.readline()
until_the_end = os.dup(child.stdin.fileno())  # nothing closes it before this process is gone
command = [sys.executable, "-S", "-c", ""]
package = ctrlevent
if how != "module":
    import types
    package = types.SimpleNamespace()
    package.__dict__.update({name: getattr(ctrlevent, name) for name in ctrlevent.__all__})

class Names(dict):
    def __missing__(self, name):
        return getattr(package, name)

compiled = {name: compile(calls[name], name, "eval") for name in names}
names = Names(child=child, command=command, print=print)

def use(report, eval=eval, write=os.write, Exception=Exception, compiled=compiled, names=names,
        type=type):
    for name, call in compiled.items():
        try:
            eval(call, {}, names)
            said = "works"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        if report:
            write(1, f"{name} {said}\\n".encode())

def last(use=use):
    use(True)

if how == "used":
    use(False)
if where == "atexit":
    atexit.register(last)
else:
    class Last:
        def __init__(self):
            self.last = last
        def __del__(self):
            self.last()
    last_of_all = Last()
"""

# Goes on when it is interrupted, and exits at the end of its input.
_WAITS = """
import os, signal, sys, threading, time
# Not `except KeyboardInterrupt`: the next may come before the next `try`.
signal.signal(signal.SIGINT, lambda *_: None)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("up", flush=True)
while True:
    time.sleep(0.05)
"""

PROGRAM = _PROGRAM.replace("CALLS", repr(CALLS)).replace("WAITS", repr(_WAITS))


def wrong(output: str, how: str, where: str) -> dict[str, str]:
    """What became of the calls that neither worked nor raised an OSError that says why they cannot.

    In `atexit` they work, but for the threads that Python 3.12 and later start no more. In
    `__del__`, what was not used before cannot be imported.
    """
    found = dict(line.split(" ", 1) for line in output.splitlines())
    assert set(found) == set(CALLS)
    fine = ["works"]
    if sys.platform != "win32":
        fine.append(NO_COUNTERPART)
    if where == "__del__" or sys.version_info >= (3, 12):
        fine.append(NO_THREAD)
    if where == "__del__":
        fine.append(NO_HANDLER if how == "used" else NO_IMPORT)
    return {name: said for name, said in found.items() if not re.match("|".join(fine), said)}
