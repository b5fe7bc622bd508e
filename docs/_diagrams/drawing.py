"""A recording as a sequence diagram in SVG, and in words.

The colours are CSS variables, so that a page can give its own; `standalone` has a style inside that
follows the reader's light or dark. Words below say which process got the event, for readers who
cannot tell the colours.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .recording import EVENT, NOTE

if TYPE_CHECKING:
    from .recording import Participant, Recording, Step
    from .scenarios import Scenario

COLUMN = 176
HEAD = 64
FOOT = 34
NOTE_WIDTH = 164
LINE = 15
CHARACTER = 6.3
"""About the greatest width of a character, in the 12 pixels that text has here."""

COLOURS = """
.sequence { --line: #5b6470; --text: #1c2024; --faint: #656d76; --paper: #ffffff; --box: #f3f4f6;
  --event: #b4540a; --good: #1a7f37; --bad: #cf222e; background: var(--paper); }
@media (prefers-color-scheme: dark) {
  .sequence { --line: #9aa4af; --text: #e6edf3; --faint: #8d96a0; --paper: #0d1117; --box: #1c2128;
    --event: #f0a35e; --good: #56d364; --bad: #ff7b72; }
}
"""

RULES = """
.sequence text { font: 12px ui-sans-serif, system-ui, "Segoe UI", sans-serif; fill: var(--text); }
.sequence .name { font-weight: 600; font-size: 14px; }
.sequence .id { fill: var(--faint); }
.sequence .life { stroke: var(--faint); stroke-dasharray: 2 4; }
.sequence .box { fill: var(--box); stroke: var(--line); }
.sequence .call, .sequence .answer { stroke: var(--line); fill: none; }
.sequence .answer { stroke-dasharray: 5 4; }
.sequence .event { stroke: var(--event); stroke-width: 2; fill: none; }
.sequence polygon.call, .sequence polygon.answer { fill: var(--line); stroke: none; }
.sequence polygon.event { fill: var(--event); stroke: none; }
.sequence text.event { fill: var(--event); font-weight: 600; }
.sequence text.call, .sequence text.answer { fill: var(--text); }
.sequence text.halo { stroke: var(--paper); stroke-width: 5px; stroke-dasharray: none;
  stroke-linejoin: round; paint-order: stroke; }
.sequence .verdict { font-weight: 600; }
.sequence .as-meant { fill: var(--good); }
.sequence .not-meant, .sequence .missed { fill: var(--bad); }
.sequence .spared { fill: var(--faint); font-weight: 400; }
"""

VERDICTS = {
    (True, True): ("as-meant", "got it"),
    (True, False): ("not-meant", "got it too"),
    (False, True): ("missed", "never got it"),
    (False, False): ("spared", "did not get it"),
}
"""By whether a process got the event, and whether it was meant: class and words."""


def verdict(name: str, recording: Recording, meant: tuple[str, ...]) -> tuple[str, str]:
    return VERDICTS[name in recording.reached, name in meant]


def svg(scenario: Scenario, recording: Recording, *, standalone: bool = False) -> str:
    """The drawing. Standalone: as a file of its own, else as a part of an HTML page."""
    return _Drawing(scenario, recording).text(standalone=standalone)


def in_words(recording: Recording, scenario: Scenario) -> list[str]:
    """The same, a sentence for each step, for readers who do not see the drawing."""
    names = {one.pid: one.name for one in recording.participants}
    words: list[str] = []
    for step in recording.steps:
        source, target = names[step.source], names[step.target]
        if step.kind == NOTE:
            words.append(f"{source}: {step.text}")
        elif step.kind == EVENT:
            words.append(f"{target} gets {step.text}")
        else:
            words.append(f"{source} to {target}: {step.text}")
    return words + [
        f"{one.name} {verdict(one.name, recording, scenario.meant)[1]}"
        for one in recording.participants
        if one.pid
    ]


class _Drawing:
    def __init__(self, scenario: Scenario, recording: Recording) -> None:
        self.scenario = scenario
        self.recording = recording
        self.x = {
            one.pid: COLUMN * index + COLUMN // 2
            for index, one in enumerate(recording.participants)
        }
        self.width = COLUMN * len(self.x)
        self.y = HEAD + 10
        self.parts: list[str] = []

    def text(self, *, standalone: bool) -> str:
        for step in self.recording.steps:
            if step.kind == NOTE:
                self._note(step)
            elif step.source == step.target:
                self._to_itself(step)
            else:
                self._arrow(step)
        bottom = self.y + 12
        heads = [self._participant(one, bottom) for one in self.recording.participants]
        title = escape(self.scenario.title)
        words = escape("; ".join(in_words(self.recording, self.scenario)))
        style = f"<style>{COLOURS}{RULES}</style>" if standalone else ""
        width, height = self.width, bottom + FOOT
        root = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="sequence" role="img"'
            f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' style="min-width: {width * 6 // 7}px" aria-label="{title}">'
        )
        return "\n".join(
            [
                root,
                f"<title>{title}</title>",
                f"<desc>{words}</desc>",
                *([style] if style else []),
                *heads,
                *self.parts,
                "</svg>",
                "",
            ]
        )

    def _participant(self, one: Participant, bottom: int) -> str:
        x = self.x[one.pid]
        parts = [
            f'<line class="life" x1="{x}" y1="{HEAD - 8}" x2="{x}" y2="{bottom}"/>',
            f'<rect class="box" x="{x - 79}" y="10" width="158" height="44" rx="6"/>',
            f'<text class="name" x="{x}" y="29" text-anchor="middle">{escape(one.name)}</text>',
        ]
        about = "conhost"
        if one.pid:
            about = f"{one.pid}, leads group {one.group}"
            if one.pid != one.group:
                about = f"{one.pid}, in group {one.group}"
            kind, words = verdict(one.name, self.recording, self.scenario.meant)
            parts.append(
                f'<text class="verdict {kind}" x="{x}" y="{bottom + 20}"'
                f' text-anchor="middle">{words}</text>'
            )
        parts.append(f'<text class="id" x="{x}" y="46" text-anchor="middle">{about}</text>')
        return "\n".join(parts)

    def _note(self, step: Step) -> None:
        lines = textwrap.wrap(step.text, int((NOTE_WIDTH - 12) / CHARACTER)) or [""]
        x, height = self.x[step.source], LINE * len(lines) + 9
        self.parts.append(
            f'<rect class="box" x="{x - NOTE_WIDTH // 2}" y="{self.y}" width="{NOTE_WIDTH}"'
            f' height="{height}" rx="3"/>'
        )
        self.parts += [
            f'<text x="{x}" y="{self.y + LINE * (index + 1)}" text-anchor="middle">'
            f"{escape(line)}</text>"
            for index, line in enumerate(lines)
        ]
        self.y += height + 10

    def _arrow(self, step: Step) -> None:
        start, end = self.x[step.source], self.x[step.target]
        lines = textwrap.wrap(step.text, int((abs(end - start) - 16) / CHARACTER))
        for line in lines:
            self.y += LINE
            self._label(step, (start + end) // 2, line)
        self.y += 7
        point = 1 if end > start else -1
        self.parts.append(
            f'<line class="{step.kind}" x1="{start}" y1="{self.y}" x2="{end - 6 * point}"'
            f' y2="{self.y}"/>'
        )
        self._head(step, end, point)
        self.y += 12

    def _to_itself(self, step: Step) -> None:
        x = self.x[step.source]
        lines = textwrap.wrap(step.text, int((COLUMN - 52) / CHARACTER))
        height = max(LINE * len(lines), 18) + 4
        for index, line in enumerate(lines):
            self.parts.append(
                f'<text class="{step.kind} halo" x="{x + 38}" y="{self.y + LINE * (index + 1)}">'
                f"{escape(line)}</text>"
            )
        self.parts.append(
            f'<path class="{step.kind}" d="M {x} {self.y + 6} h 30 v {height - 6} h -24"/>'
        )
        self.y += height
        self._head(step, x, -1)
        self.y += 14

    def _label(self, step: Step, x: int, line: str) -> None:
        self.parts.append(
            f'<text class="{step.kind} halo" x="{x}" y="{self.y}" text-anchor="middle">'
            f"{escape(line)}</text>"
        )

    def _head(self, step: Step, x: int, point: int) -> None:
        back = x - 9 * point
        self.parts.append(
            f'<polygon class="{step.kind}" points="{x},{self.y} {back},{self.y - 4}'
            f' {back},{self.y + 4}"/>'
        )
