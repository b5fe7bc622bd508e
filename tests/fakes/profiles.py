"""Where one Windows treats console events unlike another: the rules, each with its source.

A profile is a model of a system, not the system. "conhost" is the console server in
microsoft/terminal (src/server, src/host), "phnt" the headers of System Informer, "docs" is
learn.microsoft.com. What is marked "measured on Wine 10" is held against the bed by tests/contract;
the rest was read and never seen, as it has not been run on a real Windows.
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

    no_such_pid: int = c.ERROR_INVALID_PARAMETER
    """The error for an id that is no pid either: 87, on other builds 11 (both seen in the field).
    """

    phantom_records_group: bool = False
    """The entry made for a pid records that pid as its group, as ApiDispatchersInternal.cpp of 2019
    and 2022 reads, so that the event ends there. False: none, so it stays parked, as was observed
    in the field: the worse of the two."""

    mixed_kinds_are_dropped: bool = True
    """When Ctrl+C and Ctrl+Break are pending together: dropped (conhost since 2023); else both go
    to the newest limiting id (before)."""

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
    the properties try both."""


WINDOWS = Profile("Windows")

WINDOWS_BUILDS = (
    WINDOWS,
    WINDOWS._replace(
        name="Windows 10 of 2019",
        no_such_pid=c.ERROR_BAD_FORMAT,
        phantom_records_group=True,
        mixed_kinds_are_dropped=False,
    ),
    WINDOWS._replace(
        name="Windows, another build", not_permitted=34, free_console_clears_the_handle=False
    ),
)

WINE = Profile(
    "Wine 10",
    is_wine=True,
    group_0_is_the_callers=True,
    unknown_group_is_ignored=True,
    group_break=ENDS_IT,
    leader_group_at_birth_is_0=False,
    console_asked_for=(0, -1, -2),
    taken=1,
)

PROFILES = {profile.name: profile for profile in (WINE, *WINDOWS_BUILDS)}
