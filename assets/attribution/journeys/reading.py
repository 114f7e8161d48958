"""Journeys: the sequences of a sponsor's ads that households were exposed to, with and without a conversion.

Here: the journeys without a conversion, and what the data-driven models give to each placement.
Not here: the paths of conversions (paths.py), the models' formulas (channels.py and what it calls), databases.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from assets.attribution.conversions import USABLE_CLASS
from assets.attribution.journeys.channels import channel_totals
from assets.attribution.paths import keep_one_per_unit, with_settings
from assets.facade import renamed_parameters
from assets.frames import MICROSECONDS_PER_DAY, ratio
from assets.grain import GOAL, GOAL_HOUSEHOLD

# The models that are fitted to whole sets of journeys.
DATA_DRIVEN = ("markov", "counterfactual")


def non_converting_journeys(
    exposures: pl.DataFrame, conversions: pl.DataFrame, settings: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """The touches of households whose window is complete without a conversion.

    exposures:   tenant_id, sponsor_id, goal_kind, exposure_id, occurred_at, kind, campaign_id, placement_id,
                 household_key, address_class; an exposure once per goal kind that it may have led to
    conversions: tenant_id, sponsor_id, goal_kind, household_key, converted_at; those of converted_households too
    settings:    as in paths.build_paths; those in force when the ad was delivered
    as_of:       a window is complete if it had ended by then
    returns:     tenant_id, sponsor_id, goal_kind, household_key, next_at (its next conversion, which came too late for
                 these touches; null: none), touch_no, placement_id

    A journey is a household's, cut at its conversions. A touch whose window holds a conversion is on that one's path,
    or was left out of it by the campaign's own settings; either way it is no sign of failure.
    """
    usable = pl.col("household_key").is_not_null() & (pl.col("address_class") == USABLE_CLASS)
    touches = (
        exposures.filter(usable)
        .with_columns(touched_at="occurred_at", converted_at="occurred_at", is_click=pl.col("kind") == "click")
        .pipe(with_settings, settings)
        .filter(pl.col("include_clicks") | ~pl.col("is_click"))
        .sort("touched_at")
    )
    ends = conversions.select(*GOAL_HOUSEHOLD, next_at="converted_at").sort("next_at")
    window = pl.duration(microseconds=(pl.col("window_days") * MICROSECONDS_PER_DAY).round().cast(pl.Int64))
    closes_at = pl.col("touched_at") + window
    journey = [*GOAL_HOUSEHOLD, "next_at"]
    return (
        touches.join_asof(
            ends,
            left_on="touched_at",
            right_on="next_at",
            by=GOAL_HOUSEHOLD,
            strategy="forward",
            coalesce=False,
            check_sortedness=False,
        )
        .filter(closes_at <= as_of, pl.col("next_at").is_null() | (pl.col("next_at") > closes_at))
        .pipe(keep_one_per_unit, journey)
        .with_columns(touch_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(journey))
        .select(*journey, "touch_no", "placement_id")
    )


def converted_households(paths: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """The households whose ads stand on the path of a conversion, whatever address it came from.

    paths:     tenant_id, sponsor_id, goal_kind, converted_at, exposure_id (null: a code or an answer named the ad)
    exposures: tenant_id, exposure_id, household_key
    returns:   the columns of GOAL_HOUSEHOLD, converted_at

    An ad may be played at home and the order come from another address, under the same listener id: that journey led
    to a conversion.
    """
    households = exposures.select("tenant_id", "exposure_id", "household_key").unique(["tenant_id", "exposure_id"])
    return (
        paths.filter(pl.col("exposure_id").is_not_null())
        .join(households, on=["tenant_id", "exposure_id"], validate="m:1")
        .filter(pl.col("household_key").is_not_null())
        .select(*GOAL_HOUSEHOLD, "converted_at")
        .unique()
    )


@renamed_parameters(lost="failed_touches")
def all_journeys(paths: pl.DataFrame, failed_touches: pl.DataFrame) -> pl.DataFrame:
    """Journeys with and without a conversion as one frame of ready-made paths per goal.

    paths:   tenant_id, sponsor_id, goal_kind, conversion_id, touch_no, placement_id: the paths of conversions
    failed_touches: of non_converting_journeys
    returns: tenant_id, sponsor_id, goal_kind, path_id, touch_no, placement_id, conversions, nulls, conversion_id (null:
             it led to nothing), household_key (null: see the conversion)
    """
    won = paths.sort(*GOAL, "conversion_id", "touch_no").select(
        *GOAL, "touch_no", "placement_id", "conversion_id", conversions=1, nulls=0
    )
    failed = failed_touches.sort(*GOAL_HOUSEHOLD, "next_at", "touch_no").select(
        *GOAL, "touch_no", "placement_id", "household_key", conversions=0, nulls=1
    )
    both = pl.concat([won, failed], how="diagonal_relaxed")
    return both.with_columns(path_id=(pl.col("touch_no") == 1).cum_sum())


def fit_totals(journeys: pl.DataFrame) -> pl.DataFrame:
    """What each placement earned under the data-driven models, per sponsor and goal kind.

    journeys: of all_journeys
    returns:  tenant_id, sponsor_id, goal_kind, model, placement_id, conversions, share, base_rate, journeys,
              all_conversions, is_fallback (under 300 conversions: the totals of the linear model); in this order
    """
    goals = journeys.partition_by(GOAL, maintain_order=True, include_key=True)
    totals = [_fit(goal) for goal in goals if goal["conversions"].sum()]
    empty = _fit(journeys.clear()) if not totals else None
    return pl.concat(totals).sort(*GOAL, "model", "placement_id") if empty is None else empty


def _fit(goal: pl.DataFrame) -> pl.DataFrame:
    firsts = goal.filter(pl.col("touch_no") == 1)
    count, converted = firsts.height, int(firsts["conversions"].sum())
    totals = channel_totals(goal.rename({"placement_id": "channel"}).drop(GOAL), DATA_DRIVEN)
    names = firsts.select(GOAL).head(1)
    return (
        totals.join(names, how="cross")
        .with_columns(
            share=ratio(pl.col("conversions"), pl.lit(max(converted, 1))),
            base_rate=pl.lit(converted / max(count, 1)),
            journeys=pl.lit(count, dtype=pl.Int64),
            all_conversions=pl.lit(converted, dtype=pl.Int64),
            is_fallback=pl.col("fitted_by") != pl.col("model"),
        )
        .rename({"channel": "placement_id"})
        .select(
            *GOAL,
            "model",
            "placement_id",
            "conversions",
            "share",
            "base_rate",
            "journeys",
            "all_conversions",
            "is_fallback",
        )
    )
