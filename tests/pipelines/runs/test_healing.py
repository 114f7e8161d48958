"""Healing: a late row reopens its day and what builds on it, through the sensor's request and the run that follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from dagster import DagsterInstance, RunRequest, SkipReason, build_sensor_context

from pipelines.backfill.computing import run_job
from pipelines.definitions import defs
from pipelines.sensors import late_rows
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.running import compute, content, rows, written
from tests.pipelines.small_network import (
    MONDAY,
    SUNDAY,
    add,
    at,
    download,
    named,
    purchase,
)

WEDNESDAY = MONDAY + timedelta(days=2)
FRIDAY = MONDAY + timedelta(days=4)

pytestmark = pytest.mark.usefixtures("home")


def late_runs(warehouse: Warehouse, history: DagsterInstance | None = None) -> Sequence[RunRequest]:
    """What the sensor asks for, seen as the daemon sees it."""
    with history or DagsterInstance.ephemeral() as instance:
        repository = defs.get_repository_def()
        context = build_sensor_context(
            instance, resources={"warehouse": warehouse}, repository_def=repository, sensor_name="late_rows"
        )
        return late_rows.evaluate_tick(context).run_requests or []


def range_of(request: RunRequest) -> tuple[str, str, list[str]]:
    """First and last day, and the tenants."""
    days = [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    return days[0], days[1], request.run_config["resources"]["scope"]["config"]["tenants"]


def run_late(warehouse: Warehouse, request: RunRequest) -> None:
    with passing_history() as history:
        tenants = range_of(request)[2]
        run_job(warehouse, history, "daily_rollups", tags=dict(request.tags), tenants=tenants, stale_only=True)


def clock(warehouse: Warehouse) -> object:
    return rows(warehouse, "SELECT clock_timestamp()")[0][0]


def test_where_nothing_is_late_nothing_is_requested(week: Warehouse) -> None:
    context = build_sensor_context(resources={"warehouse": week})
    assert isinstance(late_rows(context), SkipReason)


def test_a_late_row_reopens_its_day_and_the_days_that_build_on_it(week: Warehouse) -> None:
    add(week, "listener_events", download("kreuz", WEDNESDAY, "10.0.0.4", received_at=at(SUNDAY, 23)))
    add(week, "attribution_events", purchase("kreuz", FRIDAY, "order-2", "EUR", client_ip="10.0.0.4"))
    (request,) = late_runs(week)
    assert range_of(request) == (WEDNESDAY.isoformat(), SUNDAY.isoformat(), [str(named("kreuz"))])
    run_late(week, request)
    assert late_runs(week) == []
    healed = content(week)
    compute(week)
    assert content(week) == healed
    query = "SELECT estimate FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = %s AND model = 'linear'"
    assert rows(week, query, named("kreuz"), SUNDAY, "impressions") == [(25.0,)]
    assert rows(week, query, named("kreuz"), SUNDAY, "conversions") == [(3.0,)]


def test_a_refund_reopens_the_day_of_its_order_alone(week: Warehouse) -> None:
    tuesday = SUNDAY + timedelta(days=2)
    refund = purchase("harbor", tuesday, f"order-{WEDNESDAY}", "USD", kind="refund", value_minor=500)
    add(week, "attribution_events", {**refund, "event_id": named("refund")})
    (request,) = late_runs(week)
    assert range_of(request) == (WEDNESDAY.isoformat(), SUNDAY.isoformat(), [str(named("harbor"))])
    before = clock(week)
    run_late(week, request)
    # Results are cumulative, so they are made again from the order's day on; nothing else is.
    again = {"campaign_roi", "model_totals", "lift_results", "campaign_benchmarks", "tenant_checks"}
    assert {asset: days for asset, days in written(week, before).items() if asset not in again} == {
        "conversions": {WEDNESDAY},
        "attribution_credits": {WEDNESDAY},
    }
    assert late_runs(week) == []
    compute(week, tuesday, tuesday)
    query = "SELECT amount_minor FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = 'revenue' AND model = %s"
    assert rows(week, query, named("harbor"), SUNDAY, "linear") == [(4000,)]
    assert rows(week, query, named("harbor"), tuesday, "linear") == [(3500,)]
