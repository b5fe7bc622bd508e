"""What runs in the process of a guard: it clears the event that a wrong call has left pending.

It leads a process group of its own on the caller's console, and sends a Ctrl+Break to that group.
The console (microsoft/terminal, `ProcessCtrlEvents` in src/host/input.cpp) has one flag for each
kind of event, and one slot for the group:

- A Ctrl+C was pending: of two unlike kinds the console drops both. The Break does not arrive.
- A Ctrl+Break was pending: the console does not tell the two apart, and the newer group counts. So
  the guard gets it, and no other process does.
- None was pending: the guard gets the Break.

If the Break does not seem to come, a Ctrl+C follows. That comes in any case, and after the Break:
so it says when there is no Break to wait for.

Older consoles: before microsoft/terminal 391abafc of December 2022, two unlike kinds are not
dropped: the newer group is told of an event 0xFFFFFFFF. What becomes of that is not known; it may
end the guard. So there the Ctrl+C comes first: as a rule it is a Ctrl+C that is pending, and the
console has never told two of a kind apart. Whether there was any cannot be told then.

This process makes no other console call: each would let a pending event go, to every process. It
runs no code of the user's, takes every event, and exits with the process that started it.
"""

from __future__ import annotations

import contextlib
import marshal
import sys

from .._errors import winerror_of
from .._typing import TYPE_CHECKING
from .._unpatched import Thread, allocate_lock, system_calls
from .._win32 import system
from .._win32.constants import (
    CTRL_BREAK_EVENT,
    CTRL_C_EVENT,
    CURRENT_PROCESS,
    PROCESS_QUERY_LIMITED_INFORMATION,
    THREAD_QUERY_INFORMATION,
    ProcessConsoleHostProcess,
    ThreadQuerySetWin32StartAddress,
)
from .processes import open_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._win32.boundary import System

# Windows 11 24H2 and Windows Server 2025: the first Windows whose own console drops unlike kinds.
DROPS_UNLIKE_KINDS = 26100

# In seconds: how often this process looks whether a thread of its own is still about to bring an
# event; how often, while there may be none yet; and for how long it waits without any such thread
# before it sends both events again.
_MOMENT = 0.001
_LOOK = 0.02
_AGAIN = 0.5


def main(every: float | None = None) -> None:
    windows = system()
    clearing = Clearing(windows)
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    marshal.dump({"ready": windows.GetCurrentProcessId()}, replies)
    replies.flush()
    if every is not None:
        Thread(clearing.forever, every)
    try:
        while True:
            request = marshal.load(requests)
            marshal.dump(answer(clearing, request), replies)
            replies.flush()
    finally:
        # The caller has gone. Python would call the handler no more, but Windows might.
        system_calls._exit(0)  # noqa: SLF001


def answer(clearing: Clearing, request: dict[str, Any]) -> dict[str, Any]:
    """`number` is that of the request. `pending`, `found`: see `Clearing`."""
    reply = {"number": request["number"], "found": clearing.found}
    if request["clear"]:
        try:
            reply["pending"] = clearing.clear()
        except OSError as error:
            reply["error"] = error.errno or 0, error.strerror or str(error)
            reply["winerror"] = winerror_of(error)
        reply["found"] = clearing.found
    return reply


