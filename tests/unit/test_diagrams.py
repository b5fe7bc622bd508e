"""The drawings of the explanation: each scenario comes out as it says, and is drawn as it came out.

They were recorded on Microsoft's console server, and come out the same on the model in tests/fakes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from docs._diagrams import recorded
from docs._diagrams.__main__ import PICTURE
from docs._diagrams.drawing import VERDICTS, in_words, svg
from docs._diagrams.recording import CALL, CONSOLE, EVENT, NOTE
from docs._diagrams.scenarios import PROBLEM, SCENARIOS

if TYPE_CHECKING:
    from docs._diagrams.recording import Recording

# The processes that get the event, and what else the explanation says of it.
REACHED = {
    "group": {"launcher", "python"},
    "leak": {"launcher", "python", "shell"},
    "hang": {"launcher", "python", "shell"},
    "cleared": {"guard"},
    "phantom": set(),
    "ignored": set(),
    "heard": {"child"},
    "kill-self": {"python"},
    "kill": {"python"},
    "killpg": {"launcher", "python"},
    "refused": set(),
    "waited-for": {"child"},
}
SAID = {
    "group": ["success"],
    "leak": ["no entry has group 1008: the event stays parked", "success", "prints something"],
    "hang": ["stays parked", "success", "waits for 60 s: nothing comes", "prints something"],
    "cleared": [
        "stays parked",
        "GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 1012)",
        "drops both",
        "success",
        "GenerateConsoleCtrlEvent(CTRL_C_EVENT, 1012)",
        "Ctrl+C",
        "a Ctrl+C was pending",
        "prints something",
    ],
    "phantom": ["a phantom", "success", "connects", "refused", "ends with 0xC0000142"],
    "ignored": ["Ctrl+C", "CtrlRoutine drops it", "success"],
    "heard": ["clears its ignore bit", "returns", "Ctrl+C", "success"],
    "kill-self": ["starts a thread at CtrlRoutine", "Ctrl+C", "returns", "prints something"],
    "kill": ["group 1004", "1000, 1004, 1008", "starts a thread", "Ctrl+C", "returns"],
    "killpg": ["who is attached?", "group 1004", "GenerateConsoleCtrlEvent", "Ctrl+C", "returns"],
    "refused": ["who is attached?", "group 1004", "raises NotAGroupLeader", "prints something"],
    "waited-for": ["who is attached?", "connects", "who is attached?", "Ctrl+C", "returns"],
}
SVG = "{http://www.w3.org/2000/svg}"

RECORDED = recorded.load()

each = pytest.mark.parametrize("name", SCENARIOS)


@each
def test_the_model_does_what_was_recorded_on_the_server(name: str) -> None:
    assert SCENARIOS[name].play() == RECORDED[name]


def test_every_scenario_is_expected_to_come_out_somehow() -> None:
    assert set(REACHED) == set(SAID) == set(SCENARIOS)


@each
def test_who_gets_the_event_and_who_does_not(name: str) -> None:
    assert set(RECORDED[name].reached) == REACHED[name]


@each
def test_what_happens_in_which_order(name: str) -> None:
    steps = iter(step.text for step in RECORDED[name].steps)
    for said in SAID[name]:
        assert any(said in text for text in steps), said


@each
def test_calls_of_ctrlevent_reach_those_who_were_meant(name: str) -> None:
    scenario = SCENARIOS[name]
    recording = RECORDED[name]
    is_ours = not any(step.text.startswith("os.kill") for step in recording.steps)
    if is_ours:
        assert set(recording.reached) == set(scenario.meant)
        assert not any("parked" in step.text or "phantom" in step.text for step in recording.steps)
    else:
        assert name in ("group", "leak", "hang", "cleared", "phantom", "ignored", "heard")


@each
def test_a_parked_event_comes_when_a_process_prints_unless_it_was_cleared(name: str) -> None:
    steps = RECORDED[name].steps
    parked = [index for index, step in enumerate(steps) if "parked" in step.text]
    if parked:
        after = steps[parked[0] :]
        calls = [index for index, step in enumerate(after) if step.kind == CALL]
        assert EVENT not in {step.kind for step in after[: calls[0]]}
        assert after[calls[-1]].text == "prints something"
        came = EVENT in {step.kind for step in after[calls[-1] :]}
        assert came == (name != "cleared")


# --- the drawing says the same --------------------------------------------------------------------


def parse(name: str) -> ET.Element:
    return ET.fromstring(svg(SCENARIOS[name], RECORDED[name]))


def by_class(drawing: ET.Element, tag: str, kind: str) -> list[ET.Element]:
    found = drawing.iter(SVG + tag)
    return [one for one in found if kind in (one.get("class") or "").split()]


def columns(recording: Recording, drawing: ET.Element) -> dict[str, str]:
    """The x of the line of each process, by the heads: x -> name."""
    heads = {"".join(one.itertext()): one.get("x") for one in by_class(drawing, "text", "name")}
    assert list(heads) == [one.name for one in recording.participants]
    return {x: name for name, x in heads.items() if x}


@each
def test_drawn_verdicts_are_who_got_it_and_who_was_meant(name: str) -> None:
    scenario, drawing = SCENARIOS[name], parse(name)
    at = columns(RECORDED[name], drawing)
    drawn = {
        at[one.get("x", "")]: "".join(one.itertext())
        for one in by_class(drawing, "text", "verdict")
    }
    assert set(drawn) == set(scenario.order) - {"console"}
    for who, words in drawn.items():
        assert words == VERDICTS[who in REACHED[name], who in scenario.meant][1]


@each
def test_drawn_arrows_of_an_event_end_at_those_who_got_it(name: str) -> None:
    drawing = parse(name)
    at = columns(RECORDED[name], drawing)
    ends = [one.get("points", "").split(",")[0] for one in by_class(drawing, "polygon", "event")]
    dropped = {"child"} if name == "ignored" else set()
    assert {at[x] for x in ends} == REACHED[name] | dropped


@each
def test_every_step_is_drawn_and_told_in_words(name: str) -> None:
    scenario, drawing = SCENARIOS[name], parse(name)
    recording = RECORDED[name]
    texts = "".join("".join(one.itertext()) for one in drawing.iter(SVG + "text"))
    words = in_words(recording, scenario)
    for step in recording.steps:
        assert step.text.replace(" ", "") in texts.replace(" ", "")
    assert len(words) == len(recording.steps) + len(recording.participants) - 1
    description = drawing.find(SVG + "desc")
    assert description is not None
    assert description.text == "; ".join(words)


@each
def test_nothing_is_drawn_outside_of_the_picture(name: str) -> None:
    drawing = parse(name)
    _, _, width, height = (float(value) for value in drawing.get("viewBox", "").split())
    for box in drawing.iter(SVG + "rect"):
        left, top = float(box.get("x", "")), float(box.get("y", ""))
        assert 0 <= left <= left + float(box.get("width", "")) <= width
        assert 0 <= top <= top + float(box.get("height", "")) <= height


def test_notes_stand_at_whom_they_are_about() -> None:
    for recording in RECORDED.values():
        steps = recording.steps
        assert all(step.source == step.target for step in steps if step.kind == NOTE)
        assert all(step.source == CONSOLE for step in steps if "parked" in step.text)


def test_picture_of_the_readme_is_up_to_date() -> None:
    """`python -m docs._diagrams` draws it again."""
    assert PICTURE.read_text(encoding="utf-8") == svg(
        SCENARIOS[PROBLEM], RECORDED[PROBLEM], standalone=True
    )


def test_picture_of_the_readme_has_colours_for_the_light_and_for_the_dark() -> None:
    style = ET.parse(PICTURE).getroot().find(SVG + "style")
    assert style is not None
    light, dark = (style.text or "").split("@media (prefers-color-scheme: dark)")
    for variable in ("--paper", "--text", "--line", "--event", "--good", "--bad"):
        assert variable in light
        assert variable in dark
