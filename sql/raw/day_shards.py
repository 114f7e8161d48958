"""Shards of days: content that one process keeps for another, in day_shards, until the day is written.

Here: keeping, reading and removing it, slice by slice.
Not here: what it is (assets/listening/kept_shards.py).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from sql.connections.locks import take_locks
from sql.warehouse import Warehouse
from sql.writing import key_lock, refuse_erased, refuse_rotated


@dataclass(frozen=True, slots=True)
class ShardedDay:
    """A tenant's day, the run that measures it in shards, and by which versions of rules and keys."""

    tenant: UUID
    day: date
    run_id: UUID
    measured_by: str


def replace_shard(
    warehouse: Warehouse,
    day: ShardedDay,
    shard: int,
    shards: int,
    slices: Iterable[tuple[str, int, bytes]],
    began: datetime,
) -> None:
    """Keep a shard (from 0) of so many, in place of what was kept of it.

    slices: name, number from 0, content. began: before its rows were read. Raises PermanentError, and keeps nothing,
    where somebody of the tenant was erased or its keys were rotated since: whoever did that has emptied the table.
    """
    key = [day.tenant, day.day, day.run_id, shard]
    with warehouse.transaction() as connection:
        take_locks(connection, [], [key_lock(day.tenant)])
        refuse_rotated(connection, {day.tenant: began})
        refuse_erased(connection, {day.tenant: began})
        connection.execute(
            "DELETE FROM day_shards WHERE tenant_id = %s AND day = %s AND run_id = %s AND shard = %s", key
        )
        for name, number, content in slices:
            connection.execute(
                "INSERT INTO day_shards (tenant_id, day, run_id, shard, shards, name, slice, measured_by, content) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %b)",
                [*key, shards, name, number, day.measured_by, content],
            )


def read_slices(warehouse: Warehouse, day: ShardedDay) -> Generator[tuple[int, str, bytes]]:
    """shard, name and content of what is kept of the day, in the order of shards, names and slices."""
    with warehouse.transaction() as connection, connection.cursor("day_shards") as cursor:
        # One by one, so that only one content is in memory at a time.
        cursor.itersize = 1
        found = cursor.execute(
            "SELECT shard, name, content FROM day_shards WHERE tenant_id = %s AND day = %s AND run_id = %s "
            "AND measured_by = %s ORDER BY shard, name, slice",
            [day.tenant, day.day, day.run_id, day.measured_by],
            binary=True,
        )
        for shard, name, content in found:
            yield cast(int, shard), str(name), cast(bytes, content)


def remove_shards(warehouse: Warehouse, tenants: Sequence[UUID], run_id: UUID) -> None:
    """Remove what a run has kept of these tenants."""
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM day_shards WHERE tenant_id = ANY(%s) AND run_id = %s", [list(tenants), run_id])


def remove_old_shards(warehouse: Warehouse, age: timedelta) -> int:
    """Remove what runs have left behind longer ago than that; returns how many slices that were."""
    with warehouse.transaction() as connection:
        return connection.execute("DELETE FROM day_shards WHERE created_at < clock_timestamp() - %s", [age]).rowcount
