"""Lookups: columns added to millions of rows from a small table, without copying what the rows already hold.

Here: one left join that touches nothing but its keys.
Not here: what is looked up (catalogue.py, enrichment.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def add_columns(rows: pl.DataFrame, table: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    """The rows in their order with the other columns of the table; null where it has none. Null keys match null keys.

    table: at most one row per key. A plain join would copy every column of the rows, which made up a third of the
    memory of a day of two million requests.
    """
    place = "_place"
    found = (
        rows.lazy()
        .select(on)
        .join(
            table.lazy().select(on).with_row_index(place),
            on=list(on),
            how="left",
            validate="m:1",
            nulls_equal=True,
            maintain_order="left",
        )
        .select(place)
        .collect()
        .to_series()
    )
    return rows.with_columns(column.gather(found) for column in table.drop(on).get_columns())
