"""Archiving: raw rows that leave the tables and come back, so that no row goes that was not archived.

Here: what is dropped of a tenant's day, the fingerprint by which it is seen that rows changed meanwhile, restoring.
Not here: files (assets/archive), which days are due.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from psycopg import sql

from sql import writing
from sql.connections.locks import take_locks
from sql.schema.partitions import LOCK_S
from sql.tables import RAW
from sql.values import EarshotError, PermanentError, Window
from sql.warehouse import Connection, Warehouse

if TYPE_CHECKING:
    import polars as pl

# What is archived: raw rows, and the keys that were kept of their addresses. An entry goes after what it names.
TABLES = (*RAW, "event_keys", "attribution_event_keys")

# Which of a table's rows are dropped. Signals of orders stay, with their keys: another signal of the order, or a
# refund, may come at any time, and is told by them.
_GOES = {
    "attribution_events": "(kind IN ('impression', 'click') OR clean_order_id(order_id) IS NULL)",
    "attribution_event_keys": (
        "NOT EXISTS (SELECT FROM public.attribution_events AS events WHERE events.tenant_id = raw.tenant_id "
        "AND events.occurred_at = raw.occurred_at AND events.event_id = raw.event_id)"
    ),
}


class RowsChangedError(EarshotError):
    """Rows of a day came or changed while it was archived: nothing was dropped, and the next night tries again."""


# How many rows, and a sum of their hashes.
Fingerprint = tuple[int, int]

# Of an archived day: its manifest, when its rows left the tables, when they came back.
ArchivedState = tuple[str, datetime | None, datetime | None]


def archive_lock(tenant: UUID) -> str:
    """The lock of a tenant's archived days: taken by who replaces files or moves rows, until the database knows it."""
    return f"archive {tenant}"


def archived_states(connection: Connection, tenant: UUID) -> dict[date, ArchivedState]:
    """The tenant's archived days as they are now."""
    found = connection.execute(
        "SELECT day, manifest_sha256, dropped_at, restored_at FROM public.archived_days WHERE tenant_id = %s", [tenant]
    ).fetchall()
    return {cast(date, day): cast(ArchivedState, tuple(state)) for day, *state in found}


def refuse_changed_files(connection: Connection, tenant: UUID, day: date, manifest_sha256: str | None) -> None:
    """Raises RowsChangedError where a day's manifest is not the one that was read.

    manifest_sha256: of the one that was read; None: there was none. The caller holds the lock of the archive.
    """
    now = archived_states(connection, tenant).get(day)
    if (now[0] if now else None) != manifest_sha256:
        raise RowsChangedError(
            f"The files of {day} were replaced while they were read, by archiving or by an erasure; nothing was "
            "changed. Run it again"
        )


def fingerprint(connection: Connection, table: str, tenant: UUID, window: Window) -> Fingerprint:
    """Of one tenant's rows of a table in the window."""
    found = connection.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(raw::text, 0)::numeric), 0) FROM public.{} AS raw "
            "WHERE tenant_id = %s AND occurred_at >= %s AND occurred_at < %s"
        ).format(sql.Identifier(table)),
        [tenant, window.start, window.end],
    ).fetchone()
    return _pair(found)


def fingerprints(warehouse: Warehouse, tenant: UUID, window: Window) -> dict[str, Fingerprint]:
    """By table, of one tenant's rows of a UTC day as they are now."""
    with warehouse.transaction() as connection:
        return {table: fingerprint(connection, table, tenant, window) for table in TABLES}


def drop_day(warehouse: Warehouse, tenant: UUID, window: Window, archived: Mapping[str, Fingerprint]) -> dict[str, int]:
    """Delete what was archived of a tenant's day, and note that it is gone; returns how many rows went, by table.

    archived: as the rows were when they were read for the archive. Raises RowsChangedError, and drops nothing, where
    they are not the same any more.
    """
    gone: dict[str, int] = {}
    with warehouse.transaction() as connection:
        take_locks(connection, [archive_lock(tenant)])
        for table in TABLES:
            went = _pair(
                connection.execute(
                    sql.SQL(
                        "WITH gone AS (DELETE FROM public.{} AS raw WHERE tenant_id = %s AND occurred_at >= %s "
                        "AND occurred_at < %s AND {} RETURNING raw::text AS line) "
                        "SELECT count(*), coalesce(sum(hashtextextended(line, 0)::numeric), 0) FROM gone"
                    ).format(sql.Identifier(table), sql.SQL(_GOES.get(table, "true"))),
                    [tenant, window.start, window.end],
                ).fetchone()
            )
            left = fingerprint(connection, table, tenant, window)
            if (went[0] + left[0], went[1] + left[1]) != archived[table]:
                raise RowsChangedError(
                    f"Rows of {table} of {window.day} came or changed while they were archived; none was dropped, and "
                    "the next night tries again"
                )
            gone[table] = went[0]
        connection.execute(
            "UPDATE public.archived_days SET dropped_at = clock_timestamp(), restored_at = NULL "
            "WHERE tenant_id = %s AND day = %s",
            [tenant, window.day],
        )
    return gone


def drop_empty_parts(warehouse: Warehouse, day: date) -> int:
    """Drop the chunks or partitions of a day in which nobody has a row any more; returns how many.

    One whose lock is not to be had in seconds stays, empty. Raises LockedError then.
    """
    dropped = 0
    for table in TABLES:
        with warehouse.transaction(lock_s=LOCK_S) as connection:
            found = connection.execute("SELECT earshot_drop_empty_part(%s, %s)", [table, day]).fetchone()
        dropped += found is not None and found[0] is True
    return dropped


def restore_day(
    warehouse: Warehouse, tenant: UUID, window: Window, frames: Mapping[str, pl.DataFrame], manifest_sha256: str
) -> int:
    """Insert a tenant's archived rows of a day where they are not there, in one transaction; returns how many were not.

    manifest_sha256: of the manifest that they were read by. Raises PermanentError, and restores nothing, where a row
    could not be put in; RowsChangedError where the files are other ones by now.
    """
    added = 0
    with warehouse.transaction() as connection:
        take_locks(connection, [archive_lock(tenant)])
        refuse_changed_files(connection, tenant, window.day, manifest_sha256)
        for table in TABLES:
            if table in frames:
                added += writing.insert(connection, table, frames[table])
                there, _ = fingerprint(connection, table, tenant, window)
                if there < frames[table].height:
                    raise PermanentError(
                        f"Of {frames[table].height:,} archived rows of {table} of {window.day}, {there:,} would be "
                        "there; nothing was restored"
                    )
        connection.execute(
            "UPDATE public.archived_days SET dropped_at = NULL, restored_at = clock_timestamp() "
            "WHERE tenant_id = %s AND day = %s",
            [tenant, window.day],
        )
    return added


def columns_of(warehouse: Warehouse, table: str) -> list[str]:
    """The columns of a table, in order."""
    with warehouse.transaction() as connection:
        return [column.name for column in writing.shape_of(connection, table).columns]


def _pair(row: tuple[object, ...] | None) -> Fingerprint:
    return (int(str(row[0])), int(str(row[1]))) if row else (0, 0)
