"""Doubled: JSON objects that say two things under one key, of which parsers silently keep the last.

Here: reading such JSON so that it shows.
Not here: which keys matter (engines/records.py for logs, assets/orders/rows.py for orders).
"""

from __future__ import annotations

import json
from typing import Any, Final


class _TwoValues:
    """Stands where an object has two values under one key."""

    def __repr__(self) -> str:
        return "two values"


TWO_VALUES: Final = _TwoValues()


def load_doubled(text: str) -> Any:
    """The value of a JSON text, with TWO_VALUES under each key that an object has twice with values that differ.

    Raises ValueError for what is no JSON, and RecursionError for brackets without end.
    """
    return json.loads(text, strict=False, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value or type(found[key]) is not type(value):
                found[key] = TWO_VALUES
    return found
