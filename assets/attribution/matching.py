"""Matching: which ads could have led to a conversion: the placement that its code names, or exposures that share a key.

Here: promo codes, vanity URLs and survey answers to one touch at their placement's last airing; listener and household
keys to the exposures that share them.
Not here: windows, options and the order of a path (paths.py), the credit of a touch (models.py).

Every function returns candidates, one row per touch: tenant_id, conversion_id, touched_at, exposure_id (null where a
code or an answer names the placement), campaign_id, placement_id, episode_id, is_click, matched_by.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from assets.attribution.conversions import USABLE_CLASS, is_in_force
from assets.grain import PLACEMENT, SPONSOR

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

    A code that names another sponsor's placement is ignored: no sponsor's ad is credited for another's order.
    """
    named = (
        conversions.filter(pl.col("promo_code").is_not_null())
        .select("tenant_id", "sponsor_id", "conversion_id", "converted_at", code="promo_code")
        .join(codes, on=[*SPONSOR, "code"])
        .filter(is_in_force())
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
    earlier of the conversion and the end of the flight; the latest episode before that is taken.
    """
    booked = [*SPONSOR, "placement_id"]
    booked_touches = named.select(*booked, "conversion_id", "converted_at", "matched_by").join(
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
        .unique([*PLACEMENT, "aired_at"], keep="last", maintain_order=True)
    )
    aired = (
        booked_touches.filter(started)
        .with_columns(until=pl.when(dynamic).then(on_air_until).otherwise("converted_at"))
        .sort("until")
        .join_asof(last, left_on="until", right_on="aired_at", by=PLACEMENT, check_sortedness=False)
        .filter(pl.col("episode_id").is_not_null())
    )
    return aired.with_columns(
        touched_at=pl.when(dynamic).then("until").otherwise("aired_at"),
        exposure_id=pl.lit(None),
        is_click=pl.lit(False),
    ).select(CANDIDATE)


def pair_keys(conversions: pl.DataFrame, exposures: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Every exposure of the sponsor, at most `window` before the conversion, that shares its listener or household key.

    conversions: tenant_id, sponsor_id, converted_at, household_key, listener_key, listener_id, address_class
    exposures:   tenant_id, sponsor_id, occurred_at, household_key, consumer_key, listener_id, address_class
    returns:     conversion, exposure (rows of the two frames), matched_by

    A listener id always counts. Keys made of an address (household, and listener key against consumer key) count only
    where the address stands for one household on both sides. An exposure that shares several keys is one touch,
    matched by listener first. Each conversion finds the first and the last exposure of its window by an as-of join over
    the exposures of its key in order of time, so no pairs are made but those inside the window.
    """
    converting = conversions.select(
        *SPONSOR, at="converted_at", **_usable_keys("household_key", "listener_key")
    ).with_row_index("conversion")
    exposed = exposures.select(
        *SPONSOR, at="occurred_at", **_usable_keys("household_key", "consumer_key")
    ).with_row_index("exposure")
    pairs = [
        _pair_on(converting, exposed, "listener_id", "listener_id", "listener", window),
        _pair_on(converting, exposed, "listener_key", "consumer_key", "listener", window),
        _pair_on(converting, exposed, "household_key", "household_key", "household", window),
    ]
    return pl.concat(pairs).unique(["conversion", "exposure"], keep="first", maintain_order=True)


def gather_pairs(pairs: pl.DataFrame, conversions: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Pairs as candidates, an exposure that was delivered twice as one.

    exposures: exposure_id, occurred_at, kind, campaign_id, placement_id, episode_id
    """
    who = conversions.select("tenant_id", "conversion_id")[pairs["conversion"]]
    ads = exposures.select(
        "exposure_id",
        "campaign_id",
        "placement_id",
        "episode_id",
        touched_at="occurred_at",
        is_click=pl.col("kind") == "click",
    )[pairs["exposure"]]
    return (
        pl.concat([who, ads, pairs.select("matched_by")], how="horizontal")
        .unique(["tenant_id", "conversion_id", "exposure_id"], keep="first", maintain_order=True)
        .select(CANDIDATE)
    )


def _usable_keys(*keys: str) -> dict[str, pl.Expr]:
    usable = pl.col("address_class") == USABLE_CLASS
    return {**{key: pl.when(usable).then(key) for key in keys}, "listener_id": pl.col("listener_id")}


def _pair_on(
    conversions: pl.DataFrame,
    exposures: pl.DataFrame,
    conversion_key: str,
    exposure_key: str,
    matched_by: str,
    window: timedelta,
) -> pl.DataFrame:
    """conversion, exposure, matched_by of those that share this key."""
    keyed = conversions.filter(pl.col(conversion_key).is_not_null()).select(
        "conversion", "at", *SPONSOR, key=conversion_key
    )
    holders = keyed.select(*SPONSOR, "key").unique().with_row_index("holder")
    converted = keyed.join(holders, on=[*SPONSOR, "key"], validate="m:1").select("conversion", "holder", "at")
    exposed = (
        exposures.filter(pl.col(exposure_key).is_not_null())
        .select("exposure", "at", *SPONSOR, key=exposure_key)
        .join(holders, on=[*SPONSOR, "key"], validate="m:1")
        .select("exposure", "holder", "at")
        .sort("holder", "at", "exposure")
    )
    timed = exposed.select("holder", "at").with_row_index("place").sort("at", maintain_order=True)
    converted = converted.sort("at").join_asof(
        timed.rename({"place": "last"}), on="at", by="holder", check_sortedness=False
    )
    opening = converted.with_columns(pl.col("at") - window).join_asof(
        timed.rename({"place": "first"}), on="at", by="holder", strategy="forward", check_sortedness=False
    )
    spans = opening.filter(pl.col("first") <= pl.col("last"))
    places = spans.select("conversion", place=pl.int_ranges("first", pl.col("last") + 1)).explode("place")
    return places.select(
        "conversion",
        exposure=exposed["exposure"].gather(places["place"]),
        matched_by=pl.lit(matched_by),
    )
