"""Signals of an order are found under every spelling of its id, and codes are kept as they are compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl

from sql.raw.watermarks import record_watermarks
from sql.warehouse import Warehouse
from tests.sql.rows import DAY, HARBOR, RUN, add_tenants

NOON = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)


def add_signals(warehouse: Warehouse, signals: list[tuple[str, datetime]]) -> None:
    warehouse.insert(
        "attribution_events",
        pl.DataFrame(
            {
                "tenant_id": [HARBOR.bytes] * len(signals),
                "event_id": [uuid5(HARBOR, f"{order}{at}").bytes for order, at in signals],
                "occurred_at": [at for _, at in signals],
                "received_at": [at for _, at in signals],
                "sponsor_id": [RUN.bytes] * len(signals),
                "kind": ["purchase"] * len(signals),
                "signal": ["pixel"] * len(signals),
                "order_id": [order for order, _ in signals],
            }
        ),
    )


def test_an_order_is_found_under_every_spelling_and_days_of_all_of_them_are_looked_at(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    add_signals(warehouse, [("A-1", NOON), ("A-1\u00a0", NOON + timedelta(days=1)), ("undefined", NOON)])
    found = warehouse.rows(
        "read_conversion_signals", start=NOON, end=NOON + timedelta(hours=1), tenants=[HARBOR], sponsors=None
    )
    assert sorted(str(row["order_id"]) for row in found) == ["A-1", "A-1", "None"]
    record_watermarks(warehouse, [(HARBOR, DAY), (HARBOR, NEXT)])
    with warehouse.transaction() as connection:
        rows = connection.execute("SELECT rows FROM ingest_watermarks WHERE source = 'signals' ORDER BY day").fetchall()
    assert rows == [(3,), (2,)]


def test_a_code_is_kept_as_it_is_compared(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    ids = {"tenant": HARBOR, "id": RUN, "day": DAY}
    with warehouse.transaction() as connection:
        for statement in (
            b"INSERT INTO podcasts VALUES (%(tenant)s, %(id)s, 'tides', 'Tides')",
            b"INSERT INTO sponsors VALUES (%(tenant)s, %(id)s, 'Nordlicht')",
            b"INSERT INTO campaigns (tenant_id, campaign_id, sponsor_id, name, starts_on, ends_on, currency) "
            b"VALUES (%(tenant)s, %(id)s, %(id)s, 'Spring', %(day)s, %(day)s, 'EUR')",
            b"INSERT INTO insertion_orders VALUES (%(tenant)s, %(id)s, %(id)s, 'IO-1')",
            b"INSERT INTO placements (tenant_id, placement_id, insertion_order_id, campaign_id, podcast_id, name, kind,"
            b" position, flight_start, flight_end) VALUES (%(tenant)s, %(id)s, %(id)s, %(id)s, %(id)s, 'Mid',"
            b" 'baked_in', 'mid', %(day)s, %(day)s)",
            b"INSERT INTO promo_codes (tenant_id, promo_code_id, sponsor_id, placement_id, code) "
            b"VALUES (%(tenant)s, %(id)s, %(id)s, %(id)s, '\xef\xbc\xb3ave\xe2\x80\x8b10 ')",
        ):
            connection.execute(statement, ids)
    assert warehouse.rows("read_promo_codes", tenants=[UUID(str(HARBOR))])[0]["code"] == "save10"
