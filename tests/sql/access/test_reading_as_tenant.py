"""Reading as a tenant: a report can be built from its tenant's rows and from nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from sql.tables import SERIES
from sql.values import Reader
from sql.warehouse import Warehouse

HARBOR, KREUZ = UUID(int=1), UUID(int=2)
DAY = date(2026, 11, 1)


@pytest.fixture
def two_tenants(warehouse: Warehouse) -> Warehouse:
    with warehouse.transaction("earshot_etl") as connection:
        for tenant, slug in ((HARBOR, "harbor"), (KREUZ, "kreuz")):
            connection.execute(
                "INSERT INTO tenants (tenant_id, slug, name, brand_name) VALUES (%s, %s, %s, %s)",
                (tenant, slug, slug.title(), slug.title()),
            )
            connection.execute(
                "INSERT INTO check_results (tenant_id, day, check_name, passed, detail, run_id)"
                " VALUES (%s, '2026-11-01', 'credits_sum', true, 'fine', %s)",
                (tenant, UUID(int=9)),
            )
    return warehouse


def results(read: Reader) -> list[bytes]:
    frame = read("read_check_results", first_day=DAY, last_day=DAY, tenants=[HARBOR, KREUZ])
    return list(frame["tenant_id"])


def test_a_statement_that_asks_for_two_tenants_gets_one(two_tenants: Warehouse) -> None:
    with two_tenants.as_tenant(HARBOR) as read:
        assert results(read) == [HARBOR.bytes]
    assert sorted(results(two_tenants.read)) == [HARBOR.bytes, KREUZ.bytes]


def test_the_context_holds_for_every_statement_of_the_reader(two_tenants: Warehouse) -> None:
    with two_tenants.as_tenant(KREUZ) as read:
        assert [results(read), results(read)] == [[KREUZ.bytes], [KREUZ.bytes]]


def test_series_are_read_through_their_views(two_tenants: Warehouse) -> None:
    with two_tenants.transaction() as connection:
        for number, tenant in enumerate((HARBOR, KREUZ)):
            connection.execute(
                "INSERT INTO listener_events (tenant_id, event_id, occurred_at, source, event_type)"
                " VALUES (%s, %s, '2026-11-01 12:00Z', 'client', 'follow')",
                (tenant, UUID(int=10 + number)),
            )
    span = {"start": datetime(2026, 11, 1, tzinfo=UTC), "end": datetime(2026, 11, 2, tzinfo=UTC)}
    with two_tenants.as_tenant(HARBOR) as read:
        events = read("read_listener_events", **span, tenants=[HARBOR, KREUZ], shard=0, shards=1)
    assert list(events["tenant_id"]) == [HARBOR.bytes]


def test_the_series_are_those_of_the_database(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        series = {row[0] for row in connection.execute("SELECT table_name FROM earshot_series").fetchall()}
    assert series == SERIES
