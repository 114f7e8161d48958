"""Matching: which ads could have led to a conversion: the placement that its code names, or exposures that share a key.

Here: promo codes, vanity URLs and survey answers to one touch at their placement's last airing; listener and household
keys to the exposures that share them.
Not here: windows, options and the order of a path (paths.py), what a touch is worth (models.py).

Every function returns candidates, one row per touch: tenant_id, conversion_id, touched_at, exposure_id (null where a
code or an answer names the placement), campaign_id, placement_id, episode_id, is_click, matched_by.
"""

from __future__ import annotations

import polars as pl

from assets.attribution.conversions import USABLE_CLASS

CANDIDATE = [
    "tenant_id",
    "conversion_id",
    "touched_at",
    "exposure_id",
    "campaign_id",
    "placement_id",
    "episode_id",
    "is_click",
    "matched_by",
]

SIGNAL_OF_CODE = {"code": "promo_code", "vanity_url": "vanity_url"}


def match_codes(
    conversions: pl.DataFrame, codes: pl.DataFrame, placements: pl.DataFrame, airings: pl.DataFrame
) -> pl.DataFrame:
    """The touch that the conversion's promo code or vanity URL names.

    codes:      tenant_id, sponsor_id, code (lower case), kind, placement_id, valid_from, valid_until (null: open)
    placements: tenant_id, sponsor_id, placement_id, campaign_id, kind, flight_starts_at, flight_ends_at (exclusive)
    airings:    tenant_id, placement_id, episode_id, aired_at

    A code that names another sponsor's placement names nothing: nobody is credited for an order of somebody else.
    """
    at = pl.col("converted_at")
    named = (
        conversions.filter(pl.col("promo_code").is_not_null())
        .select("tenant_id", "sponsor_id", "conversion_id", "converted_at", code="promo_code")
        .join(codes, on=["tenant_id", "sponsor_id", "code"])
        .filter(
            pl.col("valid_from").is_null() | (at >= pl.col("valid_from")),
            pl.col("valid_until").is_null() | (at < pl.col("valid_until")),
        )
        .with_columns(matched_by=pl.col("kind").replace_strict(SIGNAL_OF_CODE, return_dtype=pl.String))
    )
    return last_airings(named, placements, airings)


def match_surveys(conversions: pl.DataFrame, placements: pl.DataFrame, airings: pl.DataFrame) -> pl.DataFrame:
    """The touch that the first survey answer of the conversion's order names."""
    named = conversions.filter(pl.col("survey_placement_id").is_not_null()).select(
        "tenant_id",
        "sponsor_id",
        "conversion_id",
        "converted_at",
        placement_id="survey_placement_id",
        matched_by=pl.lit("survey"),
    )
    return last_airings(named, placements, airings)


def last_airings(named: pl.DataFrame, placements: pl.DataFrame, airings: pl.DataFrame) -> pl.DataFrame:
    """The last airing of each named placement at or before the conversion; no row where it had not aired yet.

    named: tenant_id, sponsor_id, conversion_id, converted_at, placement_id (of the same sponsor, or it is none),
           matched_by

    A baked-in ad airs with its episode. A dynamic one is on the air for its whole flight, so its last airing is the
    earlier of the conversion and the end of the flight; the latest episode before that stands for it.
    """
    booked = ["tenant_id", "sponsor_id", "placement_id"]
    known = named.select(*booked, "conversion_id", "converted_at", "matched_by").join(
        placements.select(*booked, "campaign_id", "kind", "flight_starts_at", "flight_ends_at"),
        on=booked,
        validate="m:1",
    )
    dynamic = pl.col("kind") == "dynamic"
    on_air_until = pl.min_horizontal("converted_at", "flight_ends_at")
    started = ~dynamic | (pl.col("converted_at") >= pl.col("flight_starts_at"))
    last = (
        airings.select("tenant_id", "placement_id", "aired_at", "episode_id")
        .unique()
        .sort("aired_at", "tenant_id", "placement_id", "episode_id")
        .unique(["tenant_id", "placement_id", "aired_at"], keep="last", maintain_order=True)
    )
    aired = (
        known.filter(started)
        .with_columns(until=pl.when(dynamic).then(on_air_until).otherwise("converted_at"))
        .sort("until")
        .join_asof(last, left_on="until", right_on="aired_at", by=["tenant_id", "placement_id"], check_sortedness=False)
        .filter(pl.col("episode_id").is_not_null())
    )
    return aired.with_columns(
        touched_at=pl.when(dynamic).then("until").otherwise("aired_at"),
        exposure_id=pl.lit(None, dtype=aired.schema["episode_id"]),
        is_click=pl.lit(False),
    ).select(CANDIDATE)


def match_keys(conversions: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Every exposure of the sponsor, at or before the conversion, that shares its listener or household key.

    conversions: tenant_id, sponsor_id, conversion_id, converted_at, household_key, listener_key, listener_id,
                 address_class
    exposures:   tenant_id, sponsor_id, exposure_id, occurred_at, kind, campaign_id, placement_id, episode_id,
                 household_key, consumer_key, listener_id, address_class

    A listener id always counts. Keys made of an address (household, and listener key against consumer key) count only
    where the address stands for one household on both sides. An exposure that shares several keys is one touch,
    matched by listener first. Joins are on equal keys, so no pairs are made but those of one listener or household.
    """
    ours = conversions.select(
        "tenant_id", "sponsor_id", "conversion_id", "converted_at", *_usable_keys("household_key", "listener_key")
    )
    theirs = exposures.with_columns(*_usable_keys("household_key", "consumer_key", keep_id=True))
    pairs = [
        _join_on(ours, theirs, "listener_id", "listener_id", "listener"),
        _join_on(ours, theirs, "listener_key", "consumer_key", "listener"),
        _join_on(ours, theirs, "household_key", "household_key", "household"),
    ]
    return (
        pl.concat(pairs)
        .unique(["tenant_id", "conversion_id", "exposure_id"], keep="first", maintain_order=True)
        .select(CANDIDATE)
    )


def _usable_keys(*keys: str, keep_id: bool = False) -> list[pl.Expr]:
    usable = pl.col("address_class") == USABLE_CLASS
    masked = [pl.when(usable).then(key).alias(key) for key in keys]
    return masked if keep_id else [*masked, pl.col("listener_id")]


def _join_on(ours: pl.DataFrame, theirs: pl.DataFrame, our_key: str, their_key: str, matched_by: str) -> pl.DataFrame:
    left = ours.filter(pl.col(our_key).is_not_null()).select(
        "tenant_id", "sponsor_id", "conversion_id", "converted_at", key=our_key
    )
    right = theirs.filter(pl.col(their_key).is_not_null()).select(
        "tenant_id",
        "sponsor_id",
        "exposure_id",
        "campaign_id",
        "placement_id",
        "episode_id",
        key=their_key,
        touched_at="occurred_at",
        is_click=pl.col("kind") == "click",
    )
    return (
        left.join(right, on=["tenant_id", "sponsor_id", "key"])
        .filter(pl.col("touched_at") <= pl.col("converted_at"))
        .with_columns(matched_by=pl.lit(matched_by))
        .select(CANDIDATE)
    )
