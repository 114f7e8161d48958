"""Fields: what a record of an export says under the names of a mapping.

Here: the first name that says something, dots that lead into JSON, and values as text.
Not here: which names mean what (shops.py), what the texts say (rows.py, amounts.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assets.importing.doubled import TWO_VALUES

# What stands for a character that cannot be read.
UNREADABLE = "\ufffd"

# Halves of a character beyond 16 bits, which JSON can spell.
HALVES = re.compile("[\ud800-\udfff]")

# How spreadsheets write a text that looks like a number.
FORMULA = re.compile(r'^="(.*)"$', re.DOTALL)


def text_of(values: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the columns that says something, as text; what no database keeps becomes U+FFFD."""
    return _as_text(said_of(values, names))


def texts_beside(values: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """What stands in the same place of the other items, where a name leads to the first one: coupon_lines.0.code."""
    found: list[str] = []
    for name in names:
        front, first, end = name.partition(".0.")
        items = value_at(values, front) if first else None
        if isinstance(items, list):
            said = (_as_text(value_at(item, end)) for item in items if isinstance(item, dict))
            found += [text for text in said if text is not None]
    return found


def said_of(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value of the first of the columns that says something; of a list its only one."""
    found = (value_at(values, name) for name in names)
    alone = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in found)
    return next((value for value in alone if _as_text(value) is not None), None)


def _as_text(value: Any) -> str | None:
    if isinstance(value, dict | list) or value is None or value is TWO_VALUES:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = HALVES.sub(UNREADABLE, str(value)).replace("\0", UNREADABLE).strip()
    return FORMULA.sub(r"\1", text).strip() or None


def value_at(values: Mapping[str, Any], name: str) -> Any:
    """What a name stands for: the column itself, else what its dots lead to; TWO_VALUES where one on the way is."""
    value: Any = values.get(name)
    if value is not None or "." not in name:
        return value
    value = values
    for part in name.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif value is not TWO_VALUES:
            value = value.get(part) if isinstance(value, dict) else None
    return value
