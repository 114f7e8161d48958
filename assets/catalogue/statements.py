"""Statements: the text of what reads and changes the rows of a kind. All names in it are constants of kinds.py.

Here: one SELECT for each kind, and INSERT, UPDATE and DELETE of single rows with named parameters.
Not here: running them (pipelines/commands/catalogue), what changes (comparing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from assets.catalogue.comparing import Change
from assets.catalogue.kinds import KINDS, Kind
from assets.catalogue.state import ROW_KEYS

Statement = tuple[str, dict[str, Any]]

# Beside its fields: what a row needs to be changed.
BESIDE: Mapping[str, tuple[str, ...]] = {"spans": ("segment_no",), "attribution": ("version",)}

# The columns by which a row is changed, where these are not its id.
CHANGED_BY: Mapping[str, tuple[str, ...]] = {
    **{kind: columns for kind, columns in ROW_KEYS.items() if kind not in ("codes", "attribution", "spans")},
    "codes": ("promo_code_id",),
    "spans": ("asset_id", "segment_no"),
}
AS_TEXT = {"currency", "network", "base", "quote"}


def select_rows(kind: Kind) -> str:
    """The columns of every row of a tenant (parameter tenant), or of all rows where they belong to none."""
    names = dict.fromkeys([*filter(None, [kind.row_id]), *kind.columns, *BESIDE.get(kind.name, ())])
    columns = ", ".join(f"{name}::text AS {name}" if name in AS_TEXT else name for name in names)
    where = " WHERE tenant_id = %(tenant)s" if kind.of_tenant else ""
    return f"SELECT {columns} FROM {kind.source or kind.table}{where}"  # noqa: S608  (constants)


def statements_of(change: Change, tenant: UUID) -> Iterator[Statement]:
    """What brings a change into the database, to be run in this order."""
    kind = KINDS[change.kind]
    owner = {"tenant_id": tenant} if kind.of_tenant else {}
    if change.action == "remove":
        yield _remove(kind, change, owner)
    elif change.action == "add" or kind.name == "attribution":
        yield _add(kind, change, owner)
    elif change.action == "change":
        yield _update(kind, change, owner)


def store_slug(kind: str, slug: str, row: UUID, tenant: UUID) -> Statement:
    """Keeps the name by which files know a row."""
    return (
        "INSERT INTO catalogue_slugs (tenant_id, kind, slug, row_id) VALUES (%(tenant)s, %(kind)s, %(slug)s, %(row)s) "
        "ON CONFLICT DO NOTHING",
        {"tenant": tenant, "kind": kind, "slug": slug, "row": row},
    )


def _add(kind: Kind, change: Change, owner: Mapping[str, Any]) -> Statement:
    values = {**owner, **change.row, **_ids(kind, change)}
    expressions = {name: f"%({name})s" for name in values}
    if kind.name == "spans":
        expressions |= {
            "kind": "'ad'",
            "segment_no": "(SELECT coalesce(max(segment_no), 0) + 1 FROM asset_segments "
            "WHERE tenant_id = %(tenant_id)s AND asset_id = %(asset_id)s)",
        }
    if kind.name == "codes":
        expressions["valid"] = _range(expressions, values)
    columns, cells = ", ".join(expressions), ", ".join(expressions.values())
    return f"INSERT INTO {kind.table} ({columns}) VALUES ({cells})", values  # noqa: S608  (constants)


def _update(kind: Kind, change: Change, owner: Mapping[str, Any]) -> Statement:
    values = {name: change.row[name] for name in change.changed}
    expressions = {name: f"%({name})s" for name in values}
    if kind.name == "codes":
        bounds = {name: change.row[name] for name in ("valid_from", "valid_until")}
        values |= bounds
        expressions |= {name: f"%({name})s" for name in bounds}
        expressions["valid"] = _range(expressions, values)
    found, where = _where(kind, change, owner)
    pairs = ", ".join(f"{name} = {cell}" for name, cell in expressions.items())
    return f"UPDATE {kind.table} SET {pairs} WHERE {where}", {**values, **found}  # noqa: S608  (constants)


def _remove(kind: Kind, change: Change, owner: Mapping[str, Any]) -> Statement:
    found, where = _where(kind, change, owner)
    if kind.name == "subscriptions":
        return f"UPDATE {kind.table} SET active = FALSE WHERE {where}", found  # noqa: S608  (constants)
    return f"DELETE FROM {kind.table} WHERE {where}", found  # noqa: S608  (constants)


def _where(kind: Kind, change: Change, owner: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    columns = CHANGED_BY.get(kind.name, (kind.row_id,))
    assert change.found is not None  # noqa: S101  (only rows that are there are changed)
    values = {f"found_{name}": change.found[name] for name in columns}
    conditions = [f"{name} = %(found_{name})s" for name in columns]
    if owner and "tenant_id" not in columns:
        values |= {"found_tenant": owner["tenant_id"]}
        conditions.append("tenant_id = %(found_tenant)s")
    return values, " AND ".join(conditions)


def _ids(kind: Kind, change: Change) -> dict[str, Any]:
    """The id of a new row; of settings of attribution, which are never changed, the next version."""
    if kind.name == "attribution":
        return {"version": int((change.found or {}).get("version", 0)) + 1}
    return {kind.row_id: change.row_id} if kind.row_id else {}


def _range(expressions: dict[str, str], values: dict[str, Any]) -> str:
    for name in ("valid_from", "valid_until"):
        values.setdefault(name, None)
        expressions.pop(name, None)
    return "tstzrange(%(valid_from)s::timestamptz, %(valid_until)s::timestamptz)"
