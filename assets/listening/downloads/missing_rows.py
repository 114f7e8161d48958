"""Missing rows: a day whose raw rows are gone is refused, so that its numbers stay as they are.

Here: comparing the raw rows that there are with those that a day was computed from, and the errors.
Not here: what happens to a day that is refused (assets/runs.py), addresses that go while their rows stay
(assets/privacy).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import polars as pl

from sql.values import RawRowsGoneError, Reader, Window


def refuse_replaced_rows(read: Reader, window: Window, tenants: Sequence[UUID]) -> None:
    """Raises RawRowsGoneError if rows that a UTC day was computed from are gone, whatever has come in their place.

    window: the day
    """
    missing = read("read_missing_rows", start=window.start, end=window.end, day=window.day, tenants=list(tenants))
    if missing.height:
        first = missing.row(0, named=True)
        raise RawRowsGoneError(
            f"{window.day} has {first['there']:,} raw rows and was computed from {first['requests']:,}; later ones do "
            "not stand for them. Its numbers stay as they are. Bring the rows back from an archive to compute them "
            "again; if they were removed on purpose, docs/operators.md says what to do"
        )


def refuse_missing_rows(counts: pl.DataFrame, judged: pl.DataFrame) -> None:
    """Raises RawRowsGoneError if a day has fewer raw rows than it was computed from: some were dropped since.

    counts: tenant_id, day, rows: the raw rows that there are
    judged: tenant_id, day, requests: how many the dispositions of the same days sum to
    """
    if judged.is_empty():
        return
    there = counts.select("tenant_id", "day", _there="rows")
    missing = (
        judged.join(there, on=["tenant_id", "day"], how="left", validate="1:1")
        .with_columns(pl.col("_there").fill_null(0).cast(pl.Int64))
        .filter(pl.col("_there") < pl.col("requests"))
        .sort("day")
    )
    if missing.height:
        first = missing.row(0, named=True)
        raise RawRowsGoneError(
            f"{missing.height} day(s) have fewer raw rows than they were computed from, first {first['day']} with "
            f"{first['_there']:,} of {first['requests']:,}. Their numbers stay as they are. Bring the rows back from "
            "an archive to compute them again; if they were removed on purpose, docs/operators.md says what to do"
        )
