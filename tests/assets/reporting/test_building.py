"""What becomes of each report: held with its reason, left alone where there is nothing to report on, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
import pytest

from assets.reporting.building import BuiltReport, ReportBuilder, count_states
from assets.reporting.figures.subscriptions import Tenant
from reports.archive import Provenance
from sql.warehouse import Warehouse
from tests.assets.reporting.week import WEEK, add_days
from tests.sql.rows import HARBOR, RUN, add_tenants

SPRING, AUTUMN, KETTLE = (UUID(int=number) for number in (11, 12, 13))


@pytest.fixture
def networks(warehouse: Warehouse) -> Warehouse:
    """Harbor's sponsor has a campaign that runs in the week and one that ended before it, and a report on each."""
    add_tenants(warehouse)
    owner = {"tenant_id": HARBOR.bytes, "sponsor_id": KETTLE.bytes}
    warehouse.insert("sponsors", pl.DataFrame([{**owner, "name": "Kettle"}]))
    for campaign, name, year in ((SPRING, "Spring", 2026), (AUTUMN, "Autumn", 2024)):
        about = {**owner, "campaign_id": campaign.bytes}
        dates = {"starts_on": date(year, 3, 1), "ends_on": date(year, 3, 31), "currency": "USD"}
        warehouse.insert("campaigns", pl.DataFrame([{**about, "name": name, **dates}]))
        subscription = {"subscription_id": campaign.bytes, "cadence": "weekly"}
        warehouse.insert("report_subscriptions", pl.DataFrame([{**about, **subscription}]))
    return warehouse


def tenant_of(warehouse: Warehouse, tenant_id: UUID) -> Tenant:
    rows = warehouse.read("read_tenants").filter(tenant_id=tenant_id.bytes)
    return Tenant.of(rows.row(0, named=True))


LATER = datetime(2026, 3, 20, tzinfo=UTC)


def build(
    warehouse: Warehouse, *only: UUID, waits_for: str = "", clock: datetime = LATER, **changed: str
) -> dict[str, BuiltReport]:
    provenance = Provenance(RUN, "1.0", clock)
    tenant = replace(tenant_of(warehouse, HARBOR), **changed)  # type: ignore[arg-type]
    built = ReportBuilder(warehouse, ["downloads"], provenance).build(tenant, WEEK, only, waits_for)
    return {report.campaign: report for report in built}


def archived(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.transaction("earshot_owner") as connection:
        return connection.execute("SELECT state, held_reason FROM reports").fetchall()


def test_a_report_on_days_that_are_missing_is_held_and_one_on_no_campaign_is_not_begun(networks: Warehouse) -> None:
    found = build(networks)

    assert {name: report.state for name, report in found.items()} == {"Spring": "held", "": "not_running"}
    assert "not computed yet" in found["Spring"].reason
    assert archived(networks) == [("held", found["Spring"].reason)]
    assert count_states(found.values()) == {"held": 1, "not_running": 1}


def test_a_run_keeps_to_its_campaigns_and_waits_where_it_must(networks: Warehouse) -> None:
    assert build(networks, AUTUMN) == {}
    held = build(networks, SPRING, waits_for="Someone is looking.")

    assert held["Spring"].reason.endswith("Someone is looking.")


def test_a_period_in_which_nothing_happened_is_skipped_once_where_the_subscription_says_so(networks: Warehouse) -> None:
    add_days(networks, HARBOR)
    with networks.transaction("earshot_owner") as connection:
        connection.execute("UPDATE report_subscriptions SET empty_policy = 'skip'")

    first, second = (build(networks)["Spring"] for _ in range(2))

    assert (first.state, second.state) == ("skipped", "kept")
    assert archived(networks) == [("skipped", first.reason)]


def test_a_report_that_cannot_be_made_is_held_with_its_error_and_the_next_one_goes_on(networks: Warehouse) -> None:
    add_days(networks, HARBOR)

    found = build(networks, timezone="Nowhere/Quay")

    assert {name: report.state for name, report in found.items()} == {"Spring": "held", "": "not_running"}
    assert found["Spring"].reason.startswith("It could not be made: ")
    assert isinstance(found["Spring"].error, Exception)
    assert archived(networks) == [("held", found["Spring"].reason)]


def test_a_report_whose_data_cannot_be_final_yet_says_when_they_can_and_is_looked_at_again(networks: Warehouse) -> None:
    early = build(networks, clock=datetime(2026, 3, 17, 9, tzinfo=UTC))["Spring"]

    assert (early.state, early.reason.partition(",")[0]) == ("pending", "It will be ready on Wednesday")
    with networks.transaction() as connection:
        ready = connection.execute("SELECT state, ready_at FROM reports").fetchall()
    assert ready == [("pending", datetime(2026, 3, 18, 2, tzinfo=UTC))]
    assert build(networks)["Spring"].state == "held"
    assert archived(networks)[0][0] == "held"


def test_a_dry_run_says_the_same_and_keeps_nothing(networks: Warehouse) -> None:
    provenance = Provenance(RUN, "1.0", LATER)
    builder = ReportBuilder(networks, ["downloads"], provenance, dry_run=True)

    found = {report.campaign: report.state for report in builder.build(tenant_of(networks, HARBOR), WEEK)}

    assert found == {"Spring": "held", "": "not_running"}
    assert archived(networks) == []
