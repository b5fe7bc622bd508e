"""The half for POSIX: the same functions over `os.kill`, process groups and `signal`.

| module | what it does |
|---|---|
| `process_start` | children of multiprocessing |
| `run_on_terminal`, `run` | contained commands, on a pseudo-terminal and without |
| `loop_child` | the child of an event loop |
| `pseudo_console` | a pseudo-terminal for children: its keys, what it shows, its end |
| `popen` | a child that leads a process group |
| `handlers` | `signal`: the registrations of `handler`, and SIGINT ignored |
| `stopping` | a process that is no child of the caller: found, asked, waited for, ended |
| `signals` | the verbs that send and ask, as the face calls them |
| `guard` | the guard of a console, which has nothing to do |
| `waits` | how the exit of a child is waited for |
| `forked` | what a start needs: the child that `fork` has made |
| `processes` | what Linux's /proc says of a process |
| `no_counterpart` | what POSIX does not have |

CTRL_C_EVENT is SIGINT there and CTRL_BREAK_EVENT is SIGQUIT, the signals of the same keys.
"""

# The functions of `_protocol.Half`, by the modules that have them.
PARTS = {
    "signals": "events_sent events_heard killpg kill os_kill preview_killpg preview_kill"
    " getpgid ignores_ctrl_c console_processes process_tree",
    "stopping": "stopping",
    "handlers": "ignore_ctrl_c registration",
    "popen": "start tree whole interrupt end_child further_patches",
    "waits": "wait",
    "loop_child": "loop_child",
    "process_start": "process_start",
    "run": "run",
    "run_on_terminal": "run_on_terminal",
    "pseudo_console": "terminal",
    "guard": "guard guard_pids",
    "no_counterpart": "broadcast create_process abandon_process resume_thread close_process"
    " escapes",
}
