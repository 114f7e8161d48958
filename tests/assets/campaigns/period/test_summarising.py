"""A tenant's local period, cut from facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from assets.campaigns.period.reading import PeriodFacts
from assets.campaigns.period.summarising import PeriodResult, summarise
from assets.campaigns.results.credited_conversions import SIGNALS
from sql.values import Window

UTC_TIME = pl.Datetime("us", "UTC")
NEW_YORK = "America/New_York"
FAR = datetime(2026, 6, 1, tzinfo=UTC)
KEY = {"tenant_id": "harbour", "campaign_id": "spring"}


def period(
    window: Window, timezone: str, delivered_at: list[datetime], bought_at: list[datetime], **changed: object
) -> PeriodResult:
    """One dynamic placement in one episode; each exposure and each purchase of a household of its own."""
    campaign = {**KEY, "sponsor_id": "kettle", "goal_kind": "purchase", "currency": "USD", "margin": None}
    flight = {"flight_starts_at": datetime(2026, 3, 1, tzinfo=UTC), "flight_ends_at": datetime(2026, 3, 31, tzinfo=UTC)}
    mid = {
        **KEY,
        "placement_id": "mid",
        "podcast_id": "tides",
        "kind": "dynamic",
        "booked_impressions": 300,
        "cost_minor": 30_000,
        **flight,
    }
    inside = [at for at in delivered_at if window.contains(at)]
    shown = {**KEY, "placement_id": "mid", "episode_id": "ep", "kind": "delivered", "address_class": "household"}
    exposures = [{**shown, "occurred_at": at, "household_key": n, "consumer_key": n} for n, at in enumerate(inside)]
    signals = {f"{name}_signals": int(name in ("pixel", "server")) for name in SIGNALS}
    sale = {
        **KEY,
        "model": "linear",
        "placement_id": "mid",
        "episode_id": "ep",
        "credit": 1.0,
        "own_credit": 0.25,
        "revenue_minor": 500,
    }
    sale |= {"kind": "purchase", "is_goal": True, "matched_by": "household", "currency": "USD", **signals}
    credited = [
        {**sale, "conversion_id": f"sale {n}", "unit": f"home {n}", "household_key": n, "converted_at": at}
        for n, at in enumerate(at for at in bought_at if window.contains(at))
    ]
    before = sum(at < window.start for at in delivered_at)
    facts = PeriodFacts(
        window,
        FAR,
        timezone,
        pl.DataFrame(
            [{**campaign, "window_days": 30.0, "default_model": "linear", "config_version": 1}],
            schema_overrides={"margin": pl.Float64},
        ),
        pl.DataFrame(
            exposures,
            schema={
                **dict.fromkeys(shown, pl.String),
                "occurred_at": UTC_TIME,
                "household_key": pl.Int64,
                "consumer_key": pl.Int64,
            },
        ),
        pl.DataFrame([{**KEY, "placement_id": "mid", "impressions": before}]),
        pl.DataFrame([{**mid, **changed}], schema_overrides={"cost_minor": pl.Int64}),
        pl.DataFrame(
            [
                {
                    "tenant_id": "harbour",
                    "placement_id": "mid",
                    "episode_id": "ep",
                    "aired_at": datetime(2026, 3, 2, tzinfo=UTC),
                }
            ],
            schema_overrides={"aired_at": UTC_TIME},
        ),
        pl.DataFrame(
            credited,
            schema={
                **{name: pl.Series([value]).dtype for name, value in sale.items()},
                "conversion_id": pl.String,
                "unit": pl.String,
                "household_key": pl.Int64,
                "converted_at": UTC_TIME,
            },
        ),
        pl.DataFrame(
            schema={"tenant_id": pl.String, "podcast_id": pl.String, "age_days": pl.Int32, "downloads": pl.Int64}
        ),
    )
    return summarise(facts)


def estimate_of(result: PeriodResult, kpi: str, level: str = "campaign") -> float:
    rows = result.kpis.filter((pl.col("kpi") == kpi) & (pl.col("model") == "linear") & (pl.col("level") == level))
    return float(rows["estimate"].item())


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 3, 10), 24)])
def test_short_and_long_days_hold_every_hour_once(day: date, hours: int) -> None:
    """New York's clocks changed on 8 March and 1 November 2026."""
    around = Window.of_local_days(day - timedelta(days=1), day + timedelta(days=1), NEW_YORK)
    every_hour = [around.start + timedelta(hours=n) for n in range(int(around.length / timedelta(hours=1)))]
    days = period(around, NEW_YORK, every_hour, every_hour).daily.filter(pl.col("model") == "linear").sort("day")
    assert days["day"].to_list() == [day - timedelta(days=1), day, day + timedelta(days=1)]
    assert days["impressions"].to_list() == [24, hours, 24]
    assert days["conversions"].to_list() == [24, hours, 24]
    single = period(Window.of_local_days(day, day, NEW_YORK), NEW_YORK, every_hour, every_hour)
    assert estimate_of(single, "impressions") == hours
    assert estimate_of(single, "conversions") == hours


