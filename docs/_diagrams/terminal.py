"""What a program has printed on a terminal, as SVG.

The window is dark on every page, as terminals are, so that it has one set of colours. Each word
stands at its column whatever the font, as each has its place and its length.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.sax.saxutils import escape

from ctrlevent._demo import Page

# Of a character of 13 pixels; the most monospaced fonts have this ratio.
WIDTH, LINE = 7.8, 19
MARGIN, BAR = 18, 34

PAPER = "#0d1117"
COLOURS = {
    "": "#d1d7e0",
    "head": "#f0f6fc",
    "faint": "#9198a1",
    "bad": "#ff7b72",
    "good": "#56d364",
    "missed": "#e3b341",
    "role": "#79c0ff",
}
"""By the styles of `ctrlevent._demo.Page`; "" has none."""
BOLD = {style for style, codes in Page.STYLES.items() if codes.startswith("1")}

RULES = "".join(
    [
        '.terminal text { font: 13px ui-monospace, SFMono-Regular, Consolas, "DejaVu Sans Mono",',
        f" monospace; fill: {COLOURS['']}; }}\n",
        f".terminal .window {{ fill: {PAPER}; stroke: #6e7681; }}\n",
        ".terminal .button { fill: #6e7681; }\n",
        *(
            f".terminal .{style} {{ fill: {colour};"
            f"{' font-weight: 600;' if style in BOLD else ''} }}\n"
            for style, colour in COLOURS.items()
            if style
        ),
    ]
)

_STYLE_OF = {codes: style for style, codes in Page.STYLES.items()} | {"0": ""}
_ESCAPE = re.compile(r"\x1b\[([\d;]*)m")


class Run(NamedTuple):
    """Words of the same style, without two spaces between them."""

    row: int
    column: int
    style: str
    text: str


def runs(output: str) -> list[Run]:
    found: list[Run] = []
    style = ""
    for row, line in enumerate(output.splitlines()):
        column = 0
        for index, part in enumerate(_ESCAPE.split(line)):
            if index % 2:
                style = _STYLE_OF[part]
                continue
            found += [
                Run(row, column + words.start(), style, words[0])
                for words in re.finditer(r"\S+(?: \S+)*", part)
            ]
            column += len(part)
    return found


def plain(output: str) -> str:
    return _ESCAPE.sub("", output)


def svg(output: str, title: str, *, standalone: bool = False) -> str:
    """A window with that title. Standalone: as a file of its own, else as a part of a page."""
    lines = plain(output).splitlines()
    width = round(max(map(len, lines)) * WIDTH) + 2 * MARGIN
    height = BAR + len(lines) * LINE + MARGIN
    buttons = [f'<circle class="button" cx="{x}" cy="17" r="5"/>' for x in (20, 38, 56)]
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="terminal" role="img"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' style="min-width: {width * 6 // 7}px" aria-label="{escape(title)}">'
    )
    window = (
        f'<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    )
    middle = f'class="faint" x="{width // 2}" y="21" text-anchor="middle"'
    return "\n".join(
        [
            root,
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(plain(output))}</desc>",
            *([f"<style>{RULES}</style>"] if standalone else []),
            window,
            *buttons,
            f"<text {middle}>{escape(title)}</text>",
            *map(_drawn, runs(output)),
            "</svg>",
            "",
        ]
    )


def _drawn(run: Run) -> str:
    kind = f' class="{run.style}"' if run.style else ""
    x, y = MARGIN + run.column * WIDTH, BAR + (run.row + 1) * LINE - 5
    return (
        f'<text{kind} x="{x:.1f}" y="{y}" textLength="{len(run.text) * WIDTH:.1f}"'
        f' lengthAdjust="spacingAndGlyphs">{escape(run.text)}</text>'
    )
