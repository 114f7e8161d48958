"""Watermarks: how many raw rows each tenant has of each day, and how recent they are, as of the last look.

Here: counting again, and recording what changed since (ingest_watermarks).
Not here: what is computed again because of it (assets/lineage.py), when this is done (partitions.py, sensors.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

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
