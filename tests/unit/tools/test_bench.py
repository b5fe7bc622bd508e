"""The parts of the benchmarks that can be right or wrong: statistics, counts, and the page."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from tests.tools.bed import wine
from tests.tools.bench import importing, page, pairs, processor
from tests.tools.bench.calls import MARK, Counting, in_relay_trace
from tests.tools.bench.interleaved import interleaved, merge
from tests.tools.bench.pairs import compare
from tests.tools.bench.picture import picture
from tests.tools.bench.result import Calls, Document, Section, about_host, from_json, to_json
from tests.tools.bench.summary import Ratio, Summary, percentile, ratio, summarise

if TYPE_CHECKING:
    from tests.fakes.windows import FakeWindows

HUNDRED = [float(number) for number in range(1, 102)]


def test_summary() -> None:
    assert summarise(HUNDRED) == Summary(101, 51.0, 26.0, 76.0, 100.0, 1.0)


def test_summary_of_one() -> None:
    assert summarise([2.0]) == Summary(1, 2.0, 2.0, 2.0, 2.0, 2.0)


@pytest.mark.parametrize(("percent", "value"), [(1, 2.0), (50, 51.0), (99, 100.0)])
def test_percentile(percent: int, value: float) -> None:
    assert percentile(HUNDRED, percent) == value


def test_ratio_without_spread() -> None:
    assert ratio([3.0] * 5, [2.0] * 9) == Ratio(1.5, 1.5, 1.5)


def test_spread_of_a_ratio_is_that_of_both() -> None:
    value, low, high = ratio(HUNDRED, [51.0])
    assert value == 1
    assert 0.7 < low < 1 < high < 1.3


def test_ratio_is_the_same_again() -> None:
    assert ratio(HUNDRED, HUNDRED[:50]) == ratio(HUNDRED, HUNDRED[:50])


@pytest.mark.parametrize(
    ("limit", "reached"), [(1.49, False), (1.5, True), (1.51, True), (None, None)]
)
def test_target(limit: float | None, reached: bool | None) -> None:
    assert compare("a", [3.0], "b", [2.0], limit).reached is reached


def test_tail_is_of_the_slowest_of_a_hundred() -> None:
    assert pairs.tail("a", [1.0] * 90 + [9.0] * 10, 3.0).reached is False
    assert pairs.tail("a", [1.0] * 1000 + [9.0] * 2, 3.0).reached is True


def test_interleaved_calls_each_round_in_another_order() -> None:
    called: list[str] = []
    functions = {name: lambda name=name: called.append(name) for name in "abc"}
    samples = interleaved(functions, 7)
    measured = "".join(called[-21:])
    rounds = [measured[start : start + 3] for start in range(0, 21, 3)]
    assert sorted(rounds[:6]) == ["abc", "acb", "bac", "bca", "cab", "cba"]
    assert rounds[6] == rounds[0]
    assert {name: len(seconds) for name, seconds in samples.items()} == {"a": 7, "b": 7, "c": 7}


def test_interleaved_measures_the_function_and_not_what_comes_after() -> None:
    now = [0.0]

    def work(seconds: float) -> float:
        now[0] += seconds
        return seconds

    samples = interleaved(
        {"short": lambda: work(1), "long": lambda: work(2)},
        2,
        lambda returned: work(100 * float(str(returned))),
        lambda: now[0],
    )
    assert samples == {"short": [1, 1], "long": [2, 2]}


def test_merge() -> None:
    into = {"a": [1.0]}
    merge(into, {"a": [2.0], "b": [3.0]})
    assert into == {"a": [1.0, 2.0], "b": [3.0]}


def test_import_in_a_new_python() -> None:
    samples = importing.measure({"slow": "time.sleep(0.01)", "sys": "import sys"}, 2)
    assert min(samples["slow"]) >= 0.01
    assert len(samples["sys"]) == 2


# --- system calls ---------------------------------------------------------------------------------


def test_calls_at_the_boundary_are_counted(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting: Any = Counting(windows)
    monkeypatch.setattr("ctrlevent._win32._system", counting)
    import ctrlevent

    ctrlevent.getpgid(windows.spawn().pid)
    assert counting.counts == {
        "OpenProcess": 1,
        "NtQueryInformationProcess": 2,
        "ReadProcessMemory": 3,
        "WaitForSingleObject": 1,
        "CloseHandle": 1,
    }


def relay(thread: int, call: str) -> list[str]:
    return [f"{thread:04x}:Call {call} ret=6ffffbdf4771", f"{thread:04x}:Ret  {call} retval=1"]


def marked(number: int, thread: int = 0x24) -> list[str]:
    handle = f"{MARK + number:08x}"
    return [
        *relay(thread, f"KERNEL32.CloseHandle({handle})"),
        *relay(thread, f"ntdll.NtClose({handle})"),
    ]


def test_calls_between_two_marks_are_counted() -> None:
    lines = [
        *relay(0x24, "ntdll.NtOpenProcess(1,2)"),
        *marked(0),
        *relay(0x24, "ntdll.NtReadVirtualMemory(0b,0c)"),
        *relay(0x24, "ntdll.NtReadVirtualMemory(0b,0c)"),
        *relay(0x24, "ntdll.RtlFreeHeap(0b,0c)"),
        *relay(0x28, "ntdll.NtReadVirtualMemory(0b,0c)"),
        *relay(0x24, "KERNEL32.CloseHandle(0000000c)"),
        *relay(0x24, "ntdll.NtClose(0000000c)"),
        "something else",
        *marked(1),
        *relay(0x24, "ntdll.NtOpenProcess(1,2)"),
        *marked(2),
        *marked(3),
    ]
    assert in_relay_trace(lines) == {0: {"NtReadVirtualMemory": 2, "NtClose": 1}, 1: {}}


# --- what is made of it ---------------------------------------------------------------------------

DOCUMENT = Document(
    {"date": "2026-01-02", "Wine": "wine-10.0"},
    (
        Section("Here", (compare("`a` & <b>", [0.002], "`c`", [0.001], 1.25),)),
        Section(
            "There",
            (
                compare("fast", [1e-6], "slow", [2.0], 1 / 20),
                compare("one", [1.0], "another", [1.0], None),
            ),
        ),
    ),
    (Calls("getpgid(pid)", {"OpenProcess": 1, "CloseHandle": 1}, {"NtClose": 2, "NtOpen": 1}),),
)


def test_document_is_read_as_it_was_written() -> None:
    assert from_json(to_json(DOCUMENT)) == DOCUMENT


def test_json_says_what_is_reached() -> None:
    assert re.findall(r'"reached": (\w+)', to_json(DOCUMENT)) == ["false", "true", "null"]


def test_page_has_every_result_with_its_verdict() -> None:
    rows = [line for line in page.page(DOCUMENT).splitlines() if "n=1)" in line]
    assert rows == [
        (
            "| `a` & <b> | 2 ms (2 ms to 2 ms, n=1) | `c` | 1 ms (1 ms to 1 ms, n=1)"
            " | 2.00 (2.00 to 2.00) | 1.25 | **missed** |"
        ),
        (
            "| fast | 1 µs (1 µs to 1 µs, n=1) | slow | 2 s (2 s to 2 s, n=1)"
            " | 0.000 (0.000 to 0.000) | 0.05 | **reached** |"
        ),
        (
            "| one | 1 s (1 s to 1 s, n=1) | another | 1 s (1 s to 1 s, n=1)"
            " | 1.00 (1.00 to 1.00) |  |  |"
        ),
    ]


def test_page_has_date_versions_and_system_calls() -> None:
    made = page.page(DOCUMENT)
    assert "| date | 2026-01-02 |" in made
    assert "| Wine | wine-10.0 |" in made
    assert "| getpgid(pid) | 2 | 3 | 2 NtClose, NtOpen |" in made


def test_printed_it_is_the_same() -> None:
    lines = list(page.text(DOCUMENT))
    assert "  a & <b>: 2 ms; c: 1 ms; 2.00 (2.00 to 2.00) <= 1.25: missed" in lines
    assert "  getpgid(pid): 2, 3" in lines


def test_picture_is_xml_with_colours_for_dark_and_light() -> None:
    made = picture(DOCUMENT)
    root = ElementTree.fromstring(made)
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert [circle.get("class") for circle in circles] == ["missed", "reached", "told"]
    assert "prefers-color-scheme: dark" in made


def test_host_is_described() -> None:
    about = about_host()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", about["date"])
    assert "processors" in about["machine"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (0.000_5, "500 µs")]
)
def test_duration(seconds: float, text: str) -> None:
    assert page.duration(seconds) == text


# --- one processor --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="processors are chosen on Linux only")
def test_one_processor_is_kept_to_when_wine_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1, 3, 5})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *given: asked.append(given))
    monkeypatch.setattr(wine.Wine, "wait_until_idle", lambda _self: asked.append("idle"))
    said = processor.keep_to_one(wine.Wine(Path("wine"), None, "", Path("prefix")))
    assert asked == ["idle", (0, {5})]
    assert said.startswith("1 of 3")


# --- results --------------------------------------------------------------------------------------


def sampled(**seconds: float) -> dict[str, list[float]]:
    return {name.replace("_", "."): [value] * 3 for name, value in seconds.items()}


SIZES = (2, 16, 64, 256)
CALLED = {
    "import": sampled(ctrlevent=1.0, killpg=1.0, standard=1.0),
    "getpgid 2": sampled(ctrlevent=1.0, plain=1.0, psutil=1.0),
    "kill self": sampled(ctrlevent=1.0, os_kill=1.0),
    **{f"killpg {size}": sampled(ctrlevent=3.0, checked=2.0, bare=1.0) for size in SIZES},
    **{f"console_processes {n}": sampled(ctrlevent=n, getpgid=1.0) for n in SIZES[1:]},
}


def test_verbs_that_start_something() -> None:
    samples = {
        "kill self": sampled(ctrlevent=1.0, os_kill=2.0),
        "elsewhere, first": {"ctrlevent": [2.0], "console-ctrl": [1.0]},
        "elsewhere, again": {"ctrlevent": [1.0], "console-ctrl": [20.0]},
        "Popen": sampled(ctrlevent=1.2, subprocess=1.0),
        "run": {
            "ctrlevent": [1.1],
            "subprocess": [1.0],
            "shared": [3.0],
            "subprocess, shared": [2.0],
        },
        "command line": {
            "pass": [1.0],
            "-m": [1.5],
            "run": [5.0],
            "pytest": [2.0],
            "--own-console": [3.0],
        },
        "at once": sampled(interrupt=4.0, bare=2.0, kill=5.0, connected=1.0),
        "guard": {"nothing": [3.0], "Ctrl+C": [6.0], "echo": [1.0]},
    }
    found = list(pairs.started(samples))
    assert [one.reached for one in found[:6]] == [True, True, False, True, False, True]
    rest = [(one.ratio.value, one.reached) for one in found[6:]]
    assert rest == [
        (1.5, None), (5.0, False), (2.0, None), (1.5, None), (2.0, None), (5.0, None),
        (3.0, None), (2.0, None),
    ]  # fmt: skip


def test_killpg_is_compared_by_what_it_costs_more_than_the_bare_call() -> None:
    found = [one for one in pairs.called(CALLED) if "how much more than" in one.what]
    assert [(one.ours.median, one.theirs.median) for one in found] == [(2.0, 1.0)] * 4
    assert not any(one.reached for one in found)


@pytest.mark.parametrize(("each", "reached"), [(1.0, True), (1.3, False)])
def test_console_processes_is_to_be_linear(each: float, reached: bool) -> None:
    many = {"console_processes 256": sampled(ctrlevent=256 * each, getpgid=1.0)}
    (found,) = [one for one in pairs.called({**CALLED, **many}) if "linear" in one.against]
    assert found.reached is reached
