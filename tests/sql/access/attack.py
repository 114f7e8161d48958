"""Attacks: what somebody who wants another tenant's rows would look at.

Here: finding every relation that holds tenants' rows, and trying to read each. Not here: assertions.
"""

from __future__ import annotations

from uuid import UUID

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]

# Every table and view with a tenant_id, wherever it lies; chunks and partitions are below a series.
OURS = b"""
    SELECT
        quote_ident(spaces.nspname) || '.' || quote_ident(tables.relname) AS name,
        tables.oid,
        tables.relname,
        tables.relkind,
        tables.relname IN (SELECT table_name FROM earshot_series) AND spaces.nspname = 'public' AS is_series,
        EXISTS (SELECT FROM pg_inherits WHERE inhrelid = tables.oid) AS below_series
    FROM pg_class AS tables
    INNER JOIN pg_namespace AS spaces ON tables.relnamespace = spaces.oid
    INNER JOIN pg_attribute AS columns ON tables.oid = columns.attrelid
    WHERE columns.attname = 'tenant_id' AND NOT columns.attisdropped AND tables.relkind IN ('r', 'p', 'v', 'm')
        AND tables.relpersistence = 'p'
"""


def unprotected_tables(connection: Connection) -> list[str]:
    """Tables with a tenant_id whose row-level security is not both enabled and forced."""
    found = connection.execute(
        b"SELECT ours.name FROM (" + OURS + b") AS ours INNER JOIN pg_class USING (oid) "
        b"WHERE ours.relkind IN ('r', 'p') AND NOT ours.below_series AND NOT (relrowsecurity AND relforcerowsecurity)"
    ).fetchall()
    return [str(name) for (name,) in found]


def relations_with_rows_of(connection: Connection, tenant: UUID) -> set[str]:
    """The tables, views, chunks and partitions in which this connection can see rows of the tenant.

    Those of the schema public by their name alone.
    """
    seen = set()
    for (name,) in connection.execute(b"SELECT name FROM (" + OURS + b") AS ours").fetchall():
        try:
            with connection.transaction():
                rows = connection.execute(f"SELECT 1 FROM {name} WHERE tenant_id = %s LIMIT 1".encode(), [tenant])
                if rows.fetchone():
                    seen.add(str(name).removeprefix("public."))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
            continue
    return seen
