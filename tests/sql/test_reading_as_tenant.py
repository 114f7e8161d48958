"""Reading as a tenant: a report can be built from its tenant's rows and from nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from sql.connecting import InsufficientPrivilegeError
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


def test_raw_series_are_out_of_reach(two_tenants: Warehouse) -> None:
    with two_tenants.as_tenant(HARBOR) as read, pytest.raises(InsufficientPrivilegeError):
        read("read_stale_days", received_since=datetime(2026, 1, 1, tzinfo=UTC))
