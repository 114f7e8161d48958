"""Responders: how many of the households that ads reached converted, so that a rate has one population.

Here: which converting households are among those that were reached, and had been before they converted.
Not here: reach itself (reach/), the rates (kpis.py), conversions whoever made them (response.py).
"""

from __future__ import annotations

import polars as pl

from assets.campaigns.delivery.impressions import IS_IMPRESSION
from assets.grain import SCOPE, SCOPE_MODEL

HOUSEHOLD = [*SCOPE, "household_key"]


def find_first_ads(exposures: pl.DataFrame) -> pl.DataFrame:
    """When each household was first reached, one row per scope and household.

    exposures: tenant_id, scope_id, household_key (null: not known), occurred_at, kind; clicks reach nobody
    returns:   tenant_id, scope_id, household_key, first_ad_at
    """
    impressions = exposures.filter(IS_IMPRESSION & pl.col("household_key").is_not_null())
    return impressions.group_by(HOUSEHOLD).agg(first_ad_at=pl.col("occurred_at").min())


def count_responders(credited: pl.DataFrame, first_ads: pl.DataFrame) -> pl.DataFrame:
    """Households that converted at or after an ad of the span that reached them, one row per scope and model with any.

    credited: tenant_id, scope_id, model, household_key (null: the address stands for no household), kind, is_goal,
              converted_at
    first_ads: of find_first_ads, of the same span
    returns:  the key, responders (of the goal kind), visitors (of kind visit)

    Who converted without having been reached in the span, by a code or an earlier ad, is no part of it.
    """
    responses = credited.join(first_ads, on=HOUSEHOLD, validate="m:1").filter(
        pl.col("converted_at") >= pl.col("first_ad_at")
    )
    household = pl.col("household_key")
    return (
        responses.group_by(SCOPE_MODEL)
        .agg(
            responders=household.filter(pl.col("is_goal")).n_unique().cast(pl.Int64),
            visitors=household.filter(pl.col("kind") == "visit").n_unique().cast(pl.Int64),
        )
        .sort(SCOPE_MODEL)
    )
