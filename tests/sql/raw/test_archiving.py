"""A day's part goes when nobody has a row in it, without TimescaleDB, too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from sql.connections.connecting import StatementError
from sql.raw.archiving import drop_day, drop_empty_parts, fingerprints
from sql.schema.partitions import make_partitions
from sql.values import Window
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants, events

DAY = Window.of_day(date(2026, 3, 14))
AT = datetime(2026, 3, 14, 8, tzinfo=UTC)


def parts(warehouse: Warehouse) -> int:
    with warehouse.transaction() as connection:
        found = connection.execute("SELECT to_regclass('listener_events_p20260314') IS NOT NULL").fetchone()
    return int(found == (True,))


def drop(warehouse: Warehouse, tenant: UUID) -> int:
    return drop_day(warehouse, tenant, DAY, fingerprints(warehouse, tenant, DAY))["listener_events"]


def test_a_partition_goes_with_the_last_row_of_the_last_tenant(plain_url: str) -> None:
    warehouse = Warehouse(plain_url)
    add_tenants(warehouse)
    for tenant in (HARBOR, KREUZBERG):
        warehouse.insert("listener_events", events(tenant, [AT]))
    list(make_partitions(warehouse))
    assert parts(warehouse) == 1

    assert drop(warehouse, HARBOR) == 1
    assert drop_empty_parts(warehouse, DAY.day) == 0
    assert drop(warehouse, KREUZBERG) == 1
    assert drop_empty_parts(warehouse, DAY.day) == 1

    assert parts(warehouse) == 0
    # Rows that come back find a place.
    assert warehouse.insert("listener_events", events(HARBOR, [AT])) == 1
    warehouse.close()


def test_a_recent_day_s_part_is_refused(plain_url: str) -> None:
    warehouse = Warehouse(plain_url)
    with pytest.raises(StatementError, match="nothing of listener_events is dropped"):
        drop_empty_parts(warehouse, datetime.now(UTC).date())
    warehouse.close()
