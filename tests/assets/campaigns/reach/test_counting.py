"""Whom a campaign reached."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.campaigns.delivery.impressions import count_delivery
from assets.campaigns.reach.counting import UNITS, campaign_levels, count_kinds, count_reach, estimate_levels
from assets.campaigns.reach.sketches import build_sketches
from assets.grain import CAMPAIGN_PLACEMENT

Heard = list[tuple[str, int | None]]


def audience(exposed: Heard) -> pl.DataFrame:
    rows = [("harbour", "spring", placement, household, household, 1) for placement, household in exposed]
    schema = {
        "tenant_id": pl.String,
        "campaign_id": pl.String,
        "placement_id": pl.String,
        "household_key": pl.Int64,
        "consumer_key": pl.Int64,
        "impressions": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_household_that_heard_two_placements_is_reached_once() -> None:
    levels = campaign_levels(audience([("mid", 1), ("mid", 1), ("pre", 1), ("pre", 2)]))
    result = {row["scope_id"]: (row["impressions"], row["households"], row["frequency"]) for row in levels.to_dicts()}
    assert result == {"spring": (4, 2, 2.0), "mid": (2, 1, 2.0), "pre": (2, 2, 1.0)}


def test_without_known_households_there_is_no_frequency() -> None:
    levels = campaign_levels(audience([("mid", None)]))
    assert levels["households"].to_list() == [0, 0]
    assert levels["frequency"].to_list() == [None, None]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["pre", "mid", "post"]), st.integers(1, 6)), min_size=1, max_size=20))
def test_a_campaign_s_reach_lies_between_its_largest_placement_and_their_sum(exposed: list[tuple[str, int]]) -> None:
    levels = campaign_levels(audience(list(exposed)))
    campaign = levels.filter(pl.col("level") == "campaign")["households"].item()
    placements = levels.filter(pl.col("level") == "placement")["households"].to_list()
    assert max(placements) <= campaign <= sum(placements)


def crowd(placement: str, people: range, exposed: int = 1) -> pl.DataFrame:
    """Everybody of a range heard the placement this often; two neighbours are a household."""
    person = pl.int_range(people.start, people.stop, eager=True)
    return pl.DataFrame({"consumer_key": person, "household_key": person // 2}).with_columns(
        tenant_id=pl.lit("harbour"),
        campaign_id=pl.lit("spring"),
        placement_id=pl.lit(placement),
        impressions=pl.lit(exposed, dtype=pl.Int64),
    )


def sketched(exposed: pl.DataFrame) -> pl.DataFrame:
    """campaign_levels by sketches, as of a campaign that is too large to be counted."""
    pytest.importorskip("datasketches", reason="datasketches is ready made for Python 3.11 to 3.13 only")
    units = [
        build_sketches(exposed.select(*CAMPAIGN_PLACEMENT, key=key), CAMPAIGN_PLACEMENT).with_columns(unit=pl.lit(unit))
        for unit, (key, _people) in UNITS.items()
    ]
    sizes = exposed.group_by(CAMPAIGN_PLACEMENT).agg(pl.col("impressions").sum())
    return estimate_levels(sizes, pl.concat(units))


spans = st.tuples(st.integers(0, 60_000), st.integers(1, 40_000), st.integers(1, 2))


@settings(max_examples=20, deadline=None)
@given(st.lists(spans, min_size=1, max_size=4))
def test_estimates_keep_to_what_must_be_true_of_audiences(exposed: list[tuple[int, int, int]]) -> None:
    parts = [crowd(f"spot-{n}", range(first, first + size), times) for n, (first, size, times) in enumerate(exposed)]
    audience = pl.concat(parts)
    result, truth = sketched(audience), campaign_levels(audience)
    assert result.select("level", "scope_id", "impressions").equals(truth.select("level", "scope_id", "impressions"))
    for people in ("households", "consumers"):
        [campaign] = result.filter(level="campaign")[people]
        placements = result.filter(level="placement")[people]
        assert placements.max() <= campaign <= placements.sum()
        assert (result[f"{people}_lower"] <= result[people]).all()
        assert (result[people] <= result[f"{people}_upper"]).all()
        assert (result[people] <= result["impressions"]).all()
        assert ((result[people] / truth[people] - 1).abs() < 0.05).all()
    exact = result.filter(~pl.col("is_estimate"))
    assert_frame_equal(exact, truth.join(exact, on=["level", "scope_id"], how="semi"))


def test_placements_without_a_listener_in_common_are_never_fewer_than_their_campaign() -> None:
    """Each estimate is off by its own chance, so their sum can fall short of the campaign's own."""
    short = 0
    for seed in range(12):
        start = seed * 1_000_000
        result = sketched(
            pl.concat([crowd(f"spot-{n}", range(start + n * 50_000, start + (n + 1) * 50_000)) for n in range(3)])
        )
        [campaign] = result.filter(level="campaign")["consumers"]
        together = result.filter(level="placement")["consumers"].sum()
        assert campaign <= together
        short += campaign == together
    assert short


def test_clicks_are_counted_beside_impressions_and_not_among_them() -> None:
    exposures = pl.DataFrame(
        {
            "tenant_id": ["harbour"] * 4,
            "day": [date(2026, 3, 1)] * 4,
            "campaign_id": ["spring"] * 4,
            "placement_id": ["mid"] * 4,
            "episode_id": ["ep-1"] * 4,
            "kind": ["delivered", "impression", "click", "delivered"],
            "household_key": [1, 1, 2, None],
            "address_class": ["household", "household", "household", "cellular"],
        }
    )
    row = count_delivery(exposures).row(0, named=True)
    assert (row["impressions"], row["clicks"], row["households"], row["usable_impressions"]) == (3, 1, 1, 2)


def test_the_kinds_of_addresses_sum_to_the_reach_and_each_counts_once() -> None:
    heard = audience([("mid", 1), ("mid", 1), ("pre", 2), ("pre", 3), ("pre", 4), ("pre", None)])
    classes = ["cellular", "household", "commercial", "unknown", "of a kind that is new", "household"]
    kinds = count_kinds(heard.with_columns(address_class=pl.Series(classes)), ["campaign_id"])
    assert kinds.select("campaign_id", "address_class", "addresses").rows() == [
        ("spring", "household", 1),
        ("spring", "commercial", 1),
        ("spring", "unknown", 2),
    ]
    assert kinds["addresses"].sum() == count_reach(heard, ["campaign_id"])["households"].item()
