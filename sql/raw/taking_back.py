"""Taking back: the rows that an import alone brought go, and the days that had them are computed again.

Here: deleting them day by day, and which imports are to be read again because they had brought some of them too.
Not here: storing (imports.py), computing the days (assets/lineage.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sql.raw.imports import TABLES, ImportId, days_of, whole_number
from sql.statements import statement
from sql.values import DAY, PermanentError
from sql.warehouse import Warehouse
from sql.writing import Connection

# An import that stored nothing for so long is not at work any more.
SILENT = timedelta(minutes=5)
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What went with an import. read_again: number, object and rows of imports that had brought some of them too."""

    rows: int
    rejects: int
    first: date | None
    last: date | None
    read_again: tuple[tuple[int, str, int], ...]


def take_back(warehouse: Warehouse, tenant: UUID, number: int, person: str, now: datetime | None = None) -> TakenBack:
    """Delete the rows that an import alone brought, day by day, and re-open the days. Doing it again goes on.

    Raises PermanentError for an import that is not there, is taken back, or is still at work.
    """
    found = warehouse.rows("read_imports", tenants=[tenant], numbers=[number], most=1, since=EVER)
    if not found:
        raise PermanentError(f"There is no import {number} of this tenant; `earshot imports` lists them")
    row = found[0]
    if row["state"] == "taken_back":
        raise PermanentError(f"Import {number} was taken back on {row['taken_back_at']:%Y-%m-%d %H:%M} UTC already")
    if row["state"] == "running" and (now or datetime.now(UTC)) - row["updated_at"] < SILENT:
        raise PermanentError(
            f"Import {number} is at work, or was {SILENT.seconds // 60} minutes ago: take it back once it has ended"
        )
    begun = ImportId(tenant, number, row["kind"])
    values = {"tenant": tenant, "import": number, "person": person}
    with warehouse.transaction() as connection:
        connection.execute(statement("begin_taking_back").text, values)
    days = days_of(warehouse, begun)
    rows = sum(_take_back_day(warehouse, begun, day) for day in days)
    with warehouse.transaction() as connection:
        rejects = connection.execute(statement("take_back_rejects").text, values).rowcount
        connection.execute(statement("end_taking_back").text, values)
    again = warehouse.rows("read_later_imports", tenant=tenant, number=number)
    return TakenBack(
        rows,
        rejects,
        min(days, default=None),
        max(days, default=None),
        tuple((each["import_id"], each["object"], each["rows"]) for each in again),
    )


def _take_back_day(warehouse: Warehouse, begun: ImportId, day: date) -> int:
    """The rows of one day, in one transaction with what says that they are gone."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = {"tenant": begun.tenant, "import": begun.number, "start": start, "end": start + DAY, "day": day}
    with warehouse.transaction() as connection:
        touched = _days_touched(connection, begun, values)
        row = connection.execute(statement(f"take_back_{begun.kind}").text, values).fetchone()
        removed = whole_number(row)
        connection.execute(statement("count_taken_back").text, values | {"removed": removed})
        connection.execute(
            statement("reopen_days").text,
            {"tenant": begun.tenant, "days": [day, *touched], "sources": list(TABLES[begun.kind][1])},
        )
    return removed


def _days_touched(connection: Connection, begun: ImportId, values: Mapping[str, object]) -> list[date]:
    """Other days with signals of the orders that go: their conversions are other ones then."""
    if begun.kind != "orders":
        return []
    found = connection.execute(statement("read_days_of_orders").text, values).fetchall()
    return [day for (day,) in found if isinstance(day, date)]
