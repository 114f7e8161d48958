"""Pacing: how many impressions were due by a moment, so that delivery can be called ahead or behind.

Here: the elapsed share of a flight for dynamic ads, and a show's own age curve for baked-in ones.
Not here: what was delivered (impressions.py), text about it (reports).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from assets.frames import MICROSECONDS_PER_DAY, ratio
from assets.grain import PLACEMENT, PODCAST

# An episode's downloads are booked as those of its first 30 days, the field's usual term.
BOOKED_AGE_DAYS = 30


def expect_delivery(
    placements: pl.DataFrame, airings: pl.DataFrame, curves: pl.DataFrame, moment: datetime
) -> pl.DataFrame:
    """tenant_id, placement_id, expected: impressions due by the moment; null where it is not known.

    placements: tenant_id, placement_id, podcast_id, kind, booked_impressions, flight_starts_at, flight_ends_at
    airings:    tenant_id, placement_id, episode_id, aired_at, those to come included
    curves:     tenant_id, podcast_id, age_days, downloads: by age over the show's episodes that are 30 days old

    Dynamic: booked times the elapsed share of the flight. Baked-in: each episode is due an equal part of the booking,
    gathered as the show's episodes gather their downloads; without such episodes it is null.
    """
    dynamic = placements.filter(pl.col("kind") == "dynamic").with_columns(due=_elapsed_share(moment))
    baked_in = placements.filter(pl.col("kind") == "baked_in").join(
        _gathered_share(placements, airings, curves, moment), on=PLACEMENT, how="left", validate="1:1"
    )
    return pl.concat(
        frame.select(*PLACEMENT, expected=(pl.col("booked_impressions") * pl.col("due")).round().cast(pl.Int64))
        for frame in (dynamic, baked_in)
    )


def _elapsed_share(moment: datetime) -> pl.Expr:
    flight = (pl.col("flight_ends_at") - pl.col("flight_starts_at")).dt.total_microseconds()
    elapsed = (pl.lit(moment) - pl.col("flight_starts_at")).dt.total_microseconds()
    return ratio(elapsed, flight).clip(0.0, 1.0)


def _gathered_share(
    placements: pl.DataFrame, airings: pl.DataFrame, curves: pl.DataFrame, moment: datetime
) -> pl.DataFrame:
    """tenant_id, placement_id, due: the mean share of their downloads that the episodes should have by the moment."""
    age = (pl.lit(moment) - pl.col("aired_at")).dt.total_microseconds() // MICROSECONDS_PER_DAY - 1
    shares = cumulate(curves)
    with_curve = shares.select(PODCAST).unique()
    return (
        airings.join(placements.select(*PLACEMENT, "podcast_id"), on=PLACEMENT, validate="m:1")
        .join(with_curve, on=PODCAST, validate="m:1")
        .with_columns(age_days=age.clip(-1, BOOKED_AGE_DAYS - 1))
        .join(shares, on=[*PODCAST, "age_days"], how="left", validate="m:1")
        .group_by(PLACEMENT)
        .agg(due=pl.col("share").fill_null(0.0).mean())
    )


def cumulate(curves: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, podcast_id, age_days (0 to 29), share of the 30 days' downloads by the end of that day of age."""
    ages = pl.DataFrame({"age_days": range(BOOKED_AGE_DAYS)}, schema={"age_days": pl.Int64})
    total = pl.col("downloads").sum().over(PODCAST)
    return (
        curves.select(PODCAST)
        .unique()
        .join(ages, how="cross")
        .join(
            curves.with_columns(pl.col("age_days").cast(pl.Int64)),
            on=[*PODCAST, "age_days"],
            how="left",
            validate="1:1",
        )
        .with_columns(pl.col("downloads").fill_null(0))
        .sort(*PODCAST, "age_days")
        .select(*PODCAST, "age_days", share=ratio(pl.col("downloads").cum_sum().over(PODCAST), total))
    )
