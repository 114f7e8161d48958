"""Paths: the touches that a conversion is credited to, in time order, each admitted by its own campaign's settings.

Here: windows, the options of a campaign (touch unit, clicks, prior customers), the precedence of matches, numbering.
Not here: who matches whom (matching.py), credit (models.py). One path runs over all of a sponsor's campaigns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import polars as pl

from assets.attribution.matching import CANDIDATE, gather_pairs, match_codes, match_surveys, pair_keys
from assets.frames import MICROSECONDS_PER_DAY, SECONDS_PER_DAY, UTC_TIME, MissingColumnsError, complete, ratio
from assets.grain import CAMPAIGN, CONVERSION
from assets.spans import DEFAULT_WINDOW

# What a campaign without settings of its own is measured with; its results have version 0.
DEFAULT_SETTINGS: dict[str, object] = {
    "version": 0,
    "window_days": float(DEFAULT_WINDOW.days),
    "touch_unit": "impression",
    "include_clicks": True,
    "exclude_prior_customers": False,
    "half_life_days": 7.0,
    "default_model": "linear",
}

# Codes name their placement, keys match who was exposed, a survey answer rests on memory: the first kind of match that
# leaves a touch makes the path.
PRECEDENCE = {"promo_code": 0, "vanity_url": 0, "listener": 1, "household": 1, "survey": 2}


# Paths are put together for this many pairs of conversion and exposure at a time, so that memory follows the result.
PAIRS_AT_ONCE = 250_000

# What conversions and exposures may leave out. Without tenants and sponsors, all belong together.
KEYS = ("household_key", "listener_key", "listener_id", "promo_code", "survey_placement_id")
CONVERSION_DEFAULTS: dict[str, pl.Expr] = {
    "tenant_id": pl.lit(""),
    "sponsor_id": pl.lit(""),
    "day": pl.col("converted_at").dt.date(),
    "household_key": pl.lit(None, dtype=pl.Int64),
    "listener_key": pl.lit(None, dtype=pl.Int64),
    "listener_id": pl.lit(None, dtype=pl.String),
    "address_class": pl.lit("household"),
    "is_new_customer": pl.lit(None, dtype=pl.Boolean),
}
EXPOSURE_DEFAULTS: dict[str, pl.Expr] = {
    "tenant_id": pl.lit(""),
    "sponsor_id": pl.lit(""),
    "kind": pl.lit("impression"),
    "campaign_id": pl.lit(""),
    "episode_id": pl.lit(None, dtype=pl.String),
    "household_key": pl.lit(None, dtype=pl.Int64),
    "consumer_key": pl.lit(None, dtype=pl.Int64),
    "listener_id": pl.lit(None, dtype=pl.String),
    "address_class": pl.lit("household"),
}


def build_paths(
    conversions: pl.DataFrame,
    exposures: pl.DataFrame,
    codes: pl.DataFrame | None = None,
    placements: pl.DataFrame | None = None,
    airings: pl.DataFrame | None = None,
    settings: pl.DataFrame | None = None,
    defaults: Mapping[str, object] = DEFAULT_SETTINGS,
) -> pl.DataFrame:
    """The path of each conversion that has one: its touches, numbered from 1 in time order (ties by exposure id).

    conversions: conversion_id, converted_at, and whatever they can be matched by: household_key, listener_key,
                 listener_id, promo_code, survey_placement_id; tenant_id, sponsor_id, day (of converted_at),
                 address_class (household) and is_new_customer (not known) may be left out
    exposures:   exposure_id, occurred_at, placement_id, and household_key, consumer_key or listener_id; tenant_id,
                 sponsor_id, campaign_id, episode_id, kind (impression) and address_class (household) may be left out
    codes, placements, airings: as in matching.py, for promo codes, vanity URLs and survey answers only
    settings:    tenant_id, campaign_id, version, window_days, touch_unit, include_clicks, exclude_prior_customers,
                 half_life_days, default_model, valid_from: immutable versions
    defaults:    what campaigns without settings of their own are measured with, where other than DEFAULT_SETTINGS
    returns:     tenant_id, conversion_id, day (the conversion's), touch_no, touched_at, exposure_id, campaign_id,
                 placement_id, episode_id, matched_by, config_version, age_s (elapsed seconds to the conversion),
                 half_life_s

    Ids may be of any type. Times without a zone are taken as UTC. Raises MissingColumnsError.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({
    ...     "conversion_id": ["order"], "converted_at": [datetime(2026, 3, 9, 12)], "household_key": ["the Millers"],
    ... })
    >>> ads = pl.DataFrame({
    ...     "exposure_id": ["x1", "x2", "x3"], "placement_id": ["mid-roll", "pre-roll", "pre-roll"],
    ...     "occurred_at": [datetime(2026, 3, 2), datetime(2026, 3, 7), datetime(2026, 3, 10)],
    ...     "household_key": ["the Millers"] * 3,
    ... })
    >>> build_paths(orders, ads).select("conversion_id", "touch_no", "placement_id").rows()
    [('order', 1, 'mid-roll'), ('order', 2, 'pre-roll')]
    """
    if not any(key in conversions.columns for key in KEYS):
        raise MissingColumnsError(f"conversions are matched by one of {', '.join(KEYS)}: add one of these columns")
    orders = complete(conversions, "conversions", ["conversion_id", "converted_at"], CONVERSION_DEFAULTS)
    ads = complete(exposures, "exposures", ["exposure_id", "occurred_at", "placement_id"], EXPOSURE_DEFAULTS)
    orders, ads = _in_utc(orders, "converted_at"), _in_utc(ads, "occurred_at")
    chosen = {**DEFAULT_SETTINGS, **defaults}
    versions = _no_settings(ads) if settings is None else settings
    named = [
        *_match_named(orders, "promo_code", "promo codes", codes, placements, airings),
        *_match_named(orders, "survey_placement_id", "survey answers", None, placements, airings),
    ]
    built = [
        candidates.join(
            part.select(*CONVERSION, "converted_at", "day", "is_new_customer"), on=CONVERSION, validate="m:1"
        )
        .pipe(with_settings, versions, chosen)
        .pipe(admit)
        .pipe(_keep_first_kind_of_match)
        .pipe(keep_one_per_unit)
        .pipe(_number)
        for part, candidates in _candidates(orders, ads, named, _longest(versions, chosen))
    ]
    return pl.concat(built, how="vertical_relaxed")


def _in_utc(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    at, utc = pl.col(column), UTC_TIME
    if frame.schema[column] == utc:
        return frame
    has_zone = getattr(frame.schema[column], "time_zone", None) is not None
    return frame.with_columns((at if has_zone else at.dt.replace_time_zone("UTC")).cast(utc))


def _no_settings(exposures: pl.DataFrame) -> pl.DataFrame:
    campaigns = exposures.select("tenant_id", "campaign_id").clear()
    none = [pl.lit(value).alias(name) for name, value in DEFAULT_SETTINGS.items()]
    return campaigns.with_columns(*none, valid_from=pl.lit(None, dtype=UTC_TIME))


def _longest(settings: pl.DataFrame, defaults: Mapping[str, object]) -> timedelta:
    """The longest window that any campaign looks back."""
    windows = [*settings["window_days"].drop_nulls().to_list(), float(str(defaults["window_days"]))]
    return timedelta(days=max(windows))


def _match_named(
    orders: pl.DataFrame,
    column: str,
    what: str,
    codes: pl.DataFrame | None,
    placements: pl.DataFrame | None,
    airings: pl.DataFrame | None,
) -> list[pl.DataFrame]:
    """The candidates that codes or answers name; none where no conversion has any, or no frame explains them."""
    if column not in orders.columns or (placements is None and airings is None and codes is None):
        return []
    if placements is None or airings is None:
        raise MissingColumnsError(f"{what} name placements: give the frames placements and airings too")
    if column == "survey_placement_id":
        return [match_surveys(orders, placements, airings)]
    return [] if codes is None else [match_codes(orders, codes, placements, airings)]


def _candidates(
    orders: pl.DataFrame, exposures: pl.DataFrame, named: list[pl.DataFrame], longest: timedelta
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Conversions with their candidates, some at a time, in the order of their ids."""
    ordered = orders.sort(CONVERSION)
    pairs = pair_keys(ordered, exposures, longest)
    counted = ordered.select("tenant_id").with_row_index("conversion").drop("tenant_id")
    sizes = counted.join(pairs.group_by("conversion").len(), on="conversion", how="left", maintain_order="left")
    parts = (sizes["len"].fill_null(0).cum_sum() // PAIRS_AT_ONCE).rle()
    first = 0
    for length in parts.struct.field("len") if ordered.height else [0]:
        part = ordered.slice(first, length)
        own_pairs = pairs.filter(pl.col("conversion").is_between(first, first + length, closed="left"))
        named_touches = [each.join(part.select(CONVERSION), on=CONVERSION, how="semi") for each in named]
        yield (
            part,
            pl.concat([gather_pairs(own_pairs, ordered, exposures), *named_touches], how="vertical_relaxed").select(
                CANDIDATE
            ),
        )
        first += length


def with_settings(
    touches: pl.DataFrame, settings: pl.DataFrame, defaults: Mapping[str, object] = DEFAULT_SETTINGS
) -> pl.DataFrame:
    """Each touch with its campaign's settings at the time of the conversion.

    The latest version whose valid_from is not after the conversion; for conversions older than the first version, the
    first; for campaigns without any, the defaults.
    """
    versions = (
        settings.select(*CAMPAIGN, *DEFAULT_SETTINGS, "valid_from")
        .sort(*CAMPAIGN, "valid_from", "version")
        .with_columns(
            valid_until=pl.col("valid_from").shift(-1).over(CAMPAIGN),
            is_first=pl.int_range(pl.len()).over(CAMPAIGN) == 0,
        )
    )
    at = pl.col("converted_at")
    in_force = (pl.col("is_first") | (at >= pl.col("valid_from"))) & (
        pl.col("valid_until").is_null() | (at < pl.col("valid_until"))
    )
    return (
        touches.join(versions, on=CAMPAIGN, how="left")
        .filter(in_force | pl.col("version").is_null())
        .with_columns(pl.col(name).fill_null(value) for name, value in defaults.items())
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
        age_s=ratio(elapsed, pl.lit(1_000_000)),
        half_life_s=pl.col("half_life_days") * SECONDS_PER_DAY,
    )


def _keep_first_kind_of_match(touches: pl.DataFrame) -> pl.DataFrame:
    rank = pl.col("matched_by").replace_strict(PRECEDENCE, return_dtype=pl.Int8)
    return touches.with_columns(precedence=rank).filter(
        pl.col("precedence") == pl.col("precedence").min().over(CONVERSION)
    )


def keep_one_per_unit(touches: pl.DataFrame, path: Sequence[str] = CONVERSION) -> pl.DataFrame:
    """The first touch of each unit: every impression, one per placement and UTC day, or one per placement.

    path: the columns that name a path; touches come back in its order, then in that of time.

    Clicks are another kind of touch than impressions: they are merged among themselves.
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
        touches.sort(*CONVERSION, "touched_at", "exposure_id")
        .with_columns(touch_no=(pl.int_range(pl.len(), dtype=pl.Int32).over(CONVERSION) + 1).cast(pl.Int32))
        .select(
            *CONVERSION,
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
        .sort(*CONVERSION, "place")
        .unique(CONVERSION, keep="first", maintain_order=True)
        .select(*CONVERSION, "matched_by")
    )
    return conversions.join(best, on=CONVERSION, how="left", validate="1:1").with_columns(
        pl.col("matched_by").fill_null("none")
    )
