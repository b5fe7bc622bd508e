"""Whatever stands in the memory of a process: each verb has a right answer or a defined error.

tests/unit/windows/test_peb.py does this to what is read; here it is done to the verbs. They must
send nothing to a process unless these very bytes say that it is meant.
"""

from __future__ import annotations

from typing import Any, Callable, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctrlevent
from ctrlevent._types import CtrlEvent
from ctrlevent._win32.structures import LAYOUT32, LAYOUT64
from ctrlevent._windows import peb
from tests.fakes.windows import PARAMETERS, PEB, FakeWindows, install

from .laws import ERRORS

BREAK = CtrlEvent.CTRL_BREAK_EVENT
VERBS: list[Callable[[int], Any]] = [
    lambda pid: ctrlevent.killpg(pid, BREAK, timeout=0.05),
    lambda pid: ctrlevent.kill(pid, BREAK, timeout=0.05),
    lambda pid: ctrlevent.kill(pid, BREAK, timeout=0.05, inject=False),
    lambda pid: ctrlevent.killpg(pid, 0),
    lambda _: ctrlevent.killpg(0, BREAK, timeout=0.05),
    ctrlevent.getpgid,
    ctrlevent.ignores_ctrl_c,
    lambda pid: ctrlevent.ignore_ctrl_c(True, pid),
    lambda pid: ctrlevent.ignore_ctrl_c(False, pid),
    lambda _: ctrlevent.console_processes(),
]
# Any bytes where the package looks at a field; and any bytes anywhere, absurd pointers included.
FIELDS = st.tuples(
    st.sampled_from(
        ["ProcessParameters", "ImageSubsystem", "ProcessGroupId", "ConsoleFlags", "ConsoleHandle"]
    ),
    st.sampled_from([0, 1, 2, 1000, 1004, 2**32 - 1, 2**64 - 1]) | st.integers(0, 2**64 - 1),
)
NOISE = st.tuples(
    st.sampled_from(["peb", "parameters"]), st.integers(0, 0x410), st.binary(max_size=16)
)


@settings(
    deadline=None,
    max_examples=2000,
    database=None,
    suppress_health_check=list(cast("Any", HealthCheck)),
)
@given(
    pair=st.sampled_from([(8, 64), (8, 32), (4, 32), (4, 64)]),
    verb=st.sampled_from(VERBS),
    changes=st.lists(st.one_of(FIELDS, NOISE), max_size=4),
    answer_bytes=st.sampled_from([*[None] * 12, 0, 8, 47, 48, 0x12B, 0x12C, 0x29F, 0x40B]),
)
def test_no_memory_makes_a_verb_spill_or_fail_in_another_way(
    pair: tuple[int, int],
    verb: Callable[[int], Any],
    changes: list[Any],
    answer_bytes: int | None,
) -> None:
    pointer_size, bits = pair
    windows = FakeWindows(pointer_size=pointer_size)
    child = windows.spawn(bits=bits, new_group=True)
    bystander = windows.spawn(new_group=True)
    windows.now += 60
    before = bytes(bystander.memory[PARAMETERS[bystander.bits]])
    for change in changes:
        _change(windows, child.pid, change)
    windows.answer_bytes = answer_bytes
    groups = {
        int.from_bytes(_group_bytes(memory), "little") or child.pid for memory in _twins(child)
    }
    with pytest.MonkeyPatch.context() as patch:
        install(patch, windows)
        try:
            verb(child.pid)
        except Exception as error:
            if type(error) not in ERRORS:
                raise
    reached = {pid for pid, _ in windows.received}
    assert bystander.pid not in reached
    if windows.caller.pid in reached:
        assert verb is VERBS[4]
    if child.pid in reached and verb is VERBS[4]:
        assert windows.caller.pid in groups
    assert bytes(bystander.memory[PARAMETERS[bystander.bits]]) == before
    assert not windows.handles
    assert not windows.console.parked
    assert not windows.console.phantoms
    # However often a verb looks at these three processes, it waits for each of them once.
    assert windows.now < 1060 + 3 * peb.MOMENT + 1
    assert len(windows.calls) < 10_000


def _change(windows: FakeWindows, pid: int, change: Any) -> None:
    child = windows.processes[pid]
    if len(change) == 2:
        name, value = change
        holder = child.peb if hasattr(child.peb, name) else child.parameters
        setattr(holder, name, value)
    else:
        where, offset, noise = change
        memory = child.memory[(PEB if where == "peb" else PARAMETERS)[child.bits]]
        room = memory[offset : offset + len(noise)]
        memory[offset : offset + len(room)] = noise[: len(room)]


def _twins(child: Any) -> list[tuple[int, bytearray]]:
    return [(bits, child.memory[at]) for bits, at in PARAMETERS.items() if at in child.memory]


def _group_bytes(twin: tuple[int, bytearray]) -> bytes:
    bits, memory = twin
    field = (LAYOUT64 if bits == 64 else LAYOUT32).process_parameters.ProcessGroupId
    return bytes(memory[field.offset : field.offset + 4])
