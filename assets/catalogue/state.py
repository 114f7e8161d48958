"""State: what the database has of one tenant, as the rows of each kind, by their keys and by their names.

Here: rows as values of forms, the key by which a row is found again, names of all rows.
Not here: reading them from the database (statements.py has the texts), what files want (resolving.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from assets.catalogue.kinds import KINDS, Kind
from assets.catalogue.names import Names, name_rows

Row = Mapping[str, Any]
Named = tuple[str, str, UUID]

# Columns that tell a row from others where no id does, and where the key's fields are not columns of that name.
ROW_KEYS: Mapping[str, tuple[str, ...]] = {
    "codes": ("sponsor_id", "code", "valid_from"),
    "airings": ("placement_id", "episode_id"),
    "spans": ("asset_id", "placement_id", "first_byte"),
    "attribution": ("campaign_id",),
    "inclusions": ("network",),
    "rates": ("day", "base", "quote"),
}


def key_of(kind: Kind, row: Row) -> tuple[Any, ...]:
    """By what a row is found again: its id, or the columns that make it."""
    return tuple(row[column] for column in ROW_KEYS.get(kind.name, (kind.row_id,)))


@dataclass(slots=True)
class State:
    """One tenant as it is; a new one has no rows.

    rows: of each kind by key_of; names: of each kind that is referred to; own_slugs: rows that have one.
    """

    tenant: UUID
    slug: str
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)
    own_slugs: frozenset[UUID] = frozenset()

    def row(self, kind: str, row_id: object) -> Row | None:
        return self.rows.get(kind, {}).get((row_id,))


def build_state(
    tenant: UUID, slug: str, rows: Mapping[str, Sequence[Row]], slugs: Sequence[tuple[str, str, UUID]]
) -> State:
    """rows: of each kind, as select_rows has them; slugs: kind, slug, row of catalogue_slugs."""
    state = State(tenant, slug, own_slugs=frozenset(row for _, _, row in slugs))
    for kind in KINDS.values():
        state.rows[kind.name] = {key_of(kind, row): row for row in rows.get(kind.name, ())}
    for kind in KINDS.values():
        if kind.row_id and kind.name != "codes":
            stored = {name: row for of, name, row in slugs if of == kind.name}
            state.names[kind.name] = _names(state, kind, stored)
    by_guid: dict[str, list[UUID]] = {}
    for row in state.rows["episodes"].values():
        by_guid.setdefault(row["guid"], []).append(row["episode_id"])
    state.names["episodes"].also = {guid: found[0] for guid, found in by_guid.items() if len(found) == 1}
    return state


def _names(state: State, kind: Kind, stored: Mapping[str, UUID]) -> Names:
    rows = state.rows[kind.name].values()
    if kind.own_slug:
        return name_rows(kind.name, {row[kind.row_id]: _called(state, kind.name, row) for row in rows}, stored)
    names = Names(kind.name)
    for row in rows:
        names.add(row[kind.fields[0].stored], row[kind.row_id])
    return names


def _called(state: State, kind: str, row: Row) -> str:
    """What a row without a slug is called. Kinds come in the order of KINDS, so what it refers to has its name."""
    names = state.names
    if kind == "episodes":
        return f"{names['shows'].by_id.get(row['podcast_id'], '')} {row['title']}"
    if kind == "placements":
        return f"{names['campaigns'].by_id.get(row['campaign_id'], '')} {row['name']}"
    if kind == "subscriptions":
        campaign = names["campaigns"].by_id.get(row["campaign_id"], "all")
        return f"{names['sponsors'].by_id.get(row['sponsor_id'], '')} {campaign} {row['cadence']}"
    return str(row["name"])


def state_after(state: State, changes: Iterable[tuple[str, tuple[Any, ...], Row]], names: Iterable[Named]) -> State:
    """The state with these rows (kind, key, values) in place of what it has, and with more names (kind, name, row)."""
    rows = {kind: dict(found) for kind, found in state.rows.items()}
    for kind, key, values in changes:
        rows[kind][key] = {**rows[kind].get(key, {}), **values}
    after = replace(
        state, rows=rows, names={kind: replace(each, by_id=dict(each.by_id)) for kind, each in state.names.items()}
    )
    for kind, name, row in names:
        after.names[kind].by_id.setdefault(row, name)
    return after
