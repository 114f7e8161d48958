"""Arrivals: what had come in for which day when somebody last looked.

Here: looking again, and keeping what changed since (ingest_watermarks).
Not here: what is computed again because of it (assets/lineage.py), when somebody looks (partitions.py, sensors.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sql.statements import statement
from sql.warehouse import Warehouse

# Requests and playback; impressions and clicks; conversion signals with all that their orders tell.
SOURCES = ("requests", "ads", "signals")


def note_arrivals(warehouse: Warehouse, days: Iterable[tuple[UUID, date]], sources: Sequence[str] = SOURCES) -> None:
    """Count the raw rows of these tenants' days again; what has more or newer rows than before has changed now."""
    pairs = list(days)
    if not pairs or not sources:
        return
    tenants, dates = zip(*pairs, strict=True)
    asked = {"tenants": list(tenants), "days": list(dates), "sources": list(sources)}
    with warehouse.transaction() as connection:
        connection.execute(statement("note_arrivals").text.encode(), asked)
