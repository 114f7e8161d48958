"""Rotating: the stored keys of a tenant are replaced by those of a later version, all in one transaction.

Here: reading the distinct keys, replacing them in every table that has some, keeping that it was done.
Not here: how a key is made of an earlier one (assets/listening/identity/keys.py), which tenants are due
(assets/privacy/rotation.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import polars as pl
from psycopg import sql

from sql.connections.locks import take_locks
from sql.raw.erasing import KEYED
from sql.warehouse import Connection, Warehouse
from sql.writing import SORT_MEMORY_KB, key_lock

# Of those tables, the ones whose rows name the version of their keys.
_VERSIONED = ("event_keys", "attribution_event_keys", "downloads")
# Rows of these may be of an earlier version still, which is brought up when they are read.
_RETAINED = _VERSIONED[:2]


def replace_keys(
    warehouse: Warehouse,
    tenant: UUID,
    renew: Callable[[pl.Series], pl.Series],
    before: int,
    after: int,
    person: str,
) -> dict[str, int]:
    """Replace each stored key of the tenant by what renew makes of it; the rows that changed, by table.

    renew: of distinct keys (i64) those of version after, in their order; before: the version that the keys are of.
    Runs that read the tenant's keys before cannot write any more (writing.refuse_rotated). Sketches of reach and
    shards of days are deleted: they hold keys or hashes of them, only save reading, and are made anew with their days.
    """
    with warehouse.transaction() as connection:
        take_locks(connection, [key_lock(tenant)])
        older = _read_keys(connection, tenant)
        _stage(connection, older, renew(older))
        counts = {table: _replace(connection, table, tenant, before, after) for table in KEYED}
        connection.execute("DELETE FROM public.reach_sketches WHERE tenant_id = %s", [tenant])
        connection.execute("DELETE FROM public.day_shards WHERE tenant_id = %s", [tenant])
        connection.execute(
            "INSERT INTO public.key_rotations (tenant_id, version, rotated_by, counts) VALUES (%s, %s, %s, %s)",
            [tenant, after, person, json.dumps(counts)],
        )
    return counts


def _read_keys(connection: Connection, tenant: UUID) -> pl.Series:
    """The distinct keys of households and listeners in all tables."""
    parts = [
        sql.SQL("SELECT {} AS key FROM public.{} WHERE tenant_id = {}").format(
            sql.Identifier(column), sql.Identifier(table), sql.Literal(tenant)
        )
        for table, (household, listener, _) in KEYED.items()
        for column in (household, listener)
        if column
    ]
    query = sql.SQL("COPY (SELECT DISTINCT key FROM ({}) AS keys WHERE key IS NOT NULL) TO STDOUT").format(
        sql.SQL(" UNION ALL ").join(parts)
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        lines = b"".join(bytes(part) for part in copy)
    return pl.Series("older", lines.decode().split(), dtype=pl.String).cast(pl.Int64)


def _stage(connection: Connection, older: pl.Series, newer: pl.Series) -> None:
    """pg_temp.renewed_keys: each key with the one that replaces it."""
    connection.execute("CREATE TEMPORARY TABLE renewed_keys (older bigint, newer bigint) ON COMMIT DROP")
    with connection.cursor() as cursor, cursor.copy("COPY pg_temp.renewed_keys FROM STDIN (FORMAT csv)") as copy:
        copy.write(pl.DataFrame({"older": older, "newer": newer}).write_csv(include_header=False))
    connection.execute(f"SET LOCAL maintenance_work_mem = {SORT_MEMORY_KB}")
    connection.execute("CREATE UNIQUE INDEX ON pg_temp.renewed_keys (older) INCLUDE (newer)")
    connection.execute("ANALYZE pg_temp.renewed_keys")


def _replace(connection: Connection, table: str, tenant: UUID, before: int, after: int) -> int:
    household, listener, _ = KEYED[table]
    changes: list[sql.Composable] = [
        sql.SQL("{} = (SELECT newer FROM pg_temp.renewed_keys WHERE older = keyed.{})").format(
            sql.Identifier(column), sql.Identifier(column)
        )
        for column in (household, listener)
        if column
    ]
    if table in _VERSIONED:
        changes.append(sql.SQL("key_version = CASE WHEN key_version = %(before)s THEN %(after)s ELSE key_version END"))
    where = sql.SQL(" AND key_version = %(before)s" if table in _RETAINED else "")
    done = connection.execute(
        sql.SQL("UPDATE public.{} AS keyed SET {} WHERE tenant_id = %(tenant)s{}").format(
            sql.Identifier(table), sql.SQL(", ").join(changes), where
        ),
        {"tenant": tenant, "before": before, "after": after},
    )
    return done.rowcount
