"""What a tenant's reports are made of, read as that tenant: whether they may go out, and which ones there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest

from assets.reporting.figures.subscriptions import Tenant
from assets.reporting.gate import Decision
from assets.reporting.reading import ReportReader
from reports.archive import Provenance
from sql.warehouse import Warehouse
from tests.assets.reporting.week import WEEK, add_days
from tests.sql.rows import HARBOR, KREUZBERG, RUN, add_tenants

ASSETS = ["downloads"]


@pytest.fixture
def networks(warehouse: Warehouse) -> Warehouse:
    """Harbor has every day of the week, judged and final; Kreuzberg has nothing."""
    add_tenants(warehouse)
    add_days(warehouse, HARBOR)
    return warehouse


def readers(warehouse: Warehouse) -> Iterator[ReportReader]:
    """Of Harbor, then of Kreuzberg."""
    rows = warehouse.read("read_tenants").to_dicts()
    provenance = Provenance(RUN, "1.0", datetime(2026, 3, 20, tzinfo=UTC))
    for tenant in sorted(map(Tenant.of, rows), key=lambda each: each.slug):
        with warehouse.as_tenant(tenant.tenant_id) as read:
            yield ReportReader(read, tenant, WEEK, ASSETS, provenance)


def decisions(warehouse: Warehouse) -> list[Decision]:
    return [reader.decision() for reader in readers(warehouse)]


def test_a_tenant_s_reports_go_out_by_its_own_days_alone(networks: Warehouse) -> None:
    harbor, kreuzberg = decisions(networks)

    assert harbor.is_open, harbor.text
    assert "2026-03-09 to 2026-03-15: not computed yet" in kreuzberg.text


def test_a_day_that_failed_a_check_holds_them(networks: Warehouse) -> None:
    with networks.transaction("earshot_owner") as connection:
        connection.execute("UPDATE check_results SET passed = false, detail = '2 offences' WHERE day = '2026-03-15'")

    harbor, _ = decisions(networks)

    assert "credits_sum on 2026-03-15: 2 offences" in harbor.text


def test_subscriptions_are_those_of_the_cadence_and_of_the_tenant(networks: Warehouse) -> None:
    for tenant in (HARBOR, KREUZBERG):
        owner = {"tenant_id": tenant.bytes, "sponsor_id": RUN.bytes}
        networks.insert("sponsors", pl.DataFrame([{**owner, "name": "Kettle"}]))
        for number, cadence in enumerate(("weekly", "monthly")):
            row = {**owner, "subscription_id": bytes([number]) * 16, "cadence": cadence}
            networks.insert("report_subscriptions", pl.DataFrame([row]))

    for reader in readers(networks):
        [subscription] = reader.subscriptions()
        assert subscription.subscription_id.bytes == bytes(16)
        assert [each.campaigns for each in reader.subjects([subscription])] == [[]]
