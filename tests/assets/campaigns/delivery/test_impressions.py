"""How many ads each placement delivered."""

from __future__ import annotations

from datetime import date

import polars as pl

from assets.campaigns.delivery.impressions import count_delivery


def test_a_click_is_no_delivery_and_households_count_once() -> None:
    rows = [
        ("delivered", 1, "household"),
        ("delivered", 1, "household"),
        ("impression", 2, "commercial"),
        ("impression", None, "unknown"),
        ("click", 3, "household"),
    ]
    exposures = pl.DataFrame(rows, schema=["kind", "household_key", "address_class"], orient="row").with_columns(
        tenant_id=pl.lit("quayside"),
        day=date(2026, 11, 2),
        campaign_id=pl.lit("autumn"),
        placement_id=pl.lit("pre-roll"),
        episode_id=pl.lit("harbour-12"),
    )
    (row,) = count_delivery(exposures).to_dicts()
    assert (row["impressions"], row["usable_impressions"], row["households"], row["clicks"]) == (4, 2, 2, 1)
