"""Shortening: a mail that mail clients would cut off, made small enough to be shown whole.

Here: content with fewer rows and shorter texts, in steps. It says that it is shortened: PDF and CSV hold all.
Not here: how large a mail may be (render.py), the sentence that says so (compose.py). The footer always stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from reports.content.report import Link, Notice, ReportContent, Table
from reports.wording.isolation import FIRST_STRONG, POP

# What the mail prints besides its logos and its footer (tests/reports/rendering/test_shortening.py).
_LISTS = ("notices", "lift", "limits", "to_date", "next_steps")
_TABLES = ("top_placements", "correction")
_GROUPS = ("top_campaigns", "shows")
PARTS = (
    "header",
    "finding",
    "note",
    "tiles",
    "growth",
    "delays",
    "line",
    "bars",
    "method",
    "against_targets",
    "proof",
    *_LISTS,
    *_TABLES,
    *_GROUPS,
)


@dataclass(frozen=True, slots=True)
class Step:
    """At most so many rows of a table, parts of a list, and signs of a text."""

    rows: int
    parts: int
    signs: int


STEPS = (Step(12, 12, 400), Step(6, 6, 160), Step(3, 4, 80), Step(0, 2, 60))


def shortened(content: ReportContent, step: Step) -> ReportContent:
    """The content as a shorter mail has it, which says so."""
    changed: dict[str, Any] = {name: _cut(getattr(content, name), step.signs) for name in PARTS}
    for name in _LISTS:
        changed[name] = changed[name][: step.parts]
    for name in _TABLES:
        table: Table | None = changed[name]
        changed[name] = replace(table, rows=table.rows[: step.rows]) if table else None
    for name in _GROUPS:
        changed[name] = tuple(replace(each, rows=each.rows[: step.rows]) for each in changed[name][: step.parts])
    changed["notices"] = (Notice("info", content.shortened), *changed["notices"])
    return replace(content, **changed)


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= most else _closed(f"{value[: most - 1].rstrip()}…")
    if isinstance(value, tuple):
        return tuple(_cut(each, most) for each in value)
    if isinstance(value, Link):
        return replace(value, text=_cut(value.text, most))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _cut(getattr(value, each.name), most) for each in fields(value)})
    return value


def _closed(text: str) -> str:
    """An isolate whose end was cut off ends here."""
    return text + POP * (text.count(FIRST_STRONG) - text.count(POP))
