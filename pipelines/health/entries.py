"""Entries: raw rows and settings that nothing is computed from, as lines of text.

Here: what `earshot status` and `earshot doctor` say about rows of no tenant, rows of impossible times, rows that break
a constraint, and order ids that many households share.
Not here: what is within bounds (sql/functions/in_*_bounds.sql), rows that a day leaves out (the check rows_plausible).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sql.warehouse import Warehouse

# Days of conversions that are looked through for shared order ids, and how many of these are named.
LOOKED_BACK = timedelta(days=7)
NAMED = 5


def strange_rows(warehouse: Warehouse) -> list[str]:
    """One line for each kind of row that no number counts; none where there is no such row."""
    lines = []
    for row in warehouse.rows("read_strange_rows"):
        tenant = row["slug"] or row["tenant_id"]
        span = f"{row['first_at']} to {row['last_at']}" if row["rows"] > 1 else row["first_at"]
        why, advice = (
            (f"belong to no tenant ({tenant})", "Enter a tenant with that id, or give the rows the id of theirs")
            if row["reason"] == "no tenant"
            else (f"of {tenant} lie before 2000 or ahead of today", "Correct their occurred_at, or delete them")
        )
        lines.append(f"{row['rows']:,} row(s) of {row['relation']} {why}, {span}: they are counted nowhere. {advice}.")
    lines += [
        f"Rows of {relation} break {name}: correct them, then run "
        f"ALTER TABLE {relation} VALIDATE CONSTRAINT {name}; new rows are held to it already."
        for relation, name in (row.values() for row in warehouse.rows("read_broken_bounds"))
    ]
    return lines


def shared_order_lines(warehouse: Warehouse, now: datetime | None = None) -> list[str]:
    """One line for each order id of the last week that many households share: nothing is merged under it."""
    until = now or datetime.now(UTC)
    tenants = {row["tenant_id"]: row["slug"] for row in warehouse.rows("read_tenants")}
    rows = warehouse.rows("read_shared_orders", start=until - LOOKED_BACK, end=until, tenants=list(tenants))
    rows.sort(key=lambda row: row["conversions"], reverse=True)
    lines = [
        f"Order id {row['order_id']!r} of a sponsor of {tenants[row['tenant_id']]} ({row['sponsor']}) comes from many "
        f"households: its {row['conversions']:,} signals of the last week are a conversion each. Have the shop send "
        "the order's own number."
        for row in rows[:NAMED]
    ]
    more = len(rows) - NAMED
    return [*lines, f"{more} more order ids are shared by many households."] if more > 0 else lines
