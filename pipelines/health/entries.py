"""Entries: raw rows and settings that nothing is computed from, as lines of text.

Here: what `earshot status` prints about rows of no tenant, rows of impossible times and rows that break a constraint.
Not here: what is within bounds (sql/functions/in_*_bounds.sql), rows that a day leaves out (the check rows_plausible).
"""

from __future__ import annotations

from sql.warehouse import Warehouse


def strange_rows(warehouse: Warehouse) -> list[str]:
    """One line for each kind of row that no number counts; none where there is no such row."""
    lines = []
    for row in warehouse.rows("read_strange_rows"):
        tenant = row["slug"] or row["tenant_id"]
        span = f"{row['first_at']} to {row['last_at']}" if row["rows"] > 1 else row["first_at"]
        why = (
            f"belong to no tenant ({tenant})"
            if row["reason"] == "no tenant"
            else f"of {tenant} lie before 2000 or ahead of today"
        )
        lines.append(f"{row['rows']:,} row(s) of {row['relation']} {why}, {span}: they are counted nowhere.")
    lines += [
        f"Rows of {relation} break {name}: correct them, then run "
        f"ALTER TABLE {relation} VALIDATE CONSTRAINT {name}; new rows are held to it already."
        for relation, name in (row.values() for row in warehouse.rows("read_broken_bounds"))
    ]
    return lines
