"""Paths: the touches that a conversion is credited to, in time order, each admitted by its own campaign's settings.

Here: windows, the options of a campaign (touch unit, clicks, prior customers), the precedence of matches, numbering.
Not here: who matches whom (matching.py), credit (models.py). One path runs over all of a sponsor's campaigns.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.attribution.matching import match_codes, match_keys, match_surveys

PATH = ["tenant_id", "conversion_id"]

# What a campaign without settings of its own is measured with; its results say version 0.
DEFAULT_SETTINGS: dict[str, object] = {
    "version": 0,
    "window_days": 30.0,
    "touch_unit": "impression",
    "include_clicks": True,
    "exclude_prior_customers": False,
    "half_life_days": 7.0,
    "default_model": "linear",
}

# Codes name their placement, keys say who heard it, an answer is a memory: the first that leaves a touch is the path.
PRECEDENCE = {"promo_code": 0, "vanity_url": 0, "listener": 1, "household": 1, "survey": 2}

SECONDS_PER_DAY = 86_400
MICROSECONDS_PER_DAY = SECONDS_PER_DAY * 1_000_000


def build_paths(
    conversions: pl.DataFrame,
    exposures: pl.DataFrame,
    codes: pl.DataFrame,
    placements: pl.DataFrame,
    airings: pl.DataFrame,
    settings: pl.DataFrame,
) -> pl.DataFrame:
    """The path of each conversion that has one: its touches, numbered from 1 in time order (ties by exposure id).

    conversions: of merge_conversions; exposures, codes, placements, airings: as in matching.py
    settings:    tenant_id, campaign_id, version, window_days, touch_unit, include_clicks, exclude_prior_customers,
                 half_life_days, default_model, valid_from: immutable versions
    returns:     tenant_id, conversion_id, day (the conversion's), touch_no, touched_at, exposure_id, campaign_id,
                 placement_id, episode_id, matched_by, config_version, age_s (elapsed seconds to the conversion),
                 half_life_s
    """
    candidates = pl.concat(
        [
            match_codes(conversions, codes, placements, airings),
            match_keys(conversions, exposures),
            match_surveys(conversions, placements, airings),
        ],
        how="vertical_relaxed",
    )
    return (
        candidates.join(conversions.select(*PATH, "converted_at", "day", "is_new_customer"), on=PATH, validate="m:1")
        .pipe(with_settings, settings)
        .pipe(admit)
        .pipe(_keep_first_kind_of_match)
        .pipe(keep_one_per_unit)
        .pipe(_number)
    )


def with_settings(touches: pl.DataFrame, settings: pl.DataFrame) -> pl.DataFrame:
    """Each touch with its campaign's settings at the time of the conversion.

    The latest version whose valid_from is not after the conversion; for conversions older than the first version, the
    first; for campaigns without any, DEFAULT_SETTINGS.
    """
    campaign = ["tenant_id", "campaign_id"]
    versions = (
        settings.select(*campaign, *DEFAULT_SETTINGS, "valid_from")
        .sort(*campaign, "valid_from", "version")
        .with_columns(
            valid_until=pl.col("valid_from").shift(-1).over(campaign),
            is_first=pl.int_range(pl.len()).over(campaign) == 0,
        )
    )
    at = pl.col("converted_at")
    in_force = (pl.col("is_first") | (at >= pl.col("valid_from"))) & (
        pl.col("valid_until").is_null() | (at < pl.col("valid_until"))
    )
    return (
        touches.join(versions, on=campaign, how="left")
        .filter(in_force | pl.col("version").is_null())
        .with_columns(pl.col(name).fill_null(value) for name, value in DEFAULT_SETTINGS.items())
        .rename({"version": "config_version"})
        .drop("valid_from", "valid_until", "is_first")
    )


def admit(touches: pl.DataFrame) -> pl.DataFrame:
    """The touches that their campaign lets in: 0 <= converted_at - touched_at <= window, in elapsed UTC seconds."""
    elapsed = (pl.col("converted_at") - pl.col("touched_at")).dt.total_microseconds()
    window = (pl.col("window_days") * MICROSECONDS_PER_DAY).round().cast(pl.Int64)
    is_prior = pl.col("is_new_customer").eq(False).fill_null(False)
    return touches.filter(
        elapsed.is_between(0, window),
        pl.col("include_clicks") | ~pl.col("is_click"),
        ~(pl.col("exclude_prior_customers") & is_prior),
    ).with_columns(
        age_s=elapsed / 1_000_000.0,
        half_life_s=pl.col("half_life_days") * SECONDS_PER_DAY,
    )


def _keep_first_kind_of_match(touches: pl.DataFrame) -> pl.DataFrame:
    rank = pl.col("matched_by").replace_strict(PRECEDENCE, return_dtype=pl.Int8)
    return touches.with_columns(precedence=rank).filter(pl.col("precedence") == pl.col("precedence").min().over(PATH))


def keep_one_per_unit(touches: pl.DataFrame, path: Sequence[str] = PATH) -> pl.DataFrame:
    """The first touch of each unit: every impression, one per placement and UTC day, or one per placement.

    path: the columns that name a path; touches come back in its order, then in that of time.

    Clicks are another kind of touch than hearing the ad: they fold among themselves.
    """
    unit = pl.col("touch_unit")
    return (
        touches.sort(*path, "touched_at", "exposure_id")
        .with_columns(
            unit_exposure=pl.when(unit == "impression").then("exposure_id"),
            unit_day=pl.when(unit == "placement_day").then(pl.col("touched_at").dt.date()),
        )
        .unique([*path, "placement_id", "is_click", "unit_exposure", "unit_day"], keep="first", maintain_order=True)
    )


def _number(touches: pl.DataFrame) -> pl.DataFrame:
    return (
        touches.sort(*PATH, "touched_at", "exposure_id")
        .with_columns(touch_no=(pl.int_range(pl.len(), dtype=pl.Int32).over(PATH) + 1).cast(pl.Int32))
        .select(
            *PATH,
            "day",
            "touch_no",
            "touched_at",
            "exposure_id",
            "campaign_id",
            "placement_id",
            "episode_id",
            "matched_by",
            "config_version",
            "age_s",
            "half_life_s",
        )
    )


def matched_by(conversions: pl.DataFrame, paths: pl.DataFrame) -> pl.DataFrame:
    """The conversions with matched_by: the strongest match on their path, or none."""
    strongest = ["promo_code", "vanity_url", "listener", "household", "survey"]
    order = {name: place for place, name in enumerate(strongest)}
    best = (
        paths.with_columns(place=pl.col("matched_by").replace_strict(order, return_dtype=pl.Int8))
        .sort(*PATH, "place")
        .unique(PATH, keep="first", maintain_order=True)
        .select(*PATH, "matched_by")
    )
    return conversions.join(best, on=PATH, how="left", validate="1:1").with_columns(
        pl.col("matched_by").fill_null("none")
    )
