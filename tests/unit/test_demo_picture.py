"""The picture of the demo: it is what was recorded, and that is what the demo prints now."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from ctrlevent import _demo
from ctrlevent._demo import Page
from docs._diagrams import demo, terminal
from docs._diagrams.__main__ import PICTURE_OF_DEMO
from tests.fakes.demo import PIDS, Played
from tests.tools.bed import consoles

SVG = "{http://www.w3.org/2000/svg}"
RECORDED = demo.load()


def drawing() -> ET.Element:
    return ET.parse(PICTURE_OF_DEMO).getroot()


def test_recording_is_what_the_demo_prints_where_the_console_leaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If it should: `python -m docs._diagrams demo` records anew."""
    monkeypatch.setattr(_demo, "QUIET", 0)
    page = Page(coloured=True)
    page.title(demo.console(RECORDED))
    page.end(_demo.tell(PIDS, Played(parks=True), page), 0)
    now = demo.without_times(capsys.readouterr().out)
    assert now.splitlines() == demo.without_times(RECORDED).splitlines()


def test_it_was_recorded_on_the_newest_console() -> None:
    assert f"conhost {consoles.NEWEST} " in demo.console(RECORDED)


def test_pids_of_a_recording_are_those_of_the_drawings() -> None:
    output = b"process 436\r\nprocess 72\r\nuse killpg(436, ...), kill(72, 0), it is in group 436"
    assert demo.recorded(output) == (
        "process 1000\nprocess 1004\nuse killpg(1000, ...), kill(1004, 0), it is in group 1000"
    )


def test_times_are_no_difference() -> None:
    for text in (
        "after 1.5 ms   -> (17.0 s), conhost 1.25",
        "after 12.5 ms  -> (7.0 s), conhost 1.25",
    ):
        assert demo.without_times(text) == "after 0.0 ms -> (0.0 s ), conhost 1.25"


def test_picture_is_up_to_date() -> None:
    """`python -m docs._diagrams demo` draws it again."""
    drawn = terminal.svg(RECORDED, demo.COMMAND, standalone=True)
    assert PICTURE_OF_DEMO.read_text(encoding="utf-8") == drawn


def test_every_word_is_drawn_in_its_line() -> None:
    lines: dict[str, str] = {}
    for text in drawing().iter(f"{SVG}text"):
        if text.get("textLength"):
            line = lines.get(text.get("y", ""), "") + (text.text or "")
            lines[text.get("y", "")] = line.replace(" ", "")
    recorded = terminal.plain(RECORDED).replace(" ", "").splitlines()
    assert [*lines.values()] == [line for line in recorded if line]


def test_words_have_the_style_and_the_column_in_which_they_were_printed() -> None:
    page = Page(coloured=True)
    line = f"ab  {page.paint('bad', 'c d')}, e   {page.paint('faint', 'f')}"
    assert terminal.runs(f"\n{line}") == [
        (1, 0, "", "ab"),
        (1, 4, "bad", "c d"),
        (1, 7, "", ", e"),
        (1, 13, "faint", "f"),
    ]


def test_nothing_is_drawn_outside_of_the_picture() -> None:
    _, _, width, height = (float(value) for value in drawing().get("viewBox", "").split())
    for text in drawing().iter(f"{SVG}text"):
        left, right = float(text.get("x", "")), float(text.get("textLength", 0))
        assert 0 < left <= left + right < width
        assert 0 < float(text.get("y", "")) < height


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(part, 16) / 255 for part in re.findall("[0-9a-f]{2}", colour)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("style", terminal.COLOURS)
def test_each_colour_can_be_read_on_the_window(style: str) -> None:
    assert set(terminal.COLOURS) == {"", *Page.STYLES}
    light, dark = luminance(terminal.COLOURS[style]), luminance(terminal.PAPER)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_picture_has_its_text_for_readers_who_do_not_see_it() -> None:
    description = drawing().find(f"{SVG}desc")
    assert description is not None
    assert description.text == terminal.plain(RECORDED)
