"""Watermarks: how many raw rows each tenant has of each day, and how recent they are, as of the last look.

Here: counting again, recording what changed since (ingest_watermarks), and putting back what a wrong clock recorded.
Not here: what is computed again because of it (assets/lineage.py), when this is done (partitions.py, sensors.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from uuid import UUID

from psycopg import errors

from sql.connections.connecting import LockedError
from sql.statements import statement
from sql.warehouse import Warehouse

# Requests and playback; impressions and clicks; conversion signals with everything about their orders.
SOURCES = ("requests", "ads", "signals")


def record_watermarks(
    warehouse: Warehouse, days: Iterable[tuple[UUID, date]], sources: Sequence[str] = SOURCES
) -> None:
    """Count the raw rows of these tenants' days again; what has more or newer rows than before has changed now."""
    pairs = list(days)
    if not pairs or not sources:
        return
    tenants, dates = zip(*pairs, strict=True)
    params = {"tenants": list(tenants), "days": list(dates), "sources": list(sources)}
    with warehouse.transaction() as connection:
        connection.execute(statement("record_watermarks").text.encode(), params)


# What a line read is not known where its clock was ahead: it counts as older than anything.
_PUT_BACK = (
    "UPDATE ingest_watermarks SET changed_at = clock_timestamp() WHERE changed_at > clock_timestamp()",
    "UPDATE reopened_days SET reopened_at = clock_timestamp() WHERE reopened_at > clock_timestamp()",
    "UPDATE rollup_ledger SET began_at = CASE WHEN began_at > clock_timestamp() THEN '-infinity' ELSE began_at END, "
    "changed_at = least(changed_at, clock_timestamp()) "
    "WHERE began_at > clock_timestamp() OR changed_at > clock_timestamp()",
)


def put_back(warehouse: Warehouse, lock_s: int | None = None) -> int:
    """Put right what was recorded while the database's clock was ahead; returns how many lines of the ledger that were.

    Until that time comes, nothing that changes would be newer than such a line, and what builds on it would be older
    than it again and again. lock_s: how long it waits for whoever holds the ledger; raises LockedError then.
    """
    with warehouse.transaction(lock_s=lock_s) as connection:
        return [connection.execute(each.encode()).rowcount for each in _PUT_BACK][-1]


def put_back_if_free(warehouse: Warehouse) -> None:
    """put_back, for a run that begins: no day beside such a line would pass its checks.

    A run never waits for longer than a second for whoever holds the ledger; the next run or heal puts it right then.
    """
    with suppress(LockedError, errors.DeadlockDetected):
        put_back(warehouse, lock_s=1)