class Clearing:
    """Made once in a process, whose handler it registers."""

    def __init__(self, windows: System) -> None:
        self._windows = windows
        self.tells = drops_unlike_kinds(console_host(windows), windows.build)
        """Whether `clear` can tell."""
        self.found = 0
        """How often `clear` has found a Ctrl+C."""
        self._heard: list[int] = []
        self._news = allocate_lock()
        self._news.acquire()
        self._one_at_a_time = allocate_lock()
        self._routines = set(_addresses(windows))
        # In this order: as the leader of a new group it ignores Ctrl+C until then.
        windows.SetConsoleCtrlHandler(self._take, True)
        windows.SetConsoleCtrlHandler(None, False)

    def _take(self, event: int) -> bool:
        """The handler: Windows calls it on a thread of its own."""
        self._heard.append(event)
        with contextlib.suppress(RuntimeError):  # there was news already
            self._news.release()
        return True

    def forever(self, seconds: float) -> None:
        """Clear every so many seconds."""
        while True:
            with contextlib.suppress(OSError):  # the caller is told when it asks
                self.clear()
            self._windows.sleep(seconds)

    def clear(self) -> bool | None:
        """Clear what is pending. Whether it was a Ctrl+C; None: that cannot be told.

        Raises the OSError of GenerateConsoleCtrlEvent.
        """
        with self._one_at_a_time:
            self._heard.clear()
            if self.tells:
                return self._clear()
            self._clear_older_console()
            return None

    def _clear(self) -> bool | None:
        pending = False
        while not self._comes(CTRL_BREAK_EVENT):
            # Twice: Windows may start its threads elsewhere than at CtrlRoutine, so that the thread
            # of the Break is not seen. It then has the time of two more events.
            came = self._comes_late(CTRL_C_EVENT)
            if came and CTRL_BREAK_EVENT not in self._heard:
                came = self._comes_late(CTRL_C_EVENT)
            if came:
                pending = pending or CTRL_BREAK_EVENT not in self._heard
                break
            pending = True
        if any(event > 0xFFFF for event in self._heard):
            self.tells = False  # this console has turned out to be older
            return None
        self.found += pending
        return pending

    def _clear_older_console(self) -> None:
        self._comes(CTRL_C_EVENT)
        while not self._comes_late(CTRL_BREAK_EVENT):
            self._comes(CTRL_C_EVENT)

    def _comes(self, event: int) -> bool:
        """Send an event to this process. Whether it comes, as far as can be seen at once.

        Its thread has been started by the end of the call; unless a terminal has taken the console
        over: then the console may start it later.
        """
        self._send(event)
        while event not in self._heard and self._is_on_its_way():
            self._news.acquire(timeout=_MOMENT)
        return event in self._heard

    def _comes_late(self, event: int) -> bool:
        """The same for the second event. In the end all that was sent before has come, or was
        dropped.

        If this event does not come, a wrong call has left another of the other kind in between.
        """
        count = self._heard.count(event) + 1
        self._send(event)
        deadline = self._windows.monotonic() + _AGAIN
        while self._heard.count(event) < count:
            if self._news.acquire(timeout=_LOOK) or self._windows.monotonic() < deadline:
                continue
            if not self._is_on_its_way():
                break
        # The threads are started in the order of the events, but may overtake each other.
        while self._is_on_its_way():
            self._news.acquire(timeout=_MOMENT)
        return self._heard.count(event) >= count

    def _send(self, event: int) -> None:
        self._windows.GenerateConsoleCtrlEvent(event, self._windows.GetCurrentProcessId())

    def _is_on_its_way(self) -> bool:
        """Whether a thread of this process runs that has brought an event, or is about to."""
        return not self._routines.isdisjoint(_starts(self._windows))


def _starts(windows: System) -> list[int]:
    """The address at which each thread of this process was started."""
    found: list[int] = []
    thread = 0
    while True:
        before = thread
        try:
            thread = windows.NtGetNextThread(CURRENT_PROCESS, before, THREAD_QUERY_INFORMATION)
        except OSError:  # that was the last
            return found
        finally:
            if before:
                windows.CloseHandle(before)
        try:
            start = windows.NtQueryInformationThread(
                thread, ThreadQuerySetWin32StartAddress, windows.pointer_size
            )
        except OSError:
            continue  # it has ended
        found.append(int.from_bytes(start, "little"))


def _addresses(windows: System) -> Iterator[int]:
    """Of CtrlRoutine, at which Windows starts the threads that bring events."""
    for module in ("kernelbase", "kernel32"):
        with contextlib.suppress(OSError):  # this Windows does not export it there
            yield windows.GetProcAddress(module, "CtrlRoutine")


def console_host(windows: System) -> str | None:
    """The path of the program that is the console of this process. None: Windows does not say."""
    try:
        answer = windows.NtQueryInformationProcess(
            CURRENT_PROCESS, ProcessConsoleHostProcess, windows.pointer_size
        )
        pid = int.from_bytes(answer, "little") & ~3
        handle = open_process(windows, PROCESS_QUERY_LIMITED_INFORMATION, pid)
    except OSError:
        return None
    try:
        return windows.QueryFullProcessImageName(handle)
    except OSError:
        return None
    finally:
        windows.CloseHandle(handle)


def drops_unlike_kinds(host: str | None, build: int) -> bool:
    """Whether the console drops two events of unlike kinds, from all that is known of it.

    `host`: see `console_host`. conhost.exe is a part of Windows, and has that rule since build
    26100. Windows Terminal and other programs bring an OpenConsole.exe, which has it since version
    1.17. If the console is older, the event 0xFFFFFFFF says so. Where Windows does not know the
    console's program, the console is no part of it, and is taken for such a newer program, too.
    """
    if host is None or not host.lower().endswith("\\conhost.exe"):
        return True
    return build >= DROPS_UNLIKE_KINDS
