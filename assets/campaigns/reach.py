"""Reach: how many distinct households and listeners heard a campaign, and how often.

Here: distinct counts over a span, at any level, from the exposures themselves. An audience is never a sum of audiences.
Not here: counts of deliveries (delivery.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def count_reach(audience: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """One row per group.

    audience: the columns of by, household_key, consumer_key (null: not known), impressions (that the row stands for)
    returns:  by, impressions, households, consumers (distinct and known), frequency (impressions / households;
              null where no household is known)
    """
    household, consumer = pl.col("household_key"), pl.col("consumer_key")
    return (
        audience.filter(pl.col("impressions") > 0)
        .group_by(by)
        .agg(
            pl.col("impressions").sum().cast(pl.Int64),
            households=household.drop_nulls().n_unique().cast(pl.Int64),
            consumers=consumer.drop_nulls().n_unique().cast(pl.Int64),
        )
        .with_columns(frequency=pl.when(pl.col("households") > 0).then(pl.col("impressions") / pl.col("households")))
        .sort(by)
    )


def campaign_levels(audience: pl.DataFrame) -> pl.DataFrame:
    """The rows of campaign_reach but for the day: one per campaign and one per placement.

    audience: tenant_id, campaign_id, placement_id, household_key, consumer_key, impressions
    returns:  tenant_id, campaign_id, level, scope_id, impressions, households, consumers, frequency
    """
    campaigns = count_reach(audience, ["tenant_id", "campaign_id"]).with_columns(
        level=pl.lit("campaign"), scope_id="campaign_id"
    )
    placements = count_reach(audience, ["tenant_id", "campaign_id", "placement_id"]).with_columns(
        level=pl.lit("placement"), scope_id="placement_id"
    )
    columns = ["tenant_id", "campaign_id", "level", "scope_id", "impressions", "households", "consumers", "frequency"]
    return pl.concat([campaigns.select(columns), placements.select(columns)]).sort(columns[:4])
