"""Markdown: text from outside inside Markdown, as the orchestrator's pages and the methodology show it.

Here: cells and tables, in which a name can be no markup, no link, no HTML and no further column or row.
Not here: what is shown; whole pages (methods/pages.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sql.safety.characters import one_line

# What Markdown would read as markup in running text; an underscore inside a word is none. Addresses of pages would
# become links by themselves.
_MARKUP = re.compile(r"([\\`*\[\]<>|#~&]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=\bwww)\.|@)")


def cell(text: object) -> str:
    """The text in one line, as Markdown that shows exactly that."""
    return _MARKUP.sub(r"\\\1", one_line(str(text)))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> str:
    """A table of these cells; the columns named by right hold numbers."""
    rules = ("---:" if heading in right else "---" for heading in headings)
    lines = [headings, *rows]
    head, *body = (f"| {' | '.join(map(cell, line))} |" for line in lines)
    return "\n".join([head, f"|{'|'.join(rules)}|", *body])
