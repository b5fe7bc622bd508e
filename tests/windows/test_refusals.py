"""What is refused: the error says why, no event is sent, and no process is terminated."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT, deliver, getpgid, kill, killpg

from . import scenarios
from .harness import DETACHED, NEW_GROUP, Actor, Console, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 0x7FFF_FFF0  # pids are far smaller


class Stage(NamedTuple):
    console: Console
    leader: Actor
    member: Actor
    ended: Actor
    gui: Program
    detached: Program


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Console() as console:
        parent = console.parent
        leader = parent.spawn(NEW_GROUP)
        member = leader.spawn()
        parent.spawn(name="bystander")
        ended = parent.spawn(NEW_GROUP)
        ended.leave()  # its Popen in the parent, like the test, still holds a handle of it
        gui = parent.native("default", gui=True, flags=NEW_GROUP)
        detached = parent.native("default", flags=DETACHED | NEW_GROUP)
        yield Stage(console, leader, member, ended, gui, detached)
        console.assert_untouched()


class Row(NamedTuple):
    error: type[Exception]
    verb: Callable[..., Any]
    arguments: tuple[Any, ...]
    """A name of a process on the stage, after @ or -@, stands for its pid, or minus its pid."""
    keywords: dict[str, Any] = {}  # noqa: RUF012

    def call(self, stage: Stage) -> None:
        arguments = [self._pid(stage, argument) for argument in self.arguments]
        stage.console.parent.call(self.verb, *arguments, **self.keywords)

    @staticmethod
    def _pid(stage: Stage, argument: Any) -> Any:
        if not isinstance(argument, str) or "@" not in argument:
            return argument
        sign, name = argument.split("@")
        pid = getattr(stage, name).pid
        return -pid if sign else pid


def pids(error: type[Exception], pid: Any, *verbs: Callable[..., Any]) -> list[Row]:
    """A pid that every verb refuses, with an event, with an exit code, and as a probe."""
    rows = []
    for verb in verbs:
        if verb is getpgid:
            rows.append(Row(error, verb, (pid,)))
        else:
            for sig in (CTRL_C_EVENT, 15, 0) if verb is not deliver else (CTRL_C_EVENT,):
                rows.append(Row(error, verb, (pid, sig)))
    return rows


def signals(error: type[Exception], sig: Any, *verbs: Callable[..., Any]) -> list[Row]:
    return [Row(error, verb, ("@leader", sig)) for verb in verbs]


ALL = (kill, killpg, deliver, getpgid)
SENDERS = (kill, killpg, deliver)

TABLE: dict[str, list[Row]] = {
    "a bool as pid": pids(TypeError, True, *ALL),
    "a float as pid": pids(TypeError, 4.0, *ALL),
    "a str as pid": pids(TypeError, "4", *ALL),
    "None as pid": pids(TypeError, None, *ALL),
    "a negative pid": pids(ValueError, -NOBODY, killpg, deliver, getpgid),
    "minus a group that is not there": pids(ProcessLookupError, -NOBODY, kill),
    "a pid beyond 32 bits": pids(OverflowError, 1 << 32, *ALL),
    "minus a pid beyond 32 bits": pids(OverflowError, -1 << 32, *ALL),
    "a pid that never existed": pids(ProcessLookupError, NOBODY, *ALL),
    "the largest pid": pids(ProcessLookupError, 0xFFFF_FFFF, *ALL),
    "an ended child": pids(ProcessLookupError, "@ended", *ALL),
    # A system process: Windows does not open it; on Wine 10 it is not there.
    "System": pids(OSError, 4, *ALL),
    "a GUI child": [
        Row(ctrlevent.NoConsole, killpg, ("@gui", CTRL_C_EVENT)),
        Row(
            ctrlevent.NoConsole,
            kill,
            ("@gui", ctrlevent.CTRL_BREAK_EVENT),
            {"inject": False, "timeout": 0.2},
        ),
        Row(ctrlevent.NoConsole, kill, ("@gui", CTRL_C_EVENT)),
    ],
    "a detached child": [
        Row(ctrlevent.CtrlCIgnored, killpg, ("@detached", CTRL_C_EVENT)),
        Row(
            ctrlevent.NoConsole,
            killpg,
            ("@detached", ctrlevent.CTRL_BREAK_EVENT),
            {"inject": False, "timeout": 0.2},
        ),
        Row(
            ctrlevent.NoConsole,
            kill,
            ("@detached", ctrlevent.CTRL_BREAK_EVENT),
            {"inject": False, "timeout": 0.2},
        ),
        Row(ctrlevent.CtrlCIgnored, kill, ("@detached", CTRL_C_EVENT)),
    ],
    "a member instead of a group": [
        Row(ctrlevent.NotAGroupLeader, killpg, ("@member", sig)) for sig in (CTRL_C_EVENT, 15, 0)
    ],
    "minus a member instead of a group": [
        Row(ctrlevent.NotAGroupLeader, kill, ("-@member", sig)) for sig in (CTRL_C_EVENT, 15, 0)
    ],
    "a negative signal": signals(ValueError, -1, *SENDERS),
    "a signal beyond 32 bits": signals(OverflowError, 1 << 32, *SENDERS),
    "a bool as signal": signals(TypeError, True, *SENDERS),
    "a float as signal": signals(TypeError, 15.0, *SENDERS),
    "a str as signal": signals(TypeError, "SIGTERM", *SENDERS),
    "None as signal": signals(TypeError, None, *SENDERS),
    "an event of Windows alone": signals(ValueError, ctrlevent.CTRL_CLOSE_EVENT, *SENDERS),
    "no event for deliver": [Row(ValueError, deliver, ("@leader", sig)) for sig in (0, 15)],
    "no event for broadcast": [
        Row(error, ctrlevent.broadcast, (sig,))
        for error, sig in (
            (ValueError, 0),
            (ValueError, 15),
            (ValueError, -1),
            (TypeError, None),
            (TypeError, True),
            (OverflowError, 1 << 32),
        )
    ],
    "a bad timeout": [
        Row(
            error,
            verb,
            ("@leader", CTRL_C_EVENT),
            {"timeout": timeout},
        )
        for verb in SENDERS
        for error, timeout in (
            (TypeError, "1"),
            (TypeError, True),
            (ValueError, -1),
            (ValueError, math.nan),
        )
    ],
}


@pytest.mark.parametrize("case", TABLE)
def test_bad_input(stage: Stage, case: str) -> None:
    for row in TABLE[case]:
        with pytest.raises(row.error) as refusal:
            row.call(stage)
        assert type(refusal.value) is row.error or row.error is OSError
        if isinstance(refusal.value, OSError):
            assert refusal.value.errno
            assert refusal.value.strerror
        stage.console.assert_untouched()


@pytest.mark.bitness
def test_a_caller_without_a_console(console: Console) -> None:
    caller = console.parent.python(DETACHED)
    console.parent.spawn()
    for verb, arguments in (
        (ctrlevent.broadcast, (CTRL_C_EVENT,)),
        (ctrlevent.console_processes, ()),
    ):
        with pytest.raises(ctrlevent.NoConsole, match="console") as refusal:
            caller.call(verb, *arguments)  # type: ignore[arg-type]
        assert refusal.value.winerror == 6  # type: ignore[attr-defined, unused-ignore]
    console.assert_untouched()


@pytest.mark.parametrize("verb", [kill, killpg, deliver])
def test_refusals_in_another_thread_are_the_same(stage: Stage, verb: Callable[..., Any]) -> None:
    with pytest.raises(ProcessLookupError):
        stage.console.parent.call(scenarios.in_a_thread, verb, NOBODY, CTRL_C_EVENT)
    stage.console.assert_untouched()


# --- the other half of the house ------------------------------------------------------------------


@pytest.mark.parametrize("module", ["signals", "processes", "handlers", "popen", "run"])
def test_modules_for_posix_say_where_it_is_here(module: str) -> None:
    with pytest.raises(ImportError, match="is for POSIX; Windows has"):
        importlib.import_module(f"{ctrlevent.__name__}._posix.{module}")
