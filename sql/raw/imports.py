"""Imports: rows that come in with an import, counted as they are stored.

Here: the rows of the table imports, and batches that are stored and counted in one transaction.
Not here: what a batch holds (assets/importing), frames as rows (sql/writing.py), taking one back (taking_back.py).

A row keeps the number of the first import that brought it. One that a later import brings too stays the first one's,
and goes with it; import_overlaps says which imports are to be read again then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from psycopg import sql

from sql.events import note_event
from sql.raw.watermarks import record_watermarks
from sql.statements import statement
from sql.warehouse import Warehouse
from sql.writing import SORT_MEMORY_KB, Connection, incoming, match_columns, shape_of, stage

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["requests", "orders"]

# The raw table of each kind of import, and the sources of watermarks that its rows are.
TABLES: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    "requests": ("listener_events", ("requests",)),
    "orders": ("attribution_events", ("signals",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStart:
    """What is imported, and by whom. source: the configured one; None: by hand. version: as import_objects has it."""

    tenant: UUID
    kind: Kind
    object: str
    format: str
    started_by: str
    source: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ImportId:
    """An import that has begun."""

    tenant: UUID
    number: int
    kind: Kind


def begin_import(warehouse: Warehouse, start: ImportStart) -> ImportId:
    """A new row of imports."""
    values = {
        "tenant": start.tenant,
        "kind": start.kind,
        "source": start.source,
        "object": start.object,
        "version": start.version,
        "format": start.format,
        "started_by": start.started_by,
    }
    with warehouse.transaction() as connection:
        row = connection.execute(statement("add_import").text, values).fetchone()
    return ImportId(start.tenant, whole_number(row), start.kind)


def store_batch(
    warehouse: Warehouse, begun: ImportId, rows: pl.DataFrame, rejects: pl.DataFrame, counts: Mapping[str, int]
) -> int:
    """Store and count a batch in one transaction; returns how many of its rows were new.

    rows, rejects: of the kind's raw table and of ingest_rejects, without import_id. counts: unmapped, without_address.
    """
    with warehouse.transaction() as connection:
        added = _insert_events(connection, TABLES[begun.kind][0], rows, begun.number)
        _insert_rejects(connection, rejects, begun.number)
        moments = rows["occurred_at"]
        first, last = moments.min(), moments.max()
        values = {
            "tenant": begun.tenant,
            "import": begun.number,
            "lines": rows.height + rejects.height,
            "stored": added.rows,
            "present": rows.height - added.rows,
            "rejected": rejects.height,
            "unmapped": counts.get("unmapped", 0),
            "without_address": counts.get("without_address", 0),
            "first_day": first.date() if isinstance(first, datetime) else None,
            "last_day": last.date() if isinstance(last, datetime) else None,
            "days": list(added.by_day),
            "counts": list(added.by_day.values()),
            "earlier": list(added.earlier),
            "shared": list(added.earlier.values()),
        }
        connection.execute(statement("count_import").text, values)
        if added.by_day:
            connection.execute(statement("count_import_days").text, values)
        if added.earlier:
            connection.execute(statement("count_import_overlaps").text, values)
    return added.rows


@dataclass(frozen=True, slots=True)
class _Added:
    """Rows that were new, by UTC day; and rows that earlier imports had brought, by their numbers."""

    by_day: Mapping[date, int]
    earlier: Mapping[int, int]

    @property
    def rows(self) -> int:
        return sum(self.by_day.values())


def _insert_events(connection: Connection, table: str, frame: pl.DataFrame, number: int) -> _Added:
    """Add the rows whose keys are not there yet to a raw table, under the number of the import."""
    columns = _stage_new(connection, table, frame)
    if not columns:
        return _Added({}, {})
    names = {"table": sql.Identifier("public", table), "incoming": incoming(table), "import": sql.Literal(number)}
    names["columns"] = sql.SQL(", ").join(map(sql.Identifier, columns))
    added = connection.execute(
        sql.SQL(
            "WITH added AS (INSERT INTO {table} ({columns}, import_id) SELECT {columns}, {import} FROM {incoming} "
            "ORDER BY tenant_id, occurred_at, event_id ON CONFLICT DO NOTHING RETURNING occurred_at) "
            "SELECT (occurred_at AT TIME ZONE 'UTC')::date, count(*) FROM added GROUP BY 1 ORDER BY 1"
        ).format(**names)
    ).fetchall()
    by_day = {day: count for day, count in added if isinstance(day, date) and isinstance(count, int)}
    earlier: dict[int, int] = {}
    if sum(by_day.values()) < frame.height:
        shared = connection.execute(
            sql.SQL(
                "SELECT there.import_id, count(*) FROM {incoming} AS came INNER JOIN {table} AS there "
                "USING (tenant_id, occurred_at, event_id) WHERE there.import_id <> {import} GROUP BY 1"
            ).format(**names)
        ).fetchall()
        earlier = {each: count for each, count in shared if isinstance(each, int) and isinstance(count, int)}
    connection.execute(sql.SQL("DROP TABLE {incoming}").format(**names))
    return _Added(by_day, earlier)


def _insert_rejects(connection: Connection, frame: pl.DataFrame, number: int) -> None:
    columns = _stage_new(connection, "ingest_rejects", frame)
    if columns:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        connection.execute(
            sql.SQL(
                "INSERT INTO public.ingest_rejects ({}, import_id) SELECT {}, {} FROM {} ORDER BY tenant_id, reject_id "
                "ON CONFLICT DO NOTHING"
            ).format(names, names, sql.Literal(number), incoming("ingest_rejects"))
        )
        connection.execute(sql.SQL("DROP TABLE {}").format(incoming("ingest_rejects")))


def _stage_new(connection: Connection, table: str, frame: pl.DataFrame) -> list[str]:
    shape = shape_of(connection, table)
    match_columns(table, frame, shape, {each.name for each in shape.columns if not (each.nullable or each.defaulted)})
    connection.execute(f"SET LOCAL work_mem = {SORT_MEMORY_KB}")
    return stage(connection, table, frame, shape)


def end_import(warehouse: Warehouse, begun: ImportId, state: Literal["done", "failed"], detail: str | None) -> None:
    """The import is over. Its days count as changed now, so that they are computed."""
    with warehouse.transaction() as connection:
        connection.execute(
            statement("end_import").text,
            {"tenant": begun.tenant, "import": begun.number, "state": state, "detail": detail},
        )
    note_event("import_ended", tenant=begun.tenant, number=begun.number, state=state, detail=detail)
    record_watermarks(
        warehouse, [(begun.tenant, day) for day in days_of(warehouse, begun)], sources=TABLES[begun.kind][1]
    )


def whole_number(row: tuple[object, ...] | None) -> int:
    """The one number that a statement returns."""
    if row is None or not isinstance(row[0], int):
        raise TypeError(f"a statement returned {row!r} instead of a number")
    return row[0]


def days_of(warehouse: Warehouse, begun: ImportId) -> list[date]:
    """The UTC days on which the import brought rows that are still there."""
    found = warehouse.rows("read_import_days", tenant=begun.tenant, number=begun.number)
    return [row["day"] for row in found]
