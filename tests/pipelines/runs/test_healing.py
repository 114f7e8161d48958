"""Healing: what comes late reopens its day and what builds on it, through the sensors' requests and their runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from dagster import (
    DagsterInstance,
    RunRequest,
    SensorDefinition,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
)

from assets.importing.sources.configured import add_source
from pipelines.arrivals import new_objects
from pipelines.backfill.computing import run_job
from pipelines.definitions import defs
from pipelines.schedules import weekly_report_mornings
from pipelines.sensors import late_rows
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import source_at
from tests.pipelines.history import passing_history
from tests.pipelines.running import compute, rows, states, written
from tests.pipelines.small_network import (
    MONDAY,
    SUNDAY,
    add,
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


def run_asked_for(warehouse: Warehouse, sensor: SensorDefinition, job: str) -> None:
    """What a sensor asks for, done."""
    with passing_history() as history:
        repository = defs.get_repository_def()
        context = build_sensor_context(
            history, resources={"warehouse": warehouse}, repository_def=repository, sensor_name=sensor.name
        )
        (request,) = sensor.evaluate_tick(context).run_requests or []
        run_job(warehouse, history, job, tags=dict(request.tags), tenants=scope_of(request))


def scope_of(request: RunRequest) -> list[str]:
    """Whom a run is asked for."""
    tenants: list[str] = request.run_config["resources"]["scope"]["config"]["tenants"]
    return tenants


def days_between(first: date, last: date) -> set[date]:
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def clock(warehouse: Warehouse) -> object:
    return rows(warehouse, "SELECT clock_timestamp()")[0][0]


def test_where_nothing_is_late_nothing_is_requested(week: Warehouse) -> None:
    context = build_sensor_context(resources={"warehouse": week})
    assert isinstance(late_rows(context), SkipReason)


def test_a_file_that_comes_late_is_followed_from_the_folder_to_the_correction_of_the_report(
    week: Warehouse, tmp_path: Path
) -> None:
    """A log and an order of the week come after its report has left: everything that builds on them is made again."""
    with passing_history() as history:
        run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat(), tenants=["kreuz"])
    assert states(week) == {"kreuz": "frozen"}
    add_source(week, source_at(tmp_path, tenant=named("kreuz"), tenant_slug="kreuz", name="edge"))
    line = '{} - - [04/Mar/2026:08:00:00 +0000] "GET /tides/1.mp3 HTTP/1.1" 200 3601000 "-" "Overcast/3.0"\n'
    log = tmp_path / "2026-03-04.log"
    log.write_text("".join(line.format(f"10.0.0.{home}") for home in (4, 5, 6)))
    os.utime(log, (1_772_700_000, 1_772_700_000))
    add(week, "attribution_events", purchase("kreuz", FRIDAY, "order-2", "EUR", client_ip="10.0.0.4"))

    run_asked_for(week, new_objects, "log_imports")
    (request,) = late_runs(week)
    assert range_of(request) == (WEDNESDAY.isoformat(), SUNDAY.isoformat(), [str(named("kreuz"))])
    before = clock(week)
    run_late(week, request)
    assert late_runs(week) == []

    again = written(week, before)
    assert again["downloads"] == again["ad_exposures"] == {WEDNESDAY}
    # Orders of the days behind it may be of homes of the late log, as order-2 is.
    assert again["attribution_credits"] == days_between(WEDNESDAY, SUNDAY)
    for asset in ("audience_periods", "campaign_reach", "campaign_roi"):
        assert SUNDAY in again[asset], asset
    query = "SELECT estimate FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = %s AND model = 'linear'"
    assert rows(week, query, named("kreuz"), SUNDAY, "impressions") == [(27.0,)]
    assert rows(week, query, named("kreuz"), SUNDAY, "conversions") == [(3.0,)]

    morning = build_schedule_context(
        scheduled_execution_time=datetime(2026, 3, 12, 5, 17, tzinfo=UTC), resources={"warehouse": week}
    )
    requests = list(cast("Iterator[RunRequest]", weekly_report_mornings(morning)))
    (request,) = [each for each in requests if each.partition_key == MONDAY.isoformat()]
    with passing_history() as history:
        run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat(), tenants=scope_of(request))
    revisions = "SELECT slug, revision, state FROM reports INNER JOIN tenants USING (tenant_id) ORDER BY 1, 2"
    assert rows(week, revisions) == [("kreuz", 1, "frozen"), ("kreuz", 2, "waiting")]


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
