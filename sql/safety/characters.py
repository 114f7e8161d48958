"""Characters: which ones in a text from outside do something other than being read.

Here: the classes, and the two ways to render them harmless: shown as an escape, or taken out of one line.
Not here: what a terminal, a mail, a page or a spreadsheet makes of them besides; each sink has its own function
(pipelines/console.py, sql/safety/logs.py, assets/markdown.py, reports/rendering/render.py, csv.py,
reports/drawing/typesetting.py, reports/delivery/addresses.py).
"""

from __future__ import annotations

import re

# Commands to terminals and parsers: C0 without the tab and the line feed, DEL, C1.
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
# Unicode TR 9: marks, embeddings, overrides and isolates, which show a text in another order than it has.
_DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Line ends that are no line feed.
_LINE_ENDS = r"\x0b\x0c\x0d\x1c-\x1e\x85\u2028\u2029"
# Zero width, invisible operators, deprecated format characters, annotations, tags: text that is not shown.
_INVISIBLE = (
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
# Joiners, which scripts such as Persian and pictures of several signs need.
_JOINERS = r"\u200c\u200d"
_SURROGATES = r"\ud800-\udfff"

_UNSAFE_ON_SCREEN = re.compile(f"[{_CONTROLS}{_DIRECTION}{_LINE_ENDS}{_INVISIBLE}{_JOINERS}{_SURROGATES}]")
_BLANK = re.compile(rf"[\t\n{_LINE_ENDS}]+")
_BLANKS = re.compile(" {2,}")
_UNREADABLE = re.compile(f"[{_CONTROLS}{_DIRECTION}{_INVISIBLE}{_SURROGATES}]+")


def visible(text: str) -> str:
    """The text with every character that a terminal obeys or hides shown as its escape; line feeds and tabs stay."""
    return text if text.isprintable() else _UNSAFE_ON_SCREEN.sub(_escape, text)


def visible_line(text: str) -> str:
    """The same as one line: line feeds are shown too, and a tab is a blank."""
    return visible(text).replace("\n", r"\n").replace("\t", " ")


def one_line(text: str) -> str:
    """The text as people read it: in one line, without what is not seen. Joiners and letters of every script stay.

    A line break or tab becomes a blank, runs of blanks become one; controls, direction marks and invisible characters
    go. Nothing is escaped: it is for sinks that print.
    """
    if not text.isprintable():
        text = _UNREADABLE.sub("", _BLANK.sub(" ", text))
    # Only these: a number can hold a blank that does not break.
    return _BLANKS.sub(" ", text).strip(" ")


def is_unreadable(character: str) -> bool:
    """Whether one_line takes the character out, or makes a blank of it."""
    return bool(_UNREADABLE.match(character) or _BLANK.match(character))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
