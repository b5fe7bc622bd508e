"""multiprocessing_context: the groups of children, what they hear, and that all else is as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ctrlevent
from ctrlevent import CTRL_C_EVENT
from tests.repeats import repeats
from tests.tools.bed import probes

from . import processes
from .harness import CTRL_C, Console, bed_program

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [(group, keyboard) for group in ("own", "inherit") for keyboard in (True, False)]
each_kind = pytest.mark.parametrize(("group", "keyboard"), KINDS)


@pytest.mark.bitness
@each_kind
def test_its_group_and_whether_it_ignores(console: Console, group: str, keyboard: bool) -> None:
    parent = console.parent
    parent.ignore_ctrl_c(keyboard)  # which a child inherits otherwise
    facts = parent.call(processes.start, 2, group, keyboard)
    for pid, pgid, ignores in facts:
        assert pgid == (pid if group == "own" else parent.pid)
        assert ignores is not keyboard
    parent.ignore_ctrl_c(False)
    assert parent.call(processes.end, 7) == [7, 7]


@pytest.mark.bitness
@each_kind
def test_interrupt_reaches_this_child_alone(console: Console, group: str, keyboard: bool) -> None:
    """And each time again: with keyboard=False, the bit is set again, and lifted again."""
    parent = console.parent
    facts = parent.call(processes.start, 3, group, keyboard)
    for times in (1, 2):
        parent.call(processes.interrupt, 1)
        assert parent.call(processes.heard) == [0, times, 0]
    assert [ctrlevent_ignores(console, pid) for pid, _, _ in facts] == [not keyboard] * 3
    console.assert_untouched()
    parent.call(processes.end, 0)


def ctrlevent_ignores(console: Console, pid: int) -> bool:
    return console.parent.call(ctrlevent.ignores_ctrl_c, pid)


@each_kind
def test_an_event_for_the_group_of_the_caller(console: Console, group: str, keyboard: bool) -> None:
    parent = console.parent
    parent.call(processes.start, 2, group, keyboard)
    parent.call(ctrlevent.killpg, 0, CTRL_C_EVENT)
    console.assert_heard({parent: [CTRL_C]})
    hears = group == "inherit" and keyboard
    if hears:
        parent.call(processes.wait_until_all_have_heard, 1)
    assert parent.call(processes.heard) == [int(hears)] * 2
    parent.call(processes.end, 0)


def test_killpg_reaches_a_child_that_leads_a_group(console: Console) -> None:
    parent = console.parent
    facts = parent.call(processes.start, 2, "own", True)
    parent.call(ctrlevent.killpg, facts[0][0], CTRL_C_EVENT)
    parent.call(processes.wait_until_heard, 0, 1)
    assert parent.call(processes.heard) == [1, 0]
    parent.call(processes.end, 0)


def test_killpg_refuses_a_child_that_ignores(console: Console) -> None:
    parent = console.parent
    facts = parent.call(processes.start, 1, "own", False)
    with pytest.raises(ctrlevent.CtrlCIgnored):
        parent.call(ctrlevent.killpg, facts[0][0], CTRL_C_EVENT)
    assert parent.call(processes.heard) == [0]
    parent.call(processes.end, 0)


# --- the key ------------------------------------------------------------------------------------


@pytest.mark.repeats
@each_kind
def test_the_key(console: Console, group: str, keyboard: bool, tmp_path: Path) -> None:
    if not probes.pseudo_console_ctrl_c():
        pytest.skip(r"\x03 is no Ctrl+C on this pseudo console")
    count = repeats(50, 3)
    keys, of_the_key, of_both = console.parent.call(
        processes.on_a_console, str(tmp_path / "heard"), group, keyboard, count
    )
    print(f"{group}, keyboard={keyboard}: the key {of_the_key}, with interrupt {of_both}")
    assert keys == 1
    assert of_the_key == [int(keyboard)] * count
    assert of_both == [int(keyboard) + 1] * count


@pytest.mark.parametrize("limit", [None, 3600.0])
def test_join_is_broken_off_at_once(console: Console, limit: float | None) -> None:
    parent = console.parent
    parent.call(processes.start, 1, "own", False)
    assert parent.call(processes.join_is_broken_off, limit) == ("KeyboardInterrupt", True)
    parent.take_heard()
    assert parent.call(processes.heard) == [0]
    assert parent.call(processes.end, 5) == [5]


# --- as in multiprocessing ------------------------------------------------------------------------


@pytest.mark.bitness
def test_terminate(console: Console) -> None:
    console.parent.call(processes.start, 1, "own", True)
    assert console.parent.call(processes.terminate) == (True, -15, True)


@pytest.mark.parametrize(("group", "keyboard"), [("own", False), ("inherit", True)])
def test_pools_and_managers(console: Console, group: str, keyboard: bool) -> None:
    found = console.parent.call(processes.pools, group, keyboard)
    assert found == [[0, 1, 4, 9], [0, 1, 4, 9], [1, 2], 0]


def test_a_child_whose_arguments_cannot_be_pickled_never_runs(console: Console) -> None:
    assert console.parent.call(processes.cannot_be_pickled) == (True, [], 0)
    assert console.log() == ""  # of plain multiprocessing's child there is a traceback


@pytest.mark.bitness
@pytest.mark.limits
@pytest.mark.parametrize("what", ["run", "fail"])
def test_nothing_is_left(console: Console, what: str) -> None:
    assert console.parent.call(processes.left_of, what, 5) == ""


@pytest.mark.bitness
def test_in_a_virtual_environment_no_launcher_is_started(console: Console, tmp_path: Path) -> None:
    home = bed_program("python").rpartition("\\")[0]
    (tmp_path / "pyvenv.cfg").write_text(f"home = {home}\n", encoding="utf-8")
    executable, is_this_process = console.parent.call(
        processes.in_a_virtual_environment, str(tmp_path)
    )
    assert executable == str(tmp_path / "Scripts" / "python.exe")
    assert is_this_process
