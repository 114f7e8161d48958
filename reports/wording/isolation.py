"""Isolation: names from outside that run from right to left, balanced apart from the sentences around them.

Here: Unicode isolates around such names (Unicode TR 9), and texts as they are printed, with these isolates and no other
direction marks.
Not here: markup for them (rendering/render.py), which characters are taken out (sql/safety/characters.py).
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from sql.safety.characters import one_line

FIRST_STRONG, POP = "\u2068", "\u2069"

# Hebrew, Arabic, Syriac, Thaana, N'Ko and their neighbours; presentation forms; the historic scripts.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ISOLATED = re.compile(f"{FIRST_STRONG}([^{FIRST_STRONG}{POP}]*){POP}")
_NAMES = frozenset({"name", "sponsor", "campaign", "show", "episode", "placement"})
_LISTS = frozenset({"campaigns"})

# Characters that are never assigned, and that a text therefore does not hold.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"

Record = TypeVar("Record")


def isolated(record: Record) -> Record:
    """The record and those in it, with isolates around each name that has a letter of a right-to-left script.

    Between the isolates a name keeps its own order: that of its first letter with a direction.
    """
    changed: dict[str, Any] = {}
    for each in fields(record):  # type: ignore[arg-type]
        value = getattr(record, each.name)
        shown: Any
        if isinstance(value, str):
            shown = _name(value) if each.name in _NAMES else value
        elif isinstance(value, tuple):
            named = each.name in _LISTS
            shown = tuple(_isolated_part(part, named=named) for part in value)
        else:
            shown = isolated(value) if is_dataclass(value) else value
        if shown != value:
            changed[each.name] = shown
    return replace(record, **changed) if changed else record  # type: ignore[type-var]


def printed(text: str, opening: str = FIRST_STRONG, closing: str = POP) -> str:
    """The text in one line, without what is not seen; isolates that belong together stay, or become other marks."""
    if FIRST_STRONG not in text:
        return one_line(text)
    balanced = _ISOLATED.sub(rf"{_OPEN}\1{_CLOSE}", text.replace(_OPEN, "").replace(_CLOSE, ""))
    return one_line(balanced).replace(_OPEN, opening).replace(_CLOSE, closing)


def _isolated_part(part: Any, *, named: bool) -> Any:
    if is_dataclass(part):
        return isolated(part)
    return _name(part) if named and isinstance(part, str) else part


def _name(name: str) -> str:
    return f"{FIRST_STRONG}{one_line(name)}{POP}" if _RIGHT_TO_LEFT.search(name) else one_line(name)
