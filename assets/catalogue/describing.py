"""Describing: a plan as rows of a table that people read.

Here: what each change is about and what it does, with names in place of ids.
Not here: the changes themselves (comparing.py), printing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assets.catalogue.comparing import CataloguePlan, Change
from assets.catalogue.exporting import shown
from assets.catalogue.files.forms import write
from assets.catalogue.kinds import KINDS, Kind
from assets.catalogue.state import State

SIGNS = {"add": "added", "change": "changed", "remove": "removed", "keep": "kept"}

# More than this of one kind and action are counted, not listed.
LISTED = 40


def describe(plan: CataloguePlan, before: State, after: State) -> Iterator[tuple[str, str, str, str]]:
    """What happens, the kind, the row, and how: one for each change, long lists cut. after: of state.state_after."""
    listed: dict[tuple[str, str], int] = {}
    for change in plan.changes:
        key = (change.action, change.kind)
        listed[key] = listed.get(key, 0) + 1
        if listed[key] <= LISTED:
            yield SIGNS[change.action], change.kind, name_of(change, after), _how(change, before, after)
    for (action, kind), count in listed.items():
        if count > LISTED:
            yield SIGNS[action], kind, f"and {count - LISTED} more", ""
    for kind, count in plan.left.items():
        yield "left", kind, f"{count} that no file names", ""


def name_of(change: Change, state: State) -> str:
    """The row of a change by its key, as the files have it."""
    kind = KINDS[change.kind]
    if change.kind in state.names and change.row_id is not None:
        name = state.names[change.kind].by_id.get(change.row_id)
        if name:
            return name
    words = [_text(state, kind, name, change) for name in kind.key]
    return ", ".join(word for word in words if word)


def _how(change: Change, before: State, after: State) -> str:
    kind = KINDS[change.kind]
    if change.action == "keep":
        return change.because
    if change.action == "remove":
        return "no more reports are made" if change.kind == "subscriptions" else ""
    fields = [field for field in kind.fields if not (kind.own_slug and field.name == "id")]
    if change.action == "add":
        cells = [(field.name, shown(after, kind, field, change.row)) for field in fields if field.name not in kind.key]
        return ", ".join(f"{name}: {_written(value)}" for name, value in cells if value is not None)
    assert change.found is not None  # noqa: S101  (a change is of a row that is there)
    pairs = [
        f"{field.name}: {_written(shown(before, kind, field, change.found))} -> "
        f"{_written(shown(after, kind, field, change.row))}"
        for field in fields
        if field.stored in change.changed
    ]
    return ", ".join(pairs)


def _text(state: State, kind: Kind, name: str, change: Change) -> str:
    value = shown(state, kind, kind.field(name), change.row)
    return "" if value is None else _written(value)


def _written(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "nobody"
    return write(value)
