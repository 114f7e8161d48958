"""When money is spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.delivery.spend import recognise_spend, unknown_spend

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
SHOWN = {"tenant_id": pl.String, "placement_id": pl.String, "episode_id": pl.String, "impressions": pl.Int64}


def placement(kind: str, cost: int | None, booked: int | None = 1000) -> pl.DataFrame:
    row = {
        "tenant_id": "harbour",
        "placement_id": "mid",
        "kind": kind,
        "booked_impressions": booked,
        "cost_minor": cost,
    }
    return pl.DataFrame([row], schema_overrides={"booked_impressions": pl.Int64, "cost_minor": pl.Int64})


def airings(*days: float) -> pl.DataFrame:
    rows = [("harbour", "mid", f"ep-{n}", START + timedelta(days=day)) for n, day in enumerate(days)]
    schema = pl.Schema(
        {
            "tenant_id": pl.String(),
            "placement_id": pl.String(),
            "episode_id": pl.String(),
            "aired_at": pl.Datetime("us", "UTC"),
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def delivered(**episodes: int) -> pl.DataFrame:
    return pl.DataFrame(
        [("harbour", "mid", name, count) for name, count in episodes.items()], schema=SHOWN, orient="row"
    )


def spent(placements: pl.DataFrame, aired: pl.DataFrame, before: int = 0, **episodes: int) -> dict[str, int]:
    rows = recognise_spend(placements, aired, delivered(ep=before), delivered(**episodes), START, START + WEEK)
    return dict(rows.select("episode_id", "spend_minor").iter_rows())


def test_baked_in_ads_are_spent_in_equal_parts_when_their_episodes_air() -> None:
    assert spent(placement("baked_in", 10_000), airings(0, 3, 10)) == {"ep-0": 3334, "ep-1": 3333}


def test_an_ad_that_airs_at_the_end_of_a_period_belongs_to_the_next() -> None:
    assert spent(placement("baked_in", 10_000), airings(-0.001, 7)) == {}


def test_dynamic_ads_are_spent_as_they_are_delivered() -> None:
    assert spent(placement("dynamic", 10_000), airings(), before=100, a=30, b=20) == {"a": 300, "b": 200}


def test_half_a_cent_is_rounded_up_over_all_that_was_delivered_so_far() -> None:
    assert spent(placement("dynamic", 1500, booked=1000), airings(), a=1) == {"a": 2}
    assert spent(placement("dynamic", 1500, booked=1000), airings(), before=1, a=1) == {"a": 1}


def test_the_price_of_a_large_campaign_in_small_units_is_exact() -> None:
    rupiah = placement("dynamic", 1_000_000_000_001, 10_000_000)
    assert spent(rupiah, airings(), a=5_000_000) == {"a": 500_000_000_001}


def test_delivery_beyond_the_booking_costs_nothing_more() -> None:
    assert spent(placement("dynamic", 10_000), airings(), before=900, a=500) == {"a": 1000}
    assert spent(placement("dynamic", 10_000), airings(), before=1200, a=500) == {}


@pytest.mark.parametrize(
    ("kind", "cost", "booked"), [("baked_in", None, 10), ("dynamic", None, 10), ("dynamic", 5, None)]
)
def test_a_price_that_is_not_known_is_not_zero(kind: str, cost: int | None, booked: int | None) -> None:
    assert unknown_spend(placement(kind, cost, booked))["placement_id"].to_list() == ["mid"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 10**6), st.lists(st.integers(0, 10**5), min_size=1, max_size=8))
def test_periods_sum_to_the_whole_and_never_exceed_the_cost(cost: int, booked: int, weeks: list[int]) -> None:
    total = 0
    for number, count in enumerate(weeks):
        before = sum(weeks[:number])
        half = count // 2
        total += sum(spent(placement("dynamic", cost, booked), airings(), before, a=half, b=count - half).values())
    assert total == sum(spent(placement("dynamic", cost, booked), airings(), a=sum(weeks)).values())
    assert total <= cost
