"""Reach: how many distinct households and listeners a campaign reached, and how often.

Here: distinct counts over a span, at any level, from the exposures themselves or from sketches of them. An audience is
never a sum of audiences.
Not here: counts of deliveries (impressions.py), how a sketch works (sketches.py), what is read of a span (ranges.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.campaigns.reach.sketches import merge_sketches, read_sketches
from assets.frames import ratio
from assets.grain import CAMPAIGN, CAMPAIGN_PLACEMENT

# What distinct counts are of: the unit of a key, its column among exposures, and the column of their number.
UNITS: Final = {"household": ("household_key", "households"), "consumer": ("consumer_key", "consumers")}
PEOPLE: Final = tuple(people for _key, people in UNITS.values())

# What an address stands for, by how surely it stands for one household.
KINDS: Final = ("household", "commercial", "cellular", "data_centre", "unknown")

BOUNDS: Final = tuple(f"{people}_{bound}" for people in PEOPLE for bound in ("lower", "upper"))
LEVEL_COLUMNS: Final = [
    *CAMPAIGN,
    "level",
    "scope_id",
    "impressions",
    "households",
    "consumers",
    "frequency",
    "is_estimate",
    *BOUNDS,
]


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
        .with_columns(frequency=_frequency())
        .sort(by)
    )


def count_kinds(audience: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """What the reached addresses of each group stand for. They sum to the households of count_reach.

    audience: the columns of by, household_key (null: not known), address_class
    returns:  by, address_class, addresses. An address that was of several classes is of the first of them in KINDS.
    """
    kinds = {kind: place for place, kind in enumerate(KINDS)}
    place = pl.col("address_class").cast(pl.String).replace_strict(kinds, default=len(KINDS) - 1, return_dtype=pl.Int8)
    per_key = (
        audience.filter(pl.col("household_key").is_not_null()).group_by(*by, "household_key").agg(place=place.min())
    )
    named = pl.DataFrame({"address_class": KINDS, "place": pl.Series(list(kinds.values()), dtype=pl.Int8)})
    return (
        per_key.group_by(*by, "place")
        .agg(addresses=pl.len().cast(pl.Int64))
        .join(named, on="place", validate="m:1")
        .sort(*by, "place")
        .drop("place")
    )


def _frequency() -> pl.Expr:
    return pl.when(pl.col("households") > 0).then(ratio(pl.col("impressions"), pl.col("households")))


def campaign_levels(audience: pl.DataFrame) -> pl.DataFrame:
    """Exact reach of campaigns and their placements: the rows of campaign_reach but for the day.

    audience: tenant_id, campaign_id, placement_id, household_key, consumer_key, impressions
    returns:  tenant_id, campaign_id, level (campaign, placement), scope_id, impressions, households, consumers,
              frequency, is_estimate (false), households_lower, _upper, consumers_lower, _upper (the numbers themselves)
    """
    campaigns = count_reach(audience, CAMPAIGN).with_columns(level=pl.lit("campaign"), scope_id="campaign_id")
    placements = count_reach(audience, CAMPAIGN_PLACEMENT).with_columns(
        level=pl.lit("placement"), scope_id="placement_id"
    )
    bounds = [pl.col(people).alias(f"{people}_{bound}") for people in PEOPLE for bound in ("lower", "upper")]
    return (
        pl.concat([campaigns, placements.drop("placement_id")], how="diagonal")
        .with_columns(*bounds, is_estimate=pl.lit(False))
        .select(LEVEL_COLUMNS)
        .sort(LEVEL_COLUMNS[:4])
    )


def estimate_levels(sizes: pl.DataFrame, sketches: pl.DataFrame) -> pl.DataFrame:
    """Estimated reach of campaigns and their placements, in the columns of campaign_levels.

    sizes:    tenant_id, campaign_id, placement_id, impressions
    sketches: tenant_id, campaign_id, placement_id, unit (household, consumer), sketch; any number of them, of any days
    returns:  bounds are those of 95 %; is_estimate is false where the sketches still held every key.

    A campaign reaches no fewer people than its largest placement and no more than all together, and nobody is reached
    without an impression. Estimates keep to that; of the first, theta sketches take care by themselves, because the
    sketch of a larger set has the smaller theta.
    """
    merged = merge_sketches(sketches, [*CAMPAIGN_PLACEMENT, "unit"])
    whole = merge_sketches(merged.drop("placement_id"), [*CAMPAIGN, "unit"])
    placements = sizes.filter(pl.col("impressions") > 0).pipe(_add_people, merged, CAMPAIGN_PLACEMENT)
    sums = placements.group_by(CAMPAIGN).agg(pl.col("impressions", *PEOPLE).sum())
    campaigns = _add_people(sums.select(*CAMPAIGN, "impressions"), whole, CAMPAIGN).pipe(_cap, sums)
    return (
        pl.concat(
            [
                campaigns.with_columns(level=pl.lit("campaign"), scope_id="campaign_id"),
                placements.with_columns(level=pl.lit("placement"), scope_id="placement_id").drop("placement_id"),
            ],
            how="diagonal",
        )
        .with_columns(frequency=_frequency())
        .select(LEVEL_COLUMNS)
        .sort(LEVEL_COLUMNS[:4])
    )


def _add_people(scopes: pl.DataFrame, sketches: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The scopes with their people, the bounds of each number, and is_estimate; none of them above the impressions."""
    estimates = read_sketches(sketches)
    for unit, (_key, people) in UNITS.items():
        names = {"estimate": people, "lower": f"{people}_lower", "upper": f"{people}_upper", "is_estimate": unit}
        numbers = estimates.filter(unit=unit).select(*by, *names).rename(names)
        scopes = scopes.join(numbers, on=by, how="left", validate="1:1")
    counted = [*PEOPLE, *BOUNDS]
    return scopes.with_columns(
        *(pl.min_horizontal(pl.col(name).fill_null(0), "impressions") for name in counted),
        is_estimate=pl.any_horizontal(pl.col(unit).fill_null(False) for unit in UNITS),
    ).drop(*UNITS)


def _cap(campaigns: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Campaigns that reach no more people than their placements together; bounds go along with the number."""
    together = {people: f"{people}_together" for people in PEOPLE}
    capped = campaigns.join(sums.select(*CAMPAIGN, *PEOPLE).rename(together), on=CAMPAIGN, validate="1:1")
    capped = capped.with_columns(pl.min_horizontal(people, most) for people, most in together.items())
    return capped.with_columns(pl.min_horizontal(f"{people}_lower", people) for people in PEOPLE).drop(
        *together.values()
    )
