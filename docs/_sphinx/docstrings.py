"""The docstrings, which are plain text with `names` in backticks, as reStructuredText."""

from __future__ import annotations

import re

import ctrlevent
from ctrlevent._types import CtrlEvent

NAMES: frozenset[str] = frozenset(vars(ctrlevent)["__all__"])

EVENTS = frozenset(event.name for event in CtrlEvent)

_PAGE = re.compile(r"docs/([\w-]+)\.md")

_QUOTED = re.compile(r"`([^`]+)`|(?<=\w)_(?=\W|$)")


def with_links(lines: list[str]) -> list[str]:
    """What stands in backticks becomes a link where it is a public name or a page, else a literal.

    A letter right after it ("several `Popen`s") would keep it from being either; a word that ends
    with an underscore would be taken for a link.
    """
    text = "\n".join(lines)
    if text.startswith("Alias for field number"):  # namedtuple's own docstring
        return []
    return _QUOTED.sub(_role, text).split("\n")


def _role(match: re.Match[str]) -> str:
    if match[1] is None:
        return r"\_"
    text = " ".join(match[1].split())
    end = match.string[match.end() : match.end() + 1]
    escape = "\\ " if end.isalnum() else ""
    page = _PAGE.fullmatch(text)
    if page:
        return f":doc:`{text} </{page[1]}>`{escape}"
    target = text.removeprefix("ctrlevent.")
    if target in EVENTS:
        target = f"CtrlEvent.{target}"
    if target.partition(".")[0] in NAMES and re.fullmatch(r"[\w.]+", target):
        return f":py:obj:`{text} <ctrlevent.{target}>`{escape}"
    return f"``{text}``{escape}"
