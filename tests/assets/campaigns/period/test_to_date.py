"""Campaigns to date: counted from their start to any moment, from everything that has been received."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.campaigns.period.to_date import (
    CampaignHistory,
    measure_each,
    measure_together,
    price_until,
    read_history,
    shows_until,
)
from sql.warehouse import Warehouse
from tests.assets.campaigns.quarter import START, Order, World
from tests.assets.campaigns.test_daily import add_campaign, add_exposures, named

WEEK = timedelta(weeks=1)
FAR = START + 52 * WEEK


def world() -> World:
    """Ten orders of 20.00 in each of two weeks, and 40 in the first that are known four weeks later."""
    on_time = [Order(n, START + n * WEEK / 10, START + n * WEEK / 10, 2_000) for n in range(20)]
    late = [Order(100 + n, START + timedelta(days=1), START + 4 * WEEK, 50_000) for n in range(40)]
    ads = [(START + n * WEEK / 100, START + n * WEEK / 100) for n in range(200)]
    return World([*on_time, *late], ads)


def kpis(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["kpi"]: row for row in frame.iter_rows(named=True)}


def until(history: CampaignHistory, moment: datetime) -> tuple[float, ...]:
    found = kpis(measure_together(history, moment))
    counted = [found[name]["estimate"] for name in ("impressions", "conversions", "revenue", "spend")]
    assert counted == [kpis(measure_each(history, moment))[name]["estimate"] for name in
                       ("impressions", "conversions", "revenue", "spend")]  # fmt: skip
    return tuple(counted)


def test_figures_grow_from_moment_to_moment_and_hold_what_came_late() -> None:
    moments = [START + WEEK, START + 2 * WEEK]

    then = world().history(moments, START + 3 * WEEK)
    now = world().history(moments, FAR)

    assert [until(then, moment) for moment in moments] == [(100, 10, 20_000, 100_000), (200, 20, 40_000, 200_000)]
    assert [until(now, moment) for moment in moments] == [(100, 50, 2_020_000, 100_000), (200, 60, 2_040_000, 200_000)]


def test_returns_have_intervals_and_what_was_booked_stands_beside_what_was_spent() -> None:
    moment = START + 2 * WEEK
    history = world().history([moment], FAR)

    found = kpis(measure_together(history, moment))

    assert found["roas"]["estimate"] == pytest.approx(10.2)
    assert found["cpa"]["estimate"] == pytest.approx(200_000 / 60)
    for name in ("conversions", "revenue", "roas", "cpa"):
        assert found[name]["lower"] < found[name]["estimate"] < found[name]["upper"]
    (price,) = price_until(history, moment).to_dicts()
    assert (price["booked"], price["cost_minor"], price["delivered"]) == (13_000, 13_000_000, 200)


def test_a_history_that_was_read_has_the_ads_before_and_between_the_moments(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    start = datetime(2026, 3, 1, tzinfo=UTC)
    moments = [datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]

    history = read_history(
        warehouse.read, named("harbour"), [named("spring")], start, [*moments, moments[0]], moments[1], "linear"
    )

    host_read = history.delivered.filter(placement_id=named("host-read").bytes)
    assert dict(host_read.select("span", "impressions").iter_rows())[0] == 8
    assert [until(history, moment)[0] for moment in moments] == [
        history.delivered.filter(pl.col("span") <= last)["impressions"].sum() for last in (0, 1)
    ]
    assert history.campaigns["window_days"].to_list() == [14.0]
    assert set(history.airings["since"]) == {start}


def test_single_ads_cost_and_earned_since_their_start() -> None:
    """Whatever came late is set against the money of the same ads, in the same episode."""
    moments = [START + WEEK, START + 2 * WEEK]
    history = world().history(moments, FAR)
    (until_first,), (until_last,) = (shows_until(history, moment).to_dicts() for moment in moments)
    names = ("impressions", "spend_minor", "conversions", "sample", "revenue_minor")
    assert [until_first[name] for name in names] == [100, 100_000, 50.0, 50, 2_020_000]
    assert [until_last[name] for name in names] == [200, 200_000, 60.0, 60, 2_040_000]
    free = history.placements.with_columns(cost_minor=pl.lit(None, dtype=pl.Int64))
    (unknown,) = shows_until(replace(history, placements=free), moments[0]).to_dicts()
    assert (unknown["spend_minor"], unknown["conversions"]) == (None, 50.0)