def test_two_local_halves_sum_to_the_whole_in_counts_and_money() -> None:
    delivered_at = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=7 * n) for n in range(60)]
    bought_at = [at + timedelta(hours=1) for at in delivered_at[::3]]
    whole = period(
        Window.of_local_days(date(2026, 3, 2), date(2026, 3, 15), NEW_YORK), NEW_YORK, delivered_at, bought_at
    )
    halves = [
        period(Window.of_local_days(*days, NEW_YORK), NEW_YORK, delivered_at, bought_at)
        for days in ((date(2026, 3, 2), date(2026, 3, 8)), (date(2026, 3, 9), date(2026, 3, 15)))
    ]
    for kpi in ("impressions", "conversions", "revenue", "spend"):
        assert sum(estimate_of(half, kpi) for half in halves) == pytest.approx(estimate_of(whole, kpi))


def test_shows_days_campaign_and_sponsor_agree() -> None:
    delivered_at = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=n) for n in range(40)]
    result = period(Window.of_days(date(2026, 3, 2), date(2026, 3, 9)), "UTC", delivered_at, delivered_at[:10])
    shows = result.shows.filter(pl.col("model") == "linear")
    days = result.daily.filter(pl.col("model") == "linear")
    assert shows["impressions"].sum() == days["impressions"].sum() == estimate_of(result, "impressions") == 40
    assert (shows["conversions"].sum(), shows["own_conversions"].sum()) == (10, 2.5)
    assert shows["revenue_minor"].sum() == days["revenue_minor"].sum() == estimate_of(result, "revenue") == 5000
    assert shows["spend_minor"].sum() == estimate_of(result, "spend") == 4000
    assert estimate_of(result, "reach", "sponsor") == estimate_of(result, "reach") == 40


def test_pacing_compares_what_was_delivered_since_the_start_with_what_was_due() -> None:
    delivered_at = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=n) for n in range(40)]
    result = period(Window.of_days(date(2026, 3, 3), date(2026, 3, 10)), "UTC", delivered_at, [])
    row = result.pacing.row(0, named=True)
    assert (row["impressions"], row["delivered"], row["expected"], row["ended"]) == (16, 40, 100, False)


@pytest.mark.parametrize(("after", "mature"), [(timedelta(0), 1.0), (timedelta(microseconds=1), 0.0)])
def test_a_window_is_complete_at_the_moment_it_ends(after: timedelta, mature: float) -> None:
    delivered_at = [FAR - timedelta(days=30) + after]
    result = period(Window.of_days(date(2026, 5, 1), date(2026, 5, 5)), "UTC", delivered_at, [])
    assert result.kpis["mature_share"].unique().to_list() == [mature]


def test_signals_are_counted_with_their_overlap_and_never_added_up() -> None:
    bought_at = [datetime(2026, 3, 2, n, tzinfo=UTC) for n in range(3)]
    result = period(Window.of_days(date(2026, 3, 2), date(2026, 3, 2)), "UTC", [], bought_at)
    signals = {row["signal"]: row for row in result.signals.filter(pl.col("level") == "campaign").to_dicts()}
    assert (signals["pixel"]["conversions"], signals["server"]["conversions"], signals["utm"]["conversions"]) == (
        3,
        3,
        0,
    )
    assert signals["pixel"]["all_conversions"] == signals["pixel"]["all_overlapping"] == 3


def test_a_price_that_is_not_known_leaves_the_show_s_spend_empty() -> None:
    delivered_at = [datetime(2026, 3, 2, tzinfo=UTC)]
    result = period(Window.of_days(date(2026, 3, 2), date(2026, 3, 2)), "UTC", delivered_at, [], cost_minor=None)
    assert result.shows["spend_minor"].to_list() == [None] * 5


def test_a_period_without_anything_still_has_its_days_and_kpis() -> None:
    result = period(Window.of_days(date(2026, 3, 2), date(2026, 3, 4)), "UTC", [], [])
    assert result.daily.filter(pl.col("model") == "linear")["impressions"].to_list() == [0, 0, 0]
    assert estimate_of(result, "impressions") == 0
    assert result.shows.is_empty()
