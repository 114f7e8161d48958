"""Spend: how much of a placement's price is earned, and when.

Here: baked-in ads recognised when their episode airs, dynamic ones as they are delivered, both to the minor unit.
Not here: delivery itself (impressions.py), ratios (kpis.py). A missing price stays null: it is never 0.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from assets.attribution.money import split_by_largest_remainder
from assets.frames import ratio
from assets.grain import PLACEMENT, PLACEMENT_EPISODE


def recognise_spend(
    placements: pl.DataFrame,
    airings: pl.DataFrame,
    before: pl.DataFrame,
    within: pl.DataFrame,
    start: datetime | pl.Expr,
    end: datetime,
) -> pl.DataFrame:
    """What each placement and episode cost in [start, end).

    placements: tenant_id, placement_id, kind, booked_impressions, cost_minor
    airings:    tenant_id, placement_id, episode_id, aired_at
    before:     tenant_id, placement_id, impressions: delivered before start (no row: none)
    within:     tenant_id, placement_id, episode_id, impressions: delivered in [start, end)
    start:      also as a column of the airings, where it is not the same for all
    returns:    tenant_id, placement_id, episode_id, spend_minor; rows with spend only. A placement whose spend is not
                known (no price, or dynamic without a booked number) has no rows here; unknown_spend has it.
    """
    priced_placements = placements.join(unknown_spend(placements), on=PLACEMENT, how="anti")
    baked_in = _spend_on_airing(priced_placements.filter(pl.col("kind") == "baked_in"), airings).filter(
        (pl.col("aired_at") >= start) & (pl.col("aired_at") < end)
    )
    dynamic = _spend_on_delivery(priced_placements.filter(pl.col("kind") == "dynamic"), before, within)
    return (
        pl.concat(
            [baked_in.select(*PLACEMENT_EPISODE, "spend_minor"), dynamic.select(*PLACEMENT_EPISODE, "spend_minor")]
        )
        .filter(pl.col("spend_minor") > 0)
        .sort(PLACEMENT_EPISODE)
    )


def unknown_spend(placements: pl.DataFrame) -> pl.DataFrame:
    """The placements whose spend cannot be known: tenant_id, placement_id."""
    no_quantity = (pl.col("kind") == "dynamic") & pl.col("booked_impressions").is_null()
    return placements.filter(pl.col("cost_minor").is_null() | no_quantity).select(PLACEMENT)


def _spend_on_airing(placements: pl.DataFrame, airings: pl.DataFrame) -> pl.DataFrame:
    """Equal parts per episode, all on the air date; the minor units left over go to the first to air."""
    aired = (
        airings.join(placements.select(*PLACEMENT, "cost_minor"), on=PLACEMENT, validate="m:1")
        .sort(*PLACEMENT, "aired_at", "episode_id")
        .with_columns(share=1.0 / pl.len().over(PLACEMENT))
    )
    parts = split_by_largest_remainder(aired, "cost_minor", "share", PLACEMENT, ["aired_at", "episode_id"])
    return aired.with_columns(spend_minor=parts)


def _spend_on_delivery(placements: pl.DataFrame, before: pl.DataFrame, within: pl.DataFrame) -> pl.DataFrame:
    """The difference of two cumulative amounts, shared among the span's episodes by what each delivered."""
    earlier = before.group_by(PLACEMENT).agg(earlier=pl.col("impressions").sum())
    priced = (
        within.filter(pl.col("impressions") > 0)
        .join(placements.select(*PLACEMENT, "cost_minor", "booked_impressions"), on=PLACEMENT, validate="m:1")
        .join(earlier, on=PLACEMENT, how="left", validate="m:1")
        .with_columns(earlier=pl.col("earlier").fill_null(0), now=pl.col("impressions").sum().over(PLACEMENT))
        .with_columns(
            total=_earned(pl.col("earlier") + pl.col("now")) - _earned(pl.col("earlier")),
            share=ratio(pl.col("impressions"), pl.col("now")),
        )
    )
    return priced.with_columns(
        spend_minor=split_by_largest_remainder(priced, "total", "share", PLACEMENT, ["episode_id"])
    )


def _earned(delivered: pl.Expr) -> pl.Expr:
    """cost * delivered / booked in whole minor units, half-up, never more than the cost. Integers all the way.

    The product needs more than 64 bits: a trillion rupiah for ten million ads are 10^19.
    """
    cost, booked = pl.col("cost_minor").cast(pl.Int128), pl.col("booked_impressions").cast(pl.Int128)
    capped = pl.min_horizontal(delivered.cast(pl.Int128), booked)
    return ((2 * cost * capped + booked) // (2 * booked)).cast(pl.Int64)
