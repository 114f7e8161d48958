"""Delivery: how many ads each placement delivered, and how many of their windows are complete.

Here: counts of impressions, clicks and households by placement and episode.
Not here: distinct audiences over time (counting.py), money (spend.py), what came back (kpis.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.attribution.conversions import USABLE_CLASS

# A click is a response to an ad, not another delivery of it.
IS_IMPRESSION = pl.col("kind") != "click"
IS_USABLE = pl.col("address_class") == USABLE_CLASS

# What a row is of within its group.
PLACED = ["placement_id", "episode_id"]


def count_delivery(exposures: pl.DataFrame, by: Sequence[str] = ("tenant_id", "day", "campaign_id")) -> pl.DataFrame:
    """One row per placement and episode within each group of `by`.

    exposures: tenant_id, day, campaign_id, placement_id, episode_id, kind, household_key, address_class
    returns:   by, placement_id, episode_id, impressions (ads delivered and explicit ones), households (distinct),
               usable_impressions (at addresses that stand for one household), clicks
    """
    household = pl.col("household_key").filter(IS_IMPRESSION & pl.col("household_key").is_not_null())
    return (
        exposures.group_by(*by, *PLACED)
        .agg(
            impressions=IS_IMPRESSION.sum().cast(pl.Int64),
            households=household.n_unique().cast(pl.Int64),
            usable_impressions=(IS_IMPRESSION & IS_USABLE).sum().cast(pl.Int64),
            clicks=(~IS_IMPRESSION).sum().cast(pl.Int64),
        )
        .sort(*by, *PLACED)
    )
