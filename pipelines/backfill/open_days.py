"""Open days: days that are not computed yet, or that could be final by now.

Here: finding them in the ledger. Not here: days that are older than what they were made of (health/freshness.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from assets.frames import UTC_TIME
from sql.values import Window
from sql.warehouse import Warehouse


def open_days(warehouse: Warehouse, asset: str, first: date, last: date, only: Sequence[str] = ()) -> list[date]:
    """Days that some tenant has not computed, or has only as provisional although they could be final by now.

    only: the slugs of the tenants that are looked at; empty: all.
    """
    tenants = warehouse.tenants()
    if only:
        tenants = tenants.filter(pl.col("slug").is_in(list(only)))
    days = pl.DataFrame({"day": list(Window.of_days(first, last).days())})
    ledger = warehouse.ledger(asset, Window.of_days(first, last)).select("tenant_id", "day", "status")
    final_from = pl.col("day").cast(UTC_TIME) + pl.duration(hours=24 + pl.col("lateness_hours"))
    now = pl.lit(warehouse.clock(), dtype=UTC_TIME)
    return (
        tenants.select("tenant_id", "lateness_hours")
        .join(days, how="cross")
        .join(ledger, on=["tenant_id", "day"], how="left", validate="1:1")
        .filter(pl.col("status").is_null() | ((pl.col("status") == "provisional") & (final_from <= now)))
        .get_column("day")
        .unique()
        .sort()
        .to_list()
    )
