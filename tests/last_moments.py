"""A program that uses this package when its interpreter ends. It says what became of each call."""

from __future__ import annotations

import re

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
    "run": "run(command)",
    "create_process": "create_process(command).close()",
    "PseudoConsole": "PseudoConsole().close()",
}

#: What POSIX has no counterpart of.
WINDOWS_ALONE = {"broadcast", "create_process", "PseudoConsole"}

TOO_LATE = re.compile(r"OSError: \[Errno \d+\] the interpreter is ending and imports nothing any more")

_PROGRAM = """
import atexit, os, signal, subprocess, sys
import ctrlevent

how, where, *names = sys.argv[1:]
calls = CALLS
waits = "import time; print('up', flush=True)\\nwhile True:\\n try: time.sleep(0.05)\\n except KeyboardInterrupt: pass"
group = (
    {"creationflags": 0x08000200} if sys.platform == "win32" else {"start_new_session": True}
)
child = subprocess.Popen(
    [sys.executable, "-S", "-c", waits], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **group
)
child.stdout.readline()
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

def last(use=use, child=child):
    use(True)
    child.kill()
    child.wait()

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

PROGRAM = _PROGRAM.replace("CALLS", repr(CALLS))


def outcomes(output: str) -> dict[str, str]:
    """By the public name: "works", or the error."""
    return dict(line.split(" ", 1) for line in output.splitlines())


def wrong(output: str, how: str, where: str, names: set[str]) -> dict[str, str]:
    """The outcomes that are neither success nor an error that says why."""
    found = outcomes(output)
    assert set(found) == names
    return {
        name: said
        for name, said in found.items()
        if said != "works" and not (where == "__del__" and how != "used" and TOO_LATE.match(said))
    }

