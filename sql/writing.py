"""Writing: frames into tables, replaced by window and tenants or added once, in one transaction each.

Here: matching columns, delete, COPY and insert, the ledger's lines, the locks.
Not here: a frame as bytes (copying/), connections and roles (connections/, warehouse.py), what rows mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
from psycopg import sql

from sql.connections.locks import take_locks
from sql.moving import claim_conversions, lock_conversions, release_conversions
from sql.tables import time_column
from sql.values import PermanentError, Window

if TYPE_CHECKING:
    import polars as pl

Connection = psycopg.Connection[tuple[object, ...]]

_LEDGER_COLUMNS = (
    *("asset", "day", "tenant_id", "run_id", "rows", "input_watermark", "status", "began_at", "content_hash"),
    "rules_version",
)

# Lets a chunk of tenants be sorted in memory: 300,000 downloads loaded half as fast again as with the default 4 MB.
SORT_MEMORY_KB = 262_144


@dataclass(frozen=True, slots=True)
class Write:
    """The rows that a table is to have in the window; time_column only where sql/tables.py has another."""

    table: str
    frame: pl.DataFrame
    time_column: str | None = None

    @property
    def cut_by(self) -> str:
        return self.time_column or time_column(self.table)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Which run wrote a tenant's day of an asset, how many rows, and from input how fresh.

    began_at: before the run read its input; None: now. read_at: before it read what it has of this day, if that was
    later, as in a run of many days; None: began_at. content_hash: by which a later run sees that nothing changed;
    None: something did. rules_version: by what the day was measured; None: no rule decides.
    """

    asset: str
    day: date
    tenant_id: UUID
    run_id: UUID
    rows: int
    input_watermark: datetime | None
    status: str
    began_at: datetime | None = None
    content_hash: str | None = None
    rules_version: str | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table as the catalogue has it."""

    name: str
    type: str
    nullable: bool
    defaulted: bool


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's columns in order, and its primary key."""

    columns: tuple[TableColumn, ...]
    key: tuple[str, ...]


def shape_of(connection: Connection, table: str) -> TableShape:
    """Columns and primary key of a table of the schema public. Raises PermanentError if there is none."""
    place = [f'public."{table}"']
    found = connection.execute(
        "SELECT attname::text, format_type(atttypid, NULL), NOT attnotnull, atthasdef FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        place,
    ).fetchall()
    if not found:
        raise PermanentError(f"There is no table {table!r}; `earshot db migrate` makes the schema")
    key = connection.execute(
        "SELECT attname::text FROM pg_index "
        "CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY AS part (attnum, place) "
        "INNER JOIN pg_attribute ON attrelid = indrelid AND pg_attribute.attnum = part.attnum "
        "WHERE indrelid = to_regclass(%s) AND indisprimary ORDER BY part.place",
        place,
    ).fetchall()
    columns = tuple(
        TableColumn(str(name), str(kind), bool(free), bool(has_default)) for name, kind, free, has_default in found
    )
    return TableShape(columns, tuple(str(name) for (name,) in key))


def insert(connection: Connection, table: str, frame: pl.DataFrame) -> int:
    """Add the rows whose keys are not there yet; returns how many were new.

    Columns that may be NULL or have a default can be left out.
    """
    shape = shape_of(connection, table)
    match_columns(table, frame, shape, {each.name for each in shape.columns if not (each.nullable or each.defaulted)})
    return _insert_staged(
        connection, table, shape, stage(connection, table, frame, shape), sql.SQL("ON CONFLICT DO NOTHING")
    )


