"""Where one Windows treats console events unlike another: the rules, each with its source.

A profile is a model of a system, not the system. "conhost" is the console server in
microsoft/terminal (src/server, src/host), "phnt" the headers of System Informer, "docs" is
learn.microsoft.com. "Measured on conhost VERSION": on that build of Microsoft's own console server,
by tests/conhost, which also holds the whole model of the console against it. "Measured on Wine 10":
held against the bed by tests/contract. The rest was read and never seen.
"""

from __future__ import annotations

from typing import NamedTuple

from ctrlevent._win32 import constants as c

STILL_THERE = "its handlers run"
ENDS_IT = "no handler runs: its main thread ends"


class Profile(NamedTuple):
    name: str
    is_wine: bool = False

    group_0_is_the_callers: bool = False
    """GenerateConsoleCtrlEvent to group 0: to every attached process (conhost, input.cpp: a
    limiting id of 0 limits nothing; docs); to the caller's group (measured on Wine 10)."""

    unknown_group_is_ignored: bool = False
    """To an id that no attached process has as its group: taken for a pid, with what that entails
    (conhost, ApiDispatchersInternal.cpp); success, and no process ever gets it (measured on Wine
    10).
    """

    no_such_pid: int = c.ERROR_BAD_FORMAT
    """The error for an id that is no pid either: 11 (measured on conhost 1.19.2401 to 1.25.2609),
    87 (seen in the field)."""

    phantom_records_group: bool = True
    """The entry made for a pid records that pid as its group, so that the event ends there
    (measured on conhost 1.19.2401 to 1.25.2609; read in the source of 2019). False: none, so it
    stays parked, as a report from the field says, which no build has shown."""

    mixed_kinds_are_dropped: bool = True
    """When Ctrl+C and Ctrl+Break are pending together: dropped (measured on conhost 1.19.2401 to
    1.25.2609). Before microsoft/terminal 391abafc of December 2022 the newest group was told event
    0xFFFFFFFF, and what csrss makes of that is not known; False takes the worst: it gets both."""

    newest_is_told_first: bool = True
    """Of the processes that an event is for, the newest is told first (measured on conhost
    1.22.2502 to 1.25.2609, read in the source of 2019); the oldest (measured on 1.19.2401 and
    1.20.2406)."""

    a_dead_process_stops_the_telling: bool = False
    """Processes that would be told after a dead phantom are not told (measured on conhost 1.19.2401
    and 1.20.2406, where the driver of the test bed answers for csrss as the source says that it
    does; read in the source of 2019); they are (measured on 1.22.2502 to 1.25.2609)."""

    not_permitted: int = c.ERROR_ACCESS_DENIED
    """The error where the console lets the caller send nothing: 5 (seen in the field); 34
    (predicted from conhost's NTSTATUS)."""

    group_break: str = STILL_THERE
    """What a Ctrl+Break to a group does in a member: its handlers run (docs); no handler runs, as
    the event becomes a SIGQUIT (measured on Wine 10)."""

    leader_group_at_birth_is_0: bool = True
    """The creator of a leader writes 0 into its process parameters, meaning its own pid (phnt); the
    pid itself (measured on Wine 10)."""

    console_asked_for: tuple[int, int, int] = (
        c.CONSOLE_DETACHED_PROCESS,
        c.CONSOLE_NEW_CONSOLE,
        c.CONSOLE_CREATE_NO_WINDOW,
    )
    """ConsoleHandle of a child created DETACHED, with a NEW_CONSOLE, with NO_WINDOW (phnt); others
    (measured on Wine 10)."""

    new_console_spares_the_ignore_bit: bool = True
    """CREATE_NEW_PROCESS_GROUP makes the child ignore Ctrl+C, but not together with
    CREATE_NEW_CONSOLE (docs, CreateProcess: the group flag is ignored there in this respect)."""

    taken: int = 0
    """The exit code of a thread at CtrlRoutine if a handler took the event: 0 (kernelbase); 1
    (measured on Wine 10)."""

    free_console_clears_the_handle: bool = True
    """FreeConsole writes 0 as the ConsoleHandle (kernelbase). It was not seen on each version, so
    the worst case has it otherwise."""

    build: int = 26100
    """Of Windows."""

    console_program: str | None = "C:\\Windows\\System32\\conhost.exe"
    """What serves a console; None: ProcessConsoleHostProcess is not known (measured on Wine 10)."""


NEWEST = Profile("conhost 1.25.2609")
"""Microsoft's console server from 1.22.2502 on: no build since then differs."""

CONHOST_1_20 = NEWEST._replace(
    name="conhost 1.20.2406",
    newest_is_told_first=False,
    a_dead_process_stops_the_telling=True,
    build=19045,
    console_program="C:\\Program Files\\WindowsApps\\Microsoft.WindowsTerminal\\OpenConsole.exe",
)
"""1.19.2401, too. It came with Windows Terminal, on an older Windows."""

OF_2019 = NEWEST._replace(
    name="Windows 10 of 2019",
    mixed_kinds_are_dropped=False,
    a_dead_process_stops_the_telling=True,
    build=18363,
)
"""Read, never seen."""

WORST = NEWEST._replace(
    name="the worst of each",
    no_such_pid=c.ERROR_INVALID_PARAMETER,
    phantom_records_group=False,
    mixed_kinds_are_dropped=False,
    newest_is_told_first=False,
    a_dead_process_stops_the_telling=True,
    not_permitted=34,
    free_console_clears_the_handle=False,
    build=22631,
)
"""No build, but a Windows on which all that was measured, read or reported is true at once."""

WINDOWS = NEWEST
WINDOWS_BUILDS = (NEWEST, CONHOST_1_20, OF_2019, WORST)

WINE = Profile(
    "Wine 10",
    is_wine=True,
    group_0_is_the_callers=True,
    unknown_group_is_ignored=True,
    group_break=ENDS_IT,
    leader_group_at_birth_is_0=False,
    console_asked_for=(0, -1, -2),
    taken=1,
    build=19045,
    console_program=None,
)

PROFILES = {profile.name: profile for profile in (WINE, *WINDOWS_BUILDS)}
