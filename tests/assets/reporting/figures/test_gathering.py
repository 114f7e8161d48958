"""The facts of a report: its models, its headline with intervals, and what was booked against what was delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from assets.campaigns.period.summarising import PeriodResult
from assets.reporting.figures.gathering import (
    headline,
    kpis_of,
    model_rows,
    open_windows,
    pacing,
    show_rows,
    totals,
)
from assets.reporting.figures.subscriptions import Subject
from reports.facts.report_facts import OpenWindows, Pacing, ShowRow
from reports.facts.to_date import Figures
from sql.values import Interval, Window
from tests.assets.reporting.campaigns import report_campaign

WEEK = Window.of_days(date(2026, 3, 2), date(2026, 3, 8))
HEADLINE = ("impressions", "reach", "conversions", "revenue", "spend", "roas", "cpa", "modelled_conversions")
SPRING, SUMMER, KETTLE = b"spring", b"summer", b"kettle"
MODELS = {
    ("campaign", SPRING): ["linear"],
    ("campaign", SUMMER): ["linear", "j_shaped"],
    ("sponsor", KETTLE): ["linear"],
}


@pytest.fixture
def result() -> PeriodResult:
    """Two campaigns of a sponsor, of which one leads with a model of its own."""
    kpis = [
        {
            "level": level, "scope_id": scope, "model": model, "kpi": kpi, "estimate": 3.0, "lower": 1.0, "upper": 9.0,
            "amount_minor": 300, "sample": 3.0, "usable_share": 0.9,
        }
        for (level, scope), models in MODELS.items() for model in models for kpi in HEADLINE
    ]  # fmt: skip
    nothing = pl.DataFrame()
    return PeriodResult(WEEK, datetime(2026, 3, 11, tzinfo=UTC), nothing, pl.DataFrame(kpis), *[nothing] * 5)


def subject(*campaigns: bytes, is_portfolio: bool = False) -> Subject:
    return Subject("Kettle", KETTLE, [report_campaign(each) for each in campaigns], is_portfolio)


def test_a_portfolio_is_shown_under_what_all_of_its_campaigns_share(result: PeriodResult) -> None:
    assert [row.model for row in model_rows(result, subject(SPRING, SUMMER, is_portfolio=True))] == ["linear"]


@pytest.mark.parametrize(("campaign", "models"), [(SPRING, ["linear"]), (SUMMER, ["linear", "j_shaped"])])
def test_a_campaign_is_shown_under_its_own_models(result: PeriodResult, campaign: bytes, models: list[str]) -> None:
    assert [row.model for row in model_rows(result, subject(campaign))] == models


def test_the_headline_has_an_interval_for_what_has_bounds(result: PeriodResult) -> None:
    found = totals(kpis_of(result, "campaign", SUMMER, "j_shaped"))

    assert (found.delivered, found.reach, found.sample, found.revenue_minor) == (3, 3, 3, 300)
    assert found.conversions_interval == found.roas_interval == Interval(3.0, 1.0, 9.0)
    with pytest.raises(KeyError):
        totals(kpis_of(result, "campaign", SPRING, "j_shaped"))


def test_the_headline_has_whom_it_reached_and_what_the_period_s_own_ads_earned(result: PeriodResult) -> None:
    kinds = [("household", 2), ("unknown", 1)]
    reached = [
        {"level": level, "scope_id": scope, "address_class": kind, "addresses": number}
        for level, scope in MODELS for kind, number in kinds
    ]  # fmt: skip
    shows = [{"model": model, "own_conversions": own} for model, own in (("linear", 0.5), ("linear", 0.25), ("x", 9.0))]
    period = replace(result, reached=pl.DataFrame(reached), shows=pl.DataFrame(shows))

    found = headline(period, subject(SPRING))

    assert (found.reach, found.reached) == (3, tuple(kinds))
    assert (found.conversions, found.own_conversions) == (3.0, 0.75)


@pytest.mark.parametrize(
    ("impressions", "mature", "still_open"), [((5, 5), (5, 5), 0), ((5, 5), (5, 4), 1), ((5, 0), (0, 0), 1)]
)
def test_a_window_is_open_by_the_time_of_its_ads(
    result: PeriodResult, impressions: tuple[int, int], mature: tuple[int, int], still_open: int
) -> None:
    """An episode that aired long ago is delivered anew every day."""
    shows = pl.DataFrame(
        {
            "model": ["linear"] * 2,
            "episode_id": ["old", "new"],
            "impressions": impressions,
            "mature_impressions": mature,
        }
    )
    kpis = result.kpis.with_columns(mature_share=pl.lit(0.5))
    found = open_windows(replace(result, shows=shows, kpis=kpis), subject(SPRING))
    assert found == OpenWindows(sum(number > 0 for number in impressions), still_open, 0.5)


def placed(booked: int | None, delivered: int, expected: float | None, *, ended: bool) -> dict[str, object]:
    return {"booked": booked, "delivered": delivered, "expected": expected, "ended": ended}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([placed(100, 90, 95.0, ended=True), placed(None, 5, 5.0, ended=False)], None),
        # What one placement lacks at its end is not made up by what another has too many.
        ([placed(100, 90, 95.0, ended=True), placed(50, 70, 50.0, ended=True)], Pacing(150, 160, 145, True, 10)),
        ([placed(100, 90, None, ended=False), placed(50, 20, 20.0, ended=True)], Pacing(150, 110, None, False, 30)),
    ],
)
def test_bookings_are_added_up_where_all_are_known(rows: list[dict[str, object]], expected: Pacing | None) -> None:
    schema = {"booked": pl.Int64, "delivered": pl.Int64, "expected": pl.Float64, "ended": pl.Boolean}
    assert pacing(pl.DataFrame(rows, schema=schema)) == expected


def test_a_show_has_what_its_placements_did_that_were_not_heard_in_the_period_too() -> None:
    so_far = pl.DataFrame(
        [
            (SPRING, b"now", b"tides", 100, 2.5, 3, 500, 900),
            (SPRING, b"before", b"tides", 40, 1.5, 2, 200, 100),
            (SPRING, b"elsewhere", b"waves", 7, 1.0, 1, 50, 30),
        ],
        schema=[
            "campaign_id", "placement_id", "podcast_id", "impressions", "conversions", "sample", "revenue_minor",
            "spend_minor",
        ],
        orient="row",
    )  # fmt: skip
    names = pl.DataFrame({"placement_id": [b"now", b"elsewhere"], "show": ["Tides", "Waves"]})
    found = show_rows(so_far, names, subject(SPRING), {("USD", "Tides")})
    assert found == (ShowRow("Tides", "USD", Figures(140, 4.0, 4, 700, 1_000)),)
