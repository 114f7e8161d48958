"""Whom a campaign reached."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.delivery import count_delivery
from assets.campaigns.reach import campaign_levels

Heard = list[tuple[str, int | None]]


def audience(heard: Heard) -> pl.DataFrame:
    rows = [("harbour", "spring", placement, household, household, 1) for placement, household in heard]
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
    told = {row["scope_id"]: (row["impressions"], row["households"], row["frequency"]) for row in levels.to_dicts()}
    assert told == {"spring": (4, 2, 2.0), "mid": (2, 1, 2.0), "pre": (2, 2, 1.0)}


def test_without_known_households_there_is_no_frequency() -> None:
    levels = campaign_levels(audience([("mid", None)]))
    assert levels["households"].to_list() == [0, 0]
    assert levels["frequency"].to_list() == [None, None]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["pre", "mid", "post"]), st.integers(1, 6)), min_size=1, max_size=20))
def test_a_campaign_s_reach_lies_between_its_largest_placement_and_their_sum(heard: list[tuple[str, int]]) -> None:
    levels = campaign_levels(audience(list(heard)))
    campaign = levels.filter(pl.col("level") == "campaign")["households"].item()
    placements = levels.filter(pl.col("level") == "placement")["households"].to_list()
    assert max(placements) <= campaign <= sum(placements)


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
