"""The ratios as a picture: SVG that is readable on a dark and on a light page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .page import VERDICTS, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from .pairs import Result
    from .result import Document

_WIDTH, _LEFT, _RIGHT = 1120, 640, 120
_LINE, _TOP = 24, 52
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.head { font-weight: 600; }
.faint { fill: #59636e; }
.rule { stroke: #d1d9e0; }
.limit { stroke: #59636e; stroke-width: 2; }
.reached { fill: #1a7f37; stroke: #1a7f37; }
.missed { fill: #cf222e; stroke: #cf222e; }
.told { fill: #0969da; stroke: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .faint { fill: #9198a1; }
  .rule { stroke: #3d444d; }
  .limit { stroke: #9198a1; }
  .reached { fill: #3fb950; stroke: #3fb950; }
  .missed { fill: #f85149; stroke: #f85149; }
  .told { fill: #4493f8; stroke: #4493f8; }
}
"""


def picture(document: Document) -> str:
    """One line for each result, on a logarithmic scale; to the left of 1 we are faster."""
    ratios = [one.ratio for section in document.sections for one in section.results]
    lowest = 10 ** math.floor(math.log10(min(0.5, *(one.low for one in ratios))))
    highest = 10 ** math.ceil(math.log10(max(2.0, *(one.high for one in ratios))))

    def x(value: float) -> float:
        share = math.log(value / lowest) / math.log(highest / lowest)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    body: list[str] = []
    y = _TOP
    for section in document.sections:
        body.append(f'<text class="head" x="8" y="{y + 17}">{escape(section.where)}</text>')
        y += _LINE
        for one in section.results:
            body += _line(one, y + _LINE / 2, x)
            y += _LINE
        y += 8
    scale: list[str] = []
    ticks = round(math.log10(highest / lowest))
    for power in range(ticks + 1):
        value = lowest * 10**power
        at = f"{x(value):.1f}"
        scale.append(f'<line class="rule" x1="{at}" x2="{at}" y1="{_TOP - 8}" y2="{y}"/>')
        scale.append(f'<text class="faint" x="{at}" y="34" text-anchor="middle">{value:g}</text>')
    title = "Ratio to what it is compared with (dot: median; bar: 95 %; stroke: target)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" role="img">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            f'<text class="head" x="8" y="17">{title}</text>',
            *scale,
            *body,
            "</svg>\n",
        ]
    )


def _line(one: Result, y: float, x: Callable[[float], float]) -> list[str]:
    kind = VERDICTS[one.reached] or "told"
    name = escape(f"{one.what} / {one.against}".replace("`", ""))
    value, low, high = (f"{x(at):.1f}" for at in one.ratio)
    shown = f"{number(one.ratio.value)} {VERDICTS[one.reached]}"
    lines = [f'<text x="{_LEFT - 12}" y="{y + 4}" text-anchor="end">{name}</text>']
    if one.limit is not None:
        at = f"{x(one.limit):.1f}"
        lines.append(f'<line class="limit" x1="{at}" x2="{at}" y1="{y - 8}" y2="{y + 8}"/>')
    bar = f'x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke-width="3"'
    place = f'x="{_WIDTH - 8}" y="{y + 4}" text-anchor="end"'
    return [
        *lines,
        f'<line class="{kind}" {bar}/>',
        f'<circle class="{kind}" cx="{value}" cy="{y}" r="4"/>',
        f'<text class="faint" {place}>{shown}</text>',
    ]
