"""The half for Windows. From the verbs down to the bytes; imports go down this table.

| module | what it does |
|---|---|
| `signals` | the verbs that send and ask, as the face calls them |
| `run_on_terminal`, `run` | contained commands, on a pseudo console and without |
| `process_start` | children of multiprocessing |
| `patched_subprocess` | what `patch_os` makes of `subprocess.Popen` |
| `loop_child` | the child of an event loop: made to hear before it runs, its group |
| `popen` | the child of a `Popen`: suspended, made to hear, in a job |
| `group` | its group: Ctrl+C to it, and the end of what is left of it |
| `keyboard` | a Ctrl+C for a group that does not hear that of the keyboard |
| `stopping` | a process that is no child of the caller: held, asked, waited for, ended |
| `dry_run`, `dispatch` | facts -> policy -> route: told instead of done, and done |
| `helper_route`, `helper_process` | the route by a helper process, and what runs in that process |
| `guard`, `guard_process` | the guard of a console, and what runs in its process |
| `pseudo_console` | a console for a child: two pipes, a job, a thread that reads |
| `console_route`, `thread_route`, `terminate` | the own console; a thread; TerminateProcess |
| `policy`, `plans` | which processes may be sent what, by which route; what it can answer |
| `handlers` | SetConsoleCtrlHandler: registrations, and the ignore bit |
| `terminal_input` | what is typed on the caller's terminal, lent to a command |
| `create_process` | CreateProcessW |
| `waits` | how the exit of a child is waited for |
| `own_python` | a Python that runs a module of this package: its code, and waits for it |
| `processes` | the processes that a verb looks at, found and held open |
| `standing_guards` | the guards of this process, which clear before each console call |
| `peb` | the bytes of a PEB -> `Facts` |
| `wine` | whether this is Wine, and what a process needs there alone |

Below it is `_win32`, through which all of it asks Windows.
"""

# The functions of `_protocol.Half`, by the modules that have them.
PARTS = {
    "signals": "events_sent events_heard killpg kill os_kill preview_killpg preview_kill broadcast"
    " getpgid ignores_ctrl_c console_processes process_tree",
    "stopping": "stopping",
    "handlers": "ignore_ctrl_c registration",
    "guard": "guard guard_pids",
    "popen": "start tree whole end_child",
    "group": "interrupt",
    "waits": "wait",
    "loop_child": "loop_child",
    "patched_subprocess": "further_patches",
    "create_process": "create_process abandon_process resume_thread close_process",
    "pseudo_console": "terminal",
    "process_start": "process_start",
    "run": "run",
    "run_on_terminal": "run_on_terminal escapes",
}
