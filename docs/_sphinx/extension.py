"""The directives of the pages, and what is done to the docstrings."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from docs._diagrams import demo, recorded, terminal
from docs._diagrams.drawing import RULES, in_words, svg
from docs._diagrams.scenarios import SCENARIOS

from .docstrings import with_links
from .tables import TABLES

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class SequenceDiagram(SphinxDirective):
    """A recording of `docs._diagrams`, drawn, with the same in words below."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        scenario = SCENARIOS[self.arguments[0]]
        recording = recorded.load()[self.arguments[0]]
        words = in_words(recording, scenario)
        items = "".join(f"<li>{html.escape(word)}</li>" for word in words)
        drawn = svg(scenario, recording)
        text = (
            f'<figure class="drawing"><div class="scrolls" tabindex="0">{drawn}</div>'
            f"<figcaption>{html.escape(scenario.title)}"
            f"<details><summary>in words</summary><ol>{items}</ol></details>"
            f"</figcaption></figure>"
        )
        return [nodes.raw("", text, format="html")]


class RecordedDemo(SphinxDirective):
    """The recording of the demo as a picture, with its text below. The argument is its caption."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        output = demo.load()
        text = (
            f'<figure class="drawing"><div class="scrolls" tabindex="0">'
            f"{terminal.svg(output, demo.COMMAND)}</div>"
            f"<figcaption>{html.escape(self.arguments[0])}"
            f"<details><summary>as text</summary>"
            f"<pre>{html.escape(terminal.plain(output))}</pre></details>"
            f"</figcaption></figure>"
        )
        return [nodes.raw("", text, format="html")]


class FromCode(SphinxDirective):
    """One of `tables`, made from the code now."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        node = nodes.container()
        lines = StringList(TABLES[self.arguments[0]]().split("\n"), "generated")
        self.state.nested_parse(lines, self.content_offset, node)
        return list(node.children)


def _process_docstring(_app: Sphinx, *args: Any) -> None:
    lines: list[str] = args[-1]
    lines[:] = with_links(lines)


def _write_style(app: Sphinx) -> None:
    """The rules of the drawings, which an SVG of its own has inside; the colours are the page's."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drawings.css").write_text(RULES + terminal.RULES, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("sequence-diagram", SequenceDiagram)
    app.add_directive("recorded-demo", RecordedDemo)
    app.add_directive("from-code", FromCode)
    app.connect("builder-inited", _write_style)
    app.connect("autodoc-process-docstring", _process_docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