def replace(
    connection: Connection,
    writes: Sequence[Write],
    window: Window,
    tenants: Sequence[UUID],
    ledger: Sequence[LedgerLine],
) -> dict[str, int]:
    """Make the window and tenants of each table hold exactly the frame's rows, and write the ledger beside them.

    The caller owns the transaction. Returns the rows now there per table. Running it again changes nothing.
    Raises PermanentError for columns that do not match, and for rows outside the window or the tenants: the next
    run would not find them to delete, and they would be there twice.
    """
    tables = [write.table for write in writes]
    if twice := {table for table in tables if tables.count(table) > 1}:
        raise PermanentError(f"{', '.join(sorted(twice))} is to be replaced twice at once; put its rows into one frame")
    # What hangs on conversions is written when these have left the days on which they stood before.
    writes = sorted(writes, key=lambda write: write.table != "conversions")
    shapes = [_shape_to_replace(connection, write) for write in writes]
    for write, shape in zip(writes, shapes, strict=True):
        match_columns(write.table, write.frame, shape, {each.name for each in shape.columns if not each.defaulted})
        _refuse_strays(write, shape, window, tenants)
    _refuse_stray_lines(ledger, window, tenants)
    # The rows come first: while they travel no lock is held, so nobody waits, and a connection that dies leaves none.
    staged = [stage(connection, write.table, write.frame, shape) for write, shape in zip(writes, shapes, strict=True)]
    _lock(connection, writes, window, tenants, ledger)
    refuse_rotated(connection, {line.tenant_id: line.began_at for line in ledger if line.began_at is not None})
    read = {line.tenant_id: line.read_at or line.began_at for line in ledger}
    refuse_erased(connection, {tenant: moment for tenant, moment in read.items() if moment is not None})
    if "conversions" in tables:
        lock_conversions(connection)
        release_conversions(connection, window, tenants)
    counts: dict[str, int] = {}
    for write, shape, columns in zip(writes, shapes, staged, strict=True):
        _delete(connection, write, shape, window, tenants)
        counts[write.table] = _insert_staged(connection, write.table, shape, columns)
        if write.table == "conversions":
            claim_conversions(connection, window, tenants)
    if ledger:
        _record(connection, ledger)
    return counts


def _shape_to_replace(connection: Connection, write: Write) -> TableShape:
    # The registry first: its error names the tables that can be replaced.
    cut = write.cut_by
    shape = shape_of(connection, write.table)
    if cut not in {column.name for column in shape.columns}:
        raise PermanentError(f"Table {write.table} has no column {cut} to cut it by")
    return shape


def match_columns(table: str, frame: pl.DataFrame, shape: TableShape, required: set[str]) -> None:
    """Raises PermanentError for a frame that lacks a required column, or has one that the table does not have."""
    names = {column.name for column in shape.columns}
    missing, extra = sorted(required - set(frame.columns)), sorted(set(frame.columns) - names)
    if missing or extra:
        wrong = [f"lacks {', '.join(missing)}"] if missing else []
        wrong += [f"has {', '.join(extra)}, which the table does not have"] if extra else []
        raise PermanentError(f"The frame for {table} {' and '.join(wrong)}")


def _refuse_strays(write: Write, shape: TableShape, window: Window, tenants: Sequence[UUID]) -> None:
    frame = write.frame
    if not frame.height:
        return
    import polars as pl

    texts = frame.schema["tenant_id"] == pl.String
    tenant = pl.col("tenant_id").str.to_lowercase().str.replace_all("-", "") if texts else pl.col("tenant_id")
    strange = frame.filter(~tenant.is_in([each.hex if texts else each.bytes for each in tenants]))
    if strange.height:
        raise PermanentError(
            f"{strange.height} rows for {write.table} belong to tenants that the run is not about; nothing was written"
        )
    cuts = [write.cut_by, *(["day"] if "day" in frame.columns and write.cut_by != "day" else [])]
    for cut in cuts:
        first, after = _bounds(write.table, shape, cut, window)
        stray = frame.filter(~pl.col(cut).is_between(pl.lit(first), pl.lit(after), closed="left"))
        if stray.height:
            raise PermanentError(
                f"{stray.height} rows for {write.table} have {cut} outside {window.start.isoformat()} to "
                f"{window.end.isoformat()}, for example {stray.item(0, cut)}; nothing was written"
            )


