"""Comparing: what is to be added, changed, removed or left, so that the database has what the files say.

Here: rows that are wanted against rows that are there, column by column, in the order in which they are entered.
Not here: what entries want (resolving.py), the text of the changes for people (describing.py) and for the database
(statements.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from assets.catalogue.files.entries import Place
from assets.catalogue.kinds import KINDS, Kind
from assets.catalogue.state import Row, State

Action = Literal["add", "change", "remove", "keep"]

# What the pruning of rows never touches: the tenant itself, rates that all tenants share, settings that are versions.
NEVER_PRUNED = frozenset({"tenants", "rates", "attribution"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row that the files want: the values that they give, by column. key: of state.key_of; name: its readable id."""

    kind: str
    key: tuple[Any, ...]
    values: Row
    place: Place
    name: str = ""
    row_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changes.

    row: the values after it, of an addition those given; found: the row as it is; changed: columns that differ
    place: where the files want it; None where they left it out. because: why a row that was to go stays
    """

    kind: str
    action: Action
    row: Row
    found: Row | None = None
    changed: tuple[str, ...] = ()
    place: Place | None = None
    row_id: UUID | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class CataloguePlan:
    """The changes of one tenant, in the order in which they can be made; left: rows of each kind that no file names."""

    tenant: UUID
    slug: str
    changes: tuple[Change, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    slugs: tuple[tuple[str, str, UUID], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(change.action != "keep" for change in self.changes)

    def count(self, action: Action) -> int:
        return sum(change.action == action for change in self.changes)


def compare(state: State, wanted: Sequence[Wanted], *, prune: bool = False) -> CataloguePlan:
    """What changes a tenant's rows into those that are wanted.

    Rows that the files do not name are left, but for those that share a value with one that they do name
    (Kind.together) and, with prune, those of the kinds that they name.
    """
    by_kind: dict[str, list[Wanted]] = {}
    for each in wanted:
        by_kind.setdefault(each.kind, []).append(each)
    entered: list[Change] = []
    replaced: list[Change] = []
    pruned: list[Change] = []
    left: dict[str, int] = {}
    for kind in KINDS.values():
        named = by_kind.get(kind.name, [])
        rows = state.rows.get(kind.name, {})
        keys = {each.key for each in named}
        entered += [change for each in named if (change := _change(kind, each, rows.get(each.key)))]
        absent = {key: row for key, row in rows.items() if key not in keys}
        groups = {_group(kind, each.values) for each in named} if kind.together else set()
        gone = {key for key, row in absent.items() if kind.together and _group(kind, row) in groups}
        replaced += [_removal(kind, absent[key]) for key in gone]
        rest = [row for key, row in absent.items() if key not in gone]
        if prune and named and kind.name not in NEVER_PRUNED:
            pruned = [_removal(kind, row) for row in rest if _is_there(kind, row)] + pruned
        elif named and rest:
            left[kind.name] = len(rest)
    slugs = tuple(_new_slugs(state, wanted))
    return CataloguePlan(state.tenant, state.slug, (*replaced, *entered, *pruned), left, slugs)


def retain_used(plan: CataloguePlan, used: Collection[UUID]) -> CataloguePlan:
    """The plan without the removal of rows that events, results or reports name: these stay, and it says so."""
    changes = tuple(
        Change(each.kind, "keep", each.row, each.found, because="events or reports name it", row_id=each.row_id)
        if each.action == "remove" and each.row_id in used
        else each
        for each in plan.changes
    )
    return CataloguePlan(plan.tenant, plan.slug, changes, plan.left, plan.slugs)


def is_same(old: Any, new: Any) -> bool:
    """Whether two values are the same to whoever reads them."""
    if isinstance(old, str) and isinstance(new, str):
        return old.strip() == new.strip()
    if isinstance(old, float | Decimal) and isinstance(new, float | Decimal | int) and not isinstance(new, bool):
        return Decimal(str(old)) == Decimal(str(new))
    if isinstance(old, datetime) and isinstance(new, datetime):
        return old == new
    return bool(old == new)


def _change(kind: Kind, wanted: Wanted, found: Row | None) -> Change | None:
    if found is None:
        return Change(kind.name, "add", wanted.values, None, (), wanted.place, wanted.row_id)
    changed = tuple(name for name, value in wanted.values.items() if not is_same(found.get(name), value))
    if not changed:
        return None
    row = {**found, **wanted.values}
    return Change(kind.name, "change", row, found, changed, wanted.place, wanted.row_id)


def _removal(kind: Kind, row: Row) -> Change:
    return Change(kind.name, "remove", row, row, row_id=row.get(kind.row_id))


def _is_there(kind: Kind, row: Row) -> bool:
    """Whether there is anything to remove; a subscription that is stopped stays for the reports that it had."""
    return bool(row["active"]) if kind.name == "subscriptions" else True


def _group(kind: Kind, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(kind.field(name).stored) for name in kind.together)


def _new_slugs(state: State, wanted: Sequence[Wanted]) -> Iterator[tuple[str, str, UUID]]:
    for each in wanted:
        if KINDS[each.kind].own_slug and each.row_id is not None and each.row_id not in state.own_slugs:
            yield each.kind, each.name, each.row_id
