"""Schedules: which partition each clock asks for, and for whom it is morning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from dagster import RunRequest, SkipReason, build_schedule_context

from assets.runs import finality
from pipelines.first_day import loaded_first_day
from pipelines.schedules import (
    final_report_mornings,
    monthly_report_mornings,
    morning_tenants,
    nightly_days,
    weekly_report_mornings,
)
from sql.values import Scope, Window

TENANTS = pl.DataFrame(
    {
        "tenant_id": [bytes([number]) * 16 for number in (1, 2, 3)],
        "slug": ["harbor", "kreuz", "tokyo"],
        "timezone": ["America/New_York", "Europe/Berlin", "Asia/Tokyo"],
    }
)


class Held:
    """Stands for the warehouse: three tenants, the periods of held reports and those whose days have changed."""

    def __init__(self, *periods: date, changed: Sequence[date] = ()) -> None:
        self.periods = periods
        self.changed = changed

    def tenants(self, scope: Scope) -> pl.DataFrame:
        assert scope == Scope()
        return TENANTS

    def read(self, statement: str, /, **params: object) -> pl.DataFrame:
        if statement == "read_changed_reports":
            assert "conversions" in params["tables"]  # type: ignore[operator]
            recent = [{"period_start": first} for first in self.changed if first >= params["since"]]  # type: ignore[operator]
            return pl.DataFrame(recent, schema={"period_start": pl.Date})
        assert (statement, params["states"]) == ("read_reports", ["held", "pending", "waiting"])
        rows = [{"cadence": "weekly", "period_start": first} for first in self.periods]
        return pl.DataFrame(rows, schema={"cadence": pl.String, "period_start": pl.Date})


def evaluate(
    schedule: Callable[..., Any], moment: datetime, *held: date, changed: Sequence[date] = ()
) -> list[RunRequest | SkipReason]:
    warehouse = Held(*held, changed=changed)
    context = build_schedule_context(scheduled_execution_time=moment, resources={"warehouse": warehouse})
    return list(schedule(context))


def test_one_run_a_night_computes_yesterday_and_the_days_that_are_open_up_to_the_one_that_becomes_final() -> None:
    night = datetime(2026, 11, 21, 1, 11, tzinfo=UTC)
    request = nightly_days(build_schedule_context(scheduled_execution_time=night))
    assert isinstance(request, RunRequest)
    ends = [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert ends == ["2026-11-18", "2026-11-20"]
    tenants = pl.DataFrame({"tenant_id": [b"harbor"], "lateness_hours": [48]})
    is_final = [finality(tenants, Window.of_day(date.fromisoformat(end)), night)["is_final"].item() for end in ends]
    assert is_final == [True, False]


@pytest.mark.parametrize(
    ("moment", "slugs"),
    [
        (datetime(2026, 11, 18, 5, 17, tzinfo=UTC), ["kreuz"]),
        (datetime(2026, 7, 15, 4, 17, tzinfo=UTC), ["kreuz"]),
        (datetime(2026, 11, 17, 21, 17, tzinfo=UTC), ["tokyo"]),
        (datetime(2026, 11, 18, 12, 17, tzinfo=UTC), []),
    ],
    ids=["winter in Berlin", "summer in Berlin", "Tokyo", "nobody"],
)
def test_reports_are_looked_at_in_the_first_hour_of_a_tenants_morning(moment: datetime, slugs: list[str]) -> None:
    assert morning_tenants(TENANTS, moment) == slugs


def test_on_wednesday_morning_the_week_that_ended_on_sunday_is_requested() -> None:
    (request,) = evaluate(weekly_report_mornings, datetime(2026, 11, 18, 5, 17, tzinfo=UTC))
    assert isinstance(request, RunRequest)
    assert request.partition_key == "2026-11-09"
    assert request.run_config == {"resources": {"scope": {"config": {"tenants": ["kreuz"]}}}}


def test_a_tuesday_still_asks_for_the_week_before_because_sunday_is_not_final() -> None:
    (request,) = evaluate(weekly_report_mornings, datetime(2026, 11, 17, 5, 17, tzinfo=UTC))
    assert isinstance(request, RunRequest)
    assert request.partition_key == "2026-11-02"


def test_weeks_with_held_reports_are_looked_at_again_every_morning() -> None:
    requests = evaluate(weekly_report_mornings, datetime(2026, 11, 18, 5, 17, tzinfo=UTC), date(2026, 10, 26))
    assert [request.partition_key for request in requests if isinstance(request, RunRequest)] == [
        "2026-10-26",
        "2026-11-09",
    ]


def test_weeks_whose_days_have_changed_since_their_report_are_looked_at_again_for_a_quarter() -> None:
    morning = datetime(2026, 11, 18, 5, 17, tzinfo=UTC)
    requests = evaluate(weekly_report_mornings, morning, changed=[date(2026, 7, 6), date(2026, 9, 28)])
    assert [request.partition_key for request in requests if isinstance(request, RunRequest)] == [
        "2026-09-28",
        "2026-11-09",
    ]


def test_a_held_report_from_before_the_partitions_keeps_nobody_elses_from_being_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partition that does not exist would fail the clock for all tenants."""
    monkeypatch.setenv("EARSHOT_FIRST_DAY", "2026-10-28")
    loaded_first_day.cache_clear()
    held = (date(2026, 10, 19), date(2026, 10, 26))
    requests = evaluate(weekly_report_mornings, datetime(2026, 11, 18, 5, 17, tzinfo=UTC), *held)
    loaded_first_day.cache_clear()
    keys = [request.partition_key for request in requests if isinstance(request, RunRequest)]
    assert keys == ["2026-10-26", "2026-11-09"]