def _bounds(table: str, shape: TableShape, cut: str, window: Window) -> tuple[date | datetime, date | datetime]:
    if next(column.type for column in shape.columns if column.name == cut) != "date":
        return window.start, window.end
    if window != Window.of_days(window.day, list(window.days())[-1]):
        raise PermanentError(f"{table} is kept by UTC day: it is replaced by whole days, not by {window}")
    return window.start.date(), window.end.date()


def _refuse_stray_lines(ledger: Sequence[LedgerLine], window: Window, tenants: Sequence[UUID]) -> None:
    days, tenant_ids = set(window.days()), set(tenants)
    for line in ledger:
        if line.day not in days or line.tenant_id not in tenant_ids:
            raise PermanentError(
                f"The ledger line of {line.asset} for tenant {line.tenant_id} on {line.day} is outside what is written"
            )


def _lock(
    connection: Connection,
    writes: Sequence[Write],
    window: Window,
    tenants: Sequence[UUID],
    ledger: Sequence[LedgerLine],
) -> None:
    """One writer at a time per asset (without ledger lines: table) and day; taken in one order, against deadlocks."""
    pairs = {(line.asset, line.day) for line in ledger}
    pairs = pairs or {(write.table, day) for write in writes for day in window.days()}
    take_locks(connection, (f"{asset} {day}" for asset, day in pairs), map(key_lock, tenants))


def key_lock(tenant: UUID) -> str:
    """The lock of a tenant's stored keys: shared by who writes some, taken by who replaces all or erases some."""
    return f"keys {tenant}"


def refuse_rotated(connection: Connection, began: Mapping[UUID, datetime]) -> None:
    """Raises PermanentError where the keys of a tenant were replaced since its input was read.

    What was computed has the keys of before, or is made of both. The caller holds the locks of the keys.
    """
    found = connection.execute(
        "SELECT rotated.version, rotated.rotated_at FROM public.key_rotations AS rotated "
        "INNER JOIN unnest(%s::uuid[], %s::timestamptz[]) AS line (tenant_id, began_at) "
        "ON rotated.tenant_id = line.tenant_id AND rotated.rotated_at >= line.began_at LIMIT 1",
        [list(began), list(began.values())],
    ).fetchone()
    if found is not None:
        raise PermanentError(
            f"The keys were rotated to version {found[0]} while it was computed; nothing was written. The next run "
            "computes it with the new keys"
        )


def refuse_erased(connection: Connection, read: Mapping[UUID, datetime]) -> None:
    """Raises PermanentError where somebody of a tenant was erased since its input was read.

    What was computed may have them back. The caller holds the locks of the keys.
    """
    if is_erased_since(connection, read):
        raise PermanentError(
            "A listener or a household was erased while it was computed; nothing was written. The next run computes "
            "it without them"
        )


def is_erased_since(connection: Connection, read: Mapping[UUID, datetime]) -> bool:
    """Whether rows of somebody of a tenant were erased, in the tables or the archive, since its input was read."""
    found = connection.execute(
        "SELECT FROM public.erasures AS erased "
        "INNER JOIN unnest(%s::uuid[], %s::timestamptz[]) AS line (tenant_id, read_at) "
        "ON erased.tenant_id = line.tenant_id AND erased.erased_at >= line.read_at "
        "AND (erased.days > 0 OR erased.archived_days > 0) LIMIT 1",
        [list(read), list(read.values())],
    ).fetchone()
    return found is not None


def _delete(connection: Connection, write: Write, shape: TableShape, window: Window, tenants: Sequence[UUID]) -> None:
    cut = write.cut_by
    first, after = _bounds(write.table, shape, cut, window)
    connection.execute(
        sql.SQL("DELETE FROM public.{} WHERE tenant_id = ANY(%s) AND {} >= %s AND {} < %s").format(
            sql.Identifier(write.table), sql.Identifier(cut), sql.Identifier(cut)
        ),
        [list(tenants), first, after],
    )


