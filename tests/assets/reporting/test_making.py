"""For whom reports are made: all subscriptions of a period, and those to ends of campaigns on the day of that end."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import polars as pl

from assets.reporting.figures.periods import campaign_of, week_of
from assets.reporting.figures.subscriptions import Tenant
from assets.reporting.making import ending_tasks, period_tasks
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)
KETTLE, SPRING, SHORT, DRAFT, STOPPED = (UUID(int=number) for number in range(11, 16))


def add_ending(warehouse: Warehouse, campaign: UUID, first: date, *, stage: str = "live", active: bool = True) -> None:
    """A campaign of Kettle's that ends with March, and a subscription to its end with the campaign's id."""
    about = {"tenant_id": HARBOR.bytes, "sponsor_id": KETTLE.bytes, "campaign_id": campaign.bytes}
    flight = {"name": str(campaign), "starts_on": first, "ends_on": MARCH, "currency": "USD", "stage": stage}
    warehouse.insert("campaigns", pl.DataFrame([{**about, **flight}]))
    ends = {"subscription_id": campaign.bytes, "cadence": "end_of_campaign", "active": active}
    warehouse.insert("report_subscriptions", pl.DataFrame([{**about, **ends}]))


def tasks_on(warehouse: Warehouse, tenant: UUID, day: date) -> list[tuple[object, object]]:
    row = warehouse.read("read_tenants").filter(tenant_id=tenant.bytes).row(0, named=True)
    with warehouse.as_tenant(tenant) as read:
        return list(ending_tasks(day)(read, Tenant.of(row)))


def test_a_day_on_which_campaigns_ended_has_each_of_their_flights(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    warehouse.insert(
        "sponsors", pl.DataFrame([{"tenant_id": HARBOR.bytes, "sponsor_id": KETTLE.bytes, "name": "Kettle"}])
    )
    add_ending(warehouse, SPRING, date(2026, 1, 1))
    add_ending(warehouse, SHORT, date(2026, 3, 1))
    add_ending(warehouse, DRAFT, date(2026, 3, 1), stage="draft")
    add_ending(warehouse, STOPPED, date(2026, 3, 1), active=False)

    assert tasks_on(warehouse, HARBOR, MARCH) == [
        (campaign_of(date(2026, 1, 1), MARCH, "UTC"), [SPRING]),
        (campaign_of(date(2026, 3, 1), MARCH, "UTC"), [SHORT]),
    ]
    assert tasks_on(warehouse, HARBOR, APRIL) == []
    assert tasks_on(warehouse, KREUZBERG, MARCH) == []


def test_a_week_has_all_subscriptions_in_each_tenants_own_time(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    row = warehouse.read("read_tenants").filter(tenant_id=HARBOR.bytes).row(0, named=True)
    monday = date(2026, 3, 9)
    with warehouse.as_tenant(HARBOR) as read:
        assert list(period_tasks(week_of, monday)(read, Tenant.of(row))) == [(week_of(monday, "UTC"), None)]