@pytest.mark.parametrize(("day", "month"), [(2, "2026-09-01"), (3, "2026-10-01")])
def test_a_month_is_requested_once_its_last_day_may_be_final(day: int, month: str) -> None:
    (request,) = evaluate(monthly_report_mornings, datetime(2026, 11, day, 5, 23, tzinfo=UTC))
    assert isinstance(request, RunRequest)
    assert request.partition_key == month


def test_without_a_morning_anywhere_nothing_runs() -> None:
    (skipped,) = evaluate(weekly_report_mornings, datetime(2026, 11, 18, 12, 17, tzinfo=UTC))
    assert isinstance(skipped, SkipReason)


class Ending(Held):
    """Tenants around the world, each with a campaign that ended on the same local day, and the states of its report."""

    def __init__(self, last: date, zones: Sequence[str], states: Sequence[str | None] = (None,)) -> None:
        super().__init__()
        self.last, self.zones, self.states = last, zones, states

    def tenants(self, scope: Scope) -> pl.DataFrame:
        ids = [bytes([number]) * 16 for number in range(len(self.zones))]
        return pl.DataFrame({"tenant_id": ids, "slug": list(self.zones), "timezone": list(self.zones)})

    def read(self, statement: str, /, **params: object) -> pl.DataFrame:
        if statement == "read_changed_reports":
            return pl.DataFrame(schema={"period_end": pl.Date, "period_start": pl.Date})
        assert statement == "read_ended_campaigns"
        ends = [self.last] if params["first"] <= self.last <= params["last"] else []  # type: ignore[operator]
        rows = [{"ends_on": last, "state": state} for last in ends for state in self.states]
        return pl.DataFrame(rows, schema={"ends_on": pl.Date, "state": pl.String})


# From 14 hours ahead of UTC to 11 behind it, with halves and quarters of hours.
ZONES = (
    *("Pacific/Kiritimati", "Asia/Tokyo", "Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin", "UTC"),
    *("America/St_Johns", "America/New_York", "Pacific/Honolulu", "Pacific/Pago_Pago"),
)


def first_request(zone: str, last: date) -> datetime:
    """The local moment at which a final report of a campaign that ends on the day is asked for first."""
    warehouse = Ending(last, [zone])
    moment = datetime(last.year, last.month, last.day, 0, 29, tzinfo=UTC) - timedelta(days=1)
    for hour in range(5 * 24):
        at = moment + timedelta(hours=hour)
        # That nothing is asked for at other hours is held below, for one day.
        if at.astimezone(ZoneInfo(zone)).hour != 6:
            continue
        context = build_schedule_context(scheduled_execution_time=at, resources={"warehouse": warehouse})
        requests = [each for each in final_report_mornings(context) if isinstance(each, RunRequest)]  # type: ignore[union-attr]
        if requests:
            assert requests[0].partition_key == last.isoformat()
            assert requests[0].run_config == {"resources": {"scope": {"config": {"tenants": [zone]}}}}
            return at.astimezone(ZoneInfo(zone))
    pytest.fail(f"nobody in {zone} is asked for a final report")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("last", [date(2026, 11, 15), date(2026, 3, 28), date(2026, 10, 31)])
def test_a_final_report_is_asked_for_in_a_morning_after_the_campaign_has_ended_wherever_that_is(
    zone: str, last: date
) -> None:
    """Never while the flight still runs there, and two mornings after its last day at the latest; clocks may change."""
    first = first_request(zone, last)
    assert first.hour == 6
    assert last < first.date() <= last + timedelta(days=2)


def test_each_zone_has_its_own_morning_for_the_end_of_the_same_day() -> None:
    last = date(2026, 11, 15)
    warehouse = Ending(last, ZONES)
    woken: dict[str, str] = {}
    for hour in range(24):
        at = datetime(2026, 11, 17, hour, 29, tzinfo=UTC)
        context = build_schedule_context(scheduled_execution_time=at, resources={"warehouse": warehouse})
        for each in final_report_mornings(context):  # type: ignore[union-attr]
            if isinstance(each, RunRequest):
                for zone in each.run_config["resources"]["scope"]["config"]["tenants"]:
                    assert zone not in woken
                    woken[zone] = each.partition_key or ""
    assert woken == dict.fromkeys(ZONES, "2026-11-15")


@pytest.mark.parametrize(("state", "is_asked"), [(None, True), ("held", True), ("pending", True), ("frozen", False)])
def test_a_final_report_that_has_left_is_not_asked_for_again(state: str | None, is_asked: bool) -> None:
    warehouse = Ending(date(2026, 11, 15), ["Europe/Berlin"], [state])
    at = datetime(2026, 11, 18, 5, 29, tzinfo=UTC)
    context = build_schedule_context(scheduled_execution_time=at, resources={"warehouse": warehouse})
    assert any(isinstance(each, RunRequest) for each in final_report_mornings(context)) == is_asked  # type: ignore[union-attr]


def test_the_night_is_divided_where_days_are_divided_over_machines() -> None:
    code = (
        "from datetime import UTC, datetime; from dagster import build_schedule_context; "
        "from pipelines.schedules import nightly_days as night; "
        "print(night.job_name); print(night(build_schedule_context(scheduled_execution_time="
        "datetime(2026, 3, 5, 1, 11, tzinfo=UTC))).run_config)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EARSHOT_EXECUTOR": "multiprocess"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    config = {"ops": {"divide_tenants": {"config": {"first": "2026-03-02", "last": "2026-03-04"}}}}
    assert done.stdout.splitlines() == ["chunked_rollups", str(config)]