def stage(connection: Connection, table: str, frame: pl.DataFrame, shape: TableShape) -> list[str]:
    """COPY into a temporary table, because row-level security refuses COPY into the table itself; returns its columns.

    No columns: there were no rows, and no temporary table.
    """
    if not frame.height:
        return []
    types = {column.name: column.type for column in shape.columns}
    # They load numpy and Arrow, which a transaction without rows does not need.
    from sql.copying.binary import has_wire_form, wire_order, wire_parts
    from sql.copying.text import csv_parts

    is_plain = has_wire_form(frame, types)
    columns = wire_order(frame) if is_plain else frame.columns
    parts = wire_parts(frame, types) if is_plain else csv_parts(table, frame, types)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                sql.Identifier(f"incoming_{table}"), names, sql.Identifier("public", table)
            )
        )
        form = sql.SQL("binary" if is_plain else "csv")
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN (FORMAT {})").format(incoming(table), names, form)) as copy:
            for part in parts:
                copy.write(part)
    return columns


def _insert_staged(
    connection: Connection, table: str, shape: TableShape, columns: Sequence[str], conflict: sql.SQL | None = None
) -> int:
    """Insert what was staged, in key order; returns how many rows went in."""
    if not columns:
        return 0
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    key = sql.SQL(", ").join(sql.Identifier(name) for name in shape.key if name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = {SORT_MEMORY_KB}")
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY {} {}").format(
                sql.Identifier("public", table), names, names, incoming(table), key, conflict or sql.SQL("")
            )
        )
        added = cursor.rowcount
        cursor.execute(sql.SQL("DROP TABLE {}").format(incoming(table)))
    return added


def incoming(table: str) -> sql.Identifier:
    """The temporary table that rows for a table are staged in."""
    return sql.Identifier("pg_temp", f"incoming_{table}")


def _record(connection: Connection, ledger: Sequence[LedgerLine]) -> None:
    """Write the lines. What is computed is no open failure of computing any more.

    One statement for all of them: after a pipeline of many (executemany), the server forgets to count idle time.
    """
    connection.execute(
        "DELETE FROM tenant_failures WHERE stage = 'computing' AND tenant_id = ANY(%s) AND subject = ANY(%s)"
        " AND coalesce(day = ANY(%s), true)",
        [
            list({line.tenant_id for line in ledger}),
            list({line.asset for line in ledger}),
            list({line.day for line in ledger}),
        ],
    )
    columns = [[getattr(line, name) for line in ledger] for name in _LEDGER_COLUMNS]
    connection.execute(
        "INSERT INTO rollup_ledger AS line "
        "(asset, day, tenant_id, run_id, rows, input_watermark, status, began_at, content_hash, rules_version, "
        "changed_at) SELECT asset, day, tenant_id, run_id, rows, input_watermark, status, coalesce(began_at, now()), "
        "content_hash, rules_version, clock_timestamp() FROM unnest(%s::text[], %s::date[], %s::uuid[], %s::uuid[], "
        "%s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::text[], %s::text[]) AS lines "
        "(asset, day, tenant_id, run_id, rows, input_watermark, status, began_at, content_hash, rules_version) "
        "ON CONFLICT (tenant_id, asset, day) DO UPDATE SET run_id = excluded.run_id, rows = excluded.rows, "
        "input_watermark = excluded.input_watermark, status = excluded.status, finished_at = excluded.finished_at, "
        "began_at = excluded.began_at, content_hash = excluded.content_hash, "
        "rules_version = excluded.rules_version, changed_at = CASE "
        "WHEN line.content_hash = excluded.content_hash THEN line.changed_at ELSE excluded.changed_at END",
        columns,
    )
